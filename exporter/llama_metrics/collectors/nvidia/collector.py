"""The nvidia collector, put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llama_metrics.collector import Collector, Context, Options
from llama_metrics.collectors.nvidia.metrics import METRICS
from llama_metrics.collectors.nvidia.nvml import LIBRARY, Nvml, load
from llama_metrics.collectors.nvidia.parse import Reading, parse
from llama_metrics.collectors.nvidia.present import has_card
from llama_metrics.collectors.nvidia.render import render
from llama_metrics.collectors.nvidia.runners import Runners
from llama_metrics.errors import Unsupported
from llama_metrics.ollama.client import Client
from llama_metrics.ollama.directory import Directory
from llama_metrics.system.machine import is_local

# Kept of a scrape's time for what NVML said, when the API does not answer.
_RESERVE = 0.25


class NvidiaOptions(Options, frozen=True, kw_only=True):
    """On where an NVIDIA GPU is found."""

    enabled: bool | None = None


class NvidiaSource:
    """NVML, and what Ollama's runners have on the cards.

    Args:
        nvml: NVML.
        directory: names the models of the runners; None where the Ollama that is watched does not run here.
        monotonic: the clock that deadlines are told in.

    """

    def __init__(self, nvml: Nvml, directory: Directory | None, monotonic: Callable[[], float]) -> None:
        self._nvml, self._directory, self._monotonic = nvml, directory, monotonic
        self._runners = Runners()
        self.rejected = 0

    def read(self, deadline: float) -> Reading:
        """The GPUs that answer. Raises what NVML raised."""
        cards = self._nvml.cards(deadline)
        pids = [pid for card in cards for pid, _ in card.processes]
        reading = parse(cards, self._models(pids, deadline - _RESERVE))
        self.rejected += reading.rejected
        return reading

    def close(self) -> None:
        """Ends NVML."""
        self._nvml.close()

    def _models(self, pids: list[int], deadline: float) -> dict[int, str]:
        """The names of the models whose runners are among these; a name still to be found out waits for a scrape."""
        if self._directory is None or not (models := self._runners.models(pids)):
            return {}
        self._directory.refresh(0, deadline)
        self._directory.look_up(models.values(), deadline)
        named = {model: self._directory.name(model, deadline) for model in set(models.values())}
        return {pid: name for pid, model in models.items() if (name := named[model]) is not None}


def open_source(_: NvidiaOptions, context: Context, load: Callable[[], Any] = load) -> NvidiaSource:
    """NVML by `load`. Raises Unsupported where there is no card, or nothing to ask it with."""
    if not has_card(context.machine.root):
        raise Unsupported("no NVIDIA GPU: neither a PCI device of vendor 0x10de nor NVIDIA's driver is there")
    try:
        api = load()
    except ImportError:
        raise Unsupported(
            "there is an NVIDIA GPU, but nvidia-ml-py is not installed; pip install 'llama-metrics[nvidia]'"
        ) from None
    except OSError as error:
        raise Unsupported(
            f"there is an NVIDIA GPU, but {LIBRARY} cannot be loaded ({error}); install NVIDIA's driver, or start the"
            " container with its GPUs (--gpus all)"
        ) from None
    target = context.target
    directory = None
    if is_local(target.url):
        directory = Directory(Client(target.url, target.headers, context.monotonic), context.monotonic)
    return NvidiaSource(Nvml(api, context.monotonic), directory, context.monotonic)


NVIDIA = Collector(
    name="nvidia",
    help="NVIDIA GPUs, by NVML",
    scope="host",
    options=NvidiaOptions,
    metrics=METRICS,
    open=open_source,
    render=render,
)
