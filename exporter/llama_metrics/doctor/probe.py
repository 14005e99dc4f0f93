"""Is the probe on, and which models would it ask now? No model is asked for a token here."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping

from llama_metrics.collectors.probe.memory import Running, key, parse
from llama_metrics.collectors.probe.options import ProbeOptions
from llama_metrics.config import Config
from llama_metrics.doctor.check import Check, trouble
from llama_metrics.errors import SourceError
from llama_metrics.ollama.answers import LoadedModels
from llama_metrics.ollama.client import Client
from llama_metrics.system.machine import Machine

_SECONDS = 5.0
_ON = "under collectors in the configuration: probe: {{enabled: true, models: [{{name: {}}}]}}"
_NAME = "name it in collectors.probe.models, if its end may move with each probe"


def look(config: Config, _: Machine) -> Iterator[Check]:
    """One check for what is asked, and one for each reason to leave a model alone."""
    # One that is off is not among them.
    options = next((own for collector, own in config.collectors if collector.name == "probe"), None)
    assert options is None or isinstance(options, ProbeOptions)  # noqa: S101  the collector declares it
    client = Client(config.target.url, config.target.headers)
    try:
        answer = client.get("/api/ps", LoadedModels, time.monotonic() + _SECONDS)
    except SourceError as error:
        # That Ollama does not answer is said elsewhere, and is no matter of a probe that is off.
        yield _off({}) if options is None else trouble("probe", "what is in memory: ", error)
        return
    finally:
        client.close()
    yield from describe(options, parse(answer, time.time())[0])


def describe(options: ProbeOptions | None, running: Mapping[str, Running]) -> Iterator[Check]:
    """What the probe would do now, with these models in memory by their keys; without options it is off."""
    if options is None:
        yield _off(running)
        return
    named = {key(model.name): model for model in options.models}
    chosen = {name: model for name, model in running.items() if model.pinned or name in named}
    missing = {name: model for name, model in named.items() if name not in running}
    yield _asked(
        options,
        *(model.name for model in chosen.values() if model.context is not None),
        *(model.name for model in missing.values() if model.load),
    )
    no_context = _names(model.name for model in chosen.values() if model.context is None)
    if no_context:
        told = f"it leaves {no_context} alone: Ollama does not say with which context it runs"
        yield Check("probe", "absent", told, "update Ollama to 0.10 or later")
    if not_loaded := _names(model.name for model in missing.values() if not model.load):
        told = f"it leaves {not_loaded} alone while it is not in memory"
        yield Check("probe", "absent", told, "load: true beside its name, if it may be loaded for a probe")
    if others := _names(model.name for name, model in running.items() if name not in chosen):
        yield Check("probe", "absent", f"it leaves {others} alone, which is neither pinned nor named", _NAME)


def _off(running: Mapping[str, Running]) -> Check:
    names = [model.name for model in running.values() if not model.pinned] or ["llama3.2"]
    fix = _ON.format(names[0])
    pinned = _names(model.name for model in running.values() if model.pinned)
    if pinned:
        return Check("probe", "absent", f"it is off; {pinned} is pinned, and would be asked without being named", fix)
    return Check("probe", "absent", "it is off: whether inference works is not tried", fix)


def _asked(options: ProbeOptions, *models: str) -> Check:
    if not models:
        told = "it is on, and has nobody to ask: no model in memory is pinned or named"
        return Check("probe", "absent", told, "name one in collectors.probe.models, with load: true to have it loaded")
    return Check("probe", "ok", f"every {options.interval:.0f} s one token is asked of {_names(models)}")


def _names(models: Iterable[str]) -> str:
    return ", ".join(sorted(models))
