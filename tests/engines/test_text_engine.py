"""Regular expressions over configuration files."""

import time

import pytest
from made_work import entry, lines, places, regex, troubles, work_in

from auditor.checks import JUDGES, Verdict
from auditor.engines.comments import comment_spans
from auditor.engines.text import LONGEST_LINE, run
from auditor.model import Outcome


def search(root, files, *detectors, **settings):
    return run(work_in(root, files, entry(*detectors), **settings))


def test_a_match_is_a_site_with_its_groups_in_the_message(tmp_path):
    detector = regex(r"listen\s+(?P<PORT>\d+)", message="listens on $PORT", suggest={"site": "listen ${PORT}; # was $PORT"})
    found = search(tmp_path, {"nginx/a.conf": "server {\n  é listen 80;\n}\n"}, detector)
    assert places(found) == [("nginx/a.conf", 2, 5, 2, 14)]
    (site,) = found.sites
    assert (site.outcome, site.message) == (Outcome.FAIL, "listens on 80")
    assert (site.change.before, site.change.after) == ("listen 80", "listen ${PORT}; # was 80")
    assert site.scope == site.place.span
    assert found.counts == (("files searched as text", 1),)


def test_lower_case_groups_are_bound_too(tmp_path):
    found = search(tmp_path, {"Procfile": "web: x --bind 127.0.0.1"}, regex(r"--bind (?P<host>\S+)", message="$HOST"))
    assert [site.message for site in found.sites] == ["127.0.0.1"]


def test_patterns_that_try_every_way_to_share_out_a_name_end_at_once(tmp_path):
    started = time.perf_counter()
    assert lines(search(tmp_path, {"a" * 120: "USER root\n"}, regex("USER root", paths=("*a" * 40 + "b",)))) == []
    assert time.perf_counter() - started < 5


def test_paths_choose_the_files(tmp_path):
    files = dict.fromkeys(["Dockerfile", "deploy/Dockerfile.web", "deploy/compose.yaml", "compose.yaml"], "USER root\n")
    docker = search(tmp_path, files, regex("USER root", paths=("Dockerfile*",)))
    assert [name for name, _ in lines(docker)] == ["Dockerfile", "deploy/Dockerfile.web"]
    assert [name for name, _ in lines(search(tmp_path, {}, regex("USER", paths=("/*.yaml", "!compose.yaml"))))] == []
    assert [name for name, _ in lines(search(tmp_path, {}, regex("USER", paths=("deploy/",))))] == ["deploy/Dockerfile.web", "deploy/compose.yaml"]


def test_code_that_is_not_for_production_is_left_out(tmp_path):
    assert lines(search(tmp_path, {"tests/a.toml": "x = 1\n", "a.toml": "x = 1\n"}, regex("x"))) == [("a.toml", 1)]


def test_a_line_is_searched_by_itself(tmp_path):
    files = {"Dockerfile": "FROM a\nRUN b\n"}
    assert lines(search(tmp_path, files, regex(r"a\s+RUN"))) == []
    assert lines(search(tmp_path, files, regex(r"^RUN b$"))) == [("Dockerfile", 2)]
    assert lines(search(tmp_path, files, regex(r"[^x]*b"))) == [("Dockerfile", 2)]


def test_a_pattern_may_ask_for_the_whole_file(tmp_path):
    files = {"Dockerfile": "FROM a\nRUN b\nRUN c\n"}
    assert places(search(tmp_path, files, regex(r"(?s)a\s+RUN.b"))) == [("Dockerfile", 1, 6, 2, 6)]
    assert places(search(tmp_path, files, regex(r"(?s)^RUN c$"))) == [("Dockerfile", 3, 1, 3, 6)]


def test_absence_is_found_where_the_file_begins(tmp_path):
    files = {"Dockerfile": "# syntax=docker/dockerfile:1\nFROM a\n", "b/Dockerfile": "FROM a\nUSER app\n"}
    assert places(search(tmp_path, files, regex(r"(?s)\A(?!.*^USER )"))) == [("Dockerfile", 1, 1, 1, 2)]


def test_works_gives_passing_sites_unless_the_same_code_fails(tmp_path):
    found = search(tmp_path, {"Procfile": "web: app --port 80\napi: app --port $PORT\n"}, regex(r"--port \d+", works=r"--port \S+"))
    assert [(site.place.line, site.outcome) for site in found.sites] == [(1, Outcome.FAIL), (2, Outcome.PASS)]


def test_a_judge_decides(tmp_path, monkeypatch):
    def judge(project, match):
        return Verdict(outcome=Outcome.REVIEW, message=f"{match.message}?") if project.exists(match.place.path) else None

    monkeypatch.setitem(JUDGES, "made", judge)
    (site,) = search(tmp_path, {"Procfile": "web: x"}, regex("web: (?P<C>.*)", check="made", message="$C")).sites
    assert (site.outcome, site.message) == (Outcome.REVIEW, "x?")


def test_the_packages_at_hand_decide_for_manifests_and_the_project_for_servers(tmp_path):
    files = {
        "api/package.json": '{"dependencies": {"express": "4.19.2"}}',
        "ui/package.json": '{"dependencies": {"react": "18.0.0"}}',
        "nginx.conf": "dependencies",
    }
    found = run(work_in(tmp_path, files, entry(regex("dependencies"), applies=("express",))))
    assert [name for name, _ in lines(found)] == ["api/package.json", "nginx.conf"]


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfx = 1\r\n", "\ufeffx = 1\n".encode("utf-16-le"), b"x = 1 # \xe9"], ids=["bom", "utf-16", "latin-1"])
def test_encodings_do_not_hide_a_match(tmp_path, data):
    assert places(search(tmp_path, {"a.toml": data}, regex("^x = 1"))) == [("a.toml", 1, 1, 1, 6)]


def test_unreadable_files_are_troubles(tmp_path):
    found = search(tmp_path, {"a.toml": b"x\0", "b.toml": "x"}, regex("x"))
    assert [trouble[:2] for trouble in troubles(found)] == [("scan/unreadable", "a.toml")]
    assert lines(found) == [("b.toml", 1)]


def test_a_pattern_that_backtracks_is_stopped_and_the_rest_is_searched(tmp_path):
    files = {"a.toml": "a" * 40 + "!", "b.toml": "aab"}
    begin = time.monotonic()
    found = search(tmp_path, files, regex("(a+)+b"), file_timeout=0.5)
    assert time.monotonic() - begin < 10
    assert troubles(found) == [("scan/timeout", "a.toml", 0)]
    assert "made/entry" in found.troubles[0].message
    assert lines(found) == [("b.toml", 1)]


def test_endless_lines_are_left_out_and_counted(tmp_path):
    text = "x = 1\n" + "x" * (LONGEST_LINE + 1) + "\nx = 2\n"
    found = search(tmp_path, {"a.toml": text}, regex("x"))
    assert lines(found) == [("a.toml", 1), ("a.toml", 3)]
    assert found.notes == ("lines of more than 20000 characters left out of text searches: 1",)


def test_without_a_file_there_is_nothing(tmp_path):
    found = search(tmp_path, {"a.toml": "x"}, regex("x", paths=("*.ini",)))
    assert (found.sites, found.troubles, found.notes, found.counts) == ((), (), (), ())


@pytest.mark.parametrize(
    ("language", "text", "comments"),
    [
        ("yaml", "a: b # c\n#d\nurl: x#y\nq: 'z # no'", ["# c", "#d"]),
        ("yaml", "a: don't # c", ["# c"]),
        ("dockerfile", "# a\n  # b\nRUN c # d", ["# a", "  # b"]),
        ("nginx", "listen 80;# a\nadd_header X '# b';", ["# a"]),
        ("toml", 'a = "# b"# c', ["# c"]),
        ("shell", "echo ${a#b} $# 'c # d' # e", ["# e"]),
        ("dotenv", "A=b#c\nD=e # f", ["# f"]),
        ("ini", "; a\n# b\nc = d ; e", ["; a", "# b"]),
        ("javascript", "f('// a'); // b\n/* c\n*/ g(`// d`, \"http://e\")", ["// b", "/* c\n*/"]),
        ("json", '{"a": "http://b", // c\n}', ["// c"]),
        ("css", "a { b: url(http://c) } /* d */", ["/* d */"]),
        ("html", "<!-- a\nb --> <p>// c</p> <!-- d", ["<!-- a\nb -->", "<!-- d"]),
        ("vue", "<!-- a -->\n// b\nglob('./c/*.vue') /* d */ http://e", ["<!-- a -->", "// b", "/* d */"]),
        ("klingon", "# a // b", []),
    ],
)
def test_where_comments_are(language, text, comments):
    assert [text[start:end] for start, end in comment_spans(text, language)] == comments


def test_matches_in_comments_are_none(tmp_path):
    text = "# ENV KEY=1\nENV KEY=2\n"
    assert lines(search(tmp_path, {"Dockerfile": text}, regex("KEY="))) == [("Dockerfile", 2)]


@pytest.mark.parametrize("text", ["/*" * 100_000, "'" * 100_000, "`" * 99_999, "`\\" * 20_000, '"\\' * 100_000, "<!--" * 100_000, "# " * 100_000])
@pytest.mark.parametrize("language", ["javascript", "yaml", "vue"])
def test_hostile_comments_take_no_time(language, text):
    begin = time.monotonic()
    comment_spans(text, language)
    assert time.monotonic() - begin < 3
