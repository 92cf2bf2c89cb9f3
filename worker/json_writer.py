"""JSON texts of a fixed form, by an encoder that is made once; `json.JSONEncoder` makes one for each text."""

from __future__ import annotations

from collections.abc import Callable
from json.encoder import c_make_encoder, encode_basestring  # type: ignore[attr-defined]  # typeshed lacks the first
from typing import Any


def writer(
    default: Callable[[Any], Any], *, between: str = ", ", colon: str = ": ", allow_nan: bool = True
) -> Callable[[Any], str]:
    """What `json.JSONEncoder(ensure_ascii=False, check_circular=False, …).encode` does.

    `default` and `allow_nan` are as there, `between` and `colon` its separators.
    """
    pieces = c_make_encoder(None, default, encode_basestring, None, colon, between, False, False, allow_nan)
    return lambda value: "".join(pieces(value, 0))
