"""Finds and builds what we measure against: the load gateway and Camunda's connector. What is missing is said.

    ../shared/peers/loadgw/build.sh DIR             prints the path of the program      (go, mvn, unzip, python3)
    ../shared/peers/java-connector/run.sh           BUILD=DIR, `--build-only`           (mvn, a JDK 21 or newer)

A program `loadgw` instead of the folder, and a `build` folder beside either script, are taken as they are.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.machine import ROOT, say
from worker.dev.java import EngineUnavailable, find_java

PEERS = ROOT.parent / "shared" / "peers"
BUILD = ROOT / ".cache" / "bench"
BUILD_SECONDS = 1_200
GET_LOADGW = (
    "the load gateway is a small program in Go that stands in for a Zeebe gateway: get the folder `peers` (with "
    "`loadgw/build.sh`), put it at ../shared/peers beside this repository or name it with --peers FOLDER"
)


class Missing(Exception):
    """A peer that cannot be had here; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Java:
    """Camunda's connector: its script, and where its classes are."""

    script: Path
    build: Path
    home: Path


def add_option(parser: argparse.ArgumentParser) -> None:
    """`--peers FOLDER`."""
    parser.add_argument("--peers", type=Path, default=PEERS, metavar="FOLDER", help=f"default: {PEERS}")


def load_gateway(peers: Path, build: Path = BUILD) -> Path:
    """The load gateway's program, built if need be. Raises `Missing`."""
    folder = peers / "loadgw"
    if folder.is_file():
        return folder.resolve()
    script = folder / "build.sh"
    if not script.is_file():
        raise Missing(f"there is no {folder}; {GET_LOADGW}")
    for program in (folder / "build" / "loadgw", build / "loadgw" / "loadgw"):
        if program.is_file() and program.stat().st_mtime > (folder / "main.go").stat().st_mtime:
            return program.resolve()
    _need("go", "mvn", "unzip", "python3")
    return Path(_run([str(script), str(build / "loadgw")]).split()[-1])


def java_connector(peers: Path, build: Path = BUILD) -> Java:
    """Camunda's connector, built if need be. Raises `Missing`."""
    folder = peers / "java-connector"
    script = folder / "run.sh"
    if not script.is_file():
        raise Missing(f"there is no {script}; it comes with the folder `peers` (--peers FOLDER)")
    try:
        home = find_java().resolve().parents[1]
    except EngineUnavailable as error:
        raise Missing(str(error)) from None
    into = folder / "build"
    if not (into / "classes" / "app" / "App.class").is_file():
        into = build / "java"
    if not (into / "classes" / "app" / "App.class").is_file():
        _need("mvn")
        into.mkdir(parents=True, exist_ok=True)
        _run([str(script), "--build-only"], {"BUILD": str(into), "JAVA_HOME": str(home)})
    return Java(script, into.resolve(), home)


def java_or_none(peers: Path) -> Java | None:
    """Camunda's connector; says why it is left out."""
    try:
        return java_connector(peers)
    except Missing as missing:
        say(f"Camunda's connector is left out: {missing}")
        return None


def load_gateway_or_exit(peers: Path) -> Path:
    """For measurements that cannot do without it."""
    try:
        return load_gateway(peers)
    except Missing as missing:
        raise SystemExit(f"this needs the load gateway: {missing}") from None


def _need(*programs: str) -> None:
    if absent := [name for name in programs if shutil.which(name) is None]:
        raise Missing(f"building it needs {', '.join(absent)} on the PATH")


def _run(command: list[str], environ: Mapping[str, str] | None = None) -> str:
    say(f"building: {' '.join(command)}")
    try:
        done = subprocess.run(
            command, env=os.environ | dict(environ or {}), capture_output=True, text=True, timeout=BUILD_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"it could not be built: {error}") from None
    if done.returncode:
        raise Missing(f"it could not be built:\n{(done.stdout + done.stderr)[-1_500:]}")
    return done.stdout
