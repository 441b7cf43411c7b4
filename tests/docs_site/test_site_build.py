"""The site as MkDocs builds it, and as a browser shows it."""

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import made_site
import pytest
from playwright.sync_api import sync_playwright

from auditor.catalogue import load

pytestmark = pytest.mark.real

CHECKOUT = Path(__file__).parent.parent.parent
LOOKED_AT = (
    "/",
    "/tutorial/",
    "/gotchas/",
    "/gotchas/by-symptom/",
    "/gotchas/flask/relative-send-directory/",
    "/gotchas/flask/",
    "/reference/cli/scan/",
)
LOOKED_AT += (
    "/reference/cli/plan/",
    "/reference/configuration/",
    "/reference/report-schema/",
    "/explanation/comparison/",
    "/how-to/suppress/",
    "/validate/",
)
OFFLINE = """
import socket, sys

def refuse(*words, **named):
    raise SystemExit("the build of the site asks the network")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
from mkdocs.__main__ import cli
cli()
"""


def built(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Build the site without a network."""
    return subprocess.run(
        [sys.executable, "-c", OFFLINE, "build", "--strict", "--config-file", str(source / "mkdocs.yml"), "--site-dir", str(target)],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site") / "built"
    done = built(CHECKOUT, target)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


@pytest.fixture(scope="module")
def taken(site: Path) -> dict[str, made_site.Taken]:
    return made_site.pages(site)


def test_every_entry_has_its_page(taken: dict[str, made_site.Taken]) -> None:
    there = {address for address in taken if re.fullmatch(r"/gotchas/[^/]+/[^/]+/", address)}
    assert there == {f"/gotchas/{gotcha.id}/" for gotcha in load().gotchas}


def test_every_page_has_one_main_heading(taken: dict[str, made_site.Taken]) -> None:
    assert [address for address, page in taken.items() if page.headings != 1] == []


def test_every_link_and_anchor_within_the_site_is_there(site: Path, taken: dict[str, made_site.Taken]) -> None:
    assert made_site.dead(site, taken) == []


def test_the_link_checker_finds_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "index.html").write_text(
        '<a href="a/#there">1</a><a href="a/#gone">2</a><a href="b/">3</a><img src="x.png"><a href="https://e.example/#x">4</a>'
    )
    (tmp_path / "a" / "index.html").write_text('<h1 id="there">A</h1><a href="..">up</a>')
    assert sorted(made_site.dead(tmp_path, made_site.pages(tmp_path))) == [
        "/: a/#gone: no such anchor",
        "/: b/: no such page",
        "/: x.png: no such page",
    ]


def test_no_page_loads_anything_from_elsewhere(site: Path, taken: dict[str, made_site.Taken]) -> None:
    assert [f"{address}: {link}" for address, page in taken.items() for link in page.loads if made_site.foreign(link)] == []
    in_styles = r"""(?:url\(|@import)\s*["']?\s*(?:https?:)?//"""
    assert [address for address, page in taken.items() if re.search(in_styles, page.styles)] == []
    assert [path for path in site.rglob("*.css") if re.search(in_styles, path.read_text("utf-8"))] == []
    assert [path for path in site.rglob("*.svg") if re.search(rf"{in_styles}|<(?:image|use|script)[^>]+href=.https?:", path.read_text("utf-8"))] == []


def test_every_page_forbids_it_to_its_scripts_too(taken: dict[str, made_site.Taken]) -> None:
    """The theme's own script asks for a shim from unpkg.com in old browsers."""
    assert {page.policy.partition(";")[0] for page in taken.values()} == {"default-src 'self'"}
    assert [page.policy for page in taken.values() if re.search(r"https?:|\*", page.policy)] == []


def test_a_document_that_is_added_later_is_found_and_checked(tmp_path: Path) -> None:
    """With a broken link the build ends; without one the page stands in the navigation, though nobody named it."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("docs", "rules"):
        shutil.copytree(CHECKOUT / name, source / name)
    for name in ("mkdocs.yml", "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "ARCHITECTURE.md"):
        shutil.copy(CHECKOUT / name, source / name)
    shutil.copytree(CHECKOUT / "bench", source / "bench")
    (source / "auditor").symlink_to(CHECKOUT / "auditor")  # what documents link to: schemas
    (source / "docs" / "brand-new.md").write_text("# Brand new\n\n[gone](gone.md) [there](validate.md#no-such-heading)\n")
    done = built(source, tmp_path / "bad")
    assert done.returncode == 1
    assert "gone.md" in done.stderr
    assert "no-such-heading" in done.stderr
    (source / "docs" / "brand-new.md").write_text("# Brand new\n\n[there](validate.md#the-checks) [code](../bench/matrix.py)\n")
    done = built(source, tmp_path / "good")
    assert done.returncode == 0, done.stderr
    assert 'brand-new/"' in (tmp_path / "good" / "how-to" / "suppress" / "index.html").read_text("utf-8")


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("axe")
    npm = shutil.which("npm")
    assert npm, "npm is missing: install Node 20 or newer"
    subprocess.run([npm, "install", "--no-audit", "--no-fund", "--silent", "axe-core@4"], cwd=folder, check=True, timeout=120)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "no Chromium is installed: apt-get install chromium"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)], ids=["light", "dark", "phone"])
def test_pages_are_whole_and_accessible_in_a_browser(browser, address: str, axe: str, scheme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked, said = [], []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    problems = []
    for path in LOOKED_AT:
        assert page.goto(address + path).status == 200
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.body.dataset.mdColorScheme") == ("slate" if scheme == "dark" else "default")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} has to be scrolled sideways"
        page.evaluate(axe)
        for found in page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")["violations"]:
            problems += [f"{path}: {found['id']}: {node['html'][:160]}: {node['failureSummary'][:300]}" for node in found["nodes"][:3]]
    context.close()
    assert problems == []
    assert said == []
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def test_the_search_finds_an_entry_without_asking_anybody(browser, address: str) -> None:
    context = browser.new_context()
    asked, said = [], []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(f"{address}/")
    page.get_by_role("textbox", name="Search").fill("relative directory flask")
    page.locator(".md-search-result__link").first.wait_for()
    found = page.locator(".md-search-result__link").evaluate_all("links => links.map(link => link.href)")
    assert any("/gotchas/flask/relative-send-directory/" in link for link in found)
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
