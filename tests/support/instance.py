"""A whole Mendway as `make run` starts it, in a data folder of its own; for tests that kill its parts."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from machine.folder import DataFolder, free_port
from machine.processes import marked, pids
from tests.support.live import ROOT

START_S = 120
PARTS = {
    "api": "api.wsgi:app",
    "worker": "jobs.app",
    "stand-in": "machine.fcm_standin",
}


class RunningTown:
    """`python -m machine.run` over the demo town."""

    def __init__(self, folder: Path):
        """folder: one that PostgreSQL's account can reach, such as machine.testing.throw_away_folder makes."""
        self.data = folder / "data"
        self.port = free_port(set())
        self.log = folder / "run.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._demo: dict[str, Any] = {}

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DATABASE_", "S3_", "MENDWAY", "FIREBASE", "HTTPS_", "MAKE"))
        }
        environment |= {"PORT": str(self.port), "MENDWAY_DATA": str(self.data), "PYTHONPATH": str(ROOT)}
        with self.log.open("wb") as log:  # anew: it is read for the word that this start is ready
            self.process = subprocess.Popen(
                [sys.executable, "-m", "machine.run"], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        until = time.monotonic() + START_S
        while "Ctrl-C stops everything." not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.2)
        self._demo = json.loads((self.data / "demo.json").read_text())

    def stop(self) -> int:
        """Stop it as Ctrl-C does, and say with which exit status it ended."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def demo(self, name: str) -> str:
        """What demo.json says."""
        return str(self._demo[name])

    @property
    def environment(self) -> dict[str, str]:
        """For `./mendway` beside it."""
        return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "MENDWAY_DATA": str(self.data)}

    def programs(self) -> list[int]:
        """Every process that it started."""
        mark = DataFolder.at(self.data).last_mark()
        assert mark
        return marked(mark)

    def kill(self, part: str) -> int:
        """SIGKILL for every process of a part, all at once; how many there were."""
        found = (
            self._database() if part == "postgres" else [pid for pid in self.programs() if PARTS[part] in words(pid)]
        )
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(found)

    def _database(self) -> list[int]:
        """PostgreSQL's first process and its children; they carry no mark, but tell where their data is."""
        home = (self.data / "postgres").resolve()
        first = [pid for pid in pids() if "postgres" in words(pid) and f"-D {home}" in words(pid)]
        return first + [pid for pid in pids() if parent(pid) in first]

    def wait_until_ready(self) -> None:
        """Until /readyz answers 200 again."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        raise AssertionError("It did not come back: " + self.log.read_text()[-2000:])


def words(pid: int) -> str:
    """The command line of a process; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def parent(pid: int) -> int:
    """Who started a process; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0
