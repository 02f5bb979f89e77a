"""The reporter answers what the desk has asked, and the report goes on where it was."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.moves import Said, Telling, move
from actions.steps import question_of
from actions.taking_in import TAKEN_IN
from domain.access import Caller, report_to_add_to
from domain.errors import NotYours, WrongStatus
from domain.reports import Report, ReportEvent
from domain.status import REPORTER, Status

KIND = "answered"


def answer(session: Session, caller: Caller, report_id: UUID, words: str, captured_at: datetime | None) -> Report:
    """Answer the question that a report waits on. The report goes back to the status in which it was asked.

    What is answered is for the city and the reporter: the public timeline only says that it was.
    Raises NotFound, NotYours for all but its reporter and whoever took it in for a caller, WrongStatus when nothing is asked.
    """
    report = report_to_add_to(session, caller, report_id)
    if not _may_answer(session, caller, report):
        raise NotYours()
    if report.status != Status.NEEDS_INFORMATION:
        seen = report.public_status or report.status
        raise WrongStatus(now=seen, wanted=KIND, allowed=[])
    asked = question_of(session, report)
    wanted = Status(asked.from_status) if asked is not None and asked.from_status else Status.RECEIVED
    telling = Telling(KIND, KIND, REPORTER, facts={"answer": words}, is_public=True)
    move(session, caller, report, wanted, Said(captured_at=captured_at), report.crew_id, telling)
    return report


def _may_answer(session: Session, caller: Caller, report: Report) -> bool:
    if report.person_id == caller.person_id:
        return True
    taken_in_by = session.scalar(
        select(ReportEvent.actor_id)
        .where(ReportEvent.report_id == report.id)
        .where(ReportEvent.kind == TAKEN_IN)
        .limit(1)
    )
    return taken_in_by is not None and taken_in_by == caller.person_id
