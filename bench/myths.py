"""Writes docs/myths.md from fixtures/myths/: what is said of frameworks and is not so, and what was seen instead. `--check`: whether it is stale.

tests/prove/test_myths.py runs what each file says under `prove`, and looks for what it says under `sees`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

import yaml  # noqa: E402

from auditor.prove.plan import ProofPlan, plan_from  # noqa: E402

FOLDER = CHECKOUT / "fixtures" / "myths"
PAGE = CHECKOUT / "docs" / "myths.md"
_KEYS = {"title", "about", "claim", "truth", "seen", "versions", "prove", "sources"}
_LOCKED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Myth:
    """One file. ``seen`` says in words what ``plan`` looks for; ``versions`` are packages of the base, or names with a version."""

    slug: str
    title: str
    about: str
    claim: str
    truth: str
    seen: str
    versions: tuple[str, ...]
    base: str
    sources: tuple[str, ...]
    plan: ProofPlan


def myths() -> tuple[Myth, ...]:
    """All of them, by what they are about."""
    read = (myth_of(path) for path in FOLDER.glob("*.yaml"))
    return tuple(sorted(read, key=lambda myth: (myth.about.casefold(), myth.slug)))


def myth_of(path: Path) -> Myth:
    """One file, read. Raises ValueError, or CatalogueError for its plan, naming the file."""
    said = yaml.safe_load(path.read_text("utf-8"))
    if not isinstance(said, dict) or set(said) != _KEYS or not all(str(source).startswith("https://") for source in said["sources"]):
        raise ValueError(f"{path}: a myth says {', '.join(sorted(_KEYS))}, and its sources begin with https://")
    block = dict(said["prove"])
    sees = block.pop("sees", None)
    return Myth(
        slug=path.stem,
        title=said["title"],
        about=said["about"],
        claim=said["claim"],
        truth=said["truth"],
        seen=said["seen"],
        versions=tuple(said["versions"]),
        base=block["base"],
        sources=tuple(said["sources"]),
        plan=plan_from({**block, "fails": sees, "works": sees}, str(path)),
    )


def page() -> str:
    """The whole page."""
    every = myths()
    lines = [
        "# Said often, and not so",
        "",
        f"{len(every)} claims about what breaks in production that are not true, or no longer, or only in part. Each was run, and so was what",
        "is true instead: `pytest -m real tests/prove/test_myths.py` runs it again. `python bench/myths.py` writes this page from `fixtures/myths/`.",
        "A claim stands here with the versions it was tried with; of others nothing is said.",
        "",
    ]
    for about in dict.fromkeys(myth.about for myth in every):
        lines += [f"## {about}", ""]
        for myth in every:
            if myth.about == about:
                lines += _section(myth)
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(myth: Myth) -> list[str]:
    links = ", ".join(f"[{number}]({source})" for number, source in enumerate(myth.sources, 1))
    return [
        f"### {myth.title}",
        "",
        f"*Said:* {_line(myth.claim)}",
        "",
        f"*True:* {_line(myth.truth)}",
        "",
        f"*Seen:* {_line(myth.seen)} With {', '.join(_versions(myth))}. `fixtures/myths/{myth.slug}.yaml`; sources: {links}",
        "",
    ]


def _line(text: str) -> str:
    return " ".join(text.split())


def _versions(myth: Myth) -> list[str]:
    locked = _locked(CHECKOUT / "fixtures" / "bases" / myth.base)
    return [name if " " in name else f"{name} {locked[name.casefold()]}" for name in myth.versions]


def _locked(base: Path) -> Mapping[str, str]:
    """The versions of the packages of a base, by name."""
    requirements, lock = base / "requirements.txt", base / "package-lock.json"
    found = {name.casefold(): version for name, version in _LOCKED.findall(requirements.read_text("utf-8"))} if requirements.is_file() else {}
    packages = json.loads(lock.read_text("utf-8"))["packages"] if lock.is_file() else {}
    return found | {path.removeprefix("node_modules/"): package["version"] for path, package in packages.items() if path}


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.is_file() and PAGE.read_text("utf-8") == page() else f"{PAGE} is stale: python bench/myths.py")
    PAGE.write_text(page(), "utf-8")
