"""Stands for everything outside: an HTTP server for Slack, Telegram, PagerDuty and the rest, and one for mail."""

from __future__ import annotations

import email
import email.policy
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tools.stack import free_port

# Slack, Telegram and PagerDuty each look for a word of theirs in the answer.
ANSWER = (
    b'{"ok": true, "status": "success", "dedup_key": "", "result": {"message_id": 1, "chat": {"id": 1}, "date": 1}}'
)


@dataclass(frozen=True)
class Call:
    """One request: its path with the query, and its body."""

    path: str
    body: str


@dataclass(frozen=True)
class Mail:
    """One message: who it is for, its subject, and its two bodies."""

    to: tuple[str, ...]
    subject: str
    text: str
    html: str


class Outside:
    """Listens as long as it is entered, and keeps what comes."""

    def __init__(self, password: str) -> None:
        self._changed = threading.Condition()
        self._calls: list[Call] = []
        self._mails: list[Mail] = []
        self._password = password
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        # aiosmtpd calls itself to see that it listens, so it cannot choose the port.
        port = free_port()
        self._smtp = Controller(
            self,
            "127.0.0.1",
            port,
            authenticator=self._judge,
            auth_require_tls=False,
            # It words the questions of LOGIN in a way that Alertmanager does not expect.
            auth_exclude_mechanism=["LOGIN"],
        )
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self.mail_server = f"127.0.0.1:{port}"

    def __enter__(self) -> Self:
        self._smtp.start()
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._smtp.stop()
        self._http.shutdown()
        self._http.server_close()

    def calls(self, condition: Callable[[Call], bool], count: int = 1, seconds: float = 20) -> list[Call]:
        """The calls that fulfil the condition, once there are so many. Raises AssertionError if there never are."""
        return self._wait(lambda: [one for one in self._calls if condition(one)], count, seconds)

    def mails(self, condition: Callable[[Mail], bool], count: int = 1, seconds: float = 20) -> list[Mail]:
        """As calls, for mails."""
        return self._wait(lambda: [one for one in self._mails if condition(one)], count, seconds)

    def _wait(self, found: Callable[[], list[Any]], count: int, seconds: float) -> list[Any]:
        with self._changed:
            fulfilled = self._changed.wait_for(lambda: len(found()) >= count, seconds)
            assert fulfilled, f"after {seconds} s there is {found()} of {self._calls} and {self._mails}"
            return found()

    def _take(self, call: Call) -> None:
        with self._changed:
            self._calls.append(call)
            self._changed.notify_all()

    def _judge(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, given: Any) -> AuthResult:
        is_right = isinstance(given, LoginPassword) and given.password.decode() == self._password
        return AuthResult(success=is_right)

    async def handle_DATA(  # noqa: N802  the name is aiosmtpd's
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
    ) -> str:
        """aiosmtpd's way to hand over a message."""
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
        assert text is not None
        assert html is not None
        mail = Mail(tuple(envelope.rcpt_tos), message["Subject"], text.get_content(), html.get_content())
        with self._changed:
            self._mails.append(mail)
            self._changed.notify_all()
        return "250 OK"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outside._take(Call(self.path, body.decode()))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(ANSWER)))
                self.end_headers()
                self.wfile.write(ANSWER)

            def log_message(self, *_: object) -> None:
                """Nothing: what came is what the tests read."""

        return Handler
