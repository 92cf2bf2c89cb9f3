"""What to do about the answer of a gateway: one table from status names to the three reactions of `worker.errors`."""

from __future__ import annotations

import re
from typing import Final

from worker.errors import GatewayBroken, GatewayBusy, GatewayError, GatewayRefused

# One that is not listed is as good as an outage: ask again.
REACTIONS: Final[dict[str, type[GatewayError]]] = {
    "NOT_FOUND": GatewayRefused,
    "FAILED_PRECONDITION": GatewayRefused,
    "INVALID_ARGUMENT": GatewayBroken,
    "OUT_OF_RANGE": GatewayBroken,
    "UNIMPLEMENTED": GatewayBroken,
    "ALREADY_EXISTS": GatewayBroken,
}

# A message over a size limit arrives with the status of an overload or a defect, but sending it again cannot help.
_TOO_LARGE: Final = re.compile(r"larger than max|exceeds? (the )?max|max\w*\s*message\s*size", re.IGNORECASE)
_MAY_BE_TOO_LARGE: Final = frozenset({"RESOURCE_EXHAUSTED", "INTERNAL"})


def gateway_error(code: str, details: str) -> GatewayError:
    """The error for a status name and the gateway's words."""
    if code in _MAY_BE_TOO_LARGE and _TOO_LARGE.search(details):
        return GatewayBroken("RESOURCE_EXHAUSTED", details)
    return REACTIONS.get(code, GatewayBusy)(code, details)
