"""The prompt of `rest-connector feel`: one expression after the other, with history and completion.

History and completion come from `readline` where Python has it; everything else works without.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

from worker import feel
from worker.cli.feel_completion import completions
from worker.cli.feel_output import feel_text, show_explanation, show_failure, show_result

HISTORY = Path.home() / ".local" / "state" / "rest-connector" / "feel-history"
HISTORY_LINES = 1_000
HELP = """An expression prints its value. Commands:
  :set NAME EXPRESSION   make a variable
  :vars                  show the variables
  :explain EXPRESSION    show the value of every part
  :help                  show this
  :quit                  leave (also Ctrl-D)
`_` is the last value. Tab completes functions, variables and keys behind a dot; Ctrl-C drops what is being written."""
WELCOME = "FEEL: write an expression, or :help. Ctrl-D leaves."
LEAVING = frozenset({":quit", ":q", "quit", "exit"})

try:
    import readline as _readline
except ImportError:  # Windows, and builds without it
    readline: ModuleType | None = None
else:
    readline = _readline


class Prompt:
    """Reads lines until the end of input; `_` is the last value."""

    def __init__(self, variables: dict[str, Any]) -> None:
        self.variables = variables
        self._commands: dict[str, Callable[[str], None]] = {
            ":set": self._set,
            ":vars": self._show_variables,
            ":explain": self._explain,
            ":help": lambda _: print(HELP),
        }

    def run(self) -> None:
        """Answer until the end of input or `:quit`; an interrupt drops what is being written."""
        if sys.stdin.isatty():
            print(WELCOME)
        with _history(self.complete):
            for text in self._texts():
                if text in LEAVING and text not in self.variables:
                    return
                self.answer(text)

    def answer(self, text: str) -> None:
        """Evaluate one expression or obey one command; failures are shown, never raised."""
        word, _, rest = text.partition(" ")
        try:
            if command := self._commands.get(word):
                command(rest.strip())
            elif text == "help" and text not in self.variables:
                print(HELP)
            elif text.startswith(":"):
                print(f"no command '{word}'; :help shows them", file=sys.stderr)
            else:
                self._evaluate(text)
        except feel.FeelError as failure:
            show_failure(failure)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)

    def complete(self, line: str, begun: str) -> list[str]:
        """What may continue the last word of the line up to the cursor."""
        return completions(line, begun, self.variables, (*self._commands, ":quit"))

    def _evaluate(self, text: str) -> None:
        result = feel.evaluate(text, self.variables)
        show_result(text, result)
        self.variables["_"] = result.value

    def _explain(self, text: str) -> None:
        show_explanation(text, *feel.parse(text).explain(self.variables))

    def _set(self, text: str) -> None:
        name, _, expression = text.partition(" ")
        expression = expression.strip().removeprefix("=")
        if not expression:
            print("write :set NAME EXPRESSION", file=sys.stderr)
            return
        self.variables[name] = feel.evaluate(expression, self.variables).value
        print(f"{name} = {feel_text(self.variables[name])}")

    def _show_variables(self, _: str) -> None:
        for name, value in self.variables.items():
            print(f"{name} = {feel_text(feel.evaluate('value', {'value': value}).value)}")

    def _texts(self) -> Iterator[str]:
        """Expressions, which may go on over lines while something is missing at their end."""
        begun = ""
        while True:
            try:
                line = self._line("feel> " if not begun else "  ... ")
            except KeyboardInterrupt:
                if not sys.stdin.isatty():
                    raise
                print()
                begun = ""
                continue
            if line is None:
                break
            begun = f"{begun}\n{line}" if begun else line.removeprefix("=")
            if begun.strip() and not (line.strip() and _unfinished(begun)):
                yield begun.strip()
                begun = ""
        if begun.strip():
            yield begun.strip()

    def _line(self, mark: str) -> str | None:
        try:
            return input(mark if sys.stdin.isatty() else "")
        except EOFError:
            if sys.stdin.isatty():
                print()
            return None


def _unfinished(text: str) -> bool:
    if text.startswith(":"):
        return False
    try:
        feel.parse(text)
    except feel.FeelSyntaxError as error:
        return error.position is not None and error.position >= len(text.rstrip())
    except feel.FeelError:
        return False
    return False


@contextmanager
def _history(complete: Callable[[str, str], list[str]]) -> Iterator[None]:
    if readline is None or not sys.stdin.isatty():
        yield
        return

    def continued(begun: str, number: int) -> str | None:
        line = readline.get_line_buffer()[: readline.get_endidx()]
        return next(islice(complete(line, begun), number, None), None)

    readline.set_completer(continued)
    readline.set_completer_delims(" \t\n\"'`()[]{}.,+-*/=<>!")
    readline.parse_and_bind("tab: complete")
    with suppress(OSError):
        readline.read_history_file(HISTORY)
    try:
        yield
    finally:
        readline.set_history_length(HISTORY_LINES)
        with suppress(OSError):  # a prompt without history is better than none
            HISTORY.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(HISTORY)
