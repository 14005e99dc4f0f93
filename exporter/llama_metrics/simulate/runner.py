"""The process that looks like a runner of Ollama's, and answers on its port as one does.

It is told what it works on, line by line, and ends when nobody can tell it any more.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from llama_metrics.simulate.slots import Slot, from_told

_METRICS = "LLAMA_ARG_ENDPOINT_METRICS"
_NO_METRICS = "This server does not support metrics endpoint. Start it with `--metrics`"


def main() -> None:
    """Serves until its input ends."""
    about = json.loads(sys.stdin.readline())
    server = _Server(about, is_old=sys.argv[0] == "runner")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for line in sys.stdin:
        server.begin(json.loads(line))
    # At once: requests under way end too.
    os._exit(0)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, about: dict[str, Any], *, is_old: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = socket.socket(fileno=about["listener"])
        self._blob, self._ready, self._context = about["blob"], about["ready"], about["context"]
        self._slot, self._lock, self._is_old = Slot(self._context), threading.Lock(), is_old
        self._has_metrics = os.environ.get(_METRICS) == "1"

    def begin(self, told: dict[str, float]) -> None:
        with self._lock:
            self._slot.begin(from_told(told))

    def answer(self, path: str) -> tuple[int, object]:
        """Status and body: text, or what is JSON."""
        if self._is_old:
            return (200, {"status": 0, "progress": 1}) if path == "/health" else (404, "404 page not found")
        now = time.monotonic()
        if now < self._ready:
            return _error(503, "Loading model", "unavailable_error")
        with self._lock:
            if path == "/slots":
                return 200, [self._slot.shown(now)]
            if path == "/metrics" and self._has_metrics:
                return 200, self._slot.metrics(now)
        if path == "/metrics":
            return _error(501, _NO_METRICS, "not_supported_error")
        if path == "/health":
            return 200, {"status": "ok"}
        return (200, self._props()) if path == "/props" else _error(404, "File Not Found", "not_found_error")

    def _props(self) -> dict[str, object]:
        return {
            "default_generation_settings": {"params": {"n_predict": -1}, "n_ctx": self._context},
            "total_slots": 1,
            "model_alias": self._blob,
            "model_path": self._blob,
            "endpoint_slots": True,
            "endpoint_props": False,
            "endpoint_metrics": self._has_metrics,
            "build_info": "b1-4df29be",
            "is_sleeping": False,
        }


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes; the second would wait 40 ms for the client's word about the first.
    disable_nagle_algorithm = True

    def log_message(self, *args: object) -> None:
        """Nothing: the log is the simulator's."""

    def do_GET(self) -> None:
        status, answer = self.server.answer(self.path.partition("?")[0])
        kind = "text/plain; version=0.0.4" if isinstance(answer, str) else "application/json; charset=utf-8"
        text = answer if isinstance(answer, str) else json.dumps(answer, separators=(",", ":"))
        self.send_response_only(status)
        self.send_header("Server", "llama.cpp")
        self.send_header("Access-Control-Allow-Origin", "")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        # A client that wants it closed hears that it is, or it would send its next request into what just closes.
        is_kept = status == 200 and not self.close_connection
        self.send_header(*(("Keep-Alive", "timeout=5, max=100") if is_kept else ("Connection", "close")))
        self.end_headers()
        self.wfile.write(text.encode())


def _error(code: int, message: str, kind: str) -> tuple[int, object]:
    if code == 501:
        return code, {"error": {"code": code, "message": message, "type": kind}}
    return code, {"error": {"message": message, "type": kind, "code": code}}


if __name__ == "__main__":
    main()
