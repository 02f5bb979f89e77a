"""A real worker in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.live import ROOT


def eventually(is_so: Callable[[], Any], within_s: float, what: str = "it") -> Any:
    """Wait until `is_so()` is truthy, and give what it was."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if found := is_so():
            return found
        time.sleep(0.03)
    raise AssertionError(f"{what} did not happen within {within_s} s")


class WorkerProcess:
    """`python -m jobs.app` with this environment; what it says is in `lines()`."""

    def __init__(self, environment: dict[str, str], log: Path, *options: str):
        self.environment = environment
        self.log = log
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "WorkerProcess":
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jobs.app", *self.options],
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        return self

    def kill(self) -> None:
        """SIGKILL: no chance to finish anything."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self, within_s: float = 15) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within_s)

    def lines(self) -> list[dict[str, Any]]:
        """Its log; every line must be JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def events(self) -> list[str]:
        return [line["event"] for line in self.lines()]
