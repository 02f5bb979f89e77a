"""What the person at the terminal sees while things start."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def say(text: str = "", end: str = "\n") -> None:
    """Print, also when the terminal is gone: losing it must not keep us from stopping what we started."""
    try:
        print(text, end=end, flush=True)
    except (OSError, ValueError):
        pass


class Steps:
    """Numbered lines: “[3/9] PostgreSQL … ready in 1.2 s”."""

    def __init__(self, done: int, total: int):
        self._number = done
        self._total = total

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Announce `name`, then how long the block took."""
        self._number += 1
        began = time.monotonic()
        say(f"[{self._number}/{self._total}] {name} … ", end="")
        try:
            yield
        except BaseException:
            say("stopped")
            raise
        say(f"ready in {time.monotonic() - began:.1f} s")

    def skip(self, name: str, why: str) -> None:
        self._number += 1
        say(f"[{self._number}/{self._total}] {name} … {why}")


def has_terminal() -> bool:
    """Whether somebody can read us at a terminal; False once it was closed."""
    try:
        return os.isatty(sys.stdout.fileno())
    except (OSError, ValueError):
        return False
