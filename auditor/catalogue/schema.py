"""Front matter to model: every key checked, every problem with its line and the mend.

`schema.json` beside this module says the same for editors; a test holds the two together.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TypeVar

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from auditor.catalogue.expressions import danger
from auditor.catalogue.frontmatter import Node, read
from auditor.catalogue.markdown import Page, example, safe_path, strip_marks, take_apart
from auditor.catalogue.problems import Problems
from auditor.catalogue.symptoms import assert_symptom
from auditor.model import (
    CheckDetector,
    Clause,
    Confidence,
    Detector,
    Example,
    FixSpec,
    Gotcha,
    ProofSpec,
    PythonDetector,
    Requirement,
    Safety,
    SemgrepDetector,
    Severity,
    TextDetector,
)

CATEGORIES = (
    "static-files", "env", "build", "cors", "routing", "proxy", "cookies", "database", "concurrency", "startup", "shutdown", "config", "secrets",
    "security", "logging", "network", "time", "packaging", "uploads", "templates", "errors", "performance",
)  # fmt: skip
KEYS = ("title", "severity", "confidence", "category", "applies", "since", "symptoms", "detect", "fix", "prove", "sources", "aliases")
YAML_KEYS = (*KEYS, "summary", "fails", "works", "why", "fine_when")
REQUIRED = ("title", "severity", "confidence", "category", "since", "detect", "prove", "sources")
COMMON_KEYS = ("check", "options", "message", "suggest")
PYTHON_KEYS = ("python", "not", "inside", "not-inside", "where", "fails", "works", "review", *COMMON_KEYS)
KIND_KEYS: Mapping[str, tuple[str, ...]] = {
    "python": PYTHON_KEYS,
    "semgrep": ("semgrep", *COMMON_KEYS),
    "text": ("text", *COMMON_KEYS),
    "check": COMMON_KEYS,
}
SEMGREP_KEYS = ("languages", "fails", "works", "paths")
TEXT_KEYS = ("paths", "fails", "works")
RULE_KEYS = frozenset(
    {
        "pattern", "patterns", "pattern-either", "pattern-regex", "pattern-not", "pattern-not-regex", "pattern-inside", "pattern-not-inside",
        "metavariable-regex", "metavariable-pattern", "metavariable-comparison", "metavariable-type", "metavariable-analysis", "focus-metavariable",
        "metavariable", "regex", "comparison", "language", "types", "type", "analyzer", "base", "strip", "options",
    }
)  # fmt: skip
_PACKAGE = re.compile(r"^(@?[A-Za-z0-9][\w.@/-]*?)\s*((?:[<>=!~].*)?)$")
_ID = re.compile(r"^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*$")
E = TypeVar("E", bound=StrEnum)


def parse_entry(text: str, *, origin: str, id: str) -> Gotcha:  # noqa: A002 - the word of the format
    """One entry, from Markdown or (``origin`` ends in .yaml) YAML. Raises CatalogueError naming every problem as file:line, what, mend."""
    problems = Problems(origin)
    if not _ID.match(id):
        problems.add(1, f"the id {id!r} is not `stack/slug`", "use lower-case letters, digits and dashes in the folder and file name")
    entry = _Entry(problems, text, origin, id)
    gotcha = entry.gotcha()
    problems.check()
    assert gotcha is not None
    return gotcha


class _Entry:
    """Reads one entry; everything wrong goes to ``problems``."""

    def __init__(self, problems: Problems, text: str, origin: str, id: str) -> None:  # noqa: A002
        self.problems = problems
        self.text = text
        self.origin = origin
        self.id = id

    def gotcha(self) -> Gotcha | None:
        page: Page | None = None
        if self.origin.endswith((".yaml", ".yml")):
            front = read(self.text, 1, self.problems)
            allowed: tuple[str, ...] = YAML_KEYS
        else:
            page = take_apart(self.text, self.problems)
            front = read(page.front, page.front_line, self.problems) if page is not None else None
            allowed = KEYS
        if front is None:
            return None
        self.unknown(front, allowed, "an entry")
        for key in REQUIRED:
            if key not in front.items:
                self.problems.add(front.line, f"the key `{key}` is missing", f"add `{key}:`")
        summary, why, fine, fails, works, fails_text, works_text = self.prose(front, page)
        if not fails.files:
            self.problems.add(front.line, "Fails holds no code", "add a code block with at least one line marked `# gotcha`")
        elif not fails.marks:
            self.problems.add(
                front.line, "no line of Fails is marked", "end each line that must be flagged with `# gotcha` (or `// gotcha`, `<!-- gotcha -->`)"
            )
        if not works.files:
            self.problems.add(front.line, "Works holds no code", "add a code block with what to write instead")
        for path, line in sorted(works.marks):
            self.problems.add(front.line, f"line {line} of `{path}` in Works is marked", "remove the mark: nothing in Works may be flagged")
        items = front.items
        gotcha = Gotcha(
            id=self.id,
            title=self.string(items.get("title"), "title"),
            severity=self.word(items.get("severity"), Severity, Severity.ERROR, "severity"),
            confidence=self.word(items.get("confidence"), Confidence, Confidence.MEDIUM, "confidence"),
            category=self.choice(items.get("category"), CATEGORIES, "category"),
            stack=self.id.split("/", maxsplit=1)[0],
            applies=tuple(self.requirement(node) for node in self.several(items.get("applies"))),
            since=self.version(items.get("since")),
            symptoms=tuple(self.symptom(node) for node in self.several(items.get("symptoms"))),
            summary=summary,
            why=why,
            fine_when=fine,
            fails=fails,
            works=works,
            detectors=tuple(self.detectors(items.get("detect"))),
            fix=self.fix(items.get("fix")),
            proof=self.proof(items.get("prove")),
            sources=tuple(self.source(node) for node in self.several(items.get("sources"))),
            aliases=tuple(self.string(node, "aliases") for node in self.several(items.get("aliases"))),
            digest=hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest(),
            origin=self.origin,
            fails_text=fails_text,
            works_text=works_text,
        )
        if "sources" in items and not gotcha.sources:
            self.problems.add(items["sources"].line, "there is no source", "name at least one https address where the behaviour is documented")
        return gotcha

    def prose(self, front: Node, page: Page | None) -> tuple[str, str, str, Example, Example, str, str]:
        if page is not None:
            sections = page.sections
            texts = {heading: section.text for heading, section in sections.items()}
            fails, works = example(sections.get("Fails"), self.problems), example(sections.get("Works"), self.problems)
            return (
                page.summary,
                texts.get("Why", "").strip(),
                texts.get("When it is fine", "").strip(),
                fails,
                works,
                texts.get("Fails", ""),
                texts.get("Works", ""),
            )
        items = front.items
        for key in ("summary", "fails", "works", "why", "fine_when"):
            if key not in items:
                self.problems.add(front.line, f"the key `{key}` is missing", f"add `{key}:`")
        fails, works = self.files(items.get("fails")), self.files(items.get("works"))
        why, fine = self.string(items.get("why"), "why"), self.string(items.get("fine_when"), "fine_when")
        return self.string(items.get("summary"), "summary"), why, fine, fails, works, _as_markdown(fails), _as_markdown(works)

    def files(self, node: Node | None) -> Example:
        files: dict[PurePosixPath, str] = {}
        marks: set[tuple[PurePosixPath, int]] = set()
        if node is not None and node.kind != "mapping":
            self.problems.add(node.line, "this is no mapping of paths to code", "write `app/web.py: |` and the code below it")
        for name, item in (node.items if node is not None else {}).items():
            path = safe_path(name, item.line, self.problems)
            clean, marked = strip_marks(self.string(item, name))
            files[path] = clean
            marks |= {(path, line) for line in marked}
        return Example(files=files, marks=frozenset(marks))

    # -- values ----------------------------------------------------------------------------------------------------------------

    def unknown(self, node: Node, known: Iterable[str], what: str) -> None:
        names = tuple(known)
        for key, item in node.items.items():
            if key not in names:
                near = difflib.get_close_matches(key, names, n=1)
                mend = f"did you mean `{near[0]}`?" if near else f"{what} may have: {', '.join(names)}"
                self.problems.add(item.line, f"the key `{key}` is not known", mend)

    def string(self, node: Node | None, what: str) -> str:
        if node is None:
            return ""
        if node.kind != "scalar" or node.value is None or not str(node.value).strip():
            self.problems.add(node.line, f"`{what}` is no text", f"write `{what}: some text`")
            return ""
        return str(node.value)

    def word(self, node: Node | None, words: type[E], default: E, what: str) -> E:
        text = self.choice(node, [word.value for word in words], what)
        return words(text) if text else default

    def choice(self, node: Node | None, known: Iterable[str], what: str) -> str:
        names = tuple(known)
        text = self.string(node, what)
        if node is not None and text and text not in names:
            near = difflib.get_close_matches(text, names, n=1)
            self.problems.add(node.line, f"`{what}` is {text!r}", f"did you mean `{near[0]}`?" if near else f"write one of {', '.join(names)}")
            return ""
        return text

    def several(self, node: Node | None) -> tuple[Node, ...]:
        if node is None:
            return ()
        return node.elements if node.kind == "list" else (node,)

    def mapping(self, node: Node | None, what: str) -> Mapping[str, object]:
        if node is None:
            return {}
        plain = node.plain()
        if not isinstance(plain, dict):
            self.problems.add(node.line, f"`{what}` is no mapping", f"write `{what}: {{key: value}}`")
            return {}
        return plain

    def symptom(self, node: Node) -> Mapping[str, object]:
        symptom = self.mapping(node, "symptoms")
        if symptom:
            assert_symptom(symptom, node.line, self.problems)
        return symptom

    def requirement(self, node: Node) -> Requirement:
        text = self.string(node, "applies")
        found = _PACKAGE.match(text.strip())
        if found is None:
            self.problems.add(node.line, f"`applies` holds {text!r}", "write a package and perhaps a range, such as `flask>=2.2`")
            return Requirement(package=text)
        try:
            SpecifierSet(found.group(2))
        except InvalidSpecifier:
            self.problems.add(node.line, f"{found.group(2)!r} is no version range", "write it as pip does, such as `>=2.2,<4`")
        return Requirement(package=found.group(1).lower(), versions=found.group(2))

    def version(self, node: Node | None) -> str:
        text = self.string(node, "since")
        try:
            if text:
                Version(text)
        except InvalidVersion:
            self.problems.add(node.line if node else 1, f"`since` is {text!r}", "write the version the entry appeared in, such as 0.1.0")
        return text

    def source(self, node: Node) -> str:
        text = self.string(node, "sources")
        if text and not re.match(r"^https://[^\s]+$", text):
            self.problems.add(node.line, f"the source {text!r} is no https address", "write the address of the documentation")
        return text

    def fix(self, node: Node | None) -> FixSpec | None:
        if node is None:
            return None
        self.unknown(node, ("codemod", "safety"), "`fix`")
        return FixSpec(
            codemod=self.string(node.items.get("codemod", Node(line=node.line)), "codemod"),
            safety=self.word(node.items.get("safety"), Safety, Safety.UNSAFE, "safety"),
        )

    def proof(self, node: Node | None) -> ProofSpec:
        if node is None:
            return ProofSpec(plan={}, unprovable="")
        if node.kind == "scalar":
            text = str(node.value or "")
            if text.startswith("unprovable:") and text.removeprefix("unprovable:").strip():
                return ProofSpec(plan={}, unprovable=text.removeprefix("unprovable:").strip())
            self.problems.add(
                node.line, "`prove` is no plan", "write `prove: {base: …, serve: …, fails: […], works: […]}` or `prove: {unprovable: reason}`"
            )
            return ProofSpec(plan={})
        plain = self.mapping(node, "prove")
        reason = plain.get("unprovable", "")
        if "unprovable" in plain and not (isinstance(reason, str) and reason.strip()):
            self.problems.add(node.line, "`unprovable` has no reason", "say why the examples cannot be run")
        elif "unprovable" not in plain and not ({"fails", "works"} <= set(plain)):
            self.problems.add(
                node.line, "`prove` does not say what to observe", "add `fails:` and `works:` with the observations, or `unprovable: reason`"
            )
        return ProofSpec(plan={} if reason else plain, unprovable=str(reason or ""))

    # -- detectors -------------------------------------------------------------------------------------------------------------

    def detectors(self, node: Node | None) -> Iterable[Detector]:
        if node is None:
            return
        if node.kind != "list" or not node.elements:
            self.problems.add(
                node.line, "`detect` is no list", "write `detect:` and below it `- python: …`, `- semgrep: …`, `- text: …` or `- check: …`"
            )
            return
        for element in node.elements:
            kinds: list[str] = [kind for kind in ("python", "semgrep", "text") if kind in element.items]
            if not kinds and "check" in element.items:
                kinds = ["check"]
            if len(kinds) != 1:
                self.problems.add(element.line, "a detector has one kind", "start it with `python:`, `semgrep:`, `text:` or `check:`")
                continue
            self.unknown(element, KIND_KEYS[kinds[0]], f"a {kinds[0]} detector")
            yield {"python": self.python, "semgrep": self.semgrep, "text": self.regex, "check": self.check}[kinds[0]](element)

    def common(self, node: Node) -> dict[str, object]:
        items = node.items
        suggest = {key: str(value) for key, value in self.mapping(items.get("suggest"), "suggest").items()}
        for key in suggest:
            if not (key.startswith("$") or key.endswith("=") or key == "site"):
                self.problems.add(items["suggest"].line, f"`suggest` names {key!r}", "name a metavariable `$X`, a keyword `name=`, or `site`")
        check = items.get("check")
        return {
            "check": self.string(check, "check") if check is not None else None,
            "options": self.mapping(items.get("options"), "options"),
            "message": self.string(items.get("message"), "message") if "message" in items else "",
            "suggest": suggest,
        }

    def python(self, node: Node) -> Detector:
        items = node.items

        def patterns(key: str) -> tuple[str, ...]:
            return tuple(self.string(element, key) for element in self.several(items.get(key)))

        return PythonDetector(
            patterns=patterns("python"),
            without=patterns("not"),
            inside=patterns("inside"),
            not_inside=patterns("not-inside"),
            where=self.clause(items["where"], "where") if "where" in items else {},
            fails=self.clauses(items.get("fails"), "fails"),
            works=self.clauses(items.get("works"), "works"),
            review=self.clauses(items.get("review"), "review"),
            **self.common(node),  # type: ignore[arg-type]
        )

    def clauses(self, node: Node | None, what: str) -> tuple[Clause, ...]:
        return tuple(self.clause(element, what) for element in self.several(node))

    def clause(self, node: Node, what: str) -> Clause:
        if node.kind != "mapping":
            self.problems.add(node.line, f"`{what}` is no mapping", f"write `{what}: {{$X: class}}`")
            return {}
        found: dict[str, tuple[str, ...]] = {}
        for key, item in node.items.items():
            if not (re.match(r"^\$[A-Z_][A-Z_0-9]*$", key) or re.match(r"^\w+=$", key)):
                self.problems.add(
                    item.line, f"`{what}` names {key!r}", "name a metavariable such as `$DIR`, or a keyword argument such as `origins=`"
                )
            found[key] = tuple(_class_name(element) for element in self.several(item))
        return found

    def semgrep(self, node: Node) -> Detector:
        body = node.items["semgrep"]
        self.unknown(body, SEMGREP_KEYS, "`semgrep`")
        if "languages" not in body.items or "fails" not in body.items:
            self.problems.add(body.line, "`semgrep` lacks `languages` or `fails`", "write `semgrep: {languages: [javascript], fails: {pattern: …}}`")
        for key in ("fails", "works"):
            if key in body.items:
                self.rule_keys(body.items[key])
        return SemgrepDetector(
            languages=tuple(self.string(element, "languages") for element in self.several(body.items.get("languages"))),
            fails=self.mapping(body.items.get("fails"), "fails"),
            works=self.mapping(body.items["works"], "works") if "works" in body.items else None,
            paths=self.globs(body.items.get("paths")),
            **self.common(node),  # type: ignore[arg-type]
        )

    def rule_keys(self, node: Node) -> None:
        """Only what selects code: a rule cannot bring its own fix, message or rule-wide switches."""
        if node.kind == "mapping":
            for key, item in node.items.items():
                if key == "options":
                    continue
                if key not in RULE_KEYS:
                    self.problems.add(item.line, f"`{key}` may not stand in a rule body", f"use {', '.join(sorted(RULE_KEYS)[:8])} …")
                self.rule_keys(item)
        for element in node.elements:
            self.rule_keys(element)

    def regex(self, node: Node) -> Detector:
        body = node.items["text"]
        self.unknown(body, TEXT_KEYS, "`text`")
        if "paths" not in body.items or "fails" not in body.items:
            self.problems.add(body.line, "`text` lacks `paths` or `fails`", "write `text: {paths: [Dockerfile], fails: 'regex'}`")
        expressions = {key: self.expression(body.items[key], key) for key in ("fails", "works") if key in body.items}
        return TextDetector(
            paths=self.globs(body.items.get("paths")),
            fails=expressions.get("fails", ""),
            works=expressions.get("works"),
            **self.common(node),  # type: ignore[arg-type]
        )

    def expression(self, node: Node, what: str) -> str:
        text = self.string(node, what)
        reason = danger(text)
        if reason:
            self.problems.add(node.line, f"the regular expression {reason}", "write it so that every part can match in one way only")
        return text

    def globs(self, node: Node | None) -> tuple[str, ...]:
        found = tuple(self.string(element, "paths") for element in self.several(node))
        for glob in found:
            if ".." in PurePosixPath(glob).parts:
                self.problems.add(
                    node.line if node else 1, f"the glob {glob!r} leaves the project", "write globs relative to the project, without `..`"
                )
        return found

    def check(self, node: Node) -> Detector:
        return CheckDetector(**self.common(node))  # type: ignore[arg-type]


def _class_name(node: Node) -> str:
    """`true`, `false` and `none` are names of value classes, though YAML reads the first two as booleans."""
    if isinstance(node.value, bool):
        return str(node.value).lower()
    return "none" if node.value is None else str(node.value)


def _as_markdown(files: Example) -> str:
    return "\n\n".join(f"`{path}`:\n```\n{text}```" for path, text in files.files.items())
