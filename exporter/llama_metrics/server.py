"""The HTTP server: cheroot, with bounds on threads, time and size."""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication

from cheroot.server import HTTPConnection
from cheroot.wsgi import Server as CherootServer

from llama_metrics.bounded import BoundedSocket
from llama_metrics.log import fields

_LARGEST_HEADER = 64 * 1024
_LARGEST_BODY = 64 * 1024
# An idle connection is closed after the first, a request that is not whole after the second.
_IDLE_SECONDS = 10
_REQUEST_SECONDS = 3
# Beside the scrapes: health checks and people. As many threads there are at first; each one takes memory.
_SPARE_THREADS = 4


class CannotListen(Exception):
    """The address is in use, is not this machine's, or needs rights we do not have."""


class _Connection(HTTPConnection):
    """A connection whose requests must arrive whole within a bound."""

    def __init__(self, server: _CherootServer, sock: socket.socket, makefile: Callable[..., Any]) -> None:
        super().__init__(server, BoundedSocket.take(sock), makefile)

    def communicate(self) -> bool:
        # Those who still wait for a thread when the server stops must not hold it up.
        if not self.server.ready:
            return False
        self.socket.ends = time.monotonic() + _REQUEST_SECONDS
        return bool(super().communicate())  # type: ignore[no-untyped-call]


class _CherootServer(CherootServer):
    """Cheroot with its complaints in our log, and with threads for those only who have something to say."""

    logger: logging.Logger
    ConnectionClass = _Connection

    def process_conn(self, conn: HTTPConnection) -> None:
        """A new connection waits among the idle ones, or a hundred silent clients would take every thread."""
        if conn.last_used is None:
            self.put_conn(conn)
            return
        if self.ready and self.requests.qsize >= self.requests.idle:
            self.requests.grow(1)
        super().process_conn(conn)

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
        self._server.logger = logger
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
