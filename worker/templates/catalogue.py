"""Which element templates there are for the job types of the worker: ours, and every version of Camunda's.

Camunda's versions and the engines they are for: contract 11.1.
"""

from __future__ import annotations

import re
from typing import Final

Versions = dict[int, str]
"""The lowest engine, such as "8.6", by version of a template; "" for any."""

NATIVE_TYPE: Final = "rest-connector"
CAMUNDA_TYPE: Final = "io.camunda:http-json:1"

NATIVE_ID: Final = "rest-connector.v1"
PROFILE_ID: Final = "rest-connector.profile.v1"
COMPATIBLE_ID: Final = "rest-connector.camunda.v1"
CAMUNDA_ID: Final = "io.camunda.connectors.HttpJson.v2"

NATIVE_VERSION: Final = 1
PROFILE_VERSION: Final = 1
COMPATIBLE_VERSION: Final = 1

_CAMUNDA: Final[Versions] = {
    0: "",
    1: "8.2",
    2: "8.2",
    3: "8.2",
    4: "8.2",
    5: "8.4",
    6: "8.5",
    7: "8.5",
    8: "8.6",
    10: "8.3",
    11: "8.3",
    12: "8.3",
    13: "8.9",
    14: "8.10",
    15: "8.10",
    16: "8.10",
    17: "8.10",
}

KNOWN: Final[dict[str, Versions]] = {
    NATIVE_ID: dict.fromkeys(range(1, NATIVE_VERSION + 1), "8.3"),
    PROFILE_ID: dict.fromkeys(range(1, PROFILE_VERSION + 1), "8.3"),
    COMPATIBLE_ID: dict.fromkeys(range(1, COMPATIBLE_VERSION + 1), "8.3"),
    CAMUNDA_ID: _CAMUNDA,
    f"{CAMUNDA_ID}-hybrid": _CAMUNDA,
}

REPLACED: Final = {
    f"io.camunda.connectors.HttpJson.v1.{kind}": CAMUNDA_ID for kind in ("noAuth", "basicAuth", "bearerToken")
}
"""Templates that another one took the place of."""


def newest_for(versions: Versions, platform: str | None) -> int:
    """The newest version for an engine, such as "8.6.0"; without one, the newest of all."""
    engine = _numbers(platform) if platform else ()
    fitting = [version for version, lowest in versions.items() if not engine or _numbers(lowest) <= engine]
    return max(fitting or versions)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
