"""The workers that are compared: ours, the bare loop, and Camunda's connector as shipped and tuned."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.peers import Java
from bench.worker_process import OUR_COMMAND, WorkerProcess, free_port, our_settings

NATIVE, COMPATIBLE = "rest-connector", "io.camunda:http-json:1"
JOB_TYPES = {"native": NATIVE, "compatible": COMPATIBLE}


@dataclass(frozen=True, slots=True)
class Contestant:
    """A worker to measure. `parallel` is how many jobs it does at once; `delays` are those it is measured at, in
    milliseconds, or none for all of them; one that `warms_up` is also measured when it has run for a while.
    """

    name: str
    job_type: str
    command: tuple[str, ...]
    environ: Callable[[str], Mapping[str, str]]
    parallel: int = 500
    delays: tuple[int, ...] = ()
    warms_up: bool = False

    def start(self, gateway: str, logs: Path) -> WorkerProcess:
        """A fresh process on a gateway, as a context manager."""
        return WorkerProcess(self.command, self.environ(gateway), logs / f"{self.name}.log")


OURS, BARE, BARE_ON_OURS, SHIPPED, TUNED, TUNED_MORE = (
    "ours",
    "bare loop",
    "bare loop, our channel",
    "java as shipped",
    "java tuned",
    "java tuned, 1000",
)


def contestants(job_type: str, java: Java | None) -> Iterator[Contestant]:
    """All that can run here; Camunda's connector has the compatible job type only."""
    yield Contestant(
        OURS,
        job_type,
        OUR_COMMAND,
        lambda gateway: our_settings(gateway, job_type) | {"REST_CONNECTOR_GRACE": "1"},
    )
    for name, channel in ((BARE, "grpc"), (BARE_ON_OURS, "ours")):
        yield Contestant(
            name,
            job_type,
            (sys.executable, "-m", "bench.bare_loop"),
            partial(_bare_settings, job_type, channel),
        )
    if java is not None:
        yield _java(SHIPPED, java, active=100, threads=1, stream=True)
        yield _java(TUNED, java, active=100, threads=100, warms_up=True)
        yield _java(TUNED_MORE, java, active=1_000, threads=1_000, delays=(200,), warms_up=True)


def _bare_settings(job_type: str, channel: str, gateway: str) -> dict[str, str]:
    return {"GATEWAY": gateway, "JOB_TYPE": job_type, "CHANNEL": channel}


def chosen(every: Iterable[Contestant], names: Sequence[str] | None) -> list[Contestant]:
    """Those with these names, or all."""
    return [each for each in every if not names or each.name in names]


def _java(
    name: str,
    java: Java,
    *,
    active: int,
    threads: int,
    stream: bool = False,
    delays: tuple[int, ...] = (),
    warms_up: bool = False,
) -> Contestant:
    settings = {
        "ACTIVE": str(active),
        "THREADS": str(threads),
        "STREAM": str(stream).lower(),
        "BUILD": str(java.build),
        "JAVA_HOME": str(java.home),
    }
    return Contestant(
        name,
        COMPATIBLE,
        (str(java.script),),
        lambda gateway: settings | {"GATEWAY": gateway, "PORT": str(free_port())},
        parallel=threads,
        delays=delays,
        warms_up=warms_up,
    )
