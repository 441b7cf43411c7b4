"""The ports that a command names."""

import pytest

from auditor.project.facts import listening
from auditor.project.facts.commands import words_of


@pytest.mark.parametrize(
    ("command", "ports"),
    [
        ("gunicorn -b 0.0.0.0:8000 a:b", {8000}),
        ("gunicorn -b :8000 --bind=[::]:9000 a:b", {8000, 9000}),
        ("gunicorn -b0.0.0.0:80 a:b", {80}),
        ("gunicorn a:b", set()),
        ("gunicorn -b unix:/run/a.sock a:b", set()),
        ("uvicorn --port 9000 a:b", {9000}),
        ("python -m uvicorn a:b --port=9000", {9000}),
        ("python manage.py runserver 0.0.0.0:8000", {8000}),
        ("python manage.py runserver --noreload", set()),
        ("python -m http.server 8080", {8080}),
        ("flask run -p 80", {80}),
        ("sh -c 'python manage.py migrate && exec gunicorn -b 0.0.0.0:$PORT a:b'", {5000}),
        ("uvicorn --port $(PORT) a:b", {5000}),
        ("uvicorn --port $OTHER a:b", set()),
        ("node server.js --port 80", set()),
        ("celery -A a worker", set()),
        ("", set()),
    ],
)
def test_ports(command, ports):
    assert listening.ports_of(listening.words(words_of(command), {"PORT": "5000"})) == ports
