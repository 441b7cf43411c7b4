"""A semgrep that is missing, hangs, crashes or talks nonsense; played by a small program."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest
from made_work import entry, lines, rule, troubles, work_in

from auditor.engines.semgrep import run, start

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")

# Says "match" for every file that holds FIND; a file that holds HANG or CRASH does what it says.
STAND_IN = """#!{python}
import json, os, pathlib, re, signal, subprocess, sys, time
log = pathlib.Path({log!r})
with log.open("a") as lines:
    print(*sys.argv[1:3], len(list(pathlib.Path(".").glob("0*"))), *[word for word in sys.argv if "jobs" in word], file=lines)
{before}
results = []
for path in sorted(pathlib.Path(".").glob("0*")):
    text = path.read_text()
    if "HANG" in text:
        child = subprocess.Popen(["sleep", "60"])
        log.with_name("child").write_text(str(child.pid))
        time.sleep(60)
    if "CRASH" in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "FIND" in text:
        at = {{"line": 1, "col": 1}}
        ids = [rule["id"] for rule in json.load(open(sys.argv[sys.argv.index("--config") + 1]))["rules"]]
        results += [{{"check_id": id, "path": str(path), "start": at, "end": at, "extra": {{"message": ""}}}} for id in ids]
print(json.dumps({{"results": results, "errors": {errors}}}))
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Installs a stand-in; gives a function that reads how it was called."""

    def install(before="", errors=()):
        program = tmp_path / "semgrep"
        log = tmp_path / "log"
        program.write_text(STAND_IN.format(python=sys.executable, log=str(log), before=before, errors=json.dumps(errors)))
        program.chmod(0o755)
        monkeypatch.setattr(run, "find_semgrep", lambda: program)
        return lambda: [line.split() for line in log.read_text().splitlines()]

    return install


def scan(tmp_path, files, *gotchas, **settings):
    return start(work_in(tmp_path / "project", files, *gotchas, **settings)).finish()


ANY = entry(rule("f($X)"))


def test_without_a_candidate_semgrep_is_not_even_looked_up(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "find_semgrep", lambda: pytest.fail("looked up"))
    files = {"web.py": "f(1)", "a.js": "g(1)", "b.ts": "f(1)", "tests/test_c.js": "f(1)"}
    gotchas = (ANY, entry(rule("g(1)", paths=("src/",)), called="made/elsewhere"), entry(rule("g(1)"), called="made/stack", applies=("express",)))
    work = work_in(tmp_path, {name: text for name, text in files.items() if name != "b.ts"}, *gotchas)
    found = start(work).finish()
    assert (found.sites, found.troubles, found.notes, found.counts) == ((), (), (), ())


def test_a_missing_semgrep_is_an_error_and_says_what_was_not_examined(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "find_semgrep", lambda: None)
    found = scan(tmp_path, {"a.js": "f(1)", "b.js": "f(1)"}, ANY, entry(rule("g(1)"), called="made/not-needed"))
    assert troubles(found) == [("engine/semgrep", "semgrep", 0)]
    assert "pip install semgrep" in found.troubles[0].message
    assert "(1 entry could not be looked for in 2 files)" in found.troubles[0].message


def test_a_semgrep_that_cannot_be_started_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "find_semgrep", lambda: tmp_path / "nowhere")
    assert troubles(scan(tmp_path, {"a.js": "f(1)"}, ANY)) == [("engine/semgrep", "semgrep", 0)]


def test_one_process_in_the_native_front_end_for_a_whole_scan(tmp_path, stand_in):
    calls = stand_in()
    files = {f"{name}.js": "f(FIND)" for name in "abc"}
    found = scan(tmp_path, files, ANY, entry(rule("f($Y)"), called="made/second"))
    assert calls() == [["scan", "--experimental", "3"]]
    assert len(found.sites) == 6


def test_the_configured_number_of_jobs_holds_for_semgrep_too(tmp_path, stand_in):
    calls = stand_in()
    scan(tmp_path, {"a.js": "f(1)"}, ANY, jobs=1)
    assert calls() == [["scan", "--experimental", "1", "--jobs=1"]]


def test_without_the_native_front_end_the_default_one_is_used_and_named(tmp_path, stand_in):
    calls = stand_in(before='if "--experimental" in sys.argv: sys.exit("unknown option --experimental")')
    found = scan(tmp_path, {"a.js": "f(FIND)"}, ANY)
    assert [call[1] for call in calls()] == ["--experimental", "--config"]
    assert lines(found) == [("a.js", 1)]
    assert found.troubles == ()
    assert len(found.notes) == 1
    assert "default one was used" in found.notes[0]


def test_when_no_front_end_reports_that_is_an_error(tmp_path, stand_in):
    stand_in(before='sys.exit("out of order")')
    found = scan(tmp_path, {"a.js": "f(FIND)"}, ANY)
    assert troubles(found) == [("engine/semgrep", "semgrep", 0)]
    assert "out of order" in found.troubles[0].message


def test_a_file_on_which_semgrep_hangs_is_found_and_the_others_are_examined(tmp_path, stand_in):
    calls = stand_in()
    files = {f"{name}.js": "f(FIND)" for name in "abcd"} | {"c.js": "f(HANG)"}
    begin = time.monotonic()
    found = scan(tmp_path, files, ANY, file_timeout=0.2)
    assert time.monotonic() - begin < 20
    assert troubles(found) == [("scan/timeout", "c.js", 0)]
    assert lines(found) == [("a.js", 1), ("b.js", 1), ("d.js", 1)]
    assert [int(call[2]) for call in calls()] == [4, 2, 2, 1, 1]
    child = int((tmp_path / "child").read_text())
    assert not Path(f"/proc/{child}").exists() or "zombie" in Path(f"/proc/{child}/status").read_text()


def test_a_file_on_which_semgrep_crashes_is_found_and_the_others_are_examined(tmp_path, stand_in):
    stand_in()
    found = scan(tmp_path, {"a.js": "f(FIND)", "b.js": "f(CRASH)", "c.js": "f(FIND)"}, ANY)
    assert troubles(found) == [("scan/crash", "b.js", 0)]
    assert lines(found) == [("a.js", 1), ("c.js", 1)]


def test_halving_ends_when_time_is_up_and_names_all_that_is_left(tmp_path, stand_in, monkeypatch):
    monkeypatch.setattr(run, "_PATIENCE", 0)
    calls = stand_in()
    found = scan(tmp_path, {f"{name}.js": "f(HANG)" for name in "abc"}, ANY, file_timeout=0.2)
    assert len(calls()) == 1
    assert troubles(found) == [("scan/timeout", f"{name}.js", 0) for name in "abc"]
    assert "on this file or another one" in found.troubles[0].message


def test_errors_of_every_kind_become_troubles_once(tmp_path, stand_in):
    start_, end = {"line": 1, "col": 4, "offset": 0}, {"line": 1, "col": 5, "offset": 0}
    partial = {"type": ["PartialParsing", [{"path": "00001.js", "start": start_, "end": end}]], "path": "00001.js"}
    stand_in(
        errors=[
            {"type": "Timeout", "rule_id": "g0-0-fail", "path": "./00001.js", "message": "Timeout when running x on y:\n "},
            {**partial, "message": "Syntax error at line 00001.js:1:\n `(` was unexpected"},
            {**partial, "message": "Syntax error at line 00001.js:1:\n again"},
            {"type": "Out of memory", "path": "00001.js", "message": "Out of memory"},
            {"type": "Rule parse error", "rule_id": "g0-0-fail", "message": "Rule parse error in rule g0-0-fail:\n bad"},
            {"type": "SemgrepError", "message": "no luck"},
            {"type": "Timeout", "path": "elsewhere.js", "message": "not one of ours"},
        ]
    )
    found = scan(tmp_path, {"a.js": "é, f(x)"}, ANY)
    assert [(trouble.check, str(trouble.place)) for trouble in found.troubles] == [
        ("scan/timeout", "a.js"),
        ("scan/syntax", "a.js:1:3"),  # the fourth byte of the line is its third character
        ("engine/semgrep", "a.js"),
        ("engine/semgrep", "made/entry"),
        ("engine/semgrep", "semgrep"),
    ]


def test_rules_that_no_file_could_be_read_for_are_refused_with_a_reason(tmp_path, stand_in):
    stand_in()
    gotchas = (
        entry(rule("f()", languages=("klingon",)), called="made/language"),
        entry(rule({"mode": "join", "join": {}}), called="made/mode"),
    )
    found = scan(tmp_path, {"a.js": "f()"}, *gotchas)
    assert troubles(found) == [("engine/semgrep", "made/language", 0), ("engine/semgrep", "made/mode", 0)]
    assert "klingon" in found.troubles[0].message
    assert "rules/made/mode.md" in found.troubles[1].message
