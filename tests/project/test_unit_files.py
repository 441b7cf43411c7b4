"""Unit files of systemd and programs of supervisor: what starts, with which environment, and where it is said."""

from __future__ import annotations

import time
from pathlib import PurePosixPath

import pytest

from auditor.project.facts.extractors import extract
from auditor.project.facts.files.systemd import words
from auditor.project.facts.names import kind_of
from auditor.project.facts.record import EMPTY, Record
from auditor.project.files import language_of


def read(name: str, text: str) -> Record:
    path = PurePosixPath(name)
    return extract(path, language_of(path) or "", text)


UNIT = """\
[Unit]
Description=The web server

[Service]
Environment="A=one two" B=2
Environment=C=50%% ; D=4
EnvironmentFile=-/etc/web.env
EnvironmentFile=/etc/base.env
User=web
WorkingDirectory=-/srv/app
ExecStartPre=-/srv/app/migrate
# the server
ExecStart=@/srv/app/venv/bin/gunicorn web-server \\
    --workers 2 \\
# not a part of it
    app:app
"""


def test_a_unit_says_its_command_folder_user_and_environment() -> None:
    main, before = read("web.service", UNIT).units
    assert (main.name, main.runs, main.folder, main.user, main.opens) == ("web.service", "service", "/srv/app", "web", True)
    assert main.command is not None
    assert (main.command.words, main.command.place.line) == (("/srv/app/venv/bin/gunicorn", "--workers", "2", "app:app"), 13)
    assert [(variable.name, variable.value, variable.place.line) for variable in main.variables] == [
        ("A", "one two", 5),
        ("B", "2", 5),
        ("C", "50%", 6),
        ("D", "4", 6),
    ]
    assert [(file.path, file.required) for file in main.files] == [("/etc/web.env", False), ("/etc/base.env", True)]
    assert (before.name, before.runs) == ("web.service ExecStartPre", "once")
    assert before.command is not None
    assert before.command.words == ("/srv/app/migrate",)


def test_an_empty_setting_throws_away_those_before_it() -> None:
    (unit,) = read("a.service", "[Service]\nEnvironment=A=1\nEnvironment=\nEnvironment=B=2\nExecStart=/bin/a\nExecStart=\nExecStart=/bin/b\n").units
    assert unit.command is not None
    assert (unit.command.words, [variable.name for variable in unit.variables]) == (("/bin/b",), ["B"])


def test_a_oneshot_runs_once_and_a_semicolon_parts_its_commands() -> None:
    units = read("a.service", "[Service]\nType=oneshot\nExecStart=/bin/a x ; /bin/b \\; y\n").units
    assert [(unit.command.words, unit.runs) for unit in units if unit.command] == [(("/bin/a", "x"), "once"), (("/bin/b", ";", "y"), "once")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a  b\tc", ("a", "b", "c")),
        ("\"a b\" 'c d'", ("a b", "c d")),
        ('x="a b"c', ("x=a bc",)),
        (r"a\x b\sc \"d", ("ax", "b c", '"d')),
        ('"never closed', ("never closed",)),
        ('""', ("",)),
        ("", ()),
        ("a\\", ("a\\",)),
    ],
)
def test_words_are_split_as_systemd_splits_them(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


def test_what_is_no_unit_says_nothing_and_a_broken_one_why() -> None:
    assert read("a.service", "[D-BUS Service]\nName=a.b\nExec=/usr/bin/a\n") is EMPTY
    assert read("a.service", "<?xml version='1.0'?>\n<service-group/>\n") is EMPTY
    assert read("a.service", "[Service]\nUser={{ user }}\nExecStart=/bin/a\n").left_out == "is a template"
    fault = read("a.service", "[Unit]\n\n[Service\nExecStart=/bin/a\n").fault
    assert fault is not None
    assert fault.line == 3


PROGRAMS = """\
[supervisord]
nodaemon = true
environment = LANG="C",A="0"

[program:web]
command: /srv/venv/bin/gunicorn app:app
    --workers 2 ; the server
Directory = /srv/app
user = web
numprocs = 3
environment =
    A="one, two",
    B=%(ENV_HOME)s,C="50%%"

[eventlistener:log]
command = bin/log  # comment

[group:all]
programs = web
"""


def test_a_program_says_its_command_folder_user_and_environment() -> None:
    web, log = read("conf/services.conf", PROGRAMS).units
    assert (web.name, web.folder, web.user, web.replicas, web.opens) == ("web", "/srv/app", "web", 3, True)
    assert web.command is not None
    assert (web.command.words, web.command.place.line) == (("/srv/venv/bin/gunicorn", "app:app", "--workers", "2"), 6)
    assert [(variable.name, variable.value, variable.source, variable.place.line) for variable in web.variables] == [
        ("LANG", "C", "literal", 3),
        ("A", "one, two", "literal", 11),
        ("B", "%(ENV_HOME)s", "caller", 11),
        ("C", "50%", "literal", 11),
    ]
    assert log.command is not None
    assert (log.name, log.command.words) == ("log", ("bin/log",))


def test_other_configuration_of_that_suffix_says_nothing() -> None:
    assert kind_of(PurePosixPath("redis.conf"), "text") == "supervisor"
    assert read("redis.conf", "maxmemory 100mb\n") is EMPTY
    assert read("setup.ini", "[flake8]\nmax-line-length=100\n") is EMPTY


def test_a_line_that_is_no_setting_is_a_fault() -> None:
    fault = read("a.conf", "[program:a]\ncommand=/bin/a\nautostart\n").fault
    assert fault is not None
    assert fault.line == 3


HOSTILE = [
    "[Service]\n" + "Environment=A=1\n" * 20_000,
    "[Service]\nType=oneshot\n" + "Environment=A=1\nExecStart=/bin/a\n" * 10_000,
    "[supervisord]\nenvironment=" + "".join(f"A{number}=1," for number in range(10_000)) + "\n" + "[program:a]\ncommand=/bin/a\n" * 10_000,
    "[Service]\nExecStart=" + "\\\n" * 100_000,
    "[Service]\nExecStart=" + '"' * 100_001,
    "[Service]\nExecStart=\0\ud800%\n",
    "[Service]\nWorkingDirectory=" + " " * 200_000 + "x",
    "[program:a]\n" + "command=/bin/a\n" * 20_000,
    "[program:a]\nenvironment=" + 'A="1",' * 20_000,
    "[program:a]\nenvironment=" + '"' * 100_001,
    "[program:a]\ncommand=/bin/a\n" + "  b\n" * 20_000,
    "[program:" + "[" * 100_000,
    "[program:a]\n" + "[" * 100_000 + "\n=\n",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("name", ["a.service", "a.conf"])
def test_hostile_text_is_read_in_time_and_never_raises(name: str, text: str) -> None:
    started = time.monotonic()
    read(name, text)
    assert time.monotonic() - started < 5
