"""What a scan with semgrep finds, with the true program."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from made_work import entry, lines, places, rule, troubles, work_in

from auditor.checks import JUDGES, Verdict
from auditor.engines.semgrep import process, start
from auditor.model import Outcome, Safety
from auditor.project.text import Unreadable

pytestmark = pytest.mark.semgrep


def scan(root, files, *gotchas, **settings):
    return start(work_in(root, files, *gotchas, **settings)).finish()


CORS = rule("cors({origin: $ORIGIN})", message="lets `$ORIGIN` in")


def test_a_match_is_a_failing_site_with_its_text_in_the_message(tmp_path):
    found = scan(tmp_path, {"web.js": "cors({origin: '*'});\n"}, entry(CORS))
    (site,) = found.sites
    assert (site.gotcha, site.outcome, site.message) == ("made/entry", Outcome.FAIL, "lets `'*'` in")
    assert places(found) == [("web.js", 1, 1, 1, 20)]
    assert site.scope == site.place.span
    assert found.troubles == found.notes == ()
    assert found.counts == (("files read by semgrep", 1),)


def test_without_a_message_the_title_speaks(tmp_path):
    found = scan(tmp_path, {"web.js": "f(1)"}, entry(rule("f($X)"), title="f is called with $X"))
    assert [site.message for site in found.sites] == ["f is called with 1"]


def test_columns_count_code_points(tmp_path):
    # before the call: 21 characters, of which é takes two bytes and the emoji four (and two UTF-16 units)
    text = 'const é = 1; /* 🎉 */ cors({origin: "ü𝒳"}); x();\n'
    assert places(scan(tmp_path, {"web.ts": text}, entry(CORS))) == [("web.ts", 1, 22, 1, 42)]


def test_matches_over_several_lines_end_where_they_end(tmp_path):
    text = "é();\ncors({\n  origin: `ä\né` })\n"
    assert places(scan(tmp_path, {"web.ts": text}, entry(CORS))) == [("web.ts", 2, 1, 4, 6)]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfcors({origin: 1});\n",
        "\ufeffcors({origin: 1});\n".encode("utf-16-le"),
        b"cors({origin: 1}); // \xe9t\xe9\n",
        b"cors({origin: 1});\r\n",
        b"#!/usr/bin/env node\ncors({origin: 1})",
    ],
    ids=["bom", "utf-16", "latin-1", "crlf", "shebang"],
)
def test_encodings_do_not_hide_a_match(tmp_path, data):
    (place,) = places(scan(tmp_path, {"web.js": data}, entry(CORS)))
    assert place[2:] == (1, place[1], 18)


def test_every_suffix_of_the_languages_is_read(tmp_path):
    names = ["a.js", "b.jsx", "c.mjs", "d.cjs", "e.ts", "f.tsx", "g.mts", "h.cts"]
    found = scan(tmp_path, dict.fromkeys(names, "cors({origin: 1})"), entry(CORS))
    assert [name for name, _ in lines(found)] == names


def test_a_javascript_rule_leaves_typescript_alone(tmp_path):
    found = scan(tmp_path, dict.fromkeys(["a.js", "b.ts"], "f(1)"), entry(rule("f(1)", languages=("javascript",))))
    assert lines(found) == [("a.js", 1)]


def test_other_languages(tmp_path):
    files = {
        "Dockerfile.web": "# é\nFROM node:20 AS build\n",
        "deploy/app.yaml": "a: 1\nkey: x\n",
        "package.json": '{"type": "module", "key": 1}',
        "index.htm": '<p>é <a href="x">y</a></p>',
        "nginx/site.conf": "server {\n  listen 80;\n}\n",
        "App.vue": "<template>\n<p>port 8080</p></template>",
    }
    gotchas = [
        entry(rule("FROM $IMAGE", languages=("dockerfile",)), called="made/docker"),
        entry(rule("key: $V", languages=("yaml",)), called="made/yaml"),
        entry(rule('{..., "key": $V, ...}', languages=("json",)), called="made/json"),
        entry(rule('<a href="$X">...</a>', languages=("html",)), called="made/html"),
        entry(rule("listen $PORT;", languages=("generic",), paths=("*.conf",)), called="made/nginx"),
        entry(rule({"pattern-regex": r"port (?<PORT>\d+)"}, languages=("regex",), message="$PORT"), called="made/regex"),
    ]
    found = scan(tmp_path, files, *gotchas)
    assert {site.gotcha: str(site.place) for site in found.sites} == {
        "made/docker": "Dockerfile.web:2:1",
        "made/yaml": "deploy/app.yaml:2:1",
        "made/json": "package.json:1:1",
        "made/html": "index.htm:1:6",
        "made/nginx": "nginx/site.conf:2:3",
        "made/regex": "App.vue:2:4",
    }
    assert next(site.message for site in found.sites if site.gotcha == "made/regex") == "8080"


def test_yaml_may_be_written_in_french(tmp_path):
    text = "état: éteint\nkey: élan\n"
    found = scan(tmp_path, {"a.yaml": text}, entry(rule("key: $V", languages=("yaml",), message="$V")))
    assert places(found) == [("a.yaml", 2, 1, 2, 10)]
    assert [site.message for site in found.sites] == ["élan"]
    assert found.troubles == ()


def test_a_rule_sees_its_own_files_only(tmp_path):
    files = {"src/a.js": "f(1); g()", "other/b.js": "f(1); g()"}
    here, everywhere = entry(rule("f(1)", paths=("src/",)), called="made/here"), entry(rule("g()"), called="made/everywhere")
    found = scan(tmp_path, files, here, everywhere)
    assert [(site.gotcha, str(site.place.path)) for site in found.sites] == [
        ("made/everywhere", "other/b.js"),
        ("made/here", "src/a.js"),
        ("made/everywhere", "src/a.js"),
    ]


def test_names_that_semgrep_ignores_by_default_are_read(tmp_path):
    names = ["build/a.js", "dist/b.js", "vendor/c.js", "x.min.js"]
    work = work_in(tmp_path, dict.fromkeys(names, "f(1)"), entry(rule("f(1)")))
    assert [name for name, _ in lines(start(work).finish())] == [str(path) for path in work.files]


def test_comments_for_semgrep_do_not_silence(tmp_path):
    assert lines(scan(tmp_path, {"a.js": "f(1) // nosemgrep\n"}, entry(rule("f(1)")))) == [("a.js", 1)]


def test_a_works_rule_gives_passing_sites_unless_the_same_code_fails(tmp_path):
    detector = rule("cors({origin: '*'})", works="cors({origin: $O})", message="origin")
    found = scan(tmp_path, {"a.js": "cors({origin: '*'});\ncors({origin: LIST});\n"}, entry(detector))
    assert [(site.place.line, site.outcome, site.message) for site in found.sites] == [
        (1, Outcome.FAIL, "origin"),
        (2, Outcome.PASS, "is in a form that works"),
    ]


def test_of_nested_matches_the_innermost_stays(tmp_path):
    found = scan(tmp_path, {"a.js": "f(f(1));\nf(g(\n f(2)));\n"}, entry(rule("f(...)")))
    # line 1: f(f(1)) holds f(1); lines 2 and 3 start apart, so both are sites
    assert places(found) == [("a.js", 1, 3, 1, 7), ("a.js", 2, 1, 3, 8), ("a.js", 3, 2, 3, 6)]


def test_one_line_one_site_unless_they_say_different_things(tmp_path):
    files = {"a.js": "f(1); f(1); f(2);\n"}
    assert len(scan(tmp_path, files, entry(rule("f($X)"))).sites) == 1
    assert [site.message for site in scan(tmp_path, files, entry(rule("f($X)", message="$X"))).sites] == ["1", "2"]


def test_the_works_form_is_shown_for_the_very_site(tmp_path):
    detector = rule("cors({origin: $ORIGIN})", suggest={"site": "cors({origin: [$ORIGIN]})"})
    (site,) = scan(tmp_path, {"a.js": 'cors({origin: "é"});'}, entry(detector)).sites
    assert (site.change.title, site.change.safety) == ("WORKS", Safety.UNSAFE)
    assert (site.change.before, site.change.after) == ('cors({origin: "é"})', 'cors({origin: ["é"]})')
    assert site.change.edits == ()


def test_the_works_form_may_replace_one_value(tmp_path):
    (site,) = scan(tmp_path, {"a.js": "f(dir, 1);"}, entry(rule("f($D, 1)", suggest={"$D": "join(root, $D)"}))).sites
    assert site.change.after == "f(join(root, dir), 1)"


def test_bound_text_that_looks_like_a_metavariable_stays_as_it_is(tmp_path):
    detector = rule("f($A, $AB, $...REST)", message="$A | $AB | $...REST")
    found = scan(tmp_path, {"a.js": 'f("$AB", "$A é", 1, 2);\nf(1, 2);\n'}, entry(detector))
    assert [site.message for site in found.sites] == ['"$AB" | "$A é" | 1, 2', "1 | 2 | $...REST"]


def test_the_packages_near_a_file_decide_what_is_looked_for(tmp_path):
    files = {
        "api/package.json": '{"dependencies": {"express": "4.19.2"}}',
        "api/a.js": "f(1)",
        "ui/package.json": '{"dependencies": {"react": "18.0.0"}}',
        "ui/b.js": "f(1)",
        "Dockerfile": "FROM node\n",
    }
    code = entry(rule("f(1)"), applies=("express",), called="made/code")
    image = entry(rule("FROM $X", languages=("dockerfile",)), applies=("express",), called="made/image")
    named = entry(rule("f(1)"), called="react/named", stack="react")
    assert [str(site.place.path) for site in scan(tmp_path, files, named).sites] == ["ui/b.js"]
    assert [str(site.place.path) for site in scan(tmp_path, files, code, image).sites] == ["Dockerfile", "api/a.js"]


def test_a_judge_decides_with_the_bindings_at_hand(tmp_path, monkeypatch):
    def judge(project, match):
        assert project.exists(match.place.path)
        if match.bindings["$X"] == "1":
            return None
        if match.bindings["$X"] == "2":
            return Verdict(outcome=Outcome.REVIEW)
        return Verdict(outcome=Outcome.PASS, message=f"{match.detector.options['word']} {match.message}")

    monkeypatch.setitem(JUDGES, "made", judge)
    detector = rule("f($X)", message="x is $X", check="made", options={"word": "well,"}, suggest={"site": "g($X)"})
    found = scan(tmp_path, {"a.js": "f(1);\nf(2);\nf(3);\n"}, entry(detector))
    assert [(site.place.line, site.outcome, site.message) for site in found.sites] == [
        (2, Outcome.REVIEW, "x is 2"),
        (3, Outcome.PASS, "well, x is 3"),
    ]
    assert [site.change.after if site.change else None for site in found.sites] == ["g(2)", None]


def test_a_judge_with_a_defect_costs_its_site_only(tmp_path, monkeypatch):
    def judge(_project, match):
        if match.place.line == 1:
            raise KeyError("word")
        if match.place.line == 2:
            raise Unreadable("holds NUL bytes")
        return Verdict(outcome=match.outcome)

    monkeypatch.setitem(JUDGES, "made", judge)
    found = scan(tmp_path, {"a.js": "f(1);\nf(2);\nf(3);\n"}, entry(rule("f($X)", check="made")))
    assert lines(found) == [("a.js", 3)]
    assert troubles(found) == [("scan/crash", "a.js", 1), ("scan/unreadable", "a.js", 0)]


# -- what cannot be examined ------------------------------------------------------------------------------------------------------


def test_a_syntax_error_is_a_trouble_and_the_rest_is_read(tmp_path):
    found = scan(tmp_path, {"a.js": "f(1);\nfunction (((\n", "b.js": "f(1)"}, entry(rule("f(1)")), entry(rule("f($X)"), called="made/second"))
    assert troubles(found) == [("scan/syntax", "a.js", 2)]
    assert "function (((" in found.troubles[0].message
    assert ("b.js", 1) in lines(found)


def test_template_markup_is_no_syntax_error_but_is_said(tmp_path):
    page = "{% extends 'x' %}\n<div {% if a %}>\n<script>\nvar x = {{ data|tojson }};\nf(1)</script></div>\n"
    found = scan(tmp_path, {"a.html": page}, entry(rule("f(1)")), entry(rule("<div>...</div>", languages=("html",)), called="made/html"))
    assert found.troubles == ()
    assert found.notes == ("semgrep could read 1 template only in part: a.html",)
    assert ("a.html", 5) in lines(found)


def test_unreadable_candidates_are_troubles(tmp_path):
    found = scan(tmp_path, {"a.js": b"f(1)\0", "b.js": "f(1)"}, entry(rule("f(1)")))
    assert [(check, path) for check, path, _ in troubles(found)] == [("scan/unreadable", "a.js")]
    assert lines(found) == [("b.js", 1)]


@pytest.mark.parametrize(
    "body",
    [{"pattern": "f(((("}, {"pattern-regex": "(("}, {"patterns": [{"pattern-not": "f(1)"}]}, {"pattern": 7}, {"patterns": [{"pattern-wibble": "x"}]}],
    ids=["pattern", "regex", "no positive term", "type", "operator"],
)
def test_a_bad_rule_names_its_entry_and_the_others_run(tmp_path, body):
    found = scan(tmp_path, {"a.js": "f(1); ((; x"}, entry(rule("f(1)")), entry(rule(body), called="made/bad"))
    assert ("a.js", 1) in lines(found)
    (trouble,) = [trouble for trouble in found.troubles if trouble.check == "engine/semgrep"]
    assert (trouble.place.path, trouble.place.label) == (None, "made/bad")
    assert "made/bad (rules/made/bad.md)" in trouble.message


def test_deep_nesting_and_long_sums_end(tmp_path):
    files = {"a.js": "f(1);\nx = " + "[" * 3000 + "]" * 3000, "b.js": "f(1)"}
    assert ("b.js", 1) in lines(scan(tmp_path, files, entry(rule("f(1)"))))


# -- a closed folder --------------------------------------------------------------------------------------------------------------


def test_nothing_is_left_behind_and_nothing_is_written_at_home(tmp_path, monkeypatch):
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    project = tmp_path / "project"
    assert lines(scan(project, {"a.js": "f(1)"}, entry(rule("f(1)")))) == [("a.js", 1)]
    assert list(home.rglob("*")) == list(temporary.rglob("*")) == []
    assert [path.name for path in project.rglob("*")] == ["a.js"]


def test_ignore_files_and_repositories_above_the_temporary_folder_do_not_count(tmp_path, monkeypatch):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for folder in (tmp_path, temporary):
        (folder / ".semgrepignore").write_text("*\n")
        (folder / ".gitignore").write_text("*\n")
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    assert lines(scan(tmp_path / "project", {"a.js": "f(1)"}, entry(rule("f(1)")))) == [("a.js", 1)]


def test_the_environment_of_the_caller_stays_outside(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMGREP_RULES", "nowhere.yaml")
    monkeypatch.setenv("SEMGREP_APP_TOKEN", "secret")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    environment = process._environment(tmp_path)
    assert environment["SEMGREP_SEND_METRICS"] == "off"
    assert environment["SEMGREP_ENABLE_VERSION_CHECK"] == "0"
    assert not {"SEMGREP_RULES", "SEMGREP_APP_TOKEN"} & set(environment)
    assert not [name for name in environment if re.search("proxy", name, re.IGNORECASE)]


def test_cancelling_ends_the_process_and_removes_its_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pending = start(work_in(tmp_path / "project", {"a.js": "f(1)"}, entry(rule("f(1)"))))
    (folder,) = tmp_path.glob("gotcha-audit-*")
    pid = pending._process._process.pid
    pending.cancel()
    pending.cancel()
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_semgrep_is_looked_for_beside_python_first(tmp_path, monkeypatch):
    for name in ("bin", "path"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("sys.executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    assert process.find_semgrep() is None
    for name in ("path", "bin"):
        program = Path(tmp_path, name, "semgrep")
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        assert process.find_semgrep() == program
