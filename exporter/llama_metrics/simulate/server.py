"""The HTTP server of the simulated Ollama: it can die, and come back on the same port."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from llama_metrics.simulate.api import FORBIDDEN, Answer, Request

# Go sends what fits its buffer with its length, and anything longer in chunks.
_BUFFER = 2048
_LOCAL_DOMAINS = (".localhost", ".local", ".internal")

# Of a longer body nothing is read: no route here takes one.
_LONGEST_BODY = 64 * 1024

Respond = Callable[[Request], Answer]
Answered = Callable[[str, Request, Answer, float], None]
"""Who asked, what, the answer, and the seconds that it took."""


class Server:
    """Answers on one address while it is up. Port 0 is a free port, the same one whenever it comes back.

    `answered` hears of each request before its answer is sent, so that a client that has it may look for the trace.
    """

    def __init__(self, host: str, port: int, respond: Respond, answered: Answered = lambda *_: None) -> None:
        self._host, self._port, self._respond, self._answered = host, port, respond, answered
        self._running: _Running | None = None

    @property
    def is_up(self) -> bool:
        """Whether it listens."""
        return self._running is not None

    @property
    def url(self) -> str:
        """Where it listens, or did."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def up(self) -> None:
        """Listens. Raises OSError where the port is in use or the address is not this machine's."""
        self._running = _Running(self._host, self._port, self._respond, self._answered)
        self._port = self._running.server_port
        threading.Thread(target=self._running.serve_forever, args=(0.1,), daemon=True).start()

    def down(self) -> None:
        """Dies: open connections are cut, new ones are refused."""
        if self._running:
            self._running.die()
            self._running = None


class _Running(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int, respond: Respond, answered: Answered) -> None:
        self.respond, self.answered = respond, answered
        # Ollama looks at the Host of a request only where nobody but this machine is meant to reach it.
        self.checks_host = host == "localhost" or _is_loopback(host)
        self._connections: set[socket.socket] = set()
        self._dead = False
        self._lock = threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own would look up a name for the address, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_port = self.socket.getsockname()[1]

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)
            if self._dead:
                connection.shutdown(socket.SHUT_RDWR)

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)

    def die(self) -> None:
        self.shutdown()
        self.server_close()
        with self._lock:
            self._dead = True
            for connection in self._connections:
                # Or clients that keep their connection would go on being answered by the dead.
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: _Running
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes; the second would wait 40 ms for the client's word about the first.
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        super().finish()

    def handle(self) -> None:
        # A client that leaves early is no news.
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, *args: object) -> None:
        """Nothing: what it would print is no log of Ollama's."""

    def _answer(self) -> None:
        start = time.perf_counter()
        request = Request(self.command, self.path, self._body())
        is_stranger = self.server.checks_host and not _allowed(self.headers.get("Host", ""))
        answer = FORBIDDEN if is_stranger else self.server.respond(request)
        if answer.never:
            self._wait_for_the_end()
        self.server.answered(self.client_address[0], request, answer, time.perf_counter() - start)
        if not answer.never:
            self._send(answer)

    def _wait_for_the_end(self) -> None:
        """Until the client leaves, or the server dies."""
        self.close_connection = True
        while self.rfile.read(1):
            continue

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if not self.headers.get("Transfer-Encoding") and length.isdecimal() and int(length) <= _LONGEST_BODY:
            return self.rfile.read(int(length))
        # What is not read must not be taken for the next request.
        self.close_connection = True
        return b""

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Date", self.date_time_string())
        if answer.pieces:
            self._send_pieces(answer.pieces)
            return
        chunked = len(answer.body) > _BUFFER
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(answer.body), answer.body) if chunked else answer.body
        if not chunked:
            self.send_header("Content-Length", str(len(body)))
        elif self.command == "GET":
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_pieces(self, pieces: Iterator[bytes]) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        for number, piece in enumerate(pieces):
            if not number:
                # With the first piece, as Go does: until then the client hears nothing.
                self.end_headers()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _allowed(host: str) -> bool:
    """Whether Ollama, on loopback, answers a request with that Host: no stranger's name can be it."""
    name = host.lower()
    # [::1]:11434 and 127.0.0.1:11434 lose their port, ::1 keeps all of it.
    if name.startswith("[") or name.count(":") == 1:
        name = name.partition("]")[0].lstrip("[") if name.startswith("[") else name.partition(":")[0]
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name in ("", "localhost", socket.gethostname().lower()) or name.endswith(_LOCAL_DOMAINS)
    return address.is_loopback or address.is_private or address.is_unspecified
