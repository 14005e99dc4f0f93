"""The exporter, in this process, watching a given address."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from llama_metrics import exposition
from llama_metrics.app import App
from llama_metrics.collector import Context, Target
from llama_metrics.collectors import ALL
from llama_metrics.collectors.ps import PS
from llama_metrics.collectors.tags import TAGS
from llama_metrics.collectors.version import VERSION
from llama_metrics.config import Setting, load
from llama_metrics.scrape import Scraper
from llama_metrics.system.machine import this_machine

# What asks the API. A test that reads a log says which: this machine may have one of its own.
API = (VERSION, PS, TAGS)

# When the recordings were made.
NOW = 1_795_250_000.0


def quiet() -> logging.Logger:
    """A logger that nobody reads."""
    logger = logging.Logger("test")  # noqa: LOG001  registered nowhere
    logger.addHandler(logging.NullHandler())
    return logger


def settings(**values: object) -> list[Setting]:
    """`web__max_requests=1` as the flag of that key."""
    return [Setting(tuple(key.split("__")), value, key) for key, value in values.items()]


@contextmanager
def running(url: str, **values: object) -> Iterator[str]:
    """The real application on a free port, watching `url` and no more of this machine than told; gives its address."""
    off = {f"collectors__{collector.name}__enabled": False for collector in ALL if collector.scope == "host"}
    flags = settings(**{"web__listen_address": "127.0.0.1:0", **off, **values})
    app = App(load(ALL, {"OLLAMA_HOST": url}, flags=flags), quiet())
    address = app.start()
    try:
        yield address
    finally:
        app.stop()


def get(address: str, path: str, **headers: str) -> requests.Response:
    """GET, with `Accept_Encoding=...` as the header of that name."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.get(address + path, headers=named, timeout=20)


def page(url: str, expected_models: tuple[str, ...] = (), now: float = NOW) -> str:
    """What the collectors say about `url` at a fixed time, as text without our own process."""
    context = Context(
        target=Target(name="default", url=url, expected_models=expected_models),
        machine=this_machine({}),
        now=lambda: now,
        monotonic=time.monotonic,
    )
    scraper = Scraper([(collector, collector.options()) for collector in API], context, quiet())
    scraper.open()
    try:
        return exposition.render(scraper.collect(), exposition.TEXT).decode()
    finally:
        scraper.stop(0)


def samples(text: str, name: str) -> dict[str, float]:
    """The samples of one family on a page: the part in braces -> the number."""
    found = {}
    for line in text.splitlines():
        series, _, number = line.rpartition(" ")
        if not line.startswith("#") and series.partition("{")[0] == name:
            found[series.removeprefix(name)] = float(number)
    return found
