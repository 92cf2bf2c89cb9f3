"""What all groups of settings have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


def comma_list(value: Any) -> Any:
    """A text of names with commas between them becomes a list."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


CommaList = Annotated[tuple[str, ...], BeforeValidator(comma_list)]
Paths = Annotated[tuple[Path, ...], BeforeValidator(comma_list)]


class Group(BaseModel):
    """A group of settings: cannot be changed, refuses unknown names, never shows a value it could not accept."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
