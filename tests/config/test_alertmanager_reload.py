"""A channel that is added while Alertmanager runs: the command asks it, and it has the channel."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from llama_metrics import cli
from tests.config.channels import SECRETS, written
from tests.config.shipped import CONFIG
from tools.binaries import Binaries
from tools.stack import Alertmanager


def receivers(alertmanager: Alertmanager) -> list[str]:
    """Those that a real Alertmanager has at this moment."""
    return [one["name"] for one in requests.get(f"{alertmanager.url}/api/v2/receivers", timeout=10).json()]


def test_a_new_channel_is_there_at_once(binaries: Binaries, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And the one whose file is gone is not; nothing is restarted."""
    file = written(tmp_path, ["slack"])
    with Alertmanager(binaries, file, tmp_path) as real:
        assert receivers(real) == ["inbox", "nowhere", "slack"]
        (tmp_path / "given/slack").unlink()
        (tmp_path / "given/discord").write_text(SECRETS["discord"])
        paths = ["--config", str(CONFIG / "alertmanager.yml"), "--secrets", str(tmp_path / "given")]

        status = cli.main(["alertmanager", *paths, "--output", str(file.parent), "--reload", real.url])

        assert status == 0
        assert f"{real.url} has read it again" in capsys.readouterr().out
        assert receivers(real) == ["inbox", "nowhere", "discord"]
