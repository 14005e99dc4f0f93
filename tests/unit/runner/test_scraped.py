"""The collector in a scrape: what reaches the page and the log, and what does not."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import replace

import pytest

from llama_metrics import exposition
from llama_metrics.collector import AnyCollector, Context, Target
from llama_metrics.collectors.runner.collector import RUNNER
from llama_metrics.collectors.runner.options import RunnerOptions
from llama_metrics.collectors.runner.source import RunnerSource
from llama_metrics.errors import Unsupported
from llama_metrics.log import fields
from llama_metrics.scrape import Scraper
from tests.support.collectors import context
from tests.support.fake_ollama import Behaviour, FakeOllama, http
from tests.support.fake_runner import FakeRunner, slots, table
from tests.support.process_table import ProcessTable
from tests.unit.runner.asked import api

PROMPT = "my secret prompt"
_METRICS = "llamacpp:tokens_predicted_total 7\n"


def with_prompt() -> str:
    """Slots as they are told where LLAMA_SERVER_SLOTS_DEBUG is set."""
    return json.dumps([one | {"prompt": PROMPT, "generated": PROMPT} for one in json.loads(slots(True))])


def on(system: ProcessTable) -> AnyCollector:
    """The collector, on a table of processes."""

    def open_(options: RunnerOptions, here: Context) -> RunnerSource:
        return RunnerSource(system, here, metrics=options.metrics)

    return replace(RUNNER, open=open_)


ANSWERS: dict[str, tuple[Behaviour, Behaviour, str]] = {
    "as it should be": (http(with_prompt()), http(_METRICS + f"# {PROMPT}\n"), "ready"),
    "cut off": (http(with_prompt()[:-20]), http(PROMPT), "other"),
    "another shape": (http(f'[{{"{PROMPT}":"{PROMPT}"}}]'), http(PROMPT), "other"),
    "an error": (http(with_prompt(), f"500 {PROMPT}"), http(PROMPT), "other"),
    "counters with text": (http(with_prompt()), http(f"{_METRICS}llamacpp:{PROMPT}\n"), "ready"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_no_prompt_gets_out(name: str) -> None:
    """Not to the page, not into the reading, not into our log at any level."""
    told, counters, state = ANSWERS[name]
    logged, logger = io.StringIO(), logging.Logger("test", logging.DEBUG)  # noqa: LOG001  registered nowhere
    logger.addHandler(logging.StreamHandler(logged))
    with FakeOllama(api()) as ollama, FakeRunner({"/slots": told, "/metrics": counters}) as runner:
        system = table(runner.row(900))
        options = RunnerOptions(metrics=True)
        scraper = Scraper([(on(system), options)], context(ollama.url), logger)
        scraper.open()
        page = exposition.render(scraper.collect(), exposition.TEXT).decode()
        results = repr(scraper.last())
        system.rows.clear()
        scraper.collect()
        scraper.stop(1)
        logger.info("the end", extra=fields())

    assert f'ollama_runner_state{{model="a:latest",state="{state}"}} 1.0' in page
    assert 'llama_metrics_collector_success{collector="runner"} 1.0' in page
    assert logged.getvalue().endswith("the end\n")
    assert "secret" not in page + results + logged.getvalue()


def test_series_disappear_with_their_runner() -> None:
    """And the collector has not failed then."""
    with FakeRunner({"/slots": http(slots(True)), "/metrics": http(_METRICS)}) as runner:
        system = table(runner.row(900))
        scraper = Scraper([(on(system), RunnerOptions(metrics=True))], context(), logging.Logger("test"))  # noqa: LOG001
        scraper.open()
        pages = [exposition.render(scraper.collect(), exposition.TEXT).decode()]
        del system.rows[900]
        pages.append(exposition.render(scraper.collect(), exposition.TEXT).decode())
        scraper.stop(1)

    series = [sum(line.startswith("ollama_runner_") for line in page.splitlines()) for page in pages]
    assert series == [5 + 2 + 1 + 1, 0]
    assert all('llama_metrics_collector_success{collector="runner"} 1.0' in page for page in pages)


def test_ollama_elsewhere_has_its_runners_there() -> None:
    """They listen on that machine's loopback."""
    here = replace(context(), target=Target(name="default", url="http://192.0.2.1:11434"))
    with pytest.raises(Unsupported, match=r"Ollama is at http://192.0.2.1:11434, not on this machine; run an exporter"):
        RUNNER.open(RunnerOptions(), here)


def test_unless_told_it_is_on_where_ollama_is_for_a_second_and_without_counters() -> None:
    """As docs and configuration say."""
    options = RunnerOptions()
    RUNNER.open(options, context()).close()

    assert (options.enabled, float(options.timeout), options.metrics) == (None, 1.0, False)
