from pathlib import Path

import click
import pytest

from auditor import __version__, cli
from auditor.cli.lazy import Lazy, LazyGroup
from auditor.errors import CatalogueError, ConfigError, EngineError, GotchaAuditError, PlanError, UsageError


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    @click.command("fail")
    def fail() -> None:
        raise error

    class Group(click.Group):
        def get_command(self, _: click.Context, __: str) -> click.Command:
            return fail

    monkeypatch.setattr(cli, "commands", Group("x"))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError("no such path"), 2),
        (ConfigError("pyproject.toml: bad key"), 2),
        (CatalogueError("rules/x.md:3: bad"), 2),
        (PlanError("docs/plans/a.json:3: bad"), 2),
        (EngineError("semgrep is missing"), 3),
        (GotchaAuditError("something"), 3),
    ],
)
def test_an_error_of_ours_is_its_text_and_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: GotchaAuditError, status: int
) -> None:
    raising(monkeypatch, error)
    assert cli.main(["fail"]) == status
    assert capsys.readouterr() == ("", f"gotcha-audit: {error}\n")


def test_an_error_that_quotes_a_hostile_name_is_escaped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    raising(monkeypatch, UsageError("\x1b[2Jgone\udcff: no such path"))
    assert cli.main(["fail"]) == 2
    assert capsys.readouterr().err == "gotcha-audit: \\x1b[2Jgone\\udcff: no such path\n"


def test_an_interruption_is_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    raising(monkeypatch, KeyboardInterrupt())
    assert cli.main(["fail"]) == 130
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("gotcha-audit: interrupted\n")


def test_a_bug_is_one_line_and_a_log(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    raising(monkeypatch, ZeroDivisionError("division by zero"))
    assert cli.main(["fail"]) == 3
    line = capsys.readouterr().err.splitlines()[-1]
    (log,) = (tmp_path / "gotcha-audit").iterdir()
    assert line == (
        "gotcha-audit: internal error: ZeroDivisionError: division by zero; this is a bug in gotcha-audit: "
        f"please attach {log} to https://github.com/gotcha-audit/gotcha-audit/issues"
    )
    text = log.read_text()
    assert text.startswith(f"gotcha-audit {__version__}, Python ")
    assert "arguments: ['fail']" in text
    assert "Traceback" in text
    assert "raise error" in text


def test_a_bug_without_any_place_for_a_log_is_still_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(cli.crash.tempfile, "gettempdir", lambda: str(tmp_path / "file"))
    raising(monkeypatch, ZeroDivisionError("x\ny"))
    assert cli.main(["fail"]) == 3
    assert capsys.readouterr().err == (
        "gotcha-audit: internal error: ZeroDivisionError: x; this is a bug in gotcha-audit: "
        "please tell https://github.com/gotcha-audit/gotcha-audit/issues\n"
    )


@pytest.mark.parametrize("arguments", [["--nonsense"], ["nonsense"], ["scan", "--nonsense"], ["scan", "--format", "pdf"], ["scan", "--jobs", "0"]])
def test_wrong_use_is_2_and_goes_to_standard_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Error: " in captured.err


def test_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"gotcha-audit {__version__}\n"


def test_help_names_every_command_with_examples_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    out = capsys.readouterr().out
    for name, lazy in cli.COMMANDS.items():
        assert f"  {name}" in out
        assert lazy.summary in out
    assert "Examples:" in out
    assert "  130  interrupted" in out


def groups() -> list[tuple[str, LazyGroup]]:
    context = click.Context(cli.commands)
    nested = [(name, cli.commands.get_command(context, name)) for name in cli.COMMANDS]
    return [("gotcha-audit", cli.commands), *((name, group) for name, group in nested if isinstance(group, LazyGroup))]


def test_the_summaries_in_the_tables_are_those_of_the_commands() -> None:
    for _, group in groups():
        for name, lazy in group.lazy.items():
            command = group.get_command(click.Context(group), name)
            assert command is not None
            assert (command.name, command.get_short_help_str(200)) == (name, lazy.summary)


def test_a_table_that_names_no_command_is_a_mistake_of_ours() -> None:
    group = LazyGroup("x", lazy={"bad": Lazy(module="auditor.errors", summary="")})
    with pytest.raises((TypeError, AttributeError)):
        group.get_command(click.Context(group), "bad")
