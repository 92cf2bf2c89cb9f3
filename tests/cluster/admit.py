"""Installs the chart on a real API server that enforces the restricted Pod Security Standard: `make cluster`.

Needs Go and etcd (Debian: etcd-server). Builds kube-apiserver and helm once, from the versions pinned here and in
`go.mod`. There is no kubelet, so that nothing runs: what is proven is that the objects, and the pods that their
template makes, are admitted, and that a pod which asks for more is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, TCPConnector
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.chart.lint import CHART
from tests.support.pages import ready
from worker.dev.artifact import cache_folder
from worker.dev.broker import free_ports

HERE: Final = Path(__file__).parent
API_SERVER: Final = "k8s.io/kubernetes/cmd/kube-apiserver"
VERSION_VARIABLE: Final = "k8s.io/component-base/version.gitVersion"
HELM: Final = "helm.sh/helm/v3/cmd/helm@v3.18.6"
NAMESPACE: Final = "jobs"
RELEASE: Final = "rest"
READY_SECONDS: Final = 120.0
STOP_SECONDS: Final = 20.0
ENFORCED: Final = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}


def main() -> int:
    """0 when everything is admitted that should be, and nothing else."""
    folder = cache_folder().parent / "cluster"
    try:
        _build(folder)
        asyncio.run(_admit(folder))
    except (OSError, RuntimeError, subprocess.CalledProcessError) as problem:
        print(problem, getattr(problem, "stderr", None) or "", file=sys.stderr)
        return 1
    return 0


def _build(folder: Path) -> None:
    """Build what is missing; minutes for the API server."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "kube-apiserver").exists():
        print("building kube-apiserver (minutes, once)", flush=True)
        words = ["go", "build", "-ldflags", f"-X {VERSION_VARIABLE}={_version()}", "-o", folder / "kube-apiserver"]
        subprocess.run([*words, API_SERVER], cwd=HERE, check=True)
    if not (folder / "helm").exists():
        print("building helm (once)", flush=True)
        subprocess.run(["go", "install", HELM], env={**os.environ, "GOBIN": str(folder)}, check=True)


def _version() -> str:
    """The version in `go.mod`, which the program has to be told."""
    found = re.search(r"k8s.io/kubernetes (v[0-9.]+)", (HERE / "go.mod").read_text("utf-8"))
    if found is None:
        raise RuntimeError("go.mod names no version of k8s.io/kubernetes")
    return found[1]


async def _admit(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        async with _api_server(folder, Path(scratch)) as (url, client):
            await _created(client, f"{url}/api/v1/namespaces", {"metadata": {"name": NAMESPACE, "labels": ENFORCED}})
            for values in [None, *sorted((CHART / "ci").glob("*-values.yaml"))]:
                await _install(folder / "helm", Path(scratch) / "kubeconfig", values)
                print(f"{values.name if values else 'defaults'}: linted and installed")
                await _pods_are_admitted(url, client)
                _helm(folder / "helm", Path(scratch) / "kubeconfig", "uninstall", RELEASE)


async def _install(helm: Path, kubeconfig: Path, values: Path | None) -> None:
    chosen = ["--values", str(values)] if values else []
    await asyncio.to_thread(_helm, helm, kubeconfig, "lint", "--strict", str(CHART), *chosen)
    chosen += ["--set", "metrics.serviceMonitor.enabled=false"]  # the Prometheus operator's, not part of Kubernetes
    said = await asyncio.to_thread(_helm, helm, kubeconfig, "install", RELEASE, str(CHART), *chosen)
    if "PodSecurity" in said:
        raise RuntimeError(f"the API server warns:\n{said}")


async def _pods_are_admitted(url: str, client: ClientSession) -> None:
    """The pod that the Deployment makes is admitted; one that may gain privileges is not: it is enforced."""
    pods = f"{url}/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All"
    async with client.get(f"{url}/apis/apps/v1/namespaces/{NAMESPACE}/deployments") as answer:
        (deployment,) = (await answer.json())["items"]
    template = deployment["spec"]["template"]
    pod = {"metadata": {**template["metadata"], "name": "worker"}, "spec": template["spec"]}
    await _created(client, pods, pod)
    print("a pod of its template: admitted")
    pod["spec"]["containers"][0]["securityContext"] = {"allowPrivilegeEscalation": True}
    async with client.post(pods, json=pod) as answer:
        if answer.status != 403:
            raise RuntimeError(f"a pod that may gain privileges got {answer.status}: Pod Security is not enforced")
    print("the same with the right to gain privileges: refused")


async def _created(client: ClientSession, url: str, item: dict[str, Any]) -> None:
    async with client.post(url, json=item) as answer:
        if answer.status != 201:
            raise RuntimeError(f"{url}: {answer.status} {await answer.text()}")


def _helm(helm: Path, kubeconfig: Path, *words: str) -> str:
    """What helm says, warnings of the API server included."""
    command = [helm, "--kubeconfig", kubeconfig, "--namespace", NAMESPACE, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


@contextlib.asynccontextmanager
async def _api_server(folder: Path, scratch: Path) -> AsyncIterator[tuple[str, ClientSession]]:
    """An API server with an etcd of its own, ready, and a client that may do everything."""
    token = secrets.token_hex()
    (scratch / "tokens.csv").write_text(f"{token},admin,admin,system:masters\n")
    ports = astuple(free_ports())
    etcd, url = f"http://127.0.0.1:{ports[0]}", f"https://127.0.0.1:{ports[2]}"
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (scratch / "key.pem").write_bytes(pem)
    (scratch / "public.pem").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (scratch / "kubeconfig").write_text(json.dumps(_kubeconfig(url, token)))
    etcd_words = ["etcd", "--data-dir", scratch / "etcd", "--listen-client-urls", etcd, "--advertise-client-urls", etcd]
    etcd_words += ["--listen-peer-urls", f"http://127.0.0.1:{ports[1]}", "--unsafe-no-fsync"]
    server_words = [folder / "kube-apiserver", "--etcd-servers", etcd, "--secure-port", str(ports[2])]
    server_words += ["--bind-address", "127.0.0.1", "--cert-dir", scratch / "certificates"]
    server_words += ["--token-auth-file", scratch / "tokens.csv", "--service-cluster-ip-range", "10.0.0.0/24"]
    server_words += ["--service-account-issuer", "https://issuer", "--service-account-key-file", scratch / "public.pem"]
    server_words += ["--service-account-signing-key-file", scratch / "key.pem"]
    with _process(etcd_words, scratch / "etcd.log"), _process(server_words, scratch / "server.log"):
        headers = {"Authorization": f"Bearer {token}"}
        async with ClientSession(connector=TCPConnector(ssl=False), headers=headers) as client:
            try:
                await ready(client, f"{url}/readyz", READY_SECONDS)
            except TimeoutError:
                log = (scratch / "server.log").read_text()[-3000:]
                raise RuntimeError(f"the API server was not ready after {READY_SECONDS:.0f} s:\n{log}") from None
            yield url, client


@contextlib.contextmanager
def _process(words: list[Any], log: Path) -> Iterator[None]:
    with log.open("wb") as output, subprocess.Popen(words, stdout=output, stderr=output) as process:
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _kubeconfig(url: str, token: str) -> dict[str, Any]:
    cluster = {"server": url, "insecure-skip-tls-verify": True}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "here", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "admin"}}],
        "current-context": "here",
    }


if __name__ == "__main__":
    sys.exit(main())
