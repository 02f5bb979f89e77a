"""Residents say whether a fix holds, and how content they are."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from actions.history import add_line
from actions.moves import Said, Telling, move
from domain.access import Caller, is_following, report_to_add_to
from domain.base import Jurisdiction
from domain.errors import NotYours, VerdictClosed, VerdictGiven
from domain.reports import Report, ReportEvent
from domain.status import PHASES, REPORTER, Phase, Status
from domain.workflow import DISPUTE_DAYS, Rating, Verdict

CONFIRMED, DISPUTED = "confirmed", "disputed"


@dataclass(frozen=True)
class Opinion:
    """What somebody says of a result. Only staff read `text`."""

    stars: int | None = None
    reason: str | None = None
    text: str | None = None
    captured_at: datetime | None = None


def dispute_days(workflow: dict[str, Any]) -> int:
    """For how long a fix can be confirmed or disputed, by the town's [workflow]."""
    return workflow.get("dispute_days") or DISPUTE_DAYS


def confirm(session: Session, caller: Caller, report_id: UUID, opinion: Opinion) -> Report:
    """Say that a fix holds; with stars, rate it by the way.

    Raises NotFound, NotYours, VerdictClosed when it is not resolved or too long ago, VerdictGiven.
    """
    report = _to_judge(session, caller, report_id)
    _give(session, caller, report, CONFIRMED)
    if opinion.stars is not None:
        _rate(session, caller, report, opinion)
    add_line(session, caller, report, CONFIRMED, captured_at=opinion.captured_at, data=_facts(opinion))
    return report


def dispute(session: Session, caller: Caller, report_id: UUID, opinion: Opinion) -> Report:
    """Say that a fix does not hold, and why: the report is opened again. Raises as `confirm`, and Invalid for a reason that
    is not on the city's list."""
    report = _to_judge(session, caller, report_id)
    _give(session, caller, report, DISPUTED)
    said = Said(reason=opinion.reason, captured_at=opinion.captured_at)
    telling = Telling(DISPUTED, DISPUTED, REPORTER, purpose="dispute", facts=_facts(opinion))
    move(session, caller, report, Status.REOPENED, said, report.crew_id, telling)
    return report


def rate(session: Session, caller: Caller, report_id: UUID, opinion: Opinion) -> Rating:
    """Give a report that is over its stars, or others than before. Raises NotFound, NotYours, VerdictClosed."""
    report = report_to_add_to(session, caller, report_id)
    workflow = _workflow(session, report)
    _refuse_others(session, caller, report, workflow)
    if PHASES[Status(report.status)] != Phase.CLOSED:
        raise VerdictClosed(days=dispute_days(workflow))
    return _rate(session, caller, report, opinion)


def ratings_of(session: Session, report_id: UUID) -> dict[str, Any]:
    """The average of the stars, and of how many people."""
    row = session.execute(select(func.avg(Rating.stars), func.count()).where(Rating.report_id == report_id)).one()
    return {"average": round(float(row[0]), 2) if row[0] is not None else None, "count": row[1]}


def _to_judge(session: Session, caller: Caller, report_id: UUID) -> Report:
    report = report_to_add_to(session, caller, report_id)
    workflow = _workflow(session, report)
    _refuse_others(session, caller, report, workflow)
    days = dispute_days(workflow)
    is_resolved = report.status == Status.RESOLVED and report.resolved_at is not None
    # One verdict a resolution: whoever disputed it finds it reopened, and is told why nothing more can be said.
    if (
        is_resolved
        and report.resolved_at is not None
        and datetime.now(UTC) <= report.resolved_at + timedelta(days=days)
    ):
        return report
    raise VerdictClosed(days=days)


def _refuse_others(session: Session, caller: Caller, report: Report, workflow: dict[str, Any]) -> None:
    if report.person_id == caller.person_id:
        return
    if not (workflow.get("followers_may_dispute") and is_following(session, caller, report.id)):
        raise NotYours()


def _give(session: Session, caller: Caller, report: Report, verdict: str) -> None:
    resolved_seq = session.scalar(
        select(func.max(ReportEvent.seq))
        .where(ReportEvent.report_id == report.id)
        .where(ReportEvent.to_status == Status.RESOLVED.value)
    )
    given = session.execute(
        insert(Verdict)
        .values(
            report_id=report.id,
            resolved_seq=resolved_seq or 0,
            person_id=caller.known_id,
            jurisdiction_id=report.jurisdiction_id,
            verdict=verdict,
        )
        .on_conflict_do_nothing()
    )
    if given.rowcount == 0:  # type: ignore[attr-defined]
        raise VerdictGiven()


def _rate(session: Session, caller: Caller, report: Report, opinion: Opinion) -> Rating:
    said = {"stars": opinion.stars, "text": opinion.text, "rated_at": datetime.now(UTC)}
    session.execute(
        insert(Rating)
        .values(report_id=report.id, person_id=caller.known_id, jurisdiction_id=report.jurisdiction_id, **said)
        .on_conflict_do_update(index_elements=["report_id", "person_id"], set_=said)
    )
    return session.get_one(Rating, (report.id, caller.known_id), populate_existing=True)


def _workflow(session: Session, report: Report) -> dict[str, Any]:
    return session.get_one(Jurisdiction, report.jurisdiction_id).workflow


def _facts(opinion: Opinion) -> dict[str, Any] | None:
    facts = {"stars": opinion.stars, "said": opinion.text}
    return {name: value for name, value in facts.items() if value is not None} or None
