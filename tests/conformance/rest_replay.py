"""Runs recorded jobs again, through `rest-connector run` as a process, and writes down what it does.

Every profile is one start of the worker with a gateway of its own. Each case gets servers of its own on free ports,
so cases run side by side without seeing each other; only those of a proxy, which is named at the start, take turns.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.conformance import rest_gateway, rest_servers
from tests.conformance.rest_corpus import Case, Profile, decode, profiles, shortened
from tests.conformance.rest_gateway import Handed, ScriptedGateway
from tests.conformance.rest_material import Material
from tests.conformance.rest_placeholders import Placeholders, mapped, request_record, without_random_parts
from tests.conformance.rest_servers import Journal, Script
from tests.support.worker_process import worker

JOB_TYPE = "io.camunda:http-json:1"
START_SECONDS = 60.0
CASE_SECONDS = 30.0
SETTLE_SECONDS = 0.05
PARALLEL = 24

Recording = Mapping[str, Any]
"""`wire` and `command`, and `commands` of a repeated job, in the form of the corpus."""

_SERVERS = re.compile(r"\{\{(UPSTREAM2?|TOKEN|TLS|MTLS)(?:_PORT)?\}\}")


@dataclass
class _Place:
    """Where cases of one profile run."""

    gateway: ScriptedGateway
    material: Material
    proxy_port: int | None = None
    proxy_script: Script | None = None
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PARALLEL))


async def replay(
    cases: Iterable[Case], material: Material, settings: Mapping[str, str], *, parallel: int = PARALLEL
) -> dict[str, Recording]:
    """What the worker does with each of the cases, by id. `settings` are further environment variables."""
    chosen = list(cases)
    recordings: dict[str, Recording] = {}
    for profile in profiles():
        members = [case for case in chosen if case.profile == profile.name]
        if members:
            at_once = 1 if profile.serial else parallel
            recordings |= await _replay_profile(profile, members, material, settings, at_once)
    return recordings


async def _replay_profile(
    profile: Profile, cases: list[Case], material: Material, settings: Mapping[str, str], parallel: int
) -> dict[str, Recording]:
    async with rest_gateway.serving(JOB_TYPE) as gateway, AsyncExitStack() as stack:
        place = _Place(gateway, material, turns=asyncio.Semaphore(parallel))
        if profile.proxy:
            place.proxy_port = await stack.enter_async_context(
                rest_servers.serving(lambda: place.proxy_script, tunnel=material.server)
            )
        environment = {"REST_CONNECTOR_JOB_TYPES": JOB_TYPE, **_environment(profile, place), **settings}
        await stack.enter_async_context(worker(gateway.address, **environment))
        await asyncio.wait_for(gateway.polled.wait(), START_SECONDS)
        done = await asyncio.gather(*(_replay_case(place, case) for case in cases))
        return {case.id: recording for case, recording in zip(cases, done, strict=True)}


def _environment(profile: Profile, place: _Place) -> dict[str, str]:
    variables = {**profile.environment, "JAVA_OPTS": profile.jvm_options}
    values = {"{{PROXY_PORT}}": str(place.proxy_port), "{{TLSDIR}}": str(place.material.folder)}
    for placeholder, value in values.items():
        variables = {name: text.replace(placeholder, value) for name, text in variables.items()}
    return variables


async def _replay_case(place: _Place, case: Case) -> Recording:
    async with place.turns:
        journal = Journal()
        async with _servers(place, case, journal) as placeholders:
            try:
                commands = [await _run_job(place, case, placeholders) for _ in range(case.get("repeat", 1))]
            finally:
                journal.ended.set()
        given = case.get("variables")
        boundary_given = isinstance(given, dict) and "boundary" in json.dumps(given.get("headers"))
        wire = [
            request_record(request, placeholders.restore, boundary_given=boundary_given) for request in journal.requests
        ]
        recording: dict[str, Any] = {"wire": wire, "command": commands[-1]}
        if len(commands) > 1:
            recording["commands"] = commands
        normal: dict[str, Any] = without_random_parts(recording)
        return normal


@asynccontextmanager
async def _servers(place: _Place, case: Case, journal: Journal) -> AsyncIterator[Placeholders]:
    """All servers that a case names."""
    upstream: Mapping[str, Any] = case.get("upstream") or {}
    text = json.dumps([case.get(name) for name in ("variables", "variablesRaw", "upstream", "headers")])
    ports: dict[str, int] = {}
    texts = {name: pem for name, pem in place.material.texts.items() if "{{" + name + "}}" in text}
    placeholders = Placeholders(ports, texts)

    def script(name: str) -> Script:
        return Script(name, upstream.get(name) or [{}], journal, placeholders.fill)

    tls = {"TLS": place.material.server, "MTLS": place.material.demanding}
    async with AsyncExitStack() as stack:
        for name in sorted({*_SERVERS.findall(text), *upstream} - {"PROXY"}):
            mine = script(name)
            ports[name] = await stack.enter_async_context(
                rest_servers.serving(lambda mine=mine: mine, tls=tls.get(name))  # type: ignore[misc]
            )
        if "{{CLOSED" in text:
            closed = stack.enter_context(socket.socket())
            closed.bind(("127.0.0.1", 0))  # bound and not listening: refuses connections, and nobody else gets it
            ports["CLOSED"] = closed.getsockname()[1]
        if place.proxy_port is not None and "PROXY" in upstream:
            ports["PROXY"] = place.proxy_port
            place.proxy_script = script("PROXY")
        stack.callback(journal.ended.set)
        yield placeholders


async def _run_job(place: _Place, case: Case, placeholders: Placeholders) -> dict[str, Any]:
    raw = case.get("variablesRaw")
    if raw is None:
        raw = json.dumps(case.get("variables", {}), ensure_ascii=False)
    key, handed = place.gateway.hand_out(
        case.get("gateway") or {},
        processInstanceKey=2251799813685300,
        bpmnProcessId=case.get("processId", "goldenProcess"),
        processDefinitionVersion=1,
        processDefinitionKey=2251799813685250,
        elementId="restTask",
        elementInstanceKey=2251799813685310,
        customHeaders=placeholders.fill(json.dumps(case.get("headers") or {}, ensure_ascii=False)),
        worker="golden",
        retries=case.get("retries", 3),
        variables=placeholders.fill(raw),
        tenantId=case.get("tenantId", "<default>"),
    )
    try:
        command = await asyncio.wait_for(handed.ended, case.get("wait", CASE_SECONDS))
    except TimeoutError:
        command = {"kind": "none"}
    await asyncio.sleep(case.get("settle", SETTLE_SECONDS))  # whatever should not come has time to come
    place.gateway.forget(key)
    return _command_record(
        command, handed, Placeholders(placeholders.ports, {**placeholders.texts, "JOB_KEY": str(key)})
    )


def _command_record(command: dict[str, Any], handed: Handed, placeholders: Placeholders) -> dict[str, Any]:
    record = _restored(command, placeholders)
    if command["kind"] == "none" and handed.last_rejected is not None:
        record["lastRejected"] = _restored(handed.last_rejected, placeholders)
    if handed.timeout_updates:
        record["timeoutUpdates"] = handed.timeout_updates
    if len(handed.attempts) > 1:
        record["attempts"] = handed.attempts
    shown: dict[str, Any] = shortened(record)
    return shown


def _restored(command: dict[str, Any], placeholders: Placeholders) -> dict[str, Any]:
    record = dict(command)
    if "variables" in record:
        variables = record["variables"]
        record["variables"] = mapped(decode(variables), placeholders.restore) if variables else None
    for name in ("errorMessage", "errorCode"):
        if name in record:
            record[name] = placeholders.restore(record[name])
    return record
