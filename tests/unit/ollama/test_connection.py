"""Connections that end by the clock, or because another thread cuts them; with TLS as without."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import urllib3

from llama_metrics.errors import SourceError, TimedOut, Unreachable
from llama_metrics.ollama.answers import LoadedModels
from llama_metrics.ollama.client import Client
from llama_metrics.ollama.connection import TlsPool, Wire, tls_context
from llama_metrics.ollama.generation import generate
from tests.support.fake_ollama import FakeOllama
from tests.support.listener import Listener
from tests.unit.probe.probing import FIRST, GENERATE, HEAD, Waiting, chunked


@pytest.mark.parametrize("said", [b"", HEAD, HEAD + chunked(FIRST)])
def test_a_client_that_is_cut_fails_at_once_and_for_good(said: bytes) -> None:
    """Whatever it waits for; another request is not even begun."""
    waiting = Waiting(said)
    with FakeOllama({GENERATE: waiting}) as ollama, ThreadPoolExecutor() as pool:
        client = Client(ollama.url, {})
        asked = pool.submit(generate, client, "a:1", None, time.monotonic() + 60, time.monotonic)
        assert waiting.begun.wait(5)
        client.cut()
        error = asked.exception(5)
        assert waiting.left.wait(5)
        before = ollama.asked.total()
        with pytest.raises(Unreachable, match="software caused connection abort"):
            client.get("/api/ps", LoadedModels, time.monotonic() + 5)

        assert ollama.asked.total() == before
    assert isinstance(error, Unreachable)


def test_a_client_that_has_asked_nothing_can_be_cut() -> None:
    """And asks nothing afterwards."""
    with FakeOllama() as ollama:
        client = Client(ollama.url, {})
        client.cut()
        with pytest.raises(SourceError):
            client.get("/api/ps", LoadedModels, time.monotonic() + 5)

        assert ollama.asked.total() == 0


class Speaker(Listener):
    """Says the same to everybody, as soon as they have said something: without TLS."""

    def __init__(self, said: bytes) -> None:
        self.said = said
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        super().__init__(listener)

    def serve(self, connection: socket.socket) -> None:
        """Once."""
        connection.recv(1)
        connection.sendall(self.said)


class Dripping(Speaker):
    """Says it under TLS, and then a piece again and again; `left` is set when the client has."""

    def __init__(self, said: bytes, piece: bytes) -> None:
        self.piece, self.begun, self.left = piece, threading.Event(), threading.Event()
        super().__init__(said)

    def serve(self, connection: socket.socket) -> None:
        """A piece a tenth of a second."""
        server = anonymous(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        # Until the client leaves, which is what the test is about.
        with server.wrap_socket(connection, server_side=True) as safe, suppress(OSError):
            safe.sendall(self.said)
            while True:
                safe.sendall(self.piece)
                self.begun.set()
                time.sleep(0.1)  # slowness is the behaviour: each piece comes long before a socket's own timeout
        self.left.set()


def anonymous(context: ssl.SSLContext) -> ssl.SSLContext:
    """The same without certificates: both ends agree on a key, and neither knows whom it talks to."""
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AECDH:@SECLEVEL=0")
    return context


class Held(Wire):
    """Says when it holds a socket."""

    def __init__(self) -> None:
        super().__init__()
        self.held = threading.Event()

    def hold(self, connected: socket.socket) -> None:
        """As Wire.hold."""
        super().hold(connected)
        self.held.set()


def ask(url: str, wire: Wire, seconds: float) -> bytes:
    """What the server says, under TLS."""
    safe = anonymous(tls_context())
    options = {"ssl_context": safe, "cert_reqs": "CERT_NONE", "assert_hostname": False, "retries": False}
    pool = TlsPool("127.0.0.1", int(url.rpartition(":")[2]), wire=wire, **options)  # type: ignore[arg-type]
    with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
        return pool.urlopen("GET", "/", timeout=urllib3.Timeout(total=seconds)).data


@pytest.mark.parametrize(
    ("server", "kind"), [(FakeOllama, TimedOut), (lambda: Speaker(b"HTTP/1.1 200 OK\r\n\r\n"), Unreachable)]
)
def test_an_address_of_tls_is_asked_by_tls(server: Callable[[], FakeOllama], kind: type[SourceError]) -> None:
    """One that never answers the greeting is a timeout, and one that answers without TLS is not reached."""
    with server() as other:
        client = Client(other.url.replace("http", "https"), {})
        with pytest.raises(kind):
            client.get("/api/ps", LoadedModels, time.monotonic() + 0.5)


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(("said", "piece"), [(OK, b"X-Drip: 1\r\n"), (OK + b"Content-Length: 9999\r\n\r\n", b"x")])
def test_tls_is_bounded_as_a_whole(said: bytes, piece: bytes) -> None:
    """A head or a body that drips is ended by the clock, though each piece comes in time."""
    with Dripping(said, piece) as server:
        began = time.monotonic()
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            ask(server.url, Wire(), 0.7)
        took = time.monotonic() - began

        assert server.left.wait(5)
    assert took < 5


def test_tls_is_cut_by_another_thread() -> None:
    """In the middle of a body that would go on for a quarter of an hour."""
    wire = Held()
    with Dripping(OK + b"Content-Length: 9999\r\n\r\n", b"x") as server, ThreadPoolExecutor() as pool:

        def cut() -> bool:
            began = server.begun.wait(5) and wire.held.wait(5)
            wire.cut()
            return began

        is_cut = pool.submit(cut)
        with pytest.raises((urllib3.exceptions.ProtocolError, urllib3.exceptions.SSLError)):
            ask(server.url, wire, 60)

        assert is_cut.result(5)
        assert server.left.wait(5)
