"""What a start does not load, because no job of a plain worker needs it: it would cost time and memory."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import pytest

from worker.dev.gateway import DevGateway

SECONDS = 60.0

# `rest-connector run`, which tells at the end what it has loaded since it began.
RUN = """
import atexit, json, sys
from worker.cli import main
atexit.register(lambda: print(json.dumps(sorted(sys.modules))))
sys.exit(main(["run"]))
"""

NEVER = {
    # what pyzeebe's client and worker loop need
    "pyzeebe", "requests", "oauthlib", "urllib3", "anyio",
    # other commands
    "worker.dev", "worker.templates", "worker.validation", "worker.cli.feel_prompt", "readline", "lxml",
    # what only some settings, tasks and expressions ask for
    "cryptography", "fsspec", "yaml", "tomllib", "regex", "re2", "worker.feel.javaregex", "worker.rest.tls_files",
}  # fmt: skip
FACES = ["rest-connector", "io.camunda:http-json:1"]


@pytest.mark.parametrize("transport", ["grpc", "rest"])
async def test_a_worker_that_does_jobs_has_loaded_nothing_that_they_do_not_need(transport: str) -> None:
    async with DevGateway(rest=True) as gateway:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", RUN,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("REST_CONNECTOR_")},
                "ZEEBE_ADDRESS": gateway.address,
                "REST_CONNECTOR_ZEEBE__TRANSPORT": transport,
                "REST_CONNECTOR_ZEEBE__REST_ADDRESS": gateway.rest_address,
                "REST_CONNECTOR_JOB_TYPES": ",".join(FACES),
                "REST_CONNECTOR_HEALTH__HOST": "127.0.0.1",
                "REST_CONNECTOR_HEALTH__PORT": "0",
            },
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            for face in FACES:
                job = gateway.add_job(
                    face,
                    variables={"url": f"{gateway.rest_address}/v2/topology", "method": "GET"},
                    headers={"resultExpression": '={status: response.status, text: "a" + string(1)}'},
                )
                assert (await gateway.ended(job, timeout=SECONDS)).kind == "completed"
            process.terminate()
            out, _ = await asyncio.wait_for(process.communicate(), SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
    loaded = set(json.loads(out.splitlines()[-1]))
    assert "aiohttp" in loaded
    assert sorted(NEVER & loaded) == []
    assert ("grpc" in loaded) == (transport == "grpc")
