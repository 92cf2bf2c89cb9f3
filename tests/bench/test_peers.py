"""What the comparison finds on a machine, and what it says when something is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import peers

ROOT = Path(__file__).resolve().parents[2]


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_without_peers_it_says_how_to_get_them_and_does_not_fail(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "--peers", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert f"there is no {tmp_path}/loadgw" in done.stdout
    assert "--peers FOLDER" in done.stdout
    assert f"Camunda's connector is left out: there is no {tmp_path}/java-connector/run.sh" in done.stdout


def test_an_unknown_measurement_is_refused() -> None:
    done = subprocess.run([sys.executable, "-m", "bench", "lode"], cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert "load" in done.stderr


def test_a_program_is_taken_as_it_is(tmp_path: Path) -> None:
    script(tmp_path / "loadgw", "true")

    assert peers.load_gateway(tmp_path, tmp_path / "build") == tmp_path / "loadgw"


def test_a_folder_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools, build = tmp_path / "bin", tmp_path / "build"
    for name in ("go", "mvn", "unzip", "python3"):
        script(tools / name, "true")
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "loadgw").mkdir()
    (tmp_path / "loadgw" / "main.go").write_text("package main")
    script(tmp_path / "loadgw" / "build.sh", 'mkdir -p "$1" && echo x >> "$1/loadgw" && echo "$1/loadgw"')

    first = peers.load_gateway(tmp_path, build)

    assert first == build / "loadgw" / "loadgw"
    assert peers.load_gateway(tmp_path, build) == first
    assert first.read_text() == "x\n"


def test_a_build_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("go", "mvn", "unzip", "python3"):
        script(tmp_path / "bin" / name, "true")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    script(tmp_path / "loadgw" / "build.sh", "echo the registry is away >&2; exit 1")

    with pytest.raises(peers.Missing, match="the registry is away"):
        peers.load_gateway(tmp_path, tmp_path / "build")


def test_missing_tools_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "loadgw" / "build.sh", "true")
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(peers.Missing, match="go, mvn, unzip, python3"):
        peers.load_gateway(tmp_path, tmp_path / "build")
