"""Destinations that the operator has blocked: `CAMUNDA_CONNECTOR_HTTP_BLOCK_<TYPE>[_<NAME>]`."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from worker.errors import ILLEGAL_ARGUMENT, JobFailure, input_failure
from worker.rest.uri import MAX_PORT, InvalidUri, parse_authority, parse_uri
from worker.rest.url import DEFAULT_PORTS

PREFIX: Final = "CAMUNDA_CONNECTOR_HTTP_BLOCK_"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Block:
    """One rule: does it hit a URL and its port?"""

    name: str
    noun: Literal["URL", "port"]
    hits: Callable[[str, int | None], bool]


@dataclass(frozen=True, slots=True)
class BlockList:
    """All rules, in the order of their names."""

    blocks: tuple[Block, ...] = ()

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> BlockList:
        """The rules of the environment; what is no rule is reported and left out."""
        found = (
            (name, _block(name.removeprefix(PREFIX), environ[name]))
            for name in sorted(environ)
            if name.startswith(PREFIX)
        )
        blocks: list[Block] = []
        for name, block in found:
            if block is None:
                log.warning("this block rule is not understood and has no effect", extra={"variable": name})
            else:
                blocks.append(block)
        return cls(tuple(blocks))

    def check(self, url: str) -> None:
        """Raises `JobFailure` when the URL, as the model wrote it, is blocked, or a port rule cannot read it."""
        port: int | None = None
        if any(block.noun == "port" for block in self.blocks):
            port = _port_of(url)
        for block in self.blocks:
            if block.hits(url, port):
                suffix = f" (Block Name: {block.name})" if block.name.strip() else ""
                raise input_failure(
                    f"{ILLEGAL_ARGUMENT}: The provided {block.noun} is not allowed{suffix}",
                    kind="blocked",
                    native_code="URL_NOT_ALLOWED",
                )


def _block(definition: str, value: str) -> Block | None:
    kind, _, name = definition.partition("_")
    match kind:
        case "URL":
            return Block(name, "URL", lambda url, _: value in url)
        case "PORT":
            ports = frozenset(_ports(value))
            return Block(name, "port", lambda _, port: port in ports)
        case "REGEX":
            try:
                pattern = re.compile(value)
            except re.error:
                return None
            return Block(name, "URL", lambda url, _: pattern.fullmatch(url) is not None)
        case _:
            return None


def _ports(text: str) -> list[int]:
    items = (item.strip() for item in text.split(","))
    return [int(item) for item in items if item.isdecimal() and int(item) <= MAX_PORT]


def _port_of(url: str) -> int | None:
    try:
        uri = parse_uri(url)
        authority = None if uri.authority is None else parse_authority(uri.authority)
    except InvalidUri as error:
        raise JobFailure(str(error), type=ILLEGAL_ARGUMENT, kind="input", native_code="INVALID_INPUT") from error
    if authority is not None and authority.port is not None:
        return authority.port
    return DEFAULT_PORTS.get(uri.scheme or "")
