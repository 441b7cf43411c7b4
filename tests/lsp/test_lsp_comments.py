"""The comment that silences a result is in the form of its language, and counts as soon as it has a reason."""

from pathlib import PurePosixPath

import pytest

from auditor.lsp.comments import silencing
from auditor.project.files import language_of
from auditor.project.suppression import suppressions

CHECK = "flask/cors-any-origin"


def put(name, text, line, reason=""):
    """The text with the comment in it, or None."""
    path = PurePosixPath(name)
    found = silencing(text, language_of(path), path, line, CHECK)
    if found is None:
        return None
    lines = text.split("\n")
    return "\n".join([*lines[: found.line - 1], f"{found.before}{reason}{found.after}", *lines[found.line - 1 :]])


FORMS = [
    ("a.py", "x = 1\n    f()\n", 2, "x = 1\n    # gotcha: ignore[flask/cors-any-origin] -- \n    f()\n"),
    ("a.py", "x = f(\n\ta,\n)\n", 2, "x = f(\n\t# gotcha: ignore[flask/cors-any-origin] -- \n\ta,\n)\n"),
    ("a.py", "x = 1 + \\\n    f()\n", 2, "# gotcha: ignore[flask/cors-any-origin] -- \nx = 1 + \\\n    f()\n"),
    ("a.js", "f();\n", 1, "// gotcha: ignore[flask/cors-any-origin] -- \nf();\n"),
    ("a.ts", "const x: number = f();\n", 1, "// gotcha: ignore[flask/cors-any-origin] -- \nconst x: number = f();\n"),
    ("a.jsx", "g(\n  <p>\n    {f()}\n  </p>);\n", 3, "g(\n  <p>\n    {/* gotcha: ignore[flask/cors-any-origin] --  */}\n    {f()}\n  </p>);\n"),
    ("a.tsx", "g(\n  <p>\n    a {f()}\n  </p>);\n", 3, "g(\n  <p>\n    {/* gotcha: ignore[flask/cors-any-origin] --  */}\n    a {f()}\n  </p>);\n"),
    ("a.jsx", "g(\n  <p>a</p>);\n", 2, "g(\n  // gotcha: ignore[flask/cors-any-origin] -- \n  <p>a</p>);\n"),
    ("a.jsx", "g(<p\n  src={f()}\n/>);\n", 2, "g(<p\n  /* gotcha: ignore[flask/cors-any-origin] --  */\n  src={f()}\n/>);\n"),
    ("a.css", "a {\n  b: c;\n}\n", 2, "a {\n  /* gotcha: ignore[flask/cors-any-origin] --  */\n  b: c;\n}\n"),
    ("a.html", "<p>\n  a\n</p>\n", 2, "<p>\n  <!-- gotcha: ignore[flask/cors-any-origin] --  -->\n  a\n</p>\n"),
    ("a.html", "<script>\n  f();\n</script>\n", 2, "<script>\n  // gotcha: ignore[flask/cors-any-origin] -- \n  f();\n</script>\n"),
    ("a.vue", "<style>\n a {}\n</style>\n<p/>\n", 4, "<style>\n a {}\n</style>\n<!-- gotcha: ignore[flask/cors-any-origin] --  -->\n<p/>\n"),
    ("a.yaml", "a:\n  b: 1\n", 2, "a:\n  # gotcha: ignore[flask/cors-any-origin] -- \n  b: 1\n"),
    ("a.toml", "a = 1\n", 1, "# gotcha: ignore[flask/cors-any-origin] -- \na = 1\n"),
    ("a.ini", "a = 1\n", 1, "# gotcha: ignore[flask/cors-any-origin] -- \na = 1\n"),
    (".env", "A=1\n", 1, "# gotcha: ignore[flask/cors-any-origin] -- \nA=1\n"),
    ("Dockerfile", "FROM x\nRUN a && \\\n    b\n", 3, "FROM x\n# gotcha: ignore[flask/cors-any-origin] -- \nRUN a && \\\n    b\n"),
    ("nginx/a.conf", "server {\n  listen 80;\n}\n", 2, "server {\n  # gotcha: ignore[flask/cors-any-origin] -- \n  listen 80;\n}\n"),
    ("Procfile", "web: a\n", 1, "# gotcha: ignore[flask/cors-any-origin] -- \nweb: a\n"),
    ("a.sh", "a\n", 1, "# gotcha: ignore[flask/cors-any-origin] -- \na\n"),
    ("tsconfig.json", '{\n  "a": 1\n}\n', 2, '{\n  // gotcha: ignore[flask/cors-any-origin] -- \n  "a": 1\n}\n'),
]


@pytest.mark.parametrize(("name", "text", "line", "expected"), FORMS)
def test_the_form_of_the_language(name, text, line, expected):
    assert put(name, text, line) == expected


@pytest.mark.parametrize(("name", "text", "line"), [form[:3] for form in FORMS])
def test_without_a_reason_it_is_refused_and_with_one_it_counts(name, text, line):
    language = language_of(PurePosixPath(name))
    (without,) = suppressions(put(name, text, line), language)
    assert without.problem == "no reason"
    (full,) = suppressions(put(name, text, line, "it is public"), language)
    assert (full.ids, full.reason, full.problem) == ((CHECK,), "it is public", "")
    assert full.place.line + 1 in full.lines


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("package.json", '{\n  "a": 1\n}\n', 2),  # a comment is a syntax error
        ("a.py", 'x = """\n  a""", f()\n', 2),  # inside a text
        ("a.js", "x = `\n  a`; f();\n", 2),
        ("a.py", "x = 1\n", 9),
        ("a.unknown", "x\n", 1),
    ],
)
def test_where_no_comment_can_stand_none_is_offered(name, text, line):
    assert put(name, text, line) is None
