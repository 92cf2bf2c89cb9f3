"""The kinds of authentication and the members of each, from the models that bind them."""

from __future__ import annotations

from typing import Final, get_args

from worker.rest.binding import ApiKey, Basic, Bearer, NoAuth, OAuthClientCredentials, OAuthRefreshToken

KINDS: Final[dict[str, frozenset[str]]] = {
    str(get_args(kind.model_fields["type"].annotation)[0]): frozenset(kind.model_fields)
    for kind in (NoAuth, Basic, Bearer, ApiKey, OAuthClientCredentials, OAuthRefreshToken)
}
