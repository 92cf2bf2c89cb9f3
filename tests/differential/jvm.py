"""Builds and talks to the original FEEL engine, which runs in a Java process of its own.

The Maven project in `engine/` compiles a line protocol around `org.camunda.feel:feel-engine`: one JSON request a
line, one JSON answer a line, in order. What the answers mean is known to `comparison.py`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.differential.lines import LineProcess

PROJECT = Path(__file__).resolve().parent / "engine"
JAR = PROJECT / "target" / "engine.jar"
LEAST_JAVA = 17
JVM_FOLDERS = ("/usr/lib/jvm", "/opt/java", "/Library/Java/JavaVirtualMachines")
BUILD_SECONDS = 600


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


class JvmEngine(LineProcess):
    """A running original engine; a context manager that ends the process. Raises `Unavailable`."""

    def __init__(self) -> None:
        java = find_java()
        build()
        classpath = os.pathsep.join((str(JAR), str(JAR.parent / "dependency" / "*")))
        flags = ("-Xmx512m", "-Duser.timezone=UTC", "-Duser.language=en", "-Duser.country=US")
        super().__init__([java, *flags, "-cp", classpath, "differential.Main"])
