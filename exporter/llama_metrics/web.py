"""The routes: what is asked by HTTP, and the answer."""

from __future__ import annotations

import math
import threading
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from llama_metrics import exposition, page
from llama_metrics.metrics import Family
from llama_metrics.scrape import Scraper

# What of Prometheus' own scrape timeout is left for the answer's way back.
_TIMEOUT_OFFSET = 0.5
_LONGEST_TIMEOUT = 86400.0

_METHODS = ("GET", "HEAD")
_PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class _Answer:
    status: str
    body: bytes
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, status: str, text: str | bytes, kind: str = _PLAIN, *more: tuple[str, str]) -> _Answer:
        body = text.encode() if isinstance(text, str) else text
        return cls(status, body, (("Content-Type", kind), ("X-Content-Type-Options", "nosniff"), *more))


class Web:
    """The WSGI application.

    Args:
        scraper: collects.
        own: the families about the exporter itself.
        watched: the addresses that the page for people names.
        max_requests: scrapes at once; one more is answered 503.

    """

    def __init__(self, scraper: Scraper, own: Callable[[], Iterable[Family]], watched: str, max_requests: int) -> None:
        self._scraper, self._own, self._watched = scraper, own, watched
        self._room = threading.BoundedSemaphore(max_requests)
        self._routes: dict[str, Callable[[WSGIEnvironment], _Answer]] = {
            "/": self._page,
            "/metrics": self._metrics,
            "/-/healthy": lambda _: _Answer.of("200 OK", "healthy\n"),
            "/-/ready": lambda _: _Answer.of("200 OK", "ready\n"),
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answers one request."""
        answer = self._answer(environ)
        start_response(answer.status, [*answer.headers, ("Content-Length", str(len(answer.body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def _answer(self, environ: WSGIEnvironment) -> _Answer:
        route = self._routes.get(environ.get("PATH_INFO", ""))
        if route is None:
            return _Answer.of("404 Not Found", f"no such page; there are {' '.join(self._routes)}\n")
        if environ["REQUEST_METHOD"] not in _METHODS:
            allow = ("Allow", ", ".join(_METHODS))
            return _Answer.of("405 Method Not Allowed", "only GET and HEAD\n", _PLAIN, allow)
        return route(environ)

    def _page(self, _: WSGIEnvironment) -> _Answer:
        text = page.render(self._watched, self._scraper.names, self._scraper.last())
        return _Answer.of("200 OK", text, "text/html; charset=utf-8", ("Content-Security-Policy", page.POLICY))

    def _metrics(self, environ: WSGIEnvironment) -> _Answer:
        names = parse_qs(environ.get("QUERY_STRING", "")).get("collect[]")
        unknown = sorted(set(names or ()) - set(self._scraper.names))
        if unknown:
            known = ", ".join(self._scraper.names)
            return _Answer.of("400 Bad Request", f"not enabled: {', '.join(unknown)}; enabled are {known}\n")
        if not self._room.acquire(blocking=False):
            return _Answer.of("503 Service Unavailable", "too many scrapes at once; see --web.max-requests\n")
        try:
            seconds = _allowed_seconds(environ.get("HTTP_X_PROMETHEUS_SCRAPE_TIMEOUT_SECONDS"))
            families = [*self._scraper.collect(names, seconds), *self._own()]
        finally:
            self._room.release()
        kind = exposition.negotiate(environ.get("HTTP_ACCEPT", ""))
        body, encoding = exposition.render(families, kind), []
        if exposition.qualities(environ.get("HTTP_ACCEPT_ENCODING", "")).get("gzip"):
            body, encoding = _gzip(body), [("Content-Encoding", "gzip")]
        return _Answer.of("200 OK", body, kind, ("Vary", "Accept, Accept-Encoding"), *encoding)


def _allowed_seconds(header: str | None) -> float | None:
    """What Prometheus leaves us of its scrape timeout; None where it says none or nonsense."""
    try:
        seconds = float(header or "nan")
    except ValueError:
        return None
    if not 0 < seconds <= _LONGEST_TIMEOUT or math.isnan(seconds):
        return None
    return seconds - min(_TIMEOUT_OFFSET, seconds / 2)


def _gzip(body: bytes) -> bytes:
    """The fastest level, for it is paid at every scrape, and an 8 KiB window.

    The usual one takes 268 KB of memory, which each of the server's threads would keep for itself.
    """
    packer = zlib.compressobj(level=1, wbits=16 + 13, memLevel=6)
    return packer.compress(body) + packer.flush()
