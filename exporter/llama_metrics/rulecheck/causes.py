"""Why series are absent, and the one thing to do about it: in sentences, by collector and by metric."""

from __future__ import annotations

from llama_metrics.collector import AnyCollector
from llama_metrics.metrics import AnyMetric
from llama_metrics.rulecheck.verdict import Cause, Level

_DOCTOR = "run `llama-metrics doctor` there:"
_MAC = Cause(Level.FOREIGN, "the exporter does not run on macOS itself")
_NO_CARD = Cause(Level.FOREIGN, "a Mac has no NVIDIA or AMD card")
REMOTE = Cause(
    Level.CANNOT, "Ollama is watched from another machine", "run an exporter on its own machine, with access to its log"
)
DOWN = Cause(Level.WAITS, "Ollama does not answer, and nothing else is told of it meanwhile")
OLD = Cause(Level.CANNOT, "this Ollama is older than 0.30 and does not tell it", "update Ollama")
# Of a collector that is not on.
_OFF = {
    "log": (
        "Ollama's log is not read",
        f"{_DOCTOR} it names each place where a log may be, and what is in the way",
    ),
    "probe": (
        "the probe is off",
        "set collectors.probe.enabled: true, and name in collectors.probe.models whom it asks for one token a minute",
    ),
    "process": ("Ollama's processes are not watched", f"{_DOCTOR} it says what there is to see, and what would help"),
    "runner": ("Ollama's runners are not watched", f"{_DOCTOR} it says what there is to see, and what would help"),
    "host": ("the machine is not watched", "set collectors.host.enabled: true on Ollama's own machine"),
    "powermetrics": ("powermetrics may not be run", f"{_DOCTOR} it has the one line for sudo that permits it"),
    "nvidia": (
        "the exporter found no NVIDIA GPU",
        "nothing, where there is none; else pip install 'llama-metrics[nvidia]', and give a container its GPUs",
    ),
    "amd": (
        "the exporter found no AMD GPU",
        "nothing, where there is none; else let it see /sys/class/drm with the driver amdgpu",
    ),
}
# Of a collector that is on and well, and has nothing of it to tell.
_SILENT = {
    "ps": Cause(Level.WAITS, "no model is in memory now"),
    "tags": Cause(Level.WAITS, "no model is installed"),
    "probe": Cause(
        Level.WAITS, "no model was probed yet, or none got its token; `llama-metrics doctor` says whom it asks"
    ),
    "runner": Cause(Level.WAITS, "no model is in memory now, so there is no runner"),
    "log": Cause(Level.WAITS, "the log had nothing of it since the exporter started"),
}
_NOT_MEASURED = Cause(Level.FOREIGN, "this machine does not measure it")
# What it takes beyond the collector being on, by the beginning of a metric's name.
BEYOND = {
    "ollama_expected_model_present": Cause(
        Level.CANNOT, "no model is named as expected", "name those that must be installed: targets[].expected_models"
    ),
    "ollama_connections": Cause(
        Level.CANNOT,
        "the exporter is not permitted to see Ollama's connections",
        "run it as the user of Ollama, or as root",
    ),
    "ollama_process": Cause(
        Level.CANNOT,
        "Ollama's processes are not to be seen from the exporter",
        f"{_DOCTOR} it says how to share them, and as which user to run it",
    ),
    "ollama_models_filesystem_": Cause(
        Level.CANNOT,
        "the folder of Ollama's models is not to be seen from the exporter",
        "name it in collectors.host.models_path, or any folder of its disk",
    ),
    "ollama_gpus": Cause(
        Level.WAITS, "the log does not hold the start of this Ollama, where it says what GPUs it found"
    ),
    "llama_metrics_log_unread_bytes": Cause(Level.FOREIGN, "the log is no file, so none of it lies there unread"),
}
_RUNNER_COUNTERS = Cause(
    Level.WAITS,
    "the runners' counters are not told, or no model is in memory",
    "set collectors.runner.metrics: true, and LLAMA_ARG_ENDPOINT_METRICS=1 in Ollama's environment",
)
_SET = "record it in rules/overrides.yml, if you want these alerts; rules/overrides.example.yml shows how"
# Of what no collector of ours provides, by the beginning of its name.
_ELSEWHERE = {
    "prometheus_": Cause(
        Level.CANNOT, "Prometheus does not scrape itself", "add a job to scrape_configs with its own address"
    ),
    "alertmanager_": Cause(
        Level.CANNOT, "Prometheus does not scrape Alertmanager", "add a job to scrape_configs with its address"
    ),
    "scrape_": Cause(
        Level.CANNOT,
        "Prometheus does not say what scrapes may cost",
        "start it with --enable-feature=extra-scrape-metrics",
    ),
    "ALERTS": Cause(Level.WAITS, "no alert is pending or firing"),
}


def off(collector: AnyCollector, system: str) -> Cause:
    """Why a collector is not among those of an exporter that runs on this system."""
    is_mac = system in ("darwin", "")
    if collector.name in ("macos", "powermetrics") and not is_mac:
        return _MAC
    if collector.name in ("nvidia", "amd") and system == "darwin":
        return _NO_CARD
    sentence, todo = _OFF.get(
        collector.name,
        (f"the collector {collector.name} is off", f"do not set collectors.{collector.name}.enabled: false"),
    )
    return Cause(Level.CANNOT, sentence, todo)


def failing(collector: AnyCollector) -> Cause:
    """Of a collector that is on and cannot read its source."""
    return Cause(Level.CANNOT, f"the collector {collector.name} fails", "the exporter's own page (/) says with what")


def silent(collector: AnyCollector, metric: AnyMetric, *, prints_costs: bool | None) -> Cause:
    """Why a collector that is on and well has no series of a metric; `prints_costs` as `ollama.eras` tells it."""
    # That a runner is too old to tell anything else, its state tells.
    told_by_old = metric.name == "ollama_runner_state"
    is_new = not told_by_old and (collector.name == "runner" or "before Ollama 0.30" in metric.help)
    if is_new and prints_costs is False:
        return OLD
    if collector.name == "runner" and metric.kind == "counter":
        return _RUNNER_COUNTERS
    found = next((cause for begin, cause in BEYOND.items() if metric.name.startswith(begin)), None)
    return found or _SILENT.get(collector.name, _NOT_MEASURED)


def elsewhere(name: str, known: frozenset[str]) -> Cause:
    """Why a series is absent that no collector provides, where others of these names are there."""
    if name.startswith("ollama:threshold:"):
        return Cause(Level.CANNOT, f"{name} is not set", _SET)
    program = name.partition("_")[0]
    if f"{program}_build_info" in known:
        return Cause(
            Level.WAITS, f"{program.capitalize()} has nothing of it to tell, as when that part of it is not used"
        )
    found = next((cause for begin, cause in _ELSEWHERE.items() if name.startswith(begin)), None)
    return found or Cause(Level.CANNOT, f"nothing here provides {name}", "load what records it, or scrape what has it")
