"""`rest-connector feel`: evaluate an expression without a job.

The value goes to standard output as FEEL text (or JSON), its type and the warnings to standard error. Without an
expression the prompt of `feel_prompt.py` starts; `feel_output.py` has the forms of a result.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from worker import feel
from worker.cli.feel_output import show_explanation, show_failure, show_json, show_result
from worker.cli.feel_prompt import Prompt
from worker.feel.expression import parsed
from worker.json_codec import JsonError, loads

DONE, FAILED, WRONG_USE = 0, 1, 2

Subparsers = argparse._SubParsersAction  # argparse has no public name for it
DESCRIPTION = """Evaluates a FEEL expression and prints its value, its type and the warnings that explain a null.
Without an expression a prompt starts."""


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("feel", help="evaluate a FEEL expression", description=DESCRIPTION)
    parser.add_argument("expression", nargs="?", help="the expression; one leading '=' is not part of it")
    parser.add_argument("--context", metavar="FILE", help="the variables: a JSON object; '-' is standard input")
    parser.add_argument("--unary", metavar="INPUT", help="evaluate unary tests of this value, itself FEEL")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print value, type and warnings as one JSON object")
    form.add_argument("--explain", action="store_true", help="print the value of every part of the expression")


def run(args: argparse.Namespace) -> int:
    """Run the command: 0 with a value, 1 if the evaluation fails, 2 if the command is used wrongly."""
    try:
        variables = read_context(args.context)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        print(f"rest-connector feel: --context {args.context}: {reason}", file=sys.stderr)
        return WRONG_USE
    if args.expression is not None:
        return _evaluate(args, variables)
    if args.unary is not None or args.json or args.explain:
        print("rest-connector feel: --unary, --json and --explain need an expression", file=sys.stderr)
        return WRONG_USE
    Prompt(variables).run()
    return DONE


def read_context(name: str | None) -> dict[str, Any]:
    """The variables of a JSON file; none without a name. Raises OSError or ValueError."""
    if name is None:
        return {}
    text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    try:
        variables = loads(text)
    except JsonError as problem:
        raise ValueError(f"this is no JSON: {problem}") from problem
    if not isinstance(variables, dict):
        raise ValueError("the variables must be a JSON object")
    return variables


def _evaluate(args: argparse.Namespace, variables: dict[str, Any]) -> int:
    text = feel.strip_marker(args.expression)
    try:
        tests = args.unary is not None
        given = feel.evaluate(args.unary, variables).value if tests else feel.ABSENT
        expression = parsed(text, feel.DEFAULT_LIMITS, tests=tests)
        if args.explain:
            show_explanation(text, *expression.explain(variables, input=given))
        elif args.json:
            show_json(expression.evaluate(variables, input=given))
        else:
            show_result(text, expression.evaluate(variables, input=given))
    except feel.FeelError as failure:
        show_failure(failure)
        return FAILED
    return DONE
