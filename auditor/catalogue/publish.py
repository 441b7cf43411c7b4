"""Entries as pages: the digest for coding agents, and the index in `rules/README.md`. Both are generated, and stale ones fail a test."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from pathlib import Path

from auditor.catalogue.loader import Catalogue
from auditor.catalogue.proofs import SUFFIX, State, proof_of, state_of
from auditor.model import Gotcha

AGENTS_FILE = "framework-gotchas.md"
INDEX_START, INDEX_END = "<!-- index: written by `gotcha-audit catalogue publish` -->", "<!-- end of index -->"


def agents_digest(catalogue: Catalogue) -> str:
    """The whole catalogue as one Markdown file for coding agents, by stack."""
    parts = [
        "---",  # clients that take every file of agents/ for an agent read what it is from here
        "name: framework-gotchas",
        "description: The whole catalogue of gotcha-audit in one file, to be read or searched. It is no agent.",
        "---",
        "",
        "# Framework gotchas",
        "",
        "Code that passes its tests and breaks in production.",
        "Generated from `rules/` by `gotcha-audit catalogue publish`: change the entries, not this file.",
        "",
        "Before saying that a task is done, run `gotcha-audit scan .` and mend what FAILS. `gotcha-audit explain ID` prints an entry in full.",
        "",
        "Contents: " + ", ".join(f"[{stack}](#{stack})" for stack, _ in groupby(catalogue.gotchas, key=lambda gotcha: gotcha.stack)),
    ]
    for stack, group in groupby(catalogue.gotchas, key=lambda gotcha: gotcha.stack):
        parts += ["", f"## {stack}"]
        for gotcha in group:
            parts += ["", *_digest_lines(gotcha)]
    return "\n".join(parts) + "\n"


def _digest_lines(gotcha: Gotcha) -> list[str]:
    return [
        f"### {gotcha.id}",
        "",
        f"**{gotcha.title}** ({gotcha.severity.value}, {gotcha.category})",
        "",
        gotcha.summary,
        "",
        "FAILS:",
        "",
        gotcha.fails_text.strip(),
        "",
        "WORKS:",
        "",
        gotcha.works_text.strip(),
        "",
        f"Fine when: {' '.join(gotcha.fine_when.split())}",
    ]


def index(catalogue: Catalogue) -> str:
    """The table of all entries, as it stands in `rules/README.md` between its two marks."""
    states = {gotcha.id: state_of(gotcha) for gotcha in catalogue.gotchas}
    rows = [
        f"| [{gotcha.id}]({gotcha.id}.md) | {_cell(gotcha.title)} | {gotcha.severity.value} | {gotcha.category} | {_proof(gotcha, state)} |"
        for gotcha, state in zip(catalogue.gotchas, states.values(), strict=True)
    ]
    counted = Counter(states.values())
    told = ", ".join(f"{counted[state]} {state}" for state in ("proven", "stale", "unproven", "unprovable") if counted[state])
    head = [INDEX_START, f"{len(rows)} entries: {told}.", "", "| id | mistake | severity | category | proof |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows, INDEX_END])


def _proof(gotcha: Gotcha, state: State) -> str:
    return f"[{state}]({gotcha.id}{SUFFIX})" if state in ("proven", "stale") else state


def proven_by(gotcha: Gotcha) -> str:
    """What a run has shown of an entry, in a sentence."""
    state = state_of(gotcha)
    proof = proof_of(gotcha)
    if state == "unprovable":
        return f"Not proven by a run: {gotcha.proof.unprovable}."
    if proof is None:
        return "Not proven by a run yet."
    versions = ", ".join(f"{name} {version}" for name, version in proof.versions.items())
    said = f"FAILS was seen to fail and WORKS to work on {proof.date}{f', with {versions}' if versions else ''}."
    return said if state == "proven" else f"{said} The examples have changed since: `gotcha-audit prove {gotcha.id}`."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def with_index(page: str, catalogue: Catalogue) -> str:
    """``page`` with its index replaced, or added at the end."""
    before, start, rest = page.partition(INDEX_START)
    _, end, after = rest.partition(INDEX_END)
    if not start or not end:
        return page.rstrip("\n") + "\n\n" + index(catalogue) + "\n"
    return before + index(catalogue) + after


def entry_page(gotcha: Gotcha) -> str:
    """One entry as Markdown for reading: what `explain` shows."""
    about = f"{gotcha.severity.value} · {gotcha.confidence.value} confidence · {gotcha.category}"
    if gotcha.applies:
        about += " · applies to " + ", ".join(str(requirement) for requirement in gotcha.applies)
    parts = [
        f"# {gotcha.title}",
        f"`{gotcha.id}` · {about}",
        gotcha.summary,
        "## Fails",
        gotcha.fails_text.strip(),
        "## Works",
        gotcha.works_text.strip(),
    ]
    parts += ["## Why", gotcha.why, "## When it is fine", gotcha.fine_when]
    parts.append(proven_by(gotcha))
    parts += ["## Sources", "\n".join(f"- <{source}>" for source in gotcha.sources)]
    return "\n\n".join(parts) + "\n"


def published(catalogue: Catalogue, rules: Path, agents: Path) -> dict[Path, str]:
    """Every generated file with the text it should have."""
    readme = rules / "README.md"
    page = readme.read_text(encoding="utf-8") if readme.exists() else "# The catalogue\n"
    return {agents / AGENTS_FILE: agents_digest(catalogue), readme: with_index(page, catalogue)}


def stale(catalogue: Catalogue, rules: Path, agents: Path) -> tuple[Path, ...]:
    """The generated files that are missing or differ from what they should be."""
    return tuple(path for path, text in published(catalogue, rules, agents).items() if not path.exists() or path.read_text(encoding="utf-8") != text)
