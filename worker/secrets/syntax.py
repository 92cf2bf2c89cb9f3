"""How a secret is referred to, `{{secrets.NAME}}` or bare `secrets.NAME`, and how references are replaced.

Pure text work: what a name stands for, and whether it may be used, is decided by the caller (`session`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from worker.errors import input_failure
from worker.json_codec import JsonError, dumps, loads_prefix
from worker.secrets.tree import map_texts

Lookup = Callable[[str], str | None]
"""The value of a name; None leaves the reference as it stands."""

MARK: Final = "secrets."
LONGEST_TEXT: Final = 64 << 20  # characters; a secret that refers to itself must not fill the memory

# A name is bounded only so that a text full of openings without an end costs linear time.
_BRACES: Final = re.compile(r"\{\{\s*secrets\.(\S{1,200}?\s{0,200})\}\}", re.ASCII)
_BARE: Final = re.compile(r"secrets\.((?:[a-zA-Z0-9]+[/._-])*[a-zA-Z0-9]+)")
_TRIMMED: Final = "".join(map(chr, range(33)))  # what Java's String.trim removes; other spaces belong to a name
_EITHER: Final = re.compile(f"{_BRACES.pattern}|{_BARE.pattern}", re.ASCII)


def may_refer(text: str) -> bool:
    """Whether a JSON text, or what it means, may hold a reference; False is certain, and quick."""
    return MARK in text or "\\u" in text


def tree_may_refer(tree: Any) -> bool:
    """As `may_refer`, for a JSON tree."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            if MARK in node:
                return True
        elif isinstance(node, dict):
            waiting += node
            waiting += node.values()
        elif isinstance(node, (list, tuple)):
            waiting += node
    return False


def names(text: str, *, bare: bool = True) -> Iterator[str]:
    """The names that a text refers to; the same name may come more than once."""
    if MARK in text:
        yield from (match[1].strip(_TRIMMED) for match in _BRACES.finditer(text))
        if bare:
            yield from (match[1] for match in _BARE.finditer(text))


def replace_rescanning(text: str, lookup: Lookup) -> str:
    """`text`, a JSON text, with its references replaced as Camunda's connector does.

    Values are escaped for JSON strings. Braces first, then bare names; each is repeated as often as the text had
    references when its turn began, so a value that holds references is resolved too. Raises `JobFailure`.
    """
    for pattern in (_BRACES, _BARE):
        for _ in range(sum(1 for _ in pattern.finditer(text))):
            replaced = pattern.sub(lambda match: _escaped(match, lookup), text)
            if len(replaced) > LONGEST_TEXT:
                raise input_failure(f"Secrets make the variables longer than {LONGEST_TEXT} characters")
            if replaced == text:
                break
            text = replaced
    return text


def replace_once(text: str, lookup: Lookup, *, bare: bool) -> str:
    """`text`, a plain text, with its references replaced; what a value holds is never looked at."""
    if MARK not in text:
        return text
    pattern = _EITHER if bare else _BRACES
    return pattern.sub(lambda match: _value(match, lookup), text)


def replace_tree(value: Any, lookup: Lookup, *, bare: bool) -> Any:
    """A copy of a JSON tree with the references in its strings and keys replaced as by `replace_once`."""
    return map_texts(value, lambda text: replace_once(text, lookup, bare=bare) if MARK in text else text)


def without_body(text: str) -> tuple[str, str | None]:
    """The JSON text of an object without its member `body`, and the JSON text of that; None when there is none."""
    try:
        content = loads_prefix(text, exact=True)
    except JsonError:
        return text, None
    if not isinstance(content, dict) or "body" not in content:
        return text, None
    body = content.pop("body")
    return dumps(content), dumps(body)


def with_body(text: str, body: str) -> str:
    """The opposite of `without_body`."""
    members = text.strip()[1:-1]
    return f'{{{members}{"," if members.strip() else ""}"body":{body}}}'


def json_escaped(value: str) -> str:
    """`value` as it stands between the quotes of a JSON string."""
    return dumps(value)[1:-1]


def _value(match: re.Match[str], lookup: Lookup) -> str:
    value = lookup(next(group for group in match.groups() if group is not None).strip(_TRIMMED))
    return match[0] if value is None else value


def _escaped(match: re.Match[str], lookup: Lookup) -> str:
    value = lookup(match[1].strip(_TRIMMED))
    return match[0] if value is None else json_escaped(value)
