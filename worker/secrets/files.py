"""Secrets from files: a folder with one file per secret, as Kubernetes mounts them, or one file with many.

Both notice changes by themselves: each look-up asks the file system for the file's identity and reads it again when
that has changed (Kubernetes swaps a symbolic link). The files are small and local, so they are read in place.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dotenv import dotenv_values

from worker.json_codec import JsonError, loads
from worker.secrets.provider import SecretScope

if TYPE_CHECKING:
    from yaml import YAMLError

log = logging.getLogger(__name__)

LARGEST_FILE: Final = 1 << 20
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,252}")

Identity = tuple[int, int, int, int]
"""Device, inode, time of change in nanoseconds, and size: differs when the content may differ."""


class SecretFileError(ValueError):
    """A file of secrets cannot be used; the message says which and why, and never what is in it."""


class FolderSecrets:
    """One file per secret, its name the secret's name; a line break at its end is not part of the value.

    A folder may come later; that it is not there yet is logged once.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        for folder in self._folders:
            if not folder.is_dir():
                log.warning("There is no such folder of secrets", extra={"folder": str(folder)})
        self._read: dict[Path, tuple[Identity, str | None]] = {}

    def lookup(self, name: str, scope: SecretScope) -> str | None:
        if _FILE_NAME.fullmatch(name) is None:
            return None
        for folder in self._folders:
            value = self._value(folder / name)
            if value is not None:
                return value
        return None

    def _value(self, path: Path) -> str | None:
        identity = _identity(path)
        if identity is None:
            self._read.pop(path, None)
            return None
        known = self._read.get(path)
        if known is None or known[0] != identity:
            try:
                value: str | None = _text(path).removesuffix("\n").removesuffix("\r")
            except SecretFileError as problem:
                log.warning("A secret file cannot be used", extra={"reason": str(problem)})
                value = None
            known = self._read[path] = (identity, value)
        return known[1]


class FileSecrets:
    """Many secrets in one file: JSON (`.json`), YAML (`.yaml`, `.yml`) or lines of `NAME=value`.

    Values are texts; a nested object gives names with dots. The file must be usable at the start (`SecretFileError`);
    later, while it is missing or broken, the last good content is kept and the fault is logged once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity = _identity(path)
        self._values = _parse(path)

    def lookup(self, name: str, scope: SecretScope) -> str | None:
        identity = _identity(self._path)
        if identity != self._identity:
            self._identity = identity
            self._reload()
        return self._values.get(name)

    def _reload(self) -> None:
        try:
            self._values = _parse(self._path)
        except SecretFileError as problem:
            log.warning("The file of secrets cannot be used; the last good values stay", extra={"reason": str(problem)})
        else:
            log.info("The file of secrets was read again", extra={"file": str(self._path), "count": len(self._values)})


def _identity(path: Path) -> Identity | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise SecretFileError(f"{path} is larger than {LARGEST_FILE} bytes")
        return content.decode()
    except OSError as problem:
        raise SecretFileError(f"{path} cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise SecretFileError(f"{path} is not UTF-8 text") from None


def _parse(path: Path) -> Mapping[str, str]:
    text = _text(path)
    match path.suffix.lower():
        case ".json":
            try:
                content = loads(text)
            except JsonError as problem:
                raise SecretFileError(f"{path} is not JSON: {problem}") from None
        case ".yaml" | ".yml":
            import yaml

            try:
                content = yaml.safe_load(text) or {}
            except yaml.YAMLError as problem:
                raise SecretFileError(f"{path} is not YAML{_place(problem)}") from None
        case _:
            content = dotenv_values(stream=io.StringIO(text), interpolate=False)
    if not isinstance(content, dict):
        raise SecretFileError(f"{path} holds no names with values")
    return dict(_flat(path, "", content))


def _place(problem: YAMLError) -> str:
    """Where the fault is; the parser's own message would quote the line."""
    mark = getattr(problem, "problem_mark", None)
    return "" if mark is None else f": line {mark.line + 1}, column {mark.column + 1}"


def _flat(path: Path, prefix: str, content: Mapping[Any, Any]) -> list[tuple[str, str]]:
    values: list[tuple[str, str]] = []
    for key, value in content.items():
        name = f"{prefix}{key}"
        match value:
            case str():
                values.append((name, value))
            case dict():
                values += _flat(path, f"{name}.", value)
            case _:
                raise SecretFileError(f"{path}: the value of {name} is no text; put it in quotes")
    return values
