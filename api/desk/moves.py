"""Move any report, send it to another department, give it to a crew or a person."""

from typing import Any
from uuid import UUID

from actions.triage import assign, move_report
from api.auth import caller, may
from api.desk.audience import desk
from api.fields import Line, OneOf
from api.moving import MoveIn, SaidIn, a_move, after, report_as_seen, said
from domain.rights import Right
from domain.status import CLOSING_REASONS, Status


class TriageIn(MoveIn):
    """Where to, and what that move demands: a note, a date, a reason."""

    to = OneOf(tuple(Status), required=True, metadata={"x-name": "StatusCode"})
    reason = Line(
        longest=300,
        allow_none=True,
        metadata={
            "description": f"To close, one of {', '.join(CLOSING_REASONS)} or of the town's own; to hold or reopen, one of"
            " the town's where it has any (GET /v1/reasons)."
        },
    )


class AssignIn(SaidIn):
    """By code. A crew of null leaves the report to its department; what is left out stays, but for a change of department."""

    department = Line(longest=100, shortest=1)
    crew = Line(longest=100, shortest=1, allow_none=True)
    assignee = Line(
        longest=100,
        shortest=1,
        allow_none=True,
        metadata={
            "description": "Somebody of the department's or crew's staff, by code; who is of a crew brings it with them."
        },
    )


@desk.post("/triage/<uuid:report_id>/move")
@may(Right.MOVE)
@desk.arguments(TriageIn)
@a_move(desk)
def move_any(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Move a report to another status"""
    report = report_as_seen(session, report_id)
    move_report(session, caller(), report, Status(body["to"]), said(body))
    return after(session, report)


@desk.post("/triage/<uuid:report_id>/assign")
@may(Right.ASSIGN)
@desk.arguments(AssignIn)
@a_move(desk)
def assign_report(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Send a report to another department, or give it to a crew or a person"""
    report = report_as_seen(session, report_id)
    assign(session, caller(), report, body, said(body))
    return after(session, report)
