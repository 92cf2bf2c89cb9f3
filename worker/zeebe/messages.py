"""The engine's gRPC messages: pyzeebe's generated module, without the packages around it.

`import pyzeebe` loads its worker loop, its OAuth clients and 200 modules for them, none of which is used here. The
generated module needs protobuf alone, so it is loaded from its file, under its own name: whoever imports pyzeebe in the
same process shares it.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Final

_NAME: Final = "pyzeebe.proto.gateway_pb2"


def _generated() -> ModuleType:
    if _NAME in sys.modules:
        return sys.modules[_NAME]
    package = find_spec("pyzeebe")  # finds the folder, runs nothing
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("No module named 'pyzeebe'", name="pyzeebe")
    spec = spec_from_file_location(_NAME, Path(package.submodule_search_locations[0], "proto", "gateway_pb2.py"))
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named '{_NAME}'", name=_NAME)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return sys.modules.setdefault(_NAME, module)


messages: Final[Any] = _generated()
