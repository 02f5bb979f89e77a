"""What a round measured, and the table that people read."""

import statistics
from dataclasses import dataclass, field


@dataclass
class Contestant:
    """One way of taking in a report, measured in every round."""

    name: str
    what: str
    rates: list[float] = field(default_factory=list)  # requests a second, by round
    p50_ms: list[float] = field(default_factory=list)
    p95_ms: list[float] = field(default_factory=list)

    def add(self, rate: float, p50_ms: float, p95_ms: float) -> None:
        """Keep one round."""
        self.rates.append(rate)
        self.p50_ms.append(p50_ms)
        self.p95_ms.append(p95_ms)

    def summary(self) -> dict[str, object]:
        """Medians over the rounds, and the rounds."""
        return {
            "what": self.what,
            "requests_per_second": round(statistics.median(self.rates), 1),
            "p50_ms": round(statistics.median(self.p50_ms), 2),
            "p95_ms": round(statistics.median(self.p95_ms), 2),
            "rounds": [round(rate, 1) for rate in self.rates],
        }


@dataclass(frozen=True)
class Ratio:
    """Ours over another, round by round, with the least that we want."""

    over: Contestant
    least: float

    def of(self, ours: Contestant) -> float:
        """The median of the rounds' ratios: both halves of each were measured within the same half minute."""
        return statistics.median(mine / theirs for mine, theirs in zip(ours.rates, self.over.rates, strict=True))


def table(ours: Contestant, ratios: list[Ratio]) -> str:
    """The figures as text."""
    lines = [f"{'':34}{'req/s':>8}{'p50 ms':>9}{'p95 ms':>9}{'ours is':>10}{'wanted':>9}"]
    for contestant, ratio in [(ours, None), *((ratio.over, ratio) for ratio in ratios)]:
        line = f"{contestant.what:34}{statistics.median(contestant.rates):8.0f}"
        line += f"{statistics.median(contestant.p50_ms):9.2f}{statistics.median(contestant.p95_ms):9.2f}"
        if ratio is not None:
            line += f"{ratio.of(ours):9.2f} x{ratio.least:8.2f} {'ok' if ratio.of(ours) >= ratio.least else 'MISSED'}"
        lines.append(line)
    return "\n".join(lines)
