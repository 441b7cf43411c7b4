"""Texts of variables taken for truth values."""

import pytest
from made_judged import verdicts


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("DEBUG = os.environ.get('DEBUG', False)", ["fail"]),
        ("USE_TLS = os.getenv('USE_TLS', True)", ["fail"]),
        ("if os.getenv('DEBUG', 'False'): x = 1", ["fail"]),
        ("DEBUG = os.environ.get('DEBUG', 'False') == 'True'", []),
        # a text that may be missing
        ("TOKEN = os.environ.get('GITHUB_TOKEN', False)", []),
        ("HOST = os.getenv('METRICS_HOST', False)", []),
        ("if os.getenv('GITHUB_TOKEN'): x = 1", []),
    ],
)
def test_flags(tmp_path, code, expected):
    found = verdicts(tmp_path, "python/env-flag-as-text", {"requirements.txt": "flask\n", "app.py": f"import os\n{code}\n"})
    assert [outcome for _, outcome in found if outcome != "pass"] == expected
