"""pyzeebe's generated messages and stub, without the packages around them.

`import pyzeebe` also loads its worker loop, its OAuth client and 250 modules for them, none of which is used here. So
while the two generated modules are imported, bare packages stand in for the two that hold them. They go again at once:
whoever imports pyzeebe later gets all of it, with these same modules in it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyzeebe.proto import gateway_pb2 as messages
    from pyzeebe.proto.gateway_pb2_grpc import GatewayStub
else:

    def _stand_ins() -> dict[str, ModuleType]:
        package = find_spec("pyzeebe")  # looks for it, runs nothing
        if package is None:
            raise ModuleNotFoundError("No module named 'pyzeebe'", name="pyzeebe")
        folder = Path(package.origin).parent
        found = {"pyzeebe": ModuleType("pyzeebe"), "pyzeebe.proto": ModuleType("pyzeebe.proto")}
        found["pyzeebe"].__path__, found["pyzeebe.proto"].__path__ = [str(folder)], [str(folder / "proto")]
        return found

    _standing_in = {} if "pyzeebe" in sys.modules else _stand_ins()
    sys.modules.update(_standing_in)
    try:
        messages = import_module("pyzeebe.proto.gateway_pb2")
        GatewayStub = import_module("pyzeebe.proto.gateway_pb2_grpc").GatewayStub
    finally:
        for _name in _standing_in:
            del sys.modules[_name]

__all__ = ["GatewayStub", "messages"]
