"""Keeping programs running: started again when they end, stopped together."""

import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen, TimeoutExpired

from machine.processes import end_group
from machine.progress import say

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30
SETTLED_AFTER_S = 60  # a program that ran this long has earned a short wait again
LARGEST_LOG_BYTES = 64 * 1024 * 1024


@dataclass
class Service:
    """One program that is to run all the time.

    begin: starts it and returns its process.  end: stops it in its own way; the default is SIGTERM and `patience_s`.
    """

    name: str
    begin: Callable[[], Popen[bytes]]
    log: Path
    end: Callable[[], None] | None = None
    patience_s: float = 15
    process: Popen[bytes] | None = None
    _began_at: float = 0
    _wait_s: float = FIRST_WAIT_S
    _again_at: float | None = None

    def start(self) -> None:
        self.process = self.begin()
        self._began_at = time.monotonic()
        self._again_at = None

    def look(self) -> None:
        """Notice that it ended, and start it again when its time has come."""
        if self._again_at is None and self.process is not None and self.process.poll() is not None:
            self._schedule(how_it_ended(self.process))
        if self._again_at is not None and time.monotonic() >= self._again_at:
            try:
                self.start()
            except (OSError, RuntimeError) as fault:
                self._schedule(f"could not start: {fault}")
            else:
                say(f"{self.name}: running again")

    def ask_to_end(self) -> None:
        if self.end is None and self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def finish(self, until: float) -> None:
        """Wait for it to end, at most until `until` (monotonic seconds), then end it and all that it started."""
        if self.end is not None:
            self.end()
        elif self.process is not None:
            try:
                self.process.wait(max(0.0, until - time.monotonic()))
            except TimeoutExpired:
                say(f"{self.name}: did not stop in time, killed")
            end_group(self.process)
        self.process = None

    def _schedule(self, why: str) -> None:
        if time.monotonic() - self._began_at > SETTLED_AFTER_S:
            self._wait_s = FIRST_WAIT_S
        if self.process is not None and self.end is None:
            end_group(self.process)  # what it started itself would hold on to its port
        self._again_at = time.monotonic() + self._wait_s
        say(f"{self.name}: {why}; starting again in {self._wait_s:g} s (its log: {self.log})")
        self._wait_s = min(self._wait_s * 2, LONGEST_WAIT_S)


def how_it_ended(process: Popen[bytes]) -> str:
    code = process.returncode
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended by itself with exit code {code}"


@dataclass
class Team:
    """All services of one instance, in the order in which they started."""

    services: list[Service] = field(default_factory=list)

    def add(self, service: Service) -> None:
        """Start it; from then on it is watched and will be stopped. Raises what its start raises."""
        self.services.append(service)
        service.start()

    def watch(self, goes_on: Callable[[], bool]) -> None:
        """Keep all running while `goes_on` says so; a stop signal's exception ends it too."""
        looked_at_logs = time.monotonic()
        while goes_on():
            for service in self.services:
                service.look()
            if time.monotonic() - looked_at_logs > 60:
                looked_at_logs = time.monotonic()
                keep_small(service.log for service in self.services)
            time.sleep(0.2)

    def stop(self, in_a_hurry: bool = False) -> None:
        """Stop everything, in the opposite order: first who takes work in, last who keeps it."""
        told = [service for service in reversed(self.services) if service.end is None]
        for service in told:
            service.ask_to_end()
        began = time.monotonic()
        for service in reversed(self.services):
            service.finish(began + (1 if in_a_hurry else service.patience_s))
        self.services.clear()


def keep_small(logs: Iterable[Path]) -> None:
    """Move a log that has grown large aside, as `<name>.1`; its writer appends, so it goes on at the beginning."""
    for log in logs:
        try:
            if log.stat().st_size > LARGEST_LOG_BYTES:
                os.replace(_copy(log), log.with_suffix(log.suffix + ".1"))
                os.truncate(log, 0)
        except FileNotFoundError:
            continue


def _copy(log: Path) -> Path:
    copied = log.with_suffix(log.suffix + ".copy")
    copied.write_bytes(log.read_bytes())
    return copied
