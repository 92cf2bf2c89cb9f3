"""Programs of Node that tests use: a folder with `package.json`, installed once into the project's cache."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.parts import leave_out, need

CACHE = Path(__file__).parents[2] / ".cache"
INSTALL_SECONDS = 300
RUN_SECONDS = 100


@dataclass(frozen=True, slots=True)
class NodeTools:
    """An installed folder with its programs."""

    folder: Path

    def run(self, program: str, *arguments: str | Path, given: Any = None) -> Any:
        """Run a program with JSON on its standard input; the JSON that it prints. A failure shows what it said."""
        done = subprocess.run(
            ["node", program, *arguments],
            cwd=self.folder,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def installed(source: Path) -> NodeTools:
    """The programs of a folder with what they need. Leaves the test out where that cannot be had."""
    need("node", "npm", reason=f"the programs of {source.name} run in Node")
    folder = CACHE / source.name
    folder.mkdir(parents=True, exist_ok=True)
    package, done = (source / "package.json").read_text(), folder / "package.json"
    if not (folder / "node_modules").is_dir() or not done.exists() or done.read_text() != package:
        done.write_text(package)
        command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"]
        try:
            subprocess.run(command, cwd=folder, check=True, timeout=INSTALL_SECONDS, capture_output=True)
        except (subprocess.SubprocessError, OSError) as problem:
            done.unlink()
            leave_out(f"npm install for {source.name} failed: {problem}")
    for file in source.iterdir():
        if file.is_file():
            shutil.copy(file, folder / file.name)
    return NodeTools(folder)
