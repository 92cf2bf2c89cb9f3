"""The jobs of the gateway in memory over the REST API (`/v2`), as a broker of 8.6 serves them beside gRPC.

Each call is made again over gRPC on loopback, so that rules, faults, authorization and events are the gateway's own.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

import grpc
from aiohttp import web
from pyzeebe.proto import gateway_pb2, gateway_pb2_grpc

MAX_BODY_BYTES: Final = 64 << 20
SHUTDOWN_SECONDS: Final = 0.2
OPTIONS: Final = (("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0))

# Status and title of the problem details, as the broker has them.
_PROBLEMS: Final = {
    grpc.StatusCode.NOT_FOUND: (404, "NOT_FOUND"),
    grpc.StatusCode.FAILED_PRECONDITION: (409, "INVALID_STATE"),
    grpc.StatusCode.INVALID_ARGUMENT: (400, "INVALID_ARGUMENT"),
    grpc.StatusCode.UNAUTHENTICATED: (401, "UNAUTHENTICATED"),
    grpc.StatusCode.PERMISSION_DENIED: (403, "PERMISSION_DENIED"),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (503, "RESOURCE_EXHAUSTED"),
    grpc.StatusCode.UNAVAILABLE: (503, "UNAVAILABLE"),
    grpc.StatusCode.DEADLINE_EXCEEDED: (504, "DEADLINE_EXCEEDED"),
    grpc.StatusCode.INTERNAL: (500, "INTERNAL"),
}
_TOO_LARGE: Final = (500, "MALFORMED_REQUEST", "Request size is above configured maxMessageSize.")


class RestApi:
    """One server on loopback in front of a gateway; its address stays the same between `serve` and `stop`."""

    def __init__(self) -> None:
        self.port = 0
        self._stub: Any = None
        self._channel: grpc.aio.Channel | None = None
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, gateway: str) -> None:
        """Listen, and hand calls on to `gateway` (`host:port`). Raises `OSError` when the port is taken."""
        self._channel = grpc.aio.insecure_channel(gateway, options=OPTIONS)
        self._stub = gateway_pb2_grpc.GatewayStub(self._channel)
        self._runner = web.AppRunner(
            self._application(), handler_cancellation=True, shutdown_timeout=SHUTDOWN_SECONDS, access_log=None
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Break every connection and refuse new ones."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._channel is not None:
            await self._channel.close(None)

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_problems])
        application.add_routes(
            [
                web.get("/v2/topology", self._topology),
                web.post("/v2/jobs/activation", self._activate),
                web.post(r"/v2/jobs/{key:\d+}/completion", self._complete),
                web.post(r"/v2/jobs/{key:\d+}/failure", self._fail),
                web.post(r"/v2/jobs/{key:\d+}/error", self._throw),
                web.patch(r"/v2/jobs/{key:\d+}", self._update),
            ]
        )
        return application

    async def _topology(self, request: web.Request) -> web.Response:
        answer = await self._stub.Topology(gateway_pb2.TopologyRequest(), metadata=_metadata(request))
        return web.json_response({"brokers": [], "gatewayVersion": answer.gatewayVersion})

    async def _activate(self, request: web.Request) -> web.Response:
        asked = await _body(request)
        message = gateway_pb2.ActivateJobsRequest(
            type=asked.get("type", ""),
            worker=asked.get("worker", ""),
            timeout=asked.get("timeout", 0),
            maxJobsToActivate=asked.get("maxJobsToActivate", 0),
            fetchVariable=asked.get("fetchVariable", ()),
            requestTimeout=asked.get("requestTimeout", 0),
            tenantIds=asked.get("tenantIds", ()),
        )
        call = self._stub.ActivateJobs(message, metadata=_metadata(request))
        try:
            jobs = [_job(job) async for part in call for job in part.jobs]
        finally:
            call.cancel()
        return web.Response(text=f'{{"jobs":[{",".join(jobs)}]}}', content_type="application/json")

    async def _complete(self, request: web.Request) -> web.Response:
        asked = await _body(request)
        message = gateway_pb2.CompleteJobRequest(jobKey=_key(request), variables=_variables(asked))
        return await self._command(request, self._stub.CompleteJob, message)

    async def _fail(self, request: web.Request) -> web.Response:
        asked = await _body(request)
        message = gateway_pb2.FailJobRequest(
            jobKey=_key(request),
            retries=asked.get("retries", 0),
            errorMessage=asked.get("errorMessage", ""),
            retryBackOff=asked.get("retryBackOff", 0),
            variables=_variables(asked),
        )
        return await self._command(request, self._stub.FailJob, message)

    async def _throw(self, request: web.Request) -> web.Response:
        asked = await _body(request)
        message = gateway_pb2.ThrowErrorRequest(
            jobKey=_key(request),
            errorCode=asked.get("errorCode", ""),
            errorMessage=asked.get("errorMessage", ""),
            variables=_variables(asked),
        )
        return await self._command(request, self._stub.ThrowError, message)

    async def _update(self, request: web.Request) -> web.Response:
        changes = (await _body(request)).get("changeset", {})
        message = gateway_pb2.UpdateJobTimeoutRequest(jobKey=_key(request), timeout=changes.get("timeout", 0))
        try:
            return await self._command(request, self._stub.UpdateJobTimeout, message)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:
                raise
            return _problem(request, 400, "INVALID_ARGUMENT", error.details() or "")

    async def _command(self, request: web.Request, rpc: Callable[..., Awaitable[Any]], message: Any) -> web.Response:
        await rpc(message, metadata=_metadata(request))
        return web.Response(status=204)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What the gateway refuses, as problem details (RFC 9457)."""
    try:
        return await handler(request)
    except grpc.aio.AioRpcError as error:
        detail = error.details() or ""
        status, title = _PROBLEMS.get(error.code(), (500, error.code().name))
        if "larger than max" in detail:
            status, title, detail = _TOO_LARGE
        return _problem(request, status, title, detail)
    except (ValueError, TypeError, AttributeError):
        return _problem(request, 400, "Bad Request", "Failed to read request")


def _problem(request: web.Request, status: int, title: str, detail: str) -> web.Response:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "instance": request.path}
    return web.json_response(body, status=status, content_type="application/problem+json")


def _metadata(request: web.Request) -> tuple[tuple[str, str], ...]:
    authorization = request.headers.get("Authorization")
    return () if authorization is None else (("authorization", authorization),)


def _key(request: web.Request) -> int:
    return int(request.match_info["key"])


async def _body(request: web.Request) -> dict[str, Any]:
    value = json.loads(await request.read())
    if not isinstance(value, dict) or not isinstance(value.get("variables") or {}, dict):
        raise ValueError("expected an object")
    return value


def _variables(asked: dict[str, Any]) -> str:
    return json.dumps(asked.get("variables") or {}, ensure_ascii=False)


def _job(job: Any) -> str:
    """Variables and headers as they are, the rest as 8.6 writes it."""
    known = {
        "key": job.key,
        "type": job.type,
        "processInstanceKey": job.processInstanceKey,
        "processDefinitionId": job.bpmnProcessId,
        "processDefinitionVersion": job.processDefinitionVersion,
        "processDefinitionKey": job.processDefinitionKey,
        "elementId": job.elementId,
        "elementInstanceKey": job.elementInstanceKey,
        "worker": job.worker,
        "retries": job.retries,
        "deadline": job.deadline,
        "tenantId": job.tenantId,
    }
    return f'{json.dumps(known)[:-1]},"customHeaders":{job.customHeaders},"variables":{job.variables}}}'
