"""Makes the access to the cluster that the settings ask for."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from worker.cluster.access import ClusterAccess
from worker.cluster.credentials import Credentials, Fixed, basic, bearer
from worker.cluster.oauth import OAuth
from worker.cluster.tls import TlsFiles
from worker.cluster.token_request import Client, request_token
from worker.settings import SettingsError, ZeebeSettings

PREFIX = "REST_CONNECTOR_ZEEBE__"


def open_access(zeebe: ZeebeSettings, *, on_secret: Callable[[str], None] | None = None) -> ClusterAccess:
    """The access that the settings ask for. Raises `SettingsError`.

    `on_secret` hears what must not be shown: every token, and the proxy's password.
    """
    if on_secret is not None and zeebe.proxy and (password := urlsplit(zeebe.proxy).password):
        on_secret(unquote(password))
    tls = TlsFiles(zeebe.ca_file, zeebe.certificate_file, zeebe.key_file) if zeebe.encrypted else None
    if tls is not None:
        _try(tls, zeebe)
    return ClusterAccess(_credentials(zeebe, tls, on_secret), tls, zeebe.proxy)


def _credentials(zeebe: ZeebeSettings, tls: TlsFiles | None, on_secret: Callable[[str], None] | None) -> Credentials:
    match zeebe.auth_method:
        case "token" if zeebe.token is not None:
            return bearer(zeebe.token.get_secret_value())
        case "basic" if zeebe.username is not None and zeebe.password is not None:
            return basic(zeebe.username, zeebe.password.get_secret_value())
        case "oauth" if zeebe.token_url and zeebe.client_id and zeebe.client_secret is not None:
            client = Client(
                zeebe.token_url,
                zeebe.client_id,
                zeebe.client_secret.get_secret_value(),
                audience=zeebe.audience,
                scope=zeebe.scope,
            )

            def context() -> ssl.SSLContext | None:
                return None if tls is None else tls.get().provider

            return OAuth(lambda: request_token(client, context=context, proxy=zeebe.proxy), on_token=on_secret)
    return Fixed()


def _try(tls: TlsFiles, zeebe: ZeebeSettings) -> None:
    """Find out now whether the files can be used."""
    files = {"CA_FILE": zeebe.ca_file, "CERTIFICATE_FILE": zeebe.certificate_file, "KEY_FILE": zeebe.key_file}
    for name, path in files.items():
        try:
            if path is not None:
                path.read_bytes()
        except OSError as error:
            raise SettingsError(f"{PREFIX}{name}: cannot read {str(path)!r}: {error.strerror}") from error
    try:
        tls.get()
    except (OSError, ValueError) as error:  # what ssl raises is an OSError
        names = " or ".join(PREFIX + name for name, path in files.items() if path is not None)
        raise SettingsError(f"{names}: no PEM that can be used: {error}") from error
