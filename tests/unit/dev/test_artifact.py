"""Where the broker's archive lies, and that only a whole one is used."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from worker.dev.artifact import FOLDER, broker_home, cache_folder
from worker.dev.java import EngineUnavailable


def archive(cache: Path) -> Path:
    """A broker of one file."""
    path = cache / f"{FOLDER}.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        content = b"#!/bin/sh\n"
        member = tarfile.TarInfo(f"{FOLDER}/bin/broker")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return path


def test_an_archive_in_the_cache_is_unpacked_once(tmp_path: Path) -> None:
    archive(tmp_path)
    said: list[str] = []

    first, second = broker_home(tmp_path, said.append), broker_home(tmp_path, said.append)

    assert first == second == tmp_path / FOLDER
    assert (first / "bin" / "broker").read_text() == "#!/bin/sh\n"
    assert said == [f"unpacking {FOLDER}.tar.gz"]


def test_a_torn_archive_is_removed_and_said(tmp_path: Path) -> None:
    path = archive(tmp_path)
    path.write_bytes(path.read_bytes()[:60])

    with pytest.raises(EngineUnavailable, match="cannot be unpacked"):
        broker_home(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_the_cache_is_where_the_variable_says(tmp_path: Path) -> None:
    assert cache_folder({"ZEEBE_DOWNLOAD_CACHE": str(tmp_path)}) == tmp_path
    assert cache_folder({}).parts[-2:] == (".cache", "zeebe")
