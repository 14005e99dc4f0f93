"""A socket that bounds how long a whole message may take to arrive, not only each piece of it.

A socket's own timeout starts anew with every byte, so a peer that drips one a second never runs into it.
"""

from __future__ import annotations

import math
import socket
import ssl
import time
from typing import Any, Self


class _Bounded(socket.socket):
    """After `ends` (as `time.monotonic` tells it) nothing more is received; sending is as it was."""

    ends = math.inf

    def recv_into(self, *args: Any, **options: Any) -> int:
        """As socket.recv_into. Raises TimeoutError once the time is over."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        usual = self.gettimeout()
        self.settimeout(left if usual is None else min(left, usual))
        try:
            return super().recv_into(*args, **options)
        finally:
            self.settimeout(usual)


class BoundedSocket(_Bounded):
    """Such a socket, without encryption."""

    @classmethod
    def take(cls, plain: socket.socket) -> Self:
        """The same connection; `plain` is no longer usable."""
        timeout = plain.gettimeout()
        bounded = cls(plain.family, plain.type, plain.proto, fileno=plain.detach())
        bounded.settimeout(timeout)
        return bounded


class BoundedTlsSocket(_Bounded, ssl.SSLSocket):
    """Such a socket under TLS; made by a context that has it as its `sslsocket_class`."""
