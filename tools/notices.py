"""Notifications as Alertmanager's webhook sends them: received on loopback, printed, and judged."""

from __future__ import annotations

import itertools
import json
import socketserver
import textwrap
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class Notice:
    """One alert of a notification; `episode` is the same from its firing to its resolving.

    `message` numbers the notifications of an Inbox: those of one message came together.
    """

    status: str
    name: str
    instance: str
    severity: str
    summary: str
    description: str
    episode: tuple[str, str]
    message: int

    def text(self, seconds: float) -> str:
        """What a person reads: when, what, how bad, and what to do about it."""
        when = f"{int(seconds) // 60}:{int(seconds) % 60:02}"
        lines = [f"{when:>6}  {self.status.upper():<8}  {self.severity:<8}  {self.name}", self.summary]
        lines += textwrap.wrap(self.description, 100)
        return f"\n{'':8}".join(lines)


def parse(body: bytes, message: int = 0) -> list[Notice]:
    """The alerts in one POST of Alertmanager's."""
    return [
        Notice(
            status=alert["status"],
            name=alert["labels"]["alertname"],
            instance=alert["labels"].get("instance", ""),
            severity=alert["labels"].get("severity", ""),
            summary=alert["annotations"].get("summary", ""),
            description=alert["annotations"].get("description", ""),
            episode=(alert["fingerprint"], alert["startsAt"]),
            message=message,
        )
        for alert in json.loads(body)["alerts"]
    ]


def missing(notices: Iterable[Notice], names: Iterable[str]) -> list[str]:
    """What has not arrived: for each alert named, a firing, and after it a resolved of the same episode."""
    firing: dict[tuple[str, str], str] = {}
    resolved: set[str] = set()
    for notice in notices:
        if notice.status == "firing":
            firing[notice.episode] = notice.name
        elif notice.episode in firing:
            resolved.add(notice.name)
    return [f"{name} firing" for name in names if name not in firing.values()] + [
        f"{name} resolved" for name in names if name not in resolved
    ]


class Inbox:
    """A webhook on loopback that hands every Notice to `deliver`, on a thread of its own."""

    def __init__(self, deliver: Callable[[Notice], None]) -> None:
        messages = itertools.count(1)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                for notice in parse(self.rfile.read(int(self.headers["Content-Length"])), next(messages)):
                    deliver(notice)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Nothing: the notices are printed, not the requests."""

        # Not HTTPServer, which looks up a name for its address first.
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
