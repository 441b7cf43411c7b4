"""A client of the server, made with the SDK's own: a real process, and its standard input and output."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import jsonschema
import psutil
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import ClientSession, StdioServerParameters, types
from mcp.client.stdio import stdio_client
from pydantic import FileUrl

CHECKOUT = Path(__file__).parent.parent.parent
SAMPLE = CHECKOUT / "fixtures" / "projects" / "sample-flask-react"
SHOP = CHECKOUT / "fixtures" / "projects" / "planned-shop"
SERVER = (sys.executable, "-m", "auditor", "mcp")


def environment(**more: str) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_"))}
    return {**mine, "PYTHONPATH": str(CHECKOUT), **more}


class Client:
    """Calls of one session, one after the other."""

    def __init__(self, portal: BlockingPortal, session: ClientSession, log: Path) -> None:
        self.portal, self.session, self._log = portal, session, log
        self.tools: dict[str, types.Tool] = {tool.name: tool for tool in portal.call(session.list_tools).tools}

    def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        """What a tool gives; it must fit the schema that the tool promises."""
        result = self.raw(name, **arguments)
        assert not result.isError, result.content
        assert result.structuredContent is not None
        jsonschema.validate(result.structuredContent, self.tools[name].outputSchema)
        return result.structuredContent

    def refused(self, name: str, **arguments: Any) -> str:
        """The text of an error, which is all that there is of it."""
        result = self.raw(name, **arguments)
        assert result.isError
        assert result.structuredContent is None
        (content,) = result.content
        assert isinstance(content, types.TextContent)
        assert "Traceback" not in content.text
        return content.text

    def raw(self, name: str, **arguments: Any) -> types.CallToolResult:
        return self.portal.call(self.session.call_tool, name, arguments)

    @property
    def logged(self) -> str:
        return self._log.read_text()


@contextlib.contextmanager
def connected(
    log: Path, *words: str, cwd: Path | None = None, roots: Sequence[Path] | None = None, more: Mapping[str, str] | None = None
) -> Iterator[Client]:
    """A server, started and greeted; ``log`` gets its standard error."""

    async def listed(_: object) -> types.ListRootsResult:
        return types.ListRootsResult(roots=[types.Root(uri=FileUrl(root.as_uri())) for root in roots or ()])

    parameters = StdioServerParameters(command=SERVER[0], args=[*SERVER[1:], *words], cwd=cwd, env=environment(**(more or {})))
    with start_blocking_portal() as portal, log.open("w") as errors, portal.wrap_async_context_manager(stdio_client(parameters, errors)) as streams:
        session = ClientSession(*streams, list_roots_callback=listed if roots is not None else None)
        with portal.wrap_async_context_manager(session):
            portal.call(session.initialize)
            yield Client(portal, session, log)


class Wire:
    """The server as a process, and messages as they are on the wire."""

    def __init__(self, *words: str, cwd: Path, more: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [*SERVER, *words], cwd=cwd, env=environment(**(more or {})), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.send(
            id=0,
            method="initialize",
            params={"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "wire", "version": "1"}},
        )
        assert self.read()["result"]["serverInfo"]["name"] == "gotcha-audit"
        self.send(method="notifications/initialized")

    def send(self, **message: Any) -> None:
        self.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")

    def write(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def call(self, number: int, tool: str, **arguments: Any) -> None:
        self.send(id=number, method="tools/call", params={"name": tool, "arguments": arguments})

    def started(self, least: int) -> list[psutil.Process]:
        """Everything that the server has started, when it is as many."""
        return until(lambda: found if len(found := psutil.Process(self.process.pid).children(recursive=True)) >= least else [])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(OSError):
                stream.close()


def until(look: Any, seconds: float = 20.0) -> Any:
    """What ``look`` gives as soon as it gives something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)
    return found


def gone(processes: list[psutil.Process], seconds: float = 10.0) -> bool:
    """Whether all of them end."""

    def ended(process: psutil.Process) -> bool:
        try:
            return process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    return bool(until(lambda: all(map(ended, processes)), seconds))
