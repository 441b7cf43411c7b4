"""One validation of an application that raises, and that prints what it should keep to itself."""

from __future__ import annotations

from pathlib import Path

from auditor.model import Outcome, Severity
from auditor.runtime.target import Endpoint
from tests.runtime.test_secrets import texts
from tests.runtime.test_validate import HEALTHY, validated

SECRET = "correct-horse-9-battery"
RAISES = HEALTHY.replace(
    "serve(",
    """
def do_GET(self):
    self.send_response(500 if self.path == "/orders" else 200)
    self.send_header("Content-Type", "application/json")
    self.send_header("Set-Cookie", "session=0123456789abcdef0123; Path=/")
    self.send_header("Content-Length", "2")
    self.end_headers()
    self.wfile.write(b"{}")
    if self.path == "/orders":
        print("session 0123456789abcdef0123", file=sys.stderr)
        raise LookupError("no order for " + os.environ["ORDERS_TOKEN"])

Handler.do_GET = do_GET
serve(""",
)


def test_an_exception_is_told_with_its_request_and_without_the_secret(tmp_path: Path) -> None:
    run = validated(
        tmp_path,
        RAISES,
        environment={"ORDERS_TOKEN": SECRET},
        endpoints=(Endpoint(path="/", status=(200,)), Endpoint(path="/orders", status=(200,))),
        notes=(f"the token is {SECRET}",),
    )
    found = [result for result in run.results if result.check == "runtime/log-traceback"]
    assert [(result.outcome, result.severity) for result in found] == [(Outcome.FAIL, Severity.ERROR)]
    assert found[0].message.startswith("Python: LookupError: no order for *** (during GET /orders")
    shown = texts((*run.results, *run.notes))
    assert "the token is ***" in shown
    assert not any(SECRET in text or "0123456789abcdef0123" in text for text in shown)
