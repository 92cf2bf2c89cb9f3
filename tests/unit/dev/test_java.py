"""Which Java runs the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.dev.java import EngineUnavailable, candidates, first_new_enough, version


def java(home: Path, shown: str) -> Path:
    """A program that answers `-version` as a Java of that version does."""
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{shown}\" 2025-01-01' >&2\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(("shown", "major"), [("21.0.5", 21), ("25", 25), ("1.8.0_392", 1), ("nonsense", 0)])
def test_the_version_is_the_major_number(tmp_path: Path, shown: str, major: int) -> None:
    assert version(java(tmp_path, shown)) == major


def test_a_program_that_cannot_be_asked_has_no_version(tmp_path: Path) -> None:
    assert version(tmp_path / "missing") == 0


def test_java_home_comes_before_the_path(tmp_path: Path) -> None:
    home, on_path = java(tmp_path / "home", "21"), java(tmp_path / "path", "25")

    found = candidates({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(on_path.parent)})

    assert [next(found), next(found)] == [home, on_path]


def test_one_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    old, new = java(tmp_path / "old", "17.0.1"), java(tmp_path / "new", "21.0.1")

    assert first_new_enough([tmp_path / "missing", old, new]) == new


def test_without_a_new_enough_java_the_error_says_where_to_put_one(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="no Java 21 or newer in JAVA_HOME, on the PATH or in /usr/lib/jvm"):
        first_new_enough([java(tmp_path, "17.0.1")])
