"""`llama-metrics alertmanager`: the folder that it writes, and all that it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from llama_metrics import cli
from tests.config.channels import SECRETS, read
from tests.config.shipped import CONFIG
from tests.config.sink import Sink
from tools.stack import free_port

HOOK = "https://example.org/hook"


def run(folder: Path, *more: str) -> int:
    """The command with the shipped configuration, the secrets in folder/in, and folder/out to write."""
    (folder / "in").mkdir(exist_ok=True)
    paths = (
        "--config",
        str(CONFIG / "alertmanager.yml"),
        "--secrets",
        str(folder / "in"),
        "--output",
        str(folder / "out"),
    )
    return cli.main(["alertmanager", *paths, *more])


def names(folder: Path) -> list[str]:
    """The receivers of what was written."""
    return [receiver["name"] for receiver in read(folder / "out/alertmanager.yml")["receivers"]]


def test_a_channel_comes_and_goes_with_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So do the files that Alertmanager reads; what an editor leaves behind is none."""
    assert run(tmp_path) == 0
    assert names(tmp_path) == ["inbox", "nowhere"]
    for name in ("webhook", "webhook~", ".webhook.swp", "README.md"):
        (tmp_path / "in" / name).write_text(HOOK)
    assert run(tmp_path) == 0
    assert names(tmp_path) == ["inbox", "nowhere", "webhook"]
    assert [file.name for file in (tmp_path / "out/secrets").iterdir()] == ["webhook.url"]
    (tmp_path / "in/webhook").unlink()
    assert run(tmp_path) == 0

    assert names(tmp_path) == ["inbox", "nowhere"]
    assert list((tmp_path / "out/secrets").iterdir()) == []
    assert "beside the inbox there is webhook" in capsys.readouterr().out


def test_a_template_that_is_no_more_is_removed(tmp_path: Path) -> None:
    """Of two that define the same, Alertmanager would take either."""
    assert run(tmp_path) == 0
    (tmp_path / "out/alertmanager/old.tmpl").write_text('{{ define "llama-metrics.title" }}{{ end }}')

    assert run(tmp_path) == 0
    shipped = {file.name for file in (CONFIG / "alertmanager").glob("*.tmpl")}
    assert {file.name for file in (tmp_path / "out/alertmanager").iterdir()} == shipped


def test_grafanas_address_goes_into_the_links(tmp_path: Path) -> None:
    """Without a slash at its end, for the links go on behind it."""
    assert run(tmp_path, "--grafana", "https://grafana.example.org/") == 0

    text = (tmp_path / "out/alertmanager/grafana.tmpl").read_text()
    assert text == '{{ define "llama-metrics.grafana" }}https://grafana.example.org{{ end }}\n'


# Secret files, further arguments, and what is said.
REFUSED: list[tuple[dict[str, str], list[str], str]] = [
    ({"slak": HOOK}, [], "in/slak: is the name of no channel; did you mean slack?"),
    ({"x": HOOK}, [], "in/x: is the name of no channel; there are deadman, discord, email, ntfy"),
    ({"slack.txt": HOOK}, [], "in/slack.txt: is the name of no channel; did you mean slack?"),
    ({"slack": ""}, [], "in/slack: url is missing"),
    ({"deadman-escalation": HOOK}, [], "in/deadman-escalation: deadman hears of nothing critical"),
    ({}, ["--quiet-hours", "22:00-07:00"], "--quiet-hours: '22:00-07:00' is not two times and a time zone"),
    ({}, ["--grafana", "grafana.example.org"], "--grafana: 'grafana.example.org' is no URL"),
    ({}, ["--grafana", "https://x/{{ end }}"], "is no URL"),
    ({}, ["--secrets", "/nowhere"], "/nowhere: cannot be read: no such file or directory"),
    ({}, ["--config", "/nowhere.yml"], "/nowhere.yml: cannot be read: no such file or directory"),
    ({}, ["--output", "/dev/null/x"], "cannot be written: not a directory"),
]


@pytest.mark.parametrize(("files", "arguments", "said"), REFUSED, ids=lambda value: str(value)[:50])
def test_what_cannot_work_is_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: dict[str, str], arguments: list[str], said: str
) -> None:
    """Status 1, the reason, and the folder as it was."""
    (tmp_path / "in").mkdir()
    for name, text in files.items():
        (tmp_path / "in" / name).write_text(text)

    assert run(tmp_path, *arguments) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_is_read_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the folder to write is the one to read."""
    own = tmp_path / "alertmanager.yml"
    own.write_text((CONFIG / "alertmanager.yml").read_text())

    assert run(tmp_path, "--config", str(own), "--output", str(tmp_path)) == 1
    assert "holds alertmanager.yml, which this command did not write" in capsys.readouterr().err
    assert own.read_text() == (CONFIG / "alertmanager.yml").read_text()


def test_everything_that_is_wrong_with_the_secrets_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of each file, and no word of a secret."""
    (tmp_path / "in/slack").mkdir(parents=True)
    (tmp_path / "in/discord").write_text("hunter2")
    (tmp_path / "in/email").write_text(SECRETS["email"].replace("server", "serfer"))

    assert run(tmp_path) == 1
    said = capsys.readouterr().err
    expected = (
        "slack: cannot be read: is a directory",
        "discord: url is not",
        "email, line 1: unknown key",
        "server is missing",
    )
    assert [part for part in expected if part not in said] == []
    assert "hunter2" not in said


NO_ROUTE = "route: {receiver: inbox}\nreceivers: [{name: inbox}]"
TAKEN = (
    (CONFIG / "alertmanager.yml").read_text().replace("name: nowhere", "name: slack").replace(": nowhere", ": slack")
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (NO_ROUTE, 'route of severity critical: is missing; there is none with matchers [severity="critical"]'),
        (TAKEN, "receiver slack: stands there already; rename it, or remove the secret file"),
        ("receivers: []", "route: is missing"),
        ("[]", "holds a list"),
    ],
)
def test_a_configuration_of_ones_own_must_have_a_place_for_a_channel(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    """Rather than a channel that is there and hears of nothing."""
    own = tmp_path / "own/alertmanager.yml"
    (own.parent / "alertmanager").mkdir(parents=True)
    own.write_text(text)
    (own.parent / "alertmanager/slack.yml").write_text((CONFIG / "alertmanager/slack.yml").read_text())
    (tmp_path / "in").mkdir()
    (tmp_path / "in/slack").write_text(HOOK)

    assert run(tmp_path, "--config", str(own)) == 1
    assert said in capsys.readouterr().err


def test_a_part_that_is_mistyped_is_refused_with_its_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A channel may be added or changed by whoever knows Alertmanager."""
    own = tmp_path / "own/alertmanager.yml"
    (own.parent / "alertmanager").mkdir(parents=True)
    own.write_text((CONFIG / "alertmanager.yml").read_text())
    (own.parent / "alertmanager/mine.yml").write_text("severities: [critical, sever]\nreceiver: {}\n")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/mine").write_text(HOOK)

    assert run(tmp_path, "--config", str(own)) == 1
    assert "mine.yml: severities[1]: is 'sever'; it can be critical, warning, info, none" in capsys.readouterr().err


def test_an_alertmanager_that_runs_is_asked_to_read_it_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its words where it will not; and none that runs is no fault, for it reads the file as it starts."""
    assert run(tmp_path, "--reload", f"http://127.0.0.1:{free_port()}") == 0
    assert "nothing runs at" in capsys.readouterr().out
    with Sink() as refusing:
        refusing.refuse = 1
        assert run(tmp_path, "--reload", refusing.url) == 1
    assert "does not take the new configuration and keeps the old one: {}" in capsys.readouterr().err
