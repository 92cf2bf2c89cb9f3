"""The servers and proxies of these tests as fixtures: nginx, squid and tinyproxy, one of each for the session.

Every proxy has an address of its own on the loopback from which it calls, so nginx can tell who asked.
"""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import trustme

from tests.network.processes import free_ports, running
from tests.support.parts import need

USER, PASSWORD = "us?er", "p%ss w:ord"
BIG = [{"number": number, "text": "the same again and again"} for number in range(2_000)]
HUGE = 10 << 30

_SQUID_CALLS_FROM = "127.0.0.9"
_TINYPROXY_CALLS_FROM = "127.0.0.10"


@dataclass(frozen=True)
class Authority:
    """A throw-away authority, and identities that it has signed: name to (certificate, key, both) as files."""

    folder: Path
    root: trustme.CA

    @property
    def pem(self) -> str:
        return self.root.cert_pem.bytes().decode()

    @property
    def file(self) -> Path:
        return self.folder / "ca.pem"

    def issue(self, name: str, *hosts: str, days: int = 30) -> Path:
        """A PEM file with key and chain, also under `name`.key and `name`.crt."""
        until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
        leaf = self.root.issue_cert(*hosts, common_name=name, not_after=until)
        both = self.folder / f"{name}.pem"
        leaf.private_key_and_cert_chain_pem.write_to_path(both)
        leaf.private_key_pem.write_to_path(self.folder / f"{name}.key")
        chain = b"".join(each.bytes() for each in leaf.cert_chain_pems)
        (self.folder / f"{name}.crt").write_bytes(chain)
        return both


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that all servers here have their certificates from."""
    made = Authority(tmp_path_factory.mktemp("ca"), trustme.CA())
    made.root.cert_pem.write_to_path(made.file)
    return made


@dataclass(frozen=True)
class Nginx:
    """`plain` answers HTTP, the others TLS: usual, demanding a certificate, expired, for another name, only TLS 1.2."""

    plain: int
    tls: int
    mutual: int
    expired: int
    elsewhere: int
    old: int

    def url(self, path: str = "/ok", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.plain}{path}"

    def secure(self, path: str = "/ok", host: str = "localhost", port: int | None = None) -> str:
        return f"https://{host}:{port or self.tls}{path}"


@pytest.fixture(scope="session")
def nginx(ca: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """A real web server."""
    need("nginx", reason="the calls of tests/network go to a real web server")
    folder = tmp_path_factory.mktemp("nginx")
    ports = Nginx(*free_ports(6))
    (folder / "big.json").write_text(json.dumps(BIG))
    (folder / "slow.json").write_text(json.dumps(BIG))
    with (folder / "huge.bin").open("wb") as huge:
        huge.truncate(HUGE)  # sparse: it takes no room
    ca.issue("server", "localhost", "127.0.0.1", "open.test", "login.test")
    ca.issue("expired", "localhost", "127.0.0.1", days=-1)
    ca.issue("elsewhere", "elsewhere.test")
    (folder / "nginx.conf").write_text(_nginx_conf(folder, ca, ports))
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr", "-g", "daemon off;"]
    with running(command, folder, ports.plain, ports.tls):
        yield ports


def _nginx_conf(folder: Path, ca: Authority, ports: Nginx) -> str:
    user = "user root;" if os.getuid() == 0 else ""
    temporary = "\n".join(f"{name}_temp_path tmp;" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    seen = (
        '{"from":"$remote_addr","method":"$request_method","uri":"$request_uri","host":"$http_host",'
        '"authorization":"$http_authorization","key":"$http_x_key","cookie":"$http_cookie",'
        '"client":"$ssl_client_s_dn","protocol":"$ssl_protocol","cipher":"$ssl_cipher"}'
    )
    redirects = " ".join(f"location /{status} {{ return {status} /ok; }}" for status in (301, 302, 303, 307, 308))
    places = f"""
        root {folder};
        default_type application/json;
        location /ok {{ return 200 '{seen}'; }}
        {redirects}
        location /token {{ return 200 '{{"access_token":"asked-from-$remote_addr","expires_in":60}}'; }}
        location /elsewhere {{ return 302 http://localhost:{ports.plain}/ok; }}
        location /metadata {{ return 302 http://169.254.169.254/latest/meta-data/; }}
        location /circle {{ return 302 /circle; }}
        location = /big.json {{ gzip on; gzip_types application/json; gzip_min_length 1; }}
        location = /slow.json {{ limit_rate 1; }}
        location = /huge.bin {{ default_type application/octet-stream; }}
        location ~ ^/from/(\\d+) {{ proxy_pass http://127.0.0.1:$1; proxy_http_version 1.1; proxy_buffering off; }}
    """

    def secure(port: int, name: str, more: str = "") -> str:
        files = f"ssl_certificate {ca.folder}/{name}.pem; ssl_certificate_key {ca.folder}/{name}.key;"
        return f"server {{ listen 127.0.0.1:{port} ssl; {files} {more} {places} }}"

    return f"""
{user} worker_processes 1; pid nginx.pid; error_log stderr warn;
events {{ worker_connections 512; }}
http {{
    access_log off; ssl_protocols TLSv1.2 TLSv1.3; {temporary}
    server {{ listen 127.0.0.1:{ports.plain}; listen [::1]:{ports.plain}; {places} }}
    {secure(ports.tls, "server")}
    {secure(ports.mutual, "server", f"ssl_client_certificate {ca.file}; ssl_verify_client on;")}
    {secure(ports.expired, "expired")}
    {secure(ports.elsewhere, "elsewhere")}
    {secure(ports.old, "server", "ssl_protocols TLSv1.2;")}
}}
"""


@dataclass(frozen=True)
class Proxies:
    """A proxy program: ports without and with a login, and where it calls from. `tls` speaks TLS to its clients."""

    calls_from: str
    free: int
    login: int
    tls: int | None = None


@pytest.fixture(scope="session")
def squid(ca: Authority) -> Iterator[Proxies]:
    """The proxy of most companies. `login.test` needs a login at every port, `open.test` does not."""
    need("squid", "htpasswd", reason="calls through a proxy are tested with squid")
    with TemporaryDirectory(prefix="squid-") as name:  # started by root it changes its user, who sees no test folders
        yield from _squid(Path(name), ca)


def _squid(folder: Path, ca: Authority) -> Iterator[Proxies]:
    ports = Proxies(_SQUID_CALLS_FROM, *free_ports(3))
    shutil.copy(ca.issue("proxy", "localhost", "127.0.0.1"), folder)
    subprocess.run(["htpasswd", "-cbB", folder / "users", USER, PASSWORD], check=True, capture_output=True)
    (folder / "hosts").write_text("127.0.0.1 localhost open.test login.test direct.test\n")
    (folder / "squid.conf").write_text(
        f"""
http_port 127.0.0.1:{ports.free} name=free
http_port 127.0.0.1:{ports.login} name=login
https_port 127.0.0.1:{ports.tls} name=tls tls-cert={folder}/proxy.pem
auth_param basic program /usr/lib/squid/basic_ncsa_auth {folder}/users
auth_param basic children 1 startup=1
auth_param basic realm test
acl known proxy_auth REQUIRED
acl at_login myportname login
acl wants_login dstdomain login.test
http_access allow at_login known
http_access deny at_login
http_access allow wants_login known
http_access deny wants_login
http_access allow all
hosts_file {folder}/hosts
tcp_outgoing_address {_SQUID_CALLS_FROM}
cache deny all
cache_mem 8 MB
memory_cache_shared off
max_filedescriptors 1024
{"cache_effective_user proxy" if os.getuid() == 0 else ""}
pid_filename none
access_log none
cache_log {folder}/cache.log
cache_store_log none
coredump_dir none
shutdown_lifetime 0 seconds
pinger_enable off
via on
"""
    )
    for path in (folder, *folder.iterdir()):
        path.chmod(0o777)
    with running(
        ["squid", "-N", "-n", f"test{ports.free}", "-f", str(folder / "squid.conf")], folder, ports.free, ports.login
    ):
        yield ports


@pytest.fixture(scope="session")
def tinyproxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxies]:
    """A small proxy; two of them, because a login holds for all of one."""
    need("tinyproxy", reason="calls through a proxy are tested with tinyproxy")
    ports = Proxies(_TINYPROXY_CALLS_FROM, *free_ports(2))
    folders = [tmp_path_factory.mktemp("tinyproxy") for _ in range(2)]
    login = f"BasicAuth {USER.replace('?', '')} secret"
    for folder, port, more in zip(folders, (ports.free, ports.login), ("", login), strict=True):
        (folder / "tinyproxy.conf").write_text(
            f"Port {port}\nListen 127.0.0.1\nBind {_TINYPROXY_CALLS_FROM}\nTimeout 60\nMaxClients 50\n"
            f"Allow 127.0.0.1\nLogLevel Warning\n{more}\n"
        )
    command = ["tinyproxy", "-d", "-c", "tinyproxy.conf"]
    with running(command, folders[0], ports.free), running(command, folders[1], ports.login):
        yield ports
