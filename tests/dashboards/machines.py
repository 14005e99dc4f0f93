"""Machines that are not here, a Mac, a PC and a rig: pages of what their collectors would tell.

The families are made from the metrics that the collectors declare, and rendered as the exporter does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from llama_metrics.collectors import ps
from llama_metrics.collectors.amd import metrics as amd
from llama_metrics.collectors.host import metrics as host
from llama_metrics.collectors.macos import metrics as macos
from llama_metrics.collectors.nvidia import metrics as nvidia
from llama_metrics.collectors.process import metrics as process
from llama_metrics.exposition import TEXT, render
from llama_metrics.metrics import AnyFamily, Family, Metric

CARD = "GPU-1b6e0f3a-52c7-4d19-8a40-6f2d9b7c0e51"
Page = Callable[[float], Iterable[AnyFamily]]
"""From the seconds since somebody first looked at the machine to what is told of it."""


def mac(_: float) -> Iterator[Family]:
    """A Mac that is short of memory and slowed down by its heat; powermetrics does not run there."""
    yield Family.single(macos.MEMORY_PRESSURE, 2)
    yield Family.single(macos.GPU_UTILIZATION, 0.93)
    yield Family.single(macos.GPU_MEMORY, 11.2e9)
    yield Family.single(macos.WIRED_LIMIT, 13.4e9)
    yield Family.single(macos.MEMORY_WIRED, 12.6e9)
    yield Family.single(macos.MEMORY_COMPRESSED, 2.1e9)
    yield _one_of(macos.THERMAL_PRESSURE, macos.LEVELS, "heavy")


def pc(seconds: float) -> Iterator[Family]:
    """A PC with Ollama, whose NVIDIA card is at its power limit and too hot besides.

    Its disk fills, and its server is started anew each 10 seconds.
    """
    yield Family(nvidia.INFO, (((CARD, "NVIDIA GeForce RTX 3090"), 1),))
    yield from _of_card(
        CARD,
        {
            nvidia.UTILIZATION: 0.97,
            nvidia.MEMORY_USED: 17.9e9,
            nvidia.MEMORY_TOTAL: 25.8e9,
            nvidia.POWER: 348.2,
            nvidia.POWER_LIMIT: 350,
            nvidia.TEMPERATURE: 88,
            nvidia.ENERGY: 51_000 + 348.2 * seconds,
        },
    )
    yield _one_of(nvidia.THROTTLE, nvidia.REASONS, "power_cap", "thermal_software", card=CARD)
    yield Family(nvidia.PROCESS_MEMORY, (((CARD, "qwen3:14b"), 10.7e9),))
    yield Family(process.PROCESSES, ((("server",), 1), (("runner",), 1)))
    for metric, (server, runner) in {
        process.CPU_SECONDS: (7.5 + 0.01 * seconds, 910 + 1.1 * seconds),
        process.RESIDENT_MEMORY: (96e6, 1.8e9),
        process.THREADS: (22, 31),
        process.OPEN_FDS: (18, 47),
        process.START_TIME: (1_795_000_000 + seconds // 10 * 10, 1_795_003_600),
    }.items():
        yield Family(metric, ((("server", ""), server), (("runner", "qwen3:14b"), runner)))
    yield Family.single(process.CONNECTIONS, 3)
    yield Family.single(host.FILESYSTEM_SIZE, 500e9)
    yield Family.single(host.FILESYSTEM_AVAILABLE, 60e9)


def rig(_: float) -> Iterator[Family]:
    """A machine with two AMD cards, of which the second does not measure its power, and no model in memory."""
    yield Family.single(ps.LOADED, 0)
    cards = ("0000:0b:00.0",), ("0000:0c:00.0",)
    yield Family(amd.INFO, tuple(((*card, "AMD Radeon RX 7900 XTX"), 1) for card in cards))
    for metric, values in {
        amd.UTILIZATION: (0.11, 0),
        amd.MEMORY_USED: (3.9e9, 26e6),
        amd.MEMORY_TOTAL: (25.7e9, 25.7e9),
        amd.POWER: (61, None),
        amd.TEMPERATURE: (47, 38),
    }.items():
        yield Family.of(metric, zip(cards, values, strict=True))


def _of_card(card: str, values: Mapping[Metric, float]) -> Iterator[Family]:
    for metric, value in values.items():
        yield Family(metric, (((card,), value),))


def _one_of(metric: Metric, states: tuple[str, ...], *present: str, card: str | None = None) -> Family:
    """A state set, complete; of a card where there is one."""
    before = () if card is None else (card,)
    return Family(metric, tuple(((*before, state), float(state in present)) for state in states))


@contextmanager
def served(page: Page) -> Iterator[str]:
    """The page on a loopback port, anew at each scrape; gives its address."""
    looked: list[float] = []

    class _Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            looked.append(time.monotonic())
            body = render(page(looked[-1] - looked[0]), TEXT)
            self.send_response(200)
            self.send_header("Content-Type", TEXT)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Nothing: each scrape would be a line of the test's output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
