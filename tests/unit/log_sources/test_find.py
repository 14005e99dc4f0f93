"""Where Ollama's log is looked for: on machines made of a folder, a fake engine and what systemctl would say."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from llama_metrics.collectors.log.options import LogOptions
from llama_metrics.collectors.log.sources.docker import DockerSource
from llama_metrics.collectors.log.sources.file import FileSource
from llama_metrics.collectors.log.sources.find import Found, find
from llama_metrics.collectors.log.sources.journald import JournalSource
from llama_metrics.collectors.log.sources.stdin import StdinSource
from llama_metrics.errors import NotPermitted, Unsupported
from llama_metrics.system.machine import Machine, is_local, this_machine
from tests.support.fake_docker import FakeContainer, FakeDocker
from tests.support.ordinary_user import ordinary_user

ACTIVE, IDLE, UNKNOWN = "LoadState=loaded\nActiveState=active\n", "LoadState=loaded\nActiveState=inactive\n", ""


@dataclass
class Fake:
    """A machine below a folder. `units` is what systemctl says of each; None where there is no systemd."""

    root: Path
    units: dict[str, str] | None = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)

    def machine(self, system: str = "Linux") -> Machine:
        """It, as the one who looks for a log is told."""
        environ = {"DOCKER_HOST": f"unix://{self.root}/docker.sock", **self.environ}
        home = self.root / "Users/me"
        return Machine(system=system, user="me", home=home, environ=environ, run=self._run, root=self.root)

    def file(self, path: str, age: float = 0) -> Path:
        """A log there, last written so many seconds before others."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("time=now\n")
        os.utime(file, (1_790_000_000 - age, 1_790_000_000 - age))
        return file

    def find(self, system: str = "Linux", **options: str) -> Found:
        """What is found there."""
        return find(LogOptions(**options), self.machine(system), local=True)  # type: ignore[arg-type]

    def _run(self, command: Sequence[str]) -> str | None:
        assert command[:3] == ["systemctl", "show", "--property=LoadState,ActiveState"]
        return None if self.units is None else self.units.get(command[3], "LoadState=not-found\nActiveState=inactive\n")


@pytest.fixture
def fake() -> Iterator[Fake]:
    """A machine with nothing on it, in a folder with a name short enough for a socket."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Fake(Path(folder))


def test_a_path_may_begin_with_the_home(fake: Fake) -> None:
    """As people write it, though no shell reads the configuration."""
    file = fake.file("Users/me/.ollama/logs/server.log")

    assert chosen(fake.find(path="~/.ollama/logs/server.log")) == f"the file {file}"


def chosen(found: Found) -> str:
    """The description of the one that is used."""
    return found.chosen.description if found.chosen else "none"


def test_the_configured_source_is_taken_as_it_stands(fake: Fake) -> None:
    """Nothing is looked for; a path or a container that is named is enough to mean it."""
    assert isinstance(fake.find(source="file", path="/x").open(), FileSource)
    assert isinstance(fake.find(path="/x").open(), FileSource)
    assert isinstance(fake.find(source="docker", container="o").open(), DockerSource)
    assert isinstance(fake.find(container="o").open(), DockerSource)
    assert isinstance(fake.find(source="journald").open(), JournalSource)
    assert isinstance(fake.find(source="stdin").open(), StdinSource)
    assert chosen(fake.find(source="journald", unit="my-ollama")) == "the journal of the unit my-ollama"


@pytest.mark.parametrize(
    ("source", "said"), [("file", "name the file in collectors.log.path"), ("docker", "in collectors.log.container")]
)
def test_a_configured_source_without_its_name(fake: Fake, source: str, said: str) -> None:
    """One clear sentence."""
    with pytest.raises(Unsupported, match=said):
        fake.find(source=source).open()


def test_a_log_of_another_machine(fake: Fake) -> None:
    """It is not looked for here; a path that is named is read all the same."""
    fake.units = {"ollama.service": ACTIVE}
    with pytest.raises(Unsupported, match="Ollama does not run on this machine"):
        find(LogOptions(), fake.machine(), local=False).open()
    assert isinstance(find(LogOptions(path="/mnt/x"), fake.machine(), local=False).open(), FileSource)


def test_linux_with_the_installers_unit(fake: Fake) -> None:
    """The journal of the unit, before any file that lies about."""
    fake.units = {"ollama.service": ACTIVE}
    fake.file("var/log/ollama.log")
    found = fake.find()

    assert chosen(found) == "the journal of the unit ollama"
    assert isinstance(found.open(), JournalSource)


def test_linux_with_the_snap(fake: Fake) -> None:
    """Its unit has another name."""
    fake.units = {"snap.ollama.listener.service": ACTIVE}

    assert chosen(fake.find()) == "the journal of the unit snap.ollama.listener"


def test_linux_with_a_unit_of_another_name(fake: Fake) -> None:
    """As it is configured, also with its ending."""
    fake.units = {"llm.service": ACTIVE}

    assert chosen(fake.find(unit="llm.service")) == "the journal of the unit llm.service"


def test_linux_with_a_container(fake: Fake) -> None:
    """The container that runs, before a unit that does not; without a container that unit."""
    fake.units = {"ollama.service": IDLE}
    without = fake.find()
    with FakeDocker(fake.root, mine=FakeContainer()):
        found = fake.find()

    assert chosen(without) == "the journal of the unit ollama"
    assert chosen(found) == "the container mine"
    assert isinstance(found.open(), DockerSource)


def test_linux_with_several_containers(fake: Fake) -> None:
    """Nobody can tell which one is meant, so none is taken."""
    with FakeDocker(fake.root, a=FakeContainer(), b=FakeContainer()):
        found = fake.find()

    assert [str(one.trouble) for one in found.candidates if one.description.startswith("the container")] == [
        "several containers run Ollama; name the one that is meant in collectors.log.container"
    ] * 2
    assert found.chosen is None


def test_linux_with_an_init_script(fake: Fake) -> None:
    """A file, where systemd is not."""
    fake.units = None
    file = fake.file("var/log/ollama.log")

    assert chosen(fake.find()) == f"the file {file}"


def test_linux_with_nothing(fake: Fake) -> None:
    """Every place says why not, and the sentence names them and what helps."""
    found = fake.find()

    assert {one.description: str(one.trouble) for one in found.candidates} == {
        "the journal of the unit ollama": "systemd has no such unit; name the one that runs Ollama in"
        " collectors.log.unit",
        "the journal of the unit snap.ollama.listener": "systemd has no such unit; name the one that runs Ollama in"
        " collectors.log.unit",
        "a container": f"no Docker engine here: unix://{fake.root}/docker.sock does not exist; set DOCKER_HOST",
        f"the file {fake.root}/var/log/ollama.log": "there is no such file",
    }
    with pytest.raises(
        Unsupported, match=r"no log of Ollama's was found \(a container, .*the journal of the unit ollama, .*doctor"
    ):
        found.open()


def test_a_log_that_only_lacks_permission_is_followed_until_it_is_granted(fake: Fake) -> None:
    """Where nothing else is there, each reading says what to grant."""
    fake.file("var/log/ollama.log").chmod(0)
    with ordinary_user():
        source = fake.find().open()
        with pytest.raises(NotPermitted, match=r"/var/log/ollama.log.*; "):
            source.read(0)
        source.close()


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv", "KUBERNETES_SERVICE_HOST"])
def test_in_a_container_ourselves(fake: Fake, mark: str) -> None:
    """The host's logs are not there, whatever lies at their places; an engine that can be reached is asked."""
    fake.units = {"ollama.service": ACTIVE}
    fake.file("var/log/ollama.log")
    if mark.isupper():
        fake.environ[mark] = "10.0.0.1"
    else:
        fake.file(mark)
    without = fake.find()
    with FakeDocker(fake.root, ollama=FakeContainer()):
        found = fake.find()

    assert without.chosen is None
    assert "this exporter runs in a container" in str(without.candidates[0].trouble)
    assert chosen(found) == "the container ollama"


def test_macos_takes_the_log_that_was_written_last(fake: Fake) -> None:
    """The app's, Homebrew's on either processor; those that are not there say so."""
    fake.file("usr/local/var/log/ollama.log", age=100)
    fake.file("Users/me/.ollama/logs/server.log", age=50)
    homebrew = fake.file("opt/homebrew/var/log/ollama.log", age=10)
    first = fake.find("Darwin")
    app = fake.file("Users/me/.ollama/logs/server.log", age=1)
    second = fake.find("Darwin")

    assert (chosen(first), chosen(second)) == (f"the file {homebrew}", f"the file {app}")
    assert [one.trouble for one in second.candidates] == [None] * 3


def test_macos_without_a_log(fake: Fake) -> None:
    """All three places are named."""
    found = fake.find("Darwin")

    assert [one.description.removeprefix(f"the file {fake.root}/") for one in found.candidates] == [
        "Users/me/.ollama/logs/server.log",
        "opt/homebrew/var/log/ollama.log",
        "usr/local/var/log/ollama.log",
    ]
    assert found.chosen is None


def test_macos_as_root(fake: Fake) -> None:
    """The exporter may run as root, and the app as the person at the screen."""
    theirs = fake.file("Users/alice/.ollama/logs/server.log")

    assert chosen(fake.find("Darwin")) == f"the file {theirs}"


def test_another_system(fake: Fake) -> None:
    """Nothing is known of it."""
    with pytest.raises(Unsupported, match="nothing is known of Ollama's log on FreeBSD"):
        fake.find("FreeBSD").open()


def test_this_machine_runs_programs() -> None:
    """What one prints; None where it is not there or fails."""
    machine = this_machine({"HOME": "/home/me"})

    assert machine.run(["echo", "said"]) == "said\n"
    assert machine.run(["no-such-program"]) is None
    assert machine.run(["false"]) is None
    assert machine.home == Path("/home/me")


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:11434", True),
        ("http://localhost:11434", True),
        ("http://127.8.8.8:1", True),
        ("http://192.0.2.1:11434", False),
        ("http://[2001:db8::1]:11434", False),
        ("http://no-such-host.invalid:11434", False),
        ("http://a..b:1", False),
    ],
)
def test_which_addresses_are_ours(url: str, local: bool) -> None:
    """Loopback and our own; not others, and not what is no address."""
    assert is_local(url) is local
