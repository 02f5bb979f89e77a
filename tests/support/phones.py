"""The phones of a test: Firebase's stand-in in this process, reached by the unchanged firebase-admin."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from machine.fcm_standin import StandIn, start


class Phones:
    """What phones heard, by registration token, and how Firebase behaves."""

    def __init__(self, standin: StandIn):
        self.standin = standin
        self.behave = standin.behave  # behave("x", "unavailable", times=1, retry_after_s=5)
        self.shown = standin.shown
        self.arrivals = standin.arrivals

    def heard(self, target: str | None) -> list[dict[str, Any]]:
        """The notifications on a phone's screen, oldest first: title, body, data, copies, …"""
        return self.shown(target) if target else []

    def titles(self, target: str | None) -> list[str]:
        """Their titles."""
        return [card["title"] for card in self.heard(target)]


@contextmanager
def standin_of_a_worker(folder: Path) -> Iterator[StandIn]:
    """Start the stand-in and point this process's firebase-admin to it. One a process: the environment is the process's."""
    standin = start(folder)
    before = {name: os.environ.get(name) for name in standin.environment()}
    os.environ.update(standin.environment())
    try:
        yield standin
    finally:
        standin.stop()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
