"""Who is asked, with what, and who is not."""

from __future__ import annotations

import json

import pytest

from llama_metrics.collectors.probe.metrics import FAILURES, SKIPS
from tests.support.fake_ollama import http
from tests.unit.probe.probing import (
    FIRST,
    LAST,
    Probing,
    answer,
    changed,
    in_memory,
    loaded_in,
    named,
    names,
    ps,
)


def test_a_named_model_in_memory_is_asked_as_it_runs() -> None:
    """The request has the running context, one token, and no keep_alive, which would be the model's own from then."""
    with Probing(named("llama3.2"), in_memory("llama3.2:latest", 8192)) as probing:
        one = probing.round()["llama3.2:latest"]
        asked = probing.asked()

    options = {"num_predict": 1, "num_ctx": 8192}
    assert asked == [{"model": "llama3.2:latest", "prompt": "1", "raw": True, "stream": True, "options": options}]
    assert (one.attempts, changed(one.failures), changed(one.skips)) == (1, {}, {})
    assert one.last is not None
    assert (one.last.success, one.last.tokens, one.last.ended, one.last_success) == (
        True,
        1,
        1795250060.0,
        1795250060.0,
    )


def test_what_is_not_named_is_asked_only_while_it_is_pinned() -> None:
    """A request moves the end of any other, and nobody asked for that."""
    with Probing(named(), in_memory("a:1"), in_memory("b:1", pinned=True)) as probing:
        first = probing.round()
        probing.holds(in_memory("a:1"), in_memory("b:1"))
        second = probing.round()
        asked = names(probing.asked())

    assert asked == ["b:1"]
    assert set(first) == {"b:1"}
    # Its counters stay for a while; what was true of it while it was pinned does not.
    assert (second["b:1"].attempts, second["b:1"].last, second["b:1"].last_success) == (1, None, None)


def test_a_model_that_is_named_and_pinned_is_one_model() -> None:
    """By whatever spelling Ollama takes for the same; it is asked by Ollama's, and shown by the configuration's."""
    with Probing(named("Llama3.2"), in_memory("llama3.2:latest", pinned=True)) as probing:
        found = probing.round()
        asked = names(probing.asked())

    assert (list(found), asked) == (["Llama3.2:latest"], ["llama3.2:latest"])


def test_every_count_of_a_named_model_exists_before_the_first_round() -> None:
    """Or nobody sees the first failure; there is no probe to show yet."""
    with Probing(named("a:1")) as probing:
        (one,) = probing.prober.reading()

    assert (one.attempts, one.failures, one.skips) == (0, tuple((r, 0) for r in FAILURES), tuple((r, 0) for r in SKIPS))
    assert (one.first_token, one.last, one.last_success) == (None, None, None)


def test_a_model_that_is_not_in_memory_is_not_loaded() -> None:
    """It is skipped; what the last probe said is shown no more, when it last went well is."""
    with Probing(named("a:1"), in_memory("a:1")) as probing:
        probing.round()
        probing.holds()
        one = probing.round()["a:1"]
        asked = names(probing.asked())

    assert asked == ["a:1"]
    assert (one.attempts, changed(one.skips), one.last) == (1, {"not_loaded": 1}, None)
    assert one.last_success == 1795250060.0


def test_a_model_that_may_be_loaded_is_asked_without_a_context() -> None:
    """It gets its own default; once it is in memory, it is asked as it runs, and its load was no reload."""
    with Probing(named("a:1", load=True)) as probing:
        probing.says(loaded_in(30.0))
        probing.round()
        probing.holds(in_memory("a:1", 2048))
        probing.says(answer(FIRST, LAST))
        one = probing.round()["a:1"]
        asked = probing.asked()

    assert [body["options"] for body in asked] == [{"num_predict": 1}, {"num_predict": 1, "num_ctx": 2048}]
    assert (one.attempts, changed(one.skips)) == (2, {})


@pytest.mark.parametrize("context", [None, 0, -1, 2**50])
@pytest.mark.parametrize("load", [True, False])
def test_a_model_whose_context_is_not_known_is_left_out(context: int | None, load: bool) -> None:
    """Any other context would have it loaded anew: MLX while it loads, Ollama before 0.10, what cannot be true."""
    with Probing(named("a:1", load=load), in_memory("a:1", context)) as probing:
        one = probing.round()["a:1"]
        rejected = probing.prober.rejected

    assert (one.attempts, changed(one.skips), one.last) == (0, {"no_context": 1}, None)
    assert rejected == (context not in (None, 0))


def test_what_is_in_memory_is_asked_again_where_a_probe_took_its_time() -> None:
    """A model that has gone since would be loaded by its own probe."""
    with Probing(named("a:1", "b:1"), in_memory("a:1"), in_memory("b:1")) as probing:
        usual = probing.ollama.answers["/api/generate"]

        def slowly(connection: object) -> None:
            probing.seconds += 30
            probing.holds(in_memory("a:1"))
            usual(connection)  # type: ignore[arg-type]

        probing.says(slowly)
        found = probing.round()
        asked, looks = names(probing.asked()), probing.ollama.asked["/api/ps"]

    assert (asked, looks) == (["a:1"], 2)
    assert changed(found["b:1"].skips) == {"not_loaded": 1}


def test_names_that_are_none_are_compared_as_they_are() -> None:
    """What Ollama lists, it runs, whatever we think of the name; twice the same name is one."""
    odd = in_memory("a b/c/d/e:1", pinned=True)
    with Probing(named(), odd, odd) as probing:
        found = probing.round()
        rejected, asked = probing.prober.rejected, names(probing.asked())

    assert (list(found), asked, rejected) == (["a b/c/d/e:1"], ["a b/c/d/e:1"], 1)


def test_nothing_in_memory_and_nothing_named_is_quiet() -> None:
    """Enabled alone, it asks nobody for anything but what is in memory."""
    with Probing(named()) as probing:
        probing.ollama.answers["/api/ps"] = http(json.dumps({"models": None}))
        found = probing.round()

        assert (found, set(probing.ollama.asked)) == ({}, {"/api/ps"})


def test_values_that_cannot_be_true_are_dropped_and_counted() -> None:
    """A date before 1970 pins nothing; a negative number of tokens is not shown, and the probe went well."""
    with Probing(named("a:1"), in_memory("a:1"), in_memory("b:1") | {"expires_at": "1816-01-01T00:00:00Z"}) as probing:
        probing.says(answer(FIRST, LAST.replace(b'"eval_count":1', b'"eval_count":-1')))
        found = probing.round()
        rejected = probing.prober.rejected

    last = found["a:1"].last
    assert last is not None
    assert (last.success, last.tokens, set(found), rejected) == (True, None, {"a:1"}, 2)


def test_a_look_that_works_again_ends_the_failures() -> None:
    """What failed only because nobody knew what is in memory is asked, or skipped, from then on."""
    with Probing(named("a:1", "b:1"), in_memory("a:1")) as probing:
        probing.ollama.answers["/api/ps"] = http("", "500 Internal Server Error")
        before = probing.round()
        probing.ollama.answers["/api/ps"] = ps(in_memory("a:1"))
        after = probing.round()

    assert [changed(before[name].failures) for name in ("a:1", "b:1")] == [{"refused": 1}] * 2
    assert after["a:1"].last is not None
    assert after["a:1"].last.success
    assert (changed(after["b:1"].skips), after["b:1"].last) == ({"not_loaded": 1}, None)


def test_a_round_that_is_over_asks_nobody_any_more() -> None:
    """The exporter is stopping: whose turn has not come is left out, and not counted."""
    with Probing(named("a:1", "b:1"), in_memory("a:1"), in_memory("b:1")) as probing:
        turns = iter([False, True])
        probing.prober.round(lambda: next(turns))
        asked, counts = names(probing.asked()), [one.attempts for one in probing.prober.reading()]

    assert (asked, counts) == (["a:1"], [1, 0])
