"""The server dies like a process: nobody answers, and then the same port answers again."""

from __future__ import annotations

import http.client
import queue
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from llama_metrics.simulate.api import Answer, Request
from llama_metrics.simulate.server import Server
from tests.simulate.recorded import asked


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on a free port that answers everything with the method it was asked."""
    server = Server("127.0.0.1", 0, lambda request: Answer(200, (), request.method.encode()))
    yield server
    server.down()


def exchange(connection: http.client.HTTPConnection) -> bytes:
    """One more request on the connection; the body of its answer."""
    connection.request("GET", "/")
    return connection.getresponse().read()


def test_it_dies_and_comes_back_on_the_same_port(server: Server) -> None:
    """While it is down connections are refused, as by a machine without Ollama."""
    server.up()
    url = server.url
    before = asked(url, "GET", "/")
    server.down()
    with pytest.raises(ConnectionRefusedError):
        asked(url, "GET", "/")
    server.up()

    assert (before.body, asked(url, "GET", "/").body, server.url) == (b"GET", b"GET", url)


def test_a_kept_connection_ends_with_it(server: Server) -> None:
    """A client that keeps its connection must not be answered by the dead."""
    server.up()
    parts = urlsplit(server.url)
    kept = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    kept.auto_open = 0
    kept.connect()
    assert [exchange(kept), exchange(kept)] == [b"GET", b"GET"]
    server.down()

    with pytest.raises(ConnectionError):
        exchange(kept)
    kept.close()


def test_a_port_in_use_is_an_error(server: Server) -> None:
    """It never shares a port with somebody else."""
    server.up()
    port = int(server.url.rpartition(":")[2])

    with pytest.raises(OSError, match="in use"):
        Server("127.0.0.1", port, lambda *_: Answer(200, (), b"")).up()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", "200 OK"),
        ("127.0.0.1:11434", "200 OK"),
        ("[::1]:11434", "200 OK"),
        ("192.168.1.7", "200 OK"),
        ("0.0.0.0:80", "200 OK"),
        ("LocalHost:11434", "200 OK"),
        ("box.local", "200 OK"),
        ("host.docker.internal:11434", "200 OK"),
        ("example.com", "403 Forbidden"),
        ("8.8.8.8:11434", "403 Forbidden"),
        ("local", "403 Forbidden"),
    ],
)
def test_on_loopback_it_refuses_a_strangers_host_as_ollama_does(server: Server, host: str, status: str) -> None:
    """The exporter must send a Host that Ollama takes."""
    server.up()

    assert asked(server.url, "GET", "/", host).status == status


def test_elsewhere_it_takes_every_host() -> None:
    """Ollama checks only where it listens on loopback."""
    server = Server("0.0.0.0", 0, lambda *_: Answer(200, (), b""))
    server.up()
    try:
        status = asked(server.url.replace("0.0.0.0", "127.0.0.1"), "GET", "/", "example.com").status
    finally:
        server.down()

    assert status == "200 OK"


@pytest.mark.parametrize(
    "framing", ["Content-Length: {length}", "Content-Length: 99999999", "Transfer-Encoding: chunked"]
)
def test_a_body_is_not_taken_for_the_next_request(server: Server, framing: str) -> None:
    """A POST is answered once: its body is read, or the connection closed where it is too long or in chunks."""
    server.up()
    parts = urlsplit(server.url)
    body = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    head = f"POST / HTTP/1.1\r\nHost: localhost\r\n{framing.format(length=len(body))}\r\n\r\n"
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=5) as connection:
        connection.sendall((head + body).encode())
        connection.shutdown(socket.SHUT_WR)
        said = b"".join(iter(lambda: connection.recv(4096), b""))

    assert said.count(b"HTTP/1.1 200 OK") == 1


def test_a_kept_connection_may_follow_a_body_with_a_request(server: Server) -> None:
    """As clients of /api/show do."""
    server.up()
    parts = urlsplit(server.url)
    kept = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    kept.request("POST", "/api/show", b'{"model":"a"}')
    first = kept.getresponse().read()

    assert [first, exchange(kept)] == [b"POST", b"GET"]
    kept.close()


def test_a_piece_is_sent_before_the_next_one_is_there_and_the_head_with_the_first() -> None:
    """A client measures its time to first token by that."""
    made: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    pieces = iter(made.get, b"")
    server = Server("127.0.0.1", 0, lambda _: Answer(200, (("Content-Type", "text/plain"),), b"", pieces))
    server.up()
    parts = urlsplit(server.url)
    try:
        with socket.create_connection((parts.hostname, parts.port or 0), timeout=0.2) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with pytest.raises(TimeoutError):
                connection.recv(4096)
            connection.settimeout(5)
            made.put(b"one")
            seen = [_received(connection, b"3\r\none\r\n")]
            made.put(b"three")
            seen.append(_received(connection, b"5\r\nthree\r\n"))
            made.put(b"")
            seen.append(_received(connection, b"0\r\n\r\n"))
    finally:
        server.down()

    assert seen[0].startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: ")
    assert b"\r\nTransfer-Encoding: chunked\r\n\r\n" in seen[0]


def _received(connection: socket.socket, end: bytes) -> bytes:
    """What comes, up to this end of it."""
    data = b""
    while not data.endswith(end):
        data += connection.recv(4096)
    return data


def test_an_answer_that_never_comes_is_told_when_the_client_leaves() -> None:
    """The server waits with it, and sends nothing."""
    told: queue.SimpleQueue[int] = queue.SimpleQueue()
    never = Answer(500, (), b"", never=True)
    server = Server("127.0.0.1", 0, lambda _: never, lambda *heard: told.put(heard[2].status))
    server.up()
    parts = urlsplit(server.url)
    try:
        with socket.create_connection((parts.hostname, parts.port or 0), timeout=0.2) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with pytest.raises(TimeoutError):
                connection.recv(1)
            assert told.empty()
        assert told.get(timeout=5) == 500
    finally:
        server.down()


def test_each_request_is_told_before_its_answer_arrives() -> None:
    """Whoever has the answer finds the request in the log; a stranger's too."""
    told: list[tuple[str, str, str, int]] = []

    def answered(client: str, request: Request, answer: Answer, seconds: float) -> None:
        assert 0 < seconds < 5
        told.append((client, request.method, request.target, answer.status))

    server = Server("127.0.0.1", 0, lambda _: Answer(200, (), b""), answered)
    server.up()
    try:
        asked(server.url, "HEAD", "/api/tags?x=1")
        asked(server.url, "GET", "/", "example.com")
    finally:
        server.down()

    assert told == [("127.0.0.1", "HEAD", "/api/tags?x=1", 200), ("127.0.0.1", "GET", "/", 403)]
