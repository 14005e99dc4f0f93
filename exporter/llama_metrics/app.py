"""The composition root: a configuration becomes parts that know each other, started and stopped in order."""

from __future__ import annotations

import logging
import os
import threading
import time

from llama_metrics.collector import Context
from llama_metrics.config import Config
from llama_metrics.log import fields
from llama_metrics.scrape import CannotOpen, Scraper
from llama_metrics.self_metrics import SelfMetrics
from llama_metrics.server import Server
from llama_metrics.system.machine import this_machine
from llama_metrics.web import Web

# Prometheus gets its answer and systemd its exit well before anyone loses patience.
_GRACE = 1.0
_LONGEST_WAIT = 0.5


class App:
    """The exporter: listens after `start`, and is gone after `stop`."""

    def __init__(self, config: Config, logger: logging.Logger) -> None:
        self._config, self._logger = config, logger
        context = Context(config.target, this_machine(os.environ), now=time.time, monotonic=time.monotonic)
        self._scraper = Scraper(config.collectors, context, logger)
        web = Web(self._scraper, SelfMetrics().collect, config.target.url, config.web.max_requests)
        self._server = Server(web, config.web.listen_address.pair, config.web.max_requests, logger)

    def start(self) -> str:
        """Listens, and gives the URL. Raises CannotListen, or CannotOpen for a collector."""
        # First of all: where another exporter serves already, nothing is opened.
        url = self._server.listen()
        try:
            self._scraper.open()
        except CannotOpen:
            self._server.stop()
            raise
        self._server.serve()
        self._logger.info("listening", extra=fields(url=url, ollama=self._config.target.url))
        return url

    def stop(self) -> None:
        """Answers the scrapes under way, then closes everything; takes about two seconds at most."""
        self._scraper.stop(_GRACE)
        self._server.stop()
        self._logger.info("stopped")


def run(config: Config, logger: logging.Logger, stop: threading.Event) -> None:
    """Serves until `stop` is set. Raises CannotOpen or CannotListen."""
    app = App(config, logger)
    app.start()
    while not stop.wait(_LONGEST_WAIT):
        # Not without an end: Python runs a signal's handler between two steps of this thread, and a signal that comes
        # when the wait has been decided on and not begun would be seen only after it.
        pass
    app.stop()
