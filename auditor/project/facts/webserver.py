"""The nginx servers of a project: every block with what surrounds it, included files put where they are included.

A setting that a block does not have is taken from the block around it; lists (`add_header`, `proxy_set_header`, `error_page`) only as a whole
(https://nginx.org/en/docs/http/ngx_http_headers_module.html#add_header). What the project does not show (an included file of the machine) leaves
open what is missing.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from auditor.project.facts.extractors import extract
from auditor.project.facts.files.dockerfile import copied
from auditor.project.facts.record import Directive
from auditor.project.files import normal
from auditor.project.text import Unreadable

if TYPE_CHECKING:
    from auditor.project.project import Project

_DEEPEST = 6
_LONGEST = 1000
_HOME = "/etc/nginx/"
# Files that come with nginx, Debian or certbot and say nothing of headers, limits or locations.
_KNOWN = re.compile(
    r"(?:^|/)(?:mime\.types|(?:fastcgi|uwsgi|scgi)(?:_params|\.conf)|options-ssl-nginx\.conf|koi-\w+|win-utf|modules[\w-]*/\*\.conf)$"
)
# What Debian's proxy_params sets (https://salsa.debian.org/nginx-team/nginx/-/blob/main/debian/conf/proxy_params).
_PROXY_PARAMS = ("Host", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto")
_PASSES = frozenset({"proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass"})
_LOCATION = re.compile(r"^(=|\^~|~\*|~)?(.*)$", re.DOTALL)
_URL = re.compile(r"^(?P<scheme>https?)://(?:unix:(?P<socket>[^:]+):?|(?P<host>\[[^\]]*\]|[^/:?#]*)(?::(?P<port>[^/?#]*))?)(?P<uri>/.*)?$", re.DOTALL)
_REPEATS = re.compile(r"(?<!\\)[*+{]")
_NESTED = re.compile(r"\)[*+{]")
_DEPLOYED = re.compile(r"[.\-_]prod(?:uction)?\.(?:conf|nginx|template)")
_PLACEHOLDER = re.compile(r"\$\{[A-Z][A-Z0-9_]*(?::-([^}]*))?\}|\$[A-Z][A-Z0-9_]*\b")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """A block in its place. ``outer`` is None for the outermost; ``lost`` says that what surrounds it is not known."""

    directive: Directive
    outer: Block | None = None
    lost: bool = False

    def all(self, *names: str) -> tuple[Directive, ...]:
        """The directives of these names directly inside."""
        return tuple(one for one in self.directive.block if one.name in names)

    def blocks(self, *names: str) -> Iterator[Block]:
        """The blocks of these names directly inside; all blocks without names."""
        for one in self.directive.block:
            if (one.block or one.name in ("location", "server")) and (not names or one.name in names):
                yield Block(directive=one, outer=self)

    def walk(self) -> Iterator[Block]:
        """This block and all below it."""
        yield self
        for inner in self.blocks():
            yield from inner.walk()

    @property
    def around(self) -> Iterator[Block]:
        """This block and those around it, nearest first."""
        current: Block | None = self
        while current is not None:
            yield current
            current = current.outer

    @property
    def unseen(self) -> bool:
        """Whether the block includes a file that the project does not have and that may say anything."""
        return self.lost or any(not _KNOWN.search(" ".join(one.args)) for one in self.all("include"))

    def effective(self, *names: str) -> tuple[Directive, ...] | None:
        """The directives that hold here: those of the nearest block that has any; None when that cannot be told."""
        for block in self.around:
            found = block.all(*names)
            if found:
                return found
            if block.unseen:
                return None
        return ()

    @property
    def passes(self) -> Directive | None:
        """The directive that hands requests to another server."""
        return next(iter(self.all(*_PASSES)), None)

    @property
    def location(self) -> tuple[str, str]:
        """The modifier and the path of a location; two empty texts for another block."""
        if self.directive.name != "location" or not self.directive.args:
            return "", ""
        found = _LOCATION.match("".join(self.directive.args[:2]) if len(self.directive.args) > 1 else self.directive.args[0])
        return (found.group(1) or "", found.group(2)) if found else ("", "")

    @property
    def prefix(self) -> str:
        """The path of a location that is a plain prefix, "" for any other block."""
        modifier, path = self.location
        return path if modifier in ("", "^~") and path.startswith("/") else ""

    def serving(self, path: str) -> Block | None:
        """The block that answers requests for ``path``: the longest prefix, unless a regular expression matches; None when that cannot be told.

        https://nginx.org/en/docs/http/ngx_http_core_module.html#location
        """
        if self.unseen:
            return None
        inner = list(self.blocks("location"))
        exact = next((block for block in inner if block.location == ("=", path)), None)
        if exact is not None:
            return exact
        prefixes = sorted((block for block in inner if block.prefix and path.startswith(block.prefix)), key=lambda block: len(block.prefix))
        best = prefixes[-1] if prefixes else None
        if best is not None and any(best.blocks("location")):
            nested = best.serving(path)
            if nested is not best:
                return nested
        if best is None or best.location[0] != "^~":
            for block in inner:
                answer = block.matches(path)
                if answer is None:
                    return None
                if answer:
                    return block
        return best or self

    def matches(self, path: str) -> bool | None:
        """Whether the regular expression of a location matches a path; None for one that cannot be tried here. False for other locations."""
        modifier, expression = self.location
        if modifier not in ("~", "~*"):
            return False
        if len(expression) > 500 or len(_REPEATS.findall(expression)) > 5 or _NESTED.search(expression):
            return None  # it may run for ever
        try:
            return re.search(expression, path, re.IGNORECASE if modifier == "~*" else 0) is not None
        except (re.error, RecursionError, OverflowError):
            return None

    @property
    def server(self) -> Block | None:
        """The server this block belongs to."""
        return next((block for block in self.around if block.directive.name == "server"), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where `proxy_pass` leads: ``hosts`` are names, without those that only the machine knows; ``uri`` is None when there is none."""

    scheme: str
    hosts: tuple[str, ...]
    name: str
    uri: str | None
    socket: bool = False

    @property
    def is_local(self) -> bool:
        """Whether it leads to the same machine."""
        return self.socket or any(host in ("localhost", "[::1]") or host.startswith("127.") for host in self.hosts)

    @property
    def is_own(self) -> bool:
        """Whether it leads to something that belongs to the same set-up: the machine, or a name without a domain."""
        return self.is_local or (bool(self.hosts) and all(host and "." not in host and "$" not in host for host in self.hosts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Webserver:
    """All of it: ``servers`` in order of files and lines, ``files`` that were read, ``upstreams`` by name, ``places`` where files end up."""

    servers: tuple[Block, ...]
    mains: tuple[Block, ...]
    files: tuple[PurePosixPath, ...]
    upstreams: dict[str, tuple[str, ...]]

    def target(self, block: Block, directive: Directive) -> Target | None:
        """What a `proxy_pass` (or another pass, which has no scheme) says, variables and upstreams followed; None when it cannot be told."""
        text = directive.args[0] if directive.args else ""
        for _ in range(3):
            found = re.match(r"^(https?://)?\$(\w+)", text) or re.match(r"^(https?://)?\$\{(\w+)\}", text)
            value = _set(block, found.group(2)) if found else None
            if found is None or value is None:
                break
            text = (found.group(1) or "") + value + text[found.end() :]
        text = _PLACEHOLDER.sub(lambda found: found.group(1) or found.group(0), text)
        parts = _URL.match(text if directive.name == "proxy_pass" or "://" in text else f"http://{text}")
        if parts is None:
            return None
        if parts["socket"]:
            return Target(scheme=parts["scheme"], hosts=(), name="localhost", uri=parts["uri"], socket=True)
        host = parts["host"]
        hosts = self.upstreams.get(host, (host,))
        socket = any(one.startswith("unix:") for one in hosts)
        name = host + (f":{parts['port']}" if parts["port"] else "")
        return Target(
            scheme=parts["scheme"], hosts=tuple(one for one in hosts if not one.startswith("unix:")), name=name, uri=parts["uri"], socket=socket
        )


def _set(block: Block, name: str) -> str | None:
    for around in block.around:
        for one in around.all("set"):
            if one.args[:1] == (f"${name}",) and len(one.args) == 2:
                return one.args[1]
    return None


def find(project: Project) -> Webserver:
    """The nginx servers of a project's production files."""
    trees = {path: tree for path in _paths(project) if not _is_generated(tree := _tree(project, path))}
    includes = _Includes(project=project)
    expanded = {path: includes.expanded(path, tree) for path, tree in trees.items()}
    mains = [
        Directive(name="main", args=(), place=tree[0].place, block=tree) for tree in expanded.values() if any(one.name == "http" for one in tree)
    ]
    shared = tuple(one for main in mains for http in main.block if http.name == "http" for one in http.block if one.name != "server")
    loose = {path: tree for path, tree in expanded.items() if tree and path not in includes.taken and not any(one.name == "http" for one in tree)}
    whole = {path: tree for path, tree in loose.items() if not any(one.name == "location" for one in tree)}
    servers, tops = [], [Block(directive=main) for main in mains]
    for top in tops:
        servers += [server for http in top.blocks("http") for server in http.blocks("server")]
    for path, tree in loose.items():
        others = tuple(one for other, inside in whole.items() if other != path for one in inside if one.name not in ("server", "upstream"))
        http = Block(directive=Directive(name="http", args=(), place=tree[0].place, block=(*tree, *others, *shared)), lost=path not in whole)
        servers += [Block(directive=one, outer=http) for one in tree if one.name == "server"]
        if path not in whole:  # a piece of a server that is named nowhere
            servers.append(Block(directive=Directive(name="server", args=(), place=tree[0].place, block=tree), lost=True))
    upstreams = {
        one.args[0]: tuple(_host(server.args[0]) for server in one.block if server.name == "server" and server.args)
        for tree in expanded.values()
        for directive in tree
        for one in (directive, *directive.block)
        if one.name == "upstream" and one.args
    }
    return Webserver(servers=tuple(servers), mains=tuple(tops), files=tuple(trees), upstreams=upstreams)


def _host(server: str) -> str:
    return server if server.startswith("unix:") else re.sub(r":[\d$]\S*$", "", server)


def _paths(project: Project) -> tuple[PurePosixPath, ...]:
    """Files of nginx by their names, and those of any name that an image or a compose file puts below /etc/nginx.

    What only a development set-up uses is left out, and so is `nginx.conf` beside `nginx.prod.conf`.
    """
    placed = {source for source, _ in placements(project, "production")}
    developed = {source for source, _ in placements(project, "development")} - placed
    deployed = {(file.path.parent, file.path.name.split(".")[0]) for file in project.tree_files if _DEPLOYED.search(file.path.name)}
    return tuple(
        file.path
        for file in project.tree_files
        if (file.role == "production" or (file.role == "example" and file.path in placed))
        and file.path not in developed
        and (_DEPLOYED.search(file.path.name) or (file.path.parent, file.path.name.split(".")[0]) not in deployed)
        and (file.language == "nginx" or (file.language == "text" and file.path.suffix != ".txt" and file.path in placed))
    )


def placements(project: Project, role: str = "production") -> Iterator[tuple[PurePosixPath, PurePosixPath]]:
    """(file or folder of the project, file that puts it below /etc/nginx): `COPY` in a Dockerfile, a mount in a compose file."""
    for file in project.tree_files:
        if file.role != role or file.language not in ("dockerfile", "yaml"):
            continue
        record = project.facts.record(file.path)
        for stage in record.stages:
            for instruction in stage.instructions:
                pair = copied(instruction)
                if pair is None or not pair[1].startswith("/etc/nginx") or any(flag.startswith("--from") for flag in instruction.flags):
                    continue
                for source in pair[0]:
                    for base in (file.path.parent, *file.path.parent.parents):
                        path = normal(str(base / source.lstrip("/")))
                        if project.exists(path):
                            yield path, file.path
                            break
        for unit in record.units:
            for mount in unit.mounts:
                if mount.target.startswith("/etc/nginx") and mount.source.startswith("."):
                    yield normal(str(file.path.parent / mount.source)), file.path


def _tree(project: Project, path: PurePosixPath) -> tuple[Directive, ...]:
    try:
        return extract(path, "nginx", project.text(path)).directives
    except Unreadable:
        return ()


@dataclass(kw_only=True)
class _Includes:
    """Puts the project's own files in place of `include`; what it does not have stays an `include`.

    ``left`` is how many more directives may come in: files can include each other.
    """

    project: Project
    taken: set[PurePosixPath] = field(default_factory=set)
    left: int = 2_000

    def expanded(self, path: PurePosixPath, tree: tuple[Directive, ...], depth: int = 0, level: str = "") -> tuple[Directive, ...]:
        """The tree of one file, or of a block called ``level`` in it."""
        found: list[Directive] = []
        for one in tree:
            if one.name != "include" or not one.args:
                found.append(replace(one, block=self.expanded(path, one.block, depth, one.name)) if one.block else one)
                continue
            name = one.args[0]
            files = _included(self.project, path, name) if depth < _DEEPEST and self.left > 0 else ()
            for file in files:
                self.taken.add(file)
                inner = _tree(self.project, file)
                if _is_generated(inner):
                    continue
                self.left -= 1 + _size(inner)
                if self.left > 0:
                    found += self.expanded(file, inner, depth + 1, level)
            if files:
                continue
            if name.rsplit("/", 1)[-1] in ("proxy_params", "proxy-params"):
                found += [Directive(name="proxy_set_header", args=(header, "$"), place=one.place) for header in _PROXY_PARAMS]
            elif level not in ("", "http") or not any(mark in name for mark in ("conf.d/*", "sites-enabled/*", "default.d/*", "vhost.d/*")):
                found.append(one)
        return tuple(found)


def _is_generated(tree: tuple[Directive, ...]) -> bool:
    """Whether a block of servers or locations is longer than anybody writes: what looks around in it would take for ever."""
    return len(tree) > _LONGEST or any(_is_generated(one.block) for one in tree if one.name in ("http", "server", "location", "if"))


def _size(tree: tuple[Directive, ...]) -> int:
    return len(tree) + sum(_size(one.block) for one in tree if one.block)


def _included(project: Project, path: PurePosixPath, name: str) -> tuple[PurePosixPath, ...]:
    """The project's files that `include NAME` in ``path`` may mean: nginx looks below /etc/nginx, which is some folder at or above the file."""
    tail = name.removeprefix(_HOME).lstrip("/")
    candidates = [posixpath.normpath(str(base / tail)) for base in (path.parent, path.parent.parent)]
    candidates.append(posixpath.normpath(str(path.parent / posixpath.basename(tail))))
    for candidate in dict.fromkeys(candidates):
        if "*" in candidate:
            found = tuple(file.path for file in project.tree_files if file.path != path and fnmatchcase(str(file.path), candidate))
            if found and "/" not in tail.replace("*", ""):
                found = tuple(file for file in found if file.parent == PurePosixPath(candidate).parent)
        else:
            target = PurePosixPath(candidate)
            found = (target,) if target != path and project.exists(target) and not project.is_dir(target) else ()
        if found:
            return found
    return ()
