"""What is asked of Prometheus about the exporters, and how the answers are put together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import pytest

from llama_metrics.collectors import ALL
from llama_metrics.errors import BadAnswer
from llama_metrics.rulecheck.installation import Exporter, Host, Installation, look
from llama_metrics.rulecheck.prometheus import Prometheus
from tests.support.fake_ollama import Behaviour, FakeOllama, http

Series = tuple[Mapping[str, str], float]
# Two sites, equal but for an external label.
ONE, OTHER = {"job": "o", "instance": "a", "site": "x"}, {"job": "o", "instance": "a", "site": "y"}
HEALTH = "llama_metrics_collector_success"


def answer(data: object) -> Behaviour:
    """As Prometheus gives it."""
    return http(json.dumps({"status": "success", "data": data}))


def ask(results: Mapping[str, Sequence[Series]], names: Sequence[str]) -> Installation:
    """What is found about these names, where each query gives this; one that is not foreseen is an error."""
    queries = {f'{HEALTH}{{collector="{collector.name}"}}': () for collector in ALL}
    programs = {f'group({{__name__="{program}_build_info"}})': () for program in ("prometheus", "alertmanager")}
    everything = {"llama_metrics_build_info": (), "ollama_build_info": (), **queries, **programs, **results}
    answers = {
        "/api/v1/status/buildinfo": answer({"version": "3.5.3"}),
        "/api/v1/rules?exclude_alerts=true": answer({"groups": [{"rules": [{"name": "A"}]}]}),
    }
    for query, series in everything.items():
        found = [{"metric": dict(labels), "value": [1, str(value)]} for labels, value in series]
        answers["/api/v1/query?" + urlencode({"query": query, "timeout": "10s"})] = answer({"result": found})
    with FakeOllama(answers) as server, Prometheus(server.url) as prometheus:
        return look(prometheus, names)


def host(labels: Mapping[str, str]) -> Host:
    """The target with these labels."""
    return frozenset(labels.items())


def test_exporters_and_what_they_say() -> None:
    """Health by collector, the system and Ollama's version; targets that differ in an external label are two."""
    found = ask(
        {
            f'{HEALTH}{{collector="version"}}': [
                ({**ONE, "__name__": HEALTH, "collector": "version"}, 1),
                ({**OTHER, "__name__": HEALTH, "collector": "version"}, 0),
            ],
            f'{HEALTH}{{collector="log"}}': [({**ONE, "__name__": HEALTH, "collector": "log"}, 0)],
            "llama_metrics_build_info": [
                ({**ONE, "__name__": "llama_metrics_build_info", "os": "darwin", "python": "3", "version": "0"}, 1)
            ],
            "ollama_build_info": [({**ONE, "__name__": "ollama_build_info", "version": "0.29.1"}, 1)],
        },
        [],
    )
    assert (found.version, found.loaded) == ("3.5.3", {"A": ""})
    assert found.exporters == {
        host(ONE): Exporter({"version": True, "log": False}, "darwin", "0.29.1"),
        host(OTHER): Exporter({"version": False}),
    }


def test_where_series_are() -> None:
    """Of a collector: by target, a histogram by its count, once however a rule reads it. Of others: at all."""
    found = ask(
        {
            "group without (model) (ollama_loaded_model_size_bytes)": [(ONE, 1), (OTHER, 1)],
            "group without () (ollama_up)": [(ONE, 1)],
            "group without (route) (ollama_http_request_duration_seconds_count)": [(OTHER, 1)],
            'group({__name__="up"})': [({}, 1)],
            'group({__name__="a \\"b\\"\\n\\\\"})': [],
        },
        [
            "up",
            "ollama_up",
            "ollama_loaded_model_size_bytes",
            "ollama_http_request_duration_seconds_bucket",
            'a "b"\n\\',
        ],
    )
    assert found.present == {
        "ollama_up": {host(ONE)},
        "ollama_loaded_model_size_bytes": {host(ONE), host(OTHER)},
        "ollama_http_request_duration_seconds_bucket": {host(OTHER)},
    }
    assert found.known == {"up"}


def test_what_cannot_be_asked_ends_it() -> None:
    """Half an answer would be a wrong one."""
    with pytest.raises(BadAnswer, match="HTTP 404"):
        ask({}, ["somebody_elses"])
