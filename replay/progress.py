"""Progress bars that several threads may move."""

import sys
import threading
from typing import Any, Self

from tqdm import tqdm

SLOW_TERMINAL_S = 10.0  # into a file or a log: a line now and then, not ten a second


class Bar:
    """One line at the terminal: what is done of how much."""

    def __init__(self, words: str, total: int | None, done: int = 0):
        self._lock = threading.Lock()
        self._bar: Any = tqdm(
            desc=words.ljust(18),
            total=total,
            initial=done,
            file=sys.stderr,
            mininterval=0.2 if sys.stderr.isatty() else SLOW_TERMINAL_S,
            maxinterval=SLOW_TERMINAL_S,
            dynamic_ncols=sys.stderr.isatty(),
        )

    def step(self) -> None:
        """One more is done."""
        with self._lock:
            self._bar.update(1)

    def more(self) -> None:
        """There is one more to do."""
        with self._lock:
            self._bar.total = (self._bar.total or 0) + 1

    def at(self, done: int) -> None:
        """So many are done."""
        with self._lock:
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Leave it as it stands."""
        with self._lock:
            self._bar.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
