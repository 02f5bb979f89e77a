"""Progress that several threads make: bars at a terminal, a line now and then in a log."""

import sys
import threading
import time
from typing import Any, Self

from tqdm import tqdm

LINE_EVERY_S = 10.0


class Bar:
    """What is done of how much."""

    def __init__(self, words: str, total: int | None, done: int = 0):
        self._words, self._total, self._done = words, total or 0, done
        self._began_at, self._began_with = time.monotonic(), done
        self._told_at = self._began_at
        self._lock = threading.Lock()
        self._is_closed = False
        self._bar: Any = None
        if sys.stderr.isatty():
            self._bar = tqdm(desc=words.ljust(18), total=total, initial=done, mininterval=0.2, dynamic_ncols=True)

    def step(self) -> None:
        """One more is done."""
        with self._lock:
            self._done += 1
            self._show()

    def more(self) -> None:
        """There is one more to do."""
        with self._lock:
            self._total += 1
            self._show()

    def at(self, done: int) -> None:
        """So many are done."""
        with self._lock:
            self._done = done
            self._show()

    def close(self) -> None:
        """Leave it as it stands; a second time does nothing."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            if self._bar is not None:
                self._show()
                self._bar.close()
            elif self._total:
                self._tell()

    def _show(self) -> None:
        if self._bar is not None:
            self._bar.total = self._total
            self._bar.update(self._done - self._bar.n)
        elif time.monotonic() - self._told_at > LINE_EVERY_S:
            self._tell()

    def _tell(self) -> None:
        self._told_at = time.monotonic()
        rate = (self._done - self._began_with) / max(self._told_at - self._began_at, 0.001)
        print(f"{self._words}: {self._done:,} of {self._total:,} ({rate:,.0f} a second)", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
