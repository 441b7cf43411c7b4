"""Files that are no good: each gives a clear line or a clean answer, and the rest of the scan goes on."""

import os
import time

import pytest
from made_examined import examined, python
from made_work import entry, lines, troubles, work_in

from auditor.engines.python import engine
from auditor.engines.python.engine import run

SEND = python("flask.send_file($X)")
GOOD = "import flask\nflask.send_file('x')\n"


def outcome(content):
    """(troubles as (check, line, column), lines of sites) of one file; takes less than five seconds."""
    started = time.monotonic()
    (found,) = examined({"app.py": content}, SEND)
    assert time.monotonic() - started < 5
    return (
        [(trouble.check, trouble.place.line, trouble.place.column) for trouble in found.troubles],
        [site.place.line for site in found.sites],
    )


def message(content):
    (found,) = examined({"app.py": content}, SEND)
    (trouble,) = found.troubles
    assert str(trouble.place.path) == "app.py"
    assert "\n" not in trouble.message
    return trouble.message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # clean answers
        (b"", ([], [])),
        (b"\n\n", ([], [])),
        (b"# only a comment\n# import flask; flask.send_file(1)", ([], [])),
        (b"   ", ([], [])),
        (b'"""import flask; flask.send_file(1)"""', ([], [])),
        (GOOD.encode(), ([], [2])),
        (GOOD.replace("\n", "\r\n").encode(), ([], [2])),
        (GOOD.replace("\n", "\r").encode(), ([], [2])),
        (b"import flask\n\x0cflask.send_file('x')\n", ([], [2])),
        (b"\xef\xbb\xbf" + GOOD.encode(), ([], [2])),
        (b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + GOOD.encode(), ([], [4])),
        (b"# coding: cp1252\nx = '\x93'\n" + GOOD.encode(), ([], [4])),
        ("# é 🎉\n".encode() + GOOD.encode(), ([], [3])),
        (b"import flask\nflask.send_file('x')", ([], [2])),
        (b'import flask\nflask.send_file("\\d")\n', ([], [2])),
        (b"import flask\nif 1 is 1: flask.send_file('x')\n", ([], [2])),
        (b"import flask\nif True:\n\tflask.send_file('x')\n", ([], [3])),
        # no Python, or none of this version
        (b"import flask\nflask.send_file('x'\n", ([("scan/syntax", 2, 16)], [])),
        (b"def f(:\n    pass\n", ([("scan/syntax", 1, 7)], [])),
        ("x = 'é🎉'; y = z z\n".encode(), ([("scan/syntax", 1, 17)], [])),
        (b"print 'hello'\n", ([("scan/syntax", 1, 1)], [])),
        (b"try:\n    pass\nexcept E, e:\n    pass\n", ([], [])),  # Python 2 meant something else by it, and Python 3.14 allows it
        (b"exec 'x' in y\n", ([("scan/syntax", 1, 1)], [])),
        (b"x = 0777\n", ([("scan/syntax", 1, 5)], [])),
        (b"raise E, 'x'\n", ([("scan/syntax", 1, 8)], [])),
        (b"<html></html>\n", ([("scan/syntax", 1, 1)], [])),
        (b"{% if x %}\nimport a\n", ([("scan/syntax", 1, 2)], [])),
        # text that is none
        (b"# caf\xe9\n" + GOOD.encode(), ([("scan/unreadable", 0, 0)], [])),
        (GOOD.encode("utf-16"), ([("scan/unreadable", 0, 0)], [])),
        (GOOD.encode("utf-16-le"), ([("scan/unreadable", 0, 0)], [])),
        (b"x = 1\0\n", ([("scan/unreadable", 0, 0)], [])),
        (b"\x00\x01\x02\xff" * 100, ([("scan/unreadable", 0, 0)], [])),
        (b"# coding: klingon\n", ([("scan/unreadable", 0, 0)], [])),
    ],
    ids=repr,
)
def test_what_a_single_file_gives(content, expected):
    assert outcome(content) == expected


@pytest.mark.parametrize("content", ["x = 1\n\n  y = 2\n", "if x:\n\ty = 1\n        z = 2\n", "if x:\n    y = 1\n  z = 2\n", "def f():\n\nx = 1\n"])
def test_bad_indentation_is_reported_on_its_line(content):
    ((check, line, _),), sites = outcome(content)
    assert (check, line, sites) == ("scan/syntax", 3, [])


def test_a_byte_order_mark_moves_no_column():
    (found,) = examined({"app.py": b"\xef\xbb\xbfopen('x')"}, python("open($X)"))
    (site,) = found.sites
    assert (site.place.line, site.place.column, site.place.span.end.column) == (1, 1, 10)


DEEP = {
    "a sum of 20,000 terms": "x = " + "+".join(["1"] * 20_000),
    "a sum of 1,500 terms": "x = " + "+".join(["1"] * 1_500),
    "2,000 brackets": "x = " + "(" * 2_000 + ")" * 2_000,
    "150 brackets": "x = " + "(" * 150 + "1" + ")" * 150,
    "2,000 lists": "x = " + "[" * 2_000 + "]" * 2_000,
    "90 nested calls": "x = " + "f(" * 90 + ")" * 90,
    "3,000 attributes": "x = a" + ".b" * 3_000,
    "1,000 calls in a row": "x = a" + ".b()" * 1_000,
    "2,000 unary minuses": "x = " + "-" * 2_000 + "1",
    "1,000 lambdas": "x = " + "lambda: " * 1_000 + "1",
    "95 nested ifs": "".join(" " * depth + "if x:\n" for depth in range(95)) + " " * 95 + "pass",
    "200 nested ifs": "".join(" " * depth + "if x:\n" for depth in range(200)) + " " * 200 + "pass",
    "800 elifs": "if a: pass\n" + "elif a: pass\n" * 800,
    "5,000 concatenated strings": "x = " + "'a' " * 5_000,
    "a string of 900,000 characters": "x = '" + "a" * 900_000 + "'",
    "a comparison chain of 5,000": "x = " + "<".join(["1"] * 5_000),
    "an or of 5,000": "x = " + " or ".join(["a"] * 5_000),
    "a list of 50,000": "x = [" + "1," * 50_000 + "]",
    "a dict of 20,000": "x = {" + "'a':1," * 20_000 + "}",
    "a name of 100,000 characters": "x" * 100_000 + " = 1",
    "20 nested f-strings": "x = " + "f'{" * 2 + "1" + "}'" * 2,
    "100,000 dots": "x = 1 # " + "." * 100_000,
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_deep_and_long_code_is_examined_or_reported_and_never_hangs(text, tmp_path):
    files = {"deep.py": GOOD + text + "\n", "good.py": GOOD}
    started = time.monotonic()
    found = run(work_in(tmp_path, files, entry(SEND)), jobs=1, timeout=5)
    assert time.monotonic() - started < 10
    assert ("good.py", 2) in lines(found)
    # Either the site of the deep file is found, or a trouble says why it is not: silence would count as clean.
    assert (("deep.py", 2) in lines(found)) != bool(troubles(found))
    for trouble in found.troubles:
        assert (trouble.check, str(trouble.place.path)) in {("scan/syntax", "deep.py"), ("scan/timeout", "deep.py")}
        assert "\n" not in trouble.message
        assert len(trouble.message) < 300


def test_one_bad_file_of_each_kind_leaves_the_others_alone(tmp_path):
    files = {
        "a.py": GOOD,
        "broken.py": "def (",
        "latin.py": b"# caf\xe9\nimport flask",
        "nul.py": b"import flask\0",
        "old.py": "print 'x'",
        "z.py": GOOD,
    }
    found = run(work_in(tmp_path, files, entry(SEND)), jobs=2, timeout=10)
    assert sorted(lines(found)) == [("a.py", 2), ("z.py", 2)]
    assert sorted(troubles(found)) == [
        ("scan/syntax", "broken.py", 1),
        ("scan/syntax", "old.py", 1),
        ("scan/unreadable", "latin.py", 0),
        ("scan/unreadable", "nul.py", 0),
    ]


def test_what_python_accepts_is_examined():
    (found,) = examined({"app.py": GOOD + "class A(k=1, *b): pass\n"}, SEND)  # a starred base after a keyword: libcst has no place for it
    assert (found.troubles, found.stage, len(found.sites)) == ((), "patterns", 1)


def test_a_file_without_the_subject_goes_no_further():
    (found,) = examined({"app.py": "import flask\nclass A(k=1, *b): pass\n"}, SEND)
    assert (found.troubles, found.stage) == ((), "ast")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"print 'hello'\n", "Python 2"),
        (b"x = (\n", "never closed"),
        (b"# caf\xe9\n", "UTF-8"),
        (GOOD.encode("utf-16"), "UTF-16"),
        (b"x\0", "NUL"),
        (b"# coding: klingon\n", "klingon"),
    ],
)
def test_the_message_says_what_is_wrong(content, words):
    assert words in message(content)


def test_counts_say_how_far_the_files_were_read(tmp_path):
    files = {"a.py": GOOD, "b.py": "x = 1", "c.py": "flask = 1\nsend_file = 2"}
    found = run(work_in(tmp_path, files, entry(SEND)), jobs=1, timeout=10)
    assert dict(found.counts) == {"python files read as far as ast": 2, "python files read as far as patterns": 1}


def test_only_python_files_are_examined(tmp_path):
    found = run(work_in(tmp_path, {"a.js": "import flask", "b.txt": GOOD, "c.py": GOOD}, entry(SEND)), jobs=1, timeout=10)
    assert lines(found) == [("c.py", 2)]


def test_the_answer_does_not_depend_on_the_number_of_workers(tmp_path):
    files = {f"m{index:03}.py": GOOD + ("x = (" if index % 7 == 0 else "") for index in range(90)}
    work = work_in(tmp_path, files, entry(SEND))
    one, four = (run(work, jobs=jobs, timeout=10) for jobs in (1, 4))
    assert sorted(lines(one)) == sorted(lines(four))
    assert sorted(troubles(one)) == sorted(troubles(four))
    assert len(one.sites) == 77


@pytest.mark.parametrize(
    ("defect", "check", "words"),
    [
        (lambda _: time.sleep(600), "scan/timeout", "took longer than 0.5 s"),
        (lambda _: 1 // 0, "scan/crash", "ZeroDivisionError"),
        (lambda _: os._exit(9), "scan/crash", "exit code 9"),
    ],
    ids=["hangs", "raises", "dies"],
)
def test_a_file_that_costs_a_worker_is_reported_by_name(tmp_path, monkeypatch, defect, check, words):
    def make(*args):
        examine = engine_make(*args)
        return lambda path: defect(path) if path.name == "bad.py" else examine(path)

    engine_make = engine._make
    monkeypatch.setattr(engine, "_make", make)
    found = run(work_in(tmp_path, {"a.py": GOOD, "bad.py": GOOD, "c.py": GOOD}, entry(SEND)), jobs=1, timeout=0.5)
    assert sorted(lines(found)) == [("a.py", 2), ("c.py", 2)]
    (trouble,) = found.troubles
    assert (trouble.check, str(trouble.place.path)) == (check, "bad.py")
    assert words in trouble.message
