"""The server dies like a process: nobody answers, and then the same port answers again."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from llama_metrics.simulate.api import Answer
from llama_metrics.simulate.server import Server
from tests.simulate.recorded import asked


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on a free port that answers everything with the method it was asked."""
    server = Server("127.0.0.1", 0, lambda method, _target: Answer(200, (), method.encode()))
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


def test_a_body_is_not_taken_for_the_next_request(server: Server) -> None:
    """A POST is answered once and its connection closed."""
    server.up()
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=5) as connection:
        body = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        said = b"".join(iter(lambda: connection.recv(4096), b""))

    assert said.count(b"HTTP/1.1 200 OK") == 1
