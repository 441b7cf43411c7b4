"""Each request has a connection of its own: what one request did to the server's end of it is not taken for a fault of the next."""

import socket
import threading
from collections.abc import Iterator

import pytest

from auditor.runtime.client import Client


@pytest.fixture
def once() -> Iterator[int]:
    """A server that answers one request a connection, does not say so, and drops the connection when a second one arrives."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with connection:
                if connection.recv(65536):
                    connection.sendall(b"HTTP/1.1 500 Oops\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\noops")
                    connection.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_request_after_an_exception(once: int) -> None:
    client = Client("127.0.0.1", once)
    assert [(client.get(path).status, client.get(path).error) for path in ("/a", "/b", "/c")] == [(500, "")] * 3
    client.close()
