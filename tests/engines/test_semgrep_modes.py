"""Both front ends of semgrep say the same, and the prefilter keeps every file that one of them finds something in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_work import entry, rule, work_in

from auditor.catalogue import load
from auditor.engines.semgrep.literals import ANYTHING
from auditor.engines.semgrep.output import parse_output
from auditor.engines.semgrep.process import find_semgrep
from auditor.engines.semgrep.rules import compile_rules
from auditor.engines.semgrep.run import Pending
from auditor.engines.semgrep.targets import plan_targets
from auditor.model import SemgrepDetector

pytestmark = pytest.mark.semgrep

# One rule body for each thing the pattern language can do, and a file in which it matches.
MADE = {
    "alias": ("express.static($D)", "import * as e from 'express';\ne.static(dir);\n"),
    "required": ("express.static($D)", "const web = require('express');\nweb.static(dir);\n"),
    "destructured": ("path.join($D)", "import { join as j } from 'path';\nj(dir);\n"),
    "any quote": ("f('$X')", 'f("é");\n'),
    "string keys": ("cors({origin: $X})", "cors({'origin': 1});\n"),
    "constant": ({"pattern": "f('ab')"}, "const A = 'a' + 'b';\nf(A);\n"),
    "propagated": ({"pattern": "f(process.env.PORT)", "options": {"symbolic_propagation": True}}, "const p = process.env.PORT;\nf(p);\n"),
    "any of": ({"pattern-either": [{"pattern": "never.there()"}, {"pattern": "f($X)"}]}, "f(1)\n"),
    "all of": (
        {"patterns": [{"pattern": "f($X)"}, {"pattern-inside": "function $F() { ... }"}, {"pattern-not": "f(2)"}]},
        "function g() { f(1); f(2) }\n",
    ),
    "absence": ({"patterns": [{"pattern": "f()"}, {"pattern-not-inside": "h();\n...\nf();"}]}, "f();\nh();\n"),
    "order": ({"pattern": "f();\n...\ng();\n"}, "f();\nh();\nif (x) { g(); }\ng();\n"),
    "regex": ({"pattern-regex": r"port (?<PORT>\d+)"}, "// port 80\n"),
    "plain regex": ({"pattern-regex": r"a\.b"}, "a.b\n"),
    "constraint": ({"patterns": [{"pattern": "f($X)"}, {"metavariable-regex": {"metavariable": "$X", "regex": "^1$"}}]}, "f(1)\nf(2)\n"),
    "focus": ({"patterns": [{"pattern": "f($X)"}, {"focus-metavariable": "$X"}]}, "f(1)\n"),
    "number": ("f(0x10)", "f(16)\n"),
    "jsx": ("<$EL ... src='/a' ... />", "const a = <img alt='' src='/a'></img>;\n"),
    "typed": ("f(($X: Router))", "const r = new Router();\nf(r);\n"),
    "import": ("import $X from 'axios'", "import http from 'axios';\n"),
    "module of any name": ("import {..., $X, ...} from '...'", "import { a, b } from './x';\n"),
    "directive": ("'use client'", "'use client';\n"),
    "comment in the pattern": ("f() // said twice", "f()\n"),
    "keyword as a name": ("$APP.delete($P)", "app.delete('/x');\n"),
    "template": ("`...${f($X)}...`", "const u = `a${f(1)}`;\n"),
    "export": ("module.exports = $X", "module.exports = 1;\n"),
    "taint": (
        {"mode": "taint", "pattern-sources": [{"pattern": "source()"}], "pattern-sinks": [{"pattern": "sink(...)"}]},
        "const a = source();\nsink(a);\n",
    ),
}


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """All rules, made ones and those of the catalogue, over all files of their examples, prefilter off; and what each front end says."""
    gotchas = [entry(rule(body), called=f"made/{name}") for name, (body, _) in MADE.items()]
    files = {f"made/{index}.jsx": text for index, (_, text) in enumerate(MADE.values())}
    for number, gotcha in enumerate(load().gotchas):
        detectors = tuple(replace(detector, paths=()) for detector in gotcha.detectors if isinstance(detector, SemgrepDetector))
        if detectors:
            gotchas.append(replace(gotcha, detectors=detectors, applies=()))
            for kind, example in (("fails", gotcha.fails), ("works", gotcha.works)):
                files |= {f"catalogue/{number}/{kind}/{path}": text for path, text in example.files.items()}
    work = work_in(tmp_path_factory.mktemp("project"), files, *gotchas)
    rules, refused = compile_rules(gotchas)
    assert refused == ()
    plan = plan_targets(work, [replace(rule, need=ANYTHING) for rule in rules])
    said = {}
    for experimental in (True, False):
        pending = Pending(work.project, {rule.id: rule for rule in rules}, (), plan, experimental=experimental)
        pending._semgrep = find_semgrep()
        said[experimental] = parse_output(pending._launch(tuple(plan.targets)).wait(300).output)
    return {rule.id: rule for rule in rules}, plan, said


def test_both_front_ends_find_the_same(everything):
    _, _, said = everything
    assert set(said[True].hits) == set(said[False].hits)
    assert set(said[True].faults) == set(said[False].faults)


def test_no_rule_of_the_catalogue_is_refused(everything):
    rules, _, said = everything
    assert [(rules[fault.rule].gotcha.id, fault.message) for fault in said[True].faults if fault.kind == "rule"] == []


def test_every_made_rule_matches_its_file(everything):
    rules, plan, said = everything
    matched = {(rules[hit.rule].gotcha.id, str(plan.targets[hit.file].path)) for hit in said[True].hits}
    assert [name for index, name in enumerate(MADE) if (f"made/{name}", f"made/{index}.jsx") not in matched] == []


def test_the_prefilter_loses_nothing(everything):
    rules, plan, said = everything
    lost = [
        (rules[hit.rule].gotcha.id, str(plan.targets[hit.file].path))
        for hit in said[True].hits
        if hit.file in plan.admitted.get(hit.rule, ()) and not rules[hit.rule].need.admits(plan.targets[hit.file].text.encode())
    ]
    assert lost == []
