"""Our own log: one line an event, whatever is in it."""

from __future__ import annotations

import io
import json

from llama_metrics.log import Format, fields, make_logger


def line(form: Format, message: str, **values: object) -> str:
    """The line of one warning."""
    stream = io.StringIO()
    make_logger("info", form, stream).warning(message, extra=fields(**values))
    return stream.getvalue()


def test_logfmt_quotes_what_a_reader_would_lose() -> None:
    """Spaces, quotes and newlines are inside quotes, so that no value can forge a line or a key."""
    text = line("logfmt", "collector fails", error='a "b"\nlevel=error c', url="http://[::1]:80", empty="")

    assert text.count("\n") == 1
    assert text.partition(" ")[2] == (
        'level=warning msg="collector fails" error="a \\"b\\"\\nlevel=error c" url="http://[::1]:80" empty=""\n'
    )


def test_json_is_one_object_a_line() -> None:
    """With the same keys."""
    found = json.loads(line("json", "collector fails", collector="ps"))

    assert found.pop("time").endswith("Z")
    assert found == {"level": "warning", "msg": "collector fails", "collector": "ps"}


def test_a_level_hides_what_is_below_it() -> None:
    """And nothing else writes into our log, nor does it reach the root logger."""
    stream = io.StringIO()
    logger = make_logger("error", "logfmt", stream)
    logger.warning("hidden")

    assert stream.getvalue() == ""
    assert logger.parent is None
