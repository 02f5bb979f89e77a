"""What a step of a report's life changes of the report itself, whoever makes it and for whatever reason."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.reasons import is_hidden
from domain.city import Crew
from domain.people import Person
from domain.reports import Report, ReportEvent
from domain.status import PHASES, Phase, Status

_WITH_REASON = (Status.ON_HOLD, Status.CLOSED, Status.REOPENED)


@dataclass(frozen=True)
class Step:
    """From where to where a report went, and what the public saw before and sees now."""

    before: Status
    after: Status
    seen_before: str
    seen_after: str

    @property
    def is_public(self) -> bool:
        """Whether the city lets the public see where it went."""
        return self.seen_after == self.after

    @property
    def facts(self) -> dict[str, Any]:
        """For the line's `data`: what the public reads in the place of the truth, where that differs."""
        if self.seen_before == self.before and self.is_public:
            return {}
        return {"shown": {"from": self.seen_before, "to": self.seen_after}}


def enter(
    session: Session, report: Report, wanted: Status, expected_at: datetime | None = None, reason: str | None = None
) -> Step:
    """Bring a locked report into a status, with everything that hangs on it. Whether it may, others have asked."""
    before, seen_before = Status(report.status), report.public_status or report.status
    is_kept = is_hidden(session, report.jurisdiction_id, wanted)
    seen_after = _still_seen(session, report, seen_before) if is_kept else wanted.value
    report.status = wanted.value
    report.public_status = seen_after if seen_after != wanted else None
    report.status_reason = reason if wanted in _WITH_REASON else None
    if wanted == Status.RESOLVED:
        report.resolved_at = datetime.now(UTC)
    elif wanted != Status.CLOSED:
        report.resolved_at = None
    if expected_at is not None:
        report.expected_at = expected_at
    elif PHASES[wanted] == Phase.OPEN:
        report.expected_at = None  # back in the pile: the date that was promised no longer holds
    return Step(before, wanted, seen_before, seen_after)


def _still_seen(session: Session, report: Report, seen: str) -> str:
    """What the public goes on seeing; once a question is answered, what it saw before that was asked."""
    if seen != Status.NEEDS_INFORMATION:
        return seen
    asked = question_of(session, report)
    if asked is None:
        return Status.RECEIVED.value
    return ((asked.data or {}).get("shown") or {}).get("from") or asked.from_status or Status.RECEIVED.value


def question_of(session: Session, report: Report) -> ReportEvent | None:
    """The line of the history that asked the latest question."""
    return session.scalar(
        select(ReportEvent)
        .where(ReportEvent.report_id == report.id)
        .where(ReportEvent.to_status == Status.NEEDS_INFORMATION.value)
        .order_by(ReportEvent.seq.desc())
        .limit(1)
    )


@dataclass(frozen=True)
class Hands:
    """Who has a report: a crew, a person, both or nobody."""

    crew_id: int | None
    assignee_id: UUID | None = None


def hands_of(report: Report) -> Hands:
    """Who has it now."""
    return Hands(report.crew_id, report.assignee_id)


def hand_over(session: Session, report: Report, wanted: Hands) -> dict[str, Any]:
    """Put a locked report into these hands; for the line's `data`, what changed by that."""
    facts: dict[str, Any] = {}
    if wanted.crew_id != report.crew_id:
        crew = session.get_one(Crew, wanted.crew_id) if wanted.crew_id is not None else None
        facts["crew"] = {"code": crew.code, "name": crew.name} if crew else None
    if wanted.assignee_id != report.assignee_id:
        person = session.get_one(Person, wanted.assignee_id) if wanted.assignee_id is not None else None
        facts["assignee"] = {"code": person.code, "name": person.name} if person else None
    report.crew_id, report.assignee_id = wanted.crew_id, wanted.assignee_id
    return facts


def with_crew(report: Report, crew_id: int | None) -> Hands:
    """The hands of a crew. Who of the crew before had it has it no more."""
    return Hands(crew_id, report.assignee_id if crew_id == report.crew_id else None)
