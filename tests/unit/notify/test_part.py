"""Parts: places are found and filled, secrets only by the path of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from llama_metrics.notify.part import Part, Place, SecretFile, fill, places

FOLDER = Path("/etc/alertmanager/secrets")


def part(*configs: dict[str, Any]) -> Part:
    """A part with these configurations."""
    return Part(("critical",), {"x_configs": list(configs)})


def test_places_are_found_at_any_depth() -> None:
    """In their order, with what stands around them; other texts are texts."""
    whole = part(
        {"a_file": "<one>", "b": {"c": ["<two?>"]}, "d_file": "https://h/<three>/x?y", "e": "a < b > c", "f": 1}
    )

    assert places(whole) == (
        Place("one", False, "", ""),
        Place("two", True, "", ""),
        Place("three", False, "https://h/", "/x?y"),
    )


def test_a_secret_goes_into_a_file_and_everything_else_where_it_belongs() -> None:
    """What ends with _file is the path of one."""
    whole = part({"token_file": "<token>", "address": "<address>", "other": "stays"})

    filled = fill(whole, "x-escalation", {"token": "S", "address": "A"}, FOLDER)

    path = FOLDER / "x-escalation.token"
    assert filled.receiver == {
        "name": "x-escalation",
        "x_configs": [{"token_file": str(path), "address": "A", "other": "stays"}],
    }
    assert filled.files == (SecretFile(path, "S"),)


def test_what_is_optional_and_absent_is_left_out() -> None:
    """Alertmanager's own default holds then."""
    assert fill(part({"a": "<a?>", "b": "<b>"}), "x", {"b": "B"}, FOLDER).receiver["x_configs"] == [{"b": "B"}]


def test_true_and_false_are_no_texts() -> None:
    """Alertmanager refuses 'false' in quotes."""
    assert fill(part({"a": "<a>"}), "x", {"a": "false"}, FOLDER).receiver["x_configs"] == [{"a": False}]


def test_a_query_is_added_to_the_one_that_is_there() -> None:
    """A topic of ntfy with an access token has one already."""
    whole = part({"url_file": "<url>?template=yes"})

    for url, expected in (
        ("https://n/t", "https://n/t?template=yes"),
        ("https://n/t?auth=x", "https://n/t?auth=x&template=yes"),
    ):
        assert fill(whole, "ntfy", {"url": url}, FOLDER).files[0].text == expected
