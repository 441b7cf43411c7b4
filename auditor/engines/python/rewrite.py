"""The WORKS form for the very site: the text of the site with parts of it replaced, everything else as it is written."""

from __future__ import annotations

import ast
import sys
import textwrap
from collections.abc import Mapping
from itertools import accumulate

from auditor.engines.templates import fill
from auditor.model import Change, Edit, Position, Safety
from auditor.project.python.frame import Frame
from auditor.project.python.module import Module


def written(module: Module, node: ast.AST) -> str:
    """The source text of a node. Before Python 3.12 what stands in an f-string has no place of its own, and is written anew."""
    return module.source(node) if _placed(module, node) else ast.unparse(node)


def rewritten(frame: Frame, suggest: Mapping[str, str], bindings: Mapping[str, str]) -> Change | None:
    """The site as an entry suggests it, or None when nothing is suggested or nothing would change.

    ``suggest`` maps ``site`` (all of it), ``$X`` (what a metavariable is bound to) or ``keyword=`` (an argument, added when it is not there) to
    a text with metavariables in it. An expression in place gets an edit; where the suggestion is no Python, it is shown as it is.
    """
    if not suggest:
        return None
    module, site = frame.module, frame.node
    before = written(module, site)
    if "site" in suggest:
        after = fill(suggest["site"], bindings)
    else:
        replaced: list[tuple[ast.AST, str]] = []
        added: list[tuple[str, str]] = []
        for key, template in suggest.items():
            text = fill(template, bindings)
            if not _is_expression(text):
                return Change(title="", safety=Safety.UNSAFE, before=before, after=text)
            target = frame.of(key)
            if target is not None:
                replaced.append((target, text))
            elif key.endswith("="):
                added.append((key[:-1], text))
        if not _placed(module, site):
            return None
        after = _replaced(module, site, replaced)
        if added and isinstance(site, ast.Call):
            after = _with_keywords(after, added)
    if after == before:
        return None
    span = frame.place().span
    edits: tuple[Edit, ...] = ()
    if isinstance(site, ast.expr) and span is not None and "\n" not in after:
        edits = (Edit(path=module.path, span=span, text=after),)
    return Change(title="", safety=Safety.UNSAFE, before=textwrap.dedent(before), after=textwrap.dedent(after), edits=edits)


def _placed(module: Module, node: ast.AST) -> bool:
    """Whether the place of a node is where it stands."""
    if sys.version_info >= (3, 12):
        return True
    return not isinstance(node, ast.FormattedValue) and not any(isinstance(parent, ast.JoinedStr) for _, parent in module.ancestors(node))


def _is_expression(text: str) -> bool:
    try:
        ast.parse(f"({text}\n)", mode="eval")
    except (SyntaxError, ValueError):
        return False
    return True


def _replaced(module: Module, site: ast.AST, replaced: list[tuple[ast.AST, str]]) -> str:
    """The text of the site with parts of it replaced; a part that lies in another one, or outside, is left."""
    whole = module.span(site)
    assert whole is not None
    text = module.source(site)
    spans = [(span, new) for node, new in replaced if (span := module.span(node)) is not None]
    last = len(text)
    for span, new in sorted(spans, key=lambda pair: pair[0].start, reverse=True):
        start, end = _offset(text, whole.start, span.start), _offset(text, whole.start, span.end)
        if 0 <= start <= end <= last:
            text = text[:start] + new + text[end:]
            last = start
    return text


def _offset(text: str, start: Position, position: Position) -> int:
    """Where a position of the file lies in a text that starts at ``start``; -1 when it lies before."""
    if position < start:
        return -1
    offset = 0
    for _ in range(position.line - start.line):
        offset = text.find("\n", offset) + 1
        if not offset:
            return -1
    return offset + position.column - (start.column if position.line == start.line else 1)


def _with_keywords(call: str, added: list[tuple[str, str]]) -> str:
    """A call with keyword arguments added behind the others, on a line of their own where the others have one."""
    node = ast.parse(f"({call}\n)", mode="eval").body
    assert isinstance(node, ast.Call)
    arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
    lines = call.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    ends = [starts[argument.end_lineno - 1] + _characters(lines, argument) for argument in arguments if argument.end_lineno]
    end, close = max(ends, default=0), len(call) - 1
    behind = call[end:close] if ends else ""
    text = ", ".join(f"{name}={value}" for name, value in added)
    if behind.strip(" \t\n,") or (not ends and "#" in call):
        return _with_libcst(call, added)  # comments, or brackets around the last argument
    if not ends:
        return f"{call[:close].rstrip()}{text})"
    if "," not in behind:
        return f"{call[:end]}, {text}{call[end:]}"
    if "\n" not in behind:
        return f"{call[:close].rstrip()} {text})"
    line = call[call.rfind("\n", 0, end) + 1 : end]
    comma = end + behind.index(",") + 1
    return f"{call[:comma]}\n{line[: len(line) - len(line.lstrip())]}{text},{call[comma:]}"


def _characters(lines: list[str], argument: ast.expr) -> int:
    """The column behind an argument, in characters; the first line was parsed behind a bracket."""
    number, column = argument.end_lineno or 1, argument.end_col_offset or 0
    return len(lines[number - 1].encode("utf-8", "surrogatepass")[: column - (number == 1)].decode("utf-8", "replace"))


def _with_libcst(call: str, added: list[tuple[str, str]]) -> str:
    """The same by libcst, which keeps comments where they are."""
    import libcst as cst  # noqa: PLC0415 - it costs more than a small scan, and few sites need it

    try:
        node = cst.parse_expression(call)
    except cst.ParserSyntaxError:
        return call
    if not isinstance(node, cst.Call):
        return call
    arguments = list(node.args)
    for name, text in added:
        if arguments and isinstance(arguments[-1].comma, cst.MaybeSentinel):
            comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
            arguments[-1] = arguments[-1].with_changes(comma=comma, whitespace_after_arg=cst.SimpleWhitespace(""))
        tight = cst.AssignEqual(whitespace_before=cst.SimpleWhitespace(""), whitespace_after=cst.SimpleWhitespace(""))
        arguments.append(cst.Arg(keyword=cst.Name(name), value=cst.parse_expression(text), equal=tight))
    return cst.Module(body=()).code_for_node(node.with_changes(args=arguments))
