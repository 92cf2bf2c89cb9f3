"""The media type that a file name suggests.

The tables of Python's `mimetypes` are used without the operating system's files, which differ from machine to
machine; where the original (Java's table) names another type, it is given here.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import Final

UNKNOWN: Final = "application/octet-stream"

_AS_IN_JAVA: Final = {
    ".7z": "application/x-7z-compressed",
    ".bz2": "application/bz2",
    ".cc": "text/plain",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".gz": "application/gzip",
    ".jar": "application/java-archive",
    ".java": "text/plain",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".php": "text/php",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".rar": "application/vnd.rar",
    ".rtf": "application/rtf",
    ".webp": "image/webp",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/xml",
}


def type_of_name(file_name: str | None) -> str:
    """The type of the last extension, whatever its case; `application/octet-stream` when it is unknown or missing."""
    extension = PurePosixPath(file_name or "").suffix.lower()
    return _AS_IN_JAVA.get(extension) or _types().get(extension, UNKNOWN)


@cache
def _types() -> Mapping[str, str]:
    return mimetypes.MimeTypes(filenames=()).types_map[True]
