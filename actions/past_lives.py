"""The life of a report from before, told as rows: its history, who followed it, and the change log."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.ids import new_id
from domain.access import scope_of
from domain.base import Jurisdiction
from domain.city import Category, Crew
from domain.forms import check_answers
from domain.people import Person
from domain.reports import Report
from domain.status import PHASES, Phase, Status, find_move
from geo.batches import Placed
from geo.points import LonLat

OLD_AFTER = timedelta(days=30)  # as at intake: what was captured longer before it was received is flagged

Row = dict[str, Any]


@dataclass(frozen=True)
class PastLine:
    """One thing that happened to a report: a move to `status`, or a comment."""

    at: datetime
    role: str
    status: str | None = None
    note: str | None = None
    reason: str | None = None
    expected_at: datetime | None = None
    comment: str | None = None


@dataclass(frozen=True)
class PastReport:
    """A report and its lines in order of time."""

    id: UUID
    category: str
    place: LonLat
    accuracy_m: float | None
    address: str | None
    description: str
    answers: dict[str, Any]
    captured_at: datetime
    received_at: datetime
    lines: Sequence[PastLine]
    follower_count: int


@dataclass(frozen=True)
class Kind:
    """A category with its current form."""

    category: Category
    version: str
    form: dict[str, Any]


@dataclass(frozen=True)
class Hand:
    """Who made a move: a role, a person, and for crews the crew."""

    role: str
    person_id: UUID | None
    crew: Crew | None = None


class Lives:
    """Collects the rows of many reports; who made and followed what is drawn at random, the same each time."""

    def __init__(self, session: Session, town: Jurisdiction, residents: list[UUID]):
        self.town = town
        self.residents = residents
        self.chance = Random(len(residents))  # noqa: S311 - nothing here is secret
        self.reports: list[Report] = []
        self.events: list[Row] = []
        self.comments: list[Row] = []
        self.follows: list[Row] = []
        self.changes: list[Row] = []
        staff = session.scalars(
            select(Person)
            .where(Person.jurisdiction_id == town.id)
            .where(Person.role != "resident")
            .order_by(Person.code)
        ).all()
        desk = [Hand("dispatcher", person.id) for person in staff if person.role == "dispatcher"]
        self._desk = cycle(desk or [Hand("dispatcher", None)])
        self._crews = self._hands_by_department(session, {at.crew_id: at.id for at in reversed(staff)})

    def _hands_by_department(self, session: Session, members: dict[int | None, UUID]) -> dict[int | None, list[Hand]]:
        found: dict[int | None, list[Hand]] = {}
        crews = select(Crew).where(Crew.jurisdiction_id == self.town.id).where(Crew.active).order_by(Crew.code)
        for crew in session.scalars(crews):
            found.setdefault(crew.department_id, []).append(Hand("crew", members.get(crew.id), crew))
        return found

    def tell(self, past: PastReport, kind: Kind, placed: Placed, reference: str, resident: UUID | None) -> None:
        """Take in one report with all its lines. `resident` reported it; None: somebody did."""
        reporter = resident or self.chance.choice(self.residents)
        followers = self.chance.sample(self.residents, min(past.follower_count, len(self.residents)))
        report = self._as_received(past, kind, placed, reference, reporter)
        self._line(report, None, "received", past.received_at, "resident", reporter, captured_at=past.captured_at)
        crews = self._crews.get(placed.decision.department_id)
        crew = self.chance.choice(crews) if crews else None
        for line in past.lines:
            if line.status is not None:
                by = crew if line.role == "crew" and crew is not None else next(self._desk)
                self._move(report, Status(line.status), line, by)
            else:
                self._comment(report, line, next(iter(followers), reporter))
        self.reports.append(report)
        follow = {"report_id": past.id, "jurisdiction_id": self.town.id, "created_at": past.received_at}
        self.follows += [{**follow, "person_id": one} for one in followers if one != reporter]

    def _as_received(self, past: PastReport, kind: Kind, placed: Placed, reference: str, reporter: UUID) -> Report:
        fallback = self.town.languages[0]
        public, private = check_answers(kind.form, past.answers, fallback, fallback)
        return Report(
            id=past.id,
            jurisdiction_id=self.town.id,
            reference=reference,
            person_id=reporter,
            category_id=kind.category.id,
            form_version=kind.version,
            status=Status.RECEIVED.value,
            version=1,
            last_seq=0,
            visibility="public" if kind.category.is_public else "private",
            location=placed.location,
            public_location=placed.public_location,
            accuracy_m=past.accuracy_m,
            address=past.address,
            description=past.description,
            answers=public,
            private_answers=private or None,
            captured_at=past.captured_at,
            captured_at_sent=past.captured_at.isoformat().replace("+00:00", "Z"),
            clock_flag="old" if past.captured_at < past.received_at - OLD_AFTER else None,
            received_at=past.received_at,
            department_id=placed.decision.department_id,
            routed_by=placed.decision.routed_by,
            areas=placed.decision.areas,
            area_keys=placed.decision.area_keys,
            source="import",
            content_hash=hashlib.sha256(past.id.bytes).digest(),
        )

    def _move(self, report: Report, wanted: Status, line: PastLine, by: Hand) -> None:
        """One step, with the same marks that `actions.moves` leaves on today's."""
        before, now = scope_of(report), Status(report.status)
        find_move(now, wanted, by.role)
        data: Row = {}
        report.status = wanted.value
        report.version += 1
        if wanted == Status.RESOLVED:
            report.resolved_at = line.at
        elif wanted != Status.CLOSED:
            report.resolved_at = None
        if line.expected_at is not None:
            report.expected_at = line.expected_at
            data["expected_at"] = line.expected_at.isoformat()
        elif PHASES[wanted] == Phase.OPEN:
            report.expected_at = None
        if by.crew is not None and report.crew_id != by.crew.id:
            report.crew_id = by.crew.id
            data["crew"] = {"code": by.crew.code, "name": by.crew.name}
        said = {"note": line.note, "reason": line.reason, "data": data or None}
        self._line(report, before, "moved", line.at, by.role, by.person_id, from_status=now.value, **said)

    def _comment(self, report: Report, line: PastLine, author: UUID) -> None:
        comment = new_id()
        self.comments.append(
            {
                "id": comment,
                "jurisdiction_id": self.town.id,
                "report_id": report.id,
                "person_id": author,
                "author_role": "resident",
                "text": line.comment,
                "created_at": line.at,
            }
        )
        data = {"comment_id": str(comment)}
        self._line(report, scope_of(report), "comment", line.at, "resident", author, data=data)

    def _line(
        self, report: Report, before: Row | None, kind: str, at: datetime, role: str, actor: UUID | None, **more: Any
    ) -> None:
        """A line of the history, and its row of the change log."""
        report.last_seq += 1
        report.updated_at = at
        common = {"report_id": report.id, "jurisdiction_id": self.town.id, "kind": kind, "at": at}
        # One statement writes all lines, so each has every column.
        absent = dict.fromkeys(("from_status", "captured_at", "note", "reason", "data"))
        self.events.append(
            {
                **common,
                **absent,
                "seq": report.last_seq,
                "to_status": None if kind == "comment" else report.status,
                "actor_id": actor,
                "actor_role": role,
                **more,
            }
        )
        self.changes.append({**common, "scope_before": before, "scope_after": scope_of(report)})
