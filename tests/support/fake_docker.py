"""A Docker engine that is not there: containers with logs, served over a real socket as the engine serves them."""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.listener import Listener

_SECOND = 10**9
STARTED = 1_790_000_000 * _SECOND


def stamp(nanoseconds: int) -> str:
    """As the engine writes it: UTC, nine digits."""
    seconds, rest = divmod(nanoseconds, _SECOND)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest:09}Z"


@dataclass
class FakeContainer:
    """A container. `log` holds the stream, the time and the text of each message; whoever changes it, wakes."""

    image: str = "ollama/ollama:0.33.0"
    tty: bool = False
    running: bool = True
    started: int = STARTED
    log: list[tuple[int, int, bytes]] = field(default_factory=list)

    def write(self, text: str | bytes, stream: int = 1, at: int | None = None) -> None:
        """One message, a microsecond after the last one; a part of a line where it has no newline."""
        latest = self.log[-1][1] if self.log else self.started
        data = text.encode() if isinstance(text, str) else text
        self.log.append((stream, latest + 1000 if at is None else at, data))


class FakeDocker(Listener):
    """Listens while it is entered, on a socket in `folder`; on a free port of the loopback without one.

    Attributes:
        host: what DOCKER_HOST would be.
        containers: by name; may be changed at any time.
        answers: path -> the bytes of a whole answer, instead of what the engine would say.
        asked: every path that was asked for, with its query.
        piece: how many bytes are sent at a time.
        lingers: whether it leaves the connection open after an answer, though it was asked not to.
        skips_each: whether `since` is held against every message, as before Docker 25, or only until the first one.

    """

    def __init__(self, folder: Path | None, **containers: FakeContainer) -> None:
        self.containers, self.answers, self.asked = dict(containers), dict[str, bytes](), list[str]()
        self.piece, self.lingers, self.skips_each = 65536, False, False
        self._stopped = threading.Event()
        if folder:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(f"{folder}/docker.sock")
            listener.listen()
            self.host = f"unix://{folder}/docker.sock"
        else:
            listener = socket.create_server(("127.0.0.1", 0))
            self.host = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        super().__init__(listener)

    def __exit__(self, *raised: object) -> None:
        self._stopped.set()
        super().__exit__(*raised)

    def serve(self, connection: socket.socket) -> None:
        """One request."""
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        path = head.split(b" ")[1].decode()
        self.asked.append(path)
        url = urlsplit(path)
        _, _, name, *rest = [*unquote(url.path).split("/"), ""]
        if url.path in self.answers:
            self._send(connection, self.answers[url.path])
        elif url.path == "/containers/json":
            self._json(connection, "200 OK", self._listed())
        elif name not in self.containers:
            self._json(connection, "404 Not Found", {"message": f"No such container: {name}"})
        elif rest[0] == "json":
            self._json(connection, "200 OK", self._inspected(self.containers[name]))
        else:
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            self._log(connection, self.containers[name], query)
        if self.lingers:
            connection.recv(1)

    def _listed(self) -> object:
        running = {name: container for name, container in self.containers.items() if container.running}
        return [{"Names": [f"/{name}"], "Image": container.image} for name, container in running.items()]

    def _inspected(self, container: FakeContainer) -> object:
        state = {"Running": container.running, "StartedAt": stamp(container.started)}
        return {"Config": {"Tty": container.tty}, "State": state}

    def _log(self, connection: socket.socket, container: FakeContainer, query: dict[str, str]) -> None:
        seconds, _, nanoseconds = query["since"].partition(".")
        since = int(seconds) * _SECOND + int(nanoseconds)
        self._send(connection, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        at = max(0, len(container.log) - int(query["tail"])) if "tail" in query else 0
        while True:
            for stream, time, text in container.log[at:]:
                at += 1
                if time >= since:
                    since = since if self.skips_each else 0
                    data = f"{stamp(time)} ".encode() + text
                    frame = data if container.tty else bytes([stream, 0, 0, 0]) + len(data).to_bytes(4) + data
                    self._send(connection, f"{len(frame):x}\r\n".encode() + frame + b"\r\n")
            if "follow" not in query or not container.running:
                break
            # The engine is woken by the log; looking often is near enough.
            if self._stopped.wait(0.005):
                return
        self._send(connection, b"0\r\n\r\n")

    def _json(self, connection: socket.socket, status: str, value: object) -> None:
        body = json.dumps(value).encode()
        self._send(connection, f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    def _send(self, connection: socket.socket, data: bytes) -> None:
        for begin in range(0, len(data), self.piece):
            connection.sendall(data[begin : begin + self.piece])
