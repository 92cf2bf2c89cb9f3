"""Name servers of the tests' own."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from worker.rest.hosts import Address


class Names:
    """Knows the names it is given, with one answer after the other, the last one again and again."""

    def __init__(self, **answers: Sequence[str]) -> None:
        self._answers = {name.replace("_", "."): list(given) for name, given in answers.items()}
        self.asked: list[str] = []

    async def look_up(self, host: str) -> list[Address]:
        """Each answer is a text of addresses, with spaces between them."""
        self.asked.append(host)
        given = self._answers.get(host)
        if not given:
            raise OSError(f"no such name: {host}")
        addresses = given.pop(0) if len(given) > 1 else given[0]
        return [ipaddress.ip_address(address) for address in addresses.split()]
