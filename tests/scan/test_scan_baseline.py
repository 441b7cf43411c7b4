"""Findings that were written down do not count; all others do."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path, PurePosixPath

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_judged_runs import CHECK, report_of, run_of

from auditor.engines.base import Trouble
from auditor.errors import UsageError
from auditor.model import Outcome, Place, Severity
from auditor.project.config import Config
from auditor.scan import ScanOptions, baseline, scan
from auditor.scan.baseline import Baseline, Limits
from auditor.scan.figures import is_open, judged
from auditor.scan.results import fingerprint

FAIL, REVIEW, PASS = Outcome.FAIL, Outcome.REVIEW, Outcome.PASS
FILE = Path("gotcha-audit-baseline.json")
NOWHERE = Path("/nowhere")


def written(run):
    return Baseline(path=FILE, entries=baseline.entries_of(run))


def held(before, now, *, root=NOWHERE, limits=None):
    """The run of ``now`` held against the baseline of ``before``."""
    return baseline.apply(report_of(now), written(before), root=root, limits=limits).runs[0]


def still_open(run):
    return [(str(result.place.path), result.place.line, result.outcome) for result in run.results if is_open(result)]


# -- lines come and go ----------------------------------------------------------------------------------------------------------------

SITES = st.sampled_from(["f(1)", "f(2)", "g( a,  b )"])
VERDICTS = st.sampled_from([FAIL, REVIEW, PASS])
FILLERS = st.sampled_from(["x = 1", "", "# f(1)", "    y = 2"])
LINES = st.lists(st.one_of(st.tuples(SITES, VERDICTS), st.tuples(FILLERS, st.none())), max_size=14)


@st.composite
def edited(draw, lines):
    """``lines`` after edits elsewhere: sites stay, move with the lines around them, are indented anew, or go."""
    kept = []
    for text, verdict in lines:
        kept += draw(st.lists(st.one_of(st.tuples(FILLERS, st.none()), st.tuples(SITES, st.just(PASS))), max_size=2))
        if verdict is None:
            if draw(st.booleans()):
                kept.append((draw(FILLERS), None))
        elif draw(st.integers(0, 4)):
            kept.append((draw(st.sampled_from(["", "  ", "\t"])) + text + draw(st.sampled_from(["", "  "])), verdict))
    return kept


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_edits_elsewhere_never_make_a_finding_new(data):
    before = data.draw(LINES)
    now = data.draw(edited(before))
    assert still_open(held(run_of({"app.py": before}), run_of({"app.py": now}))) == []


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_what_is_new_is_never_hidden(data):
    """Whatever else happens, exactly as many findings count as there are more of the same code than before."""
    before, more = data.draw(LINES), data.draw(st.lists(st.tuples(SITES, st.sampled_from([FAIL, REVIEW])), max_size=3))
    now = data.draw(edited(before))
    for site in more:
        now.insert(data.draw(st.integers(0, len(now))), site)

    def count(lines, verdict):
        return Counter(" ".join(text.split()) for text, given_verdict in lines if given_verdict is verdict)

    more_fail = count(now, FAIL) - count(before, FAIL)
    fewer_fail = count(before, FAIL) - count(now, FAIL)
    more_review = (count(now, REVIEW) - count(before, REVIEW)) - fewer_fail  # a failure that is under review now got better
    found = Counter(verdict for _, _, verdict in still_open(held(run_of({"app.py": before}), run_of({"app.py": now}))))
    assert found == +Counter({FAIL: more_fail.total(), REVIEW: more_review.total()})


@settings(max_examples=50, deadline=None)
@given(LINES, LINES)
def test_an_update_that_adds_is_a_new_baseline(before, now):
    done = baseline.update(run_of({"app.py": now}), written(run_of({"app.py": before})), root=NOWHERE, add=True)
    assert baseline.render(done.write) == baseline.render(baseline.entries_of(run_of({"app.py": now})))


@settings(max_examples=50, deadline=None)
@given(LINES, LINES)
def test_an_update_that_does_not_add_covers_what_the_old_one_covers_and_is_stable(before, now):
    run = run_of({"app.py": now})
    old = written(run_of({"app.py": before}))
    done = baseline.update(run, old, root=NOWHERE, add=False)
    new = Baseline(path=FILE, entries=done.write)
    assert still_open(baseline.apply(report_of(run), new, root=NOWHERE).runs[0]) == still_open(
        baseline.apply(report_of(run), old, root=NOWHERE).runs[0]
    )
    again = baseline.update(run, new, root=NOWHERE, add=False)
    assert (again.write, again.gone, again.moved) == (done.write, (), ())
    assert len(done.write) == done.kept == len(old.entries) - len(done.gone)


def test_removing_the_first_of_two_equal_lines_makes_nothing_new():
    two = [("f(1)", FAIL), ("x = 1", None), ("f(1)", FAIL)]
    assert still_open(held(run_of({"app.py": two}), run_of({"app.py": two[1:]}))) == []


def test_a_further_equal_line_is_one_new_finding():
    assert still_open(held(run_of({"app.py": [("f(1)", FAIL)]}), run_of({"app.py": [("f(1)", FAIL)] * 2}))) == [("app.py", 2, FAIL)]


def test_an_equal_line_that_works_before_it_makes_a_failure_no_other():
    assert still_open(held(run_of({"app.py": [("f(1)", FAIL)]}), run_of({"app.py": [("f(1)", PASS), ("f(1)", FAIL)]}))) == []


def test_a_site_under_review_that_fails_now_counts_and_the_other_way_round_does_not():
    fails, under_review = ({"app.py": [("f(1)", verdict)]} for verdict in (FAIL, REVIEW))
    assert still_open(held(run_of(under_review), run_of(fails))) == [("app.py", 1, FAIL)]
    assert still_open(held(run_of(fails), run_of(under_review))) == []


def test_an_equal_line_in_another_file_is_new():
    now = run_of({"app.py": [("f(1)", FAIL)], "b.py": [("f(1)", FAIL)]})
    assert still_open(held(run_of({"app.py": [("f(1)", FAIL)]}), now, root=Path(__file__).parent)) == [("b.py", 1, FAIL)]


# -- files that were renamed ------------------------------------------------------------------------------------------------------------


def test_a_renamed_file_keeps_its_findings_and_a_note_says_so(tmp_path):
    now = held(run_of({"old.py": [("f(1)", FAIL)]}), run_of({"new.py": [("x", None), ("f(1)", FAIL)]}), root=tmp_path)
    assert still_open(now) == []
    assert now.notes == (
        "gotcha-audit-baseline.json: what it holds of old.py is taken for new.py, because old.py is gone; `gotcha-audit baseline update` writes that down",
    )


def test_a_copied_file_does_not(tmp_path):
    (tmp_path / "old.py").touch()
    assert still_open(held(run_of({"old.py": [("f(1)", FAIL)]}), run_of({"new.py": [("f(1)", FAIL)]}), root=tmp_path)) == [("new.py", 1, FAIL)]


def test_a_file_that_had_findings_of_its_own_takes_none_of_a_gone_one(tmp_path):
    before = run_of({"old.py": [("f(1)", FAIL)], "new.py": [("f(2)", FAIL)]})
    assert still_open(held(before, run_of({"new.py": [("f(2)", FAIL), ("f(1)", FAIL)]}), root=tmp_path)) == [("new.py", 2, FAIL)]


def test_a_renamed_file_brings_no_more_findings_than_it_had(tmp_path):
    now = run_of({"new.py": [("f(1)", FAIL), ("f(1)", FAIL)]})
    assert len(still_open(held(run_of({"old.py": [("f(1)", FAIL)]}), now, root=tmp_path))) == 1


def test_an_update_writes_the_new_name(tmp_path):
    old = written(run_of({"old.py": [("f(1)", FAIL)]}))
    done = baseline.update(run_of({"new.py": [("f(1)", FAIL)]}), old, root=tmp_path, add=False)
    assert ([entry.path for entry in done.write], done.moved, done.gone, done.new) == (["new.py"], (("old.py", "new.py"),), (), ())


# -- figures, notes, and what is never part of it -----------------------------------------------------------------------------------------


def test_the_figures_follow():
    now = held(
        run_of({"app.py": [("f(1)", FAIL), ("g()", REVIEW)]}), run_of({"app.py": [("f(1)", FAIL), ("g()", REVIEW), ("h()", FAIL), ("f(1)", PASS)]})
    )
    assert {name: now.counts[name] for name in ("fail", "review", "pass", "suppressed", "suppressed by baseline", "files read for facts")} == {
        "fail": 1, "review": 0, "pass": 1, "suppressed": 2, "suppressed by baseline": 2, "files read for facts": 3,
    }  # fmt: skip
    (checked,) = now.checked
    assert (checked.fails, checked.reviews, checked.passes, [place.line for place in checked.places]) == (1, 0, 1, [3, 4])
    silenced = [result for result in now.results if result.suppression is not None]
    assert {(result.suppression.origin, result.suppression.reason) for result in silenced} == {("baseline", "listed in gotcha-audit-baseline.json")}
    assert report_of(now).exit_status(fail_on=Severity.WARNING) == 1


def test_the_figures_of_a_scan_are_those_that_are_made_here(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    text = "from flask import Flask\nfrom flask_cors import CORS\napp = Flask(__name__)\nCORS(app)\n"
    root = tmp_path / "tree"
    root.mkdir()
    (root / "requirements.txt").write_text("flask\nflask-cors\n")
    for name, line in (("a", "CORS(app)"), ("b", 'CORS(app, origins=["https://a.example"])'), ("c", "CORS(app)  # gotcha: ignore[flask] -- x")):
        (root / f"{name}.py").write_text(text.replace("CORS(app)", line))
    (run,) = scan(root, ScanOptions(config=Config(), select=("flask/cors-any-origin",), jobs=1)).runs
    assert run.counts["fail"] >= 1
    assert judged(run, run.results) == run


def test_what_cannot_be_examined_is_never_written_down():
    broken = Trouble(check="scan/syntax", place=Place(path=PurePosixPath("b.py")), message="is no Python")
    run = run_of({"app.py": [("f(1)", FAIL)]}, troubles=(broken,))
    assert [entry.check for entry in baseline.entries_of(run)] == [CHECK]
    now = held(run, run)
    assert report_of(now).exit_status(fail_on=Severity.WARNING) == 3


def test_what_no_longer_occurs_is_told():
    before = run_of({"app.py": [("f(1)", FAIL), ("f(2)", FAIL)]})
    assert held(before, run_of({"app.py": [("f(2)", FAIL)]})).notes == (
        "gotcha-audit-baseline.json: 1 entry no longer occurs (app.py: made/entry); `gotcha-audit baseline update` writes that down",
    )


@pytest.mark.parametrize(
    ("troubles", "limits", "told"),
    [
        ((), Limits(), True),
        ((Trouble(check="scan/syntax", place=Place(path=PurePosixPath("b.py")), message="m"),), Limits(), True),
        ((Trouble(check="scan/syntax", place=Place(path=PurePosixPath("app.py")), message="m"),), Limits(), False),
        ((Trouble(check="scan/timeout", place=Place(path=None, label="flask"), message="m"),), Limits(), False),
        ((), Limits(paths=(Path("app.py"),)), True),
        ((), Limits(paths=(Path("./"),)), True),
        ((), Limits(paths=(Path("ap"), Path("b.py"))), False),
        ((), Limits(selected=True), False),
    ],
)
def test_nothing_is_called_gone_that_was_not_looked_at(troubles, limits, told):
    now = run_of({}, troubles=troubles, checked=())
    assert bool(held(run_of({"app.py": [("f(1)", FAIL)]}), now, limits=limits).notes) is told


def test_an_update_keeps_what_could_not_be_looked_at():
    broken = Trouble(check="scan/syntax", place=Place(path=PurePosixPath("app.py")), message="m")
    old = written(run_of({"app.py": [("f(1)", FAIL)], "b.py": [("f(1)", FAIL)]}))
    done = baseline.update(run_of({}, troubles=(broken,)), old, root=NOWHERE, add=False)
    assert ([entry.path for entry in done.write], [entry.path for entry in done.gone]) == (["app.py"], ["b.py"])


# -- the file -----------------------------------------------------------------------------------------------------------------------------

NAMES = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=8).filter(lambda name: name not in (".", ".."))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(NAMES, SITES, st.sampled_from([FAIL, REVIEW])), unique_by=lambda one: one[0]), st.randoms())
def test_a_baseline_is_read_as_it_was_written_whatever_the_names(tmp_path_factory, lines, random):
    entries = list(baseline.entries_of(run_of({name: [(text, verdict)] for name, text, verdict in lines})))
    text = baseline.render(entries)
    assert text.isascii()
    jsonschema.validate(json.loads(text), json.loads(baseline.schema()))
    file = tmp_path_factory.mktemp("b") / "b.json"
    file.write_text(text)
    assert sorted(baseline.read(file).entries, key=str) == sorted(entries, key=str)
    random.shuffle(entries)
    assert baseline.render(entries) == text


def test_a_path_that_is_no_utf8_survives(tmp_path):
    run = run_of({"app.py": [("f(1)", FAIL)]})
    (entry,) = baseline.entries_of(replace(run, results=(replace(run.results[0], place=Place(path=PurePosixPath("bad\udcff.py"))),)))
    (tmp_path / "b.json").write_text(baseline.render([entry]))
    assert baseline.read(tmp_path / "b.json").entries == (entry,)


def test_the_form_of_version_1_is_frozen():
    """Another text, or another fingerprint for the same code, is another version."""
    run = run_of({"app.py": [("f( 1 )", FAIL), ("f( 1 )", REVIEW)]})
    assert (
        baseline.render(baseline.entries_of(run))
        == """\
{
  "version": 1,
  "findings": [
    {
      "path": "app.py",
      "check": "made/entry",
      "verdict": "fail",
      "message": "line 1 says f( 1 )",
      "fingerprint": "FIRST0001"
    },
    {
      "path": "app.py",
      "check": "made/entry",
      "verdict": "review",
      "message": "line 2 says f( 1 )",
      "fingerprint": "FIRST0002"
    }
  ]
}
""".replace("FIRST", fingerprint("made/entry", "app.py", "f( 1 )", 1)[:-4])
    )
    assert fingerprint("made/entry", "app.py", "f( 1 )", 1) == "fdeedd64059e568470d00001"


GOOD = {"path": "a.py", "check": "made/entry", "verdict": "fail", "message": "m", "fingerprint": "0" * 24}


def text_of(*findings, **more):
    return json.dumps({"version": 1, "findings": list(findings), **more}, indent=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ":1: this is not valid JSON (Expecting value)"),
        ("[]", ":1: this is no baseline, which is an object with `version` and `findings`: `gotcha-audit baseline create --force` writes it anew"),
        ('{\n  "version": 2,\n  "findings": []\n}', ":2: version 2 is not known; this gotcha-audit reads version 1: use the one that wrote it, or"),
        ('{\n  "version": true,\n  "findings": []\n}', ":2: version true is not known"),
        ('{"findings": []}', ":1: no `version` is given"),
        ('{\n"version": 1,\n"findings": {}}', ":3: `findings` is no list"),
        (text_of(extra=1), ":4: `extra` is not known: remove it"),
        (text_of(GOOD, "x"), ":11: this is no finding, which is an object: remove it"),
        (text_of({**GOOD, "fingerprint": "1" * 24}, {**GOOD, "line": 3}), ":11: `line` is not known: remove it"),
        (text_of({key: value for key, value in GOOD.items() if key != "check"}), ":4: `check` is not given: remove this block, or"),
        (text_of({**GOOD, "message": 5}), ":4: `message` is no text"),
        (text_of({key: value for key, value in GOOD.items() if key != "path"}), ":4: `path` is not given"),
        (text_of({**GOOD, "verdict": "error"}), ":4: `verdict` is 'error': write \"fail\" or \"review\""),
        (text_of({**GOOD, "fingerprint": "nope"}), ":4: `fingerprint` is none"),
        (text_of({**GOOD, "path": "../a.py"}), ":4: `path` is '../a.py', which is no path below the root"),
        (text_of({**GOOD, "path": "/etc/passwd"}), ":4: `path` is '/etc/passwd'"),
        (text_of({**GOOD, "path": "a\0b"}), ":4: `path` is 'a\\x00b'"),
        (text_of(GOOD, {**GOOD, "message": '"findings": ['}), ":11: this finding is there twice: remove one of the two blocks"),
        ('{\n"version": 1,\n"version": 1,\n"findings": []}', ":3: `version` is there twice in one object: keep one of them"),
        ('{\n"version": 1,\n<<<<<<< ours\n"findings": []}', ":3: this is not valid JSON (Expecting property name enclosed in double quotes): this is a conflict of a merge: keep"),
        ("[" * 100_000, ": is nested deeper than a baseline is"),
        ("\ufffe", ":1: this is not valid JSON"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_exactly_a_baseline_is_refused(tmp_path, text, message):
    file = tmp_path / "b.json"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        baseline.read(file)
    assert str(caught.value).startswith(f"{file}{message}")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"b\.json: there is no such baseline: `gotcha-audit baseline create --file .*b\.json` writes it"):
        baseline.read(tmp_path / "b.json")
    (tmp_path / "b.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"b\.json: cannot be read"):
        baseline.read(tmp_path / "b.json")
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        baseline.read(tmp_path)


def test_a_fingerprint_is_made_of_masked_code():
    """Fingerprints are committed and published: nobody may try passwords against one."""
    one, two = (run_of({"app.py": [(f"password = 'hu{rest}'", FAIL)]}).results[0].fingerprint for rest in ("nter2hunter2", "ge-secret-of-ours"))
    assert one == two
