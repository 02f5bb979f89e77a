"""The desk moves any report, sends it to another department, and gives it to a crew."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.history import add_line
from actions.moves import Said, move, put_in_hands
from actions.work import DROPPED_BY_HANDING_BACK, hand_back, refuse_closed
from domain.access import Caller, scope_of
from domain.city import Crew, Department
from domain.errors import FieldError, Invalid
from domain.reports import Report
from domain.status import Status

BY_THE_DESK = {"rule": None, "area": None, "by": "desk"}


def move_report(session: Session, caller: Caller, report: Report, wanted: Status, said: Said) -> None:
    """Move a locked report; it stays in the hands it is in. Raises as `actions.moves.move`."""
    move(session, caller, report, wanted, said, report.crew_id)


def assign(session: Session, caller: Caller, report: Report, wishes: dict[str, Any], said: Said) -> None:
    """Send a locked report to the department, the crew, or both that `wishes` names by code; `crew` None: to no crew.

    Another department: everybody hears of it, the crew loses it, work that was begun goes back to accepted.
    Another crew: for staff only. What is so already changes nothing.
    Raises Invalid for codes that are not ours or do not fit, WrongStatus when the report is over.
    """
    if not {"department", "crew"} & wishes.keys():
        raise Invalid([FieldError("/department", "required")])
    department = _department(session, caller, wishes["department"]) if "department" in wishes else None
    owner_id = department.id if department else report.department_id
    crew = _crew(session, caller, wishes["crew"], owner_id) if wishes.get("crew") is not None else None
    refuse_closed(caller, report, "rerouted" if department else "assigned")

    if department is not None and department.id != report.department_id:
        _reroute(session, caller, report, department, said)
        said = Said(captured_at=said.captured_at)  # it is in the line that everybody sees
    if crew is not None and crew.id != report.crew_id:
        put_in_hands(session, caller, report, crew.id, said)
    elif "crew" in wishes and crew is None and report.crew_id is not None:
        hand_back(session, caller, report, said)


def _reroute(session: Session, caller: Caller, report: Report, department: Department, said: Said) -> None:
    before, now = scope_of(report), Status(report.status)
    decided = report.routed_by
    report.department_id, report.crew_id = department.id, None
    report.routed_by = BY_THE_DESK
    is_dropped = now in DROPPED_BY_HANDING_BACK
    if is_dropped:
        report.status, report.expected_at = Status.ACKNOWLEDGED.value, None
    report.version += 1
    add_line(
        session,
        caller,
        report,
        "rerouted",
        before=before,
        from_status=now.value if is_dropped else None,
        to_status=report.status if is_dropped else None,
        captured_at=said.captured_at,
        note=said.note,
        data={"department": {"code": department.code, "name": department.name}, "routed_by_before": decided},
    )


def _department(session: Session, caller: Caller, code: str) -> Department:
    found = session.scalar(
        select(Department)
        .where(Department.jurisdiction_id == caller.jurisdiction_id)
        .where(Department.code == code)
        .where(Department.active)
    )
    if found is None:
        raise Invalid([FieldError("/department", "unknown-department")])
    return found


def _crew(session: Session, caller: Caller, code: str, department_id: int | None) -> Crew:
    found = session.scalar(
        select(Crew).where(Crew.jurisdiction_id == caller.jurisdiction_id).where(Crew.code == code).where(Crew.active)
    )
    if found is None:
        raise Invalid([FieldError("/crew", "unknown-crew")])
    if found.department_id != department_id:
        raise Invalid([FieldError("/crew", "other-departments-crew")])
    return found
