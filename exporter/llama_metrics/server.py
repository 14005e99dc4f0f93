"""The HTTP server: cheroot, with bounds on threads, connections, time and size."""

from __future__ import annotations

import errno
import logging
import os
import re
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from wsgiref.types import WSGIApplication

from cheroot.server import HTTPConnection
from cheroot.wsgi import Server as CherootServer

from llama_metrics.bounded import BoundedSocket
from llama_metrics.log import fields

_LARGEST_HEADER = 64 * 1024
_LARGEST_BODY = 64 * 1024
# An idle connection is closed after the first: later than Prometheus comes again, or each scrape would need a new one,
# and now and then meet its end. A request that is not whole, and a client that takes no answer, end after the others.
_IDLE_SECONDS = 90
_REQUEST_SECONDS = 3
_SEND_SECONDS = 10
# Each is an open file, of which macOS allows a process 256.
_MOST_IDLE = 100
_COMPLAINT_SECONDS = 60
# Beside the scrapes: health checks and people. As many threads there are at first; each one takes memory.
_SPARE_THREADS = 4


class CannotListen(Exception):
    """The address is in use, is not this machine's, or needs rights we do not have."""


class _Connection(HTTPConnection):
    """A connection whose requests must arrive whole within a bound."""

    def __init__(self, server: _CherootServer, sock: socket.socket, makefile: Callable[..., Any]) -> None:
        bounded = BoundedSocket.take(sock)
        bounded.settimeout(_SEND_SECONDS)
        super().__init__(server, bounded, makefile)
        self.is_cut = False

    def cut(self) -> None:
        """Ends an idle connection. Only the server's own thread may let go of it: it sees the end, and closes it."""
        self.is_cut = True
        # A client that has gone by itself is seen too.
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.server.idle.pop(self, None)
        super().close()

    def communicate(self) -> bool:
        # Those who still wait for a thread when the server stops must not hold it up.
        if not self.server.ready:
            return False
        self.socket.ends = time.monotonic() + _REQUEST_SECONDS
        return bool(super().communicate())  # type: ignore[no-untyped-call]


class _Listener(socket.socket):
    """Where who comes waits until a file may be opened again: cheroot would complain a thousand times a second."""

    def __init__(self, bound: socket.socket, make_room: Callable[[str], None]) -> None:
        super().__init__(bound.family, bound.type, bound.proto, fileno=bound.detach())
        self._make_room = make_room

    def accept(self) -> tuple[socket.socket, Any]:
        try:
            return super().accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._make_room(str(error.strerror))
            # It listens no more.
            elif error.errno != errno.EINVAL:
                raise
            # To cheroot: nobody is there. It asks again.
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None


class _CherootServer(CherootServer):
    """Cheroot with its complaints in our log, and with threads for those only who have something to say."""

    logger: logging.Logger
    _complain_after = 0.0
    # The longest idle first.
    idle: OrderedDict[_Connection, None]
    ConnectionClass = _Connection

    def put_conn(self, conn: _Connection) -> None:
        """A connection is idle from now on; of too many, the one that has been so for longest is cut."""
        self.idle[conn] = None
        if len(self.idle) > _MOST_IDLE:
            self._cut_longest()
        super().put_conn(conn)

    def process_conn(self, conn: _Connection) -> None:
        """A new connection waits among the idle ones, or a hundred silent clients would take every thread."""
        if conn.last_used is None:
            self.put_conn(conn)
            return
        self.idle.pop(conn, None)
        if conn.is_cut:
            conn.close()
            return
        if self.ready and self.requests.qsize >= self.requests.idle:
            self.requests.grow(1)
        super().process_conn(conn)

    def bind(self, family: int, type: int, proto: int = 0) -> None:  # noqa: A002  cheroot's name
        self.socket = _Listener(super().bind(family, type, proto), self._make_room)

    def stop(self) -> None:
        # Its thread looks for its end twice a second; from this it wakes. macOS has no such thing.
        with suppress(OSError):
            if self.ready:
                self.socket.shutdown(socket.SHUT_RDWR)
        super().stop()

    def _make_room(self, reason: str) -> None:
        """Cuts the longest idle connection; without one, those that are at work must end first."""
        if time.monotonic() > self._complain_after:
            self._complain_after = time.monotonic() + _COMPLAINT_SECONDS
            self.error_log(f"cannot accept a connection: {reason}", level=logging.ERROR)
        if self.idle:
            self._cut_longest()
        else:
            time.sleep(0.05)  # nothing tells when a file may be opened again: asking is the only way to know

    def _cut_longest(self) -> None:
        self.idle.popitem(last=False)[0].cut()

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:  # noqa: FBT001, FBT002
        # Clients that hang up are everyday; only what cheroot calls an error is one.
        level = level if level >= logging.ERROR else logging.DEBUG
        self.logger.log(level, "http server", extra=fields(said=msg.strip()), exc_info=traceback)


class Server:
    """Serves a WSGI application on one address.

    Args:
        application: answers the requests, on many threads at once.
        address: host and port; port 0 is a free one.
        requests: how many of them it answers at once.
        logger: told of what goes wrong outside the application.

    """

    def __init__(
        self, application: WSGIApplication, address: tuple[str, int], requests: int, logger: logging.Logger
    ) -> None:
        self._server = _CherootServer(
            # Prometheus' own servers listen on every address where none is given.
            (address[0] or "0.0.0.0", address[1]),  # noqa: S104
            application,
            numthreads=_SPARE_THREADS,
            max=requests + _SPARE_THREADS,
            server_name="llama-metrics",
            timeout=_IDLE_SECONDS,
            shutdown_timeout=1,
            request_queue_size=128,
        )
        self._server.max_request_header_size = _LARGEST_HEADER
        self._server.max_request_body_size = _LARGEST_BODY
        self._server.logger, self._server.idle = logger, OrderedDict()
        self._thread = threading.Thread(target=self._server.serve, name="http")

    def listen(self) -> str:
        """Takes the address; who connects waits until `serve`. Gives the URL. Raises CannotListen."""
        try:
            self._server.prepare()
        except OSError as error:
            host, port = self._server.bind_addr
            reason = re.sub(r"^.*\[Errno -?\d+\] |\)$", "", str(error)).lower()
            raise CannotListen(
                f"cannot listen on {host}:{port}: {reason}; choose another address with --web.listen-address"
            ) from None
        host, port = self._server.bind_addr[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def serve(self) -> None:
        """Answers requests in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Stops listening, lets the requests under way end (about a second), closes every connection."""
        self._server.stop()
        if self._thread.is_alive():
            self._thread.join()
