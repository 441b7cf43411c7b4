"""Every format tells the same findings: as many, at the same places, and with the same fingerprints where it has any."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import pytest
from made_report import NOTES, broken, failing, made_report, passing, place, review, silenced
from made_validation import found, full
from markdown_it import MarkdownIt

from auditor.model import Outcome, Report, Severity
from auditor.project.config import Config
from auditor.report import RENDERERS, View
from auditor.scan import ScanOptions, scan

SAMPLE = Path(__file__).parent.parent.parent / "fixtures" / "projects" / "sample-flask-react"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a format says. ``failing`` counts (check, path, line); a format that cannot tell something has None there."""

    failing: Counter[tuple[str, str, int]] | None = None
    fingerprints: Counter[str] | None = None
    suppressed: Counter[str] | None = None


def from_json(text: str) -> Told:
    results = [result for run in json.loads(text)["runs"] for result in run["results"] if result["outcome"] == "fail"]
    still = [result for result in results if result["suppression"] is None]
    return Told(
        failing=Counter(
            (one["check"], one["place"]["path"] or "", one["place"]["span"]["start"]["line"] if one["place"]["span"] else 0) for one in still
        ),
        fingerprints=Counter(one["fingerprint"] for one in still),
        suppressed=Counter(one["fingerprint"] for one in results if one["suppression"] is not None),
    )


def from_sarif(text: str) -> Told:
    (run,) = json.loads(text)["runs"]
    still = [result for result in run["results"] if not result.get("suppressions")]

    def key(result: dict) -> tuple[str, str, int]:
        physical = result["locations"][0]["physicalLocation"]
        return result["ruleId"], unquote(physical["artifactLocation"]["uri"]), physical.get("region", {}).get("startLine", 0)

    return Told(
        failing=Counter(map(key, still)),
        fingerprints=Counter(one["partialFingerprints"]["gotchaAudit/v1"] for one in still),
        suppressed=Counter(one["partialFingerprints"]["gotchaAudit/v1"] for one in run["results"] if one.get("suppressions")),
    )


def from_gitlab(text: str) -> Told:
    issues = json.loads(text)
    return Told(
        failing=Counter((one["check_name"], one["location"]["path"], one["location"]["lines"]["begin"]) for one in issues),
        fingerprints=Counter(one["fingerprint"] for one in issues),
    )


_ANNOTATION = re.compile(r"^::(?:error|warning|notice) file=([^,:]*)(?:,line=(\d+))?[^:]*?,title=([^:]*)::")


def from_github(text: str) -> Told:
    found = [_ANNOTATION.match(line) for line in text.splitlines()[1:]]
    keys = [(match[3], match[1], int(match[2] or 0)) for match in found if match and "not examined" not in match[3]]
    return Told(failing=Counter((unescaped(check), unescaped(path), line) for check, path, line in keys))


def unescaped(text: str) -> str:
    return text.replace("%3A", ":").replace("%2C", ",").replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def from_junit(text: str) -> Told:
    cases = [case for case in ET.fromstring(text).iter("testcase") if case.find("failure") is not None]
    return Told(failing=Counter((case.attrib["classname"], *placed(case.attrib["name"])) for case in cases))


def placed(text: str) -> tuple[str, int]:
    match = re.fullmatch(r"(.*?):(\d+):\d+", text, re.DOTALL)
    return (match[1], int(match[2])) if match else (text, 0)


def from_text(text: str) -> Told:
    heads = re.findall(r"^(\S.*?)(?::(\d+):\d+)?  (?:error|warning|note)  ([\w-]+/[\w-]+)", text, re.MULTILINE)
    return Told(failing=Counter((check, path, int(line or 0)) for path, line, check in heads))


def from_markdown(text: str) -> Told:
    tokens = MarkdownIt("commonmark").parse(text)
    heads = [token.children or [] for opened, token in pairwise(tokens) if opened.type == "heading_open" and opened.tag == "h3"]
    findings = [(codes[0], codes[-1]) for head in heads if len(codes := [child.content for child in head if child.type == "code_inline"]) == 2
                and any(child.content.strip() in {"error", "warning", "note"} for child in head)]  # fmt: skip
    return Told(failing=Counter((check, *placed(where)) for where, check in findings))


class _Articles(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.still: Counter[str] = Counter()
        self.suppressed: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's signature
        values = dict(attrs)
        if values.get("data-outcome") == "fail" and "data-fingerprint" in values:
            (self.suppressed if "data-suppressed" in values else self.still)[values["data-fingerprint"] or ""] += 1


def from_html(text: str) -> Told:
    articles = _Articles()
    articles.feed(text)
    return Told(fingerprints=articles.still, suppressed=articles.suppressed)


EXTRACTORS: dict[str, Callable[[str], Told]] = {
    "json": from_json,
    "sarif": from_sarif,
    "gitlab": from_gitlab,
    "github": from_github,
    "junit": from_junit,
    "text": from_text,
    "markdown": from_markdown,
    "html": from_html,
}
"""One for each format; a new renderer needs one."""


def compared(report: Report, name: str) -> None:
    told = EXTRACTORS[name](RENDERERS[name](report, View(show=(Outcome.FAIL,), entries=NOTES)))
    failures = [result for result in report.results if result.outcome is Outcome.FAIL]
    still = [result for result in failures if result.suppression is None]
    assert told.failing is not None or told.fingerprints is not None
    if told.failing is not None:
        assert told.failing == Counter((result.check, str(result.place.path), result.place.line) for result in still)
    if told.fingerprints is not None:
        assert told.fingerprints == Counter(result.fingerprint for result in still)
    if told.suppressed is not None:
        assert told.suppressed == Counter(result.fingerprint for result in failures if result.suppression is not None)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Report:
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        return scan(SAMPLE, ScanOptions(config=Config(), jobs=1))


@pytest.mark.parametrize("name", RENDERERS)
def test_a_real_scan_is_the_same_in_every_format(sample: Report, name: str) -> None:
    assert sum(result.outcome is Outcome.FAIL for result in sample.results) == 7
    compared(sample, name)


HOSTILE = ("100%.py", "a b/c.py", "ünï/日本.py", "[x](y).py", "<b>&.py", "a,b.py", "x#y?z.py", "``tick`.py")


@pytest.mark.parametrize("name", RENDERERS)
def test_a_made_report_is_the_same_in_every_format(name: str) -> None:
    results = [replace(failing(path), place=place(path, number), fingerprint=f"fail-{number}") for number, path in enumerate(HOSTILE, start=1)]
    results += [replace(results[0], severity=Severity.NOTE, check="flask/other", fingerprint="note"), replace(silenced(), fingerprint="silent")]
    compared(made_report(*results, review(), passing(), broken()), name)


@pytest.mark.parametrize("name", ["json", "sarif", "gitlab", "github", "junit"])
def test_a_validation_has_as_many_failures_in_every_format(name: str) -> None:
    """Formats of findings show a request at a file, so that places differ; how many there are does not."""
    told = EXTRACTORS[name](RENDERERS[name](full(), View()))
    assert told.failing is not None
    assert Counter(check for check, _, _ in told.failing.elements()) == {"runtime/page": 1, "runtime/cors": 1, "flask/relative-send-directory": 1}


@pytest.mark.parametrize("name", ["sarif", "gitlab", "github"])
def test_what_a_validation_confirmed_is_one_finding(name: str) -> None:
    """The scan of a gate and its validation both list it; the words of the validation stand, because they say more."""
    finding = replace(found(Outcome.FAIL, "breaks"), fingerprint="same", evidence=())
    confirmed = replace(full(), runs=(replace(full().runs[0], results=(replace(finding, message="confirmed by runtime/page: breaks"),)),))
    both = replace(confirmed, runs=(*made_report(finding).runs, *confirmed.runs))
    out = RENDERERS[name](both, View())
    told = EXTRACTORS[name](out)
    assert told.failing == {("flask/relative-send-directory", "web.py", 21): 1}
    assert "confirmed by runtime/page" in unescaped(out)
