"""Programs of supervisor, units of systemd, entrypoints of containers and what they start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from auditor.model import Outcome
from auditor.project.config import load_config
from auditor.scan import ScanOptions, scan


def verdicts(root: Path, files: Mapping[str, str | bytes], gotcha: str) -> dict[tuple[str, int], str]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    report = scan(root, ScanOptions(config=load_config(root), select=(gotcha,), jobs=1))
    assert not [result.message for result in report.results if result.outcome is Outcome.ERROR]
    return {(str(result.place.path), result.place.line): result.outcome.value for result in report.results}


def of_program(root: Path, lines: str, gotcha: str, files: Mapping[str, str] | None = None) -> str | None:
    """The verdict on the one line that `lines` add to a program of supervisor."""
    found = verdicts(root, {"deploy/web.conf": f"[program:web]\n{lines}\n", **(files or {})}, gotcha)
    assert len(found) < 2
    return next(iter(found.values()), None)


def of_service(root: Path, lines: str, gotcha: str, files: Mapping[str, str] | None = None) -> str | None:
    """The verdict on the one line that `lines` add to a service of systemd."""
    found = verdicts(root, {"web.service": f"[Service]\n{lines}\n", **(files or {})}, gotcha)
    assert len(found) < 2
    return next(iter(found.values()), None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('A="a%40s"', "fail"),
        ('A="a%2Fb"', "fail"),
        ('A="100%"', "fail"),
        ('A="a%sb"', "fail"),
        ('A="a%%40b"', "pass"),
        ('A="%(ENV_HOME)s/%(program_name)s_%(process_num)02d"', "pass"),
        ('A="a%%%(ENV_X)s"', "pass"),
        ('A="a%%%40s"', "fail"),
        ('A="a" ; 100% of it', None),
        ('A="a"', None),
    ],
)
def test_percent_signs_under_supervisor(tmp_path: Path, value: str, expected: str | None) -> None:
    assert of_program(tmp_path, f"environment={value}", "supervisor/percent-in-environment") == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("cd /srv && ./run", "fail"),
        ("/srv/run && /srv/other", "fail"),
        ("/srv/run | /srv/log", "fail"),
        ("/srv/run > /var/log/run.log", "fail"),
        ("/srv/run 2>&1", "fail"),
        ("/srv/run >/dev/null", "fail"),
        ("/srv/run &", "fail"),
        ("A=1 /srv/run", "fail"),
        ("source /srv/env", "fail"),
        ("/srv/run --port $PORT", "fail"),
        ("/srv/run --port ${PORT}", "fail"),
        ("/srv/run --text '$PORT'", None),
        ('/usr/bin/php -r "echo $argc;"', None),
        ("/bin/bash -c 'cd /srv && exec ./run'", "pass"),
        ('su web -c "cd /srv && ./run > log"', "pass"),
        ("/usr/bin/env bash -c 'a && b'", None),
        ('/usr/sbin/nginx -g "daemon off;"', None),
        ("/srv/run ; a comment && more", None),
        ("/srv/run --filter a>b", None),
        ("/srv/run --level >5", "fail"),
        ("/srv/run --url http://x/?a=1&b=2", None),
        ("/srv/run --port %(ENV_PORT)s", None),
    ],
)
def test_shell_syntax_under_supervisor(tmp_path: Path, command: str, expected: str | None) -> None:
    assert of_program(tmp_path, f"command={command}", "supervisor/shell-syntax-in-command") == expected


@pytest.mark.parametrize(
    ("lines", "files", "expected"),
    [
        ("command=/usr/bin/python3 manage.py x", {}, "fail"),
        ("command=python3 -u main.py", {}, "fail"),
        ("command=node server.js", {}, "fail"),
        ("command=bin/run", {}, "fail"),
        ("command=bin/run\ndirectory=/srv", {}, "fail"),
        ("command=node server.js\ndirectory=/srv", {}, "pass"),
        ("command=node /srv/server.js", {}, None),
        ("command=node server.js", {"Dockerfile": "FROM x\nWORKDIR /app\nCMD supervisord -n\n"}, "review"),
        ("command=node server.js\n[supervisord]\nnodaemon=true", {}, "review"),
        ("command=gunicorn app:app", {"app.py": "app = 1\n"}, "fail"),
        ("command=gunicorn app:app", {}, None),
        ("command=gunicorn app:app", {"app.py": "app = 1\n", "pyproject.toml": "[project]\nname='app'\n"}, None),
        ("command=gunicorn --chdir /srv app:app", {"app.py": "app = 1\n"}, None),
        ("command=%(here)s/run", {}, None),
    ],
)
def test_relative_paths_under_supervisor(tmp_path: Path, lines: str, files: Mapping[str, str], expected: str | None) -> None:
    assert of_program(tmp_path, lines, "supervisor/no-directory", files) == expected


@pytest.mark.parametrize(
    ("command", "files", "expected"),
    [
        ("/usr/sbin/nginx", {}, "fail"),
        ("/usr/sbin/nginx -g 'daemon off;'", {}, "pass"),
        ("/usr/sbin/nginx", {"nginx/nginx.conf": "daemon off;\nevents {}\n"}, "pass"),
        ("/usr/sbin/nginx", {"Dockerfile": "FROM x\nRUN echo 'daemon off;' >> /etc/nginx/nginx.conf\n"}, "pass"),
        ("/usr/sbin/nginx", {"Dockerfile": "FROM somebody/nginx\n"}, "review"),
        ("/usr/sbin/nginx", {"Dockerfile": "FROM x\nCOPY nginx.conf /etc/nginx/\n", "nginx.conf": "events { }\n"}, "fail"),
        ("/srv/gunicorn -D app:app", {}, "fail"),
        ("/srv/gunicorn app:app", {}, "pass"),
        ("/usr/bin/python3 -m gunicorn --daemon app:app", {}, "fail"),
        ("/usr/bin/redis-server --daemonize no", {}, None),
        ("/usr/bin/celery -A a worker --detach", {}, "fail"),
    ],
)
def test_daemons_under_supervisor(tmp_path: Path, command: str, files: Mapping[str, str], expected: str | None) -> None:
    assert of_program(tmp_path, f"command={command}", "supervisor/daemonizes", files) == expected


@pytest.mark.parametrize(
    ("script", "more", "expected"),
    [
        ("gunicorn app:app\n", "", "fail"),
        ("exec gunicorn app:app\n", "", "pass"),
        ("gunicorn app:app\n", "\nstopasgroup=true", "pass"),
        ("gunicorn app:app\n", "\nkillasgroup=true", "fail"),
        ("trap 'kill 0' TERM\ngunicorn app:app\n", "", None),
        ("gunicorn app:app &\nwait\n", "", None),
        ("python manage.py migrate\n", "", None),
        ("gunicorn --daemon app:app\n", "", None),
        ('if [ "$DEV" = 1 ]; then flask run; else gunicorn app:app; fi\n', "", "fail"),
        ('npm run "$1"\n', "", None),
    ],
)
def test_scripts_between_supervisor_and_the_server(tmp_path: Path, script: str, more: str, expected: str | None) -> None:
    found = of_program(tmp_path, f"command=/srv/run.sh{more}", "supervisor/orphaned-children", {"run.sh": "#!/bin/sh\n" + script})
    assert found == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ExecStart=venv/bin/run", "fail"),
        ("ExecStart=-./run", "fail"),
        ("ExecStart=~/run", "fail"),
        ("ExecStart=/srv/run", "pass"),
        ("ExecStart=@/srv/run name", "pass"),
        ('ExecStart="/srv/a b/run" x', "pass"),
        ("ExecStart=python3 x", None),
        ("ExecStart=%h/run", None),
        ("ExecStop=bin/stop", "fail"),
        ("WorkingDirectory=app", "fail"),
        ('WorkingDirectory="/srv/app"', "fail"),
        ("WorkingDirectory=~/app", "fail"),
        ("WorkingDirectory=~", None),
        ("WorkingDirectory=-/srv/app", None),
        ("EnvironmentFile=-.env", "fail"),
        ("EnvironmentFile=/etc/app.env", None),
        ("EnvironmentFile=", None),
        ("WorkingDirectory=<the folder>", None),
        ("ExecStart=PATH_TO_APP/run", None),
    ],
)
def test_relative_paths_in_units(tmp_path: Path, line: str, expected: str | None) -> None:
    assert of_service(tmp_path, line, "systemd/relative-path") == expected


def test_units_that_a_script_fills_in_are_left_out(tmp_path: Path) -> None:
    files = {"install.sh": 'sed -i "s~project_path~$PWD~g" web.service\n'}
    assert of_service(tmp_path, "WorkingDirectory=project_path/src", "systemd/relative-path", files) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Environment=A=a%40b", "fail"),
        ("Environment=A=a%%40b", "pass"),
        ("Environment=A=postgres://a:%b5c@h/", "fail"),
        ("Environment=A=%h/x", "pass"),
        ("Environment=A=100% B=%(message)s", "pass"),
        ("ExecStart=/bin/x a%20b", "fail"),
        ("ExecStart=/bin/sh -c 'date +%Y'", "fail"),
        ("ExecStart=/bin/sh -c 'date +%%Y'", "pass"),
        ("ExecStart=/bin/x --name %n --id %i", "pass"),
        ("Description=50%2", None),
    ],
)
def test_percent_signs_in_units(tmp_path: Path, line: str, expected: str | None) -> None:
    assert of_service(tmp_path, line, "systemd/unescaped-percent") == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ExecStart=cd /srv && ./run", "fail"),
        ("ExecStart=/bin/a && /bin/b", "fail"),
        ("ExecStart=/bin/a >> /var/log/a", "fail"),
        ("ExecStart=/bin/a --cpus $(nproc)", "fail"),
        ("ExecStart=/bin/a --cpus `nproc`", "fail"),
        ("ExecStart=/bin/a $A ${B}", None),
        ("ExecStart=/bin/bash -c 'a && b $(c)'", "pass"),
        ("ExecStart=-/bin/sh -c 'a'", "pass"),
        ("Type=oneshot\nExecStart=/bin/a ; /bin/b", None),
        ('ExecStart=/bin/a "x && y"', None),
    ],
)
def test_shell_syntax_in_units(tmp_path: Path, line: str, expected: str | None) -> None:
    assert of_service(tmp_path, line, "systemd/shell-syntax-in-command") == expected


IMAGE = "FROM python:3.12-slim\nCOPY . .\n"


@pytest.mark.parametrize(
    ("script", "start", "expected"),
    [
        (b"#!/bin/sh\nexec a\n", 'ENTRYPOINT ["/run.sh"]', "fail"),
        (b"#!/bin/sh\nexec a\n", 'ENTRYPOINT ["sh", "/run.sh"]', "pass"),
        (b"#!/bin/sh\nexec a\n", 'RUN chmod +x run.sh\nENTRYPOINT ["/run.sh"]', "pass"),
        (b"#!/bin/sh\nexec a\n", "CMD ./run.sh", "fail"),
        (b"#!/bin/sh\r\nexec a\r\n", 'RUN chmod +x run.sh\nENTRYPOINT ["/run.sh"]', "fail"),
        (b"#!/bin/sh\r\nexec a\r\n", 'ENTRYPOINT ["sh", "/run.sh"]', "fail"),
        (b"#!/bin/sh\r\nexec a\r\n", "RUN sed -i 's/\\r$//' run.sh && chmod +x run.sh\nENTRYPOINT [\"/run.sh\"]", "pass"),
        (b"#!/bin/sh\nexec a\n", 'ENTRYPOINT ["/other.sh"]', None),
        (b"#!/bin/sh\nexec a\n", 'ENTRYPOINT ["sh", "-c", "/run.sh"]', None),
    ],
)
def test_scripts_the_kernel_is_asked_to_run(tmp_path: Path, script: bytes, start: str, expected: str | None) -> None:
    found = verdicts(tmp_path, {"run.sh": script, "Dockerfile": f"{IMAGE}{start}\n"}, "docker/entrypoint-not-executable")
    assert list(found.values()) == ([expected] if expected else [])


def test_a_script_that_is_executable_here_is_so_in_the_image(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text("#!/bin/sh\nexec a\n")
    (tmp_path / "run.sh").chmod(0o755)
    found = verdicts(tmp_path, {"Dockerfile": f'{IMAGE}ENTRYPOINT ["/run.sh"]\n'}, "docker/entrypoint-not-executable")
    assert list(found.values()) == ["pass"]


@pytest.mark.parametrize(
    ("script", "start", "expected"),
    [
        ("gunicorn a:a\n", 'ENTRYPOINT ["/run.sh"]', ["fail"]),
        ('"$@"\n', 'ENTRYPOINT ["/run.sh"]', ["fail"]),
        ("exec gunicorn a:a\n", 'ENTRYPOINT ["/run.sh"]', ["pass"]),
        ("gunicorn a:a\n", 'ENTRYPOINT ["tini", "--", "/run.sh"]', []),
        ("gunicorn a:a\n", 'CMD ["bash", "/run.sh"]', ["fail"]),
        ("npm run dev\n", 'CMD ["bash", "/run.sh"]', []),
        ("npm start\n", 'CMD ["bash", "/run.sh"]', ["fail"]),
        ("python manage.py migrate\n", 'CMD ["/run.sh"]', []),
        ("gunicorn a:a\n", 'CMD ["gunicorn", "a:a"]', []),
        ("if a; then exec gunicorn a:a; fi\nwait\n", 'CMD ["/run.sh"]', []),
    ],
)
def test_entrypoints_that_wait(tmp_path: Path, script: str, start: str, expected: list[str]) -> None:
    found = verdicts(tmp_path, {"run.sh": f"#!/bin/sh\n{script}", "Dockerfile": f"{IMAGE}{start}\n"}, "docker/entrypoint-without-exec")
    assert list(found.values()) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("FROM python:3.12-slim\nHEALTHCHECK CMD curl -f http://x", "fail"),
        ("FROM python:3.12-slim-bookworm\nHEALTHCHECK --interval=5s CMD wget -q x || exit 1", "fail"),
        ("FROM python:3.12\nHEALTHCHECK CMD curl -f http://x", None),
        ("FROM node:22-alpine3.20\nHEALTHCHECK CMD curl -f http://x", "fail"),
        ("FROM node:22-alpine\nHEALTHCHECK CMD wget -q x", "pass"),
        ("FROM nginx:alpine\nHEALTHCHECK CMD curl -f http://x", None),
        ("FROM python:3.12-slim\nRUN apt-get install -y curl\nHEALTHCHECK CMD curl -f http://x", "pass"),
        ("FROM python:3.12-slim\nRUN apt-get install -y git\nHEALTHCHECK CMD curl -f http://x", "fail"),
        ("FROM python:3.12-slim\nRUN ./install.sh\nHEALTHCHECK CMD curl -f http://x", "review"),
        ("FROM python:3.12-slim\nCOPY a/run.sh /x.sh\nRUN chmod +x /x.sh\nHEALTHCHECK CMD curl -f http://x", "fail"),
        ("FROM python:3.12-slim\nARG P\nRUN apt-get install -y $P\nHEALTHCHECK CMD curl -f http://x", "review"),
        ('FROM debian:12\nHEALTHCHECK CMD ["curl", "-f", "http://x"]', "fail"),
        ("FROM debian:12\nHEALTHCHECK CMD sh -c 'curl -f x || wget x'", "fail"),
        ("FROM alpine:3\nHEALTHCHECK CMD curl -f x || wget x", None),
        ("FROM python:3.12-slim\nHEALTHCHECK CMD python /curl.py", None),
        ("FROM python:3.12 AS a\nFROM a\nHEALTHCHECK CMD curl x", None),
        ("FROM python:3.12-slim AS a\nRUN apt-get install -y curl\nFROM python:3.12-slim\nHEALTHCHECK CMD curl x", "fail"),
    ],
)
def test_tools_of_health_checks(tmp_path: Path, lines: str, expected: str | None) -> None:
    found = verdicts(tmp_path, {"Dockerfile": lines + "\n"}, "docker/healthcheck-tool-missing")
    assert list(found.values()) == ([expected] if expected else [])


CONFIG = 'bind = "0.0.0.0:9000"\nworkers = 4\n'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"Procfile": "web: gunicorn a:a\n", "gunicorn.conf.py": CONFIG}, ["pass"]),
        ({"Procfile": "web: gunicorn a:a\n", "gunicorn_config.py": CONFIG}, ["fail"]),
        ({"Procfile": "web: gunicorn -c gunicorn_config.py a:a\n", "gunicorn_config.py": CONFIG}, ["pass"]),
        ({"Procfile": "web: gunicorn -b :80 -w 2 a:a\n", "gunicorn_config.py": CONFIG}, ["pass"]),
        ({"Procfile": "web: gunicorn a:a\n", "deploy/gunicorn.conf.py": CONFIG}, ["fail"]),
        ({"Procfile": "web: cd deploy && gunicorn a:a\n", "deploy/gunicorn.conf.py": CONFIG}, ["pass"]),
        ({"Procfile": "web: gunicorn a:a --chdir deploy\n", "deploy/gunicorn.conf.py": CONFIG}, ["fail"]),
        ({"docker/Dockerfile": f'{IMAGE}CMD ["gunicorn", "a:a"]\n', "gunicorn.conf.py": CONFIG}, ["review"]),
        ({"Dockerfile": 'FROM x\nCOPY ./api .\nCMD ["gunicorn", "a:a"]\n', "api/gunicorn.conf.py": CONFIG}, ["pass"]),
        ({"Dockerfile": 'FROM x\nENV GUNICORN_CMD_ARGS="-w 3"\nCMD ["gunicorn", "a:a"]\n', "deploy/gunicorn_conf.py": CONFIG}, ["review"]),
        ({"Procfile": "web: gunicorn a:a\n", "gunicorn_helper.py": "import os\n"}, []),
        ({"gunicorn_config.py": CONFIG}, []),
    ],
)
def test_configurations_of_gunicorn(tmp_path: Path, files: Mapping[str, str], expected: list[str]) -> None:
    found = verdicts(tmp_path, {"a.py": "a = 1\n", **files}, "gunicorn/config-ignored")
    assert list(found.values()) == expected


@pytest.mark.parametrize(
    ("fly", "docker", "expected"),
    [
        ("[http_service]\ninternal_port = 8080\n", 'CMD ["uvicorn", "a:a", "--port", "8000"]', "fail"),
        ("[http_service]\ninternal_port = 8000\n", 'CMD ["uvicorn", "a:a", "--port=8000"]', "pass"),
        ("[http_service]\ninternal_port = 8080\n", "ENV PORT=8080\nCMD uvicorn a:a --port $PORT", "pass"),
        ("[env]\nPORT = '3000'\n[http_service]\ninternal_port = 8080\n", "CMD exec uvicorn a:a --port ${PORT:-8080}", "fail"),
        ("[http_service]\ninternal_port = 8080\n", "CMD uvicorn a:a --port ${PORT:-8080}", "pass"),
        ("[http_service]\ninternal_port = 8080\n", "CMD uvicorn a:a --port $PORT", None),
        ("[http_service]\ninternal_port = 8080\n", 'ENTRYPOINT ["./run.sh"]\nCMD ["uvicorn", "a:a", "--port", "8000"]', None),
        ("[http_service]\ninternal_port = 8080\n", 'CMD ["uvicorn", "a:a"]', None),
        ("[build]\nimage = 'x'\n[http_service]\ninternal_port = 8080\n", 'CMD ["uvicorn", "a:a", "--port", "8000"]', None),
        ("app = 'x'\n", 'CMD ["uvicorn", "a:a", "--port", "8000"]', None),
        ("[processes]\nweb = 'gunicorn -b [::]:80 a:a'\n[http_service]\ninternal_port = 8080\n", "CMD x", "fail"),
        ("[processes]\nweb = 'gunicorn -b unix:/x a:a'\n[http_service]\ninternal_port = 8080\n", "CMD x", None),
    ],
)
def test_ports_of_fly(tmp_path: Path, fly: str, docker: str, expected: str | None) -> None:
    found = verdicts(tmp_path, {"fly.toml": fly, "Dockerfile": f"FROM x\n{docker}\n"}, "fly/internal-port-mismatch")
    assert list(found.values()) == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('Environment="PATH=/srv/bin:$PATH"', "fail"),
        ("Environment=A=${HOME}/x", "fail"),
        ("Environment=A=1 B=$A/x", "fail"),
        ("Environment=A=pa$word B=$$x C=a$", None),
        ("Environment=A=%h", None),
        ("ExecStart=/bin/x $PATH", None),
    ],
)
def test_shell_variables_in_units(tmp_path: Path, line: str, expected: str | None) -> None:
    assert of_service(tmp_path, line, "systemd/variable-in-environment") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [('PATH="/srv/bin:$PATH"', "fail"), ('PATH="/srv/bin:%(ENV_PATH)s"', None), ('A="pa$word"', None), ('A="1",B="$A"', "fail")],
)
def test_shell_variables_under_supervisor(tmp_path: Path, value: str, expected: str | None) -> None:
    assert of_program(tmp_path, f"environment={value}", "supervisor/variable-in-environment") == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Restart=always # x", "fail"),
        ("User=web #x", "fail"),
        ("ExecStart=/bin/x # y", "fail"),
        ("ExecStart=/bin/x '# y' a#b", None),
        ("Environment=A=#fff # x", None),
        ("WorkingDirectory=/srv/a#b", None),
        ("Restart=always", None),
    ],
)
def test_comments_behind_values(tmp_path: Path, line: str, expected: str | None) -> None:
    assert of_service(tmp_path, line, "systemd/comment-after-value") == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("uvicorn a:a", "fail"),
        ("uvicorn a:a --host=127.0.0.1", "fail"),
        ("poetry run uvicorn a:a --port $PORT", "fail"),
        ("cd api && uvicorn a:a", "fail"),
        ("uvicorn a:a --host 0.0.0.0", "pass"),
        ("uvicorn a:a --uds /x", None),
        ("gunicorn a:a", None),
        ("gunicorn -b localhost:8000 a:a", "fail"),
        ("gunicorn -c conf.py a:a", None),
        ("python manage.py runserver", "fail"),
        ("python manage.py runserver 0.0.0.0:$PORT", "pass"),
        ("flask run", "fail"),
        ("flask db upgrade", None),
        ("flask db upgrade; flask run", None),
        ("node server.js", None),
    ],
)
def test_addresses_on_platforms(tmp_path: Path, command: str, expected: str | None) -> None:
    files = {"render.yaml": f"services:\n  - type: web\n    name: a\n    startCommand: {command}\n"}
    assert list(verdicts(tmp_path, files, "paas/binds-loopback").values()) == ([expected] if expected else [])
