"""A loopback server that answers each path with exact bytes, well or badly. Real sockets, nothing patched."""

from __future__ import annotations

import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.support.listener import Listener

FIXTURES = Path(__file__).parent.parent / "fixtures" / "ollama"

# Writes an answer to the connection, however it likes.
Behaviour = Callable[[socket.socket], None]


def http(body: str | bytes, status: str = "200 OK", *headers: str) -> Behaviour:
    """An answer with a body and its length."""
    data = body.encode() if isinstance(body, str) else body
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(data)}", *headers])
    return raw(head.encode() + b"\r\n\r\n" + data)


def raw(data: bytes) -> Behaviour:
    """Exactly these bytes."""

    def write(connection: socket.socket) -> None:
        connection.sendall(data)

    return write


def recorded(file: Path) -> Behaviour:
    """A recorded answer. Its body was stored decoded, so a chunked one is sent with its length instead."""
    head, _, body = file.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
    status, *headers = head.decode().splitlines()
    kept = [line for line in headers if not line.lower().startswith(("transfer-encoding", "content-length"))]
    return http(body, status.removeprefix("HTTP/1.1 "), *kept)


def cut(data: bytes) -> Behaviour:
    """These bytes, then the connection is closed."""

    def write(connection: socket.socket) -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_RDWR)

    return write


def hang(connection: socket.socket) -> None:
    """Says nothing until the client leaves."""
    while connection.recv(1024):
        pass


def drip(head: bytes, piece: bytes) -> Behaviour:
    """The head at once, then a piece every fifth of a second for ever."""

    def write(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            time.sleep(0.2)  # slowness is the behaviour: each piece comes long before a socket's own timeout ends it
            connection.sendall(piece)

    return write


class FakeOllama(Listener):
    """Listens on a free port while it is entered.

    Attributes:
        url: its address.
        answers: path -> what is done with a connection that asks for it; others get 404. May be changed at any time.
        asked: how often each path was asked for.
        heads: every request's line and headers.
        bodies: every request's body.

    """

    def __init__(self, answers: Mapping[str, Behaviour] = {}) -> None:
        self.answers = dict(answers)
        self.asked: Counter[str] = Counter()
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        listener = socket.create_server(("127.0.0.1", 0))
        super().__init__(listener)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def serve(self, connection: socket.socket) -> None:
        """One request after another."""
        while request := _request(connection):
            head, body = request
            self.heads.append(head)
            self.bodies.append(body)
            path = head.split(" ")[1]
            self.asked[path] += 1
            self.answers.get(path, http("404 page not found", "404 Not Found"))(connection)


def _request(connection: socket.socket) -> tuple[str, bytes] | None:
    """Reads one request's head and body; nothing when the client has left."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    while length and len(body) < int(length[1]):
        body += connection.recv(65536)
    return (head + b"\r\n\r\n").decode(), body
