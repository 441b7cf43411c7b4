"""What the tests of several integrations share: the project as a repository to install from."""

import os
from pathlib import Path

import pytest
from filelock import FileLock
from made_checkout import git, made_copy


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share: the environment of the hooks takes half a minute to make."""
    base = tmp_path_factory.getbasetemp()
    made = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "integrations"
    made.mkdir(exist_ok=True)
    return made


@pytest.fixture(scope="session")
def source(shared: Path) -> tuple[Path, str]:
    """The project as a repository, and its revision."""
    folder = shared / "source"
    with FileLock(shared / "source.lock"):
        if not folder.exists():
            made_copy(folder)
    return folder, git(folder, "rev-parse", "HEAD").stdout.strip()
