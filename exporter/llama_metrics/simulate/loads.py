"""What the log says when the server starts and when a model is loaded, or cannot be."""

from __future__ import annotations

import hashlib
import math
import zlib
from dataclasses import dataclass

from llama_metrics.simulate.event import Counts, Event, answered
from llama_metrics.simulate.scenario import Model, Route, Scenario

MODELS = "/root/.ollama/models"
_GIB = 2**30
_MIB = 2**20
# Ollama looks every quarter of a second whether a load is done.
_STEP = 0.25
_BYTES_A_SECOND = 3e9
# A model whose context nobody told.
CONTEXT = 4096
# A model that does not fit asks for this many times its size.
_TOO_MUCH = 30
# Where Ollama's default context changes, by the GPUs' memory together.
_CONTEXTS = ((47 * _GIB, 262144), (23 * _GIB, 32768), (0, 4096))


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model as its runner has it."""

    model: Model
    memory: int
    vram: int
    context: int

    @property
    def seconds(self) -> float:
        """How long its load takes, by its size."""
        return max(1, math.ceil(self.memory / _BYTES_A_SECOND / _STEP)) * _STEP


def fresh(model: Model, context: int, scenario: Scenario) -> Loaded:
    """A model that a client has loaded: as large as its file, and on the GPU where there is one."""
    return Loaded(model, model.size, model.size if scenario.gpus else 0, context)


def blob(name: str) -> str:
    """The file of a model's weights; not the digest of /api/tags, which is its manifest's."""
    return "sha256-" + hashlib.sha256(f"weights of {name}".encode()).hexdigest()


def default_context(scenario: Scenario) -> int:
    """That of a model for which nobody asks another."""
    memory = sum(gpu.memory for gpu in scenario.gpus)
    return next(context for least, context in _CONTEXTS if memory >= least)


def server_start(at: float, scenario: Scenario) -> list[Event]:
    """A server's first lines: its settings, its version, what it computes on."""
    installed = len(scenario.models)
    memory = sum(gpu.memory for gpu in scenario.gpus)
    default = {"total": _size(memory), "context": default_context(scenario)}
    values = {"version": scenario.version, "blobs": 4 * installed, "models": installed, "port": port("", at)}
    values |= {"max_loaded_models": scenario.max_loaded_models or 0}
    found = [
        Event(
            at,
            ("gpu",),
            {
                "id": gpu.id,
                "library": gpu.library,
                "compute": gpu.compute,
                "device": f"{gpu.library}{index}",
                "description": gpu.name,
                "pci_id": f"0000:{index + 1:02x}:00.0",
                "total": _size(gpu.memory),
            },
        )
        for index, gpu in enumerate(scenario.gpus)
    ]
    return [Event(at, ("start",), values), *(found or [Event(at, ("cpu",))]), Event(at, ("default_context",), default)]


def load(at: float, loaded: Loaded, count: int, before: tuple[str, ...] = (), counts: Counts | None = None) -> Event:
    """A load that succeeds, from the first line to `loaded runners`; `before` are the lines of what caused it.

    The lines bear the time at which it is done.
    """
    model = loaded.model
    done: Counts = {("ollama_model_loads_total", model.name): 1.0, **(counts or {})}
    if model.format == "safetensors":
        return Event(at, (*before, "mlx"), {"model": model.name, "port": port(model.name, at), "count": count}, done)
    on_gpu = loaded.vram > 0
    sections = (
        *(*before, *(() if on_gpu else ("mmap",)), "load_asked", "load_begin"),
        *("tensors_gpu" if on_gpu else "tensors_cpu", "context", "load_ready"),
        "load_end_embedding" if model.embeds else "load_end",
    )
    values = {
        **_command(loaded, at),
        "full_name": _full_name(model.name),
        "took": loaded.seconds,
        "count": count,
        "predicted": _size(loaded.memory),
        "available": _size(int(0.6 * loaded.memory)),
    }
    return Event(at, sections, values, done)


def failed_load(at: float, ending: str, loaded: Loaded, route: Route) -> list[Event]:
    """A request whose model does not come into memory: its client leaves, or the file or the memory forbids it."""
    values = _command(loaded, at)
    asked = ("mmap", "load_asked")
    if ending == "cancelled_loading":
        cancelled: Counts = {("ollama_requests_cancelled_total", "499"): 1.0}
        left = Event(at, (*asked, "load_cancelled"), values)
        return [left, answered(at, route, 499, loaded.seconds, cancelled)]
    failure: Counts = {("ollama_model_load_failures_total",): 1.0}
    if ending == "unreadable":
        return [Event(at, ("bad_metadata",), values, failure), answered(at, route, 500, 0.0009)]
    wanted = _TOO_MUCH * loaded.memory
    values |= {"mib": f"{wanted / _MIB:.2f}", "bytes": wanted, "predicted": _size(wanted)}
    sections = (*asked, "load_begin", "tensors_cpu", "context", "out_of_memory")
    counts: Counts = {**failure, ("ollama_out_of_memory_total",): 1.0}
    return [Event(at, sections, values, counts), answered(at, route, 500, 0.506)]


def _command(loaded: Loaded, at: float) -> dict[str, object]:
    """The values of the runner's command line, and of what it says of the weights."""
    model = loaded.model
    offloaded = round(model.layers * loaded.vram / loaded.memory) if loaded.memory else 0
    return {
        "blob": blob(model.name),
        "port": port(model.name, at),
        "context": loaded.context,
        "template": "" if model.embeds else "--no-jinja --chat-template chatml ",
        "mode": "" if loaded.vram else "--load-mode none ",
        "embedding": "--embedding " if model.embeds else "",
        "layers": model.layers,
        "offloaded": offloaded,
        "repeating": max(0, offloaded - 1),
        "gpu_weights": loaded.vram / _MIB,
        "cpu_weights": (loaded.memory - loaded.vram) / _MIB,
    }


def _full_name(name: str) -> str:
    """With the registry, as the log has it."""
    parts = name.count("/")
    return {0: f"registry.ollama.ai/library/{name}", 1: f"registry.ollama.ai/{name}"}.get(parts, name)


def _size(count: int) -> str:
    return f"{count / _GIB:.1f} GiB" if count >= _GIB else f"{count / _MIB:.1f} MiB" if count else "0 B"


def port(name: str, at: float) -> int:
    """Another one for each load, but the same whenever the scenario is run."""
    return 32768 + zlib.crc32(f"{name} {at}".encode()) % 28000
