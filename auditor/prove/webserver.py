"""nginx in front of, or instead of, an application: the configuration of an example made to run in a folder of its own on loopback.

What production has and this machine has not is put in its place, and nothing else is changed: ports, certificates, the names of containers and the
folders of the server's file system.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

from auditor.errors import GotchaAuditError, MissingToolError
from auditor.processes.ports import free_port
from auditor.prove.install import files

_LISTEN = re.compile(r"(\blisten\s+)(?:[\w.*]+:)?(\d+)((?:\s+\w+)*)\s*;")
_OTHER_LISTEN = re.compile(r"\blisten\s+\[[^;]*;")
_PASS = re.compile(r"(\bproxy_pass\s+https?://)([\w.-]+)(?::\d+)?(?=[/;?\s$])")
_UPSTREAM = re.compile(r"\bupstream\s+([\w.-]+)\s*\{([^}]*)\}")
_MEMBER = re.compile(r"(\bserver\s+)([\w.-]+)(?::\d+)?(?=[;\s])")
_CERTIFICATE = re.compile(r"(\bssl_certificate\s+)[^;]+;")
_KEY = re.compile(r"(\bssl_certificate_key\s+)[^;]+;")
_FOLDERS = re.compile(r"(?<=[\s\"'])(/(?:srv|var/www|usr/share/nginx/html|app|data|code|opt)(?=[/\s;\"'$]))")
_SERVER = re.compile(r"^(\s*server\s*\{)", re.MULTILINE)
_NOBODY = 9
"""A port of this machine that nothing listens on (discard): what stands for applications that a proof does not start."""

_NAMES = ("nginx.conf", "app.conf", "default.conf", "site.conf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webserver:
    """A configuration that was made ready: ``words`` start it, ``port`` is where it listens."""

    words: tuple[str, ...]
    port: int


def configuration(root: Path) -> PurePosixPath | None:
    """The configuration that an example is about, written or made by a command before: the one nearest to its root."""
    found = [PurePosixPath(path.relative_to(root).as_posix()) for path in files(root) if path.suffix == ".conf" and _is_one(path)]
    return min(found, key=lambda path: (len(path.parts), _NAMES.index(path.name) if path.name in _NAMES else len(_NAMES), str(path)), default=None)


def _is_one(path: Path) -> bool:
    return re.search(r"^\s*(?:server|http)\s*\{", path.read_text("utf-8", "replace"), re.MULTILINE) is not None


def prepared(root: Path, path: PurePosixPath, *, port: int, upstream: int | None) -> Webserver:
    """Write what nginx needs to ``root``; raises GotchaAuditError when nginx, or openssl for a certificate, is not installed.

    ``upstream`` is the port of the application. Where the example has a compose file, its services are the only names without a dot that are known.
    """
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise MissingToolError("nginx is not installed: apt install nginx-light")
    folder = root / ".nginx"
    (folder / "temporary").mkdir(parents=True, exist_ok=True)
    text = _listening((root / path).read_text("utf-8"), port)
    text = _leading(text, _services(root), upstream or _NOBODY)
    if _CERTIFICATE.search(text):
        _certify(folder)
        text = _CERTIFICATE.sub(rf"\1{folder}/certificate.pem;", text)
        text = _KEY.sub(rf"\1{folder}/key.pem;", text)
    text = _FOLDERS.sub(lambda found: f"{root}{found.group(1)}", text)
    if re.search(r"^\s*http\s*\{", text, re.MULTILINE):
        whole = re.sub(r"(\bhttp\s*\{)", lambda found: f"{found.group(1)}\n{''.join(_temporary(folder))}", text, count=1)
        whole = re.sub(r"^\s*(?:user|pid|error_log|daemon|worker_processes)\s[^;]*;", "", whole, flags=re.MULTILINE)
    else:
        whole = f"http {{\n{''.join(_surroundings(text, folder))}{text}\n}}\n"
    events = "" if re.search(r"^\s*events\s*\{", whole, re.MULTILINE) else "events { worker_connections 64; }\n"
    user = "user root;\n" if os.geteuid() == 0 else ""
    head = f"{user}daemon off;\npid {folder}/nginx.pid;\nerror_log stderr notice;\nworker_processes 1;\n"
    made = (root / path).with_name(".nginx.conf")  # files are included from the folder of the configuration
    made.write_text(head + events + whole, "utf-8")
    return Webserver(words=(program, "-p", str(folder), "-c", str(made), "-e", "stderr"), port=port)


def _listening(text: str, port: int) -> str:
    """The port for TLS, if there is one, or the first port is ours; servers of other ports get others."""
    text = _OTHER_LISTEN.sub("", text)
    listens = [(found[2], found[3].split()) for found in _LISTEN.finditer(text)]
    if not listens:
        return _SERVER.sub(lambda found: f"{found.group(1)} listen 127.0.0.1:{port};", text)
    main = next((number for number, words in listens if "ssl" in words), listens[0][0])
    ports = {number: port if number == main else free_port() for number, _ in listens}
    return _LISTEN.sub(lambda found: f"{found[1]}127.0.0.1:{ports[found[2]]}{found[3]};", text)


def _leading(text: str, services: frozenset[str] | None, port: int) -> str:
    """Let every known name lead to the application, and keep the name: it is what the application gets as its host."""
    named = {found[1] for found in _UPSTREAM.finditer(text)}
    reached: set[str] = set()

    def known(name: str) -> bool:
        return services is None or "." in name or name in services

    def passed(found: re.Match[str]) -> str:
        if found[2] in named or not known(found[2]):
            return found[0]
        reached.add(found[2])
        return found[1] + found[2]

    text = _PASS.sub(passed, text)
    text = _UPSTREAM.sub(lambda block: _MEMBER.sub(lambda found: f"{found[1]}127.0.0.1:{port}" if known(found[2]) else found[0], block[0]), text)
    blocks = "".join(f"upstream {name} {{ server 127.0.0.1:{port}; }}\n" for name in sorted(reached))
    if re.search(r"^\s*http\s*\{", text, re.MULTILINE):
        return re.sub(r"(\bhttp\s*\{)", lambda found: f"{found.group(1)}\n{blocks}", text, count=1)
    return blocks + text


def _services(root: Path) -> frozenset[str] | None:
    """The names that the services of a compose file answer to, None without such a file."""
    for name in ("compose.yaml", "compose.yml", "docker-compose.yml"):
        if (root / name).is_file():
            services = yaml.safe_load((root / name).read_text("utf-8")).get("services") or {}
            return frozenset(services) | {str(service["container_name"]) for service in services.values() if "container_name" in (service or {})}
    return None


def _surroundings(text: str, folder: Path) -> Iterator[str]:
    """What the nginx.conf of the packages has around `conf.d/*.conf`: types and a log."""
    yield from _temporary(folder)
    if not re.search(r"^types\s*\{", text, re.MULTILINE):
        yield "include /etc/nginx/mime.types;\ndefault_type application/octet-stream;\n"


def _temporary(folder: Path) -> Iterator[str]:
    yield "access_log off;\n"
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        yield f"{kind}_temp_path {folder}/temporary/{kind};\n"


def _certify(folder: Path) -> None:
    if shutil.which("openssl") is None:
        raise MissingToolError("openssl is not installed: apt install openssl")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", *subject, *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise GotchaAuditError(f"openssl cannot make a certificate: {done.stderr.strip().splitlines()[-1:]}")
