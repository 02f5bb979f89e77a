"""What is done to one report of many, how it stands before and after, and the way back."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.corrections import correct, planned
from actions.moves import Said
from actions.triage import assign, move_report, named, reroute
from actions.work import refuse_closed
from domain.access import Caller
from domain.bulk import BulkAction
from domain.city import Category, Crew, Department
from domain.errors import ChangedSince, FieldError, Invalid, NoWayBack
from domain.people import Person
from domain.reports import Report
from domain.status import Status, allowed_from
from geo.pins import pin_of
from geo.routing import decide

Stand = dict[str, Any]
_HANDS = ("department", "crew", "assignee")


@dataclass
class Codes:
    """Departments, crews and people by their codes, looked up once for many reports."""

    session: Session
    known: dict[tuple[type, Any], str | None] = field(default_factory=dict)

    def of(self, model: Any, key: int | UUID | None) -> str | None:
        if key is None:
            return None
        if (model, key) not in self.known:
            self.known[model, key] = self.session.scalar(select(model.code).where(model.id == key))
        return self.known[model, key]


def stand_of(report: Report, codes: Codes) -> Stand:
    """How a report stands, in what an action may change."""
    return {
        "status": report.status,
        "reason": report.status_reason,
        "expected_at": report.expected_at.astimezone(UTC).isoformat() if report.expected_at else None,
        "department": codes.of(Department, report.department_id),
        "crew": codes.of(Crew, report.crew_id),
        "assignee": codes.of(Person, report.assignee_id),
        "priority": report.priority,
    }


def do(session: Session, caller: Caller, report: Report, bulk: BulkAction) -> None:
    """Do the action to a locked report. What is so already stays as it is. Raises as the action does with one report."""
    wishes = bulk.wishes
    said = _said(wishes)
    match bulk.action:
        case "assign":
            assign(session, caller, report, _only(wishes, "department", "crew", "assignee"), said)
        case "move" | "close":
            wanted = Status(wishes["to"] if bulk.action == "move" else Status.CLOSED)
            if report.status != wanted:
                move_report(session, caller, report, wanted, said)
        case "reroute" if "department" in wishes:
            assign(session, caller, report, _only(wishes, "department"), said)
        case "reroute":
            _route_anew(session, caller, report, said)
        case "priority":
            _set_priority(session, caller, report, wishes["priority"], said)


@dataclass(frozen=True)
class Left:
    """How an action found a report, and how it left it."""

    before: Stand
    after: Stand

    @property
    def changed(self) -> set[str]:
        return {name for name in self.before if self.before[name] != self.after[name]}


def put_back(
    session: Session, caller: Caller, report: Report, left: Left, codes: Codes, wishes: dict[str, Any]
) -> None:
    """Bring a locked report back from how an action left it to how it was, by the moves that there are.

    A report that ended, and cannot be what it was at once, is reopened. wishes: note and reason for moves that demand one.
    Raises ChangedSince when it no longer stands as the action left it, NoWayBack when no move leads back.
    """
    before, after = left.before, left.after
    hands = {name: before[name] for name in _HANDS if name in left.changed}
    now = stand_of(report, codes)
    # Whoever was given a report may have begun with it since; taking it away again is not for a program to decide.
    if any(now[name] != after[name] for name in left.changed | ({"status"} if hands else set())):
        raise ChangedSince()
    if "department" in hands and hands["department"] is None:
        raise NoWayBack(now=now["status"], before=before["status"])  # nothing is sent to nobody
    said = Said(note=wishes.get("note"), reason=wishes.get("reason"))
    if hands:
        assign(session, caller, report, hands, said)
    # Taking a report from a crew stops work that was begun, also when it was begun before.
    if (hands or "status" in left.changed) and report.status != before["status"]:
        _move_back(session, caller, report, before, said)
    if "priority" in left.changed:
        _set_priority(session, caller, report, before["priority"], said)


def _move_back(session: Session, caller: Caller, report: Report, before: Stand, said: Said) -> None:
    ways = allowed_from(Status(report.status), caller.role)
    wanted = before["status"] if before["status"] in ways else Status.REOPENED.value
    if wanted not in ways:
        raise NoWayBack(now=report.status, before=before["status"])
    expected_at = datetime.fromisoformat(before["expected_at"]) if before["expected_at"] else None
    is_the_same = wanted == before["status"]
    reason = before["reason"] if is_the_same and before["reason"] else said.reason
    move_report(session, caller, report, Status(wanted), Said(said.note, reason, expected_at if is_the_same else None))


def _route_anew(session: Session, caller: Caller, report: Report, said: Said) -> None:
    """Send a report where the rules now in force send what is like it."""
    category = session.get_one(Category, report.category_id)
    place = pin_of(session, report.id)
    decision = decide(session, report.jurisdiction_id, category.id, category.group_id, place)
    if decision.department_id is None:
        raise Invalid([FieldError("/department", "required")])  # no rule names one of the town's
    if decision.department_id == report.department_id:
        return
    refuse_closed(caller, report, "rerouted")
    department = session.get_one(Department, decision.department_id)
    reroute(session, caller, report, department.id, decision.routed_by, said, named(department))


def _set_priority(session: Session, caller: Caller, report: Report, priority: str, said: Said) -> None:
    correct(session, caller, report, planned(session, report, {"priority": priority}), said)


def _said(wishes: dict[str, Any]) -> Said:
    at = wishes.get("expected_at")
    return Said(
        note=wishes.get("note"),
        reason=wishes.get("reason"),
        expected_at=datetime.fromisoformat(at) if at else None,
        template=wishes.get("template"),
    )


def _only(wishes: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: wishes[name] for name in names if name in wishes}
