"""Ollama's own records (slog's text form) as events: `time=… level=INFO source=… msg="loaded runners" count=1`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from llama_metrics.collectors.log import events, units
from llama_metrics.collectors.log.events import Failed, Level, Message
from llama_metrics.ollama import names

_LEVELS: dict[str, Level] = {"TRACE": "debug", "DEBUG": "debug", "INFO": "info", "WARN": "warn", "ERROR": "error"}
_ATTRIBUTE = re.compile(r' ("[^"\n]*"|[^ ="\n]+)=("[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"|[^ \n]*)')
_ESCAPE = re.compile(r"\\(.)")
_BLOB = re.compile(r"sha256-[0-9a-f]{64}")
_MODEL_ARGUMENT = re.compile(r" --model (.{1,500}?)(?= --|$)")
_LISTENING = re.compile(r"Listening on .{1,200} \(version ([0-9A-Za-z.+-]{1,60})\)")
_STARTED = re.compile(r"(?:llama-server|llama runner|mlx runner) started in ([0-9]{1,9}(?:\.[0-9]{1,9})?) seconds")
_OFFLOADED = re.compile(r"offloaded ([0-9]{1,6})/([0-9]{1,6}) layers to GPU")
# Settings that become labels: as Ollama prints them, or `other`.
_SWITCH = frozenset(("", "false", "true", "0", "1", "2", "INFO", "DEBUG", "DEBUG-4", "TRACE"))
_CACHE_TYPES = frozenset(("", "f32", "f16", "bf16", "q8_0", "q5_0", "q5_1", "q4_0", "q4_1", "iq4_nl"))
_MEMORY = re.compile(
    r"out of memory|insufficient memory|failed to allocate compute|requires more (?:system|gpu) memory|too large"
)
# What a model without an end says: the longest duration that Go can hold.
_FOR_EVER = 2**63 / 1e9 - 1

Attributes = dict[str, str]
Builder = Callable[[Level, float | None, Attributes], events.Event | None]


def parse(time: str, level: str, msg: str, rest: str) -> events.Event:
    """The event of a record; a plain Message where the words mean nothing more."""
    words = _text(msg)
    severity = _LEVELS.get(level)
    if severity is None:
        return Failed()
    second = _second(time) if words in _TIMED else None
    builder = _builder(words)
    if builder is not None:
        attributes = {_text(key): _text(value) for key, value in _ATTRIBUTE.findall(rest)}
        attributes["msg"] = words
        built = builder(severity, second, attributes)
        if built is not None:
            return built
    return Message(severity, second)


def parse_old(level: str, words: str) -> events.Event:
    """Ollama 0.1.34 to 0.6 wrote its first record in Go's older form, without quotes around the message."""
    if words.startswith("server config "):
        return parse("", level, "server config", words.removeprefix("server config"))
    return Message(_LEVELS[level], None)


def _text(value: str) -> str:
    """A value without its quotes. An escape stands for the character behind it: none of ours needs more."""
    if value[:1] != '"':
        return value
    return _ESCAPE.sub(r"\1", value[1:-1]) if "\\" in value else value[1:-1]


def _second(time: str) -> float | None:
    try:
        return datetime.fromisoformat(time).timestamp()
    except (ValueError, OverflowError):
        return None


def _builder(words: str) -> Builder | None:
    exact = _EXACT.get(words)
    if exact is not None:
        return exact
    for sign, builder in _CONTAINING:
        if sign in words:
            return builder
    return None


def _whole(text: str | None) -> int | None:
    """A count; None where it is 0 (automatic), not said, or none."""
    return int(text) or None if text is not None and re.fullmatch(r"[0-9]{1,15}", text) else None


def _configured(level: Level, second: float | None, attributes: Attributes) -> events.Event:
    env = attributes.get("env", "")

    def said(key: str) -> str | None:
        found = re.search(rf"[\[ ]{key}:([^ \]]*)", env)
        return found[1] if found else None

    def word(key: str, words: frozenset[str]) -> str:
        value = said(key) or ""
        return value if value in words else "other"

    keep_alive = units.seconds(said("OLLAMA_KEEP_ALIVE") or "")
    return events.Configured(
        level,
        second,
        num_parallel=_whole(said("OLLAMA_NUM_PARALLEL")),
        max_queue=_whole(said("OLLAMA_MAX_QUEUE")),
        max_loaded_models=_whole(said("OLLAMA_MAX_LOADED_MODELS")),
        keep_alive=keep_alive if keep_alive is not None and 0 <= keep_alive < _FOR_EVER else None,
        context_length=_whole(said("OLLAMA_CONTEXT_LENGTH")),
        flash_attention=word("OLLAMA_FLASH_ATTENTION", _SWITCH),
        kv_cache_type=word("OLLAMA_KV_CACHE_TYPE", _CACHE_TYPES),
        debug=word("OLLAMA_DEBUG", _SWITCH),
    )


def _listening(level: Level, second: float | None, attributes: Attributes) -> events.Event | None:
    found = _LISTENING.fullmatch(attributes["msg"])
    return events.Listening(level, second, found[1]) if found else None


def _default_context(level: Level, second: float | None, attributes: Attributes) -> events.Event:
    tokens = _whole(attributes.get("default_num_ctx"))
    return events.DefaultContext(level, second, tokens) if tokens else Failed()


def _device(level: Level, second: float | None, attributes: Attributes) -> events.Event:
    if not attributes.get("library"):
        return Failed()
    return events.Device(
        level,
        second,
        gpu=attributes.get("id", "")[:128],
        library=attributes["library"].lower()[:32],
        # From 0.12.4 on, `name` is a short one like CUDA0.
        name=(attributes.get("description") or attributes.get("name") or "")[:128],
        memory=units.size(attributes.get("total", "")),
    )


def _starting(level: Level, second: float | None, attributes: Attributes) -> events.Event | None:
    command = attributes.get("cmd", "")
    argument = _MODEL_ARGUMENT.search(command)
    if not argument:
        # It only looks for GPUs.
        return None
    blob = _BLOB.search(argument[1])
    upstream = attributes["msg"] == "starting llama-server"
    return events.RunnerStarting(
        level,
        second,
        model=blob[0] if blob else argument[1],
        timed=upstream and " --embedding" not in command,
        upstream=upstream,
    )


def _starting_mlx(level: Level, second: float | None, attributes: Attributes) -> events.Event:
    model = _name(attributes)
    return events.RunnerStarting(level, second, model, timed=False, upstream=False) if model else Failed()


def _named(level: Level, second: float | None, attributes: Attributes) -> events.Event:
    model = _name(attributes)
    return events.ModelNamed(level, second, model) if model else Failed()


def _name(attributes: Attributes) -> str | None:
    """The model's name as /api/ps spells it."""
    try:
        return names.complete(attributes.get("model", ""))
    except ValueError:
        return None


def _started(level: Level, second: float | None, attributes: Attributes) -> events.Event | None:
    found = _STARTED.fullmatch(attributes["msg"])
    return events.RunnerStarted(level, second, float(found[1])) if found else None


def _loaded(level: Level, second: float | None, attributes: Attributes) -> events.Event:
    count = _whole(attributes.get("count"))
    return events.RunnersLoaded(level, second, count) if count else Failed()


def _load_failed(level: Level, second: float | None, attributes: Attributes) -> events.Event:
    error = attributes.get("error", "")
    return events.LoadFailed(level, second, "context canceled" in error, _MEMORY.search(error) is not None)


def _gone(level: Level, second: float | None, attributes: Attributes) -> events.Event:
    # The same trouble again has the same words; of them only a bounded part is kept, and only until the next.
    return events.RunnerGone(level, second, " ".join(attributes.values())[:200])


def _begins(level: Level, second: float | None, attributes: Attributes) -> events.Event | None:
    blob = _BLOB.search(attributes.get("model", ""))
    return events.RequestBegins(level, second, blob[0]) if blob else None


def _in_use(level: Level, second: float | None, attributes: Attributes) -> events.Event | None:
    blob, requests = _BLOB.search(attributes.get("runner.model", "")), attributes.get("refCount", "")
    if not blob or not re.fullmatch(r"[0-9]{1,9}", requests):
        return None
    return events.RunnerInUse(level, second, blob[0], int(requests))


_EXACT: dict[str, Builder] = {
    "server config": _configured,
    "vram-based default context": _default_context,
    "inference compute": _device,
    "starting llama-server": _starting,
    "starting runner": _starting,
    "starting llama server": _starting,
    "starting mlx runner subprocess": _starting_mlx,
    "template selection": _named,
    "loaded runners": _loaded,
    "Load failed": _load_failed,
    "failed to load model metadata": _load_failed,
    "llama-server process no longer running": _gone,
    "llama runner process no longer running": _gone,
    "model request too large for system": lambda level, second, _: events.TooLarge(level, second),
    "model is too large for system memory": lambda level, second, _: events.TooLarge(level, second),
    "truncating input prompt": lambda level, second, _: events.Truncated(level, second),
    "evaluating already loaded": _begins,
    "after processing request finished event": _in_use,
}
_CONTAINING: tuple[tuple[str, Builder], ...] = (
    ("Listening on ", _listening),
    (" started in ", _started),
    ("request due to client closing the connection", lambda level, second, _: events.ClientLeft(level, second)),
    ("evicting", lambda level, second, _: events.Evicting(level, second)),
    ("runtime OOM detected", lambda level, second, _: events.TooLarge(level, second)),
)
# Only what is put in relation to another line needs its time.
_TIMED = frozenset(word for word in _EXACT if word.endswith("no longer running"))
