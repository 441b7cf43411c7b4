"""The plugin in the real Codex: installed from its marketplace, and a session against a canned model on loopback.

The wire format of the model is that of https://platform.openai.com/docs/api-reference/responses-streaming, as far as the client needs it.
"""

import json
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from made_event import FAILS, project
from plugin_command import installed
from real_clients import CODEX, environment, installed_client, plugin_alone

pytestmark = pytest.mark.real


def says(text: str) -> dict[str, object]:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def runs(command: str) -> dict[str, object]:
    return {"type": "function_call", "name": "exec_command", "arguments": json.dumps({"cmd": command})}


@contextmanager
def serving(turns: Sequence[dict[str, object]]) -> Iterator[tuple[int, list[str]]]:
    """A port, and what the model behind it was asked: the last thing said to it, each time."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def send(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.send("application/json", b'{"models": [], "data": []}')

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)))
            number = len(asked)
            asked.append(json.dumps(request["input"][-2:], ensure_ascii=False))
            item = {**(turns[number] if number < len(turns) else says("There is nothing more to say.")), "call_id": f"c{number}"}
            usage = {"input_tokens": 1, "input_tokens_details": None, "output_tokens": 1, "output_tokens_details": None, "total_tokens": 2}
            events: list[dict[str, object]] = [
                {"type": "response.created", "response": {"id": f"r{number}"}},
                {"type": "response.output_item.done", "item": item},
                {"type": "response.completed", "response": {"id": f"r{number}", "usage": usage}},
            ]
            self.send("text/event-stream", "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()


def configuration(port: int, root: Path) -> str:
    return f"""model = "canned"
model_provider = "canned"
approval_policy = "never"

[model_providers.canned]
name = "canned"
base_url = "http://127.0.0.1:{port}/v1"
wire_api = "responses"
env_key = "CANNED_KEY"
request_max_retries = 0
stream_max_retries = 0

[projects."{root}"]
trust_level = "trusted"

[analytics]
enabled = false
"""


def patch(path: str, old: str, new: str) -> str:
    return f"apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: {path}\n@@\n-{old}\n+{new}\n*** End Patch\nEOF"


def test_a_session_with_the_plugin(tmp_path: Path) -> None:
    codex = installed_client(CODEX)
    root = project(tmp_path / "shop", web="from flask import Flask\n\napp = Flask(__name__)\n")
    (root / "app/pages.py").write_text(FAILS.replace('"frontend/dist"', "FRONTEND"))
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    before = (root / "docs/plans/teas.json").read_bytes()
    home = tmp_path / "home"
    (home / ".codex").mkdir(parents=True)
    plugin = plugin_alone(tmp_path / "plugin")
    turns = [
        runs(f"cat > app/web.py <<'EOF'\n{FAILS}EOF"),
        runs(
            patch(
                "app/pages.py", '    return send_from_directory(FRONTEND, "index.html")', '    return send_from_directory("frontend/dist", "x.html")'
            )
        ),
        runs(patch("docs/plans/teas.json", '  "status": "APPROVED",', '  "status": "COMPLETE",')),
        runs("sed -i s/false/true/ docs/plans/teas.json"),
        says("Done."),
        says("The rest is not mine to do."),
    ]
    with serving(turns) as (port, asked):
        (home / ".codex/config.toml").write_text(configuration(port, root))
        variables = environment(home, path=installed(home), CANNED_KEY="canned")

        def called(*arguments: str) -> str:
            ran = subprocess.run(
                [codex, *arguments],
                cwd=root,
                env=variables,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=180,
                check=False,
            )
            assert ran.returncode == 0, ran.stdout + ran.stderr
            return ran.stdout

        called("plugin", "marketplace", "add", str(plugin))
        called("plugin", "add", "gotcha-audit@gotcha-audit")
        # The sandbox of the client may be missing where this runs, and nothing but the turns above is run; trust is given by a person otherwise.
        flags = ("--json", "--dangerously-bypass-hook-trust", "--dangerously-bypass-approvals-and-sandbox")
        streamed = called("exec", *flags, "Serve the page.")

    assert len(asked) == 6, streamed
    started, edited, patched, denied, denied_again, reminded = asked
    assert "docs/plans/teas.json is approved, 0 of 2 tasks pass; next is 1, List of teas" in started
    assert "1 site fails in app/web.py. Tests pass with it, and production breaks" in edited
    assert "Success. Updated the following files" in patched
    assert "docs/plans/teas.json is an approved plan" in denied
    assert "docs/plans/teas.json is an approved plan" in denied_again
    assert (root / "docs/plans/teas.json").read_bytes() == before
    assert "before you stop:" in reminded
    assert "app/web.py:8 fails flask/relative-send-directory" in reminded
    assert "app/pages.py:8 fails flask/relative-send-directory" in reminded, "of this patch nothing was heard before"
    assert "tasks 1, 2 without evidence" in reminded
