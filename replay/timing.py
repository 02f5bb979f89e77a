"""How long answers took."""

import threading
from collections import defaultdict
from math import ceil


class Timing:
    """Seconds of each answered request, by what was asked. Threads may add at once."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)
        self._lock = threading.Lock()

    def add(self, what: str, seconds: float) -> None:
        """Note one answer."""
        with self._lock:
            self._seconds[what].append(seconds)

    def count(self, what: str) -> int:
        """How many answers were noted."""
        return len(self._seconds.get(what, ()))

    def percentiles_ms(self) -> dict[str, dict[str, float]]:
        """For each kind of request: how many, and the p50, p95, p99 and longest time in milliseconds."""
        return {what: _figures(sorted(seconds)) for what, seconds in sorted(self._seconds.items())}


def _figures(ordered: list[float]) -> dict[str, float]:
    figures: dict[str, float] = {"count": len(ordered)}
    for name, share in (("p50_ms", 0.50), ("p95_ms", 0.95), ("p99_ms", 0.99), ("longest_ms", 1.0)):
        figures[name] = round(percentile(ordered, share) * 1000, 2)
    return figures


def percentile(ordered: list[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed (nearest rank)."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]
