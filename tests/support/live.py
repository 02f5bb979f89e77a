"""A real server in processes of its own, over the worker's database: for retries at once, kills and shutdowns."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """A port of the loopback that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class LiveServer:
    """Granian with two workers. `start` waits until it answers; `stop` is SIGTERM, `kill` SIGKILL for all of it."""

    def __init__(self, environment: dict[str, str], folder: Path, workers: int = 2, threads: int = 4):
        self.environment = environment
        self.log = folder / "granian.log"
        self.workers, self.threads = workers, threads
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, patience_s: float = 30) -> "LiveServer":
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--workers", str(self.workers)]
        command += ["--blocking-threads", str(self.threads), "--backlog", "2048", "--workers-kill-timeout", "15"]
        command += ["--respawn-failed-workers", "--no-ws", "api.wsgi:app"]
        self.log.touch()
        said_before = self.log.stat().st_size
        with self.log.open("ab") as words:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait(patience_s, said_before)
        return self

    def _wait(self, patience_s: float, said_before: int) -> None:
        """Until every worker has started: one that is still loading would not hear a request to stop."""
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                started = self.log.read_bytes()[said_before:].count(b"Started worker-") == self.workers
                if started and httpx.get(self.url + "/healthz", timeout=2).status_code == 200:
                    return
            assert self.is_running, f"The server ended at once:\n{self.words()}"
            time.sleep(0.05)
        raise AssertionError(f"The server did not answer within {patience_s} s:\n{self.words()}")

    def stop(self, patience_s: float = 20) -> None:
        """Ask it to end, as a deployment would, and wait."""
        if self.is_running:
            self.ask_to_stop()
            try:
                self.process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self.kill()

    def ask_to_stop(self) -> None:
        """SIGTERM, without waiting."""
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End every process of it at once, as an out-of-memory killer would."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def words(self) -> str:
        """Everything that it has logged."""
        return self.log.read_text(errors="replace")
