"""What the server acknowledged: one JSON line each, written before anything else is done with the answer.

A line is in the system's hands before the phone goes on, so killing the replay loses none; and it is on the disk within
`SYNC_EVERY_S`, for the day when the machine dies. Whoever starts the replay again with the same ledger goes on from there.
"""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from replay.faults import CannotStart

SYNC_EVERY_S = 0.5
FORMAT = 1


class Ledger:
    """An append-only file of acknowledgements. Threads may write at once."""

    def __init__(self, path: Path):
        self.path = path
        self._lock = threading.Lock()
        self._synced_at = 0.0
        self._file: int | None = None

    def start(self, header: dict[str, Any], takes_over: set[str]) -> dict[str, Any]:
        """Open for writing. The header of a new ledger, or of the one that is there already.

        Members of the header named in `takes_over` come from the old ledger. Raises CannotStart when another member
        differs: then this is another run's ledger.
        """
        wanted = {"kind": "run", "format": FORMAT, **header}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._cut_torn_line()
        found = next(self.lines(), None)
        if found is None:
            self.write(wanted)
            self.sync()
            return wanted
        others = [name for name in wanted if name not in takes_over and found.get(name) != wanted[name]]
        if others:
            lines = [f"{name}: {found.get(name)!r} there, {wanted[name]!r} now" for name in others]
            raise CannotStart(f"The ledger {self.path} belongs to another run; name another with --ledger.", lines)
        return found

    def write(self, line: dict[str, Any]) -> None:
        """Append a line. It survives the death of this process from here on."""
        raw = orjson.dumps(line) + b"\n"
        with self._lock:
            assert self._file is not None
            os.write(self._file, raw)
            if time.monotonic() - self._synced_at > SYNC_EVERY_S:
                os.fsync(self._file)
                self._synced_at = time.monotonic()

    def sync(self) -> None:
        """Put all lines on the disk."""
        with self._lock:
            if self._file is not None:
                os.fsync(self._file)

    def close(self) -> None:
        """Put all lines on the disk and let go of the file."""
        self.sync()
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def lines(self) -> Iterator[dict[str, Any]]:
        """Every whole line, oldest first. Raises CannotStart for a file that is no ledger."""
        with self.path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                if not raw.endswith(b"\n"):
                    return  # torn by a kill; its request was never acknowledged to anybody
                try:
                    yield orjson.loads(raw)
                except orjson.JSONDecodeError:
                    raise CannotStart(f"{self.path} is damaged at line {number}: not JSON.") from None

    def _cut_torn_line(self) -> None:
        """Drop what a kill left of a last line, so that the next line begins on its own."""
        assert self._file is not None
        size = os.fstat(self._file).st_size
        tail_start = max(0, size - 1024 * 1024)
        tail = os.pread(self._file, size - tail_start, tail_start)
        whole = tail.rfind(b"\n") + 1
        if tail and whole < len(tail):
            os.ftruncate(self._file, tail_start + whole)
