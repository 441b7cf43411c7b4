"""Checks of nginx configuration alone: which file or server a location leads to, and which headers an answer carries.

Locations: https://nginx.org/en/docs/http/ngx_http_core_module.html#location
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site
from auditor.project.facts.record import Directive
from auditor.project.facts.webserver import Block
from auditor.project.project import Project
from auditor.project.text import Unreadable

_CHANGES_PATH = ("rewrite", "if", "internal", "proxy_pass", "return")
_SECURITY = frozenset(
    {"strict-transport-security", "content-security-policy", "x-frame-options", "x-content-type-options", "referrer-policy"}
    | {"permissions-policy", "cross-origin-opener-policy", "cross-origin-embedder-policy"}
)
_FORWARDED = frozenset({"host", "x-forwarded-proto", "x-forwarded-for", "x-forwarded-host", "x-real-ip"})
_ASSETS = ("x.png", "x.jpg", "x.css", "x.js", "x.svg", "x.woff2", "x.pdf")
_PAGES = ("/", "/index.html", "/a/page", "/api/items")
_STORED = re.compile(r"^/(?:[\w-]+/)*(?:media|uploads?|storage)/?$")
_SPEAKING = frozenset({"dockerfile", "yaml", "shell", "python", "dotenv"})
_CODE = frozenset({"python", "javascript", "typescript"})
_OWN_CORS = re.compile(
    r"flask_cors|corsheaders|CORSMiddleware|Access-Control-Allow-Origin|require\(['\"]cors['\"]\)|from ['\"]cors['\"]|enableCors|@fastify/cors"
)


def site(gotcha: Gotcha, outcome: Outcome, message: str, directive: Directive, *related: Place) -> Site:
    """A site at a directive."""
    return Site(gotcha=gotcha.id, outcome=outcome, message=message, place=directive.place, related=related, scope=directive.place.span)


def once(sites: Iterable[Site], project: Project) -> Iterator[Site]:
    """Each place once, however often its file is included, and only in files that are examined."""
    seen: set[Place] = set()
    for found in sites:
        if found.place not in seen and found.place.path is not None and project.file(found.place.path) is not None:
            seen.add(found.place)
            yield found


def locations(project: Project) -> Iterator[Block]:
    """Every location of every server, nested ones too."""
    for server in project.facts.webserver.servers:
        for block in server.walk():
            if block.directive.name == "location":
                yield block


def text_of(directive: Directive, count: int = 3) -> str:
    """A directive as a message shows it."""
    return f"{directive.name} {' '.join(directive.args[:count])}"[:100]


# -- files -------------------------------------------------------------------------------------------------------------------------


def alias_traversal(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A prefix without a slash at its end over an alias with one."""
    return once(_alias_traversal(project, gotcha, detector), project)


def _alias_traversal(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterator[Site]:
    for block in locations(project):
        prefix, alias = block.prefix, next(iter(block.all("alias")), None)
        if not prefix or alias is None or not alias.args:
            continue
        if not prefix.endswith("/") and alias.args[0].endswith("/"):
            yield site(gotcha, Outcome.FAIL, detector.message, block.directive, alias.place)
        else:
            yield site(gotcha, Outcome.PASS, "both end alike", block.directive)


def alias_without_slash(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A prefix with a slash at its end over an alias of a folder without one."""
    return once(_alias_without_slash(project, gotcha, detector), project)


def _alias_without_slash(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterator[Site]:
    for block in locations(project):
        prefix, alias = block.prefix, next(iter(block.all("alias")), None)
        if not prefix.endswith("/") or alias is None or not alias.args or "$" in alias.args[0]:
            continue
        folder = alias.args[0]
        if folder.endswith("/"):
            yield site(gotcha, Outcome.PASS, "both end in a slash", alias)
        elif not block.all(*_CHANGES_PATH, "try_files"):
            message = detector.message.replace("$URI", f"{prefix}app.css").replace("$FILE", f"{folder}app.css")
            yield site(gotcha, Outcome.FAIL, message, alias)


def root_like_alias(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A root that ends in the path of its location, which nginx puts behind it once more."""
    return once(_root_like_alias(project, gotcha, detector), project)


def _root_like_alias(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterator[Site]:
    for block in locations(project):
        prefix, root = block.prefix.rstrip("/"), next(iter(block.all("root")), None)
        if not prefix or root is None or not root.args or "$" in root.args[0]:
            continue
        folder = root.args[0].rstrip("/")
        doubled = f"{folder}{prefix}"
        if not folder.endswith(prefix) or block.all(*_CHANGES_PATH) or any(block.blocks("if")) or _is_named(project, doubled):
            continue
        message = detector.message.replace("$URI", f"{prefix}/logo.png").replace("$FILE", f"{doubled}/logo.png")
        yield site(gotcha, Outcome.FAIL, message, root)


def _is_named(project: Project, path: str) -> bool:
    """Whether a file of the project speaks of the path, or a folder ends in it: an image or a volume may really hold it."""
    tail = "/".join(path.strip("/").split("/")[-2:])
    if any(str(folder) == tail or str(folder).endswith(f"/{tail}") for folder in project.folders):
        return True
    return any(tail in text for file in project.tree_files if file.language in _SPEAKING for text in project_text(project, file.path))


def project_text(project: Project, path: PurePosixPath) -> Iterator[str]:
    """The text of a file, nothing when it cannot be read."""
    try:
        yield project.text(path)
    except Unreadable:
        return


def mime_types_missing(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A whole configuration that serves files and says nothing of their types."""
    return once(_mime_types_missing(project, gotcha, detector), project)


def _mime_types_missing(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterator[Site]:
    for main in project.facts.webserver.mains:
        for http in main.blocks("http"):
            serving = [block for server in http.blocks("server") for block in server.walk() if _serves_files(block)]
            told = [block for block in serving if any(around.all("types") or _includes_types(around) for around in block.around)]
            bare = [block for block in serving if block not in told and not any(around.unseen for around in block.around)]
            if bare:
                yield site(gotcha, Outcome.FAIL, detector.message, http.directive, bare[0].directive.place)
            elif told:
                yield site(gotcha, Outcome.PASS, "knows the types of files", http.directive)


def _includes_types(block: Block) -> bool:
    return any("types" in " ".join(one.args) for one in block.all("include"))


def _serves_files(block: Block) -> bool:
    """Whether requests that end in this block are answered from the disk: it has a folder, and hands them to nobody."""
    if block.passes is not None or block.all("return", "rewrite") or block.directive.name not in ("server", "location"):
        return False
    if block.directive.name == "location":
        modifier, path = block.location
        return modifier != "=" and ".well-known" not in path and bool(block.effective("root", "alias"))
    return bool(block.all("root")) and not any(inner.prefix == "/" for inner in block.blocks("location"))


# -- which location ----------------------------------------------------------------------------------------------------------------


def regex_location_wins(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A regular expression for file endings that takes files from a location with another folder or server behind it."""
    return once(_regex_location_wins(project, gotcha, detector), project)


def _regex_location_wins(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterator[Site]:
    for server in project.facts.webserver.servers:
        inner = list(server.blocks("location"))
        expressions = [block for block in inner if block.location[0] in ("~", "~*") and _looks_on_disk(block)]
        for block in inner:
            prefix = block.prefix
            if len(prefix) < 2 or block.location[0] == "^~" or any(block.blocks("location")):
                continue
            taken = next((other for other in expressions if _takes(other, prefix)), None)
            if taken is None or not _leads_elsewhere(block, taken, prefix):
                continue
            message = detector.message.replace("$PREFIX", prefix).replace("$REGEX", " ".join(taken.directive.args))
            yield site(gotcha, Outcome.FAIL, message, block.directive, taken.directive.place)


def _looks_on_disk(block: Block) -> bool:
    falls_back = any("@" in one.args[-1] or "$" not in one.args[0] for one in block.all("try_files") if one.args)
    return block.passes is None and not block.unseen and not falls_back and not block.all("return", "rewrite", "alias", "deny", "if", "error_page")


def _takes(block: Block, prefix: str) -> bool:
    """Whether the regular expression matches a file below the prefix."""
    return any(block.matches(prefix.rstrip("/") + "/" + name) for name in _ASSETS)


def _leads_elsewhere(block: Block, other: Block, prefix: str) -> bool:
    """Whether ``other`` looks for a file below the prefix in another place than ``block``."""
    looked = other.effective("root")
    if looked is None or block.all("return", "rewrite", "internal"):
        return False
    folder = looked[0].args[0].rstrip("/") if looked and looked[0].args else "html"
    alias, root = next(iter(block.all("alias")), None), next(iter(block.all("root")), None)
    if alias is not None and alias.args:
        # An alias of the very folder is what is wrong then: the expression finds the files.
        return alias.args[0].rstrip("/") not in (f"{folder}{prefix}".rstrip("/"), folder)
    if root is not None and root.args:
        return root.args[0].rstrip("/") != folder
    return block.passes is not None and bool(_STORED.match(prefix))


# -- headers -----------------------------------------------------------------------------------------------------------------------


def add_header_not_always(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """CORS headers before an application that are left out of its error answers."""
    return once(_add_header_not_always(project, gotcha, detector), project)


def _add_header_not_always(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterator[Site]:
    if any(_OWN_CORS.search(text) for file in project.tree_files if file.language in _CODE for text in project_text(project, file.path)):
        return  # the application puts them on its errors itself
    for block in locations(project):
        if block.passes is None:
            continue
        for header in block.effective("add_header") or ():
            if not header.args or header.args[0].lower() != "access-control-allow-origin":
                continue
            if "always" in header.args[2:]:
                yield site(gotcha, Outcome.PASS, "is on every answer", header)
            else:
                yield site(gotcha, Outcome.FAIL, detector.message, header, block.passes.place)


def inherited_headers_lost(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A block with a header of its own, which drops all those of the block around it."""
    return once(_inherited_headers_lost(project, gotcha, detector), project)


def _inherited_headers_lost(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterator[Site]:
    for server in project.facts.webserver.servers:
        for block in server.walk():
            for name in ("add_header", "proxy_set_header"):
                own = block.all(name)
                if not own or block.unseen or not _matters(project, block, name):
                    continue
                outer = next((around.all(name) for around in block.around if around is not block and around.all(name)), ())
                kept = {one.args[0].lower() for one in own if one.args}
                wanted = _SECURITY if name == "add_header" else _FORWARDED
                lost = [one for one in outer if one.args and one.args[0].lower() in wanted - kept and _is_near(one, block)]
                if lost:
                    names = ", ".join(dict.fromkeys(one.args[0] for one in lost))
                    yield site(gotcha, Outcome.FAIL, detector.message.replace("$NAMES", names).replace("$DIRECTIVE", name), own[0], lost[0].place)
                elif outer:
                    yield site(gotcha, Outcome.PASS, "repeats what it would lose", own[0])


def _is_near(lost: Directive, block: Block) -> bool:
    """Whether the lost header stands in the same server, or in the same file around it: of other files it is not known that they are loaded."""
    server = block.server
    return lost.place.path == block.directive.place.path or (server is not None and any(lost is one for one in server.directive.block))


def _matters(project: Project, block: Block, name: str) -> bool:
    """Whether answers of this block are pages or those of an application; stylesheets and images do without security headers."""
    if block.directive.name not in ("location", "server") or block.all("return", "deny") or block.effective(f"{name}_inherit"):
        return False
    if name == "proxy_set_header":
        target = project.facts.webserver.target(block, block.passes) if block.passes is not None and block.passes.name == "proxy_pass" else None
        return target is not None and target.is_own
    modifier, path = block.location
    if modifier in ("~", "~*"):
        return any(block.matches(page) for page in _PAGES)
    if block.directive.name == "server" or block.passes is not None:
        return True
    return (modifier in ("", "^~") and path == "/") or (modifier == "=" and (path == "/" or path.endswith((".html", ".htm"))))
