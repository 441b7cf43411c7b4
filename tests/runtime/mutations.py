"""The faults that the validator is tried on: one small change of a healthy base each, and exactly the checks that must turn red.

Where a change has a consequence beyond what it breaks, a comment says so. These come up again and again:
* an asset that is not served, or with a type that a browser refuses, is missing where a deep link leads to, and an error in the console;
* a page that does not come is not opened in a browser, so the console is not looked at;
* a request of the front end that fails (status from 400, or no JSON in the answer) is an error in the console.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

ALL = (
    "build",
    "dependencies",
    "environment",
    "starts",
    "port-owner",
    "binds-loopback-only",
    "ignores-port",
    "health",
    "page",
    "asset",
    "soft-404",
    "deep-link",
    "api",
    "api-html",
    "openapi",
    "flow",
    "cors",
    "console",
    "log-traceback",
    "env-missing",
    "cwd",
    "debug-on",
    "shutdown",
    "survivors",
    "restart",
)
"""Every check; each is red somewhere below."""

HELD = "{held}"
"""In the new text of an edit: a port that a process of somebody else listens on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """``old`` occurs once in ``file`` of the base, and becomes ``new``."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One fault.

    ``edits`` are made and ``remove``d paths are gone `before` packages are installed and the front end is built, or `after`: what is installed and
    built then belongs to the healthy base. ``variables`` replace values that the base is given, ``without`` are not given at all. ``red`` are the
    checks that must fail; all others pass, are skipped or, when it does not start, are not attempted.
    """

    base: str
    name: str
    red: frozenset[str]
    edits: tuple[Edit, ...] = ()
    remove: tuple[str, ...] = ()
    when: Literal["before", "after"] = "before"
    variables: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.base}: {self.name}"

    @property
    def held(self) -> bool:
        """Whether a port has to be held by another process while it runs."""
        return any(HELD in edit.new for edit in self.edits)

    def apply(self, root: Path, *, held: int | None = None) -> None:
        """Make the change in a base that was laid out in ``root``."""
        for edit in self.edits:
            path = root / edit.file
            text = path.read_text("utf-8")
            assert text.count(edit.old) == 1, f"{self}: {edit.old!r} occurs {text.count(edit.old)} times in {edit.file}"
            path.write_text(text.replace(edit.old, edit.new.replace(HELD, str(held))), "utf-8")
        for name in self.remove:
            path = root / name
            # A folder is moved out of the way, so that packages that are linked stay what they are.
            path.rename(path.with_name(f".{path.name}-was"))


def _mutation(
    base: str,
    name: str,
    red: str,
    *edits: tuple[str, str, str],
    remove: tuple[str, ...] = (),
    when: Literal["before", "after"] = "before",
    variables: Mapping[str, str] | None = None,
    without: tuple[str, ...] = (),
) -> Mutation:
    return Mutation(
        base=base,
        name=name,
        red=frozenset(red.split()),
        edits=tuple(Edit(file=file, old=old, new=new) for file, old, new in edits),
        remove=remove,
        when=when,
        variables=variables or {},
        without=without,
    )


FLASK = (
    _mutation("flask", "front end looked for where it was started", "cwd", ("web.py", "Path(__file__).resolve().parent /", "Path.cwd() /")),
    _mutation("flask", "page for every missing file", "soft-404", ("web.py", 'if "." in path else', "if (DIST / path).is_file() else")),
    _mutation(
        "flask", "no page for addresses of the front end", "deep-link", ("web.py", 'path if "." in path else "index.html"', 'path or "index.html"')
    ),
    _mutation(
        "flask",
        "one content type for everything",
        "asset deep-link console",
        ("web.py", 'else "index.html")', 'else "index.html", mimetype="text/html")'),
    ),
    _mutation("flask", "no route for the page", "page", ("web.py", '@app.get("/")\n', "")),
    _mutation("flask", "health says that it is not well", "health", ("web.py", 'jsonify(status="ok")', 'jsonify(status="starting"), 503')),
    _mutation(
        "flask",
        "an empty cart is an exception",
        "api log-traceback",  # the flow puts something in first
        ("web.py", 'jsonify(items=session.get("cart", []))', 'jsonify(items=session["cart"])'),
    ),
    _mutation("flask", "every origin may call", "cors", ("web.py", '.split(","))', '.split(",") + ["*"])')),
    _mutation(
        "flask",
        "cookie for another domain",
        "flow",
        ("web.py", 'SESSION_COOKIE_SAMESITE="Lax"', 'SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_DOMAIN="shop.example"'),
    ),
    _mutation(
        "flask",
        "front end not built",
        "build page deep-link",
        remove=("frontend/dist",),
        when="after",
    ),
    _mutation(
        "flask",
        "package that was added and not installed",
        "dependencies",
        ("requirements.txt", "flask==3.1.3", "flask==3.1.3\nrequests==2.32.5"),
        when="after",
    ),
    _mutation("flask", "module without such an application", "starts", ("Procfile", "web:app", "web:application")),
    _mutation("flask", "variable not given", "environment starts", without=("SECRET_KEY",)),
    _mutation("flask", "port of somebody else", "port-owner", ("Procfile", "0.0.0.0:$PORT", f"0.0.0.0:{HELD}")),
)

DJANGO = (
    _mutation("django", "debug mode", "debug-on", ("config/settings.py", "DEBUG = False", "DEBUG = True")),
    _mutation(
        "django",
        "nobody serves the static files",
        "asset console",
        ("config/settings.py", '    "whitenoise.middleware.WhiteNoiseMiddleware",\n', ""),
    ),
    _mutation(
        "django",
        "template that is not there",
        "page log-traceback",
        ("shop/views.py", '"shop/shop.html"', '"shop.html"'),
    ),
    _mutation(
        "django",
        "health raises",
        "health log-traceback",
        ("shop/views.py", 'return JsonResponse({"status": "ok"})', 'raise RuntimeError("no database")'),
    ),
    _mutation("django", "exception in the script", "console", ("shop/static/shop/shop.js", "items.length", "items.page.count")),
    _mutation("django", "CORS without its middleware", "cors", ("config/settings.py", '    "corsheaders.middleware.CorsMiddleware",\n', "")),
    _mutation("django", "form without its token", "flow", ("shop/templates/shop/login.html", "{% csrf_token %}", "")),
    _mutation("django", "orders are shown to everybody", "flow", ("shop/views.py", "@login_required\n", "")),
    _mutation("django", "API says 503", "api console", ("shop/views.py", "safe=False)", "safe=False, status=503)")),
    _mutation(
        "django",
        "static files not collected",
        "page flow log-traceback",  # no page can be rendered without the manifest, the form of the flow included
        ("gotcha-audit.toml", ', "python manage.py collectstatic --noinput"', ""),
    ),
    _mutation("django", "everything relative to the start", "cwd", ("config/settings.py", "Path(__file__).resolve().parent.parent", "Path.cwd()")),
    _mutation("django", "variable not given", "environment starts", without=("CLERK_PASSWORD",)),
    _mutation("django", "reachable from this machine alone", "binds-loopback-only", ("Procfile", "0.0.0.0:$PORT", "127.0.0.1:$PORT")),
    _mutation("django", "package of another version", "dependencies", ("requirements.txt", "whitenoise==6.12.0", "whitenoise==6.11.0"), when="after"),
)

FASTAPI = (
    _mutation("fastapi", "assets under another address", "asset deep-link console", ("main.py", 'app.mount("/assets"', 'app.mount("/static"')),
    _mutation("fastapi", "no page for addresses of the front end", "deep-link", ("main.py", 'if "." in page:', "if page:")),
    _mutation("fastapi", "health behind a login", "health", ("main.py", '@app.get("/health")', '@app.get("/health", dependencies=[Depends(clerk)])')),
    _mutation(
        "fastapi",
        "operation that only the description knows fails",
        "openapi log-traceback",
        ("main.py", "SELECT count(*) FROM items", "SELECT sum(amount) FROM items"),
    ),
    _mutation("fastapi", "header that the preflight does not allow", "cors", ("main.py", 'allow_headers=["authorization"]', "allow_headers=[]")),
    _mutation("fastapi", "origin with a slash", "cors", variables={"ALLOWED_ORIGINS": '["https://shop.example/"]'}),
    _mutation("fastapi", "shutdown waits", "shutdown", ("main.py", "    yield\n", '    yield\n    __import__("time").sleep(60)\n')),
    _mutation("fastapi", "data that is there already stops the start", "restart", ("main.py", "INSERT OR IGNORE INTO items", "INSERT INTO items")),
    _mutation(
        "fastapi", "password compared with the wrong one", "flow", ("main.py", "settings.clerk_password.encode()", "settings.secret_key.encode()")
    ),
    _mutation("fastapi", "item of another number", "api flow", ("main.py", "FROM items WHERE id = ?", "FROM items WHERE id + 1 = ?")),
    _mutation(
        "fastapi", "exception after the page is shown", "console", ("frontend/src/main.jsx", "pathname} />);", "pathname} />);\nwindow.shop.open();")
    ),
    _mutation("fastapi", "variable not given", "environment starts", without=("SECRET_KEY",)),
    _mutation("fastapi", "front end not built", "build starts", remove=("frontend/dist",), when="after"),
    _mutation("fastapi", "reachable from this machine alone", "binds-loopback-only", ("Dockerfile", "--host 0.0.0.0", "--host 127.0.0.1")),
)

EXPRESS = (
    _mutation(
        "express", "built for another address", "asset deep-link console", ("package.json", "--outDir ../dist", "--outDir ../dist --base /shop/")
    ),
    _mutation("express", "page for every missing file", "soft-404", ("app.js", "  if (path.extname(req.path)) return next();\n", "")),
    _mutation("express", "no page for addresses of the front end", "deep-link", ("app.js", '"/{*address}"', '"/index"')),
    _mutation(
        "express",
        "health says that it is not well",
        "health",
        ("app.js", 'res.json({ status: "ok" })', 'res.status(503).json({ status: "starting" })'),
    ),
    _mutation("express", "number compared with a text", "api flow", ("app.js", "item.id === Number(req.params.id)", "item.id === req.params.id")),
    _mutation(
        "express",
        "exception in an endpoint",
        "api console log-traceback",
        ("app.js", "res.json(items));", "res.json(items.inStock.all()));"),
    ),
    _mutation("express", "bodies not parsed", "flow", ("app.js", 'app.use("/api", express.json());\n', "")),
    _mutation("express", "every origin may call", "cors", ("app.js", 'cors({ origin: process.env.ALLOWED_ORIGINS.split(",") })', "cors()")),
    _mutation("express", "SIGTERM ignored", "shutdown", ("app.js", "() => server.close()", "() => {}")),
    _mutation(
        "express",
        "process left behind",
        "survivors",
        (
            "app.js",
            'process.on("SIGTERM"',
            'require("node:child_process").spawn("sleep", ["60"], { detached: true, stdio: "ignore" }).unref();\nprocess.on("SIGTERM"',
        ),
    ),
    _mutation(
        "express",
        "lock that is never released",
        "restart",
        ("app.js", "const server =", 'require("node:fs").writeFileSync("shop.lock", "", { flag: "wx" });\nconst server ='),
    ),
    _mutation("express", "other variable for the port", "ignores-port", ("app.js", "process.env.PORT || 3000", "process.env.SHOP_PORT || 48213")),
    _mutation(
        "express",
        "stops without a word",
        "env-missing",
        ("app.js", 'console.error("ALLOWED_ORIGINS is not set")', 'console.error("the configuration is not complete")'),
    ),
    _mutation("express", "packages not installed", "dependencies starts", remove=("node_modules",), when="after"),
)

NGINX = (
    _mutation(
        "vite-nginx", "page for every missing file", "soft-404", ("nginx.conf.template", "try_files $uri =404;", "try_files $uri /index.html;")
    ),
    _mutation(
        "vite-nginx",
        "no page for addresses of the front end",
        "deep-link flow",  # the flow ends at such an address
        ("nginx.conf.template", "try_files $uri /index.html;", "try_files $uri $uri/ =404;"),
    ),
    _mutation(
        "vite-nginx",
        "types without JavaScript",
        "asset deep-link console",
        ("nginx.conf.template", "include ${MIME_TYPES};", "types { text/html html; text/css css; image/svg+xml svg; }"),
    ),
    _mutation(
        "vite-nginx",
        "API answered with the page",
        "api-html console flow",  # the front end and the flow read JSON
        ("nginx.conf.template", "location /api/ {", "location /v2/api/ {"),
    ),
    _mutation("vite-nginx", "list that is not part of the build", "api console flow", remove=("public/api/items.json",)),
    _mutation("vite-nginx", "health says that it is not well", "health", ("nginx.conf.template", 'return 200 \'{"status"', 'return 503 \'{"status"')),
    _mutation("vite-nginx", "every origin may read", "cors", ("nginx.conf.template", 'default "";', 'default "*";')),
    _mutation(
        "vite-nginx",
        "folder that the build does not write",
        "page deep-link api flow",  # nothing is served but what nginx says itself
        ("nginx.conf.template", "root dist;", "root build;"),
    ),
    _mutation(
        "vite-nginx",
        "origin with a default",
        "env-missing",
        (
            "start.sh",
            "${ALLOWED_ORIGIN:?must name the origin of the partner whose pages may read the list of teas}",
            "${ALLOWED_ORIGIN:=https://shop.example}",
        ),
    ),
    _mutation("vite-nginx", "shell in front of the server", "shutdown", ("start.sh", "exec nginx", "nginx")),
    _mutation("vite-nginx", "semicolon forgotten", "starts", ("nginx.conf.template", "listen ${PORT};", "listen ${PORT}")),
    _mutation(
        "vite-nginx",
        "reachable from this machine alone",
        "binds-loopback-only",
        ("nginx.conf.template", "listen ${PORT};", "listen 127.0.0.1:${PORT};"),
    ),
    _mutation("vite-nginx", "changed after it was built", "build", ("src/App.jsx", "since 1998", "since 1989"), when="after"),
    _mutation(
        "vite-nginx", "exception after the page is shown", "console", ("src/main.jsx", "pathname} />);", "pathname} />);\nwindow.shop.open();")
    ),
)

MUTATIONS = (*FLASK, *DJANGO, *FASTAPI, *EXPRESS, *NGINX)
