"""The cheap questions before matching never cost a match."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_examined import MemoryProject, python
from made_work import entry

from auditor.engines.python.aliases import Aliases
from auditor.engines.python.detectors import prepare
from auditor.engines.python.engine import aliases_in
from auditor.engines.python.examine import Examiner
from auditor.engines.python.gate import Held, admits, as_python, gate_of
from auditor.engines.python.matching import Matcher
from auditor.project.python.reader import evaluator_of


@pytest.mark.parametrize(
    ("pattern", "kind", "name", "literals"),
    [
        ("flask.send_file(...)", "call", "flask.send_file", {"send_file"}),
        ("open(...)", "call", "open", {"open"}),
        ("$X.run(..., debug=True)", "method", "run", {"run", "debug"}),
        ("flask.Flask(...).run(...)", "method", "run", {"Flask", "run"}),
        ("$F($X)", "method", "", set()),
        ("SECRET_KEY = $V", "assign", "SECRET_KEY", {"SECRET_KEY"}),
        ("$X.secret_key = $V", "assign", "secret_key", {"secret_key"}),
        ('$X["KEY_NAME"] = $V', "assign", "", {"KEY_NAME"}),
        ("$X = flask.Flask(...)", "assign", "", {"Flask"}),
        ("flask.session", "name", "flask.session", {"session"}),
        ("return $X", "sequence", "", set()),
        ("f()\ng()", "sequence", "", {"f", "g"}),
        ('f("a b", "ab", "abc")', "call", "f", {"f", "abc"}),
    ],
)
def test_a_gate_asks_for_the_head_of_a_pattern_and_its_words(pattern, kind, name, literals):
    gate = gate_of(pattern)
    assert (gate.kind, gate.name, set(gate.literals)) == (kind, name, literals)


def test_a_text_without_a_word_of_the_pattern_is_not_admitted():
    gate = gate_of("flask.send_file(..., as_attachment=True)")
    renamed = {"send_file": frozenset({"sf"})}
    taken = {"flask": frozenset({"send_file"})}
    assert admits(gate, Held("flask.send_file(x, as_attachment=True)"), Aliases())
    assert not admits(gate, Held("flask.send_file(x)"), Aliases())
    assert not admits(gate, Held("flask.sf(x, as_attachment=True)"), Aliases())
    assert admits(gate, Held("flask.sf(x, as_attachment=True)"), Aliases(renamed))
    # From a file of the project that has it from flask; without such a file it is another one.
    assert not admits(gate, Held("send_file(x, as_attachment=True)"), Aliases())
    assert admits(gate, Held("send_file(x, as_attachment=True)"), Aliases({}, taken))
    assert admits(gate, Held("sf(x, as_attachment=True)"), Aliases(renamed, taken))


@pytest.mark.parametrize(
    ("pattern", "python_text"),
    [
        ("f($X, ...)", "f(__metavariable_X, *__ellipsis__)"),
        ("[..., 1]", "[*__ellipsis__, 1]"),
        ("{..., 'a': $X}", "{**__ellipsis__, 'a': __metavariable_X}"),
        ("f()\n...\ng()", "f()\n__ellipsis__\ng()"),
        ("f('...')", "f(__any_string__)"),
        ('f("...", "a...b")', 'f(__any_string__, "a...b")'),
        ("f('$X')", "f('__metavariable_X')"),
        ("f('it\\'s ...')", "f('it\\'s ...')"),
        ("x[...]", "x[*__ellipsis__]"),
    ],
)
def test_a_pattern_is_written_as_plain_python(pattern, python_text):
    assert as_python(pattern) == python_text


# -- no match is lost -----------------------------------------------------------------------------------------------------------------

names = st.sampled_from(["a", "send", "send_file", "deliver"])
dotted = st.one_of(
    st.just("flask.send_file"),
    names,
    st.builds("web.{}".format, names),
    st.builds("helpers.{}".format, names),
    st.builds("{}.send_file".format, names),
)
line = st.one_of(
    st.builds("from flask import send_file as {}".format, names),
    st.builds("import flask as {}".format, names),
    st.builds("from web import {}".format, names),
    st.builds("from web import {} as {}".format, names, names),
    st.builds("from helpers import {} as {}".format, names, names),
    st.sampled_from(
        [
            "import flask",
            "import web",
            "import helpers",
            "from flask import send_file",
            "from flask import *",
            "from web import *",
            "from helpers import *",
        ]
    ),
    st.builds("{} = {}".format, names, dotted),
    st.builds("{} = {} = {}".format, names, names, dotted),
    st.builds("{}: object = {}".format, names, dotted),
    st.builds("if x: {} = {}".format, names, dotted),
    st.builds("({} := {})".format, names, dotted),
    st.builds("{} = ({})".format, names, dotted),
    st.builds("x = 1; {} = {}".format, names, dotted),
    st.builds("{}(1)".format, dotted),
    st.builds("x = {}({}(1))".format, dotted, dotted),
    st.builds("self.{} = {}(1)".format, names, dotted),
    st.builds("x[{}(1)] = {}".format, dotted, dotted),
    st.builds("def f({}): return {}(1)".format, names, dotted),
    st.builds("class A:\n    {} = {}\n    {}(1)".format, names, dotted, dotted),
    st.builds("@{}(1)\ndef g(): pass".format, dotted),
)
head = st.sampled_from(
    ["import flask", "import flask, web", "import flask\nfrom web import *", "import flask\nfrom helpers import deliver", "import helpers"]
)
binding = st.builds("{} = {}".format, names, dotted)
call = st.builds("{}(1)".format, dotted)
text = st.builds(
    "{}\n{}\n{}\n{}".format, head, st.one_of(binding, line), st.one_of(binding, line), st.lists(st.one_of(call, line), max_size=3).map("\n".join)
)

PATTERNS = [
    python("flask.send_file($X)"),
    python("flask.send_file(...)"),
    python("send_file($X)"),
    python("deliver($X)"),
    python("$A.send_file($X)"),
    python("$F($X)"),
    python("$F($G($X))"),
    python("$X = flask.send_file"),
    python("$X = flask.send_file(...)"),
    python("send = $V"),
    python("$X.send = $V"),
    python("$X = $V"),
    python("$X[$Y] = flask.send_file"),
    python("$X = $V", where={"$X": ("/^send$/",)}),
    python("$X = $V", where={"$X": ("/^self\\.send$/",)}),
    python("$X = $V", where={"$X": ("/\\[/",)}),
]
PREPARED = prepare(tuple(entry(detector, called=f"made/p{index:02}") for index, detector in enumerate(PATTERNS)))


def gated(project):
    examiner = Examiner(project, PREPARED, aliases_in(project, PREPARED))
    return {(str(file.path), site.gotcha, site.place.span) for file in project.files for site in examiner.examine(file.path).sites}


def ungated(project):
    """Every pattern tried on every call and every assignment of every file."""
    found = set()
    for file in project.files:
        evaluator = evaluator_of(project)
        module = evaluator.world.module(file.path)
        matcher = Matcher(evaluator, module, Aliases())
        for prepared in PREPARED:
            (pattern,) = prepared.patterns
            for node in module.calls if pattern.expression is not None else matcher._assigned():
                match = pattern.match_expression if pattern.expression is not None else pattern.match_statement
                bound = match(node, matcher._qualify)
                if bound is None:
                    continue
                regex = prepared.detector.where.get("$X")
                if regex and not regex_holds(regex[0], module, node):
                    continue
                found.add((str(file.path), prepared.gotcha.id, module.span(node)))
    return found


def regex_holds(regex, module, statement):
    target = statement.targets[0] if hasattr(statement, "targets") else statement.target
    return re.search(regex[1:-1], module.source(target)) is not None


@settings(max_examples=200, deadline=None, derandomize=True)
@given(text, text, text)
def test_gates_and_matcher_find_what_the_matcher_finds_alone(app, web, helpers):
    project = MemoryProject({"app.py": app, "web.py": web, "helpers.py": helpers})
    assert gated(project) == ungated(project)
