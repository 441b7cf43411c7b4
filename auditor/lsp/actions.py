"""What an editor offers to do about a result: write the form that works, show the entry, silence it with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types

from auditor.lsp.comments import silencing
from auditor.lsp.desk import Document, Found
from auditor.lsp.folders import uri_of
from auditor.lsp.positions import range_of
from auditor.model import Outcome, Result, Safety
from auditor.project.files import language_of
from auditor.report.visible import visible

EXPLAIN = "gotcha-audit.explain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Able:
    """What the client can do with an edit."""

    encoding: str = "utf-16"
    versioned: bool = False
    snippets: bool = False


def actions(result: Result, shown: types.Diagnostic, found: Found, documents: Mapping[str, Document], able: Able) -> Iterator[types.CodeAction]:
    """The actions for one result, the most useful first. Nothing is edited in a text other than the one that was examined."""
    change = result.change
    if change is not None and change.edits and (edit := _works(result, found, documents, able)) is not None:
        safe = change.safety is Safety.SAFE
        title = f"Write the form that works{'' if safe else ' (check it)'}: {_short(change.after)}"
        yield types.CodeAction(title=title, kind=types.CodeActionKind.QuickFix, diagnostics=[shown], is_preferred=safe or None, edit=edit)
    if result.check in found.answer.entries:
        title = f"Show what works: {result.check}"
        command = types.Command(title=title, command=EXPLAIN, arguments=[found.document.uri, result.fingerprint])
        yield types.CodeAction(title=title, kind=types.CodeActionKind.QuickFix, diagnostics=[shown], command=command)
    if result.outcome in (Outcome.FAIL, Outcome.REVIEW) and result.check in found.answer.entries:
        silenced = _silence(result, found, documents, able)
        if silenced is not None:
            title = f"Silence {result.check} here: the reason is yours to write"
            yield types.CodeAction(title=title, kind=types.CodeActionKind.QuickFix, diagnostics=[shown], edit=silenced)


def _short(text: str) -> str:
    line = visible(" ".join(text.split()))
    return line if len(line) <= 60 else line[:59] + "…"


def _works(result: Result, found: Found, documents: Mapping[str, Document], able: Able) -> types.WorkspaceEdit | None:
    """The edits of a change; None when one of them is about a text that is not the one that was examined."""
    root = found.document.root
    assert root is not None
    assert result.change is not None
    by_path = {document.path: document for document in documents.values() if document.path is not None}
    edits: dict[str, list[types.TextEdit]] = {}
    for edit in result.change.edits:
        lines = found.answer.lines.get(edit.path)
        if lines is None:
            return None
        path = root / edit.path
        document = by_path.get(path)
        if document is not None and found.versions.get(document.uri, -1) != document.version:
            return None
        uri = document.uri if document is not None else uri_of(path)
        text = edit.text.replace("\n", _newline(document.text)) if document is not None else edit.text
        edits.setdefault(uri, []).append(types.TextEdit(range=range_of(edit.span, lines, able.encoding), new_text=text))
    return _edit(edits, documents, able)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _edit(edits: Mapping[str, list[types.TextEdit]], documents: Mapping[str, Document], able: Able) -> types.WorkspaceEdit:
    if not able.versioned:
        return types.WorkspaceEdit(changes=dict(edits))
    return types.WorkspaceEdit(document_changes=[_of(uri, documents, list(some)) for uri, some in edits.items()])


def _of(uri: str, documents: Mapping[str, Document], edits: list[types.TextEdit | types.SnippetTextEdit]) -> types.TextDocumentEdit:
    version = documents[uri].version if uri in documents else None
    return types.TextDocumentEdit(text_document=types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=version), edits=list(edits))


def _silence(result: Result, found: Found, documents: Mapping[str, Document], able: Able) -> types.WorkspaceEdit | None:
    """A comment without its reason, which silences nothing and is reported until somebody has written one."""
    document = documents.get(found.document.uri)
    if document is not found.document or document.name is None or not result.place.line:
        return None
    comment = silencing(document.text, language_of(document.name) or "", document.name, result.place.line, result.check)
    if comment is None:
        return None
    spot = types.Position(line=comment.line - 1, character=0)
    where, end = types.Range(start=spot, end=spot), _newline(document.text)
    if able.snippets and able.versioned:
        snippet = types.StringValue(value=f"{_plain(comment.before)}$1{_plain(comment.after)}{end}")
        return types.WorkspaceEdit(document_changes=[_of(document.uri, documents, [types.SnippetTextEdit(range=where, snippet=snippet)])])
    return _edit({document.uri: [types.TextEdit(range=where, new_text=f"{comment.before}{comment.after}{end}")]}, documents, able)


def _plain(text: str) -> str:
    """Text in a snippet that means itself."""
    return text.replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}")


def paths(documents: Mapping[str, Document]) -> dict[Path, str]:
    """The client's own names of the files that are open."""
    return {document.path: document.uri for document in documents.values() if document.path is not None}
