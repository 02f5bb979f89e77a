"""What was reported in the demo town in the last year and a half, and what became of it. Needs no database.

    for report in historical_reports(seed=7, count=3000, until=datetime.now(UTC)): ...

The same seed, count and `until` give the same reports.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from demo.lives import Comment, Life, Move
from demo.places import Place, Places
from demo.wording import HERE, Answers, answers, categories, description, phrases, said_by

SPAN = timedelta(days=548)
WEEKDAYS = [1.25, 1.15, 1.1, 1.05, 1.05, 0.75, 0.65]  # from Monday
SPANISH = 0.1
SECOND_REPORTS = 0.07  # how many are about something that somebody else has reported already


@dataclass(frozen=True)
class HistoricalReport:
    """One report and its life so far."""

    id: UUID  # version 7, made from captured_at
    category: str
    lon: float
    lat: float
    accuracy_m: float
    address: str | None
    description: str
    language: str
    answers: Answers
    captured_at: datetime  # aware, UTC
    received_at: datetime
    moves: tuple[Move, ...]  # the first one after "received"
    comments: tuple[Comment, ...]
    followers_count: int

    @property
    def status(self) -> str:
        return self.moves[-1].status if self.moves else "received"


def historical_reports(seed: int, count: int = 3000, *, until: datetime) -> Iterator[HistoricalReport]:
    """`count` reports of the 18 months before `until`, in the order in which they were received."""
    yield from _Historian(seed, until.astimezone(UTC)).reports(count)


@dataclass(frozen=True)
class _Moment:
    """A report before anything is known of it but what, when and about which time it was sent."""

    received_at: datetime
    captured_at: datetime
    category: str


class _Historian:
    def __init__(self, seed: int, until: datetime) -> None:
        self.seed, self.until = seed, until
        self.chance = Random(f"history {seed}")
        self.zone = ZoneInfo(tomllib.loads((HERE / "town.toml").read_text(encoding="utf-8"))["town"]["time_zone"])
        self.forms = categories()
        self.words = phrases()
        self.habits = tomllib.loads((HERE / "habits.toml").read_text(encoding="utf-8"))
        self.rhythms = self.habits.pop("rhythms")
        self.places = Places()
        self.recent: dict[str, Place] = {}

    def reports(self, count: int) -> Iterator[HistoricalReport]:
        moments = sorted(self._moments(count), key=lambda moment: (moment.received_at, moment.category))
        for moment in moments:
            yield self._report(moment)

    def _moments(self, count: int) -> Iterator[_Moment]:
        days = [(self.until - SPAN + timedelta(days=n)).astimezone(self.zone).date() for n in range(SPAN.days + 1)]
        storms = set(self.chance.sample([day for day in days if day.month in (1, 2, 3, 10, 11, 12)], 14))
        pairs = [(day, category) for day in days for category in self.habits]
        likely = [self._likely(day, category, day in storms, days[0]) for day, category in pairs]
        while count:
            for day, category in self.chance.choices(pairs, likely, k=count):
                moment = self._moment(day, category)
                if self.until - SPAN <= moment.captured_at and moment.received_at < self.until:
                    count -= 1
                    yield moment

    def _likely(self, day: date, category: str, is_storm: bool, first: date) -> float:
        habit = self.habits[category]
        growth = 0.85 + 0.3 * (day - first).days / SPAN.days  # more people know of it every month
        wild = habit.get("storm", 1) if is_storm else 1
        return round(habit["weight"] * habit["months"][day.month - 1] * WEEKDAYS[day.weekday()] * growth * wild, 6)

    def _moment(self, day: date, category: str) -> _Moment:
        rhythm = self.rhythms[self.habits[category]["hours"]]
        hour = self.chance.choices(range(24), rhythm)[0]
        at = time(hour, self.chance.randint(0, 59), self.chance.randint(0, 59), self.chance.randint(0, 999) * 1000)
        captured_at = datetime.combine(day, at, self.zone).astimezone(UTC)
        return _Moment(captured_at + self._delay(), captured_at, category)

    def _delay(self) -> timedelta:
        """Most phones send at once; some had no signal, a few were offline for days."""
        seconds = self.chance.choices(
            [self.chance.uniform(8, 90), self.chance.uniform(90, 3600), self.chance.uniform(3600, 40_000),
             self.chance.uniform(40_000, 400_000)], [83, 10, 5, 2])[0]  # fmt: skip
        return timedelta(milliseconds=round(seconds * 1000))

    def _report(self, moment: _Moment) -> HistoricalReport:
        chance, category = self.chance, moment.category
        habit, words, common = self.habits[category], self.words[category], self.words["common"]
        place = self._place(category, habit)
        language = "es" if chance.random() < SPANISH else "en"
        day = moment.captured_at.astimezone(self.zone).date()
        given = answers(self.forms[category].get("questions", []), day, chance)
        text = description(words, common, given, place, language, chance)
        done = next((said["done"] for said in said_by(words, given) if "done" in said), words["done"])
        moves, comments = Life(habit, done, common, self.zone).tell(moment.received_at, self.until, language, chance)
        return HistoricalReport(
            id=_uuid7(moment.captured_at, chance),
            category=category,
            lon=place.lon,
            lat=place.lat,
            accuracy_m=place.accuracy_m,
            address=place.address,
            description=text,
            language=language,
            answers=given,
            captured_at=moment.captured_at,
            received_at=moment.received_at,
            moves=moves,
            comments=comments,
            followers_count=min(int(chance.expovariate(1.3)) + len(comments) // 2, 12),
        )

    def _place(self, category: str, habit: dict[str, Any]) -> Place:
        """A new place, or now and then the one that was reported last."""
        last = self.recent.get(category)
        if last is not None and self.chance.random() < SECOND_REPORTS:
            return self.places.near(last, self.chance)
        kinds = habit["where"]
        place = self.places.find(self.chance.choices(list(kinds), list(kinds.values()))[0], self.chance)
        self.recent[category] = place
        return place


def _uuid7(at: datetime, chance: Random) -> UUID:
    """RFC 9562, section 5.7: 48 bits of milliseconds, version, 12 random bits, variant, 62 random bits."""
    milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    value = milliseconds << 80 | 7 << 76 | chance.getrandbits(12) << 64 | 2 << 62 | chance.getrandbits(62)
    return UUID(int=value)
