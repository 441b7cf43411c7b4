"""Imports of production whose package only development installs."""

import json

import pytest
from made_scanned import scanned

RULE = "project/runtime-import-in-dev-dependencies"
APP = "from flask import Flask\napp = Flask(__name__)\n"
CMD = 'CMD ["gunicorn", "app:app"]\n'
REQUIREMENTS = {"requirements.txt": "flask\ngunicorn\n", "requirements-dev.txt": "faker\nrich\n"}
PIP = {"Dockerfile": f"FROM python:3.12\nRUN pip install --upgrade pip && pip install -r requirements.txt\n{CMD}"}
FROZEN = "flask==3.1.0\nwerkzeug==3.1.3\njinja2==3.1.6\nitsdangerous==2.2.0\nclick==8.1.8\nmarkupsafe==3.0.2\n"


def pyproject(group="dev"):
    return f'[project]\nname = "shop"\nversion = "1"\ndependencies = ["flask"]\n[dependency-groups]\n{group} = ["rich"]\n'


def locked(*needs):
    inner = ", ".join(f'{{ name = "{name}" }}' for name in needs)
    packages = '[[package]]\nname = "rich"\nversion = "1"\n[package.dev-dependencies]\ndev = [{ name = "rich" }]\n'
    return f'version = 1\n[[package]]\nname = "flask"\nversion = "3"\ndependencies = [{inner}]\n{packages}'


@pytest.mark.parametrize(
    ("first", "files", "expected"),
    [
        ("import faker", {**REQUIREMENTS, **PIP}, ["fail"]),
        ("from faker import Faker", {**REQUIREMENTS, "Procfile": "web: gunicorn app:app\n"}, ["fail"]),
        # some package of production may bring it
        ("import rich", {**REQUIREMENTS, **PIP}, ["review"]),
        ("import rich", {**REQUIREMENTS, **PIP, "requirements.txt": FROZEN}, ["fail"]),
        ("import rich", {**REQUIREMENTS, **PIP, "requirements.txt": FROZEN + "rich==14.0.0\n"}, []),
        ("import rich", {"pyproject.toml": pyproject(), "uv.lock": locked("click"), "Dockerfile": f"FROM x\nRUN uv sync --no-dev\n{CMD}"}, ["fail"]),
        ("import rich", {"pyproject.toml": pyproject(), "uv.lock": locked("rich"), "Dockerfile": f"FROM x\nRUN uv sync --no-dev\n{CMD}"}, []),
        # these install the group too, or cannot be told
        ("import rich", {"pyproject.toml": pyproject(), "uv.lock": locked("click"), "Dockerfile": f"FROM x\nRUN uv sync\n{CMD}"}, []),
        ("import rich", {"pyproject.toml": pyproject("server"), "Dockerfile": f"FROM x\nRUN uv sync --no-dev\n{CMD}"}, []),
        ("import faker", {**REQUIREMENTS, "Dockerfile": f"FROM x\nRUN pip install -r requirements-dev.txt\n{CMD}"}, []),
        ("import faker", {**REQUIREMENTS, "Dockerfile": f"FROM x\nRUN pip install -r requirements.txt faker\n{CMD}"}, []),
        ("import faker", {**REQUIREMENTS, "Dockerfile": f"FROM x\nRUN pip install -r $FILE\n{CMD}"}, []),
        ("import faker", {**REQUIREMENTS, **PIP, "requirements.txt": "-r requirements-dev.txt\nflask\n"}, []),
        # it need not be there
        ("try:\n    import faker\nexcept ImportError:\n    faker = None", {**REQUIREMENTS, **PIP}, []),
        ("def seed():\n    import faker", {**REQUIREMENTS, **PIP}, []),
        ("if __debug__:\n    import faker", {**REQUIREMENTS, **PIP}, []),
        ("import faker", {**REQUIREMENTS, **PIP, "faker.py": ""}, []),
    ],
)
def test_what_production_installs_decides(tmp_path, first, files, expected):
    assert list(scanned(tmp_path, RULE, {"app.py": f"{first}\n{APP}", **files}).values()) == expected


def test_an_import_of_an_import(tmp_path):
    files = {"app.py": f"from names import one\n{APP}", "names.py": "import faker\none = 1\n", "unused.py": "import faker\n", **REQUIREMENTS, **PIP}
    assert scanned(tmp_path, RULE, files) == {"names.py:1": "fail"}


MANIFEST = json.dumps({"dependencies": {"express": "5"}, "devDependencies": {"dotenv": "17"}})


def lock(dev):
    return json.dumps({"lockfileVersion": 3, "packages": {"": {}, "node_modules/dotenv": {"version": "17.0.0", **({"dev": True} if dev else {})}}})


@pytest.mark.parametrize(
    ("code", "install", "files", "expected"),
    [
        ('require("dotenv").config();', "npm ci --omit=dev", {"package-lock.json": lock(dev=True)}, ["fail"]),
        ('import "dotenv/config";', "npm ci --omit=dev", {"package-lock.json": lock(dev=True)}, ["fail"]),
        ('require("./boot");', "npm ci --omit=dev", {"package-lock.json": lock(dev=True), "boot.js": 'require("dotenv");'}, ["fail"]),
        ('require("dotenv");', "npm ci --omit=dev", {"package-lock.json": lock(dev=False)}, []),
        ('require("dotenv");', "npm install --production", {}, ["review"]),
        ('require("dotenv");', "npm ci", {"package-lock.json": lock(dev=True)}, []),
        ('if (process.env.X) require("dotenv");', "npm ci --omit=dev", {"package-lock.json": lock(dev=True)}, []),
        ('try { require("dotenv"); } catch {}', "npm ci --omit=dev", {"package-lock.json": lock(dev=True)}, []),
        ('function a() { require("dotenv"); }', "npm ci --omit=dev", {"package-lock.json": lock(dev=True)}, []),
        ('require("express"); require("fs");', "npm ci --omit=dev", {"package-lock.json": lock(dev=True)}, []),
    ],
)
def test_node_without_a_bundler(tmp_path, code, install, files, expected):
    docker = f'FROM node:22\nCOPY . .\nRUN {install}\nCMD ["node", "server.js"]\n'
    base = {"server.js": code + "\n", "package.json": MANIFEST, "Dockerfile": docker}
    assert list(scanned(tmp_path, RULE, {**base, **files}).values()) == expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [("ENV NODE_ENV=production\nRUN npm ci\n", ["fail"]), ("RUN npm ci\nENV NODE_ENV=production\n", [])],
)
def test_node_env_counts_from_where_it_stands(tmp_path, environment, expected):
    files = {
        "server.js": 'require("dotenv");\n',
        "package.json": MANIFEST,
        "package-lock.json": lock(dev=True),
        "Dockerfile": f'FROM node:22\n{environment}CMD ["node", "server.js"]\n',
    }
    assert list(scanned(tmp_path, RULE, files).values()) == expected
