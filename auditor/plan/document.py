"""The nouns of a plan file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Status = Literal["DRAFT", "PENDING", "APPROVED", "COMPLETE", "VERIFIED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task. ``dod`` is the definition of done, one text an item; ``line`` where the task begins."""

    id: int | str
    name: str
    description: str
    dependencies: tuple[int | str, ...]
    dod: tuple[str, ...]
    files: tuple[str, ...]
    passes: bool
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan as it was read. ``data`` are its bytes, ``digest`` their SHA-256; optional blocks are plain data, {} where absent."""

    path: Path
    title: str
    status: Status
    description: str
    tasks: tuple[Task, ...]
    test_strategy: Mapping[str, object]
    framework_gotchas: object
    validation: Mapping[str, object]
    data: bytes
    digest: str
