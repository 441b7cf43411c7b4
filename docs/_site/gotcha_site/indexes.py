"""The ways into the catalogue: by stack, by category, and by what production shows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from auditor.catalogue import Catalogue
from auditor.catalogue.proofs import state_of
from auditor.model import Gotcha
from gotcha_site.entries import header
from gotcha_site.text import anchor, code, line, page, prose, table

_SUBJECTS = {"page": "A page", "asset": "An asset (script, style, image)", "api": "An endpoint of an API"}
_MEANING = {
    200: "200, though it should not be",
    301: "301, a redirect",
    302: "302, a redirect",
    400: "400 Bad Request",
    401: "401 Unauthorized",
    403: "403 Forbidden",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    413: "413 Content Too Large",
    500: "500 Internal Server Error",
    502: "502 Bad Gateway",
    503: "503 Service Unavailable",
    504: "504 Gateway Timeout",
}


def stacks(catalogue: Catalogue) -> dict[str, tuple[Gotcha, ...]]:
    """The entries of each stack, by its name."""
    names = sorted({gotcha.stack for gotcha in catalogue.gotchas})
    return {name: tuple(gotcha for gotcha in catalogue.gotchas if gotcha.stack == name) for name in names}


def by_stack(catalogue: Catalogue) -> str:
    """`gotchas/index.md`: every entry under its stack."""
    states = Counter(state_of(gotcha) for gotcha in catalogue.gotchas)
    counted = ", ".join(f"{states[state]} {state}" for state in ("proven", "stale", "unproven", "unprovable") if states[state])
    body = [
        "# Gotchas by stack",
        (
            f"Code that passes its tests and breaks in production: {len(catalogue.gotchas)} entries, {counted} "
            "([what that means](../explanation/proofs.md)). The same entries [by category](by-category.md) and "
            "[by what production shows](by-symptom.md)."
        ),
    ]
    for stack, group in stacks(catalogue).items():
        body += [f"## {stack}", _mistakes(group, "")]
    return page(body, title="Gotchas by stack", description="Every entry of the catalogue, by framework and tool.")


def of_stack(stack: str, gotchas: Iterable[Gotcha]) -> str:
    """`gotchas/<stack>/index.md`: the entries of one stack, with what one sees of each."""
    rows = [[f"[{line(gotcha.title)}]({gotcha.id.partition('/')[2]}.md)", gotcha.severity.value, prose(gotcha.summary)] for gotcha in gotchas]
    body = [f"# {stack}", table(["mistake", "severity", "what one sees"], [[cell.replace("|", "&#124;") for cell in row] for row in rows])]
    return page(body, title=stack, description=f"Gotchas of {stack}")


def by_category(catalogue: Catalogue) -> str:
    """`gotchas/by-category.md`."""
    body = ["# Gotchas by category"]
    groups: dict[str, list[Gotcha]] = defaultdict(list)
    for gotcha in catalogue.gotchas:
        groups[gotcha.category].append(gotcha)
    for category in sorted(groups):
        body += [f"## {category}", _mistakes(groups[category], "", stack=True)]
    return page(body, title="Gotchas by category", description="Every entry of the catalogue, by what it is about.")


def by_symptom(catalogue: Catalogue) -> str:
    """`gotchas/by-symptom.md`: from a status, a line of a log or of a console, a header or a red check to the entries that show themselves so."""
    answers: dict[tuple[str, int], list[Gotcha]] = defaultdict(list)
    texts: dict[str, dict[str, list[Gotcha]]] = {kind: defaultdict(list) for kind in ("log", "console", "header", "check")}
    for gotcha in catalogue.gotchas:
        for said in gotcha.symptoms:
            ((kind, value),) = said.items()
            if kind == "http":
                assert isinstance(value, Mapping)
                for subject in value["on"]:
                    answers[subject, value["status"]].append(gotcha)
            elif kind == "header":
                assert isinstance(value, Mapping)
                texts[kind][header(value)].append(gotcha)
            else:
                texts[kind][str(value)].append(gotcha)
    body = [
        "# Gotchas by symptom",
        (
            "Production is broken, and this is what it shows. Each row names the entries that show themselves so; one of them may be yours. "
            "`gotcha-audit validate` makes this comparison by itself, and puts those first that a scan found in the project."
        ),
        (
            "In this page: [an answer](#what-is-answered), [the log](#what-the-log-says), [the console of the browser](#what-the-browser-says), "
            "[a header](#what-an-answer-carries), [a red check](#which-check-is-red), [something else](#something-else)."
        ),
        "## What is answered",
    ]
    for subject, name in _SUBJECTS.items():
        rows = [[_MEANING.get(status, str(status)), _links(found)] for (on, status), found in sorted(answers.items()) if on == subject]
        if rows:
            body += [f"### {name}", table(["is answered with", "perhaps"], rows)]
    for kind, heading, column in (
        ("log", "What the log says", "the log holds"),
        ("console", "What the browser says", "the console holds"),
        ("header", "What an answer carries", "the header"),
        ("check", "Which check is red", "the check of `validate`"),
    ):
        rows = [[_said(kind, said), _links(found)] for said, found in sorted(texts[kind].items(), key=lambda item: item[0].lower())]
        if rows:
            body += [f"## {heading}", table([column, "perhaps"], rows)]
    others = [gotcha for gotcha in catalogue.gotchas if not gotcha.symptoms]
    body += [
        "## Something else",
        "These leave no mark that a program could look for. What a person sees:",
        table(["what one sees", "perhaps"], [[prose(gotcha.summary).replace("|", "&#124;"), _links([gotcha])] for gotcha in others]),
    ]
    return page(body, title="Gotchas by symptom", description="From what production shows to the mistake: statuses, log lines, console messages.")


def _said(kind: str, said: str) -> str:
    return f"[{code(f'runtime/{said}')}](../validate.md#the-checks)" if kind == "check" else code(said)


def _links(gotchas: Iterable[Gotcha]) -> str:
    unique = {gotcha.id: gotcha for gotcha in gotchas}
    return "<br>".join(f"[{line(gotcha.title)}]({gotcha.id}.md) ({gotcha.stack})" for gotcha in unique.values())


def _mistakes(gotchas: Iterable[Gotcha], up: str, *, stack: bool = False) -> str:
    head = ["mistake", *(["stack"] if stack else []), "severity", "proof"]
    rows = [
        [
            f"[{line(gotcha.title)}]({up}{gotcha.id}.md)",
            *([f"[{gotcha.stack}](index.md#{anchor(gotcha.stack)})"] if stack else []),
            gotcha.severity.value,
            state_of(gotcha),
        ]
        for gotcha in gotchas
    ]
    return table(head, rows)
