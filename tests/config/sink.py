"""Stands for ntfy: takes what Alertmanager posts, and keeps it. GET gives all of it as JSON.

Only the standard library, for the end-to-end test runs this file in a container: python sink.py PORT
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Received:
    """One notification: the path it was posted to, its bytes, and what they say."""

    path: str
    body: bytes
    payload: dict[str, Any]

    @property
    def names(self) -> list[tuple[str, str]]:
        """Alert name and instance of each alert in it, sorted."""
        alerts = self.payload["alerts"]
        return sorted((one["labels"]["alertname"], one["labels"].get("instance", "")) for one in alerts)


class Sink:
    """Listens as long as it is entered; `refuse` is how many of the next posts get 503 and are not kept."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.refuse = 0
        self.refused = 0
        self._received: list[Received] = []
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer((host, port), self._handler())
        self.url = f"http://{host}:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve_forever(self) -> None:
        """Serves in this thread."""
        self._server.serve_forever()

    def received(self, job: str) -> list[Received]:
        """The notifications about one job, oldest first."""
        with self._changed:
            return self._about(job)

    def wait(self, job: str, condition: Callable[[list[Received]], bool], seconds: float = 15) -> list[Received]:
        """The notifications about a job once they fulfil the condition. Raises AssertionError if they never do."""
        with self._changed:
            fulfilled = self._changed.wait_for(lambda: condition(self._about(job)), seconds)
            assert fulfilled, f"after {seconds} s the sink holds {[one.payload for one in self._about(job)]}"
            return self._about(job)

    def _about(self, job: str) -> list[Received]:
        return [one for one in self._received if one.payload["groupLabels"]["job"] == job]

    def _take(self, path: str, body: bytes) -> int:
        with self._changed:
            if self.refuse:
                self.refuse -= 1
                self.refused += 1
                return 503
            self._received.append(Received(path, body, json.loads(body)))
            self._changed.notify_all()
            return 200

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self._answer(sink._take(self.path, self.rfile.read(int(self.headers["Content-Length"]))), b"{}")

            def do_GET(self) -> None:
                with sink._changed:
                    everything = [{"path": one.path, **one.payload} for one in sink._received]
                self._answer(200, json.dumps(everything).encode())

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing: what was received is what the tests read."""

        return Handler


if __name__ == "__main__":
    Sink("0.0.0.0", int(sys.argv[1])).serve_forever()
