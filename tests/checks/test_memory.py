"""State of requests in the memory of one process, where production has several."""

import pytest
from made_scanned import scanned

RULE = "python/in-memory-state-with-workers"
FLASK = "from flask import Flask\napp = Flask(__name__)\n"


def outcome(root, state, write, read, files=None, *, head=FLASK):
    code = f"{head}{state}\n@app.post('/w')\ndef write():\n    {write}\n@app.get('/r')\ndef read():\n    {read}\n"
    found = scanned(root, RULE, {"web.py": code, **(files or {"Procfile": "web: gunicorn -w 4 web:app\n"})})
    return found.get(f"web.py:{head.count(chr(10)) + 1}")


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ({"Procfile": "web: gunicorn -w 4 web:app\n"}, "fail"),
        ({"Procfile": "web: gunicorn --workers=2 web:app\n"}, "fail"),
        ({"Procfile": "web: gunicorn -w4 web:app\n"}, "fail"),
        ({"Procfile": "web: gunicorn -w 1 web:app\n"}, None),
        ({"Procfile": "web: gunicorn -w $N web:app\n"}, "review"),
        ({"Procfile": "web: gunicorn -w ${N:-3} web:app\n"}, "fail"),
        # Heroku sets WEB_CONCURRENCY
        ({"Procfile": "web: gunicorn web:app\n"}, "review"),
        ({"Dockerfile": "FROM python\nCMD gunicorn web:app\n"}, None),
        ({"Dockerfile": "FROM python\nENV WEB_CONCURRENCY=3\nCMD gunicorn web:app\n"}, "fail"),
        ({"Dockerfile": "FROM python\nCMD waitress-serve web:app\n"}, None),
        ({"Dockerfile": "FROM python\nCMD gunicorn web:app\n", "gunicorn.conf.py": "workers = 5\n"}, "fail"),
        ({"Dockerfile": "FROM python\nCMD gunicorn -c conf.py web:app\n", "conf.py": "import os\nworkers = int(os.environ.get('W', '5'))\n"}, "fail"),
        ({"Dockerfile": "FROM python\nCMD gunicorn -c conf.py web:app\n", "conf.py": "import os\nworkers = int(os.environ['W'])\n"}, "review"),
        (
            {
                "Dockerfile": "FROM python\nCMD gunicorn web:app\n",
                "gunicorn.conf.py": "import multiprocessing\nworkers = multiprocessing.cpu_count() * 2 + 1\n",
            },
            "fail",
        ),
        ({"Procfile": "web: gunicorn -w 4 other:app\n", "other.py": FLASK}, None),
        ({"Procfile": "web: gunicorn -w 4 wsgi:app\n", "wsgi.py": "from web import app\n"}, "fail"),
        ({"Procfile": "web: python web.py\n"}, None),
    ],
)
def test_only_several_processes_are_a_fault(tmp_path, start, expected):
    assert outcome(tmp_path, "items = []", "items.append(1)", "return items", start) == expected


@pytest.mark.parametrize(
    ("state", "write", "read", "expected"),
    [
        ("items = {}", "items['a'] = 1", "return items['a']", "fail"),
        ("items = {}", "items['a']['b'] = 1", "return items['a']", "fail"),
        ("items = set()", "items.discard(1)", "return list(items)", "fail"),
        ("ready = False", "global ready; ready = True", "return str(ready)", "fail"),
        ("n = 0", "global n; n += 1; return str(n)", "return ''", "fail"),
        ("n = 0", "global n; n += 1", "return ''", None),
        # nobody else looks, or whoever looks fills it
        ("items = []", "items.append(1)", "return ''", None),
        ("items = {}", "items['a'] = 1", "items.setdefault('a', 2); return items['a']", None),
        ("items = []", "if not items: items.extend(load())", "return items", None),
        ("model = None", "global model\n    if model is None: model = load()", "return str(model)", None),
        ("price_cache = {}", "price_cache.clear()", "return price_cache", None),
        ("ITEMS = [1, 2]", "return str(ITEMS)", "return ITEMS", None),
        # a name of the function itself
        ("items = []", "items = []; items.append(1)", "return items", None),
        ("items = []", "items.append(1)", "import redis; return items", "review"),
    ],
)
def test_what_is_done_with_the_state_decides(tmp_path, state, write, read, expected):
    assert outcome(tmp_path, state, write, read) == expected


def test_state_of_an_object_and_of_another_module(tmp_path):
    store = (
        "class Store:\n    def __init__(self):\n        self.jobs = {}\n"
        "    def put(self, key):\n        self.jobs[key] = 1\n    def get(self, key):\n        return self.jobs.get(key)\nstore = Store()\n"
    )
    code = (
        "from fastapi import FastAPI\nfrom store import store\napp = FastAPI()\n"
        "@app.post('/j')\ndef put():\n    store.put(1)\n@app.get('/j')\ndef get():\n    return store.get(1)\n"
    )
    files = {"store.py": store, "main.py": code, "Procfile": "web: uvicorn main:app --workers 2\n"}
    assert scanned(tmp_path, RULE, files) == {"store.py:8": "fail"}


def test_views_of_django_are_found_behind_its_entry(tmp_path):
    files = {
        "site/wsgi.py": "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
        "shop/views.py": "seen = []\ndef add(request):\n    seen.append(1)\ndef show(request):\n    return seen\n",
        "Procfile": "web: gunicorn -w 2 site.wsgi\n",
    }
    assert scanned(tmp_path, RULE, files) == {"shop/views.py:1": "fail"}


def test_uvicorn_started_by_the_program_itself(tmp_path):
    code = (
        "import uvicorn\nfrom fastapi import FastAPI\napp = FastAPI()\nseen = []\n@app.post('/a')\ndef add():\n    seen.append(1)\n"
        "@app.get('/a')\ndef show():\n    return seen\nif __name__ == '__main__':\n    uvicorn.run('main:app', workers=3)\n"
    )
    assert scanned(tmp_path, RULE, {"main.py": code, "Procfile": "web: python main.py\n"}) == {"main.py:4": "fail"}
