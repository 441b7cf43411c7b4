"""The hooks, run by the real pre-commit and by prek on a scratch repository."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from identify.identify import tags_from_path
from made_checkout import CHECKOUT, FAILING, WORKING, environment, git, made_repository, tool

from auditor.project.files import language_of

CONFIG = """default_install_hook_types: [pre-commit, pre-push]
repos:
  - repo: {source}
    rev: {revision}
    hooks:
      - id: gotcha-audit
      - id: gotcha-audit-project
"""
PROJECT = {
    "requirements.txt": "flask==3.1.0\ngunicorn==23.0.0\n",
    "app/__init__.py": "",
    "frontend/dist/index.html": "<!doctype html><title>Teas</title><h1>Teas</h1>\n",
    "app/web.py": WORKING,
    "Procfile": "web: gunicorn app.web:app\n",
}


@pytest.fixture(scope="session")
def home(shared: Path) -> Path:
    """Where pre-commit keeps the environments of the hooks; it locks it by itself."""
    return shared / "home"


@pytest.fixture
def project(tmp_path: Path, source: tuple[Path, str], home: Path) -> Iterator[Path]:
    folder, revision = source
    made = made_repository(tmp_path / "shop", {**PROJECT, ".pre-commit-config.yaml": CONFIG.format(source=folder, revision=revision)})
    hooked = subprocess.run(
        [tool("pre-commit"), "install"], cwd=made, env=environment(PRE_COMMIT_HOME=str(home)), capture_output=True, text=True, check=True, timeout=120
    )
    assert "installed at .git/hooks/pre-push" in hooked.stdout
    return made


def committed(project: Path, home: Path) -> tuple[int, str]:
    """Commit what was changed: the exit code of git, and what the hooks said."""
    git(project, "add", "-A")
    done = git(project, "commit", "-m", "change", check=False, PRE_COMMIT_HOME=str(home))
    return done.returncode, done.stdout + done.stderr


def test_the_manifest_is_valid() -> None:
    done = subprocess.run(
        [tool("pre-commit"), "validate-manifest", str(CHECKOUT / ".pre-commit-hooks.yaml")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Procfile",
            "Procfile.dev",
            "Dockerfile",
            "Dockerfile.prod",
            "Containerfile",
            "Makefile",
            "docker-compose.yml",
            ".dockerignore",
            ".htaccess",
        ),
        *(".env", ".env.example", "env.example", "nginx.conf", "nginx/default.conf.template", "sites-enabled/shop", "gunicorn.conf.py"),
        *("app.service", "supervisord.conf", "fly.toml", "package.json", "tsconfig.json", "start.sh", "requirements.txt", "setup.cfg", "Pipfile"),
        *("index.html", "App.vue", "App.svelte", "page.astro", "app.tsx", "app.mts", "vite.config.ts", "main.py", "style.css", "Caddyfile"),
    ],
)
def test_every_kind_of_file_that_is_looked_at_is_text_for_pre_commit(tmp_path: Path, name: str) -> None:
    """``types: [text]`` is decided by identify, by the name and else by the bytes; the files of production must all come through."""
    (hook,) = [hook for hook in yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text()) if hook["id"] == "gotcha-audit"]
    assert (hook["types"], "files" in hook, "exclude" in hook) == (["text"], False, False)
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("web: gunicorn app:app\n")
    assert "text" in tags_from_path(str(tmp_path / name))
    assert language_of(Path(name)) is not None or name in {".dockerignore", ".htaccess", "Caddyfile"}


@pytest.mark.real
def test_a_commit_that_fails_in_production_is_refused_and_its_mend_passes(project: Path, home: Path) -> None:
    (project / "app/web.py").write_text(FAILING)
    status, said = committed(project, home)
    assert status == 1
    assert "app/web.py:10:12  error  flask/relative-send-directory" in said
    (project / "app/web.py").write_text(WORKING + "\n# a page\n")
    status, said = committed(project, home)
    assert (status, "Passed" in said) == (0, True)


@pytest.mark.real
def test_a_change_of_a_configuration_file_alone_is_looked_at(project: Path, home: Path) -> None:
    """A Procfile has no type that pre-commit knows, and what it names must be there in the code."""
    (project / "Procfile").write_text("web: gunicorn app.shop:app\n")
    status, said = committed(project, home)
    assert (status, "Procfile:1" in said) == (1, True)
    (project / "Procfile").write_text("web: gunicorn --workers 2 app.web:app\n")
    status, said = committed(project, home)
    assert (status, "Passed" in said) == (0, True)


@pytest.mark.real
def test_a_minified_file_is_no_reason_to_refuse_a_commit(project: Path, home: Path) -> None:
    (project / "static").mkdir()
    (project / "static/chat.min.js").write_text('fetch("http://localhost:5000/api/messages")\n')
    status, said = committed(project, home)
    assert (status, "Passed" in said) == (0, True), said


@pytest.mark.real
def test_a_file_whose_name_is_an_option_silences_nothing(project: Path, home: Path) -> None:
    (project / "--ignore=*").write_text("")
    (project / "-h").write_text("a page\n")
    (project / "app/web.py").write_text(FAILING)
    status, said = committed(project, home)
    assert (status, "flask/relative-send-directory" in said) == (1, True), said


@pytest.mark.real
def test_a_deleted_file_is_seen_by_the_hook_of_the_push(project: Path, home: Path, tmp_path: Path) -> None:
    """pre-commit names no deleted files, so the commit goes through; the whole project is looked at before it is pushed."""
    git(tmp_path, "init", "-q", "--bare", "there.git")
    git(project, "remote", "add", "origin", str(tmp_path / "there.git"))
    git(project, "push", "-q", "origin", "main", PRE_COMMIT_HOME=str(home))
    git(project, "rm", "-q", "app/web.py")
    status, said = committed(project, home)
    assert (status, "no files to check" in said) == (0, True), said
    pushed = git(project, "push", "origin", "main", check=False, PRE_COMMIT_HOME=str(home))
    assert pushed.returncode == 1
    assert "Procfile:1" in pushed.stdout + pushed.stderr


@pytest.mark.real
def test_prek_runs_the_same_hooks(project: Path, tmp_path: Path) -> None:
    (project / "app/web.py").write_text(FAILING)
    git(project, "add", "-A")
    done = subprocess.run(
        [tool("prek"), "run", "gotcha-audit"],
        cwd=project,
        env=environment(PREK_HOME=str(tmp_path / "prek")),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 1, done.stderr
    assert "app/web.py:10:12  error  flask/relative-send-directory" in done.stdout
