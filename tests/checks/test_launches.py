"""Start commands: addresses, targets, programs."""

import pytest
from made_scanned import scanned

SUPERVISOR = "[program:web]\ncommand=gunicorn -b localhost:8000 web:app\n"
UNIT = "[Service]\nExecStart=/srv/venv/bin/gunicorn -b 127.0.0.1:8000 web:app\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"Dockerfile": "FROM x\nCMD gunicorn -b localhost:8000 web:app\n"}, {"Dockerfile:2": "fail"}),
        ({"Dockerfile": "FROM x\nCMD gunicorn -b :8000 web:app\n"}, {"Dockerfile:2": "pass"}),
        # the port comes from the platform, or from nobody
        ({"Dockerfile": "FROM x\nCMD gunicorn web:app\n"}, {"Dockerfile:2": "review"}),
        ({"Dockerfile": "FROM x\nENV PORT=80\nCMD gunicorn web:app\n"}, {"Dockerfile:3": "pass"}),
        ({"compose.yaml": "services:\n  web:\n    image: x\n    command: uvicorn web:app\n"}, {"compose.yaml:4": "fail"}),
        ({"compose.yaml": "services:\n  web:\n    image: x\n    network_mode: host\n    command: uvicorn web:app\n"}, {}),
        # outside of containers the loopback interface is where a proxy looks
        ({"deploy/supervisor/web.conf": SUPERVISOR, "Dockerfile": "FROM x\n"}, {}),
        ({"deploy/web.service": UNIT, "Dockerfile": "FROM x\n"}, {}),
    ],
)
def test_loopback_in_containers(tmp_path, files, expected):
    assert scanned(tmp_path, "docker/binds-loopback", {"web.py": "app = 1\n", **files}) == expected
