import importlib.util
import json
import re
import tomllib
from pathlib import Path

import pytest

from auditor.cli import main


def test_without_its_package_the_server_says_what_to_install(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "pygls" else found(name, *more))
    assert main(["lsp"]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", "gotcha-audit: the language server needs pygls: pip install 'gotcha-audit[lsp]'\n")


def test_the_settings_that_the_documents_show_start_the_server() -> None:
    text = (Path(__file__).parent.parent.parent / "docs" / "editors.md").read_text("utf-8")
    (code,) = map(json.loads, re.findall(r"```json\n(.*?)```", text, re.DOTALL))
    assert [code["glspc.server.command"], *code["glspc.server.commandArguments"]] == ["gotcha-audit", "lsp"]
    (helix,) = map(tomllib.loads, re.findall(r"```toml\n(.*?)```", text, re.DOTALL))
    server = helix["language-server"]["gotcha-audit"]
    assert [server["command"], *server["args"]] == ["gotcha-audit", "lsp"]
    assert all("gotcha-audit" in language["language-servers"] for language in helix["language"])
    assert text.count('cmd = { "gotcha-audit", "lsp" }') == 2
    assert '(python-mode "gotcha-audit" "lsp")' in text
    assert set(re.findall(r"`(?:gotcha-audit )?(--[a-z]+)`", text)) == {"--stdio"}


def test_the_help_needs_no_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lsp", "--help"]) == 0
    assert "docs/editors.md" in capsys.readouterr().out
