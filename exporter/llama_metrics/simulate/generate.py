"""POST /api/generate: what a client may ask, what is refused, and the pieces of the answer, as recorded from 0.33."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from llama_metrics.ollama.names import ModelName
from llama_metrics.simulate.api import JSON, Answer, as_json
from llama_metrics.simulate.clients import Asked, Plan
from llama_metrics.simulate.loads import default_context, fresh
from llama_metrics.simulate.models import rfc3339
from llama_metrics.simulate.scenario import KeepAlive, Model, Scenario
from llama_metrics.simulate.state import State
from llama_metrics.simulate.tasks import AROUND

NEVER = Answer(500, (), b"", never=True, said=("abort", "gin"))
# An answer for which nobody sets an end.
_GENERATED = 32
# Where nobody knows what a model was trained for.
_LARGEST = 2**31 - 1
_WORD = " word"
_FINDING = 1_000_000
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_DURATION = re.compile(rf"-?(?:{_PART.pattern})+")
_INTEGERS = ("num_ctx", "num_predict")


class _Body(msgspec.Struct):
    model: str = ""
    prompt: str = ""
    raw: bool = False
    stream: bool | None = None
    keep_alive: float | str | None = None
    options: dict[str, object] = {}


class Piece(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A line of the answer. Ollama leaves out every zero."""

    model: str
    created_at: str
    response: str
    done: bool
    done_reason: str = ""
    context: list[int] = []
    total_duration: int = 0
    load_duration: int = 0
    prompt_eval_count: int = 0
    prompt_eval_duration: int = 0
    eval_count: int = 0
    eval_duration: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request that is answered: by the model as it named it, in pieces or at once."""

    named: str
    asked: Asked
    streams: bool
    is_raw: bool
    ends_by_length: bool

    @property
    def unloads(self) -> bool:
        """Whether it asks for nothing but that the model goes."""
        return not self.asked.prompt and self.asked.keep_alive == 0


def parse(body: bytes, state: State, scenario: Scenario) -> Wanted | Answer:
    """What is asked, or the refusal."""
    if not body:
        return as_json(400, {"error": "missing request body"})
    try:
        given = msgspec.json.decode(body, type=_Body)
        keep_alive = _seconds(given.keep_alive)
    except msgspec.ValidationError as error:
        return as_json(400, {"error": f"json: cannot unmarshal: {error}"})
    except msgspec.DecodeError:
        return as_json(400, {"error": "unexpected EOF"})
    except ValueError as error:
        return as_json(400, {"error": str(error)})
    model = _installed(given.model, state)
    if model is None:
        return as_json(404, {"error": f"model '{given.model}' not found"})
    if model.embeds:
        return as_json(400, {"error": f'"{given.model}" does not support generate'})
    if model.remote_host:
        return as_json(401, {"error": "unauthorized"})
    wrong = [option for option in _INTEGERS if type(given.options.get(option, 0)) is not int]
    if wrong:
        return as_json(500, {"error": f'option "{wrong[0]}" must be of type integer'})
    num_ctx, num_predict = (int(str(given.options.get(option, 0))) for option in _INTEGERS)
    context = num_ctx if num_ctx > 0 else default_context(scenario)
    # More than it was trained for is not had.
    loaded = fresh(model, min(context, model.context_length or _LARGEST), scenario)
    # One token a word, and the one that each prompt begins with; it is cut to leave room for an answer.
    prompt = min(len(given.prompt.split()) + 1, max(1, loaded.context - 2)) if given.prompt else 0
    generated = min(num_predict if num_predict > 0 else _GENERATED, max(1, loaded.context - prompt - 1))
    asked = Asked(loaded, prompt, generated, keep_alive)
    return Wanted(given.model, asked, given.stream is not False, given.raw, ends_by_length=num_predict > 0)


def _installed(name: str, state: State) -> Model | None:
    try:
        complete = ModelName.parse(name)
    except ValueError:
        return None
    return next((one.model for one in state.installed if one.model.name == complete), None)


def words(wanted: Wanted, plan: Plan, began: datetime) -> Iterator[tuple[float, bytes]]:
    """A piece for each token, and when it is due; none for a request that only loads."""
    if plan.task:
        first, each = plan.begin + plan.task.prompt_seconds, plan.task.asked.seconds_per_token
        for number in range(plan.task.generated):
            moment = first + number * each
            yield moment, _line(_piece(wanted, began + timedelta(seconds=moment), _WORD))


def final(wanted: Wanted, plan: Plan, began: datetime, text: str = "") -> bytes:
    """The last piece, with what the request cost."""
    piece = _piece(wanted, began + timedelta(seconds=plan.end), text)
    task, piece.done = plan.task, True
    if task is None:
        piece.done_reason = "unload" if wanted.unloads else "load"
        return _line(piece)
    piece.done_reason = "length" if wanted.ends_by_length else "stop"
    if not wanted.is_raw:
        piece.context = [1, *range(3, task.prompt + task.generated + 2)]
    piece.total_duration = _nanoseconds(plan.end - plan.asked_at + AROUND)
    # Even a model that is there takes a moment to be found.
    piece.load_duration = _nanoseconds(plan.ready - plan.asked_at) or _FINDING
    piece.prompt_eval_count, piece.eval_count = task.prompt, task.generated
    piece.prompt_eval_duration, piece.eval_duration = map(_nanoseconds, (task.prompt_seconds, task.eval_seconds))
    return _line(piece)


def streamed(pieces: Iterator[bytes]) -> Answer:
    """The answer as it comes. The lines of the log about it are the traffic's."""
    return Answer(200, (("Content-Type", "application/x-ndjson"),), b"", pieces, said=())


def at_once(wanted: Wanted, plan: Plan, began: datetime) -> Answer:
    """The answer in one piece."""
    body = final(wanted, plan, began, _WORD * plan.task.generated if plan.task else "")
    return Answer(200, (("Content-Type", JSON),), body.rstrip(), said=())


def _piece(wanted: Wanted, at: datetime, text: str) -> Piece:
    return Piece(model=wanted.named, created_at=rfc3339(at), response=text, done=False)


def _line(piece: Piece) -> bytes:
    return msgspec.json.encode(piece) + b"\n"


def _seconds(keep_alive: float | str | None) -> float | None:
    """A number of seconds, or a duration as Go writes it; below 0 is for ever. Raises ValueError."""
    if keep_alive is None:
        return None
    if isinstance(keep_alive, str):
        if not _DURATION.fullmatch(keep_alive):
            raise ValueError(f'time: invalid duration "{keep_alive}"')
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(keep_alive))
        keep_alive = -seconds if keep_alive.startswith("-") else seconds
    return KeepAlive.FOREVER if keep_alive < 0 else min(keep_alive, KeepAlive.FOREVER)


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)
