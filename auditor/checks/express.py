"""Checks of Express applications: the order of middleware, body parsers, and who may call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tree_sitter import Node

from auditor.checks.origins import is_loopback_origin
from auditor.model import Change, CheckDetector, Gotcha, Outcome, Place, Safety, Site
from auditor.project.facts.conditions import context_of
from auditor.project.facts.express import Step, applications, imported, modules, steps
from auditor.project.facts.module import Module
from auditor.project.facts.syntax import FUNCTIONS, arguments, bare, walk
from auditor.project.project import Project

_METHODS = frozenset({"get", "post", "put", "patch", "delete", "all"})
_WITH_BODY = frozenset({"post", "put", "patch", "delete", "all"})
_PARSERS = re.compile(
    r"\b(?:express|bodyParser|parser|body_parser)\.(?:json|urlencoded|raw|text)\b|\b(?:json|urlencoded|jsonParser|urlencodedParser|bodyParser)\s*\(|\bbodyParser\b|\bjsonParser\b|multer|upload\.|formidable|fileUpload|express-fileupload|bodyparser",
    re.IGNORECASE,
)
_TAKEN_APART = re.compile(r"^(?:async\s+)?(?:function\b[^(]*)?\(\s*\{[^}]*\bbody\b")
_BODY = re.compile(r"\b(?:req|request|ctx\.request)\s*\??\.\s*body\b")
_PARSING_HOSTS = frozenset({"firebase-functions", "@google-cloud/functions-framework"})
"""Hosts that parse the body before they call the application: https://firebase.google.com/docs/functions/http-events"""
_WEBHOOK = re.compile(r"web-?hook|callback", re.IGNORECASE)
_READS_ENVIRONMENT = re.compile(r"process\.env|config\b|env\.")


def _site(gotcha: Gotcha, outcome: Outcome, message: str, module: Module, node: Node, *, related: tuple[Place, ...] = (), after: str = "") -> Site:
    place = module.place(node)
    change = Change(title="", safety=Safety.UNSAFE, before=module.of(node)[:200], after=after) if after else None
    return Site(gotcha=gotcha.id, outcome=outcome, message=message, place=place, related=related, change=change, scope=place.span)


# -- body parsers ----------------------------------------------------------------------------------------------------------------


def _is_parser(step: Step) -> bool:
    return step.method == "use" and any(_PARSERS.search(step.module.of(given)) for given in step.arguments if given.type not in FUNCTIONS)


def _own_parser(step: Step) -> bool:
    """A parser between path and handler, or registered for this path alone; `const form = require("multer")()` makes one too."""
    for given in step.arguments[1:]:
        if given.type in FUNCTIONS:
            continue
        if _PARSERS.search(step.module.of(given)):
            return True
        first = next((node for node in walk(given) if node.type == "identifier"), None)
        declaration = step.module.declaration(first) if first is not None else None
        if declaration is not None and declaration.value is not None and bare(declaration.value).type not in FUNCTIONS:
            if _PARSERS.search(step.module.of(declaration.value)):
                return True
    return False


def _handler_reads_body(project: Project, step: Step) -> bool:
    for given in step.arguments[1:] if step.arguments and step.arguments[0].type in ("string", "template_string") else step.arguments:
        inner = bare(given)
        if inner.type in FUNCTIONS and _reads_body(step.module, inner):
            return True
        if inner.type == "member_expression" and _member_reads_body(project, step.module, inner):
            return True
        if inner.type == "identifier":
            declaration = step.module.declaration(inner)
            if (
                declaration is not None
                and declaration.value is not None
                and declaration.kind != "import"
                and _BODY.search(step.module.of(declaration.value))
            ):
                return True
            if (
                declaration is not None
                and declaration.kind == "import"
                and _imported_reads_body(project, step.module, declaration.module, declaration.imported)
            ):
                return True
    return False


def _reads_body(module: Module, function: Node) -> bool:
    """Whether a handler reads the body of its request, whatever it calls the request: the first of its parameters."""
    text = module.of(function)
    given = function.child_by_field_name("parameters")
    names = [module.of(child) for child in given.named_children] if given is not None else []
    single = function.child_by_field_name("parameter")
    name = names[0].split(":")[0].strip() if names else module.of(single) if single is not None else ""
    own = re.search(rf"\b{re.escape(name)}\s*\??\.\s*body\b", text) if name.isidentifier() else None
    return own is not None or bool(_BODY.search(text)) or bool(_TAKEN_APART.match(text))


def _member_reads_body(project: Project, module: Module, node: Node) -> bool:
    """`controller.create`, where `controller` is a module of the project."""
    holder, key = node.child_by_field_name("object"), node.child_by_field_name("property")
    declaration = module.declaration(holder) if holder is not None and holder.type == "identifier" else None
    if key is None or declaration is None or declaration.kind != "import" or declaration.imported not in ("*", "default"):
        return False
    return _imported_reads_body(project, module, declaration.module, module.of(key))


def _imported_reads_body(project: Project, module: Module, specifier: str, name: str) -> bool:
    other = imported(project, module, specifier)
    if other is None:
        return False
    if name not in ("*", "default"):
        for node in other.nodes:
            if node.type in ("variable_declarator", "function_declaration", "assignment_expression", "method_definition", "pair"):
                target = node.child_by_field_name("name") or node.child_by_field_name("left") or node.child_by_field_name("key")
                if target is not None and other.of(target).rsplit(".", 1)[-1] == name and any(part.type in FUNCTIONS for part in walk(node)):
                    return bool(_BODY.search(other.of(node)))
        return False
    return bool(_BODY.search(other.text)) and not _PARSERS.search(other.text)


def json_after_routes(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A route that reads `req.body` and stands before the body parser: Express runs middleware in order, so the body is undefined there."""
    for module in modules(project):
        for name, kind in applications(module).items():
            if kind != "app":
                continue
            registered = steps(module, name)
            parser = next((step for step in registered if _is_parser(step)), None)
            if parser is None:
                continue
            for step in registered:
                if not _needs_body(project, step):
                    continue
                if step.node.start_byte < parser.node.start_byte and not _own_parser(step):
                    message = detector.message or "runs before the body parser: req.body is undefined"
                    yield _site(gotcha, Outcome.FAIL, message, module, step.node, related=(module.place(parser.node, "the parser comes only here"),))
                else:
                    yield _site(gotcha, Outcome.PASS, "stands after the body parser", module, step.node)


def _needs_body(project: Project, step: Step) -> bool:
    if step.method in _WITH_BODY:
        return _handler_reads_body(project, step)
    if step.method == "use" and len(step.arguments) >= 1:
        last = bare(step.arguments[-1])
        declaration = step.module.declaration(last) if last.type == "identifier" else None
        if declaration is not None and declaration.kind == "import" and declaration.module.startswith("."):
            return _imported_reads_body(project, step.module, declaration.module, "*") and _defines_router(project, step.module, declaration.module)
        if last.type == "call_expression" and (found := re.match(r"""require\(\s*['"](\.[^'"]+)['"]\s*\)$""", step.module.of(last))):
            return _imported_reads_body(project, step.module, found.group(1), "*") and _defines_router(project, step.module, found.group(1))
    return False


def _defines_router(project: Project, module: Module, specifier: str) -> bool:
    """Whether an imported module defines routes of a router."""
    other = imported(project, module, specifier)
    return other is not None and "router" in applications(other).values()


def json_missing(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A route that reads `req.body` in an application that has no body parser anywhere."""
    for module in modules(project):
        for name, kind in applications(module).items():
            registered = steps(module, name)
            readers = [step for step in registered if step.method in _WITH_BODY and _handler_reads_body(project, step)]
            if not readers:
                continue
            parser = _parser_anywhere(project, module, kind)
            for step in readers:
                if parser is not None or _own_parser(step):
                    related = (parser,) if parser is not None else ()
                    yield _site(gotcha, Outcome.PASS, "a body parser is in place", module, step.node, related=related)
                else:
                    message = detector.message or "nothing parses the body: req.body is undefined, and reading a field of it throws"
                    yield _site(gotcha, Outcome.FAIL, message, module, step.node, after=f"{name}.use(express.json());")


def _parser_anywhere(project: Project, module: Module, kind: str) -> Place | None:
    """A parser of the application, in this module or in any other of the same package."""
    scope = project.manifest(module.path)
    hosted = next((declaration for declaration in module.imports if declaration.module.split("/")[0] in _PARSING_HOSTS), None)
    if hosted is not None:
        return module.place(hosted.node, "its functions receive the body parsed")
    for other in (module, *project.facts.scripts("json", "urlencoded", "bodyParser", "body-parser", "multer", "formidable", "busboy")):
        if other is not module and (project.manifest(other.path) is None) != (scope is None):
            continue
        manifest = project.manifest(other.path)
        if other is not module and scope is not None and manifest is not None and manifest.dir != scope.dir:
            continue
        for node in other.nodes:
            if node.type == "call_expression":
                function = node.child_by_field_name("function")
                if function is not None and re.search(r"(?:^|\.)(?:json|urlencoded|bodyParser|multer|fileUpload|formidable)$", other.of(function)):
                    text = other.of(function)
                    if not re.match(r"(?:res|response|r|Response|NextResponse|\w*[rR]es(?:ponse|ult)?)\.", text) and not text.endswith(
                        (").json", "].json")
                    ):
                        return other.place(node, "the body parser")
    del kind
    return None


# -- origins ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One place that says which origins are let in: ``node`` of ``module`` is what is reported.

    ``options`` is the object that says it, in the module ``home``; None when nothing is said. ``written`` is how such a policy begins.
    """

    node: Node
    module: Module
    options: Node | None
    home: Module
    written: str

    def option(self, key: str) -> Node | None:
        """The value under a key of the options."""
        return _option(self.home, self.options, key) if self.options is not None else None

    def origins(self) -> set[str]:
        """What is let in, see `_origins`; any when nothing is said."""
        origin = self.option("origin")
        return set(_origins(self.home, origin)) if origin is not None else {"any"}

    def mended(self, *more: str) -> str:
        """The policy with the origins of a variable."""
        inside = ", ".join(('origin: process.env.ALLOWED_ORIGINS.split(",")', *more))
        return f"cors: {{ {inside} }}" if self.written == "cors:" else f"{self.written}({{ {inside} }})"


def _policies(project: Project, module: Module) -> Iterator[Policy]:
    """Every `cors(...)` of the cors package, and the `cors` option of Socket.IO servers (https://socket.io/docs/v4/handling-cors/)."""
    names = {declaration.name for declaration in module.imports if declaration.module == "cors"}
    sockets = {declaration.name for declaration in module.imports if declaration.module == "socket.io"}
    for node in module.nodes:
        function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
        if node.type not in ("call_expression", "new_expression") or function is None:
            continue
        called = module.of(function)
        given = arguments(node)
        if called in names or re.fullmatch(r"require\(['\"]cors['\"]\)", called):
            home, options = _object(project, module, given[0]) if given else (module, None)
            yield Policy(node=node, module=module, options=options, home=home, written=called)
        elif called.split(".")[0] in sockets or re.fullmatch(r"require\(['\"]socket\.io['\"]\)(?:\.Server)?", called):
            for argument in given:
                home, settings = _object(project, module, argument)
                said = _option(home, settings, "cors")
                if said is not None and settings.type == "object":
                    there, options = _object(project, home, said)
                    yield Policy(
                        node=said.parent if home is module and said.parent is not None else node,
                        module=module,
                        options=options,
                        home=there,
                        written="cors:",
                    )


def _object(project: Project, module: Module, node: Node, depth: int = 0) -> tuple[Module, Node]:
    """The object literal an expression stands for, also one that another file exports, and the module it stands in."""
    inner = bare(node)
    declaration = module.declaration(inner) if inner.type in ("identifier", "shorthand_property_identifier") else None
    if declaration is None or depth > 3 or declaration.keys:
        return module, inner
    if declaration.value is not None and declaration.kind in ("const", "let", "var"):
        value = bare(declaration.value)
        return (module, value) if value.type == "object" else (module, inner)
    other = imported(project, module, declaration.module) if declaration.kind == "import" else None
    exported = other.exports.get(declaration.imported) if other is not None else None
    if other is None or exported is None or isinstance(exported, tuple):
        return module, inner
    found = exported if isinstance(exported, Node) else exported.value
    return _object(project, other, found, depth + 1) if found is not None else (module, inner)


def _option(module: Module, options: Node, key: str) -> Node | None:
    """The value under a key of an object literal."""
    for pair in options.named_children if options.type == "object" else ():
        name, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        if pair.type == "pair" and name is not None and value is not None and module.of(name).strip("'\"") == key:
            return bare(value)
        if pair.type == "method_definition" and (method := pair.child_by_field_name("name")) is not None and module.of(method) == key:
            return pair
        if pair.type == "shorthand_property_identifier" and module.of(pair) == key:
            return pair
    return None


def _origins(module: Module, node: Node, depth: int = 0) -> Iterator[str]:
    """What an `origin` option lets in: ``loopback``, ``other``, ``any``, ``reflected``, ``environment`` or ``unknown``."""
    inner = bare(node)
    text = module.of(inner)
    match inner.type:
        case "string" | "template_string":
            value = text[1:-1]
            if "${" in value:
                yield "environment" if _READS_ENVIRONMENT.search(value) else "unknown"
            else:
                yield "any" if value == "*" else "loopback" if is_loopback_origin(value) else "other"
        case "true":
            yield "reflected"
        case "false" | "null" | "undefined":
            yield "none"
        case "regex":
            yield (
                "any"
                if re.fullmatch(r"/\.\*/\w*", text)
                else "loopback"
                if re.search(r"localhost|127", text) and not re.search(r"\\\.(?:com|app|dev|io|net|org)", text)
                else "other"
            )
        case "array":
            for element in inner.named_children:
                if element.type != "comment":
                    yield from _origins(module, element, depth + 1)
        case "identifier" | "shorthand_property_identifier" if depth < 5:
            declaration = module.declaration(inner)
            if declaration is not None and declaration.value is not None and declaration.kind in ("const", "let", "var") and not declaration.keys:
                yield from _origins(module, declaration.value, depth + 1)
                if any(_changes(module, reference) for reference in module.references(declaration)):
                    yield "unknown"
            else:
                yield "unknown"
        case "ternary_expression" | "binary_expression":
            if inner.type == "binary_expression" and _READS_ENVIRONMENT.search(text):
                yield "environment"
                return
            for part in ("consequence", "alternative", "left", "right"):
                child = inner.child_by_field_name(part)
                if child is not None:
                    yield from _origins(module, child, depth + 1)
        case _:
            if inner.type in FUNCTIONS:
                yield from _function_origins(module, inner)
            elif "process.env" in text or _READS_ENVIRONMENT.search(text):
                yield "environment"
            else:
                yield "unknown"


def _changes(module: Module, reference: Node) -> bool:
    parent = reference.parent
    if parent is None:
        return False
    if parent.type == "assignment_expression":
        return parent.child_by_field_name("left") == reference
    return parent.type == "member_expression" and module.of(parent).rsplit(".", 1)[-1] in ("push", "concat", "unshift")


def _function_origins(module: Module, function: Node) -> Iterator[str]:
    """A callback: it reflects when it answers true whatever it is asked, else what it compares with counts."""
    text = module.of(function)
    calls = re.findall(r"\b(?:callback|cb|done|next)\(\s*null\s*,\s*(\w+)", text)
    if calls and all(word == "true" for word in calls) and not re.search(r"\bif\b|\?|&&|\|\|", text):
        yield "reflected"
        return
    if _READS_ENVIRONMENT.search(text):
        yield "environment"
    found = False
    for node in walk(function):
        if node.type == "identifier":
            declaration = module.declaration(node)
            if declaration is not None and declaration.value is not None and bare(declaration.value).type == "array":
                found = True
                yield from _origins(module, node)
        elif node.type == "string" and "://" in module.of(node):
            found = True
            yield from _origins(module, node)
    if not found:
        yield "unknown"


def cors_credentials_any_origin(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Any origin together with credentials: refused by browsers when written as `*`, open to every website when the origin is reflected."""
    for module in modules(project):
        for policy in _policies(project, module):
            node, credentials = policy.node, policy.option("credentials")
            if credentials is None or policy.home.of(credentials) != "true" or context_of(module, node).development:
                continue
            kinds = policy.origins()
            if kinds == {"any"}:
                message = "`*` with credentials: browsers refuse the answer of every request that sends cookies"
                yield _site(gotcha, Outcome.FAIL, message, module, node, after=policy.mended("credentials: true"))
            elif kinds <= {"reflected", "any"}:
                message = "every website is allowed together with credentials: any page can act with the cookies of a logged-in visitor"
                yield _site(gotcha, Outcome.FAIL, message, module, node, after=policy.mended("credentials: true"))
            elif kinds & {"any", "reflected", "unknown"} and not kinds & {"environment", "other", "loopback"}:
                yield _site(gotcha, Outcome.REVIEW, "which origins are allowed cannot be told", module, node)
            else:
                yield _site(gotcha, Outcome.PASS, "the allowed origins are listed", module, node)
        yield from _hand_written(gotcha, module)
    del detector


_HEADER_CALLS = frozenset({"header", "setHeader", "set", "append"})


def _headers(module: Module) -> Iterator[tuple[Node, Node, str, str]]:
    """(function, call, lower-case header name, value) of every header written by hand."""
    for node in module.nodes:
        if node.type != "call_expression":
            continue
        function, given = node.child_by_field_name("function"), arguments(node)
        key = function.child_by_field_name("property") if function is not None else None
        if key is None or module.of(key) not in _HEADER_CALLS or not given:
            continue
        owner = next((parent for parent in _ancestors(node) if parent.type in FUNCTIONS), module.root)
        for pair in given[0].named_children if given[0].type == "object" else ():
            field, text = pair.child_by_field_name("key"), pair.child_by_field_name("value")
            if field is not None and text is not None:
                yield owner, pair, module.of(field).strip("'\"").lower(), module.of(text).strip("'\"`")
        if len(given) != 2 or given[0].type != "string":
            continue
        yield owner, node, module.of(given[0])[1:-1].lower(), module.of(given[1]).strip("'\"`")


def _ancestors(node: Node) -> Iterator[Node]:
    current = node.parent
    while current is not None:
        yield current
        current = current.parent


def _hand_written(gotcha: Gotcha, module: Module) -> Iterator[Site]:
    written = list(_headers(module))
    for owner, node, name, value in written:
        if name != "access-control-allow-origin":
            continue
        credentials = [
            other for owner2, other, name2, value2 in written if owner2 == owner and name2 == "access-control-allow-credentials" and value2 == "true"
        ]
        if not credentials:
            continue
        related = (module.place(credentials[0], "credentials are allowed here"),)
        if value == "*":
            message = "`*` with credentials: browsers refuse the answer of every request that sends cookies"
            yield _site(gotcha, Outcome.FAIL, message, module, node, related=related)
        elif re.fullmatch(
            r"(?:req|request)\.(?:headers\.origin|header\(['\"]origin['\"]\)|get\(['\"]origin['\"]\))(?:\s*\|\|.*)?", value, re.IGNORECASE
        ):
            if not re.search(r"\bincludes\(|\bindexOf\(|allowed|whitelist", module.of(owner), re.IGNORECASE):
                message = "the asking origin is sent back together with credentials: any page can act with the cookies of a logged-in visitor"
                yield _site(gotcha, Outcome.FAIL, message, module, node, related=related)


def cors_after_routes(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """`app.use(cors())` below routes: those answer without the headers, so that browsers refuse them."""
    for module in modules(project):
        calls = {policy.node.id for policy in _policies(project, module)}
        for name, kind in applications(module).items():
            if kind != "app":
                continue
            registered = steps(module, name)
            uses = [step for step in registered if step.method == "use" and len(step.arguments) == 1 and bare(step.arguments[0]).id in calls]
            if not uses:
                continue
            first = uses[0]
            early = [
                step for step in registered if step.node.start_byte < first.node.start_byte and _answers(step) and not _sends_headers(step, calls)
            ]
            if early:
                message = detector.message or "routes above this line answer without CORS headers: browsers refuse what they send"
                yield _site(
                    gotcha, Outcome.FAIL, message, module, first.node, related=(module.place(early[0].node, "this one is registered before"),)
                )
            else:
                yield _site(gotcha, Outcome.PASS, "stands above the routes", module, first.node)


def _sends_headers(step: Step, calls: set[int]) -> bool:
    """Whether a route carries its own `cors()`, or is called by another server, to which CORS means nothing."""
    return bool(_WEBHOOK.search(step.text(0))) or any(bare(given).id in calls for given in step.arguments[1:])


def _answers(step: Step) -> bool:
    """Whether a step answers API requests: a route with a path, or a mounted router."""
    path = step.text(0).strip("'\"`")
    if step.method in _METHODS:
        return len(step.arguments) >= 2 and path not in ("/", "/health", "/healthz", "/favicon.ico", "/ping")
    if step.method != "use" or len(step.arguments) < 2 or not step.text(0).startswith(("'", '"', "`")):
        return False
    last = bare(step.arguments[-1])
    return last.type in ("identifier", "call_expression") and not re.search(
        r"static|limit|morgan|helmet|logger|swagger|docs", step.whole, re.IGNORECASE
    )


def cors_localhost_only(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Only origins on this very machine are allowed."""
    for module in modules(project):
        for policy in _policies(project, module):
            node = policy.node
            if policy.option("origin") is None:
                continue
            if context_of(module, node).development:
                yield _site(gotcha, Outcome.PASS, "stands in a development branch", module, node)
                continue
            kinds = policy.origins()
            if kinds == {"loopback"}:
                message = detector.message or "only origins on this very machine are allowed"
                yield _site(gotcha, Outcome.FAIL, message, module, node, after=policy.mended())
            elif kinds & {"other", "environment"}:
                yield _site(gotcha, Outcome.PASS, "an origin other than this machine's own can be allowed", module, node)
            elif "unknown" in kinds:
                yield _site(gotcha, Outcome.REVIEW, "which origins are allowed cannot be told", module, node)
        for _, node, name, value in _headers(module):
            if name == "access-control-allow-origin" and "://" in value and is_loopback_origin(value):
                yield _site(gotcha, Outcome.FAIL, detector.message or "only an origin on this very machine is allowed", module, node)


def cors_any_origin(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """`cors()` without an origin, or with `*`."""
    for module in modules(project):
        for policy in _policies(project, module):
            credentials = policy.option("credentials")
            if credentials is not None and policy.home.of(credentials) == "true":
                continue
            if policy.options is not None and policy.options.type != "object":
                continue
            if policy.origins() <= {"any", "reflected"}:
                message = detector.message or "any website may read this API"
                yield _site(gotcha, Outcome.FAIL, message, module, policy.node, after=policy.mended())
            else:
                yield _site(gotcha, Outcome.PASS, "the allowed origins are listed", module, policy.node)
