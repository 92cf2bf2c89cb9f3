"""Access tokens of a GitHub App installation, for `createGithubAppInstallationToken`.

GitHub wants a JWT signed with the app's key. One header, three claims and one signature: `cryptography`, which is
here for client certificates anyway, does all of it, so no JWT library is needed.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

from worker.json_codec import dumps, loads

API: Final = "https://api.github.com"
_CLOCK_SKEW: Final = 60  # seconds; GitHub refuses tokens from the future
_LIFETIME: Final = 540

Post = Callable[[str, list[tuple[str, str]]], Awaitable[bytes]]
"""Sends an empty POST with these headers and answers the body. Raises `JobFailure`."""


class GithubTokens:
    """Exchanges an app's key for the token of one of its installations."""

    def __init__(self, post: Post, *, api: str = API, now: Callable[[], float] = time.time) -> None:
        self._post = post
        self._api = api
        self._now = now

    async def token(self, private_key: str, app_id: str, installation_id: str) -> str:
        """Raises ValueError for a key or an answer that cannot be used, and `JobFailure` from the call."""
        body = await self._post(
            f"{self._api}/app/installations/{quote(installation_id, safe='')}/access_tokens",
            [
                ("Authorization", f"Bearer {self._signed(private_key, app_id)}"),
                ("Accept", "application/vnd.github+json"),
                ("X-GitHub-Api-Version", "2022-11-28"),
            ],
        )
        content = loads(body.decode("utf-8", "replace"))
        token = content.get("token") if isinstance(content, dict) else None
        if not isinstance(token, str):
            raise ValueError("GitHub's answer has no token")
        return token

    def _signed(self, private_key: str, app_id: str) -> str:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(private_key.encode(), password=None)
        except (ValueError, TypeError):
            raise ValueError("The private key is no unencrypted PEM key") from None
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("The private key is no RSA key")
        now = int(self._now())
        claims = {"iat": now - _CLOCK_SKEW, "exp": now + _LIFETIME, "iss": app_id}
        signed = f"{_encoded(dumps({'alg': 'RS256', 'typ': 'JWT'}).encode())}.{_encoded(dumps(claims).encode())}"
        return f"{signed}.{_encoded(key.sign(signed.encode(), PKCS1v15(), hashes.SHA256()))}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
