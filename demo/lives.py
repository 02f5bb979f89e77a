"""What becomes of a report: which moves it makes, when, by whom and with which words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal
from zoneinfo import ZoneInfo

DESK_HOURS = range(8, 17)  # Monday to Friday
CREW_HOURS = range(7, 16)  # Monday to Saturday
Role = Literal["crew", "dispatcher"]


@dataclass(frozen=True)
class Move:
    status: str
    at: datetime
    by: Role
    note: str | None = None
    reason: str | None = None  # closed, on_hold and reopened have one
    expected_at: datetime | None = None  # scheduled has one


@dataclass(frozen=True)
class Comment:
    at: datetime
    text: str
    language: str


class Life:
    """Tells the life of one report from the moment it arrived; what lies after `until` has not happened yet."""

    def __init__(self, habit: dict[str, Any], done: list[str], common: dict[str, Any], zone: ZoneInfo) -> None:
        self.habit, self.done, self.common, self.zone = habit, done, common, zone
        self.notes = common["notes"]

    def tell(
        self, received_at: datetime, until: datetime, language: str, chance: Random
    ) -> tuple[tuple[Move, ...], tuple[Comment, ...]]:
        self.chance, self.now, self.language = chance, received_at, language
        self.moves: list[Move] = []
        self.comments: list[Comment] = []
        self._whole()
        self._strangers(received_at)
        moves = tuple(move for move in self.moves if move.at <= until)
        comments = sorted((c for c in self.comments if received_at < c.at <= until), key=lambda c: c.at)
        return moves, tuple(comments)

    def _whole(self) -> None:
        self._pass(hours=self.habit["look_h"], role="dispatcher")
        fate = self.chance.random()
        if fate < 0.05:
            self._ask()
            if self.chance.random() < 0.3:
                self._pass(hours=14 * 24, role="dispatcher", spread=0.1)
                self._move("closed", "dispatcher", self.notes["no_action"][1], "no_action")
                return
            self._answered()
        elif fate < 0.12:
            self._acknowledge()
            self._pass(hours=self.habit["fix_d"] * 12, role="dispatcher")
            reason = self.chance.choice(["not_found", "not_found", "not_ours", "no_action"])
            texts = self.notes[reason]
            self._move("closed", "dispatcher", texts[0] if reason == "no_action" else self.chance.choice(texts), reason)
            return
        self._acknowledge()
        if fate > 0.975:
            return  # forgotten: every town has some of these
        self._work()
        if self.chance.random() < 0.05:
            self._again()

    def _ask(self) -> None:
        self._move("needs_information", "dispatcher", self.chance.choice(self.notes["ask"]))

    def _answered(self) -> None:
        """The resident answers, and the desk takes the report back into the queue."""
        self.now += timedelta(hours=self.chance.lognormvariate(2.5, 0.8))
        self._comment(self.now, f"answer_{self.language}")
        self._pass(hours=5, role="dispatcher")
        self._move("received", "dispatcher")
        self._pass(hours=2, role="dispatcher")

    def _acknowledge(self) -> None:
        self._move("acknowledged", "dispatcher")

    def _work(self) -> None:
        """Planned or at once, held up now and then, done in the end."""
        days = self.habit["fix_d"]
        if days > 2 and self.chance.random() < 0.4:
            self._pass(hours=days * 8, role="crew")
            expected = self._opening(self.now + timedelta(days=days * self.chance.uniform(0.4, 1.2)), "crew")
            self._move("scheduled", "crew", self.chance.choice(self.notes["schedule"]), expected_at=expected)
        self._pass(hours=days * 17, role="crew")
        if days > 1.5 and self.chance.random() < 0.09:
            reason, note = self.chance.choice(self.notes["hold"])
            self._move("on_hold", "crew", note, reason)
            self._pass(hours=days * 16 + 24, role="crew")
        self._move("in_progress", "crew")
        self._pass(hours=min(days * 3, 50), role="crew", spread=0.5)
        self._move("resolved", "crew", self.chance.choice(self.done))

    def _again(self) -> None:
        """The fault comes back: the resident says so, the desk opens the report again, the crew returns."""
        self.now += timedelta(days=self.chance.uniform(1, 9))
        self._comment(self.now, f"back_{self.language}")
        self._pass(hours=6, role="dispatcher")
        reason, note = self.chance.choice(self.notes["reopen"])
        self._move("reopened", "dispatcher", note, reason)
        self._pass(hours=self.habit["fix_d"] * 10, role="crew")
        self._move("in_progress", "crew")
        self._pass(hours=min(self.habit["fix_d"] * 3, 50), role="crew", spread=0.5)
        self._move("resolved", "crew", self.chance.choice(self.done))

    def _strangers(self, received_at: datetime) -> None:
        """Comments of others, while the report is open."""
        end = self.moves[-1].at
        for _ in range(self.chance.choices([0, 1, 2, 3], [84, 11, 4, 1])[0]):
            at = received_at + (end - received_at) * self.chance.uniform(0.15, 0.95)
            self._comment(at, "comments")

    def _comment(self, at: datetime, kind: str) -> None:
        texts = self.common["comments"][kind] if kind != "comments" else self.common["comments"][self.language]
        self.comments.append(Comment(at.replace(microsecond=0), self.chance.choice(texts), self.language))

    def _move(
        self,
        status: str,
        by: Role,
        note: str | None = None,
        reason: str | None = None,
        expected_at: datetime | None = None,
    ) -> None:
        self.moves.append(Move(status, self.now, by, note, reason, expected_at))

    def _pass(self, hours: float, role: Role, spread: float = 0.7) -> None:
        """Time goes by: about so many hours, and then until somebody is at work."""
        later = self.now + timedelta(hours=hours * self.chance.lognormvariate(0, spread), minutes=2)
        self.now = self._opening(later, role).replace(microsecond=0)

    def _opening(self, at: datetime, role: Role) -> datetime:
        """The first moment not before `at` when that role works."""
        hours = DESK_HOURS if role == "dispatcher" else CREW_HOURS
        last_day = 4 if role == "dispatcher" else 5
        if self.habit.get("urgent"):
            hours, last_day = range(6, 23), 6
        local = at.astimezone(self.zone)
        opened = local
        while opened.weekday() > last_day or opened.hour not in hours:
            day = opened if opened.weekday() <= last_day and opened.hour < hours.start else opened + timedelta(days=1)
            opened = day.replace(hour=hours.start, minute=self.chance.randint(2, 58), second=self.chance.randint(0, 59))
        return opened.astimezone(at.tzinfo)
