import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from made_event import project

from auditor.hook.respond import Response, respond

Ask = Callable[..., object]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Where sessions are remembered in a test."""
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return project(tmp_path / "shop")


@pytest.fixture
def ask(environment: dict[str, str]) -> Ask:
    """Answer an event: the JSON of the answer, None for none; a note fails the test unless it is expected."""

    def asked(name: str, data: object, agent: str = "auto", *, note: str = "") -> object:
        found: Response = respond(name, json.dumps(data).encode(), agent=agent, environment=environment)
        assert note in found.note if note else not found.note
        return json.loads(found.output) if found.output else None

    return asked
