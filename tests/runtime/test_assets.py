"""What pages, style sheets, modules and manifests make a browser fetch."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.runtime.assets import Asset, in_manifest, in_module, in_page, in_style, scripted
from auditor.runtime.css import addresses
from auditor.runtime.html import tags, words

ORIGIN = "http://127.0.0.1:8000"


def local(url: str) -> str | None:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "") if f"{parts.scheme}://{parts.netloc}" == ORIGIN else None


def told(found: tuple[Asset, ...]) -> list[str]:
    """`kind path`, with a `?` for what is optional."""
    return [f"{asset.kind} {asset.path}{' ?' if asset.optional else ''}" for asset in found]


def page(text: str, path: str = "/shop/") -> list[str]:
    return told(in_page(text, ORIGIN + path, local))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("<p>no assets, <a href=/x.js>but a link</a>", []),
        # scripts
        ('<script src="/a.js"></script><SCRIPT SRC=b.js></SCRIPT>', ["script /a.js", "script /shop/b.js"]),
        ('<script type=module src="a.js"></script>', ["module /shop/a.js"]),
        ('<script type="text/javascript" src=a.js></script><script type="application/json" src=b.js></script>', ["script /shop/a.js"]),
        ("<script language=javascript src=a.js></script><script language=vbscript src=b.js></script>", ["script /shop/a.js"]),
        ("<script nomodule src=/old.js></script>", ["script /old.js ?"]),
        ("<script src=/a.js>import '/b.js'</script>", ["script /a.js"]),
        ('<script type=module>import "/a.js"; import x from "./b.js"; import "bare"; f("/c.js")</script>', ["module /a.js", "module /shop/b.js"]),
        ('<script>document.write("<img src=/no.png>")</script><img src=/yes.png>', ["image /yes.png"]),
        ('<script type=importmap>{"imports": {"a": "/a.js", "dir/": "/dir/", "b": 1}}</script>', ["module /a.js ?"]),
        ("<script type=importmap>{broken</script>", []),
        # links
        ('<link rel=stylesheet href="/a.css?v=1#x">', ["style /a.css?v=1"]),
        ('<link rel="alternate stylesheet" href=/a.css><link rel=stylesheet disabled href=/b.css>', ["style /a.css ?"]),
        ('<link rel=stylesheet type="text/less" href=/a.less>', []),
        ("<link rel=modulepreload href=/a.js><link rel=modulepreload as=style href=/b.css>", ["module /a.js", "style /b.css"]),
        (
            '<link rel=preload as=font href=/a.woff2><link rel=preload as=fetch href=/b><link rel=preload as=image imagesrcset="/c.png 1x" href=/d.png>',
            ["font /a.woff2", "image /d.png", "image /c.png"],
        ),
        ('<link rel="shortcut icon" href=/f.ico><link rel=manifest href=/m.json>', ["image /f.ico ?", "manifest /m.json"]),
        ("<link rel=canonical href=/shop><link rel=dns-prefetch href=//x.example>", []),
        # images and media
        (
            '<img src=/a.png srcset="/b.png 1x, /c,d.png 2x,/e.png"><img srcset="/f.png, /g.png 2x">',
            ["image /a.png", "image /b.png", "image /c,d.png", "image /e.png", "image /f.png", "image /g.png"],
        ),
        ("<picture><source srcset=/a.webp><img src=/a.png></picture>", ["image /a.webp", "image /a.png"]),
        (
            "<video poster=/p.png src=/v.mp4><source src=/v.webm><track src=/t.vtt></video>",
            ["image /p.png", "other /v.mp4", "other /v.webm ?", "other /t.vtt ?"],
        ),
        ("<input type=IMAGE src=/a.png><input type=text src=/b.png>", ["image /a.png"]),
        ("<svg><use href=/s.svg#tea /><image xlink:href=/i.png /></svg><svg><use href=#own /></svg>", ["image /s.svg", "image /i.png"]),
        # styles
        ("<style>a { background: url(/a.png) } @import '/b.css'; </style>", ["image /a.png ?", "style /b.css"]),
        ('<p style="background:url(&quot;/a.png&quot;)">', ["image /a.png"]),
        # what is not fetched
        ("<!-- <img src=/a.png> --><img src=/b.png>", ["image /b.png"]),
        ("<!--> <img src=/a.png>", ["image /a.png"]),
        ("<template><img src=/a.png><template></template><img src=/b.png></template><img src=/c.png>", ["image /c.png"]),
        ("<template shadowrootmode=open><img src=/a.png></template>", ["image /a.png"]),
        ("<noscript><img src=/a.png></noscript><textarea><img src=/b.png></textarea><title><img src=/c.png></title>", []),
        ("<plaintext><img src=/a.png>", []),
        ("<img src=/a.png", []),
        ("<img src=>", []),
        ("<img src='data:image/png;base64,AA'><img src=blob:x><img src=//cdn.example/a.png><img src=https://127.0.0.1:8000/a.png>", []),
        ("<img src='http://[broken/a.png'><img src=/a.png>", ["image /a.png"]),
        # addresses
        ("<img src=' /a b.png\n'>", ["image /a%20b.png"]),
        ("<img src=/a.png?x=1&amp;y=2>", ["image /a.png?x=1&y=2"]),
        ("<img src=../a.png><img src=http://127.0.0.1:8000/b.png>", ["image /a.png", "image /b.png"]),
        ("<img src=/a.png><img src=/a.png>", ["image /a.png"]),
        ("<link rel=icon href=/a.png><img src=/a.png>", ["image /a.png"]),
        ("<script src=/a.js></script><script type=module src=/a.js></script>", ["script /a.js", "module /a.js"]),
        # base
        ("<base href=/static/><img src=a.png><base href=/other/><img src=b.png>", ["image /static/a.png", "image /static/b.png"]),
        ("<base target=_top><base href=/static/><img src=a.png>", ["image /static/a.png"]),
        ("<base href=https://cdn.example/><img src=a.png><img src=/b.png>", []),
    ],
)  # fmt: skip
def test_pages(text: str, expected: list[str]) -> None:
    assert page(text) == expected


def test_lines_and_names_say_where_an_asset_is_named() -> None:
    text = "<!doctype html>\n<style>\n\na{background:url(a.png)}</style>\n<!--\n-->\n<script src=b.js></script>"
    assert [(asset.named_in, asset.path, asset.line) for asset in in_page(text, f"{ORIGIN}/x", local)] == [("/x", "/a.png", 4), ("/x", "/b.js", 7)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a { color: red }", []),
        ("a { background: url(a.png), url('b.png') , url( \"c.png\" ) }", ["image /s/a.png ?", "image /s/b.png ?", "image /s/c.png ?"]),
        ("@import 'a.css'; @import url(b.css) screen; @import url('/c.css');", ["style /s/a.css", "style /s/b.css", "style /c.css"]),
        (
            "@font-face { src: local(x), url(a.woff2) format('woff2'), url(a.woff), url(a.eot?#iefix), url(a.svg#x) }",
            ["font /s/a.woff2 ?", "font /s/a.woff ?"],
        ),
        ("@namespace url(http://127.0.0.1:8000/ns); a { background: url(a.png) }", ["image /s/a.png ?"]),
        ("/* url(a.png) */ b { content: 'url(b.png)'; background: URL(c.png) }", ["image /s/c.png ?"]),
        ("a { mask: url(#own); background: url(data:image/png;base64,AA) }", []),
        (r"a { background: url(a\ b.png) }", ["image /s/a%20b.png ?"]),
        (r"a { background: url('\61.png') }", ["image /s/a.png ?"]),
        ("a { background: url(a b.png) } b { background: url(c.png) }", ["image /s/c.png ?"]),
        ("@media print { @import 'x.css'; } a { background: url(../up.png) }", ["style /s/x.css", "image /up.png ?"]),
        ("a { background: url(unclosed.png", ["image /s/unclosed.png ?"]),
        ("a { b: url('unclosed.png", ["image /s/unclosed.png ?"]),
    ],
)
def test_style_sheets(text: str, expected: list[str]) -> None:
    assert told(in_style(text, f"{ORIGIN}/s/a.css", local)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ('import "./a.js";import b from "/b.js"\nimport {c as d, e} from \'../c.js\';import * as f from "./f.js";x()', ["/m/a.js", "/b.js", "/c.js", "/m/f.js"]),
        ('// first\n/* second */ "use strict"; import "./a.js"', ["/m/a.js"]),
        ('export {a} from "./a.js"; export * from "./b.js"', ["/m/a.js", "/m/b.js"]),
        ('import("./lazy.js")', []),
        ("import.meta.url", []),
        ('import react from "react"; import "https://cdn.example/x.js"; import "./a.js"', ["/m/a.js"]),
        ('const x = 1; import "./a.js"', []),
        (
            'const __vite__mapDeps=(i,m=__vite__mapDeps,d=(m.f||(m.f=["assets/b.js"])))=>i.map(i=>d[i]);\nimport"./a.js";import{t as e}from"./c.js";x()',
            ["/m/a.js", "/m/c.js"],
        ),
    ],
)  # fmt: skip
def test_modules(text: str, expected: list[str]) -> None:
    assert [asset.path for asset in in_module(text, f"{ORIGIN}/m/x.js", local)] == expected


def test_modules_of_other_kinds() -> None:
    text = 'import a from "./a.json" with { type: "json" }; import b from "./b.css" with { type: "css" };'
    assert told(in_module(text, f"{ORIGIN}/x.js", local)) == ["other /a.json", "style /b.css"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"icons": [{"src": "a.png"}, {"src": "/b.png"}, {"src": 1}, "x"], "start_url": "/"}', ["image /m/a.png ?", "image /b.png ?"]),
        ("{}", []),
        ("[]", []),
        ("<html>", []),
        ("[" * 100_000, []),
    ],
)
def test_manifests(text: str, expected: list[str]) -> None:
    assert told(in_manifest(text, f"{ORIGIN}/m/site.webmanifest", local)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("<script>x()</script>", True), ("<script src=a.js></script>", True), ("<script> </script>", False), ("<script type=a/b>x</script>", False), ("<p>", False)],
)  # fmt: skip
def test_scripted(text: str, expected: bool) -> None:
    assert scripted(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<head><title>no</title></head><p>Tea <b>shop</b><!-- no --><script>no()</script>", "Tea shop"),
        ("<div id=root></div>", ""),
        ("<style>a{}</style>\n\n", ""),
        ("plain", "plain"),
    ],
)
def test_words(text: str, expected: str) -> None:
    assert words(text) == expected


# -- whatever comes ------------------------------------------------------------------------------------------------------------------

PIECES = [
    "<", ">", "</", "/>", "<!--", "-->", "<!", "<?", "<script", "</script>", "<style>", "</style>", "<template>", "</template>", "<base href=", "<img src=", "srcset=",
    "<link rel=stylesheet href=", "style=", '"', "'", "=", " ", "\n", "a", "url(", ")", "@import ", "@font-face{", "src:", "{", "}", ";", ",", "\\", "/*", "*/", "import", "from",
    "type=importmap>", '{"imports":', "type=module>", "http://[", "\x00", "é", "&#x0;", "&amp", "data:", "//",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=60).map("".join))
def test_nothing_is_raised_and_lines_are_within_the_text(text: str) -> None:
    lines = text.count("\n") + 1
    for reader in (in_page, in_style, in_module, in_manifest):
        for asset in reader(text, f"{ORIGIN}/x/", local):
            assert 1 <= asset.line <= lines
            assert asset.path.startswith("/")
    scripted(text)
    words(text)


@pytest.mark.parametrize(
    "piece",
    ["<", "<a", "<a ", "<a b=", "<a b='", "<!--", "<!", "</", "<script>", "<style>", "<template>", "<p>", "<a/b=c>", "<img srcset='a,(", "&", "<\n", "<title><style>",
     "<p style='url(", "<script type=module>import "],
)  # fmt: skip
def test_two_megabytes_of_nested_garbage_take_linear_time(piece: str) -> None:
    text = piece * (2_000_000 // len(piece))
    clock = time.process_time()
    in_page(text, f"{ORIGIN}/", local)
    scripted(text)
    words(text)
    assert time.process_time() - clock < 6


@pytest.mark.parametrize("piece", ["url(", "url('", "url( ", "/*", "'", "@import ", "@font-face{src:url(a)", "\\", "url(\\", "a{", "/**", '"\\\n'])
def test_two_megabytes_of_styles_take_linear_time(piece: str) -> None:
    text = piece * (2_000_000 // len(piece))
    clock = time.process_time()
    assert sum(1 for _ in addresses(text)) >= 0
    assert time.process_time() - clock < 6


@pytest.mark.parametrize(
    "piece", ["import ", "import{", "import a,", "/*", "//\n", "'use strict'", "export*from'", "import'a' with{", "const __vite__mapDeps="]
)
def test_two_megabytes_of_imports_take_linear_time(piece: str) -> None:
    clock = time.process_time()
    in_module(piece * (2_000_000 // len(piece)), f"{ORIGIN}/", local)
    assert time.process_time() - clock < 6


def test_tags_know_their_text() -> None:
    (tag,) = tags("<p>\n<script\n id=x ID=y>\nf()</script>")
    assert (tag.name, tag.line, dict(tag.attributes), tag.text, tag.text_line) == ("script", 2, {"id": "x"}, "\nf()", 3)
