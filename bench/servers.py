"""The three HTTP servers of the measurement, each started for its round and stopped after it."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from bench.ground import ROOT, Ground

PATIENCE_S = 30


def gunicorn(target: str, port: int) -> list[str]:
    """Two sync workers, as a beginner would start Flask."""
    return [sys.executable, "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", "--log-level", "error", target]


def granian(target: str, port: int) -> list[str]:
    """As `make run` starts the API."""
    options = ["--interface", "wsgi", "--workers", "2", "--blocking-threads", "2", "--backlog", "2048", "--no-ws"]
    return [sys.executable, "-m", "granian", *options, "--log-level", "error", "--port", str(port), target]


@contextmanager
def running(command: list[str], ground: Ground, port: int) -> Iterator[None]:
    """The server, for as long as the block lasts. Its log goes nowhere, but it is written, as in earnest."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=ground.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(port, process)
        yield
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1)
            return
        except urllib.error.HTTPError:
            return  # it answers, if only that it has no such page
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The server on port {port} did not start.")
