"""Where and in which form a comment goes that silences a result: what is written is read back by the rules of the tool itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.lsp.positions import lines_of
from auditor.project.suppression import suppressions

_FORMS: dict[str, tuple[str, str]] = {
    "css": ("/* ", " */"),
    "dockerfile": ("# ", ""),
    "dotenv": ("# ", ""),
    "html": ("<!-- ", " -->"),
    "ini": ("# ", ""),
    "markdown": ("<!-- ", " -->"),
    "nginx": ("# ", ""),
    "procfile": ("# ", ""),
    "python": ("# ", ""),
    "shell": ("# ", ""),
    "text": ("# ", ""),
    "toml": ("# ", ""),
    "yaml": ("# ", ""),
}
_SCRIPTS = frozenset({"javascript", "typescript", "tsx"})
_MARKUP = frozenset({"html", "vue", "svelte", "astro"})
_LINE, _BLOCK, _CHILD = ("// ", ""), ("/* ", " */"), ("{/* ", " */}")
_ELEMENTS = frozenset({"jsx_element", "jsx_fragment"})
_TAGS = frozenset({"jsx_opening_element", "jsx_self_closing_element"})
_TEXTS = frozenset({"string", "string_fragment", "template_string", "regex", "comment", "escape_sequence"})
_CONTINUED = frozenset({"python", "shell", "dockerfile", "text"})
_COMMENTED_JSON = re.compile(r"\.(?:jsonc|json5)$|^(?:tsconfig|jsconfig)(?:\..+)?\.json$", re.IGNORECASE)
_TAG = re.compile(r"<(/?)(script|style)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Insertion:
    """A line to put in before ``line``: what stands before the reason, and behind it. The reason is for a person to write."""

    line: int
    before: str
    after: str


def silencing(text: str, language: str, path: PurePosixPath, line: int, check: str) -> Insertion | None:
    """The comment that silences ``check`` on ``line``; None where the language has no comments, or none can stand there."""
    lines = lines_of(text)
    if not 0 < line <= len(lines):
        return None
    start = line
    while language in _CONTINUED and start > 1 and lines[start - 2].rstrip().endswith("\\"):
        start -= 1  # a comment in the middle of continued lines would end them
    form = _form(text, lines, language, path, start)
    if form is None:
        return None
    indent = lines[start - 1][: len(lines[start - 1]) - len(lines[start - 1].lstrip())]
    found = Insertion(line=start, before=f"{indent}{form[0]}gotcha: ignore[{check}] -- ", after=form[1])
    return found if _is_read(lines, language, found, check) else None


def _is_read(lines: list[str], language: str, one: Insertion, check: str) -> bool:
    """Whether the comment, once it has a reason, silences the line it was put in before."""
    text = "\n".join([*lines[: one.line - 1], f"{one.before}a reason{one.after}", *lines[one.line - 1 :]])
    return any(
        comment.ids == (check,) and not comment.problem and {one.line, one.line + 1} <= comment.lines for comment in suppressions(text, language)
    )


def _form(text: str, lines: list[str], language: str, path: PurePosixPath, line: int) -> tuple[str, str] | None:
    if language == "json":
        return _LINE if _COMMENTED_JSON.search(path.name) else None
    if language in _SCRIPTS:
        return _in_script(text, lines, language, path, line)
    if language in _MARKUP:
        tags = [match for row in lines[: line - 1] for match in _TAG.finditer(row)]
        inside = tags[-1][2].lower() if tags and not tags[-1][1] else ""
        return {"script": _LINE, "style": _BLOCK}.get(inside, ("<!-- ", " -->"))
    return _FORMS.get(language)


def _in_script(text: str, lines: list[str], language: str, path: PurePosixPath, line: int) -> tuple[str, str] | None:
    """Between the children of an element a comment needs braces, among its attributes it is a block, in a text it cannot be."""
    from auditor.project.facts.syntax import Source, parents  # noqa: PLC0415 - the parsers are loaded when somebody asks for an action

    source = Source(path, "\n".join(lines_of(text)), language)
    blanks = len(lines[line - 1]) - len(lines[line - 1].lstrip())
    offset = sum(len(row.encode("utf-8", "surrogatepass")) + 1 for row in lines[: line - 1]) + blanks
    node = source.root.descendant_for_byte_range(offset, offset)
    if node is None:
        return _LINE
    if node.type in _TEXTS and node.start_byte < offset:
        return None
    while node.parent is not None and node.parent.start_byte == node.start_byte == offset:
        node = node.parent
    around = next(iter(parents(node)), None)
    if around is not None and around.type in _ELEMENTS:
        return _CHILD
    return _BLOCK if around is not None and around.type in _TAGS else _LINE
