"""The function `createGithubAppInstallationToken`, up to the call it makes."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from worker.documents import Documents, MemoryStore
from worker.documents.github import GithubTokens
from worker.errors import JobFailure


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


KEY = rsa.generate_private_key(65537, 2048)


class Github:
    """Answers the one call, and keeps it."""

    def __init__(self, answer: bytes = b'{"token": "ghs_1"}') -> None:
        self.answer = answer
        self.calls: list[tuple[str, dict[str, str]]] = []

    async def post(self, url: str, headers: list[tuple[str, str]]) -> bytes:
        self.calls.append((url, dict(headers)))
        return self.answer


async def result(github: Github, *params: object) -> str:
    tokens = GithubTokens(github.post, api="http://github", now=lambda: 1_000_000.7)
    documents = Documents(MemoryStore(), github=tokens.token)
    call = {"camunda.function.type": "createGithubAppInstallationToken", "params": list(params)}
    return await documents.resolver().resolve_string(call)


async def test_an_app_gets_the_token_of_its_installation() -> None:
    github = Github()
    assert await result(github, pem(KEY), 12, "3/4") == "ghs_1"
    ((url, headers),) = github.calls
    assert url == "http://github/app/installations/3%2F4/access_tokens"
    assert headers["Accept"] == "application/vnd.github+json"
    signed, _, signature = headers["Authorization"].removeprefix("Bearer ").rpartition(".")
    KEY.public_key().verify(decoded(signature), signed.encode(), PKCS1v15(), hashes.SHA256())
    header, claims = (json.loads(decoded(part)) for part in signed.split("."))
    assert header == {"alg": "RS256", "typ": "JWT"}
    assert claims == {"iat": 999_940, "exp": 1_000_540, "iss": "12"}


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.mark.parametrize(
    ("key", "answer", "message"),
    [
        ("hidden-key", b"{}", "The private key is no unencrypted PEM key"),
        (pem(ec.generate_private_key(ec.SECP256R1())), b"{}", "The private key is no RSA key"),
        (pem(KEY), b"[]", "GitHub's answer has no token"),
    ],
)
async def test_what_cannot_work_ends_the_job_and_shows_no_key(key: str, answer: bytes, message: str) -> None:
    with pytest.raises(JobFailure) as caught:
        await result(Github(answer), key, 1, 2)
    assert message in caught.value.message
    assert key not in caught.value.message
    assert caught.value.final
