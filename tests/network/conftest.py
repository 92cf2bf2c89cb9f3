"""Servers, and a client wired as in the worker, whose names are looked up where a test says."""

from __future__ import annotations

from tests.component.rest.conftest import calls, closed_port, opened
from tests.network.servers import ca, nginx, squid, tinyproxy

__all__ = ["ca", "calls", "closed_port", "nginx", "opened", "squid", "tinyproxy"]
