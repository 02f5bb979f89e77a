"""Threads with a connection each. A surprise in one of them stops all, and is not lost."""

import threading
import time
from collections.abc import Callable

from replay.faults import NoAnswer
from replay.wire import Connection, Patience


class Pool:
    """`count` threads that each run `work` with a connection of their own until it returns."""

    def __init__(self, name: str, count: int, base_url: str, patience: Patience, work: Callable[[Connection], None]):
        self._base_url = base_url
        self._patience = patience
        self._work = work
        self._surprises: list[Exception] = []
        self._threads = [threading.Thread(target=self._run, name=f"{name}-{n}", daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until all are done. Raises what surprised one of them; NoAnswer is no surprise, `patience` knows of it."""
        for thread in self._threads:
            thread.join()
        if self._surprises:
            raise self._surprises[0]

    def settle(self, most_s: float) -> None:
        """Wait at most so long for what is under way; who still hangs on a connection then is left behind."""
        until = time.monotonic() + most_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        line = Connection(self._base_url)
        try:
            self._work(line)
        except NoAnswer as fault:
            self._patience.gave_up(str(fault))
        except Exception as surprise:  # noqa: BLE001 it is raised again by join(), in the thread that can tell the person
            self._surprises.append(surprise)
            self._patience.stop.set()
        finally:
            line.close()
