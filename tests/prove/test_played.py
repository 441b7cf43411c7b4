"""What a plan says besides its observations: what it needs, where it runs, what it takes away, and requests that come together."""

from dataclasses import replace
from typing import Any

import pytest

from auditor.catalogue import load
from auditor.errors import CatalogueError
from auditor.model import Gotcha
from auditor.prove.run import Proven, prove

SERVER = """
import itertools, os, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

together, seen = threading.Barrier(2), itertools.count(1)

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/both":
            together.wait(5)
        body = str(next(seen)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def gotcha() -> Gotcha:
    return next(gotcha for gotcha in load((), cached=False).gotchas if gotcha.id == "python/env-unchecked")


def proven(gotcha: Gotcha, **said: Any) -> Proven:
    return prove(replace(gotcha, proof=replace(gotcha.proof, plan={"base": "nginx", **said})))


def test_what_is_missing_is_no_verdict(gotcha: Gotcha) -> None:
    found = proven(gotcha, needs=["no-such-tool --version"], run="false", fails=[{"exit": 0}], works=[{"exit": 0}])
    assert (found.holds, found.missing) == (False, "`no-such-tool --version` does not work on this machine")
    assert proven(gotcha, needs=["true"], run="python3 -c 'raise SystemExit(3)'", fails=[{"exit": 3}], works=[{"exit": 3}]).holds
    with pytest.raises(CatalogueError, match=r"`prove\.needs` is no list of commands"):
        proven(gotcha, needs="true", run="true", fails=[{"exit": 0}], works=[{"exit": 0}])


def test_where_it_runs_and_with_what(gotcha: Gotcha) -> None:
    files = {"below/here.txt": "found\n"}
    look = [{"exit": 0, "output": "found"}, {"exit": 0, "output": "port none"}]
    assert proven(gotcha, files=files, cwd="below", env={"PORT": None}, run="cat here.txt; echo port ${PORT:-none}", fails=look, works=look).holds


def test_requests_together(gotcha: Gotcha) -> None:
    at_once = [{"get": "/both", "times": 2, "together": 2, "all": {"status": 200}}]
    one_by_one = [{"get": "/both", "times": 2, "some": {"status": 200}}]
    found = proven(gotcha, files={"server.py": SERVER}, serve="exec python3 server.py", fails=at_once, works=one_by_one)
    assert [looked.held for looked in (*found.fails, *found.works)] == [True, False], found


def test_nobody_there_is_a_verdict(gotcha: Gotcha) -> None:
    closes = "import http.server, os\n\nserver = http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), http.server.SimpleHTTPRequestHandler)"
    files = {"server.py": f"{closes}\nserver.handle_request()\nserver.socket.close()\nimport time\ntime.sleep(20)\n"}
    look = [{"get": "/", "times": 2, "together": 2, "status": 200}]
    found = proven(gotcha, files=files, serve="exec python3 server.py", fails=look, works=look)
    assert (found.missing, [looked.held for looked in found.fails]) == ("", [False])
    assert "refused" in found.fails[0].seen
