"""What command lines of servers say."""

import pytest

from auditor.project.facts.files.commands import words_of
from auditor.project.facts.servers import bound, expanded, target, tool, workers


@pytest.mark.parametrize(
    ("line", "variables", "expected"),
    [
        ("gunicorn a", {}, "127.0.0.1:8000"),
        ("gunicorn a", {"PORT": "80"}, "0.0.0.0:80"),
        ("gunicorn -b 0.0.0.0:80 a", {}, "0.0.0.0:80"),
        ("gunicorn -b0.0.0.0 a", {}, "0.0.0.0:8000"),
        ("gunicorn --bind=:80 a", {}, "0.0.0.0:80"),
        ("gunicorn -b 0.0.0.0:$PORT a", {}, "0.0.0.0"),
        ("gunicorn -b 0.0.0.0:$PORT a", {"PORT": "80"}, "0.0.0.0:80"),
        ("gunicorn -b 0.0.0.0:${PORT:-90} a", {}, "0.0.0.0:90"),
        ("gunicorn -c conf.py a", {}, None),
        ("gunicorn -b [::]:80 a", {}, "[::]:80"),
        ("python -m gunicorn -b 1.1.1.1:1 a", {}, "1.1.1.1:1"),
        ("uvicorn a:b", {}, "127.0.0.1:8000"),
        ("uvicorn a:b --host 0.0.0.0 --port 80", {}, "0.0.0.0:80"),
        ("uvicorn a:b --uds /x", {}, None),
        ("python manage.py runserver", {}, "127.0.0.1:8000"),
        ("python manage.py runserver 0.0.0.0:80 --noreload", {}, "0.0.0.0:80"),
        ("python manage.py runserver 80", {}, "127.0.0.1:80"),
        ("flask run -h 0.0.0.0", {}, "0.0.0.0:5000"),
        ("flask db upgrade", {}, None),
        ("waitress-serve --port=80 a:b", {}, "0.0.0.0:80"),
        ("node server.js", {}, None),
        ("daphne -e ssl:3006:privateKey=k:certKey=c a:b", {}, None),
        ("daphne -b 0.0.0.0 -p 3006 a:b", {}, "0.0.0.0:3006"),
    ],
)
def test_where_a_server_listens(line, variables, expected):
    found = bound(words_of(line), variables)
    assert (None if found is None else str(found)) == expected


@pytest.mark.parametrize(
    ("line", "variables", "expected"),
    [
        ("gunicorn a", {}, 1),
        ("gunicorn -w 4 a", {}, 4),
        ("gunicorn --workers=$N a", {"N": "3"}, 3),
        ("gunicorn --workers=$N a", {}, None),
        ("gunicorn a", {"WEB_CONCURRENCY": "2"}, 2),
        ("uvicorn a:b --workers 2", {}, 2),
        ("celery -A a worker", {}, None),
    ],
)
def test_how_many_workers_it_starts(line, variables, expected):
    assert workers(words_of(line), variables) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("gunicorn web", ("web", "application")),
        ("gunicorn -w 4 --access-logfile - web:app", ("web", "app")),
        ("gunicorn web.wsgi:create_app() -b :80", ("web.wsgi", "create_app")),
        ("uvicorn --factory web:make", ("web", "make")),
        ("python -m uvicorn web:app --reload", ("web", "app")),
        ("daphne -b 0.0.0.0 -p 80 web.asgi:application", ("web.asgi", "application")),
        ("gunicorn $TARGET", None),
        ("gunicorn -c conf.py", None),
        ("flask run", None),
        ("python web.py", None),
    ],
)
def test_what_it_loads(line, expected):
    assert target(words_of(line)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/usr/bin/gunicorn a", "gunicorn"),
        ("python3.12 -u -m uvicorn a", "uvicorn"),
        ("./manage.py runserver", "runserver"),
        ("python a.py", "python"),
    ],
)
def test_which_program_runs(line, expected):
    assert tool(words_of(line)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("$A-${B}", "1-${B}"), ("${B:-x}${B-y}", "xy"), ("${A:-x}", "1"), ("$$", "$$"), ("${C}", "")],
)
def test_variables_are_filled_in_as_far_as_they_are_known(text, expected):
    assert expanded(text, {"A": "1", "C": ""}) == expected
