"""A profile with a way of its own: its proxy with a login, its authority, its identity under an encrypted key."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tests.network.servers import PASSWORD, USER, Authority, Nginx, Proxies
from tests.rows.conftest import scene
from tests.rows.support import Scene
from tests.support.job_runs import completed

__all__ = ["scene"]  # a fixture


@pytest.fixture
def profiles(ca: Authority, nginx: Nginx, squid: Proxies, tmp_path: Path) -> Path:
    """The file: one profile by way of the proxy, one directly."""
    ca.issue("profile", "profile.test")
    key = load_pem_private_key((ca.folder / "profile.key").read_bytes(), None)
    sealed = tmp_path / "sealed.key"
    sealed.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"s3cret")))
    file = tmp_path / "profiles.toml"
    base = f'baseUrl = "https://localhost:{nginx.mutual}"'
    tls = (
        f'tlsFiles = {{ca = "{ca.file}", certificate = "{ca.folder}/profile.crt", key = "{sealed}", '
        'password = "s3cret"}'
    )
    login = f"{quote(USER)}:{quote(PASSWORD)}"
    file.write_text(
        f'[proxied]\n{base}\nproxy = "http://{login}@127.0.0.1:{squid.login}"\n{tls}\n'
        f'[direct]\n{base}\nproxy = "direct"\n{tls}\n'
    )
    return file


@pytest.mark.parametrize("profile", ["proxied", "direct"])
async def test_a_profile_has_its_own_proxy_and_certificates(
    scene: Scene, nginx: Nginx, squid: Proxies, profiles: Path, profile: str
) -> None:
    scene.environ |= {
        "REST_CONNECTOR_PROFILES": str(profiles),
        "CONNECTOR_HTTPS_PROXY_HOST": "127.0.0.1",  # the worker's own, where nobody answers
        "CONNECTOR_HTTPS_PROXY_PORT": "1",
    }
    headers = {"url": "/ok", "httpOptions.profile": profile, "resultVariable": "result"}
    answered = completed(await scene.run({}, headers))["result"]["body"]
    assert "profile" in answered["client"]
    assert answered["from"] == (squid.calls_from if profile == "proxied" else "127.0.0.1")
