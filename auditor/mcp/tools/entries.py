"""``explain`` and ``search``."""

from __future__ import annotations

from pathlib import Path

from auditor.catalogue import Catalogue, load
from auditor.catalogue.publish import entry_page, proven_by
from auditor.catalogue.search import search
from auditor.errors import UsageError
from auditor.mcp import schemas
from auditor.mcp.roots import folder
from auditor.mcp.stdio import apart
from auditor.mcp.tools.base import READS, Answer, Asked, Tool
from auditor.model import Gotcha
from auditor.project.config import load_config
from auditor.report.visible import visible

SCHEME = "gotcha"
_HEAD = {
    "id": schemas.TEXT,
    "title": schemas.TEXT,
    "severity": schemas.one_of(("error", "warning", "note")),
    "confidence": schemas.one_of(("high", "medium", "low")),
    "category": schemas.TEXT,
    "stack": schemas.TEXT,
    "summary": schemas.TEXT,
    "uri": {"type": "string", "description": "The entry as a resource."},
}
_PATH = {**schemas.PATH, "description": "The project whose own entries count too, relative to the root."}


def entries(project: Path) -> Catalogue:
    """The built-in entries, and those that the configuration of a project adds; raises UsageError for one that is wrong."""
    return load(load_config(project).catalogues)


def uri(gotcha: Gotcha) -> str:
    """Where an entry is found as a resource."""
    return f"{SCHEME}://{gotcha.id}"


def markdown(gotcha: Gotcha) -> str:
    """An entry to read, and how one of its places is silenced."""
    return visible(entry_page(gotcha) + f"\nTo silence one site: `gotcha: ignore[{gotcha.id}] -- reason` in a comment on it.\n", keep="\n\t")


def _head(gotcha: Gotcha) -> dict[str, object]:
    return {
        "id": gotcha.id,
        "title": visible(gotcha.title),
        "severity": gotcha.severity.value,
        "confidence": gotcha.confidence.value,
        "category": gotcha.category,
        "stack": gotcha.stack,
        "summary": visible(gotcha.summary, keep="\n"),
        "uri": uri(gotcha),
    }


async def _explain(asked: Asked) -> Answer:
    project = folder(asked.text("path", "."), asked.roots)
    catalogue = await apart(lambda: entries(project))
    gotcha = catalogue.named(asked.text("id"))
    page = markdown(gotcha)
    content = {
        **_head(gotcha),
        "applies": [str(requirement) for requirement in gotcha.applies],
        "proof": visible(proven_by(gotcha)),
        "sources": list(gotcha.sources),
        "markdown": page,
    }
    return Answer(content=content, text=page)


async def _search(asked: Asked) -> Answer:
    project = folder(asked.text("path", "."), asked.roots)
    query = asked.text("query")
    if not any(character.isascii() and character.isalnum() for character in query):
        raise UsageError("the query holds no word: write what you see, such as `static files 404`")
    found = await apart(lambda: search(entries(project), query))
    first = found.hits[: asked.number("limit", 10)]
    return Answer(
        content={
            "hits": [{**_head(hit.gotcha), "score": hit.score, "matched": list(hit.matched)} for hit in first],
            "total": len(found.hits),
            "unknown_words": list(found.unknown),
        }
    )


EXPLAIN = Tool(
    name="explain",
    title="Explain a gotcha",
    description="Show one gotcha of the catalogue: what breaks in production, the code that FAILS and the code that WORKS, why, and when it is fine.",
    takes=schemas.record({"id": {"type": "string", "maxLength": 200, "description": "Such as flask/relative-send-directory."}}, {"path": _PATH}),
    gives=schemas.record({**_HEAD, "applies": schemas.TEXTS, "proof": schemas.TEXT, "sources": schemas.TEXTS, "markdown": schemas.TEXT}),
    hints=READS,
    run=_explain,
)
SEARCH = Tool(
    name="search",
    title="Search the catalogue",
    description=(
        "Find gotchas by words: what production shows (static files 404, CORS blocked), a framework, a setting. Gives the best entries, first things "
        "first; `unknown_words` are those that no entry holds. Read one with `explain`."
    ),
    takes=schemas.record(
        {"query": {"type": "string", "minLength": 1, "maxLength": 500, "description": "A few words, not a sentence."}},
        {"limit": schemas.limit(10, 50, "How many entries to give."), "path": _PATH},
    ),
    gives=schemas.record(
        {
            "hits": schemas.several(schemas.record({**_HEAD, "score": {"type": "number"}, "matched": schemas.TEXTS})),
            "total": schemas.COUNT,
            "unknown_words": schemas.TEXTS,
        }
    ),
    hints=READS,
    run=_search,
)
