"""How long to wait for what, and how often to try again. Pure."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """The limits of delivery. The defaults are for a city; tests shorten them."""

    most_attempts: int = 10  # with the waits below: 5 s, 18 s, 1 min … 12 h, together about a day
    first_wait_s: float = 5.0
    growth: float = 3.5
    longest_wait_s: float = 12 * 3600.0
    stuck_s: float = 120.0  # claimed for longer than any send can take: its worker is gone
    too_late_s: float = 3 * 24 * 3600.0  # nobody wants to hear by push what happened before the weekend

    def wait_s(self, attempt: int, retry_after_s: float | None) -> float:
        """How long to wait after the so-manieth attempt (1 is the first) failed: at least what the provider asks for."""
        grown = self.first_wait_s * self.growth ** (attempt - 1)
        return max(min(grown, self.longest_wait_s), retry_after_s or 0.0)


def with_jitter(wait_s: float) -> float:
    """Up to half as long again, so that what failed together does not come back together."""
    return wait_s * random.uniform(1.0, 1.5)  # noqa: S311 (spread, not secrecy)
