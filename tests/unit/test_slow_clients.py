"""Clients that are silent, slow or many: they are cut, and nobody else waits for them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
import yaml

from llama_metrics.duration import Duration
from llama_metrics.server import _IDLE_SECONDS, _MOST_IDLE, _REQUEST_SECONDS
from tests.support import exporter

ROOT = Path(__file__).parent.parent.parent
# With one scrape at a time, the server has five threads.
THREADS = 5
HALF = b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: "


@pytest.fixture
def address() -> Iterator[str]:
    """An exporter with few threads, of an Ollama that is not there."""
    with exporter.running("http://127.0.0.1:9", web__max_requests=1) as url:
        yield url


@contextmanager
def connected(address: str, count: int) -> Iterator[list[socket.socket]]:
    """So many connections at once."""
    host, port = address.removeprefix("http://").split(":")
    with ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection((host, int(port)), timeout=10)) for _ in range(count)]


def test_silent_clients_take_no_thread(address: str) -> None:
    """With fifty open connections that say nothing, a page comes before any of them would be cut."""
    with connected(address, 50):
        assert requests.get(f"{address}/-/healthy", timeout=5).text == "healthy\n"


def test_of_too_many_silent_clients_the_first_are_cut(address: str) -> None:
    """Or they would take all files that a process may open. Who came last is still heard, and who comes now."""
    with connected(address, _MOST_IDLE + 20) as clients:
        ends = [client.recv(1) for client in clients[:20]]
        page = requests.get(f"{address}/-/healthy", timeout=5)
        clients[-1].sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")

        assert ends == [b""] * 20
        assert page.status_code == 200
        assert clients[-1].recv(1024).startswith(b"HTTP/1.1 200 OK")


def test_a_request_that_never_ends_is_cut(address: str) -> None:
    """Half a request and then silence: the server says so, closes, and its thread serves others."""
    with connected(address, THREADS) as clients:
        for client in clients:
            client.sendall(HALF)
        ends = [b"".join(iter(lambda client=client: client.recv(1024), b"")) for client in clients]  # type: ignore[misc]

        assert {end.split(b"\r\n")[0] for end in ends} == {b"HTTP/1.1 408 Request Timeout"}
        assert requests.get(f"{address}/-/healthy", timeout=5).status_code == 200


def test_a_request_that_drips_is_cut(address: str) -> None:
    """A byte a tenth of a second is no progress: the whole request has a bound, not each piece of it."""
    with connected(address, 1) as [client], pytest.raises(ConnectionError):
        drip(client, HALF)


def drip(client: socket.socket, head: bytes) -> None:
    """Sends a byte a tenth of a second, until the server has closed or half a minute is over."""
    client.sendall(head)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        time.sleep(0.1)  # slowness is what is tested: at full speed it would be too large long before it is too late
        client.sendall(b"x")


def test_a_connection_serves_one_request_after_another(address: str) -> None:
    """Kept open between scrapes, as Prometheus does, also after a pause longer than a request may take."""
    with requests.Session() as session:
        assert session.get(f"{address}/-/healthy", timeout=5).status_code == 200
        time.sleep(_REQUEST_SECONDS + 0.5)  # only then is it seen that the bound of the first does not end the second
        assert session.get(f"{address}/-/healthy", timeout=5).status_code == 200


def test_a_connection_is_kept_for_longer_than_prometheus_is_away() -> None:
    """Between two scrapes of the shipped configuration, and of one that leaves Prometheus its minute."""
    shipped = yaml.safe_load((ROOT / "config/prometheus.yml").read_text())["global"]["scrape_interval"]

    assert max(Duration.parse(shipped), 60) * 1.25 < _IDLE_SECONDS


def test_two_requests_sent_at_once_are_both_answered(address: str) -> None:
    """Pipelined, the second is read from what has come already."""
    request = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"
    with connected(address, 1) as [client]:
        client.sendall(request + request.replace(b"Host", b"Connection: close\r\nHost"))
        answers = b"".join(iter(lambda: client.recv(1024), b""))

    assert answers.count(b"200 OK") == 2
