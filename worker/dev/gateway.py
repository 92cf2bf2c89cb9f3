"""A Zeebe gateway in memory over real gRPC: what the tests and `rest-connector dev` let the worker talk to.

    async with DevGateway() as gateway:
        key = gateway.add_job("rest-connector", variables={"url": "http://127.0.0.1:8000/"})
        ...                                        # a worker connects to gateway.address
        end = await gateway.ended(key)             # an Event: completed, error-caught, incident or cancelled

The rules for jobs are in `engine`, what can go wrong on purpose in `faults`, what happened in `events`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import grpc
from pyzeebe.proto import gateway_pb2_grpc

from worker.dev.clock import Clock, SystemClock
from worker.dev.engine import Engine
from worker.dev.events import ENDINGS, Event, EventLog
from worker.dev.faults import Faults
from worker.dev.rest_api import RestApi
from worker.dev.servicer import Servicer

SERVER_STOP_SECONDS = 0.2
MAX_MESSAGE_BYTES = 4 * 1024 * 1024  # what a gateway accepts by default


class DevGateway:
    """One gateway on loopback; its state outlives `stop_serving` and `serve`, as a broker's outlives an outage.

    `authorize` gets the metadata of each call and answers whether it may pass; `credentials` make it a TLS server; with
    `rest` it also has the REST API, at `rest_address`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        clock: Clock | None = None,
        authorize: Callable[[Mapping[str, str]], bool] | None = None,
        credentials: grpc.ServerCredentials | None = None,
        push_streams: bool = True,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        rest: bool = False,
    ) -> None:
        self.port = port
        self.clock = clock or SystemClock()
        self.events = EventLog()
        self.faults = Faults()
        self.engine = Engine(self.events, self.clock)
        self.add_job = self.engine.add
        self._servicer = Servicer(  # type: ignore[abstract]  # the calls that are left out answer UNIMPLEMENTED
            self.engine, self.faults, self.clock, authorize, push_streams=push_streams
        )
        self._credentials = credentials
        self._options = [("grpc.max_receive_message_length", max_message_bytes), ("grpc.so_reuseport", 0)]
        self._server: grpc.aio.Server | None = None
        self._rest = RestApi() if rest else None

    @property
    def rest_address(self) -> str:
        return "" if self._rest is None else self._rest.address

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> DevGateway:
        await self.serve()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop_serving()
        self.engine.close()

    async def serve(self) -> None:
        """Listen, on the same port as before if there was one. Raises `OSError` when the port is taken."""
        server = grpc.aio.server(options=self._options)
        gateway_pb2_grpc.add_GatewayServicer_to_server(self._servicer, server)
        wanted = self.address
        try:
            if self._credentials is None:
                self.port = server.add_insecure_port(wanted)
            else:
                self.port = server.add_secure_port(wanted, self._credentials)
        except RuntimeError as error:
            raise OSError(f"cannot listen on {wanted}: {error}") from error
        await server.start()
        self._server = server
        if self._rest is not None:
            await self._rest.serve(self.address)

    async def stop_serving(self) -> None:
        """Break every connection and refuse new ones; jobs and their timers go on."""
        server, self._server = self._server, None
        if server is not None:
            self._servicer.release()
            if self._rest is not None:
                await self._rest.stop()
            await server.stop(SERVER_STOP_SECONDS)

    @contextlib.asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        """The gateway is away while the block runs."""
        await self.stop_serving()
        try:
            yield
        finally:
            await self.serve()

    async def wait_for(self, kind: str, job_key: int | None = None, *, timeout: float = 10.0, **facts: Any) -> Event:
        """The first event of this kind, of one job or of any, whose named fields have these values."""

        def matches(event: Event) -> bool:
            right_job = job_key is None or event.job_key == job_key
            return event.kind == kind and right_job and all(getattr(event, k) == v for k, v in facts.items())

        return await self.events.wait_for(matches, timeout=timeout)

    async def ended(self, job_key: int, *, timeout: float = 10.0) -> Event:
        """How a job ended: the first completion, caught error, incident or cancellation."""
        return await self.events.wait_for(lambda e: e.job_key == job_key and e.kind in ENDINGS, timeout=timeout)
