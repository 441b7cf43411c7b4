"""``cwd``: the application started from another directory, and its answers compared."""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from auditor.model import Evidence, Severity
from auditor.runtime.checks.started import tail
from auditor.runtime.client import Client, Exchange
from auditor.runtime.ready import wait_until_ready
from auditor.runtime.scene import Scene
from auditor.runtime.seen import Seen, Sign, failed, passed, skipped

_SHELL = re.compile(r"[;&|<>`\n(){}*?~]|\$\(")
_SHELLS = frozenset({"sh", "bash", "dash"})


def cwd(scene: Scene) -> Iterable[Seen]:
    """Start it in an empty directory, with the way to its modules told, and ask again for every page, asset and endpoint."""
    words = moved(scene.target.start.words, scene.application.folder)
    before = _answers(scene)
    if words is None:
        yield skipped("another directory", "the command is a script that chooses the directory itself")
        return
    if not before:
        yield skipped("another directory", "there is no page and no endpoint whose answers could be compared")
        return
    with (
        tempfile.TemporaryDirectory(prefix="gotcha-audit-") as empty,
        scene.again(words=words, folder=Path(empty), environment=_modules(scene)) as application,
    ):
        readiness = wait_until_ready(application, scene.target.start.ready)
        if readiness.state != "ready" or readiness.listener is None:
            yield skipped("another directory", f"it cannot be started from another directory: {_why(application.lines) or readiness.missing}")
            return
        client = Client(readiness.address, readiness.listener.port, host=scene.client.host, https=scene.client.https)
        try:
            after = {path: client.get(path) for path in before}
        finally:
            client.close()
        evidence = tail(application.lines, 20)
    differing = [path for path in before if _verdict(before[path]) != _verdict(after[path])]
    if not differing:
        yield passed("another directory", f"{len(before)} answers are the same when it is started from another directory")
        return
    shown = "\n".join(f"GET {path}: {before[path].answer} -> {after[path].answer}" for path in differing[:20])
    first = differing[0]
    yield failed(
        f"GET {first}",
        f"GET {first} gives {before[first].answer} when it is started in {_shown(scene)}, and {after[first].answer} from another directory: "
        "something is looked for relative to the directory of the start",
        expected=before[first].answer,
        observed=after[first].answer,
        evidence=(Evidence(kind="output", title="answers that differ", body=shown, truncated=len(differing) > 20), *evidence),
        signs=tuple(dict.fromkeys((Sign(kind="check"), *(Sign(kind="http", status=after[path].status, on=_on(scene, path)) for path in differing)))),
        severity=Severity.WARNING,
    )


def moved(words: Sequence[str], folder: Path) -> tuple[str, ...] | None:
    """The command so that it works from elsewhere: files of ``folder`` named by their whole path. None for a shell script."""
    words = tuple(words)
    if Path(words[0]).name in _SHELLS and len(words) > 2 and words[1] == "-c":
        text = words[2]
        if _SHELL.search(text) or re.search(r"(?:^|\s)cd\s", text):
            return None
        try:
            parts = shlex.split(text)
        except ValueError:
            return None
        shown = [str(folder / part) if _is_file(folder, part) else None for part in parts]
        if not any(shown):
            return words
        if "$" in text:  # what is quoted anew would not be expanded any more
            text = " ".join(shlex.quote(path) if path else part for path, part in zip(shown, parts, strict=True))
        else:
            text = shlex.join(path or part for path, part in zip(shown, parts, strict=True))
        return (words[0], "-c", text, *words[3:])
    if Path(words[0]).name in _SHELLS or words[0].endswith(".sh"):
        return None
    return tuple(str(folder / word) if _is_file(folder, word) else word for word in words)


def _is_file(folder: Path, word: str) -> bool:
    if word.startswith(("-", "/")) or not word:
        return False
    try:
        return (folder / word).is_file()
    except (OSError, ValueError):
        return False


def _modules(scene: Scene) -> dict[str, str]:
    folder = str(scene.application.folder)
    earlier = scene.application.environment.get("PYTHONPATH", "")
    return {"PYTHONPATH": f"{folder}{os.pathsep}{earlier}" if earlier else folder}


def _answers(scene: Scene) -> dict[str, Exchange]:
    """What was answered to plain requests, by path; page and assets first."""
    found: dict[str, Exchange] = {}
    for page in scene.pages:
        found[(page.exchange.hops[0] if page.exchange.hops else page.exchange).path] = page.exchange
        found |= page.assets
    paths = [endpoint.path for endpoint in (scene.target.health, *scene.target.endpoints) if endpoint is not None and endpoint.method == "GET"]
    asked = {exchange.path: exchange for exchange in reversed(scene.client.exchanges) if exchange.method == "GET" and not exchange.carried}
    return {path: exchange for path, exchange in {**found, **{path: asked[path] for path in paths if path in asked}}.items() if exchange.status}


def _verdict(exchange: Exchange) -> tuple[int, str]:
    return exchange.status, exchange.type


def _on(scene: Scene, path: str) -> str:
    if any(path in page.assets for page in scene.pages):
        return "asset"
    return "page" if any(path == page.endpoint.path for page in scene.pages) else "api"


def _shown(scene: Scene) -> str:
    return str(scene.target.start.folder) if scene.target.start.folder.parts else "its own directory"


def _why(lines: Sequence[object]) -> str:
    texts = [str(getattr(line, "text", "")).strip() for line in lines]
    return next((text for text in reversed(texts) if re.match(r"(?:\w+\.)*\w*(?:Error|Exception)\b", text)), "")[:200]
