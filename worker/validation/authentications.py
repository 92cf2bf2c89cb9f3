"""The kinds of authentication and the members of each, from the models that bind them."""

from __future__ import annotations

from typing import Final, get_args, get_type_hints

from worker.rest.binding import ApiKey, Basic, Bearer, NoAuth, OAuthClientCredentials, OAuthRefreshToken

_MODELS: Final = (NoAuth, Basic, Bearer, ApiKey, OAuthClientCredentials, OAuthRefreshToken)

KINDS: Final[dict[str, frozenset[str]]] = {
    str(get_args(members["type"])[0]): frozenset(members) for members in map(get_type_hints, _MODELS)
}
