"""Exceptions and errors in what an application printed, each as one event, and the request that it belongs to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from auditor.processes.output import Line
from auditor.runtime.client import Exchange

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_EARLY = 0.005
_LATE = 0.05
"""Seconds that a line may take to arrive: servers such as uvicorn print an exception after its answer is sent."""
_LATEST = 0.5
"""The same on a machine that is busy, where nothing nearer explains the line."""
_LONGEST = 200
_MESSAGE = 30
"""Lines that the message of one exception may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One exception with all that belongs to it. ``kind`` is the language or server, ``headline`` the line that says what happened.

    ``chain`` are the lines of all exceptions in it, causes included; ``where`` the innermost frame; ``about`` method ("" if it is not said) and path
    where the log names the request itself. ``begins`` and ``ends`` are `time.time()`.
    """

    kind: str
    headline: str
    chain: tuple[str, ...]
    lines: tuple[str, ...]
    begins: float
    ends: float
    where: str = ""
    about: tuple[str, str] | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """The same for two of which one is enough: numbers and addresses in memory differ between them."""
        return self.kind, re.sub(r"0x[0-9a-fA-F]+|\d+", "#", self.headline), self.where


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a reader took: lines up to ``end``, exclusive."""

    end: int
    kind: str
    chain: tuple[str, ...]
    headline: str
    where: str = ""


_Reader = Callable[[Sequence[str], int], _Found | None]


def traces(lines: Iterable[Line]) -> tuple[Trace, ...]:
    """Every event in ``lines``, in the order in which they began; each stream is read for itself. Raises nothing, in linear time."""
    streams: dict[str, list[Line]] = {}
    for line in lines:
        streams.setdefault(line.stream, []).append(line)
    found = [trace for each in streams.values() for trace in _read(each)]
    return tuple(sorted(found, key=lambda trace: trace.begins))


def requests(trace: Trace, exchanges: Iterable[Exchange]) -> tuple[Exchange, ...]:
    """The requests that ``trace`` may belong to, likeliest first; more than one where nothing tells them apart.

    Those under way when it was printed; of these the one that the log names, else those that were answered with a failure of the server.
    """
    begun = [each for each in exchanges if each.started - _EARLY <= trace.begins <= each.ended + _LATEST]
    if trace.about:
        method, path = trace.about
        begun = [each for each in begun if method in ("", each.method) and each.path.split("?")[0] == path.split("?")[0]]
    near = [each for each in begun if trace.begins <= each.ended + _LATE] or sorted(begun, key=lambda each: each.ended)[-1:]
    near = [each for each in near if each.status >= 500 or not each.status] or near
    ranked = sorted(near, key=lambda each: max(each.started - trace.begins, trace.begins - each.ended, 0.0))
    return tuple({str(each): each for each in reversed(ranked)}.values())[::-1]


def _read(lines: Sequence[Line]) -> Iterable[Trace]:
    texts = [_ANSI.sub("", line.text).rstrip() for line in lines]
    place = free = 0
    while place < len(texts):
        found = next((found for reader in _READERS if (found := reader(texts, place))), None)
        if found is None:
            place += 1
            continue
        yield Trace(
            kind=found.kind,
            headline=_short(found.headline),
            chain=found.chain,
            lines=tuple(texts[place : found.end]),
            begins=lines[place].time,
            ends=lines[found.end - 1].time,
            where=found.where,
            about=_about(texts[max(free, place - 2) : place + 1]),
        )
        place = free = found.end


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


_ABOUT = re.compile(
    r"(?:Exception on|Error handling request|Internal Server Error:) (?P<path>/\S*)(?: \[(?P<method>[A-Z]{3,7})\])?"
    r"|(?:request: \"|Uncaught exception )(?P<verb>[A-Z]{3,7}) (?P<target>/\S*)"
)
"""Flask, gunicorn and aiohttp, Django; nginx, Tornado."""


def _about(before: Iterable[str]) -> tuple[str, str] | None:
    """The request that the lines just before, or the first line, name."""
    for text in reversed(list(before)):
        if found := _ABOUT.search(text):
            return found["method"] or found["verb"] or "", found["path"] or found["target"]
    return None


# -- Python --------------------------------------------------------------------------------------------------------------------------

_PYTHON = "Traceback (most recent call last):"
_CHAINED = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)
"""https://docs.python.org/3/library/traceback.html"""
_GROUP = re.compile(r"\s*[|+]")
_GROUP_HEAD = re.compile(r"[\s|]*\| (?P<head>[A-Za-z_][\w.]*(?:: .*)?)$")
_FRAME = re.compile(r"\s*(File \"[^\"]*\", line \d+(?:, in .*)?)")


def _python(texts: Sequence[str], at: int) -> _Found | None:
    column = texts[at].find(_PYTHON)
    if column < 0:
        return None
    if "\\n" in texts[at][column:]:
        return _in_json(texts[at], at)
    if _GROUP.match(texts[at]):
        return _group(texts, at)
    # A supervisor may put its own words before each line; a logger does so before the first alone.
    column = column if at + 1 < len(texts) and texts[at + 1][column:].startswith("  File ") else 0
    chain: list[str] = []
    where, place = "", at
    while True:
        place += 1
        while place < len(texts) and texts[place][column:].startswith((" ", "\t")):
            if frame := _FRAME.match(texts[place][column:]):
                where = frame[1]
            place += 1
        if place >= len(texts):
            break
        head = texts[place][column:]
        if not re.match(r"[A-Za-z_][\w.<>]*(?::|$)", head):
            break  # another process wrote in between
        chain.append(head)
        place += 1
        linked = _linked(texts, place, column)
        if linked < 0:
            break
        place = linked
    headline = chain[-1] if chain else "a traceback that is cut short"
    return _Found(end=max(place, at + 1), kind="Python", chain=tuple(chain), headline=headline, where=where)


def _linked(texts: Sequence[str], place: int, column: int) -> int:
    """Where the traceback of the next exception in a chain begins, -1 when there is none; messages may have several lines."""
    for number in range(place, min(place + _MESSAGE, len(texts))):
        text = texts[number][column:]
        if text in _CHAINED:
            following = next((at for at in range(number + 1, min(number + 3, len(texts))) if texts[at][column:] == _PYTHON), -1)
            return following if following >= 0 else -1
        if _PYTHON in text:
            return -1
    return -1


def _group(texts: Sequence[str], at: int) -> _Found:
    """An exception group: what it holds says more than the group itself. https://docs.python.org/3/tutorial/errors.html#exception-groups"""
    place, where = at + 1, ""
    heads: list[str] = []
    while place < len(texts) and _GROUP.match(texts[place]):
        if head := _GROUP_HEAD.match(texts[place]):
            heads.append(head["head"])
        elif frame := _FRAME.match(texts[place].lstrip(" |+")):
            where = frame[1]
        place += 1
    return _Found(end=place, kind="Python", chain=tuple(heads), headline=heads[-1] if heads else "an exception group", where=where)


def _in_json(text: str, at: int) -> _Found:
    """A traceback as a value of a line of JSON, the last of its lines being the exception."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    values = value.values() if isinstance(value, dict) else ()
    body = next((each for each in values if isinstance(each, str) and _PYTHON in each), text[text.find(_PYTHON) :].replace("\\n", "\n"))
    inner = [line for line in body.splitlines() if line.strip()]
    heads = tuple(line for line in inner[1:] if re.match(r"[A-Za-z_][\w.<>]*(?::|$)", line))
    where = next((frame[1] for line in reversed(inner) if (frame := _FRAME.match(line))), "")
    return _Found(end=at + 1, kind="Python", chain=heads, headline=heads[-1] if heads else "a traceback that is cut short", where=where)


# -- Node, Java, .NET: a headline and lines of `at …` ---------------------------------------------------------------------------------

_AT = re.compile(r"\s+at .*(?::\d+\)?|\)|<anonymous>|:line \d+)(?: \{)?$")
_AT_HEAD = re.compile(
    r"(?:^|(?<=[\s:(\[]))(?P<head>(?:[\w$]+\.)*[\w$]*(?:Error|Exception|Throwable|UnhandledPromiseRejection(?:Warning)?)\b(?:[:. ].*)?)$"
)
_AT_WORDS = ("Error", "Exception", "Throwable", "UnhandledPromiseRejection")
_NAMED = re.compile(r"[A-Z][\w$]*: ")
_NOT_ERRORS = re.compile(r"Trace(?:: |$)|\(node:\d+\) (?!.*UnhandledPromiseRejection)|.*\b\w+Warning: (?<!UnhandledPromiseRejectionWarning: )")
_WITHIN = re.compile(r"(?:\s*Caused by: |\s*Suppressed: |\s+\.\.\. |\s*--->? |\s*--- End of )")
_REPEATED = "UnhandledPromiseRejectionWarning: Unhandled promise rejection."
_JAVA = re.compile(r"\s+at [\w.$/<>@-]+\([\w$ -]+(?:\.(?:java|kt|scala|groovy|clj))?(?::\d+)?\)$")
_DOT_NET = re.compile(r"\s+at [\w.<>`\[\]+|]+\(")


def _at(texts: Sequence[str], at: int) -> _Found | None:
    """`Error: …` and lines of `    at …`: https://nodejs.org/api/errors.html#errorstack"""
    text = texts[at]
    head = _AT_HEAD.search(text) if any(word in text for word in _AT_WORDS) else None
    if not head and not _NAMED.match(text):
        return None
    place = _first_frame(texts, at)
    if _NOT_ERRORS.match(text):
        return None
    if place < 0:
        if head and head["head"].startswith("UnhandledPromiseRejection") and _REPEATED not in text:
            return _Found(end=at + 1, kind="Node", chain=(head["head"],), headline=head["head"])
        return None
    if not head and place > at + 1:
        return None
    headline = head["head"] if head else text
    chain, where = [headline], texts[place].strip().removesuffix(" {")
    kind = "Java" if _JAVA.match(texts[place]) else "Node" if _NODE.search(texts[place]) or not _DOT_NET.match(texts[place]) else ".NET"
    opened = False
    while place < len(texts):
        text = texts[place]
        if _AT.match(text):
            opened = opened or text.endswith(" {")
        elif _WITHIN.match(text):
            if "Caused by: " in text:
                chain.append(text.split("Caused by: ", 1)[1])
        elif opened and not text.startswith((" ", "\t", "}")):
            break
        elif opened:
            if "[cause]: " in text:
                chain.append(text.split("[cause]: ", 1)[1])
            if text.startswith("}"):
                place += 1
                break
        else:
            break
        place += 1
    return _Found(end=place, kind=kind, chain=tuple(chain), headline=headline, where=where)


_NODE = re.compile(r"(?::\d+:\d+\)?|<anonymous>\)?)(?: \{)?$")


def _first_frame(texts: Sequence[str], at: int) -> int:
    """Where the lines of `at …` begin, -1 when none belong to the line ``at``; the message may have several lines."""
    for place in range(at + 1, min(at + _MESSAGE, len(texts))):
        if _AT.match(texts[place]):
            return place
        if not texts[place] or _AT_HEAD.match(texts[place]) or _PYTHON in texts[place]:
            return -1
    return -1


def _thrown(texts: Sequence[str], at: int) -> _Found | None:
    """Node, when what was thrown is no Error and has no stack."""
    if at + 1 < len(texts) and texts[at] and texts[at + 1].startswith("(Use `node --trace-uncaught ...` to show where the exception was thrown)"):
        return _Found(end=at + 2, kind="Node", chain=(texts[at],), headline=f"Uncaught {texts[at]}")
    return None


# -- Go, Rust, PHP, nginx, gunicorn ---------------------------------------------------------------------------------------------------

_PANIC = re.compile(r"(?P<served>.*\bhttp: panic serving \S+: )?(?:(?:panic|fatal error): )?(?P<text>.*)")
_GO_LINE = re.compile(r"goroutine \d+ \[|\t|\S+\(.*\)$|created by |\[signal |exit status |panic: |$")


def _go(texts: Sequence[str], at: int) -> _Found | None:
    """https://pkg.go.dev/runtime#hdr-Environment_Variables (GOTRACEBACK), https://pkg.go.dev/net/http#Handler"""
    text = texts[at]
    served = "http: panic serving " in text
    if not served and not text.startswith(("panic: ", "fatal error: ")):
        return None
    first = next((place for place in range(at + 1, min(at + _MESSAGE, len(texts))) if re.match(r"goroutine \d+ \[", texts[place])), -1)
    if first < 0 and not served:
        return None
    found = _PANIC.match(text)
    assert found is not None
    place = max(first, at + 1)
    where = ""
    while place < len(texts) and _GO_LINE.match(texts[place]):
        if not where and texts[place].startswith("\t") and "/runtime/" not in texts[place] and "/net/http/" not in texts[place]:
            where = texts[place].strip().split(" +0x")[0]
        place += 1
    headline = f"panic: {found['text']}" if served or text.startswith("panic: ") else text
    return _Found(end=place, kind="Go", chain=(headline,), headline=headline, where=where)


_RUST = re.compile(r"thread '[^']*'(?: \(\d+\))? panicked at (?:'(?P<old>.*)', (?P<then>\S+)|(?P<now>\S+:\d+:\d+):)$")

_RUST_LINE = re.compile(r"stack backtrace:|\s+\d+: |\s+at |note: ")


def _rust(texts: Sequence[str], at: int) -> _Found | None:
    """https://doc.rust-lang.org/std/macro.panic.html"""
    found = _RUST.search(texts[at])
    if not found:
        return None
    message = found["old"] if found["old"] is not None else texts[at + 1] if at + 1 < len(texts) else ""
    headline = f"panicked: {message}"
    place = min(at + 1 + (found["old"] is None), len(texts))
    while place < len(texts) and _RUST_LINE.match(texts[place]):
        place += 1
    return _Found(end=place, kind="Rust", chain=(headline,), headline=headline, where=found["then"] or found["now"])


_PHP = re.compile(r"(?:PHP |^)(?P<text>(?:Fatal error|Parse error|Recoverable fatal error): +.*)")
_PHP_LINE = re.compile(r"(?:PHP |NOTICE: PHP message: )?(?:Stack trace:|#\d+ | +thrown in )|PHP +(?:\d+\. |Stack trace:)")


def _php(texts: Sequence[str], at: int) -> _Found | None:
    """https://www.php.net/manual/en/errorfunc.constants.php"""
    found = _PHP.search(texts[at]) if "error:" in texts[at] else None
    if not found:
        return None
    place = at + 1
    while place < len(texts) and _PHP_LINE.match(texts[place]):
        place += 1
    headline = " ".join(found["text"].split())
    return _Found(end=place, kind="PHP", chain=(headline,), headline=headline)


_NGINX = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[(?:error|crit|alert|emerg)\] \d+#\d+: (?:\*\d+ )?(?P<text>.*)")
_NOT_THERE = re.compile(r"\((?:2: No such file or directory|20: Not a directory)\)")


def _nginx(texts: Sequence[str], at: int) -> _Found | None:
    """https://nginx.org/en/docs/ngx_core_module.html#error_log; that a file is missing is a plain answer 404, which others judge."""
    found = _NGINX.match(texts[at])
    if not found or (_NOT_THERE.search(found["text"]) and ", request: " in found["text"]):
        return None
    headline = found["text"].split(", client: ")[0]
    return _Found(end=at + 1, kind="nginx", chain=(found["text"],), headline=headline)


_GUNICORN = re.compile(r"\[(?:CRITICAL|ERROR)\] (?P<text>WORKER TIMEOUT \(pid:\d+\)|Worker \(pid:\d+\) was sent SIG(?:KILL|SEGV|ABRT|BUS)!.*)")


def _gunicorn(texts: Sequence[str], at: int) -> _Found | None:
    """https://docs.gunicorn.org/en/stable/settings.html#timeout"""
    found = _GUNICORN.search(texts[at])
    return _Found(end=at + 1, kind="gunicorn", chain=(found["text"],), headline=found["text"]) if found else None


_READERS: tuple[_Reader, ...] = (_python, _nginx, _gunicorn, _go, _rust, _php, _at, _thrown)
