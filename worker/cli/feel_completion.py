"""What the prompt of `rest-connector feel` can complete: names, and the keys behind a dot."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from worker import feel
from worker.feel.builtins import TABLE

WORDS_OF_A_NAME = max(name.count(" ") for name in TABLE) + 1
_PATH = re.compile(r"((?:[^\W\d]\w*\.)+)\w*$")
_PLAIN_KEY = re.compile(r"[^\W\d]\w*")
_LIMITS = feel.Limits(seconds=0.05)


def completions(line: str, begun: str, variables: Mapping[str, Any], commands: Iterable[str]) -> list[str]:
    """What may stand in the place of `begun`, the last word of the line up to the cursor.

    Behind a dot these are the keys of the context there, or of the first one in a list; elsewhere functions, whose
    names may have begun with earlier words, variables, and at the beginning of the line commands.
    """
    if path := _PATH.search(line):
        return sorted(key for key in _keys(path[1][:-1], variables) if key.startswith(begun))
    if line.removesuffix(begun).endswith("."):
        return []
    if line.startswith(":") and " " not in line:
        return sorted(command for command in commands if command.startswith(begun))
    words = line.split(" ")
    for count in range(min(len(words), WORDS_OF_A_NAME), 1, -1):
        if words[-count] and (names := _functions(" ".join(words[-count:]), begun)):
            return names
    return sorted({name for name in variables if name.startswith(begun)}.union(_functions(begun, begun)))


def _functions(written: str, begun: str) -> list[str]:
    """Functions whose names begin as written, without the words before the last one."""
    kept = len(written) - len(begun)
    return sorted(f"{name[kept:]}(" for name in TABLE if name.startswith(written))


def _keys(path: str, variables: Mapping[str, Any]) -> list[str]:
    try:
        value = feel.evaluate(path, variables, limits=_LIMITS).value
    except feel.FeelError:
        return []
    kind = feel.type_name(value)
    if kind == "list" and len(value) and feel.type_name(value[0]) == "context":
        value, kind = value[0], "context"
    return [key if _PLAIN_KEY.fullmatch(key) else f"`{key}`" for key in value] if kind == "context" else []
