"""Compiling: what a rule carries, what a file must hold, and what comes back in a message."""

import pytest
from made_work import entry, rule

from auditor.engines.semgrep.literals import ANYTHING, Need, need_of
from auditor.engines.semgrep.output import NoReportError, parse_output
from auditor.engines.semgrep.rules import bindings_in, compile_rules, untangled
from auditor.model import Outcome

BOTH = ("javascript", "typescript")


def words(*required):
    return Need(words=frozenset(word.encode() for word in required))


def test_one_rule_for_fails_and_one_for_works():
    (fails, works), refused = compile_rules([entry(), entry(rule("f($A)", works="g()"))])
    assert refused == ()
    assert [(made.id, made.outcome, made.names) for made in (fails, works)] == [
        ("g1-0-fail", Outcome.FAIL, ("A",)),
        ("g1-0-pass", Outcome.PASS, ()),
    ]
    assert fails.body == {
        "id": "g1-0-fail",
        "languages": ["javascript", "typescript"],
        "severity": "ERROR",
        "message": "\u241eA\u241f$A",
        "pattern": "f($A)",
    }


def test_every_metavariable_of_the_body_is_asked_for_and_our_keys_win():
    body = {
        "id": "theirs",
        "message": "theirs $Z",
        "fix": "x",
        "options": {"symbolic_propagation": True},
        "patterns": ({"pattern": "f($A, $...REST, $_)"}, {"pattern-regex": "(?<GROUP>x)(?P<OTHER>y)"}),
    }
    ((made,), _) = compile_rules([entry(rule(body))])
    assert set(made.names) >= {"A", "...REST", "GROUP", "OTHER"}
    assert "_" not in made.names
    assert set(made.body) == {"id", "languages", "severity", "message", "options", "patterns"}
    assert made.body["id"] == "g0-0-fail"
    assert isinstance(made.body["patterns"], list)


def test_bindings_come_back_from_a_message():
    message = '\u241eA\u241f"x"\u241eB\u241fline 1\nline 2\u241eC\u241f$C\u241e...D\u241fa, b'
    assert bindings_in(message) == {"$A": '"x"', "$B": "line 1\nline 2", "$...D": "a, b"}
    assert bindings_in("\u241e") == {}


def test_what_semgrep_filled_twice_is_undone():
    # $AB is bound to the text "$A é"; semgrep replaced the $A in it by what $A is bound to
    assert untangled({"$A": "1", "$AB": '"1 é"'}, 'f(1, "$A é")') == {"$A": "1", "$AB": '"$A é"'}
    assert untangled({"$A": "1", "$B": "folded"}, "f(1, x)") == {"$A": "1", "$B": "folded"}


@pytest.mark.parametrize(
    ("pattern", "need"),
    [
        ("flask.send_from_directory($D, ...)", words("flask", "send_from_directory")),
        ("cors({origin: '*', ...})", words("cors", "origin")),
        ("$X == $Y", ANYTHING),
        ("$APP.get('/', ...)", words("get")),
        ("const f = async function () { return null }", words("f")),
        ("module.exports = $X", words()),
        ("import $X from 'express'", words("express")),
        ('const $X = require("dotenv/config")', words("dotenv/config")),
        ("import {..., $X, ...} from '...'", ANYTHING),
        ("import $X from '$M'", ANYTHING),
        ("f() // never said", words("f")),
        ("f(0x10, 1e5)", words("f")),
        ("f(`${g()}`)", words("f")),
        ("f(($X: Router))", words("f")),
        ("f(/re/)", ANYTHING),
        ("<$EL src='x' />", words("src")),
        ("f(é)", ANYTHING),
        ("f('it\\'s', g)", words("f", "g")),
    ],
)
def test_what_a_file_must_hold_for_a_pattern(pattern, need):
    assert need_of({"pattern": pattern}, BOTH) == need


def test_all_of_any_of_and_none_of():
    body = {
        "patterns": [
            {"pattern-either": [{"pattern": "a()"}, {"patterns": [{"pattern": "b()"}, {"pattern-inside": "c()"}]}]},
            {"pattern-not": "d()"},
            {"metavariable-pattern": {"metavariable": "$X", "pattern": "e()"}},
            {"pattern-regex": r"f\.g"},
        ]
    }
    need = need_of(body, BOTH)
    assert need == Need(words=frozenset({b"f.g"}), choices=((words("a"), words("b", "c")),))
    assert [need.admits(data) for data in (b"a f.g", b"b f.g", b"b c f.g", b"a", b"d e f.g")] == [True, False, True, False, False]


def test_one_alternative_that_admits_everything_admits_everything():
    assert need_of({"pattern-either": [{"pattern": "a()"}, {"pattern": "$X()"}]}, BOTH) == ANYTHING


@pytest.mark.parametrize("regex", ["a.b", "a|b", "(?i)ab", "[ab]", "a*", "^a", r"\bab", ""])
def test_only_a_plain_regex_is_required(regex):
    assert need_of({"pattern-regex": regex}, ("regex",)) == ANYTHING


def test_what_is_not_understood_admits_everything():
    assert need_of({"pattern": "FROM node"}, ("dockerfile",)) == ANYTHING
    assert need_of({"pattern": "f()"}, ("javascript", "html")) == ANYTHING
    assert need_of({"match": {"all": ["f()"]}}, BOTH) == ANYTHING
    assert need_of({"pattern-either": "f()"}, BOTH) == ANYTHING
    assert need_of({"pattern": ["f()"]}, BOTH) == ANYTHING


def test_taint_needs_a_source_and_a_sink():
    body = {
        "mode": "taint",
        "pattern-sources": [{"pattern": "a()"}, {"pattern": "b()"}],
        "pattern-sinks": [{"pattern": "c()"}],
        "pattern-sanitizers": [{"pattern": "d()"}],
    }
    assert need_of(body, BOTH) == Need(words=frozenset({b"c"}), choices=((words("a"), words("b")),))


@pytest.mark.parametrize("text", ["", "Traceback", "[]", "{}", '{"results": [{}], "errors": []}', '{"results": 1, "errors": []}', "[" * 5000])
def test_anything_but_a_report_is_said_to_be_none(text):
    with pytest.raises(NoReportError):
        parse_output(text)


def test_a_fault_without_a_known_form_is_kept():
    (fault,) = parse_output('{"results": [], "errors": [{"code": 9, "type": "New thing", "long_msg": "it  broke"}]}').faults
    assert (fault.kind, fault.message, fault.rule, fault.file, fault.start) == ("other", "it broke", "", "", None)
