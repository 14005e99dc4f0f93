"""promtool itself on the rules and their cases: the newest and the floor agree."""

from __future__ import annotations

from pathlib import Path

from tests.rules import promtool
from tests.rules.cases import FILES as CASE_FILES
from tests.rules.pack import FILES, OVERRIDES


def test_the_rules_load(promtools: tuple[Path, ...]) -> None:
    """Every file passes `check rules`, every lint being fatal, on the newest promtool and on the oldest."""
    for judge in promtools:
        done = promtool.check(judge, [*FILES, OVERRIDES])
        assert done.returncode == 0, f"{judge}:\n{done.stdout}"


def test_the_cases_pass(promtools: tuple[Path, ...]) -> None:
    """Every case passes on the newest promtool and on the oldest, which reads ranges otherwise."""
    for judge in promtools:
        verdicts = zip(CASE_FILES, promtool.test(judge, CASE_FILES), strict=True)
        failed = [f"{file.name}: {words}" for file, words in verdicts if not words.startswith("SUCCESS")]
        assert not failed, f"{judge}:\n" + "\n".join(failed)


def test_every_rules_file_has_cases() -> None:
    """A file of cases is named after its rules file, with or without a word for what makes it slow."""
    assert {file.name.split(".")[0].split("-")[0] for file in CASE_FILES} == {file.stem for file in FILES}
