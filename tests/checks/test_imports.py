"""Imports against the files they name."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

import pytest
from made_scanned import outcomes

from auditor.project.config import Config, load_config
from auditor.project.ignored import Ignored
from auditor.project.project import open_project
from auditor.scan import ScanOptions, scan

CASE = "project/import-case-mismatch"
HIDDEN = "project/gitignore-hides-source"
PACKAGE = '{"dependencies": {"express": "5"}}'


@pytest.mark.parametrize(
    ("path", "written", "expected"),
    [
        ("Button.js", "./button", ["fail"]),
        ("Button.js", "./button.js", ["fail"]),
        ("Button.js", "./Button", []),
        ("Button.tsx", "./Button.js", []),  # TypeScript names what it will be compiled to
        ("Button.tsx", "./button.js", ["fail"]),
        ("Button/index.js", "./button", ["fail"]),
        ("Button/Item.js", "./button", []),  # a folder without an index is not found in any spelling
        ("Shared/Button.js", "./shared/Button", ["fail"]),
        ("logo.SVG", "./logo.svg", ["fail"]),
        ("logo.svg", "./logo.svg?react", []),
        ("button.jsx", "./Button.test", []),
        ("Button.js", "../Button", []),
        ("Button.js", "button", []),
        ("Button.js", "./nothing", []),
        ("src/Button.vue", "@/button.vue", ["fail"]),
        ("src/Button.vue", "@/Button.vue", []),
    ],
)
def test_case_counts(tmp_path: Path, path: str, written: str, expected: list[str]) -> None:
    files = {"package.json": PACKAGE, path: "", "src/other.js": "", "main.js": f'import x from "{written}"; import y from "@/other";\n'}
    assert outcomes(tmp_path, files, CASE) == expected


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("main.js", 'const x = require("./button");', ["fail"]),
        ("main.js", 'export * from "./button";', ["fail"]),
        ("main.js", 'const x = () => import("./button");', ["fail"]),
        ("main.js", 'import "./button";', ["fail"]),
        ("main.js", '// import x from "./button";', []),
        ("main.js", "const text = `import x from './button'`;", []),
        ("App.vue", '<script>import x from "./button";</script>', ["fail"]),
        ("main.ts", 'import type { X } from "./button";', ["review"]),  # a bundler drops it, the compiler does not
        ("main.test.js", 'import x from "./button";', []),
        ("types.d.ts", 'import x from "./button";', []),
    ],
)
def test_every_kind_of_import(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert outcomes(tmp_path, {"package.json": PACKAGE, "Button.js": "", name: code}, CASE) == expected


def test_both_spellings_on_disk_are_two_files(tmp_path: Path) -> None:
    files = {"package.json": PACKAGE, "Button.js": "", "BUTTON.js": "", "a.js": 'require("./Button")', "b.js": 'require("./button")'}
    assert outcomes(tmp_path, files, CASE) == ["review"]


def test_the_import_is_written_anew(tmp_path: Path) -> None:
    assert outcomes(tmp_path, {"package.json": PACKAGE, "Ui/Button.js": "", "a.js": "require('./ui/button')\n"}, CASE) == ["fail"]
    (result,) = scan(tmp_path, ScanOptions(config=load_config(tmp_path), select=(CASE,), jobs=1)).results
    assert result.change is not None
    assert result.change.after == "'./Ui/Button'"


@pytest.mark.parametrize(
    ("pattern", "written", "expected"),
    [
        ("lib/", "./lib/api", ["fail"]),
        ("lib", "./lib/api", ["fail"]),
        ("/lib/", "./lib/api", []),  # at the root only
        ("lib/\n!src/lib/", "./lib/api", []),
        ("/src/lib/", "./lib/api", []),  # a path is meant as it is written
        ("dist/", "./dist/api", []),
        ("*.json", "./secrets.json", []),
        ("secrets.json", "./secrets.json", []),
        ("shared/", "./shared/api", ["review"]),  # nobody knows what it is meant for
        ("lib/", "@/lib/utils", ["fail"]),
        ("lib/", "lib/utils", []),
    ],
)
def test_a_pattern_that_is_meant_for_something_else(tmp_path: Path, pattern: str, written: str, expected: list[str]) -> None:
    code = f'import x from "{written}"; import y from "@/other";\n'
    files = {"package.json": PACKAGE, ".gitignore": pattern + "\n", "src/other.js": "", "src/main.js": code}
    assert outcomes(tmp_path, files, HIDDEN) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from shop.lib.a import x", ["fail"]),
        ("from .lib.a import x", ["fail"]),
        ("from .lib import x", ["fail"]),
        ("from lib.a import x", []),  # may be an installed package
        ("from other.lib.a import x", []),
        ("try:\n    from .lib.a import x\nexcept ImportError:\n    x = None", []),
        ("import typing\nif typing.TYPE_CHECKING:\n    from .lib.a import x", []),
        ("from . import lib", []),  # may be a name of the package
        ("from .models import x", []),
    ],
)
def test_python(tmp_path: Path, code: str, expected: list[str]) -> None:
    files = {".gitignore": "lib/\n", "shop/__init__.py": "", "shop/models.py": "", "shop/web.py": code + "\n"}
    assert outcomes(tmp_path, files, HIDDEN) == expected


def test_what_is_there_and_ignored_counts_only_where_git_can_be_asked(tmp_path: Path) -> None:
    files = {"package.json": PACKAGE, ".gitignore": "lib/\n", "src/main.js": 'import x from "./lib/api";\n', "src/lib/api.js": ""}
    assert outcomes(tmp_path, files, HIDDEN) == []  # it may have been added in spite of the pattern
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert outcomes(tmp_path, {}, HIDDEN) == ["fail"]
    subprocess.run(["git", "-C", str(tmp_path), "add", "-f", "src/lib/api.js"], check=True)
    assert outcomes(tmp_path, {}, HIDDEN) == []


@pytest.mark.parametrize(
    ("files", "path", "expected"),
    [
        ({".gitignore": "a/\nlib/\n"}, "x/lib/y.py", (".gitignore", 2)),
        ({".gitignore": "lib/\n", "x/.gitignore": "!lib/\n"}, "x/lib/y.py", None),
        ({".gitignore": "lib/\n!lib/y.py\n"}, "lib/y.py", (".gitignore", 1)),  # not out of an ignored folder
        ({"x/.gitignore": "\n# c\n*.py\n"}, "x/y/z.py", ("x/.gitignore", 3)),
        ({"x/.gitignore": "*.py\n"}, "z.py", None),
        ({".gitignore": "lib/\n"}, "lib", None),  # a file of that name
    ],
)
def test_the_line_that_ignores(tmp_path: Path, files: dict[str, str], path: str, expected: tuple[str, int] | None) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = Ignored(open_project(tmp_path, config=Config())).by(PurePosixPath(path))
    assert ((str(found.place.path), found.place.line) if found is not None else None) == expected


def test_an_alias_that_never_leads_anywhere_stands_for_another_folder(tmp_path: Path) -> None:
    files = {
        "package.json": PACKAGE,
        ".gitignore": "lib/\n",
        "app/lib2/Button.js": "",
        "src/button.js": "",
        "main.js": 'import "@/Button"; import "@/lib/a";',
    }
    assert outcomes(tmp_path, files, CASE) == []
    assert outcomes(tmp_path, {}, HIDDEN) == []
