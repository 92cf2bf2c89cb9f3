"""Builds and runs the engine of the 8.8 line in memory, from the Maven project in `engine/`.

It knows the same protocol as a broker but keeps nothing: it ends with its standard input, and its state with it.
"""

from __future__ import annotations

import os
import select
import shutil
import socket
import subprocess
from pathlib import Path

from worker.dev.java import EngineUnavailable, find_java

PROJECT = Path(__file__).resolve().parent / "engine"
JAR = PROJECT / "target" / "engine.jar"
BUILD_SECONDS = 600
READY_SECONDS = 120.0
STOP_SECONDS = 20


def build() -> None:
    """Compile the launcher and fetch the engine, unless that is done already. Raises `EngineUnavailable`."""
    sources = [path for path in (PROJECT / "pom.xml", *PROJECT.glob("src/**/*")) if path.is_file()]
    if JAR.exists() and JAR.stat().st_mtime >= max(source.stat().st_mtime for source in sources):
        return
    maven = shutil.which("mvn")
    if maven is None:
        raise EngineUnavailable("Maven (mvn) is not on the PATH")
    command = [maven, "-q", "-B", "--strict-checksums", "package"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=BUILD_SECONDS)
    if done.returncode:
        raise EngineUnavailable(f"Maven could not build the engine in memory: {(done.stdout + done.stderr)[-2000:]}")


class MemoryEngine:
    """One engine process on loopback; a context manager that ends it. Raises `EngineUnavailable`."""

    def __init__(self, folder: Path) -> None:
        build()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        self.log = folder / "engine.log"
        classpath = os.pathsep.join((str(JAR), str(JAR.parent / "dependency" / "*")))
        options = ("-Xmx768m", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED")
        self._command = [str(find_java()), *options, "-cp", classpath, "live.Main", str(port)]

    def __enter__(self) -> MemoryEngine:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=self.log.parent
            )
        assert self._process.stdout is not None
        said, _, _ = select.select([self._process.stdout], [], [], READY_SECONDS)
        if not said or self._process.stdout.readline() != b"ready\n":
            self.__exit__()
            raise EngineUnavailable(f"the engine in memory did not start:\n{self.log.read_text()[-3000:]}")
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
