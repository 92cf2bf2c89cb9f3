"""`rest-connector feel`: what it prints where, and its exit codes."""

from __future__ import annotations

import argparse
import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from worker.cli import feel as command
from worker.cli.feel_prompt import Prompt

HANG_SECONDS = 60


class Answer(NamedTuple):
    """What a run of the command came to."""

    code: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def feel(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> Answer:
        parser = argparse.ArgumentParser()
        command.add_parser(parser.add_subparsers())
        code = command.run(parser.parse_args(["feel", *arguments]))
        return Answer(code, *capsys.readouterr())

    return run


def in_a_process(*arguments: str, lines: str) -> Answer:
    """The command as users start it, with text on its standard input."""
    done = subprocess.run(
        [sys.executable, "-m", "worker", "feel", *arguments],
        input=lines,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def order(tmp_path: Path) -> str:
    file = tmp_path / "order.json"
    file.write_text('{"items": [{"price": 10.5}, {"price": 20}], "naïve": true}', "utf-8")
    return str(file)


def test_the_value_goes_to_standard_output_and_its_type_to_standard_error(feel: Run) -> None:
    answer = feel("1.50 * 2")

    assert answer == (0, "3.00\n", "type: number\n")


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        pytest.param('"say ""', None, id="broken text"),
        pytest.param('"a" + "b"', '"ab"', id="a string has quotes"),
        pytest.param("= 1 + 1", "2", id="a leading equals sign is dropped"),
        pytest.param('[1, "a", null]', '[1, "a", null]', id="a list"),
        pytest.param('duration("PT90M")', "PT1H30M", id="a duration"),
    ],
)
def test_values_are_shown_as_feel_text(feel: Run, expression: str, shown: str | None) -> None:
    answer = feel(expression)

    assert (answer.code, answer.out) == ((1, "") if shown is None else (0, f"{shown}\n"))


def test_variables_come_from_a_json_file(feel: Run, order: str) -> None:
    assert feel("sum(items.price)", "--context", order).out == "30.5\n"


def test_variables_come_from_standard_input() -> None:
    assert in_a_process("x * 2", "--context", "-", lines='{"x": 4}').out == "8\n"


def test_a_warning_points_at_its_place(feel: Run) -> None:
    answer = feel("1 + missing")

    assert answer.code == 0
    assert answer.out == "null\n"
    assert "warning NO_VARIABLE_FOUND: No variable found with name 'missing'" in answer.err
    assert "    1 + missing\n        ^" in answer.err


def test_a_syntax_error_points_at_its_place_and_fails(feel: Run) -> None:
    answer = feel("1 + ")

    assert answer.code == 1
    assert answer.out == ""
    assert "FeelSyntaxError" in answer.err
    assert "line 1, column" in answer.err


def test_unary_tests_take_the_input_as_feel(feel: Run) -> None:
    assert feel("--unary", "7", "[1..10], > 100").out == "true\n"
    assert feel("--unary", '"b"', '"a"').out == "false\n"


def test_json_has_value_type_and_warnings(feel: Run) -> None:
    answer = feel("--json", '{day: @"2024-02-29", x: missing}')

    shown = json.loads(answer.out)
    assert shown["value"] == {"day": "2024-02-29", "x": None}
    assert shown["type"] == "context"
    assert [warning["type"] for warning in shown["warnings"]] == ["NO_VARIABLE_FOUND"]
    assert answer.err == ""


def test_explaining_shows_the_value_of_every_part(feel: Run, order: str) -> None:
    lines = feel("--explain", "count(items[price > 15]) + 1", "--context", order).out.splitlines()

    assert lines[0].endswith("2")
    assert any("items" in line and "20" in line for line in lines)


def test_explaining_a_test_shows_its_answer_and_not_only_its_value(feel: Run) -> None:
    lines = feel("--unary", '"b"', '"a", lower case("B")', "--explain").out.splitlines()

    assert lines == [
        '"a", lower case("B") => true',
        '  "a" => false',
        '  lower case("B") => true',
        '    lower case("B") => "b"',
    ]


@pytest.mark.parametrize(
    "text", [pytest.param("{", id="no JSON"), pytest.param("[1]", id="no object"), pytest.param(None, id="no file")]
)
def test_a_context_that_cannot_be_read_is_wrong_use(feel: Run, tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "context.json"
    if text is not None:
        file.write_text(text, "utf-8")

    answer = feel("1", "--context", str(file))

    assert answer.code == 2
    assert answer.out == ""
    assert str(file) in answer.err


def test_json_without_an_expression_is_wrong_use(feel: Run) -> None:
    assert feel("--json").code == 2


def test_the_prompt_keeps_variables_and_goes_on_after_failures() -> None:
    lines = ":set x 20 + 1\nx * 2\n_ + 1\n1 +\n2\n)\n:nonsense\n= string(x)\nquit\n99\n"

    answer = in_a_process(lines=lines)

    assert answer.code == 0
    assert answer.out.splitlines() == ["x = 21", "42", "43", "3", '"21"']
    assert "no command ':nonsense'" in answer.err


@pytest.mark.parametrize(
    ("line", "begun", "offered"),
    [
        ("st", "st", {"string(", "stock", "string length("}),
        ("1 + date and t", "t", {"time("}),
        ("substring bef", "bef", {"before("}),
        ("order.it", "it", {"items"}),
        ("order.items.", "", {"price", "`unit price`"}),
        ("order.items[1].", "", set()),
        ("nothing.", "", set()),
        (":v", ":v", {":vars"}),
    ],
)
def test_the_prompt_completes_names_and_keys(line: str, begun: str, offered: set[str]) -> None:
    prompt = Prompt({"stock": 1, "order": {"items": [{"price": 1, "unit price": 2}]}})

    found = prompt.complete(line, begun)

    assert offered <= set(found)
    assert line.endswith("st") or len(found) == len(offered)


LIKE_A_SHELL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, "-m", "worker", "feel"])
"""
"""The terminal is the process's own, and Ctrl-C counts, even if the tests run in the background of a shell.

A program does this for the child: code between fork and exec may hang in a test process that has threads.
"""


class Terminal:
    """The prompt as a person sees it: on a terminal, with keys typed one after the other."""

    def __init__(self, home: Path) -> None:
        environment = os.environ | {"HOME": str(home), "TERM": "dumb"}
        self._shown = ""
        self._keys, screen = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", LIKE_A_SHELL],
            stdin=screen,
            stdout=screen,
            stderr=screen,
            env=environment,
            start_new_session=True,
        )
        os.close(screen)

    def type(self, keys: str) -> None:
        os.write(self._keys, keys.encode())

    def read_until(self, text: str) -> str:
        """What is shown up to this text; fails if it does not come."""
        while text not in self._shown:
            ready, _, _ = select.select([self._keys], [], [], HANG_SECONDS)
            assert ready, f"{text!r} did not come, only {self._shown!r}"
            self._shown += os.read(self._keys, 1024).decode()
        before, _, self._shown = self._shown.partition(text)
        return before

    def close(self) -> int:
        self.type("\x04")
        code = self._process.wait(HANG_SECONDS)
        os.close(self._keys)
        return code


def test_an_interrupt_drops_what_is_being_written_and_history_is_kept(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    terminal.read_until("feel> ")
    terminal.type("1 +\n")
    terminal.read_until("... ")
    terminal.type("\x03")
    terminal.read_until("feel> ")
    terminal.type("string len\t")
    terminal.read_until("string length(")
    terminal.type('"four")\n')

    assert "4" in terminal.read_until("type: number")
    terminal.read_until("feel> ")
    assert terminal.close() == 0
    assert 'string length("four")' in next(tmp_path.rglob("feel-history")).read_text("utf-8")
