"""Crews: my work, take, start, hold, schedule, resolve, hand back."""

from typing import Any
from uuid import UUID

from actions.work import hand_back, take, work
from api.auth import caller, may
from api.blueprints import Audience
from api.fields import Line, Moment, OneOf
from api.lists import ReportQuery, work_page
from api.moving import VERSION_ETAG, MoveIn, NoteIn, a_move, after, report_as_seen, said, shown_alone
from api.schemas import ReportListOut, ReportOut
from core.db import transaction
from domain.access import report_in_hand
from domain.rights import Right
from domain.status import Status

crews = Audience(
    "crews", __name__, description="Crews in the field: their work and how it goes. The desk may look too."
)


class WorkQuery(ReportQuery):
    """Filters of a list of work. Without `phase`, `status` or `reference`: what is open or in progress."""

    class Meta(ReportQuery.Meta):
        exclude = ("mine",)

    taken = OneOf(
        ("mine", "free"),
        metadata={"description": "mine: what my crew has; free: what no crew has. Both without it.", "x-name": "Taken"},
    )
    crew = Line(longest=100, metadata={"description": "What this crew has, by its code."})


class ScheduleIn(NoteIn):
    """When it will be done."""

    expected_at = Moment(allow_none=True, metadata={"description": "When the work is to be done. Public."})


@crews.get("/work")
@may(Right.SEE_WORK)
@crews.arguments(WorkQuery, location="query")
@crews.response(200, ReportListOut)
def list_work(query: dict[str, Any]) -> Any:
    """What there is to do for my crew and, not yet taken, for its department; for the desk all of the town"""
    with transaction() as session:
        return work_page(session, caller(), query)


@crews.get("/work/<uuid:report_id>")
@may(Right.SEE_WORK)
@crews.response(200, ReportOut, headers=VERSION_ETAG)
def read_work(report_id: UUID) -> Any:
    """One report in full, with the moves that the caller may make"""
    with transaction() as session:
        row = report_in_hand(session, caller(), report_id)
        shown = shown_alone(session, row)
    return shown, 200, {"ETag": f'"{row["version"]}"'}


@crews.post("/work/<uuid:report_id>/take")
@may(Right.FIELD_WORK)
@crews.arguments(NoteIn)
@a_move(crews)
def take_report(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Take it for my crew; a new or reopened one is accepted by that"""
    report = report_as_seen(session, report_id)
    take(session, caller(), report, said(body))
    return after(session, report)


@crews.post("/work/<uuid:report_id>/start")
@may(Right.DO_WORK)
@crews.arguments(NoteIn)
@a_move(crews)
def start_work(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Start work on it"""
    return _worked(session, body, report_id, Status.IN_PROGRESS)


@crews.post("/work/<uuid:report_id>/hold")
@may(Right.DO_WORK)
@crews.arguments(MoveIn)
@a_move(crews)
def hold_work(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Put it on hold, with a reason"""
    return _worked(session, body, report_id, Status.ON_HOLD)


@crews.post("/work/<uuid:report_id>/schedule")
@may(Right.DO_WORK)
@crews.arguments(ScheduleIn)
@a_move(crews)
def schedule_work(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Say when it will be done"""
    return _worked(session, body, report_id, Status.SCHEDULED)


@crews.post("/work/<uuid:report_id>/resolve")
@may(Right.DO_WORK)
@crews.arguments(NoteIn)
@a_move(crews)
def resolve_work(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """It is done; the note says what was done"""
    return _worked(session, body, report_id, Status.RESOLVED)


@crews.post("/work/<uuid:report_id>/hand-back")
@may(Right.FIELD_WORK)
@crews.arguments(NoteIn)
@a_move(crews)
def hand_back_work(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Give it back to the department, for another crew to take"""
    report = report_as_seen(session, report_id)
    hand_back(session, caller(), report, said(body))
    return after(session, report)


def _worked(session: Any, body: dict[str, Any], report_id: UUID, wanted: Status) -> dict[str, Any]:
    report = report_as_seen(session, report_id)
    work(session, caller(), report, wanted, said(body))
    return after(session, report)
