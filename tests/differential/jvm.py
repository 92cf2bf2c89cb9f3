"""Builds and talks to the original FEEL engine, which runs in a Java process of its own.

The Maven project in `engine/` compiles a line protocol around `org.camunda.feel:feel-engine`: one JSON request a
line, one JSON answer a line, in order. What the answers mean is known to `comparison.py`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROJECT = Path(__file__).resolve().parent / "engine"
JAR = PROJECT / "target" / "engine.jar"
LEAST_JAVA = 17
JVM_FOLDERS = ("/usr/lib/jvm", "/opt/java", "/Library/Java/JavaVirtualMachines")
BUILD_SECONDS = 600
BATCH = 50  # requests under way at once; small enough for the pipe's buffer never to fill both ways


class Unavailable(Exception):
    """This machine cannot run the original engine; the text says what is missing."""


def find_java() -> Path:
    """The first Java that is new enough: `JAVA_HOME`, `PATH`, then the usual folders."""
    for candidate in _candidates():
        if _version(candidate) >= LEAST_JAVA:
            return candidate
    raise Unavailable(f"no Java {LEAST_JAVA} or newer in JAVA_HOME, PATH or {', '.join(JVM_FOLDERS)}")


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home, "bin", "java")
    if found := shutil.which("java"):
        yield Path(found)
    for folder in JVM_FOLDERS:
        yield from sorted(Path(folder).glob("*/bin/java"), reverse=True)


def _version(java: Path) -> int:
    try:
        shown = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0
    match = re.search(r'version "(\d+)', shown.stderr + shown.stdout)
    return int(match[1]) if match else 0


def build() -> None:
    """Compile the line protocol unless it is already newer than its sources."""
    sources = [PROJECT / "pom.xml", *PROJECT.glob("src/**/*.java")]
    if JAR.exists() and JAR.stat().st_mtime >= max(source.stat().st_mtime for source in sources):
        return
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable("Maven (mvn) is not on the PATH")
    command = [maven, "--batch-mode", "--quiet", "package"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=BUILD_SECONDS)
    if done.returncode:
        raise Unavailable(f"Maven could not build {PROJECT.name}: {(done.stdout + done.stderr)[-2000:]}")


class JvmEngine:
    """A running original engine; a context manager that ends the process."""

    def __init__(self) -> None:
        java = find_java()
        build()
        classpath = os.pathsep.join((str(JAR), str(JAR.parent / "dependency" / "*")))
        flags = ("-Xmx512m", "-Duser.timezone=UTC", "-Duser.language=en", "-Duser.country=US")
        self._process = subprocess.Popen(
            [java, *flags, "-cp", classpath, "differential.Main"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, requests: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """Answers in the order of the requests; numbers come as `int` and `Decimal`."""
        batch: list[Mapping[str, Any]] = []
        for request in requests:
            batch.append(request)
            if len(batch) == BATCH:
                yield from self._exchange(batch)
                batch = []
        yield from self._exchange(batch)

    def _exchange(self, batch: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        for request in batch:
            self._process.stdin.write(json.dumps(request, default=_number) + "\n")
        self._process.stdin.flush()
        for request in batch:
            line = self._process.stdout.readline()
            if not line:
                raise RuntimeError(f"the original engine died at or before {request!r}")
            yield json.loads(line, parse_float=Decimal)


def _number(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no place in a request")
