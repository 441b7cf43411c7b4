"""A `.env` file that `flask run` reads and the server of production does not."""

import pytest
from made_scanned import scanned

RULE = "flask/dotenv-only-under-flask-run"
CODE = "import os\nfrom flask import Flask\napp = Flask(__name__)\nkey = {}\n"
COMPOSE = "services:\n  web:\n    build: .\n    command: gunicorn app:app\n"
DOCKER = "FROM python:3.12\nCOPY . .\nCMD gunicorn app:app\n"


def outcomes(root, files, read="os.environ['SHOP_KEY']"):
    base = {"app.py": CODE.format(read), ".env": "SHOP_KEY=abc\n", "requirements.txt": "flask\npython-dotenv\ngunicorn\n"}
    return list(scanned(root, RULE, {**base, **files}).values())


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"compose.yaml": COMPOSE}, ["fail"]),
        ({"compose.yaml": COMPOSE + "    env_file: .env\n"}, ["pass"]),
        ({"compose.yaml": COMPOSE + "    environment:\n      SHOP_KEY: ${SHOP_KEY}\n"}, []),
        ({"compose.yaml": COMPOSE + "    environment: [SHOP_KEY]\n"}, []),
        ({"compose.yaml": COMPOSE, "Dockerfile": "FROM python:3.12\nENV SHOP_KEY=abc\n"}, []),
        ({"compose.yaml": COMPOSE, "config.py": "from dotenv import load_dotenv\nload_dotenv()\n"}, ["pass"]),
        ({"compose.yaml": COMPOSE, "requirements.txt": "flask\n"}, []),
        ({"compose.yaml": COMPOSE, ".env": "OTHER=1\n"}, []),
        ({"compose.yaml": "services:\n  web:\n    command: flask run\n"}, []),
        # a platform may set the variables
        ({"Procfile": "web: gunicorn app:app\n"}, ["review"]),
        ({"Dockerfile": DOCKER}, ["review"]),
        ({"Dockerfile": DOCKER, "compose.yaml": "services:\n  web:\n    build: .\n"}, ["fail"]),
        ({"Dockerfile": DOCKER, "compose.yaml": "services:\n  web:\n    build: ./other\n"}, ["review"]),
        ({"compose.yaml": COMPOSE, "start.sh": "set -a; source .env; set +a\n"}, ["pass"]),
    ],
)
def test_who_gives_the_variables(tmp_path, files, expected):
    assert outcomes(tmp_path, files) == expected


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ("os.environ['SHOP_KEY']", ["fail"]),
        ("os.environ.get('SHOP_KEY', 'x')", []),
        ("os.environ['SHOP_KEY'] if 'SHOP_KEY' in os.environ else ''", []),
        ("os.environ['PORT']", []),
    ],
)
def test_which_reads_need_them(tmp_path, read, expected):
    assert outcomes(tmp_path, {"compose.yaml": COMPOSE, ".env": "SHOP_KEY=1\nPORT=1\n"}, read) == expected
