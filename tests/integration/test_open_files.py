"""An exporter that may open few files: clients who take them all cost others no answer, and the log one line."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from contextlib import ExitStack

import requests

# What the exporter itself needs, and some more.
FILES = 48
COMMAND = [sys.executable, "-m", "llama_metrics", "--web.listen-address=127.0.0.1:0"]


def test_silent_clients_give_way_where_no_file_may_be_opened() -> None:
    """The longest silent are cut, and who asks is answered; the log says once what is the matter."""
    limited = ["sh", "-c", f'ulimit -n {FILES}; exec "$@"', "sh", *COMMAND]
    with subprocess.Popen(limited, stderr=subprocess.PIPE, text=True) as process, ExitStack() as stack:
        stack.callback(process.kill)
        assert process.stderr
        found = next(filter(None, (re.search(r'url="?http://([0-9.:]+)', line) for line in process.stderr)))
        host, port = found[1].split(":")
        for _ in range(FILES + 20):
            stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
        page = requests.get(f"http://{found[1]}/-/healthy", timeout=10)
        process.terminate()
        log = process.stderr.read()

    assert page.text == "healthy\n"
    assert log.count("cannot accept a connection: Too many open files") == 1
    assert "Traceback" not in log
    assert process.returncode == 0
