"""A socket that listens, with a thread for each connection: what the fake servers have in common."""

from __future__ import annotations

import socket
import threading
from abc import abstractmethod
from contextlib import suppress
from typing import Self


class Listener:
    """Listens while it is entered; `serve` does what the fake is for with each connection."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._connections: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # Closing alone would leave accept() waiting.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Closes every connection, as a server that is restarted does."""
        for connection in self._connections:
            with suppress(OSError):  # one that its client has closed
                connection.shutdown(socket.SHUT_RDWR)

    @abstractmethod
    def serve(self, connection: socket.socket) -> None:
        """Answers on a connection until it is over. A client may leave at any time."""

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with (
            connection,
            suppress(OSError),
        ):  # a client that leaves early is what some tests are about
            self.serve(connection)
