"""The job half of the composition root: builds a pipeline for each job type from `Settings` and owns what they share.

The other half, which feeds them with jobs, is `service.py`. Nothing else knows the concrete classes of all parts.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from worker import __version__
from worker.cluster.access import ClusterAccess
from worker.cluster.credentials import bearer
from worker.cluster.opening import open_access
from worker.documents import CamundaStore, Documents, DocumentStore, FolderStore, MemoryStore
from worker.documents.github import GithubTokens
from worker.engine_api import EngineApi
from worker.face import FaceName
from worker.pipeline import Pipeline
from worker.pipeline.expressions import Expressions
from worker.pipeline.profiles import Profiles
from worker.rest.blocklist import BlockList
from worker.rest.breaker import Breakers
from worker.rest.client import RestClient
from worker.rest.destinations import Destinations
from worker.rest.egress import Egress
from worker.rest.hosts import HostRules, parse_ranges
from worker.rest.oauth import Tokens
from worker.rest.proxy import ProxyRules
from worker.rest.resend import Resend
from worker.rest.tls import TlsContexts, TlsRules
from worker.rest.transfers import downloader, poster, token_sender
from worker.rest.trust_store import TrustStore
from worker.secrets import ChainedSecrets, Masker, SecretProvider, Secrets
from worker.secrets.deployed import models_of
from worker.secrets.environment import EnvironmentRules, EnvironmentSecrets
from worker.secrets.files import FileSecrets, FolderSecrets, SecretFileError
from worker.secrets.filter import ALLOW_ALL, AllOf, AllowList, ModelFilter, SecretFilter
from worker.settings import DocumentsSettings, HostsSettings, SecretsSettings, Settings, SettingsError, TlsSettings

log = logging.getLogger(__name__)


@asynccontextmanager
async def open_pipelines(
    settings: Settings,
    environ: Mapping[str, str],
    properties: Mapping[str, str],
    masker: Masker,
    access: ClusterAccess | None = None,
) -> AsyncIterator[Mapping[str, Pipeline]]:
    """A pipeline for each of the settings' job types. Needs no engine. Raises `SettingsError`.

    `environ` is the environment and `properties` the JVM properties, for what has names of its own there: secrets,
    proxies, blocked destinations, trust stores. `access` is the way to the cluster, for documents and deployed models;
    without it one is opened. It is closed at the end.
    """
    access = access or open_access(settings.zeebe, on_secret=masker.remember)
    engine = settings.secrets.engine
    models = _engine_api(engine, settings.secrets.engine_token, access) if engine else None
    secrets = Secrets(
        secret_provider(settings.secrets, environ),
        masker=masker,
        filter=secret_filter(settings.secrets, models),
        bare=settings.secrets.bare,
        in_body=settings.secrets.body,
    )
    store = document_store(settings.documents, access)
    expressions = Expressions(settings.feel.limits())
    egress = Egress(
        agent=properties.get("http.agent") or f"rest-connector/{__version__}",
        proxies=ProxyRules.from_environment(environ, properties),
        blocks=BlockList.from_environment(environ),
        hosts=host_rules(settings.hosts),
        destinations=destinations(settings.hosts),
        guard_metadata=settings.hosts.guard != "off",
        tls=tls_contexts(settings.tls, environ, properties),
        standard_proxies=settings.standard_proxy_env,
        resend=Resend() if settings.compatible_resend else None,
        total_timeout=settings.http.total_timeout,
        connection_age=settings.http.connection_age,
        dns_ttl=settings.http.dns_ttl,
    )
    limit = settings.http.max_response_size
    async with AsyncExitStack() as open_until_the_end:
        open_until_the_end.push_async_callback(access.close)
        open_until_the_end.push_async_callback(store.close)
        if models is not None:
            open_until_the_end.push_async_callback(models.close)
        await open_until_the_end.enter_async_context(egress)
        documents = Documents(
            store,
            download=downloader(egress, limit),
            expressions=expressions,
            github=GithubTokens(poster(egress, limit)).token,
        )
        breakers, profiles = Breakers(), _profiles(settings.profiles)
        clients: dict[FaceName, RestClient] = {}
        for face in {job_type.face.name: job_type.face for job_type in settings.job_type_faces}.values():
            send = token_sender(egress, face, limit)
            tokens = Tokens(send, skew=settings.http.oauth_skew, on_token=masker.remember)
            open_until_the_end.push_async_callback(tokens.close)
            clients[face.name] = RestClient(egress, tokens=tokens, store=store, memory_limit=limit)
        pipelines: dict[str, Pipeline] = {}
        for job_type in settings.job_type_faces:
            pipelines[job_type.name] = Pipeline(
                job_type.face,
                secrets=secrets,
                client=clients[job_type.face.name],
                documents=documents,
                store=store,
                expressions=expressions,
                input_expressions=settings.input_expressions,
                trust_variables=settings.trust_variables,
                output_limit=settings.max_output_size,
                breakers=breakers,
                forbidden_methods=settings.http.forbidden_methods,
                profiles=profiles,
            )
        yield pipelines


def _profiles(file: Path | None) -> Profiles:
    try:
        return Profiles(file)
    except (OSError, ValueError) as error:
        raise SettingsError(f"REST_CONNECTOR_PROFILES: {error}") from error


def secret_provider(settings: SecretsSettings, environ: Mapping[str, str]) -> SecretProvider:
    """Mounted folders, then files, then the environment."""
    providers: list[SecretProvider] = []
    try:
        if settings.folders:
            providers.append(FolderSecrets(settings.folders))
        providers += [FileSecrets(path) for path in settings.files]
    except SecretFileError as error:
        raise SettingsError(f"REST_CONNECTOR_SECRETS__FILES: {error}") from error
    if settings.environment:
        rules = EnvironmentRules(
            prefix=settings.environment_prefix,
            physical_tenant_aware=settings.physical_tenant_aware,
            tenant_aware=settings.tenant_aware,
            process_aware=settings.process_aware,
        )
        providers.append(EnvironmentSecrets(environ, rules))
    return ChainedSecrets(providers)


def secret_filter(settings: SecretsSettings, models: EngineApi | None) -> SecretFilter:
    """Which secrets jobs may name: those of the list, and those that the deployed model mentions."""
    filters: list[SecretFilter] = []
    if settings.allow:
        filters.append(AllowList(settings.allow))
    if settings.filter != "DISABLED":
        if models is None:
            log.warning("no model can be read to filter secrets: set REST_CONNECTOR_SECRETS__ENGINE")
        size = settings.filter_cache_size if settings.filter_cache else 0
        filters.append(ModelFilter(models_of(models), strict=settings.filter == "STRICT", cache_size=size))
    return AllOf(filters) if filters else ALLOW_ALL


def document_store(settings: DocumentsSettings, access: ClusterAccess) -> DocumentStore:
    """The engine's document store, a folder that workers share, or this process's memory."""
    if settings.camunda is not None:
        return CamundaStore(_engine_api(settings.camunda, settings.token, access), max_bytes=settings.max_size)
    if settings.folder is None:
        return MemoryStore(max_bytes=settings.memory)
    try:
        return FolderStore(settings.folder, max_bytes=settings.max_size)
    except (OSError, ValueError) as error:
        raise SettingsError(f"REST_CONNECTOR_DOCUMENTS__FOLDER: {error}") from error


def _engine_api(address: str, token: SecretStr | None, access: ClusterAccess) -> EngineApi:
    """The cluster's REST API; a token of its own goes before the cluster's credentials."""
    own = access if token is None else replace(access, credentials=bearer(token.get_secret_value()))
    return EngineApi(address, access=own)


def host_rules(settings: HostsSettings) -> HostRules:
    """Which addresses a task may call where they are validated."""
    return HostRules(
        enabled=settings.guard == "strict",
        allow=parse_ranges(",".join(settings.allow_ranges)),
        deny=parse_ranges(",".join(settings.deny_ranges)),
        allow_private=settings.allow_private,
        allow_loopback=settings.allow_loopback,
    )


def destinations(settings: HostsSettings) -> Destinations:
    """The operator's lists."""
    try:
        return Destinations.parse(settings.allow, settings.deny)
    except ValueError as error:
        raise SettingsError(f"REST_CONNECTOR_HOSTS__ALLOW or __DENY: {error}") from None


def tls_contexts(settings: TlsSettings, environ: Mapping[str, str], properties: Mapping[str, str]) -> TlsContexts:
    """Trust and identity; what is wrong with files under our own names ends the start, the rest is logged."""
    password = settings.key_password.get_secret_value() if settings.key_password else None
    files = None
    if settings.ca or settings.certificate_file:
        from worker.rest.tls_files import TlsFiles

        files = TlsFiles(settings.ca, settings.certificate_file, settings.key_file, password)
        try:
            files.get()
        except (OSError, ValueError) as error:
            raise SettingsError(f"REST_CONNECTOR_TLS__CA, __CERTIFICATE_FILE or __KEY_FILE: {error}") from None
    minimum = ssl.TLSVersion.TLSv1_3 if settings.minimum == "1.3" else ssl.TLSVersion.TLSv1_2
    rules = TlsRules(minimum, settings.ciphers, settings.system_ca)
    contexts = TlsContexts(TrustStore.from_environment(environ, properties), files=files, rules=rules)
    for problem in contexts.check():
        log.warning(problem)
    return contexts
