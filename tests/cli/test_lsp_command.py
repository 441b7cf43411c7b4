import importlib.util

import pytest

from auditor.cli import main


def test_without_its_package_the_server_says_what_to_install(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "pygls" else found(name, *more))
    assert main(["lsp"]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", "gotcha-audit: the language server needs pygls: pip install 'gotcha-audit[lsp]'\n")


def test_the_help_needs_no_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lsp", "--help"]) == 0
    assert "docs/editors.md" in capsys.readouterr().out
