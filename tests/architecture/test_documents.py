"""What the documents promise is there."""

import re
from pathlib import Path

import pytest
import yaml

from auditor.catalogue import load
from auditor.cli import main
from auditor.engines.python.classes import CLASSES
from auditor.model import Severity
from auditor.project.config import KEYS, load_config
from auditor.report import RENDERERS

CHECKOUT = Path(__file__).parent.parent.parent
DOCUMENTS = (
    "README.md",
    "docs/ci.md",
    "docs/init.md",
    "CONTRIBUTING.md",
    "AGENTS.md",
    "SECURITY.md",
    "ARCHITECTURE.md",
    "docs/formats.md",
    "fixtures/projects/sample-flask-react/README.md",
)
_GIVEN = re.compile(r"`((?:rules|auditor|tests|fixtures|agents|docs|bench)/[\w./-]*|[A-Z]+\.md|\.ci/run)`|\]\(((?!https?:)[^)#]+)\)")
_IDS = re.compile(r"`((?:flask|django|fastapi|python|vite|express|react)/[a-z-]+)`")


def read(name: str) -> str:
    return (CHECKOUT / name).read_text("utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_files_a_document_names_exist(name: str) -> None:
    missing = [
        path
        for groups in _GIVEN.findall(read(name))
        for path in groups
        if path and "relative-upload-folder" not in path and not (CHECKOUT / path).exists() and not ((CHECKOUT / name).parent / path).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_entries_a_document_names_exist(name: str) -> None:
    catalogue = load()
    assert [gotcha for gotcha in _IDS.findall(read(name)) if catalogue.get(gotcha) is None and "upload-folder" not in gotcha] == []


def test_ci_runs_the_test_command_of_the_readme() -> None:
    (command,) = [line for line in read("README.md").splitlines() if line.startswith("python3 -m venv") and "pytest" in line]
    assert command in read(".ci/run").splitlines()


@pytest.mark.parametrize(
    "command",
    sorted(
        set(
            re.findall(
                r"gotcha-audit ((?:scan|init|stack|env|facts|explain|validate|cleanup|gate|prove|plan [a-z]+|catalogue [a-z-]+))\b", read("README.md")
            )
        )
    ),
)
def test_the_commands_of_the_readme_exist(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: gotcha-audit {command}")


def test_the_report_the_readme_quotes_is_what_the_scan_writes(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)
    monkeypatch.setenv("COLUMNS", "100")
    quoted, _ = re.findall(r"```text\n(.*?)```", read("README.md"), re.DOTALL)
    assert main(["scan", "fixtures/projects/sample-flask-react", "--select", "flask/relative-send-directory", "--jobs", "1"]) == 1
    assert capsys.readouterr().out.startswith(quoted)


def test_the_variables_the_readme_quotes_are_those_that_env_lists(capsys: pytest.CaptureFixture[str]) -> None:
    _, quoted = re.findall(r"```text\n(.*?)```", read("README.md"), re.DOTALL)
    assert main(["env", str(CHECKOUT / "fixtures/projects/sample-flask-react")]) == 0
    assert quoted in capsys.readouterr().out


def test_the_check_that_contributing_shows_is_the_one_there_is() -> None:
    (shown,) = re.findall(r"```python\n(def django_dev_server.*?)```", read("CONTRIBUTING.md"), re.DOTALL)
    assert shown in read("auditor/checks/production.py")


def test_the_configuration_the_readme_shows_is_accepted(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", read("README.md"), re.DOTALL)
    (tmp_path / "pyproject.toml").write_text(shown)
    config = load_config(tmp_path)
    assert (config.select, config.fail_on, config.strict, config.jobs) == (("flask", "vite/*"), Severity.ERROR, True, 4)
    assert config.per_path_ignores[0].reason == "these scripts run on developers' machines only"
    assert config.validate == {"health-endpoint": "/health"}
    keys = re.findall(r"^([a-z-]+) =", shown.partition("[tool.gotcha-audit.validate]")[0], re.MULTILINE)
    assert set(keys) | {"per-path-ignores", "validate"} == set(KEYS)


def test_contributing_names_every_value_class() -> None:
    text = read("CONTRIBUTING.md")
    assert [name for name in CLASSES if f"`{name}`" not in text] == []


@pytest.mark.parametrize("name", ["README.md", "docs/formats.md"])
def test_every_format_is_documented(name: str) -> None:
    assert [known for known in RENDERERS if f"| `{known}` |" not in read(name)] == []


def test_the_commands_of_the_page_on_formats_name_formats_that_exist() -> None:
    text = read("docs/formats.md")
    assert set(re.findall(r"--format ([a-z]+)", text)) <= set(RENDERERS)
    workflow, job = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL))
    assert "security-events" in workflow["jobs"]["gotchas"]["permissions"]
    assert set(job["gotchas"]["artifacts"]["reports"]) == {"codequality", "junit"}
