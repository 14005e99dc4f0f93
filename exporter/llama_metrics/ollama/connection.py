"""The connections under a client: bounded in time as a whole, and cut by another thread; and what their errors mean."""

from __future__ import annotations

import errno
import http.client
import os
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Any

import urllib3.exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import BaseHTTPResponse
from urllib3.util.ssl_ import create_urllib3_context

from llama_metrics.bounded import BoundedSocket, BoundedTlsSocket
from llama_metrics.errors import BadAnswer, SourceError, Unreachable


class Wire:
    """The socket that a client last connected."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_cut = False

    def hold(self, connected: socket.socket) -> None:
        """From now on it is this one. Raises OSError where the wire has been cut meanwhile."""
        with self._lock:
            if self._is_cut:
                raise OSError(errno.ECONNABORTED, "this side has ended it")
            self._socket = connected

    def cut(self) -> None:
        """Both ends see the end of the stream, whoever waits for it; nothing can be connected afterwards."""
        with self._lock:
            self._is_cut = True
            if self._socket is not None:
                with suppress(OSError):  # closed already, by either end
                    # The plain socket's: that of a TLS socket takes the encryption off, under the thread that reads.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _Bounded(HTTPConnection):
    def __init__(self, *args: Any, wire: Wire, **options: Any) -> None:
        super().__init__(*args, **options)
        self._wire = wire

    def connect(self) -> None:
        super().connect()
        self._wire.hold(self.sock)

    def getresponse(self) -> BaseHTTPResponse:  # type: ignore[override]
        if isinstance(self.sock, BoundedSocket | BoundedTlsSocket) and isinstance(self.timeout, int | float):
            self.sock.ends = time.monotonic() + self.timeout
        return super().getresponse()


class _Connection(_Bounded):
    def _new_conn(self) -> socket.socket:
        return BoundedSocket.take(super()._new_conn())


class _TlsConnection(_Bounded, HTTPSConnection):
    """Its socket is bounded where the pool's context makes such ones."""


class Pool(HTTPConnectionPool):
    """Connections that need a `wire`."""

    ConnectionCls = _Connection


class TlsPool(HTTPSConnectionPool):
    """Such connections under TLS."""

    ConnectionCls = _TlsConnection


def tls_context() -> ssl.SSLContext:
    """As urllib3 makes it, for sockets that are bounded."""
    context = create_urllib3_context()
    context.sslsocket_class = BoundedTlsSocket
    return context


def trouble(error: BaseException) -> SourceError:
    """An error of a request in the system's own words, without the layers of exceptions around it."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, http.client.IncompleteRead | urllib3.exceptions.IncompleteRead):
            return BadAnswer("the answer was cut off")
        if isinstance(seen, socket.gaierror):
            return Unreachable("no such host")
        if isinstance(seen, ssl.SSLError):
            return Unreachable(f"TLS failed: {(seen.reason or 'no reason given').replace('_', ' ').lower()}")
        if isinstance(seen, OSError) and seen.errno is not None and seen.errno > 0:
            return Unreachable(f"{os.strerror(seen.errno).lower()}; is Ollama running there?")
        if isinstance(seen, http.client.RemoteDisconnected):
            return Unreachable("the connection was closed without an answer")
        if isinstance(seen, http.client.HTTPException):
            return BadAnswer(f"the answer is not HTTP: {str(seen)[:100]!r}")
        seen = seen.__cause__ or seen.__context__
    return Unreachable(str(error)[:200])
