"""The folder that is written: secrets for their owner alone, and nothing of anybody else's touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llama_metrics.notify.output import write
from llama_metrics.notify.part import SecretFile
from llama_metrics.schema import Problems

URL = "https://example.org/hook"


def test_a_secret_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    """From the first byte on; and what was there with another mode is replaced."""
    secret = SecretFile(tmp_path / "secrets/x.url", URL)
    write(tmp_path, "alertmanager.yml", "", {}, [secret])
    for file in (secret.path, secret.path.with_name(".x.url.new")):
        file.write_text("old")
        file.chmod(0o666)
    before = os.umask(0)
    try:
        write(tmp_path, "alertmanager.yml", "", {}, [secret])
    finally:
        os.umask(before)

    assert secret.path.read_text() == URL
    assert secret.path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in secret.path.parent.iterdir()] == ["x.url"]


@pytest.mark.parametrize("theirs", ["secrets/own", "alertmanager/own.tmpl", "alertmanager.yml"])
def test_nothing_of_somebody_elses_is_touched(tmp_path: Path, theirs: str) -> None:
    """`--output /etc/alertmanager` would remove the secrets of whoever keeps them there."""
    file = tmp_path / theirs
    file.parent.mkdir(exist_ok=True)
    file.write_text("own")

    with pytest.raises(Problems, match=f"holds {Path(theirs).parts[0]}, which this command did not write"):
        write(tmp_path, "alertmanager.yml", "", {"alertmanager/text.tmpl": ""}, [])
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [file]


def test_a_run_that_was_killed_is_no_obstacle_to_the_next(tmp_path: Path) -> None:
    """It leaves some of the files, and a mark that they are ours."""
    write(tmp_path, "alertmanager.yml", "", {}, [SecretFile(tmp_path / "secrets/x.url", URL)])
    (tmp_path / "alertmanager.yml").unlink()

    write(tmp_path, "alertmanager.yml", "new", {}, [])

    assert (tmp_path / "alertmanager.yml").read_text() == "new"
    assert list((tmp_path / "secrets").iterdir()) == []
