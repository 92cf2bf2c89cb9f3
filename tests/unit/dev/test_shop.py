"""The example service as a program of its own."""

import socket
import subprocess
import sys
from contextlib import suppress


def test_a_port_that_is_taken_is_told_in_a_line() -> None:
    with socket.socket() as taken:
        with suppress(OSError):  # somebody else has it: as good
            taken.bind(("127.0.0.1", 8000))
            taken.listen()
        ended = subprocess.run(
            [sys.executable, "-m", "worker.dev.shop"], capture_output=True, text=True, timeout=60, check=False
        )
    assert ended.returncode == 1
    assert ended.stderr.startswith("worker.dev.shop: ")
    assert "('127.0.0.1', 8000)" in ended.stderr
    assert ended.stderr.count("\n") == 1
