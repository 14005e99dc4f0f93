"""The command line, who may run it, and the line for sudoers that grants exactly it.

A rule without arguments would let its holder write any file as root (`powermetrics -o`), and so would one that ends in
a wildcard. So the rule is made from the words that are run, and every one of them is in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from llama_metrics.collectors.powermetrics.options import PowermetricsOptions
from llama_metrics.errors import Unsupported
from llama_metrics.system.machine import Machine

# -n: it fails where it would ask for a password.
SUDO = ("/usr/bin/sudo", "-n")
# Where the system's sudoers file looks for further ones, on macOS as on Linux.
SUDOERS_FILE = "/etc/sudoers.d/llama-metrics"


def command_line(options: PowermetricsOptions, machine: Machine) -> tuple[str, ...]:
    """What to run. Raises Unsupported where there is no powermetrics."""
    if options.command:
        return options.command
    if machine.system != "Darwin":
        raise Unsupported(f"powermetrics is a program of macOS, and this is {machine.system}")
    # The short options, which every version of it has; -b 0 keeps no sample back in a buffer.
    milliseconds = str(max(1, round(options.interval * 1000)))
    samplers = "cpu_power,gpu_power,thermal,battery"
    own = ("/usr/bin/powermetrics", "-i", milliseconds, "-s", samplers, "-f", "plist", "-b", "0")
    return own if machine.user == "root" else (*SUDO, *own)


def interval(command: Sequence[str], options: PowermetricsOptions) -> float:
    """Seconds between two samples: what a configured command line says of it comes first."""
    for word, value in pairwise(command):
        if word == "-i" and value.isascii() and value.isdigit() and int(value):
            return int(value) / 1000
    return float(options.interval)


def is_permitted(command: Sequence[str], machine: Machine) -> bool:
    """Whether sudo knows a rule for it; without sudo only trying tells."""
    return not _is_by_sudo(command) or machine.run((*SUDO, "-l", *command[len(SUDO) :])) is not None


def refusal(user: str) -> str:
    """The sentence for who lacks the right."""
    return (
        f"{user} may not run powermetrics as root without a password; `llama-metrics doctor` prints the line that"
        " grants it"
    )


def is_refusal(said: str) -> bool:
    """Whether a program that ended says with this that it lacks the right: powermetrics itself, or sudo."""
    marks = ("must be invoked as the superuser", "password is required", "terminal is required", "must have a tty")
    return any(mark in said for mark in (*marks, "not allowed to execute", "not in the sudoers", "may not run sudo"))


def sudoers_rule(command: Sequence[str], user: str) -> str:
    """The line that lets `user` run this as root, and nothing else."""
    words = command[len(SUDO) :] if _is_by_sudo(command) else command
    # Sudoers gives these characters a meaning of its own.
    escaped = (re.sub(r"([,:=\\])", r"\\\1", word) for word in words)
    return f"{user} ALL=(root) NOPASSWD: {' '.join(escaped)}"


def grant(command: Sequence[str], user: str) -> str:
    """What a person pastes into a terminal: visudo reads the rule before it is where sudo would stumble over it."""
    return (
        f"rule='{sudoers_rule(command, user)}'; printf '%s\\n' \"$rule\" | visudo -cf - && printf '%s\\n' \"$rule\" |"
        f" sudo tee {SUDOERS_FILE} >/dev/null && sudo chmod 0440 {SUDOERS_FILE}"
    )


def _is_by_sudo(command: Sequence[str]) -> bool:
    return tuple(command[: len(SUDO)]) == SUDO
