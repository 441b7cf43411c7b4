"""From a launch of a deployment file to a command of this machine: paths of images become paths of the tree, or the reason is told."""

from __future__ import annotations

import os.path
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from auditor.checks.starts import text_of
from auditor.project.facts.files.commands import words_of
from auditor.project.facts.launch import Launch
from auditor.project.facts.layout import bases
from auditor.project.files import normal
from auditor.project.project import Project
from auditor.runtime import serving
from auditor.runtime.serving import brings_configuration
from auditor.runtime.target import Start

PLATFORMS = frozenset({"procfile", "heroku", "render", "railway", "fly", "app-engine", "cloud-run"})
"""Kinds of files of platforms that tell a process its port in PORT."""
CONTAINERS = frozenset({"dockerfile", "compose", "kubernetes"})

_INIT = (("tini", "--"), ("tini",), ("dumb-init", "--"), ("dumb-init",), ("docker-entrypoint.sh",))
_RUNNERS = ("poetry", "pipenv", "uv", "hatch", "newrelic-admin", "ddtrace-run", "opentelemetry-instrument")
_INSTALLS = re.compile(
    r"(?:^|&&|;|\s)\s*(?:uv sync|(?:uv )?pip3? install|npm (?:ci|install|i)\b|yarn install|pnpm install|(?:poetry|pipenv) install|apt-get|apk add)"
)
HARMS = re.compile(
    r"\b(?:kill|pkill|killall|fuser|sudo|systemctl|service|docker|podman|reboot|crontab|chown|useradd|iptables)\s|\brm\s+-\w*r|\bnohup\b"
)
"""What a script does to the machine and not to the application: fine in an image, and not on the machine of whoever validates."""
_WAITS = re.compile(r"/dev/tcp/|\b(?:wait-for|wait_for_it|wait-for-it|dockerize|nc -z|while|until)\b")
"""A command that waits for another container would wait for ever."""
_PATH = re.compile(r"(?<![\w./:}~-])/(?:[\w.@-]+/?)+")
_OF_THE_SYSTEM = re.compile(r"^/(?:bin|usr/bin|usr/local/bin|dev|tmp|proc|sbin|usr/sbin)(?:/|$)")
_BIN = re.compile(r"/s?bin/([\w.+-]+)$")
_OWN = frozenset({"PATH", "HOME", "PORT", "PWD", "USER", "VIRTUAL_ENV", "LD_LIBRARY_PATH"})
"""Variables of an image that say where things are in the image."""
_SHELL_WORDS = frozenset({"cd", "set", "export", "exec", "if", "while", "for", "until", "test", "[", "echo", "source", ".", "true", "sh", "bash"})


class Refused(Exception):  # noqa: N818 - it is an answer
    """Why a command cannot be executed on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The start and what was said on the way."""

    start: Start
    notes: tuple[str, ...] = ()


def made(project: Project, launch: Launch, *, why: str) -> Made:
    """The start of a launch; raises Refused with the reason when this machine cannot execute it."""
    where = serving.folder(project, launch)
    notes: list[str] = []
    if missing := serving.is_missing(project, launch):
        raise Refused(f"the module {missing} is not in the repository")
    _refuse_settings(project, launch)
    words = _words(project, launch, where, notes)
    environment = _environment(project, launch, where, notes)
    start = Start(
        words=words,
        folder=where,
        environment=environment,
        port=serving.port(project, launch).number,
        kind=launch.kind,
        place=launch.place,
        why=why,
    )
    return Made(start=start, notes=tuple(notes))


def _refuse_settings(project: Project, launch: Launch) -> None:
    """A configuration of uWSGI that works in a folder of the image cannot be used (https://uwsgi-docs.readthedocs.io/en/latest/Options.html#chdir)."""
    settings = next((word for word in launch.words if launch.tool == "uwsgi" and word.endswith(".ini")), None)
    path = launch.file(project, settings) if settings is not None else None
    found = re.search(r"^\s*chdir\d?\s*=\s*(/\S+)", text_of(project, path), re.MULTILINE) if path is not None else None
    if found is not None and not Path(found.group(1)).is_dir():
        raise Refused(f"{path} works in {found.group(1)}, a folder of the image")


def _words(project: Project, launch: Launch, where: PurePosixPath, notes: list[str]) -> tuple[str, ...]:
    whole = launch.whole
    scripts = [place.path for place in launch.trail if place.path is not None and project.language(place.path) == "shell"]
    foreign = next((why for path in scripts if (why := _foreign(project, launch, text_of(project, path), where))), "")
    if whole is None or foreign:
        if foreign:
            notes.append(f"of {scripts[0]} only the server is started: {foreign}")
        return _single(project, launch, launch.words, where)
    absent = next((runner for runner in _RUNNERS if re.search(rf"(?:^|[\s/;&]){runner}\s", whole.text + " ") and shutil.which(runner) is None), "")
    if absent:
        notes.append(f"{launch.tool} is started without {absent}, which is not installed on this machine")
        stripped = re.sub(rf"(?<!\S){absent}\s+(?:run-program\s+|run\s+(?:-\S+\s+)*)?", "", whole.text)
        whole = replace(whole, text=stripped, words=words_of(stripped) if whole.form == "shell" else _after(whole.words, absent))
    harm = HARMS.search(whole.text)
    if harm is not None:
        notes.append(f"{harm.group().split()[0]} in {launch.place.path}:{launch.place.line} is not for this machine: only {launch.tool} is started")
        return _single(project, launch, launch.words, where)
    waits = _WAITS.search(whole.text)
    if waits is not None:
        notes.append(f"what {launch.place.path}:{launch.place.line} waits for first is not waited for: only {launch.tool} is started")
        return _single(project, launch, launch.words, where)
    installs = _INSTALLS.search(whole.text)
    if installs is not None:
        notes.append(f"`{installs.group().strip(' &;')}` of {launch.place.path}:{launch.place.line} is not run: only {launch.tool} is started")
        return _single(project, launch, launch.words, where)
    if whole.form == "shell" and launch.kind != "compose":
        return ("/bin/sh", "-c", _text(project, launch, whole.text, where))
    if launch.kind == "compose" and re.search(r"&&|;|\|\||\$", whole.text) and PurePosixPath(whole.words[0]).name not in ("sh", "bash"):
        return ("/bin/sh", "-c", _text(project, launch, whole.text.replace("$$", "$").strip(), where))
    return _single(project, launch, whole.words, where)


def _after(words: tuple[str, ...], runner: str) -> tuple[str, ...]:
    """The words behind a runner and its own."""
    start = words.index(runner) + 1 if runner in words else 0
    while start and start < len(words) - 1 and (words[start] in ("run", "run-program") or words[start].startswith("-")):
        start += 1
    return words[start:]


def _single(project: Project, launch: Launch, words: tuple[str, ...], where: PurePosixPath) -> tuple[str, ...]:
    """Words to be executed as they are; where they hold variables or conditions, a shell reads them."""
    runner = next((init for init in _INIT if tuple(PurePosixPath(word).name for word in words[: len(init)]) == init), None)
    if runner is not None and len(words) > len(runner) and (runner[0] != "docker-entrypoint.sh" or _file(project, launch, words[0], where) is None):
        words = words[len(runner) :]
    if len(words) >= 3 and PurePosixPath(words[0]).name in ("sh", "bash") and re.fullmatch(r"-\w*c", words[1]):
        first = "/bin/sh" if PurePosixPath(words[0]).name == "sh" else "/bin/bash"
        return (first, words[1], _text(project, launch, words[2].replace("$$", "$"), where), *words[3:])
    first = _program(project, launch, words[0], where)
    rest = tuple(_argument(project, launch, word, where) for word in words[1:])
    if any("$" in word for word in (first, *rest)):
        return ("/bin/sh", "-c", "exec " + " ".join(_quoted(word) for word in (first, *rest)))
    return (first, *rest)


def _quoted(word: str) -> str:
    return word if re.fullmatch(r"[\w@%+=:,./-]+", word) else '"' + re.sub(r'(["`\\])', r"\\\1", word) + '"'


def _program(project: Project, launch: Launch, word: str, where: PurePosixPath) -> str:
    """The program of a command; raises Refused when this machine has none of that name and the project does not bring it."""
    if word == "nginx" and brings_configuration(launch.words) and shutil.which(word):
        return word
    if word == "nginx" or PurePosixPath(word).name in ("nginx", "caddy", "httpd", "apache2"):
        raise Refused(f"{PurePosixPath(word).name} needs its configuration below /etc, which only the image has")
    if PurePosixPath(word).name == "supervisord":
        raise Refused("supervisord starts several processes by a configuration of the image; they are looked at one by one")
    if "/" in word:
        found = _file(project, launch, word, where)
        if found is not None:
            return found
        named = _BIN.search(word)
        if named is not None:
            return _program(project, launch, named.group(1), where)
        if not word.startswith("/"):
            if re.match(r"^(?:\./)?(?:node_modules/\.bin|\.?venv/bin)/", word):
                return word
            raise Refused(f"{word} is not in the repository: it is made while the image is built")
        raise Refused(f"{word} is a path of the image, and nothing in the repository is known to lie there")
    if word in _SHELL_WORDS or shutil.which(word) is not None or _brings(project, launch, word, where):
        return word
    found = _file(project, launch, word, where) if word.endswith(".sh") else None
    if found is not None:
        return found
    if word.endswith((".sh", "entrypoint")):
        raise Refused(f"{word} is the entry point of the image {launch.image or 'it is built on'}, which this machine does not have")
    raise Refused(f"the program {word} is not installed on this machine")


def _brings(project: Project, launch: Launch, word: str, where: PurePosixPath) -> bool:
    """Whether a program comes with the packages of the project."""
    if re.match(r"^(?:python|pip)[\d.]*$", word):
        return True
    from auditor.project.facts.servers import SERVERS  # noqa: PLC0415 - a name of one line

    if word in SERVERS or word in ("django-admin", "fastapi", "alembic", "granian", "uwsgi"):
        return True
    manifest = project.manifest(where)
    names = {**manifest.dependencies, **manifest.dev_dependencies} if manifest is not None else {}
    brought = {"ng": "@angular/cli", "remix-serve": "@remix-run/serve", "pm2-runtime": "pm2"}.get(word, word)
    del launch
    if brought in names or brought in project.packages(where / "_"):
        return True
    own = re.compile(rf"^\s*[\"']?{re.escape(word)}[\"']?\s*=\s*[\"']?[\w.]+:\w+", re.MULTILINE)
    return any(own.search(text_of(project, base / name)) for base in (where, *where.parents) for name in ("pyproject.toml", "setup.py", "setup.cfg"))


def _argument(project: Project, launch: Launch, word: str, where: PurePosixPath) -> str:
    return _text(project, launch, word, where) if "/" in word and not re.match(r"^\w+://", word) else word


def _text(project: Project, launch: Launch, text: str, where: PurePosixPath) -> str:
    """A text with the paths of the image replaced; raises Refused for a path below the image's own folder that the tree does not have."""

    def replaced(found: re.Match[str]) -> str:
        path = found.group()
        if _OF_THE_SYSTEM.match(path):
            named = _BIN.search(path)
            return named.group(1) if named is not None and not Path(path).exists() else path
        inside = _file(project, launch, path.rstrip("/"), where)
        if inside is not None:
            return inside
        named = _BIN.search(path)
        if named is not None:
            return named.group(1)
        if _in_image(launch, path):
            raise Refused(f"{path} is a path of the image, and nothing in the repository is known to lie there")
        return path

    return _PATH.sub(replaced, text)


def _in_image(launch: Launch, path: str) -> bool:
    return bool(launch.folder.strip("/")) and PurePosixPath(path).is_relative_to(PurePosixPath(*PurePosixPath(launch.folder).parts[:2]))


def _file(project: Project, launch: Launch, path: str, where: PurePosixPath) -> str | None:
    """A path of the image or of the server as one of the tree, relative to the folder of the start; None when the tree has none."""
    if not path.startswith("/"):
        found = [normal(str(base / path)) for base in (where, *launch.bases) if project.exists(normal(str(base / path)))]
    else:
        clean = PurePosixPath(path)
        found = [base / clean.name for base in bases(launch.copied, str(clean.parent), launch.values) if project.exists(base / clean.name)]
        found += [base for base in bases(launch.copied, path, launch.values) if project.is_dir(base)]
        if launch.folder.startswith("/") and clean.is_relative_to(launch.folder):
            found += [normal(str(where / clean.relative_to(launch.folder)))]
            found = [one for one in found if project.exists(one)]
    if not found and path.endswith(".sh"):
        found = [file.path for file in project.tree_files if file.path.name == PurePosixPath(path).name]
        found = found if len(found) == 1 else []
    if not found:
        return None
    relative = os.path.relpath(str(found[0]), str(where))
    return relative if "/" in relative or relative == "." else f"./{relative}"


def _foreign(project: Project, launch: Launch, text: str, where: PurePosixPath) -> str:
    """Why a script of the image cannot run here as it is, "" when it can."""
    for found in _PATH.finditer(re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)):
        path = found.group().rstrip("/")
        if not _OF_THE_SYSTEM.match(path) and not Path(path).exists() and (_in_image(launch, path) or _file(project, launch, path, where)):
            return f"the script works on {path}, a path of the image"
    harm = HARMS.search(re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE))
    if harm is not None:
        return f"the script runs {harm.group().split()[0]}, which is not for this machine"
    activated = re.search(r"^\s*(?:source|\.)\s+(\S+)", text, re.MULTILINE)
    if activated is not None and not project.exists(normal(str(where / activated.group(1)))):
        return f"the script reads {activated.group(1)}, which is not there"
    return ""


def _environment(project: Project, launch: Launch, where: PurePosixPath, notes: list[str]) -> Mapping[str, str]:
    """The literal values of the files; what says where things are in an image is left out, and folders become those of the tree."""
    found: dict[str, str] = {}
    for name, value in launch.values.items():
        if value is None or name in _OWN:
            continue
        if re.search(r"\$\{?\w", value) or "${{" in value:
            notes.append(f"{name} is not given: its value in {launch.place.path} depends on another variable")
            continue
        inside = _file(project, launch, value.rstrip("/"), where) if value.startswith("/") and launch.copied else None
        found[name] = inside or value
    return found
