"""An Ollama with 30 models installed and 3 loaded, in a process of its own: what it costs is not the exporter's cost.

`python -m tests.bench.upstream PORT MOOD` prints a line when it listens, and serves until it is killed. Its death is
how an Ollama that is down is made: connections break and the port refuses.
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal, Self

from tests.support.fake_ollama import Behaviour, cut, hang, http, raw

Mood = Literal["well", "late", "broken", "cut", "hanging"]

# Seconds that the answers wait in the mood `late`.
DELAYS = {"/api/version": 0.02, "/api/ps": 0.1, "/api/tags": 0.2}

_HEADERS = ("Content-Type: application/json; charset=utf-8", "Date: Sat, 21 Nov 2026 07:17:02 GMT")
_INSTALLED, _LOADED = 30, 3
# All of an answer of one token, to a probe of a model that is loaded.
_LAST_CHUNK = {"response": "!", "done": True, "done_reason": "length", "load_duration": 1_000_000, "eval_count": 1}


class Upstream:
    """The process, while it is entered. Started again on its port, it is the same Ollama to a client.

    Attributes:
        port: where it listens.
        url: its address.

    """

    def __init__(self, mood: Mood = "well", port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [sys.executable, "-m", __name__, str(self.port), mood]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            self.__exit__()
            raise RuntimeError(f"the upstream server did not start on port {self.port}; see its traceback above")
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.kill()


def free_port() -> int:
    """A port that nobody listens on, and outside the range that clients get theirs from.

    Within that range a client that tries a dead port again and again once gets that very port as its own, and is
    then connected to itself.
    """
    for port in range(20000 + os.getpid() % 10000, 32768):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):  # somebody listens there: the next one
            return port
    raise RuntimeError("no port between 20000 and 32767 is free")


def _answers(mood: str) -> Mapping[str, Behaviour]:
    well = {
        "/api/version": _json({"version": "0.33.0"}),
        "/api/ps": _json(_ps()),
        "/api/tags": _json(_tags()),
        "/api/generate": http(json.dumps(_LAST_CHUNK) + "\n", "200 OK", "Content-Type: application/x-ndjson"),
    }
    match mood:
        case "late":
            return {path: _late(DELAYS.get(path, 0), answer) for path, answer in well.items()}
        case "broken":
            return dict.fromkeys(well, http("", "500 Internal Server Error"))
        case "cut":
            return dict.fromkeys(well, cut(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"models":['))
        case "hanging":
            return well | dict.fromkeys(("/api/ps", "/api/tags"), hang)
        case _:
            return well


def _late(seconds: float, answer: Behaviour) -> Behaviour:
    def write(connection: socket.socket) -> None:
        time.sleep(seconds)  # what is measured: how long Ollama takes to answer this route
        answer(connection)

    return write


def _json(value: object) -> Behaviour:
    """As Go sends it: with its length where it is short, else as a chunk."""
    body = json.dumps(value, separators=(",", ":")).encode()
    if len(body) <= 2048:
        return http(body, "200 OK", *_HEADERS)
    head = "\r\n".join(["HTTP/1.1 200 OK", *_HEADERS, "Transfer-Encoding: chunked"]).encode()
    return raw(b"%b\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (head, len(body), body))


def _model(number: int) -> dict[str, Any]:
    name, family = f"family-{number}:7b", f"family-{number}"
    details = {
        "parent_model": "",
        "format": "gguf",
        "family": family,
        "families": [family],
        "parameter_size": "7.6B",
        "quantization_level": "Q4_K_M",
    }
    return {"name": name, "model": name, "size": 4_700_000_000, "digest": f"{number:064x}", "details": details}


def _ps() -> dict[str, Any]:
    loaded = {"size_vram": 4_100_000_000, "context_length": 8192, "expires_at": "2126-11-21T07:22:03.320680793Z"}
    return {"models": [_model(number) | loaded for number in range(_LOADED)]}


def _tags() -> dict[str, Any]:
    models = [_model(number) for number in range(_INSTALLED)]
    for model in models:
        model["details"] |= {"context_length": 131072, "embedding_length": 3584}
    installed = {"modified_at": "2026-11-20T07:09:52.969293641Z", "capabilities": ["completion", "tools"]}
    return {"models": [model | installed for model in models]}


class _Server(socketserver.ThreadingTCPServer):
    # Started again, it finds connections of its former life on the port.
    allow_reuse_address, daemon_threads = True, True

    def __init__(self, port: int, answers: Mapping[str, Behaviour]) -> None:
        self.answers = answers
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        with suppress(OSError):  # a client that leaves early is what hanging is for
            while request := self.rfile.readline():
                length = 0
                while header := self.rfile.readline().strip():
                    name, _, value = header.lower().partition(b":")
                    length = int(value) if name == b"content-length" else length
                self.rfile.read(length)
                self.server.answers[request.decode().split(" ")[1]](self.connection)


if __name__ == "__main__":
    with _Server(int(sys.argv[1]), _answers(sys.argv[2])) as server:
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        server.serve_forever()
