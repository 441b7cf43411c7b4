"""One entry of the catalogue as a page: `gotchas/<stack>/<slug>.md`, so that its address stays `/gotchas/<stack>/<slug>/`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.catalogue.markdown import strip_marks
from auditor.catalogue.proofs import Looked, file_of, proof_of, state_of
from auditor.model import CheckDetector, Gotcha, PythonDetector, SemgrepDetector, TextDetector
from auditor.report import ENTRY_PAGES
from gotcha_site.text import anchor, block, code, line, page, prose, table

_FENCE = re.compile(r"^(`{3,}|~{3,})\s*([\w+-]*)\s*$")
_LABEL = re.compile(r"^`([^`]+)`:?\s*$")
_LEXERS = {"dotenv": "bash", "procfile": "text"}
_COMMENTS = {
    **dict.fromkeys((".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".css"), "// {}"),
    **dict.fromkeys((".html", ".vue", ".svelte", ".md", ".xml", ".astro"), "<!-- {} -->"),
    ".json": "",
    ".ini": "; {}",
}
_WORDS = {"page": "a page", "asset": "an asset", "api": "an endpoint of an API"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A file of an example: where it is, in which language, its lines, and those that an entry marks."""

    path: str
    language: str
    text: str
    marked: frozenset[int]


def where(gotcha: Gotcha) -> str:
    """The page of an entry, below the folder of the documents."""
    return f"gotchas/{gotcha.id}.md"


def entry_page(gotcha: Gotcha) -> str:
    """The whole page of an entry."""
    up = "../"
    about = table(
        ["severity", "confidence", "category", "applies to", "since", "proof"],
        [
            [
                gotcha.severity.value,
                gotcha.confidence.value,
                f"[{gotcha.category}]({up}by-category.md#{anchor(gotcha.category)})",
                ", ".join(code(str(requirement)) for requirement in gotcha.applies) or f"[{gotcha.stack}](index.md)",
                gotcha.since,
                f"[{state_of(gotcha)}](#proof)",
            ]
        ],
    )
    body = [
        f"# {line(gotcha.title)}",
        code(gotcha.id),
        prose(gotcha.summary),
        about,
        "## Fails",
        *example(gotcha.fails_text),
        "## Works",
        *example(gotcha.works_text),
        "## Why",
        prose(gotcha.why),
        "## When it is fine",
        prose(gotcha.fine_when),
        "## How it is found",
        found_by(gotcha),
        *_symptoms(gotcha),
        "## Proof",
        *_proof(gotcha),
        "## Silence it",
        *_silence(gotcha),
        "## Sources",
        "\n".join(f"- <{source}>" for source in gotcha.sources),
        f"The entry as it is written: [{code(f'rules/{gotcha.id}.md')}]({ENTRY_PAGES}/{gotcha.id}{PurePosixPath(gotcha.origin).suffix}).",
    ]
    return page(body, title=gotcha.title, description=gotcha.summary)


def example(text: str) -> Iterator[str]:
    """The parts of a Fails or Works section: each file under its path with the marked lines set off, and what is said between them."""
    for part in parts(text):
        if isinstance(part, str):
            yield prose(part)
        else:
            yield block(part.text, part.language, title=part.path, marked=part.marked)


def parts(text: str) -> Iterator[str | Shown]:
    """A section taken apart, in the reading of `auditor.catalogue.markdown.example`, with the words between the files kept."""
    label, fence, language = "", "", ""
    body: list[str] = []
    said: list[str] = []
    for row in text.strip("\n").split("\n"):
        if fence:
            if row.strip().startswith(fence) and set(row.strip()) == {fence[0]}:
                clean, marked = strip_marks("\n".join(body))
                yield Shown(path=label, language=_LEXERS.get(language, language or "text"), text=clean, marked=marked)
                label, fence = "", ""
            else:
                body.append(row)
        elif opened := _FENCE.match(row):
            if told := "\n".join(said).strip():
                yield told
            fence, language, body, said = opened[1], opened[2], [], []
        elif named := _LABEL.match(row):
            label = named[1]
        else:
            if label and row.strip():  # a span of code that opens a paragraph, and names no file
                said.append(code(label))
                label = ""
            said.append(row)
    if told := "\n".join(said).strip():
        yield told


def found_by(gotcha: Gotcha) -> str:
    """How a scan recognises it, in one line."""
    told: list[str] = []
    for detector in gotcha.detectors:
        judged = f", judged by the check {code(detector.check)}" if detector.check and not isinstance(detector, CheckDetector) else ""
        if isinstance(detector, PythonDetector):
            more = f" and {len(detector.patterns) - 1} more" if len(detector.patterns) > 1 else ""
            said = f"Python code like {code(detector.patterns[0])}{more}{judged or ', decided by the values that reach it'}"
        elif isinstance(detector, SemgrepDetector):
            said = f"a semgrep rule for {', '.join(detector.languages)}{judged}"
        elif isinstance(detector, TextDetector):
            said = f"a regular expression over the lines of {', '.join(code(path) for path in detector.paths)}{judged}"
        else:
            said = f"the check {code(detector.check)}, which sees the project as a whole"
        if said not in told:
            told.append(said)
    if len(told) > 3:
        told[2:] = [f"{len(told) - 2} more of this kind"]
    return f"By {'; by '.join(told)}. [How verdicts are made](../../explanation/verdicts.md)."


def symptom(said: Mapping[str, object]) -> str:
    """One symptom in words."""
    ((kind, value),) = said.items()
    if kind == "http":
        assert isinstance(value, Mapping)
        return f"{' or '.join(_WORDS[subject] for subject in value['on'])} is answered with {value['status']}"
    if kind == "header":
        assert isinstance(value, Mapping)
        return f"an answer carries the header {code(header(value))}"
    if kind == "check":
        return f"the check {code(f'runtime/{value}')} of [`validate`](../../validate.md#the-checks) is red"
    return f"{'the log' if kind == 'log' else 'the console of the browser'} says {code(str(value))}"


def header(said: Mapping[object, object]) -> str:
    """A header as it stands in an answer; without a value where any will do."""
    return f"{said['name']}: {said['value']}" if "value" in said else str(said["name"])


def _symptoms(gotcha: Gotcha) -> list[str]:
    if not gotcha.symptoms:
        return []
    rows = "\n".join(f"- {symptom(said)}" for said in gotcha.symptoms)
    return ["## In production", rows, "Other entries that show themselves this way: [by symptom](../by-symptom.md)."]


def _proof(gotcha: Gotcha) -> list[str]:
    state = state_of(gotcha)
    proof = proof_of(gotcha)
    if state == "unprovable":
        return [f"Not proven by a run: {prose(gotcha.proof.unprovable).rstrip('.')}.", "[Why proofs](../../explanation/proofs.md)."]
    if proof is None:
        return [f"Not proven by a run yet. {code(f'gotcha-audit prove {gotcha.id}')} tries it."]
    versions = ", ".join(f"{line(name)} {line(version)}" for name, version in proof.versions.items())
    kept = f"{ENTRY_PAGES}/{gotcha.id.rpartition('/')[0]}/{file_of(gotcha).name}"
    body = [
        (
            f"Both examples were run on {proof.date}{f', with {versions}' if versions else ''}: [the record]({kept}), "
            "[why proofs](../../explanation/proofs.md)."
        ),
        f"What was run: {code(proof.ran)}" if proof.ran else "",
        table(["example", "looked at", "seen"], [*_looked("Fails", proof.fails), *_looked("Works", proof.works)]),
        f"Run it again: {code(f'gotcha-audit prove {gotcha.id}')}",
    ]
    if state == "stale":
        body.insert(0, "The examples have changed since this run.")
    return body


def _looked(name: str, seen: tuple[Looked, ...]) -> Iterator[list[str]]:
    for look in seen:
        yield [name, code(_short(look.what)), code(_short(look.seen))]


def _short(text: str, most: int = 160) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def _silence(gotcha: Gotcha) -> list[str]:
    marked = sorted({path for path, _ in gotcha.fails.marks}, key=str)
    style = _COMMENTS.get(marked[0].suffix, "# {}") if marked else ""
    ways = []
    if style:
        ways += ["On the line, with the reason:", block(style.format(f"gotcha: ignore[{gotcha.id}] -- why it is fine here"))]
    ways += [
        "For whole paths, in `pyproject.toml`:",
        block(
            f'[[tool.gotcha-audit.per-path-ignores]]\npaths = ["legacy/**"]\nids = ["{gotcha.id}"]\nreason = "why it is fine there"',
            "toml",
        ),
        "[Suppress a finding](../../how-to/suppress.md) says more.",
    ]
    return ways
