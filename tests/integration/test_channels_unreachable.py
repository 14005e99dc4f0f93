"""Channels that cannot be reached: each says so in Alertmanager's log, and no secret is in it."""

from __future__ import annotations

from pathlib import Path

from tests.config.channels import EVERY, MARK, local_secrets, post, quick, shown, written
from tests.support.waiting import until
from tools.binaries import Binaries
from tools.stack import Alertmanager, free_port


def test_no_secret_is_shown_where_nothing_can_be_reached(binaries: Binaries, tmp_path: Path) -> None:
    """Each channel fails and says so, without its address or password. Alertmanager's own Telegram would not pass."""
    nowhere = f"127.0.0.1:{free_port()}"
    file = quick(written(tmp_path, EVERY, secrets=local_secrets(f"http://{nowhere}", nowhere)), f"http://{nowhere}")
    with Alertmanager(binaries, file, tmp_path) as real:
        post(real, "box1")
        post(real, "here", alertname="LlamaMetricsWatchdog", severity="none", category="meta")
        until(lambda: all(f"receiver={name} " in real.log.read_text() for name in EVERY), seconds=20)

        assert [where for where, text in shown(real, binaries).items() if MARK in text] == []
