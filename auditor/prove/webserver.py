"""nginx in front of, or instead of, an application: the configuration of an example made to run in a folder of its own on loopback.

What production has and this machine has not is put in its place, and nothing else is changed: ports, certificates, the names of containers and the
folders of the server's file system.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from auditor.errors import GotchaAuditError, MissingToolError

_LISTEN = re.compile(r"(\blisten\s+)(?:\[?[\w.:*]+\]?:)?(\d+)((?:\s+\w+)*\s*;)")
_UPSTREAM = re.compile(r"(\bproxy_pass\s+https?://|^\s*server\s+)([\w.-]+)(:\d+)?(?=[/;\s$])", re.MULTILINE)
_CERTIFICATE = re.compile(r"(\bssl_certificate\s+)[^;]+;")
_KEY = re.compile(r"(\bssl_certificate_key\s+)[^;]+;")
_FOLDERS = re.compile(r"(?<=[\s\"'])(/(?:srv|var/www|usr/share/nginx/html|app|data|code)(?=[/\s;\"'$]))")
_NAMES = ("nginx.conf", "app.conf", "default.conf", "site.conf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webserver:
    """A configuration that was made ready: ``words`` start it, ``port`` is where it listens."""

    words: tuple[str, ...]
    port: int


def configuration(files: Mapping[PurePosixPath, str]) -> PurePosixPath | None:
    """The configuration that an example is about: the one nearest to its root."""
    found = [path for path, text in files.items() if path.suffix == ".conf" and re.search(r"\b(?:server|http)\s*\{", text)]
    return min(found, key=lambda path: (len(path.parts), _NAMES.index(path.name) if path.name in _NAMES else len(_NAMES), str(path)), default=None)


def prepared(root: Path, path: PurePosixPath, *, port: int, upstream: int | None) -> Webserver:
    """Write what nginx needs to ``root``; raises MissingToolError when nginx, or openssl for a certificate, is not installed."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise MissingToolError("nginx is not installed: apt install nginx-light")
    text = (root / path).read_text("utf-8")
    folder = root / ".nginx"
    (folder / "temporary").mkdir(parents=True, exist_ok=True)
    text = _LISTEN.sub(lambda found: f"{found.group(1)}127.0.0.1:{port}{found.group(3)}", text)
    if upstream is not None:
        text = _UPSTREAM.sub(lambda found: f"{found.group(1)}127.0.0.1:{upstream}", text)
    if _CERTIFICATE.search(text):
        _certify(folder)
        text = _CERTIFICATE.sub(rf"\1{folder}/certificate.pem;", text)
        text = _KEY.sub(rf"\1{folder}/key.pem;", text)
    text = _FOLDERS.sub(lambda found: f"{root}{found.group(1)}", text)
    whole = text if re.search(r"^\s*http\s*\{", text, re.MULTILINE) else f"http {{\n{''.join(_surroundings(text, folder))}{text}\n}}\n"
    if whole is text:
        whole = re.sub(r"(\bhttp\s*\{)", lambda found: f"{found.group(1)}\n{''.join(_temporary(folder))}", text, count=1)
        whole = re.sub(r"^\s*(?:user|pid|error_log|daemon)\s[^;]*;", "", whole, flags=re.MULTILINE)
    events = "" if re.search(r"\bevents\s*\{", whole) else "events { worker_connections 64; }\n"
    head = f"daemon off;\npid {folder}/nginx.pid;\nerror_log stderr notice;\nworker_processes 1;\n"
    if re.search(r"^\s*worker_processes\b", whole, re.MULTILINE):
        head = head.replace("worker_processes 1;\n", "")
    (folder / "nginx.conf").write_text(head + events + whole, "utf-8")
    return Webserver(words=(program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"), port=port)


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
