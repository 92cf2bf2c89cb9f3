"""Texts that are nearly FEEL: recorded expressions with tokens lost, doubled, swapped or exchanged.

They ask both parsers the same question: what is still an expression, and which one? `generator.py` makes texts
that are meant to be well formed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|//[^\n]*|/\*.*?\*/|\w+|\*\*|\.\.|<=|>=|!=|\s+|.', re.DOTALL)
INSERTIONS = (
    "(", ")", "[", "]", "{", "}", ",", ":", ".", "..", "+", "-", "*", "/", "**", "=", "!=", "<", "<=", ">", ">=", "?",
    "1", "0.5", '"a"', "null", "true", "and", "or", "in", "between", "if", "then", "else", "for", "return", "some",
    "every", "satisfies", "not", "instance of", "function", "@", "`", '"', " ", "\n", "// c\n", "/* c */", "x", "item",
    "\u00a0", "é", "\\", "date", "external",
)  # fmt: skip


def tokens(text: str) -> list[str]:
    """The text cut into pieces that are exchanged as a whole; joined they are the text again."""
    return TOKEN.findall(text)


def mutate(source: random.Random, text: str, others: Sequence[str]) -> str:
    """One to three changes to a text, some of them with pieces of another one."""
    parts = tokens(text) or [" "]
    for _ in range(source.choice((1, 1, 2, 3))):
        place = source.randrange(len(parts))
        change = source.randrange(5)
        if change == 0 and len(parts) > 1:
            del parts[place]
        elif change == 1:
            parts.insert(place, source.choice(INSERTIONS))
        elif change == 2:
            parts.insert(place, parts[place])
        elif change == 3:
            other = source.randrange(len(parts))
            parts[place], parts[other] = parts[other], parts[place]
        else:
            parts[place] = source.choice(tokens(source.choice(others)) or [" "])
    return "".join(parts)


def mutations(seed: int, texts: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Endless mutations: the index of the text that was changed, and the new text."""
    source = random.Random(seed)
    while True:
        index = source.randrange(len(texts))
        yield index, mutate(source, texts[index], texts)
