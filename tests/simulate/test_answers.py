"""The simulated Ollama answers as a recorded one did: status, headers, keys, types, order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from llama_metrics.ollama.names import ModelName
from llama_metrics.simulate import api, files, loads
from llama_metrics.simulate.scenario import KeepAlive, Load, Model, Scenario, Step
from llama_metrics.simulate.server import Server
from llama_metrics.simulate.state import state_at
from tests.simulate.recorded import asked, recorded, shape

BEGAN = datetime(2026, 11, 21, 7, 17, 2, 500000, tzinfo=UTC)
A, B, C = (ModelName(f"{letter}:1") for letter in "abc")


def model(name: ModelName, modified: datetime = BEGAN) -> Model:
    """A model of which everything is known that Ollama tells of a local one."""
    return Model(
        name=name,
        size=426662,
        modified_at=modified,
        family="llama",
        format="gguf",
        parameter_size="201K",
        quantization="F16",
        context_length=4096,
        embedding_length=64,
        capabilities=("completion",),
    )


@pytest.fixture
def url() -> Iterator[str]:
    """A simulated 0.33.0-rc2 with enough models that its list does not fit Go's buffer, three of them loaded."""
    names = tuple(ModelName(f"model-{number}:1") for number in range(8))
    loads = tuple(Load(model=name, memory=7748975, gpu=0, context_length=4096) for name in names[:3])
    scenario = Scenario("0.33.0-rc2", tuple(map(model, names)), (Step(at=0, load=loads),))
    server = Server("127.0.0.1", 0, lambda request: api.answer(request, state_at(scenario, 1), BEGAN))
    server.up()
    yield server.url
    server.down()


@pytest.mark.parametrize(
    ("name", "method", "target", "host"),
    [
        ("root", "GET", "/", None),
        ("head_root", "HEAD", "/", None),
        ("api_version", "GET", "/api/version", None),
        ("head_api_version", "HEAD", "/api/version?x=1", None),
        ("head_api_tags", "HEAD", "/api/tags", None),
        ("metrics.404", "GET", "/metrics", None),
        ("unknown_route.404", "POST", "/nowhere", None),
        ("method_not_allowed", "DELETE", "/api/version", None),
        ("foreign_host.403", "GET", "/api/version", "evil.example.com"),
    ],
)
def test_an_answer_is_the_recorded_one(url: str, name: str, method: str, target: str, host: str | None) -> None:
    """Byte for byte, headers in their order, but for the date, whose form is the same."""
    simulated, real = asked(url, method, target, host), recorded(name)

    assert simulated.undated == real.undated
    assert simulated.names == real.names
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", dict(simulated.headers)["Date"])


@pytest.mark.parametrize(("name", "target"), [("api_ps.three_loaded", "/api/ps"), ("api_tags.all_models", "/api/tags")])
def test_a_list_of_models_has_the_recorded_shape(url: str, name: str, target: str) -> None:
    """The same keys in the same order with the same types; sent with its length, or in chunks where it is long."""
    simulated, real = asked(url, "GET", target), recorded(name)

    assert shape(simulated.body) == shape(real.body)
    assert (simulated.status, simulated.names) == (real.status, real.names)
    assert dict(simulated.headers).get("Transfer-Encoding") == dict(real.headers).get("Transfer-Encoding")


@pytest.mark.parametrize(("name", "target"), [("api_ps.empty", "/api/ps"), ("api_tags.empty", "/api/tags")])
def test_an_empty_list_is_the_recorded_one(name: str, target: str) -> None:
    """An empty list, and not null."""
    answer = api.answer(api.Request("GET", target), state_at(Scenario("x", (), ()), 0), BEGAN)

    assert answer.body == recorded(name).body


def test_dates_have_the_recorded_form() -> None:
    """RFC 3339 as Go prints it: up to nanoseconds, without the zeros at the end, `Z` for UTC."""
    scenario = Scenario("x", (model(A), model(B, datetime(2026, 11, 1, tzinfo=UTC))), ())
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?Z"
    tags = json.loads(api.answer(api.Request("GET", "/api/tags"), state_at(scenario, 0), BEGAN).body)["models"]
    real = json.loads(recorded("api_tags.all_models").body)["models"]

    assert [one["modified_at"] for one in tags] == ["2026-11-21T07:17:02.5Z", "2026-11-01T00:00:00Z"]
    assert all(re.fullmatch(form, one["modified_at"]) for one in real)


def test_loaded_models_come_with_the_longest_to_stay_first_and_the_pinned_292_years_ahead() -> None:
    """Whole seconds count, as Ollama compares them; in the recording, too, a pinned model ends in 2319."""
    loads = (
        Load(model=A, memory=8, gpu=1, keep_alive=KeepAlive(10.1)),
        Load(model=B, memory=8, gpu=1, keep_alive=KeepAlive(10.2)),
        Load(model=C, memory=8, gpu=1, keep_alive=KeepAlive.parse("forever")),
    )
    scenario = Scenario("x", (model(A), model(B), model(C)), (Step(at=0, load=loads),))
    ps = json.loads(api.answer(api.Request("GET", "/api/ps"), state_at(scenario, 0), BEGAN).body)["models"]
    pinned = json.loads(recorded("api_ps.keep_alive_minus1").body)["models"][0]

    assert [one["name"] for one in ps] == ["c:1", "a:1", "b:1"]
    assert ps[0]["expires_at"][:10] == pinned["expires_at"][:10] == "2319-03-03"


def test_installed_models_come_newest_first_and_a_pulled_one_before_all() -> None:
    """Ollama compares whole seconds and leaves equals in their order."""
    second = BEGAN.replace(microsecond=900000)
    steps = (Step(at=1, delete=C), Step(at=2, pull=C))
    older = (model(A, BEGAN), model(B, second), model(C, datetime(2020, 1, 1, tzinfo=UTC)))

    def names(seconds: float) -> list[str]:
        state = state_at(Scenario("x", older, steps), seconds)
        return [
            one["name"] for one in json.loads(api.answer(api.Request("GET", "/api/tags"), state, BEGAN).body)["models"]
        ]

    assert [names(0), names(1), names(2)] == [["a:1", "b:1", "c:1"], ["a:1", "b:1"], ["c:1", "a:1", "b:1"]]


def test_the_steady_scenario_shows_every_state_at_once() -> None:
    """What the dashboards' tests rely on, a day later too."""
    state = state_at(files.load(files.find("steady")), 86400)
    ps = json.loads(api.answer(api.Request("GET", "/api/ps"), state, BEGAN).body)["models"]
    tags = json.loads(api.answer(api.Request("GET", "/api/tags"), state, BEGAN).body)["models"]
    shares = [one["size_vram"] / one["size"] for one in ps]

    assert {share in (0, 1) or "partly" for share in shares} == {True, "partly"}
    assert 0 in shares
    assert 1 in shares
    assert {one["name"] for one in ps if one["expires_at"][:4] == "2319"} == {"nomic-embed-text:latest", "smollm2:1.7b"}
    assert [one["name"] for one in ps if one["expires_at"] < "2026-11-22"] == ["gemma3:4b"]
    assert [one["name"] for one in ps if not one["context_length"]] == ["team/notes-mlx:latest"]
    assert [list(one)[2:4] for one in tags if "remote_host" in one] == [["remote_model", "remote_host"]]
    assert [one["name"] for one in tags if "context_length" not in one["details"]] == [
        "team/notes-mlx:latest",
        "gpt-oss:120b-cloud",
    ]


def test_head_of_api_ps_is_refused_as_by_ollama(url: str) -> None:
    """Ollama has no HEAD route there."""
    simulated = asked(url, "HEAD", "/api/ps")

    assert (simulated.status, dict(simulated.headers)["Allow"]) == ("405 Method Not Allowed", "GET")


def shown(name: str, body: bytes | None = None) -> api.Answer:
    """The answer about a model, of an Ollama with the models a:1 and b:1."""
    state = state_at(Scenario("x", (model(A), model(B)), ()), 0)
    asked_for = json.dumps({"model": name}).encode() if body is None else body
    return api.answer(api.Request("POST", "/api/show", asked_for), state, BEGAN)


def test_a_model_shows_the_file_that_its_runner_is_started_with() -> None:
    """By which a blob in the log gets its name; each model has its own, in the form of the recorded FROM line."""
    answers = [json.loads(shown(name).body) for name in ("a:1", "b:1")]
    froms = [re.findall(r"^FROM (.*)$", answer["modelfile"], re.MULTILINE) for answer in answers]

    assert froms == [[f"{loads.MODELS}/blobs/{loads.blob(name)}"] for name in ("a:1", "b:1")]
    assert froms[0] != froms[1]
    assert re.fullmatch(r"/root/\.ollama/models/blobs/sha256-[0-9a-f]{64}", froms[0][0])
    assert answers[0]["capabilities"] == ["completion"]
    assert answers[0]["details"]["family"] == "llama"


@pytest.mark.parametrize(
    ("name", "body", "status", "error"),
    [
        ("nothere", None, 404, "model 'nothere:latest' not found"),
        ("", b"", 400, "missing request body"),
        ("", b"{", 400, "unexpected EOF"),
    ],
)
def test_what_cannot_be_shown_is_refused_as_recorded(name: str, body: bytes | None, status: int, error: str) -> None:
    """Status and words of a real 0.33."""
    answer = shown(name, body)

    assert (answer.status, json.loads(answer.body)) == (status, {"error": error})
