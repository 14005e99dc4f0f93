"""A machine that is not here, whose runners and probe tell all that they can: good, busy and bad, on one page.

It moves as a real one does: contexts grow with each token, counters step when a request ends.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from llama_metrics.collectors import ps, version
from llama_metrics.collectors.log import metrics as log
from llama_metrics.collectors.probe import metrics as probe
from llama_metrics.collectors.process import metrics as process
from llama_metrics.collectors.runner import metrics as runner
from llama_metrics.metrics import SECONDS, AnyFamily, Distribution, Family, HistogramFamily, Metric

BUSY, IDLE, STUCK = "llama3.2:3b", "qwen3:14b", "deepseek-r1:8b"
STATES = {
    **dict.fromkeys((BUSY, IDLE, STUCK), runner.READY),
    "mistral:7b": runner.SILENT,
    "phi4:14b": runner.LOADING,
    "gemma3:4b": runner.NO_SLOTS,
    "7f3c0e4d91ab": runner.OTHER,
}
SLOTS = {BUSY: (3, 1), IDLE: (0, 4), STUCK: (1, 0)}
CONTEXT = 8192
# Tokens that its last answer to the probe waited for, in seconds; one of five waited behind users.
QUICK, SLOW = 0.08, 4.0


def worker(seconds: float) -> Iterator[AnyFamily]:
    """A server with a runner in each state, of which one answers no more and one stands still. It was just upgraded."""
    yield Family.single(version.UP, 1)
    yield Family(version.BUILD_INFO, ((("0.31.1" if seconds < 3 else "0.31.2",), 1),))
    yield Family.single(process.CONNECTIONS, 12)
    yield _by_model(ps.CONTEXT, dict.fromkeys(STATES, CONTEXT))
    states = [((model, state), float(state == own)) for model, own in STATES.items() for state in runner.STATES]
    yield Family(runner.STATE, tuple(states))
    slots = [
        ((model, state), n) for model, pair in SLOTS.items() for state, n in zip(("busy", "idle"), pair, strict=True)
    ]
    yield Family(runner.SLOTS, tuple(slots))
    used = {BUSY: 3 * (700 + 60 * seconds % 5000), IDLE: 0, STUCK: 2048}
    yield _by_model(runner.CONTEXT_USED, used)
    yield from _counters(int(seconds))
    yield from _probe(int(seconds))


def _counters(ended: int) -> Iterator[Family]:
    """One request a second: 900 tokens of prompt, of which 600 are cached, and 90 generated at 45 a second.

    The log knows nine of ten, for a tenth is cancelled.
    """
    for metric, of_log, each in (
        (runner.PROMPT_TOKENS, log.PROMPT_TOKENS, 900),
        (runner.PROMPT_CACHED_TOKENS, log.PROMPT_CACHED_TOKENS, 600),
        (runner.GENERATED_TOKENS, log.GENERATED_TOKENS, 90),
        (runner.PROMPT_EVAL_SECONDS, log.PROMPT_EVAL_SECONDS, 0.2),
        (runner.EVAL_SECONDS, log.EVAL_SECONDS, 2),
    ):
        yield _by_model(metric, {BUSY: each * ended})
        yield _by_model(of_log, {BUSY: 0.9 * each * ended})
    yield _by_model(log.PROMPT_EVALUATED_TOKENS, {BUSY: 0.9 * 300 * ended})


def _probe(asked: int) -> Iterator[AnyFamily]:
    """One probe a second: BUSY answers, STUCK never within a minute, IDLE is left alone."""
    slow = asked // 5
    now = time.time()
    yield _by_model(probe.ATTEMPTS, {BUSY: asked, STUCK: asked, IDLE: 0})
    yield _by_reason(probe.FAILED, probe.FAILURES, {BUSY: {}, STUCK: {probe.TIMED_OUT: asked}, IDLE: {}})
    yield _by_reason(probe.SKIPPED, probe.SKIPS, {BUSY: {}, STUCK: {}, IDLE: {probe.NOT_LOADED: asked}})
    counts = tuple(asked - slow if bound == 0.1 else slow if bound == 5.0 else 0 for bound in (*SECONDS, float("inf")))
    seen = Distribution(counts, QUICK * (asked - slow) + SLOW * slow)
    yield HistogramFamily(probe.FIRST_TOKEN, (((BUSY,), seen),))
    yield _by_model(probe.SUCCESS, {BUSY: 1, STUCK: 0})
    yield _by_model(probe.DURATION, {BUSY: QUICK + 0.02, STUCK: 60})
    yield _by_model(probe.GENERATION, {BUSY: 0.02})
    yield _by_model(probe.GENERATED_TOKENS, {BUSY: 1})
    yield _by_model(probe.TIMESTAMP, {BUSY: now, STUCK: now})
    yield _by_model(probe.LAST_SUCCESS, {BUSY: now, STUCK: now - 600, IDLE: now - 86400})


def _by_model(metric: Metric, values: Mapping[str, float]) -> Family:
    return Family(metric, tuple(((model,), value) for model, value in values.items()))


def _by_reason(metric: Metric, reasons: tuple[str, ...], counts: Mapping[str, Mapping[str, float]]) -> Family:
    """Every reason of every model, at 0 where it never happened."""
    return Family(metric, tuple(((m, one), counts[m].get(one, 0.0)) for m in counts for one in reasons))
