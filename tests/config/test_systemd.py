"""The unit for systemd: what systemd finds in it, and that nothing hides what the exporter must see."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

from tests.config.service import start_and_stop
from tests.config.shipped import CONFIG

UNIT = CONFIG / "systemd" / "llama-metrics.service"
# Every directive that is used: what systemd does not know it ignores, with a line in a log.
KNOWN = {
    "Unit": "Description Documentation After",
    "Service": "Type ExecStart EnvironmentFile Restart RestartSec TimeoutStopSec DynamicUser SupplementaryGroups"
    " ProtectHome UMask CapabilityBoundingSet LockPersonality ProtectControlGroups ProtectHostname ProtectKernelLogs"
    " ProtectKernelModules ProtectKernelTunables RestrictAddressFamilies RestrictNamespaces RestrictRealtime"
    " SystemCallArchitectures SystemCallFilter",
    "Install": "WantedBy",
}
# Each hides a thing that some collector reads, ProtectClock by a list of devices that it implies.
HIDING = "PrivateDevices DevicePolicy DeviceAllow ProtectClock ProtectProc ProcSubset PrivateNetwork PrivateUsers"


def unit() -> configparser.ConfigParser:
    """The unit; each directive of it stands there once."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",), strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # directives are not lower case
    parser.read_string(UNIT.read_text())
    return parser


def test_the_directives_are_those_of_systemd(tmp_path: Path) -> None:
    """Each is known; where systemd is on this machine, it finds nothing to say either."""
    found = unit()

    assert {section: set(found[section]) for section in found.sections()} == {
        section: set(names.split()) for section, names in KNOWN.items()
    }
    if shutil.which("systemd-analyze"):
        # The program is not installed here, and that would be all that systemd says.
        copy = tmp_path / UNIT.name
        copy.write_text(
            UNIT.read_text().replace(found["Service"]["ExecStart"].split()[0] + "\n", sys.executable + "\n")
        )
        said = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
        assert (said.returncode, said.stdout + said.stderr) == (0, "")


def test_nothing_hides_what_must_be_read() -> None:
    """Neither the GPU's devices, nor Ollama's processes, nor its port, nor the folder of the models."""
    service = unit()["Service"]

    assert set(HIDING.split()) & set(service) == set()
    assert service["ProtectHome"] == "read-only"
    assert {"AF_INET", "AF_INET6", "AF_UNIX"} <= set(service["RestrictAddressFamilies"].split())


def test_it_is_nobody_who_may_read_the_journal() -> None:
    """A user without any right but that one."""
    service = unit()["Service"]

    assert (service["DynamicUser"], service["SupplementaryGroups"]) == ("yes", "systemd-journal")
    assert service["CapabilityBoundingSet"] == ""
    assert "User" not in service


def test_the_exporter_takes_the_command_line(tmp_path: Path) -> None:
    """An absolute path without a shell; it listens, and at SIGTERM it ends before systemd loses patience."""
    service = unit()["Service"]
    program, *arguments = service["ExecStart"].split()
    said, status = start_and_stop(arguments, tmp_path, float(service["TimeoutStopSec"].removesuffix("s")))

    assert program == "/opt/llama-metrics/bin/llama-metrics"
    assert f"-m venv {Path(program).parents[1]} " in UNIT.read_text(), "the comment installs it there"
    assert "msg=listening" in said
    assert status == 0
