"""The command line as a whole: what it knows, and how it ends."""

from __future__ import annotations

import pytest

from worker import __version__
from worker.cli import COMMANDS, main


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed and summary in printed for name, summary in COMMANDS.items())


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"rest-connector {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["nope"], ["--nope"], ["invoke"], ["invoke", "a", "b"]])
def test_wrong_use_ends_with_2_and_says_why(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "error:" in err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert f"rest-connector {command}" in capsys.readouterr().out
