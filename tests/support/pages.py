"""Waits for a page of a program that is starting."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import ClientError, ClientSession

PAUSE_SECONDS = 0.05


async def ready(client: ClientSession, page: str, seconds: float) -> None:
    """Return once the page answers 200. Raises `TimeoutError` after `seconds`."""
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(ClientError):
                async with client.get(page) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(PAUSE_SECONDS)
