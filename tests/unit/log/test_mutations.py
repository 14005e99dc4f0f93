"""Logs that are damaged: nothing raises, and no count is invented."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from llama_metrics import exposition
from llama_metrics.collectors.log.lines import Lines
from llama_metrics.collectors.log.tally import Tally
from tests.unit.log.recorded import OLD, recorded, total

LOGS = [log.text for log in recorded() if log.version != OLD and len(log.text) < 80_000]
_TIMING = re.compile(
    rb"slot [^:\n]{0,40}: id +\d{1,9} \| task \d{1,15} \| *(prompt )?eval time = +([\d.]+) ms / +(\d{1,12}) "
)
_PROMPT = re.compile(rb"slot [^:\n]{0,40}: id +\d{1,9} \| task \d{1,15} \| *new prompt, .*tokens = (\d{1,12})")

recorded_lines = st.sampled_from([line for log in LOGS for line in log.split(b"\n")])
garbage = st.binary(max_size=40).map(lambda text: text.replace(b"\n", b""))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A recorded log of which lines are lost, doubled, cut, overwritten with any bytes or put elsewhere."""
    lines = draw(st.sampled_from(LOGS)).splitlines(keepends=True)
    for _ in range(draw(st.integers(0, 30))):
        at = draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        match draw(st.integers(0, 4)):
            case 0:
                lines[at] = b""
            case 1:
                lines[at] = line * 2
            case 2:
                cut = draw(st.integers(0, max(0, len(line) - 1)))
                lines[at] = line[:cut] + b"\n"
            case 3:
                cut = draw(st.integers(0, len(line)))
                lines[at] = line[:cut] + draw(garbage) + line[cut:]
            case 4:
                other = draw(st.integers(0, len(lines) - 1))
                lines[at], lines[other] = lines[other], line
    return b"".join(lines)


@settings(max_examples=150)
@given(damaged())
def test_sums_are_those_of_the_lines_that_are_left(log: bytes) -> None:
    """Tokens are exactly what the remaining lines say, read one by one; prompts are at most what began."""
    tally = Tally()
    tally.feed(Lines().parse(log))
    found: Counter[str] = Counter()
    for line in log.split(b"\n"):
        timing, prompt = _TIMING.match(line), _PROMPT.match(line)
        if timing:
            found["evaluated" if timing[1] else "generated"] += int(timing[3])
        found["prompt"] += int(prompt[1]) if prompt else 0

    assert total(tally, "ollama_generated_tokens_total") == found["generated"]
    assert total(tally, "ollama_prompt_evaluated_tokens_total") == found["evaluated"]
    assert total(tally, "ollama_prompt_tokens_total") <= found["prompt"] + found["evaluated"]


@settings(max_examples=150)
@given(st.lists(st.binary(max_size=300) | recorded_lines, max_size=40))
def test_any_bytes_give_a_page(lines: list[bytes]) -> None:
    """Whatever the lines, there is a page, each line is parsed, failed or ignored once, and no counter falls."""
    reader, tally, before = Lines(), Tally(), 0.0
    for line in lines:
        text = line + b"\n"
        parsed, failed = tally.feed(reader.parse(text))
        assert parsed + failed <= text.count(b"\n")
        names = ("prompt_tokens", "prompt_cached_tokens", "generated_tokens", "log_messages")
        now = sum(total(tally, f"ollama_{name}_total") for name in names)
        assert now >= before
        before = now
    tally.exist(["a:latest"], prints_costs=True)

    exposition.render(tally.families(tally.models()), exposition.OPENMETRICS).decode()


@settings(max_examples=60)
@given(st.sampled_from(LOGS), st.data())
def test_the_counts_do_not_depend_on_the_blocks(log: bytes, data: st.DataObject) -> None:
    """A log read in blocks of any whole lines counts what it counts in one."""
    lines = log.splitlines(keepends=True)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=8)))
    whole, parts, reader = Tally(), Tally(), Lines()
    whole.feed(Lines().parse(log))
    for begin, end in zip([0, *cuts], [*cuts, len(lines)], strict=True):
        parts.feed(reader.parse(b"".join(lines[begin:end])))

    pages = [exposition.render(one.families(one.models()), exposition.TEXT) for one in (whole, parts)]
    assert pages[0] == pages[1]


@settings(max_examples=60)
@given(st.sampled_from(LOGS), st.data())
def test_what_was_there_before_is_known_but_not_counted(log: bytes, data: st.DataObject) -> None:
    """Wherever the counting begins, tokens before and after it add up to those of the whole log."""
    lines = log.splitlines(keepends=True)
    cut = data.draw(st.integers(0, len(lines)))
    whole, tally, reader = Tally(), Tally(), Lines()
    whole.feed(Lines().parse(log))
    tally.feed(reader.parse(b"".join(lines[:cut])))
    names = ("ollama_prompt_tokens_total", "ollama_generated_tokens_total", "ollama_http_requests_total")
    before = [total(tally, name) for name in names]
    tally.begin()
    assert [total(tally, name) for name in names] == [0, 0, 0]
    tally.feed(reader.parse(b"".join(lines[cut:])))

    after = [total(tally, name) for name in names]
    assert [one + other for one, other in zip(before, after, strict=True)] == [total(whole, name) for name in names]
