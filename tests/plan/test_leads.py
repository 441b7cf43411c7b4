"""Which commands lead to a test runner, and by which tricks they do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.plan.leads import NoRunnerError, lead

FILES = {
    "package.json": json.dumps(
        {
            "scripts": {
                "test": "vitest run",
                "unit": "npm run build && jest --ci",
                "build": "tsc -p .",
                "lies": 'echo "Tests: 5 passed, 5 total"',
                "swallows": "jest || true",
                "semicolon": "jest; exit 0",
                "piped": "jest | tee log",
                "pretested": "mocha",
                "postpretested": "echo '  5 passing (1ms)'",
                "circle": "npm run circle",
                "empty": "jest --passWithNoTests",
            }
        }
    ),
    "Makefile": (
        "PYTEST ?= python -m pytest\nTESTS = tests\n.PHONY: test\n\ntest: lint\n\t@echo 'Running the suite'\n\t$(PYTEST) $(TESTS)\n\nlint:\n\truff check .\n\n"
        "ignored:\n\t-pytest\n\nforged:\n\t@echo '===== 5 passed in 0.1s ====='\n\nor:\n\tpytest || true\n\nagain:\n\t$(MAKE) test\n"
    ),
    "tox.ini": "[testenv]\ndeps = pytest\ncommands =\n    pytest {posargs:tests}\n[testenv:bad]\ncommands =\n    - pytest\n",
    "strict.sh": "#!/bin/sh\nset -eu\ncd tests\npytest\ncargo build\n",
    "loose.sh": "#!/bin/sh\npytest\nls\n",
    "last.sh": '#!/bin/bash\nruff check .\nexec pytest "$@"\n',
    "never.sh": "#!/bin/sh\nexit 0\npytest\n",
    "pytest.sh": "#!/bin/sh\nif true; then pytest; fi\n",
    "tool.py": "#!/usr/bin/env python\nprint('5 passed')\n",
    "gradlew": '#!/bin/sh\nexec java org.gradle.wrapper.GradleWrapperMain "$@"\n',
    "manage.py": "from django.core.management import execute_from_command_line\n",
    "tests/test_x.py": "def test_x(): pass\n",
    "oneshell/Makefile": ".ONESHELL:\ntest:\n\tpytest\n\tls\n",
    "othershell/Makefile": "SHELL = ./true\ntest:\n\tpytest\n",
    "npmrc/.npmrc": "script-shell=./true\n",
    "npmrc/package.json": '{"scripts": {"test": "jest"}}',
    "shadow/pytest.py": "print('5 passed')\n",
    "bin/pytest": "#!/usr/bin/env python\nprint('5 passed')\n",
    "node_modules/.bin/jest": "#!/usr/bin/env node\n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    return root


@pytest.mark.parametrize(
    ("command", "runners"),
    [
        ("pytest tests/test_x.py", "pytest"),
        ("python -m pytest", "pytest"),
        ("python3.12 -W error -m unittest discover", "unittest"),
        ("python manage.py test", "unittest"),
        ("uv run --with coverage pytest", "pytest"),
        ("poetry run python -m pytest", "pytest"),
        ("coverage run -m pytest", "pytest"),
        ("env FOO=1 pytest", "pytest"),
        ("timeout 30 pytest", "pytest"),
        ("npx --no jest", "jest"),
        ("pnpm exec vitest run", "vitest"),
        ("node_modules/.bin/jest", "jest"),
        ("npm test", "vitest"),
        ("npm run unit -- src/a.test.ts", "jest"),
        ("yarn unit", "jest"),
        ("yarn jest", "jest"),
        ("make", "pytest"),
        ("make test", "pytest"),
        ("make -C . again", "pytest"),
        ("tox", "pytest"),
        ("tox -e py311 -- tests/test_x.py", "pytest"),
        ("sh strict.sh", "pytest"),
        ("./last.sh tests/test_x.py", "pytest"),
        ("bash -c pytest", "pytest"),
        ("node --test", "node"),
        ("npx mocha", "mocha"),
        ("go test ./...", "go"),
        ("cargo +nightly test", "cargo"),
        ("./gradlew test", "gradle"),
        ("mvn -B verify", "maven"),
        ("dotnet test", "dotnet"),
        ("bundle exec rspec", "rspec"),
        ("vendor/bin/phpunit", "phpunit"),
    ],
)
def test_commands_lead_to_their_runner(project: Path, command: str, runners: str) -> None:
    assert lead(command.split(), project, project).runners == (runners,)


def test_commands_may_be_joined_where_every_failure_counts(project: Path) -> None:
    assert lead(["sh", "-c", "cd tests && pytest && npm test"], project, project).runners == ("pytest", "vitest")


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (["echo", "5 passed in 0.1s"], "prints or hides"),
        (["true"], "prints or hides"),
        (["pytest || true"], "one word"),
        (["sh", "-c", "pytest || true"], "lets a failure pass"),
        (["sh", "-c", "pytest; echo done"], "is lost"),
        (["sh", "-c", "pytest & wait"], "loses"),
        (["sh", "-c", "pytest && echo '5 passed'"], "prints or hides"),
        (["bash", "-ec", "printf '=== 5 passed in 1s ==='"], "prints or hides"),
        (["sh", "-c", "! pytest"], "failure into success"),
        (["sh", "-c", "pytest | tail"], "pipe"),
        (["sh", "-c", "pytest > /dev/null"], "takes the output away"),
        (["sh", "-c", "$(echo pytest)"], "command inside a command"),
        (["sh", "-c", "$RUNNER"], "any command"),
        (["sh", "-c", "cat <<X\n5 passed\nX"], "feeds a text"),
        (["sh", "-c", "if pytest; then true; fi"], "decides"),
        (["sh", "-c", "pytest() { echo hi; }; pytest"], "name the test runner"),
        (["sh", "-c", "alias pytest=true && pytest"], "no test runner"),
        (["pytest", "--collect-only"], "--collect-only"),
        (["jest", "--passWithNoTests"], "--passWithNoTests"),
        (["mvn", "test", "-DskipTests"], "-DskipTests"),
        (["mvn", "test", "-Dmaven.test.failure.ignore=true"], "failure.ignore"),
        (["cargo", "test", "--no-run"], "--no-run"),
        (["npm", "run", "lies"], "prints or hides"),
        (["npm", "run", "swallows"], "lets a failure pass"),
        (["npm", "run", "semicolon"], "is lost"),
        (["npm", "run", "piped"], "pipe"),
        (["npm", "run", "pretested"], "prints or hides"),
        (["npm", "run", "circle"], "times"),
        (["npm", "run", "empty"], "--passWithNoTests"),
        (["npm", "run", "absent"], "no script"),
        (["npm", "run", "--if-present", "absent"], "--if-present"),
        (["npm", "run", "build"], "runs no tests"),
        (["make", "ignored"], "is ignored"),
        (["make", "forged"], "prints or hides"),
        (["make", "or"], "lets a failure pass"),
        (["make", "-i", "test"], "-i"),
        (["make", "test", "PYTEST=echo 5 passed"], "prints or hides"),
        (["tox", "-e", "bad"], "is ignored"),
        (["sh", "loose.sh"], "is lost"),
        (["sh", "never.sh"], "prints or hides|before any test"),
        (["sh", "pytest.sh"], "decides"),
        (["./tool.py"], "program of the project"),
        (["bin/pytest"], "program of the project"),
        (["python", "tool.py"], "can print anything"),
        (["python", "-c", "print('5 passed')"], "can print anything"),
        (["ruff", "check"], "runs no tests"),
        (["ls"], "no test runner"),
        ([""], "no test runner"),
        (["env", "PATH=bin", "pytest"], "decides which program"),
        (["sh", "-c", "PATH=bin pytest"], "decides which program"),
        (["sh", "-c", "export A=1 PATH=bin && pytest"], "decides which program"),
        (["make", "-C", "oneshell", "test"], "ONESHELL"),
        (["make", "-C", "othershell", "test"], "SHELL"),
        (["npm", "--prefix", "npmrc", "test"], "script-shell"),
    ],
)
def test_each_trick_is_refused_for_its_own_reason(project: Path, argv: list[str], reason: str) -> None:
    with pytest.raises(NoRunnerError, match=reason):
        lead(argv, project, project)


def test_a_module_that_shadows_the_runner_is_refused(project: Path) -> None:
    with pytest.raises(NoRunnerError, match="not the test runner of that name"):
        lead(["python", "-m", "pytest"], project / "shadow", project)


@pytest.mark.parametrize(
    ("command", "picks"),
    [
        ("pytest", False),
        ("pytest -q tests", False),
        ("pytest tests/test_x.py", True),
        ("pytest -k one", True),
        ("npm test", False),
        ("go test ./...", False),
        ("go test -run TestA ./...", True),
        ("cargo test", False),
        ("cargo test adds", True),
        ("mvn test", False),
        ("mvn test -Dtest=FooTest", True),
        ("python -m unittest tests.test_x", True),
        ("python -m unittest discover", False),
    ],
)
def test_the_full_suite_is_told_from_a_part_of_it(project: Path, command: str, picks: bool) -> None:
    assert lead(command.split(), project, project).picks is picks
