"""Variables of nginx in a template that `envsubst` fills in, and names that nothing answers to.

Without a list of names envsubst replaces every `$name` (https://www.gnu.org/software/gettext/manual/html_node/envsubst-Invocation.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from auditor.checks.nginx import once, project_text, site
from auditor.checks.proxied import services
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site, span_of
from auditor.project.facts.webserver import placements
from auditor.project.files import normal
from auditor.project.project import Project

_BARE = re.compile(
    r"\benvsubst\s*<\s*(?P<input>[^\s;&|<>\"']+)|(?<![\w./-])cat\s+(?P<piped>[^\s;&|<>\"']+)\s*\|\s*envsubst\s*(?=[>|\n;&\"']|$)", re.MULTILINE
)
_LISTED = re.compile(r"\benvsubst\s*<\s*[^\s;&|<>\"']+\s+(?:>\s*[^\s;&|<>\"']+\s+)?[\"'$\\]")
_OF_NGINX = re.compile(
    r"\$\{?(?:uri|host|http_\w+|remote_addr|scheme|request_uri|proxy_add_x_forwarded_for|args|is_args|request_method|server_name)\b"
)
_CODE = frozenset({"dockerfile", "shell", "yaml"})


def envsubst_clobbers_variables(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """`envsubst` without a list of names over a file that holds variables of nginx."""
    for file in project.files:
        if file.language not in _CODE or file.role != "production":
            continue
        for text in project_text(project, file.path):
            for found in _BARE.finditer(text):
                line = text.count("\n", 0, found.start()) + 1
                written = text.split("\n")[line - 1]
                if written.lstrip().startswith("#") or _LISTED.search(written):
                    continue
                template = _template(project, file.path, found["input"] or found["piped"])
                variable = _variable(project, template, text) if template is not None else None
                place = Place(path=file.path, span=span_of(line))
                if template is not None and variable is not None:
                    related = Place(path=template[0], span=span_of(variable[1]), label="becomes empty")
                    message = detector.message.replace("$VARIABLE", variable[0])
                    yield Site(gotcha=gotcha.id, outcome=Outcome.FAIL, message=message, place=place, related=(related,), scope=place.span)


def _template(project: Project, script: PurePosixPath, name: str) -> tuple[PurePosixPath, str] | None:
    """The project's file that is read, by the name it is copied under; None when there are several, or it is none of nginx."""
    last = PurePosixPath(name).name
    found = [file.path for file in project.tree_files if file.path.name == last and file.role in ("production", "example")]
    beside = normal(str(script.parent / last))
    found = found or [beside] * project.exists(beside)
    texts = [text for path in found for text in project_text(project, path)]
    return (found[0], texts[0]) if len(found) == len(texts) == 1 and re.search(r"\b(?:server|location|http)\b[^;{}\n]{0,200}\{", texts[0]) else None


def _variable(project: Project, template: tuple[PurePosixPath, str], text: str) -> tuple[str, int] | None:
    """The first variable of nginx in the template, and its line, unless the script gives it to envsubst itself."""
    del project
    for number, line in enumerate(template[1].split("\n"), 1):
        found = _OF_NGINX.search(line.split("#")[0])
        if found is not None:
            name = found.group().strip("${")
            return None if re.search(rf"\b{name}=", text) else (f"${name}", number)
    return None


def upstream_unknown(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A host name after `proxy_pass` that no service of the compose files has, in a configuration that one of their services runs."""
    return once(_upstream_unknown(project, gotcha, detector), project)


def _upstream_unknown(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterator[Site]:
    texts = [
        text for file in project.tree_files if file.language in ("yaml", "shell", "dotenv", "dockerfile") for text in project_text(project, file.path)
    ]
    if any(
        re.search(r"\bexternal:\s*true|network_mode|extra_hosts|external_links|^kind:\s*(?:Service|Deployment)", text, re.MULTILINE) for text in texts
    ):
        return
    run = set(_run_by_compose(project))
    web = project.facts.webserver
    for server in web.servers:
        path = server.directive.place.path
        if path is None or not run & {path, *path.parents}:
            continue
        for block in server.walk():
            target = web.target(block, block.passes) if block.passes is not None and block.passes.name == "proxy_pass" else None
            if target is None or block.passes is None or target.is_local or not target.is_own:
                continue
            unknown = [host for host in target.hosts if not any(re.search(rf"(?<![\w-]){re.escape(host)}(?![\w-])", text) for text in texts)]
            if unknown:
                yield site(gotcha, Outcome.FAIL, detector.message.replace("$HOST", unknown[0]), block.passes)
            else:
                yield site(gotcha, Outcome.PASS, "is a service", block.passes)


def _run_by_compose(project: Project) -> Iterator[PurePosixPath]:
    """The configuration files that a compose service mounts, or that its image gets."""
    placed = list(placements(project))
    for path, unit in services(project):
        yield from (source for source, by in placed if by == path)
        if unit.build is not None:
            built = normal(str(path.parent / unit.build.context / unit.build.dockerfile))
            yield from (source for source, by in placed if by == built)
