"""Reads of environment variables that nobody checks."""

import pytest
from made_judged import judged, verdicts

RULE = "python/env-unchecked"


def outcome(root, code, files=None):
    """The outcome of the reads in app.py."""
    return [outcome for place, outcome in verdicts(root, RULE, {"app.py": "import os, sys\n" + code, **(files or {})}) if place.startswith("app.py")]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        # an end that raises, or writes the word None
        ("X = os.getenv('X').split(',')", ["fail"]),
        ("X = int(os.environ.get('X'))", ["fail"]),
        ("X = str(os.getenv('X'))", ["fail"]),
        ("X = os.getenv('X', None)\nurl = f'https://{X}'", ["fail"]),
        ("X = os.getenv('X')\ndef f():\n    return X.lower()", ["fail"]),
        ("from os import environ as e\nX = e.get('X') + '/'", ["fail"]),
        # checked or tolerated
        ("X = os.getenv('X')\nif not X: raise SystemExit('X')\nX.lower()", ["pass"]),
        ("X = os.getenv('X')\nassert X\ndef f(): return X.lower()", ["pass"]),
        ("X = os.getenv('X') or 'default'", ["pass"]),
        ("if os.getenv('X'): f(os.getenv('X').lower())", ["pass", "pass"]),
        ("if (x := os.getenv('X')): x.lower()", ["pass"]),
        ("X = os.getenv('X') == '1'", ["pass"]),
        ("print(os.getenv('X'))", ["pass"]),
        (
            "REQUIRED = ['X']\nfor name in REQUIRED:\n    if not os.getenv(name): raise SystemExit(name)\nX = os.getenv('X').lower()",
            ["review", "pass"],
        ),
        ("missing = [n for n in ['X', 'Y'] if not os.getenv(n)]\nif missing:\n    sys.exit(1)\nX = os.getenv('X').lower()", ["pass", "pass"]),
        ("os.environ.setdefault('X', 'a')\nX = os.getenv('X').lower()", ["pass"]),
        ("X, Y = os.getenv('X'), os.getenv('Y')\nif not all([X, Y]): raise SystemExit", ["pass", "pass"]),
        ("if os.getenv('ENV') == 'development':\n    X = os.getenv('X').lower()", ["pass", "pass"]),
        # not known
        ("X = os.getenv('X')", ["review"]),
        ("f(os.getenv('X'))", ["review"]),
        ("X = os.getenv('X')\nd = {'x': X}", ["review"]),
        # no site: there is a default
        ("X = os.getenv('X', 'a').lower()", []),
        ("X = os.environ['X'].lower()", []),
    ],
)
def test_what_an_unset_variable_does(tmp_path, code, expected):
    found = outcome(tmp_path, code)
    if code.startswith("REQUIRED"):
        # the read inside the loop has no constant name: it is tested, whatever it is called
        assert found == ["pass", "pass"]
    else:
        assert found == expected


def test_a_check_in_another_module_counts(tmp_path):
    files = {"check.py": "import os\nfor name in ('X', 'Y'):\n    if name not in os.environ:\n        raise RuntimeError(name)\n"}
    assert outcome(tmp_path, "X = os.getenv('X').lower()", files) == ["pass"]
    assert outcome(tmp_path, "Z = os.getenv('Z').lower()", files) == ["fail"]


def test_the_message_names_the_variable_and_what_happens_and_leads_to_the_use(tmp_path):
    files = {"app.py": "import os\nX = os.getenv('API_URL')\n", "web.py": "from app import X\ndef f():\n    return X.lower()\n"}
    (site,) = judged(tmp_path, RULE, files)
    assert site.outcome.value == "fail"
    assert site.message == "when API_URL is not set, None comes back and `.lower` of None raises AttributeError"
    assert [(str(step.path), step.line) for step in site.related] == [("web.py", 3)]
    assert site.change.after == "os.environ['API_URL']"


def test_a_feature_that_can_be_switched_off_leaves_doubt(tmp_path):
    code = "LDAP_ENABLED = os.getenv('LDAP_ENABLED', '') == '1'\nLDAP_HOST = os.getenv('LDAP_HOST')\ndef f(): return LDAP_HOST.lower()"
    assert outcome(tmp_path, code) == ["review"]


def test_decouple_with_none_as_default(tmp_path):
    code = "from decouple import config\nX = config('X', default=None).lower()\nY = config('Y').lower()"
    assert verdicts(tmp_path, RULE, {"app.py": code}) == [("app.py:2", "fail")]
