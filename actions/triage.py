"""The desk moves any report, sends it to another department, and gives it to a crew or a person."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.family import Echo, followed_by_parent
from actions.history import add_line
from actions.moves import Said, move, put_in_hands, without_note
from actions.steps import Hands, enter, hand_over, hands_of
from actions.work import DROPPED_BY_HANDING_BACK, hand_back, refuse_closed
from domain.access import Caller, scope_of
from domain.city import Crew, Department
from domain.errors import FieldError, Invalid
from domain.people import Person
from domain.reports import Report
from domain.rights import STAFF
from domain.status import Status

BY_THE_DESK = {"rule": None, "area": None, "by": "desk"}


def move_report(session: Session, caller: Caller, report: Report, wanted: Status, said: Said) -> None:
    """Move a locked report; it stays in the hands it is in. Raises as `actions.moves.move`."""
    move(session, caller, report, wanted, said, report.crew_id)


def assign(session: Session, caller: Caller, report: Report, wishes: dict[str, Any], said: Said) -> None:
    """Send a locked report to the department, the crew and the person that `wishes` names by code; None: to no crew, to
    nobody. A person of a crew brings their crew with them.

    Another department: everybody hears of it, crew and person lose it, work that was begun goes back to accepted.
    Another crew or person: for staff only. What is so already changes nothing.
    Raises Invalid for codes that are not ours or do not fit, WrongStatus when the report is over.
    """
    if not {"department", "crew", "assignee"} & wishes.keys():
        raise Invalid([FieldError("/department", "required")])
    department = _department(session, caller, wishes["department"]) if "department" in wishes else None
    owner_id = department.id if department else report.department_id
    is_sent = department is not None and department.id != report.department_id
    wanted = _hands(session, caller, Hands(None) if is_sent else hands_of(report), wishes, owner_id)
    refuse_closed(caller, report, "rerouted" if department else "assigned")

    if is_sent and department is not None:
        reroute(session, caller, report, department.id, BY_THE_DESK, said, named(department))
        said = without_note(said)  # it is in the line that everybody sees
    if wanted == hands_of(report):
        return
    if wanted.crew_id is None and report.crew_id is not None and wanted.assignee_id is None:
        hand_back(session, caller, report, said)
    else:
        put_in_hands(session, caller, report, wanted.crew_id, said, wanted)


def reroute(
    session: Session,
    caller: Caller,
    report: Report,
    department_id: int | None,
    routed_by: dict[str, Any],
    said: Said,
    facts: dict[str, Any],
    kind: str = "rerouted",
    before: dict[str, Any] | None = None,
) -> None:
    """Send a locked report elsewhere: its crew loses it, and work that was begun goes back to accepted.

    facts: for the line's `data`, what everybody may read of it. before: `scope_of(report)`, where more has changed since.
    """
    before, now = before or scope_of(report), Status(report.status)
    decided = report.routed_by
    hand_over(session, report, Hands(None))
    report.department_id, report.routed_by = department_id, routed_by
    step = enter(session, report, Status.ACKNOWLEDGED) if now in DROPPED_BY_HANDING_BACK else None
    report.version += 1
    add_line(
        session,
        caller,
        report,
        kind,
        before=before,
        from_status=step.before.value if step else None,
        to_status=step.after.value if step else None,
        captured_at=said.captured_at,
        note=said.note,
        data={**facts, "routed_by_before": decided, **(step.facts if step else {})},
    )
    if step is not None:
        followed_by_parent(session, caller, report, Echo())


def named(department: Department | None) -> dict[str, Any]:
    """A department as a line of the history keeps it."""
    return {"department": {"code": department.code, "name": department.name} if department else None}


def _hands(session: Session, caller: Caller, now: Hands, wishes: dict[str, Any], department_id: int | None) -> Hands:
    crew_id, assignee_id = now.crew_id, now.assignee_id
    if "crew" in wishes:
        code = wishes["crew"]
        crew_id = _crew(session, caller, code, department_id).id if code is not None else None
        assignee_id = assignee_id if crew_id == now.crew_id else None
    if "assignee" in wishes:
        code = wishes["assignee"]
        person = _member(session, caller, code, department_id) if code is not None else None
        assignee_id = person.id if person else None
        if person is not None and person.crew_id is not None:
            if "crew" in wishes and person.crew_id != crew_id:
                raise Invalid([FieldError("/assignee", "other-departments-staff")])
            crew_id = person.crew_id
    return Hands(crew_id, assignee_id)


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


def _member(session: Session, caller: Caller, code: str, department_id: int | None) -> Person:
    """Somebody of the staff whose reports those of this department are."""
    found = session.scalar(
        select(Person)
        .where(Person.jurisdiction_id == caller.jurisdiction_id)
        .where(Person.code == code)
        .where(Person.role.in_(STAFF))
        .where(Person.active)
    )
    if found is None:
        raise Invalid([FieldError("/assignee", "unknown-staff")])
    is_theirs = (
        found.department_id == department_id
        if found.role == "crew"
        else found.department_ids is None or department_id in found.department_ids
    )
    if not is_theirs:
        raise Invalid([FieldError("/assignee", "other-departments-staff")])
    return found
