"""What an installed package lacks; the outcomes are those of wheels that were built."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_scanned import outcomes

ID = "python/package-data-missing"
PROJECT = '[project]\nname = "shop"\nversion = "1"\n'
SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n' + PROJECT
APP = "from flask import Flask, render_template\napp = Flask(__name__)\nrender_template('x')\n"
TREE = {
    "pyproject.toml": SETUPTOOLS,
    "src/shop/__init__.py": APP,
    "src/shop/templates/index.html": "<p>",
    "Dockerfile": 'FROM python\nWORKDIR /app\nCOPY . .\nRUN pip install .\nCMD ["gunicorn", "shop:app"]\n',
}


def dockerfile(steps: str) -> dict[str, str]:
    return {"Dockerfile": f"FROM python\nWORKDIR /app\n{steps}\n"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, ["fail"]),
        ({"pyproject.toml": PROJECT}, ["fail"]),  # setuptools is what builds when nothing is named
        ({"pyproject.toml": SETUPTOOLS.replace("setuptools.build_meta", "hatchling.build")}, []),
        ({"pyproject.toml": SETUPTOOLS + '[tool.setuptools.package-data]\nshop = ["templates/*"]\n'}, ["pass"]),
        ({"pyproject.toml": SETUPTOOLS.replace('["setuptools"]', '["setuptools", "setuptools-scm"]')}, ["pass"]),
        ({"MANIFEST.in": "graft src\n"}, ["pass"]),
        ({"setup.cfg": "[options.package_data]\nshop = templates/*\n"}, ["pass"]),
        ({"src/shop/__init__.py": "from flask import Flask\napp = Flask(__name__)\n"}, []),  # nothing is rendered
        (dockerfile("COPY . .\nRUN pip install -e .\nCMD gunicorn shop:app"), []),
        (dockerfile("COPY . .\nRUN pip install -r requirements.txt\nCMD gunicorn shop:app"), []),
        (dockerfile("COPY . .\nRUN pip install .[prod]\nCMD gunicorn shop:app"), ["fail"]),
        (dockerfile("COPY . .\nRUN uv pip install --system .\nCMD gunicorn shop:app"), ["fail"]),
        (dockerfile("COPY . /srv\nRUN pip install /srv\nCMD gunicorn shop:app"), ["fail"]),
        (dockerfile("COPY . .\nRUN pip install .\nCMD gunicorn --chdir src shop:app"), ["pass"]),
        (dockerfile("COPY . .\nENV PYTHONPATH=/app/src\nRUN pip install .\nCMD gunicorn shop:app"), ["pass"]),
    ],
)
def test_src_layout(tmp_path: Path, files: dict[str, str], expected: list[str]) -> None:
    assert outcomes(tmp_path, {**TREE, **files}, ID) == expected


def test_a_package_in_the_working_directory_is_found_with_its_files(tmp_path: Path) -> None:
    flat = {path.removeprefix("src/"): text for path, text in TREE.items()}
    assert outcomes(tmp_path, flat, ID) == []


def test_static_files_beside_the_module(tmp_path: Path) -> None:
    code = "from pathlib import Path\nfrom starlette.staticfiles import StaticFiles\nx = StaticFiles(directory=Path(__file__).parent / 'static')\n"
    files = {**TREE, "src/shop/__init__.py": code, "src/shop/static/a.css": ""}
    assert outcomes(tmp_path, files, ID) == ["fail"]
