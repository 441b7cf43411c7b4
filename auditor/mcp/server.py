"""The server: tools and entries over standard input and output.

The low-level server of the SDK, not its FastMCP: that one reads settings from the `.env` of the current directory, which is the project's, and
makes schemas from annotations, while here they are part of what is promised.
"""

from __future__ import annotations

import itertools
import json
import logging
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import anyio
import jsonschema
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import McpError
from pydantic import AnyUrl

from auditor import __version__
from auditor.errors import GotchaAuditError, UsageError
from auditor.mcp import roots
from auditor.mcp.calls import Say
from auditor.mcp.stdio import Sink, Source, apart, taken
from auditor.mcp.tools import TOOLS, Answer, Asked, Tool
from auditor.mcp.tools.entries import SCHEME, entries, markdown, uri
from auditor.model.report import EXIT_CLEAN, EXIT_INTERRUPTED
from auditor.report.visible import cropped, visible

if TYPE_CHECKING:
    from mcp.server.session import ServerSession
    from mcp.shared.context import RequestContext

INSTRUCTIONS = """gotcha-audit finds code that passes its tests and breaks in production.
Before you say that a task is done: `scan` the project and mend what fails; results show the form that works, `explain` says why.
When production misbehaves: `search` with what is seen, then `explain`. `validate` starts the real application and observes it.
With a plan: `plan_next`, then do the work with `gotcha-audit plan red` and `plan green` at a terminal, then `plan_pass`; at the end `gate`.
A result that could not be examined is not a clean one."""
AT_ONCE = 4
"""Calls that run at a time; others wait for their turn."""
PATIENCE = 5.0
"""Seconds a client gets to name its roots."""
ENTRIES_A_PAGE = 100
_NOT_FOUND = -32002
"""Resource not found: https://modelcontextprotocol.io/specification/2025-11-25/server/resources#error-handling"""

_LONGEST_LINE = 300
_log = logging.getLogger("gotcha-audit")


def serve(root: Path | None = None) -> int:
    """Serve until the client goes away, or we are told to end; gives the exit code.

    ``root`` is the only folder that may be looked at; without it the roots of the client are, or else the current directory. Raises UsageError when
    it is no folder.
    """
    start = (root or Path.cwd()).resolve()
    if not start.is_dir():
        raise UsageError(f"{visible(str(root))} is no folder: give --root the folder that may be looked at")
    source, sink = taken()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("gotcha-audit mcp: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    return anyio.run(_serve, _Audit(start, fixed=root is not None), source, sink)


async def _serve(audit: _Audit, source: int, sink: int) -> int:
    server = audit.server
    async with anyio.create_task_group() as group:
        ended = _Ended(group.cancel_scope)
        group.start_soon(ended.by_signal)
        out = Sink(sink, gone=group.cancel_scope.cancel)
        streams = cast("anyio.AsyncFile[str]", Source(source)), cast("anyio.AsyncFile[str]", out)
        async with stdio_server(*streams) as (read, write):
            await server.run(read, write, server.create_initialization_options())
        group.cancel_scope.cancel()
    return EXIT_INTERRUPTED if ended.number == signal.SIGINT else EXIT_CLEAN


class _OneLine(logging.Formatter):
    """The first line of what is logged: the SDK prints every reason why a message is none, and traces."""

    def format(self, record: logging.LogRecord) -> str:
        return cropped(visible(super().format(record).partition("\n")[0]), _LONGEST_LINE)


class _Ended:
    """Ends the server on a signal: calls under way are stopped, and what they started with them."""

    def __init__(self, scope: anyio.CancelScope) -> None:
        self._scope = scope
        self.number: int | None = None

    async def by_signal(self) -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as numbers:
            async for number in numbers:
                self.number = self.number or number
                self._scope.cancel()


class _Audit:
    """The handlers of one session."""

    def __init__(self, start: Path, *, fixed: bool) -> None:
        self._start = start
        self._fixed = fixed
        self._named: tuple[Path, ...] | None = None
        self._turn = anyio.Semaphore(AT_ONCE)
        self.server: Server[Any, Any] = Server("gotcha-audit", version=__version__, instructions=INSTRUCTIONS)
        self.server.request_handlers |= {
            types.ListToolsRequest: self._list_tools,
            types.CallToolRequest: self._call_tool,
            types.ListResourcesRequest: self._list_resources,
            types.ListResourceTemplatesRequest: self._list_templates,
            types.ReadResourceRequest: self._read_resource,
        }
        self.server.notification_handlers[types.RootsListChangedNotification] = self._roots_changed

    # -- tools -------------------------------------------------------------------------------------------------------------------------------

    async def _list_tools(self, _: types.ListToolsRequest) -> types.ServerResult:
        return types.ServerResult(types.ListToolsResult(tools=[_listed(tool) for tool in TOOLS.values()]))

    async def _call_tool(self, request: types.CallToolRequest) -> types.ServerResult:
        tool = TOOLS.get(request.params.name)
        if tool is None:
            raise _error(types.INVALID_PARAMS, f"there is no tool {visible(request.params.name)}; there are {', '.join(TOOLS)}")
        arguments = request.params.arguments or {}
        try:
            _check(tool, arguments)
            asked = Asked(arguments=arguments, roots=await self._roots(), say=_progress(self.server.request_context))
            async with self._turn:
                answer = await tool.run(asked)
        except GotchaAuditError as error:
            return _refused(visible(str(error), keep="\n"))
        except Exception as error:  # noqa: BLE001 (the boundary: a bug of ours becomes one line for the client and one for the log)
            said = visible(f"internal error: {type(error).__name__}: {error}")
            _log.error("%s: %s, at %s", tool.name, said, _where(error))
            return _refused(f"{said}; this is a bug in gotcha-audit")
        return types.ServerResult(_answered(answer))

    # -- entries -----------------------------------------------------------------------------------------------------------------------------

    async def _list_resources(self, request: types.ListResourcesRequest | None) -> types.ServerResult:
        cursor = request.params.cursor if request is not None and request.params is not None else None
        if cursor is not None and not cursor.isdecimal():
            raise _error(types.INVALID_PARAMS, f"{visible(cursor)} is no cursor of this list: start again without one")
        first = int(cursor or 0)
        gotchas = (await self._entries()).gotchas
        following = first + ENTRIES_A_PAGE
        resources = [
            types.Resource(
                uri=AnyUrl(uri(gotcha)),
                name=gotcha.id,
                title=visible(gotcha.title),
                description=visible(gotcha.summary),
                mimeType="text/markdown",
            )
            for gotcha in gotchas[first:following]
        ]
        return types.ServerResult(types.ListResourcesResult(resources=resources, nextCursor=str(following) if following < len(gotchas) else None))

    async def _list_templates(self, _: types.ListResourceTemplatesRequest) -> types.ServerResult:
        template = types.ResourceTemplate(
            uriTemplate=f"{SCHEME}://{{stack}}/{{name}}",
            name="gotcha",
            title="A gotcha of the catalogue",
            description="What breaks in production, the code that FAILS and the code that WORKS, and why.",
            mimeType="text/markdown",
        )
        return types.ServerResult(types.ListResourceTemplatesResult(resourceTemplates=[template]))

    async def _read_resource(self, request: types.ReadResourceRequest) -> types.ServerResult:
        wanted = str(request.params.uri)
        name = wanted.removeprefix(f"{SCHEME}://")
        catalogue = await self._entries()
        try:
            gotcha = catalogue.named(name)
        except UsageError as error:
            raise _error(_NOT_FOUND, f"{visible(wanted)}: {visible(str(error))}") from error
        contents = types.TextResourceContents(uri=request.params.uri, mimeType="text/markdown", text=markdown(gotcha))
        return types.ServerResult(types.ReadResourceResult(contents=[contents]))

    async def _entries(self) -> Any:  # noqa: ANN401 (a Catalogue)
        root = (await self._roots())[0]
        try:
            return await apart(lambda: entries(root))
        except GotchaAuditError as error:
            raise _error(types.INTERNAL_ERROR, visible(str(error), keep="\n")) from error

    # -- roots -------------------------------------------------------------------------------------------------------------------------------

    async def _roots(self) -> tuple[Path, ...]:
        """Where this client may look; the client is asked once, and again when it says that its roots changed."""
        if self._fixed:
            return (self._start,)
        if self._named is None:
            self._named = await _named(self.server.request_context.session)
        return self._named or (self._start,)

    async def _roots_changed(self, _: types.RootsListChangedNotification) -> None:
        self._named = None


async def _named(session: ServerSession) -> tuple[Path, ...]:
    """The folders that the client names as its roots; none when it does not know of roots, or does not answer."""
    if not session.check_client_capability(types.ClientCapabilities(roots=types.RootsCapability())):
        return ()
    try:
        with anyio.fail_after(PATIENCE):
            listed = await session.list_roots()
    except (McpError, TimeoutError) as error:
        _log.warning("the client did not name its roots (%s)", visible(str(error)) or "no answer")
        return ()
    return roots.folders(str(root.uri) for root in listed.roots)


def _listed(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        inputSchema=dict(tool.takes),
        outputSchema=dict(tool.gives),
        annotations=types.ToolAnnotations(
            title=tool.title,
            readOnlyHint=tool.hints.reads_only,
            destructiveHint=tool.hints.destroys,
            idempotentHint=tool.hints.repeatable,
            openWorldHint=False,
        ),
    )


def _check(tool: Tool, arguments: dict[str, Any]) -> None:
    """Raise UsageError that names every argument that does not fit."""
    wrong = sorted(jsonschema.Draft202012Validator(dict(tool.takes)).iter_errors(arguments), key=lambda error: list(map(str, error.absolute_path)))
    if wrong:
        lines = [f"{'.'.join(map(str, error.absolute_path)) or 'arguments'}: {error.message[:500]}" for error in wrong[:10]]
        names = cast("dict[str, object]", tool.takes["properties"])
        raise UsageError("\n".join([*lines, f"{tool.name} takes {', '.join(names)}"]))


def _answered(answer: Answer) -> types.CallToolResult:
    """The structured content, and as text the same JSON (in ASCII, so that nothing hides in it) or what reads better."""
    text = answer.text or json.dumps(answer.content, separators=(",", ":"))
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], structuredContent=dict(answer.content), isError=False)


def _refused(message: str) -> types.ServerResult:
    return types.ServerResult(types.CallToolResult(content=[types.TextContent(type="text", text=message)], isError=True))


def _error(code: int, message: str) -> McpError:
    return McpError(types.ErrorData(code=code, message=message))


def _where(error: BaseException) -> str:
    """The file and line that raised ``error``."""
    trace, last = error.__traceback__, "?"
    while trace is not None:
        last = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return last


def _progress(context: RequestContext[ServerSession, Any, Any]) -> Say:
    """Whom to tell how far a call is: the client, when it asked to be told."""
    token = context.meta.progressToken if context.meta is not None else None
    steps = itertools.count(1)

    async def say(text: str) -> None:
        if token is not None:
            try:
                await context.session.send_progress_notification(token, next(steps), message=visible(text))
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return  # nobody listens any more; the call is about to be cancelled

    return say
