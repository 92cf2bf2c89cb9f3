"""JVM options given as text: the `-Dname=value` pairs of `JAVA_OPTS`, so that a copied deployment keeps its meaning.

Only system properties are understood; every other option is passed over. What a property means is known where it is
used, such as `worker.rest.proxy`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping


def parse_options(text: str) -> dict[str, str]:
    """The properties of one option text; quotes work as in a shell, the last of equal names wins.

    A text with an open quote is split at spaces: settings of another product never stop this worker.
    """
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    return from_arguments(words)


def from_arguments(words: Iterable[str]) -> dict[str, str]:
    """The properties among command line words."""
    pairs = (word[2:].partition("=") for word in words if word.startswith("-D"))
    return {name: value for name, _, value in pairs if name}


def from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The properties of `JAVA_TOOL_OPTIONS` and `JAVA_OPTS`; the latter wins, as on a JVM's command line."""
    return parse_options(environ.get("JAVA_TOOL_OPTIONS", "")) | parse_options(environ.get("JAVA_OPTS", ""))
