"""A loopback server that stands for one runner of Ollama's, and its line in a table of processes."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path

from tests.support.fake_ollama import FIXTURES, Behaviour, FakeOllama, http, recorded
from tests.support.process_table import ProcessTable, Row, row

BLOB = "sha256-" + "a" * 64
RECORDED = FIXTURES / "0.33.0-rc2" / "runner"
_SERVER = "800 1 1000 1 90000000 24 - ollama /usr/local/bin/ollama serve"
_RUNNER = "{pid} 800 2000 1 90000000 24 - llama-server /usr/local/lib/ollama/llama-server --model {model} --port {port}"


def slots(*busy: bool, tokens: int = 37) -> str:
    """An answer of /slots: for each slot whether it is busy."""
    told = '{{"id":{},"n_ctx":4096,"is_processing":{},"id_task":7,"n_prompt_tokens":{}}}'
    return "[" + ",".join(told.format(number, str(one).lower(), tokens) for number, one in enumerate(busy)) + "]"


def moment(name: str, setting: str = "metrics_on", folder: Path = RECORDED) -> dict[str, Behaviour]:
    """What a runner was recorded to answer in a moment: idle, busy, busy_prompt, after."""
    return {f"/{what}": recorded(folder / f"runner_{what}.{name}.{setting}.http") for what in ("slots", "metrics")}


def parallel(number: int, folder: Path = RECORDED) -> dict[str, Behaviour]:
    """What one of two runners with four slots was recorded to answer after their work."""
    files = {what: folder / f"metrics_parallel.runner{number}.{what}.http" for what in ("slots", "metrics")}
    return {f"/{what}": recorded(file) for what, file in files.items()}


class FakeRunner(FakeOllama):
    """Listens on a free port while it is entered, and closes a connection after its answer, as it is asked to."""

    def __init__(self, answers: Mapping[str, Behaviour] | None = None) -> None:
        super().__init__({"/slots": http(slots(False))} if answers is None else answers)
        self.port = int(self.url.rpartition(":")[2])

    def row(self, pid: int, model: str = BLOB) -> Row:
        """Its line in a table of processes, below the server 800."""
        return runner_row(pid, self.port, model)

    def serve(self, connection: socket.socket) -> None:
        """One request."""
        super().serve(_OneAnswer(connection))  # type: ignore[arg-type]


class _OneAnswer:
    """A connection that says of its first answer that it is the last, as llama-server does, and receives no more."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._sent = connection, False

    def sendall(self, data: bytes) -> None:
        if not self._sent and data.startswith(b"HTTP/1.1 "):
            data = data.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        self._sent = True
        self._connection.sendall(data)

    def recv(self, size: int) -> bytes:
        return b"" if self._sent else self._connection.recv(size)

    def shutdown(self, how: int) -> None:
        self._connection.shutdown(how)


def runner_row(pid: int, port: int | str, model: str = BLOB) -> Row:
    """The line of a runner below the server 800, whoever listens on its port."""
    return row(_RUNNER.format(pid=pid, port=port, model=model))


def table(*runners: Row) -> ProcessTable:
    """A system with Ollama's server and these runners."""
    return ProcessTable(row("1 0 1000 1 13000000 1 - init /sbin/init"), row(_SERVER), *runners)
