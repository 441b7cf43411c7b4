"""Schedulers that start with the application, in each of its worker processes."""

import pytest
from made_scanned import scanned

RULE = "python/scheduler-per-worker"
HEAD = "from flask import Flask\nfrom apscheduler.schedulers.background import BackgroundScheduler\napp = Flask(__name__)\nseen = {}\n"
JOB = "def job():\n    print('sent')\n"
ADD = "s = BackgroundScheduler()\ns.add_job(job, 'interval', hours=1)\n"
SEVERAL = {"Procfile": "web: gunicorn -w 4 web:app\n"}


def outcomes(root, code, files=SEVERAL):
    return list(scanned(root, RULE, {"requirements.txt": "schedule\n", "web.py": code, **files}).values())


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (SEVERAL, ["fail"]),
        ({"Procfile": "web: gunicorn web:app\n"}, ["review"]),
        ({"Procfile": "web: gunicorn -w 1 web:app\n"}, []),
        ({"Procfile": "web: gunicorn -w 4 --preload web:app\n"}, ["pass"]),
        ({"Procfile": "web: gunicorn -w 4 web:app\n", "gunicorn.conf.py": "preload_app = True\n"}, ["pass"]),
        ({"Procfile": "web: gunicorn -w 4 other:app\n", "other.py": "app = 1\n"}, []),
        ({"Procfile": "web: python web.py\n"}, []),
    ],
)
def test_only_several_workers_that_import_it(tmp_path, files, expected):
    assert outcomes(tmp_path, HEAD + JOB + ADD + "s.start()\n", files) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (HEAD + JOB + ADD + "if __name__ == '__main__':\n    s.start()\n", []),
        (HEAD + JOB + ADD + "def begin():\n    s.start()\n", []),
        (HEAD + JOB + ADD + "def begin():\n    s.start()\nbegin()\n", ["fail"]),
        (HEAD + JOB + ADD + "import os\nif os.environ.get('RUN_JOBS'):\n    s.start()\n", ["review"]),
        (HEAD + JOB + ADD + "import fcntl\nfcntl.flock(open('x'), 6)\ns.start()\n", ["review"]),
        # each process refreshes what it holds itself
        (HEAD + "def job():\n    seen['x'] = 1\n" + ADD + "s.start()\n", ["review"]),
        (HEAD + "def job():\n    global seen\n    seen = {}\n" + ADD + "s.start()\n", ["review"]),
        # no job is known
        (HEAD + "s = BackgroundScheduler()\ns.start()\n", ["review"]),
        (HEAD + "s = BackgroundScheduler()\n@s.scheduled_job('cron', hour=1)\n" + JOB + "s.start()\n", ["fail"]),
        (
            "import threading, schedule\n" + HEAD + JOB + "def loop():\n    while True:\n        schedule.run_pending()\n"
            "schedule.every().day.do(job)\nthreading.Thread(target=loop).start()\n",
            ["fail"],
        ),
        ("import threading\n" + HEAD + "def loop():\n    while True:\n        pass\nthreading.Thread(target=loop).start()\n", []),
        (
            "from flask import Flask\nfrom apscheduler.schedulers.background import BackgroundScheduler\n"
            + JOB
            + "def create_app():\n    app = Flask(__name__)\n"
            "    s = BackgroundScheduler()\n    s.add_job(job, 'cron')\n    s.start()\n    return app\napp = create_app()\n",
            ["fail"],
        ),
    ],
)
def test_what_starts_and_what_it_runs(tmp_path, code, expected):
    assert outcomes(tmp_path, code) == expected
