"""Code with its line numbers, the lines that matter marked, and comments, strings and keywords set apart; and the change of a site as a diff."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from auditor.model import Change, Span
from auditor.report.html.element import Child, Html, h, lines
from auditor.report.visible import code_lines, cropped, visible

LONGEST = 600
"""Characters of a line that are shown: a minified file is one line."""

_HASH = r"#[^\n]*"
_SLASH = r"//[^\n]*|/\*[^\n]*?\*/"
_TAGGED = r"<!--[^\n]*?-->"
_COMMENTS = (
    ((".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".vue", ".svelte", ".css", ".json"), _SLASH),
    ((".html", ".htm", ".xml"), _TAGGED),
)
_REST = (
    r"(?P<string>\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?|`(?:\\.|[^`\\\n])*`?)"
    r"|(?P<word>\b(?:and|as|async|await|class|const|def|elif|else|except|export|false|False|finally|for|from|function|if|import|in|is|lambda|let|new"
    r"|None|not|null|or|raise|return|throw|true|True|try|undefined|var|while|with|yield"
    r"|FROM|RUN|CMD|ENTRYPOINT|ENV|ARG|COPY|ADD|EXPOSE|WORKDIR|USER)\b)"
    r"|(?P<number>\b\d[\w.]*)"
    r"|[A-Za-z_$][\w$]*"
)
_TOKENS = {comment: re.compile(f"(?P<comment>{comment})|{_REST}") for comment in (_HASH, _SLASH, _TAGGED)}

Piece = tuple[int, int, str]


def listing(body: str, path: str, *, first: int = 1, marked: Sequence[int] = (), span: Span | None = None, most: int = 0) -> Html:
    """The lines of ``body``, the first of which is number ``first`` of the file ``path``.

    Lines in ``marked`` are highlighted, and of the lines of ``span`` the very part. Of a long text ``most`` lines are shown.
    """
    raw = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rows = code_lines(body)
    tokens = _TOKENS[_comment(path)]
    shown = rows[:most] if most else rows
    shown_lines = [_line(first + number, row, raw[number], tokens, marked, span) for number, row in enumerate(shown)]
    left = len(rows) - len(shown)
    more = (
        h("span", h("span", class_="n"), h("span", f"… {left} more {'line' if left == 1 else 'lines'}", class_="c more"), class_="l")
        if left
        else None
    )
    return h("pre", h("code", shown_lines, more), class_="code")


def difference(change: Change) -> Html:
    """What stands there and what to write instead, as a diff; each line says by a sign, too, which it is."""
    before, after = code_lines(change.before), code_lines(change.after)
    rows = (row for row in difflib.ndiff(before, after) if not row.startswith("?")) if before else (f"+ {row}" for row in after)
    kinds = {"-": ("del", "-", "removed"), "+": ("ins", "+", "added")}
    made = []
    for row in rows:
        kind, sign, word = kinds.get(row[0], ("l", " ", ""))
        told = h("span", f"{word}: ", class_="vh") if word else None
        made.append(_row(sign, [told, cropped(row[2:], LONGEST)], f"l {kind}" if word else "l"))
    return h("pre", h("code", made), class_="code diff")


def output(body: str, *, most: int = 60, last: bool = False) -> Html:
    """What a program printed or a server answered; of a long text the first lines, or the last ones."""
    rows = code_lines(body)
    shown = rows[-most:] if last else rows[:most]
    left = len(rows) - len(shown)
    note = f"… {left} more lines"
    told = [note, *shown] if left and last else [*shown, note] if left else shown
    return h("pre", h("code", lines("\n".join(cropped(row, LONGEST) for row in told))), class_="plain")


def _comment(path: str) -> str:
    return next((comment for endings, comment in _COMMENTS if path.endswith(endings)), _HASH)


def _line(number: int, row: str, raw: str, tokens: re.Pattern[str], marked: Sequence[int], span: Span | None) -> Html:
    here = number in marked
    part = _part(number, row, raw, span) if span and here else None
    pieces = list(_split(_coloured(row[:LONGEST], tokens), part))
    content: list[Child] = [
        h("mark", text, class_=kind or None) if hit else h("span", text, class_=kind) if kind else text for text, kind, hit in pieces
    ]
    if len(row) > LONGEST:
        content.append("…")
    return _row(number, content, "l hit" if here else "l")


def _row(number: int | str, content: Child, kind: str) -> Html:
    return h("span", h("span", str(number), class_="n", aria_hidden="true"), h("span", content, Html("\n"), class_="c"), class_=kind)


def _part(number: int, row: str, raw: str, span: Span) -> tuple[int, int] | None:
    """Which characters of the printed line belong to the span; None where it is no more than a point."""
    start = _printed(raw, span.start.column) if number == span.start.line else len(row) - len(row.lstrip())
    end = _printed(raw, span.end.column) if number == span.end.line else len(row)
    return (start, min(end, LONGEST)) if number < span.end.line or end - start > 1 else None


def _printed(raw: str, column: int) -> int:
    return len(visible(raw[: column - 1].expandtabs(4)))


def _coloured(row: str, tokens: re.Pattern[str]) -> Iterator[tuple[str, str, int]]:
    """The line in parts: text, what it is, where it begins."""
    end = 0
    for found in tokens.finditer(row):
        kind = found.lastgroup
        if kind is None:
            continue
        if found.start() > end:
            yield row[end : found.start()], "", end
        yield found[0], f"t{kind[0]}", found.start()
        end = found.end()
    if end < len(row):
        yield row[end:], "", end


def _split(parts: Iterator[tuple[str, str, int]], hit: tuple[int, int] | None) -> Iterator[tuple[str, str, bool]]:
    """The same parts, cut where the marked part begins and ends."""
    low, high = hit or (0, 0)
    for text, kind, at in parts:
        cuts = sorted({0, len(text), *(cut - at for cut in (low, high) if 0 < cut - at < len(text))})
        for start, stop in pairwise(cuts):
            yield text[start:stop], kind, low <= at + start < high
