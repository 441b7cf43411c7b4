"""A stand-in for the model behind Claude Code, on loopback: it answers what a test has written down, and keeps what it was asked.

The wire format is that of https://docs.claude.com/en/api/messages-streaming, as far as the client needs it.
"""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Block = dict[str, object]


def says(text: str) -> Block:
    return {"type": "text", "text": text}


def uses(name: str, **arguments: object) -> Block:
    return {"type": "tool_use", "name": name, "input": arguments}


@dataclass
class Model:
    """``turns`` are given one after the other to requests that offer tools; ``asked`` are the last messages of those requests."""

    turns: Sequence[Block]
    port: int = 0
    asked: list[str] = field(default_factory=list)
    system: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: dict[str, object]) -> Block:
        if not request.get("tools"):
            return says("ok")
        messages = request.get("messages")
        assert isinstance(messages, list)
        with self.lock:
            number = len(self.asked)
            self.asked.append(json.dumps(messages, ensure_ascii=False))
        turn = self.turns[number] if number < len(self.turns) else says("There is nothing more to say.")
        return {**turn, "id": f"toolu_{number}"} if turn["type"] == "tool_use" else turn


def _events(block: Block) -> Iterator[dict[str, object]]:
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": "msg", "type": "message", "role": "assistant", "model": "canned", "content": [], "stop_reason": None, "stop_sequence": None}
    yield {"type": "message_start", "message": {**message, "usage": usage}}
    if block["type"] == "text":
        start: Block = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": block["text"]}
    else:
        start = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    yield {"type": "content_block_start", "index": 0, "content_block": start}
    yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    stop = "end_turn" if block["type"] == "text" else "tool_use"
    yield {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": {"output_tokens": 1}}
    yield {"type": "message_stop"}


@contextmanager
def serving(turns: Sequence[Block]) -> Iterator[Model]:
    model = Model(turns=turns)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.send(404, "application/json", b"{}")

        def do_HEAD(self) -> None:
            self.send(404, "application/json", b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if "count_tokens" in self.path:
                self.send(200, "application/json", b'{"input_tokens": 1}')
            elif "/v1/messages" not in self.path:
                self.send(404, "application/json", b"{}")
            else:
                request = json.loads(body)
                block = model.answer(request)
                if request.get("stream"):
                    stream = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in _events(block))
                    self.send(200, "text/event-stream", stream.encode())
                else:
                    message = {"id": "msg", "type": "message", "role": "assistant", "model": "canned", "content": [says("ok")]}
                    usage = {"input_tokens": 1, "output_tokens": 1}
                    whole = {**message, "stop_reason": "end_turn", "stop_sequence": None, "usage": usage}
                    self.send(200, "application/json", json.dumps(whole).encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    model.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
