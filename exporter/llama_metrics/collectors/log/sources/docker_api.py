"""Docker's engine, asked over its socket: as little of HTTP as that needs, so that an answer can be waited for."""

from __future__ import annotations

import os
import re
import select
import socket
import time
from typing import TypeVar

import msgspec

from llama_metrics.errors import BadAnswer, NotPermitted, SourceError, TimedOut, Unreachable, Unsupported

DEFAULT_HOST = "unix:///var/run/docker.sock"
_SECONDS = 3.0
_CHUNK = 64 * 1024
_LARGEST_HEAD, _LARGEST_BODY = 64 * 1024, 4 * 2**20
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")

Kind = TypeVar("Kind")


class NotThere(SourceError):
    """HTTP 404: the engine knows no such container."""


class _Message(msgspec.Struct, frozen=True):
    message: str = ""


class Engine:
    """An engine at `host`, a value of DOCKER_HOST. Every request has a connection of its own."""

    def __init__(self, host: str = DEFAULT_HOST) -> None:
        self.host = host

    def get(self, path: str, kind: type[Kind]) -> Kind:
        """The answer, whole, within a few seconds. Raises SourceError."""
        ends = time.monotonic() + _SECONDS
        answer = self.open(path)
        try:
            body = b""
            while piece := answer.read(ends - time.monotonic()):
                body += piece
                if len(body) > _LARGEST_BODY:
                    raise BadAnswer(f"Docker at {self.host}: the answer to {path} is larger than 4 MiB")
        finally:
            answer.close()
        if piece is None:
            raise TimedOut(f"Docker at {self.host}: no whole answer to {path} within {_SECONDS:.0f} s")
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadAnswer(f"Docker at {self.host}: the answer to {path} is not Docker's: {error}") from None

    def open(self, path: str) -> Answer:
        """The beginning of an answer; its body is read as it comes. Raises SourceError for any status but 200."""
        try:
            connection = self._connect()
            try:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n".encode())
                return Answer(connection, self.host)
            except BaseException:
                connection.close()
                raise
        except FileNotFoundError:
            raise Unsupported(f"no Docker engine here: {self.host} does not exist; set DOCKER_HOST") from None
        except PermissionError:
            raise NotPermitted(
                f"Docker's socket {self.host} may not be opened by this user; add it to the group docker (which may do"
                " all that root may), or set DOCKER_HOST=tcp://HOST:PORT of a proxy that lets containers only be read"
            ) from None
        except TimeoutError:
            raise TimedOut(f"Docker at {self.host}: no answer within {_SECONDS:.0f} s") from None
        except OSError as error:
            why = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else str(error)
            raise Unreachable(f"Docker at {self.host}: {why}; is the engine running?") from None
        except ValueError as error:
            raise Unsupported(f"DOCKER_HOST is {self.host!r}, which is no address: {error}") from None

    def _connect(self) -> socket.socket:
        scheme, _, rest = self.host.partition("://")
        if scheme == "unix":
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(_SECONDS)
            try:
                connection.connect(rest)
            except BaseException:
                connection.close()
                raise
            return connection
        name, colon, port = rest.rstrip("/").rpartition(":")
        if scheme not in ("tcp", "http") or not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
            raise Unsupported(f"DOCKER_HOST is {self.host!r}; what can be asked is unix:///PATH or tcp://HOST:PORT")
        return socket.create_connection((name.strip("[]"), int(port)), _SECONDS)


class Answer:
    """One answer, read as it comes."""

    def __init__(self, connection: socket.socket, host: str) -> None:
        self._connection, self._host = connection, host
        self._ends_at: int | None = None
        self._chunks: _Chunks | None = None
        self._held, self._seen = b"", 0
        # Not select(): with a thousand targets watched, a descriptor may be above what it can take.
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._read_head(time.monotonic() + _SECONDS)

    def read(self, seconds: float) -> bytes | None:
        """A piece of the body; None where there is none within `seconds`, b"" at its end. Raises SourceError."""
        ends = time.monotonic() + seconds
        while True:
            if self._held:
                raw, self._held = self._held, b""
            elif self._seen == self._ends_at or (self._chunks is not None and self._chunks.ended):
                return b""
            elif (received := self._receive(ends - time.monotonic())) is None:
                return None
            else:
                raw = received
            self._seen += len(raw)
            piece = self._chunks.feed(raw) if self._chunks is not None and raw else raw
            if piece or not raw:
                return piece

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def _receive(self, seconds: float) -> bytes | None:
        if not self._poll.poll(max(0.0, seconds) * 1000):
            return None
        try:
            return self._connection.recv(_CHUNK)
        except ConnectionResetError:
            return b""

    def _read_head(self, ends: float) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            received = self._receive(ends - time.monotonic())
            if received is None:
                raise TimedOut(f"Docker at {self._host}: no answer within {_SECONDS:.0f} s")
            if not received:
                raise Unreachable(f"Docker at {self._host}: the connection was closed without an answer")
            data += received
            if len(data) > _LARGEST_HEAD:
                raise BadAnswer(f"Docker at {self._host}: the answer has no end of its head")
        head, _, self._held = data.partition(b"\r\n\r\n")
        status, *lines = head.split(b"\r\n")
        found = re.match(rb"HTTP/1\.[01] ([0-9]{3})\b", status)
        if not found:
            raise BadAnswer(f"Docker at {self._host}: the answer is not HTTP: {status[:60]!r}")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
            self._chunks = _Chunks()
        elif re.fullmatch(rb"[0-9]{1,12}", headers.get(b"content-length", b"")):
            self._ends_at = int(headers[b"content-length"])
        if found[1] != b"200":
            raise self._refused(int(found[1]), ends)

    def _refused(self, status: int, ends: float) -> SourceError:
        """What Docker says of a request that it refuses."""
        body = b""
        while len(body) < _LARGEST_HEAD and (piece := self.read(ends - time.monotonic())):
            body += piece
        try:
            said = msgspec.json.decode(body, type=_Message).message
        except (msgspec.DecodeError, RecursionError):
            said = body[:200].decode("utf-8", errors="replace").strip()
        said = said or "no reason given"
        if status == 403:
            return NotPermitted(f"Docker at {self._host} refuses: {said}; let the proxy pass GET of /containers")
        if status == 404:
            return NotThere(f"Docker at {self._host}: {said}")
        return BadAnswer(f"Docker at {self._host} answers HTTP {status}: {said}")


class _Chunks:
    """HTTP's chunked encoding, taken off piece by piece."""

    def __init__(self) -> None:
        self.ended = False
        self._raw, self._left = b"", 0

    def feed(self, raw: bytes) -> bytes:
        """The content in these bytes. Raises BadAnswer for what is no such encoding."""
        self._raw += raw
        found = []
        while self._raw and not self.ended:
            if self._left:
                found.append(self._raw[: self._left])
                self._raw = self._raw[self._left :]
                self._left -= len(found[-1])
                continue
            # After each chunk's content stands an empty line.
            line, newline, rest = self._raw.removeprefix(b"\r\n").partition(b"\n")
            size = _SIZE.match(line)
            if (newline and size is None) or len(line) > 256:
                raise BadAnswer(f"Docker's answer is cut into chunks wrongly: {line[:60]!r}")
            if not newline or size is None:
                break
            self._left, self._raw = int(size[0], 16), rest
            self.ended = self._left == 0
        return b"".join(found)
