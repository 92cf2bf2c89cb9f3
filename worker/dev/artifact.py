"""Brings the broker's archive from Maven Central, once, and unpacks it into a folder of this project.

Maven does the fetching, because it knows the machine's mirrors, proxies and checksums.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from worker.dev.java import EngineUnavailable

VERSION = "8.6.0"
COORDINATES = f"io.camunda:camunda-zeebe:{VERSION}:tar.gz"
FOLDER = f"camunda-zeebe-{VERSION}"
CACHE_VARIABLE = "ZEEBE_DOWNLOAD_CACHE"
FETCH_SECONDS = 900


def cache_folder(environ: Mapping[str, str] | None = None) -> Path:
    """`ZEEBE_DOWNLOAD_CACHE`, else `.cache/zeebe` in the project, else in the home folder of an installed package."""
    if chosen := (os.environ if environ is None else environ).get(CACHE_VARIABLE):
        return Path(chosen).absolute()
    project = Path(__file__).resolve().parents[2]
    if (project / "pyproject.toml").is_file():
        return project / ".cache" / "zeebe"
    return Path.home() / ".cache" / "rest-connector" / "zeebe"


def broker_home(cache: Path, say: Callable[[str], None] = lambda text: None) -> Path:
    """The unpacked broker, fetched when it is not there yet. Raises `EngineUnavailable`."""
    home = cache / FOLDER
    if home.is_dir():
        return home
    cache.mkdir(parents=True, exist_ok=True)
    archive = cache / f"{FOLDER}.tar.gz"
    if not archive.is_file():
        say(f"fetching {COORDINATES} with Maven (300 MB, once) into {cache}")
        fetch(archive)
    say(f"unpacking {archive.name}")
    unpack(archive, home)
    return home


def fetch(archive: Path) -> None:
    """Let Maven copy the archive; it appears under its name only when it is complete."""
    maven = shutil.which("mvn")
    if maven is None:
        raise EngineUnavailable("Maven (mvn) is not on the PATH; it fetches the broker from Maven Central")
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix="fetching-") as folder:
        command = [maven, "-q", "-B", "--strict-checksums", "dependency:copy", f"-Dartifact={COORDINATES}"]
        command += ["-Dtransitive=false", f"-DoutputDirectory={folder}"]
        try:
            done = subprocess.run(  # noqa: S603 - Maven with constant arguments
                command, capture_output=True, text=True, timeout=FETCH_SECONDS, cwd=folder, check=False
            )
        except subprocess.TimeoutExpired:
            raise EngineUnavailable(f"Maven did not bring {COORDINATES} within {FETCH_SECONDS} s") from None
        if done.returncode:
            raise EngineUnavailable(f"Maven could not bring {COORDINATES}: {(done.stdout + done.stderr)[-2000:]}")
        Path(folder, archive.name).replace(archive)


def unpack(archive: Path, home: Path) -> None:
    """Unpack beside the goal and rename, so that a half-unpacked broker is never taken for a whole one."""
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="unpacking-") as folder:
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
        except (tarfile.TarError, EOFError, OSError) as error:
            archive.unlink(missing_ok=True)
            raise EngineUnavailable(f"{archive.name} cannot be unpacked ({error}); it is removed, try again") from error
        unpacked = Path(folder, home.name)
        try:
            unpacked.rename(home)
        except OSError:
            if not home.is_dir():  # somebody else may have unpacked it at the same time
                raise
