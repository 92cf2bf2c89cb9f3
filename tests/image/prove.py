"""Builds the image without a Docker engine, and lets the worker inside of it do a job of a real Zeebe: `make image`.

Needs root, buildah and debootstrap. Where no image can be pulled, the base is a Debian made by debootstrap; the steps
are those of the Dockerfile. Prints the size of what the image adds to its base, and the time from start to ready.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from aiohttp import ClientSession

from tests.live.target import open_target
from tests.support.pages import ready
from tests.support.zeebe import Zeebe
from worker.dev.artifact import broker_home, cache_folder
from worker.dev.broker import Broker, free_ports
from worker.dev.java import find_java

ROOT: Final = Path(__file__).parents[2]
MODEL: Final = ROOT / "tests" / "live" / "models" / "order.bpmn"
BASE: Final = "localhost/debian-python"
IMAGE: Final = "localhost/rest-connector"
START_SECONDS: Final = 60.0
DRAIN_SECONDS: Final = 30.0
ENVIRON: Final = {**os.environ, "BUILDAH_ISOLATION": "chroot"}


def main() -> int:
    """Build and prove; 0 when the job was done, and 1 with what went wrong otherwise."""
    try:
        if not _exists(BASE):
            _make_base()
        _buildah("bud", "--pull-never", "--network", "host", "--build-arg", f"BASE={BASE}", "-t", IMAGE, str(ROOT))
        with _container(IMAGE) as name:
            folder = Path(_buildah("mount", name))
            print(f"the image adds {_megabytes(folder / 'venv')} MB to its base", flush=True)
            asyncio.run(_do_a_job(name))
    except subprocess.CalledProcessError as problem:
        print(f"{' '.join(problem.cmd)}: exit status {problem.returncode}\n{problem.stderr or ''}", file=sys.stderr)
        return 1
    return 0


def _make_base() -> None:
    with tempfile.TemporaryDirectory() as folder:
        packages = "python3,python3-venv,ca-certificates"
        _run("debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", folder)
        authorities = Path("/etc/ssl/certs/ca-certificates.crt")  # the machine may be behind a proxy with an own one
        (Path(folder) / "etc/ssl/certs/ca-certificates.crt").write_bytes(authorities.read_bytes())
        with _container("scratch") as name:
            _buildah("add", "--quiet", name, folder, "/")
            _buildah("commit", "--quiet", name, BASE)


async def _do_a_job(container: str) -> None:
    """Start a real broker and the worker in the container; one process instance that ends in a completed call."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Broker(java=find_java(), home=broker_home(cache_folder()), ports=free_ports(), folder=Path(folder)) as broker,
    ):
        async with Zeebe(broker.address) as zeebe, open_target() as target, _worker(container, broker.address):
            await zeebe.deploy(MODEL)
            order = {"base": target.url, "orderId": 17, "jobType": "rest-connector", "attempts": 1, "probe": "probe"}
            await zeebe.start("order", **order)
            seen = await zeebe.look("probe")
            if seen.variables.get("status") != "shipped":
                raise RuntimeError(f"the task gave the process {seen.variables}")
            print(f"a job of Zeebe {await zeebe.version()} was completed")


@contextlib.asynccontextmanager
async def _worker(container: str, address: str) -> AsyncIterator[None]:
    """The worker in the container, ready."""
    port = free_ports().gateway
    settings = {"ZEEBE_ADDRESS": address, "REST_CONNECTOR_HEALTH__PORT": str(port)}
    options = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        "buildah", "run", "--network", "host", *options, container, "--", "python3", "-m", "worker", "run", env=ENVIRON
    )
    try:
        async with ClientSession() as client:
            await ready(client, f"http://127.0.0.1:{port}/readyz", START_SECONDS)
        print(f"ready after {time.monotonic() - began:.1f} s")
        yield
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), DRAIN_SECONDS)


@contextlib.contextmanager
def _container(image: str) -> Iterator[str]:
    name = _buildah("from", "--pull-never", image)
    try:
        yield name
    finally:
        _buildah("rm", name)


def _exists(image: str) -> bool:
    return bool(_buildah("images", "--quiet", "--filter", f"reference={image}"))


def _buildah(*words: str) -> str:
    return _run("buildah", *words)


def _run(*words: str) -> str:
    """Run to its end; the last line that it printed."""
    done = subprocess.run(words, env=ENVIRON, check=True, capture_output=True, text=True)
    return (done.stdout.strip().splitlines() or [""])[-1]


def _megabytes(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir()) // 1_000_000


if __name__ == "__main__":
    sys.exit(main())
