"""`mendway serve` and `mendway worker` as a deployment starts them: one process, settings from the environment."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from machine.processes import end_group
from machine.web import get
from tests.support.live import ROOT, free_port
from tests.support.worker import eventually


class Served:
    """One command that runs until it is told to end. `said()` is all that it has said."""

    def __init__(self, environment: dict[str, str], log: Path, *words: str):
        self.environment = {
            "PORT": str(free_port()),
            **environment,
            "PYTHONPATH": f"{ROOT}:{environment.get('PYTHONPATH', '')}",
        }
        host = self.environment.get("HOST", "127.0.0.1")
        self.url = f"http://{'127.0.0.1' if host in ('localhost', '0.0.0.0') else host}:{self.environment['PORT']}"
        self.log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def answers(self, path: str = "/healthz") -> int:
        """The status of an answer; 0 when nobody answers."""
        return get(self.url + path)[0]

    def wait_until_up(self) -> "Served":
        """Until it answers, and every process of it has started: one that is still loading hears no request to stop."""
        count = int(self.environment.get("WEB_WORKERS", "2"))
        eventually(lambda: self.has_ended or self.said().count("Started worker-") >= count, 30, "the start")
        eventually(lambda: self.has_ended or self.answers() == 200, 30, "an answer")
        assert not self.has_ended, self.said()
        return self

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def end(self, patience_s: float = 30) -> str:
        """Wait until it ends by itself; what it said."""
        self.process.wait(patience_s)
        return self.said()


@pytest.fixture
def start(tmp_path: Path) -> Iterator:
    """Starts commands: start(town.environment, "serve"), start(environment, "serve", HOST="::1"). All are ended afterwards."""
    begun: list[Served] = []

    def begin(environment: dict[str, str], *words: str, **settings: str) -> Served:
        module = ("api.commands",) if words[0] in ("serve", "worker") else ()
        log = tmp_path / f"{len(begun)}.log"
        begun.append(Served({**environment, **settings}, log, *module, *words))
        return begun[-1]

    yield begin
    for one in begun:
        with contextlib.suppress(ProcessLookupError):
            end_group(one.process)
