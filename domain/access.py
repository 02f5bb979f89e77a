"""Who may see and touch which report; the only way from a request to a Report."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text
from sqlalchemy.orm import Session

from domain.errors import NotFound
from domain.queries import Where
from domain.reports import Report

STAFF = frozenset({"crew", "dispatcher", "admin"})
DESK = frozenset({"dispatcher", "admin"})


@dataclass(frozen=True)
class Caller:
    """Who sends this request. A stranger has no person and the role "stranger"."""

    jurisdiction_id: int
    role: str = "stranger"
    person_id: UUID | None = None
    device_id: UUID | None = None
    department_id: int | None = None
    crew_id: int | None = None
    scopes: frozenset[str] = frozenset()

    @property
    def known_id(self) -> UUID:
        """The person, on routes that strangers cannot reach."""
        if self.person_id is None:
            raise RuntimeError("A route that needs a person let a stranger in.")
        return self.person_id

    @property
    def key_owner(self) -> UUID:
        """Whose idempotency keys these are: the device's, or the person's who has none."""
        return self.device_id or self.known_id


_PUBLIC = text("SELECT * FROM public_report WHERE id = :id AND jurisdiction_id = :town")
_WHOLE = text("SELECT * FROM whole_report WHERE id = :id AND jurisdiction_id = :town")
_FOLLOWS = text("SELECT EXISTS (SELECT 1 FROM follow WHERE report_id = :id AND person_id = :person)")


def may_work_on(caller: Caller, department_id: int | None, crew_id: int | None) -> bool:
    """Whether the report is in this person's hands: the desk's always, a crew's when it is theirs or their department's."""
    if caller.role in DESK:
        return True
    if caller.role != "crew":
        return False
    return crew_id == caller.crew_id if crew_id is not None else _is_own(caller, department_id)


def in_hands_of(caller: Caller, taken: str | None = None) -> Where:
    """`may_work_on` as a condition on `whole_report`; `taken` narrows it to what this crew has ("mine") or nobody ("free")."""
    own = {"own_crew": caller.crew_id, "own_department": caller.department_id}
    mine = "crew_id = :own_crew"
    free = "crew_id IS NULL" if caller.role in DESK else "crew_id IS NULL AND department_id = :own_department"
    every = "TRUE" if caller.role in DESK else f"{mine} OR {free}"
    return Where({"mine": mine, "free": free}.get(taken or "", every), own)


def may_see_whole(caller: Caller, person_id: UUID, department_id: int | None) -> bool:
    """Whether this person sees contact, exact place and private answers: the reporter, the desk, the crews it belongs to."""
    if caller.person_id is not None and caller.person_id == person_id:
        return True
    return caller.role in DESK or (caller.role == "crew" and _is_own(caller, department_id))


def _is_own(caller: Caller, department_id: int | None) -> bool:
    # A report that no rule sent anywhere is not a crew's for want of a department.
    return department_id is not None and department_id == caller.department_id


def seen_report(session: Session, caller: Caller, report_id: UUID) -> tuple[RowMapping, bool]:
    """The report as this caller may see it, and whether that is the whole of it.

    Raises NotFound alike for a report that is not there and one that is not for them.
    """
    values = {"id": report_id, "town": caller.jurisdiction_id}
    whole = session.execute(_WHOLE, values).mappings().first() if caller.person_id else None
    if whole is not None and may_see_whole(caller, whole["person_id"], whole["department_id"]):
        return whole, True
    shown = session.execute(_PUBLIC, values).mappings().first()
    if shown is None:
        raise NotFound()
    return shown, False


def report_in_hand(session: Session, caller: Caller, report_id: UUID) -> RowMapping:
    """The whole of a report that is this person's to work on. Raises NotFound for all others."""
    whole = session.execute(_WHOLE, {"id": report_id, "town": caller.jurisdiction_id}).mappings().first()
    if whole is None or not may_work_on(caller, whole["department_id"], whole["crew_id"]):
        raise NotFound()
    return whole


def whole_of(session: Session, report: Report) -> RowMapping:
    """The whole of a report that the caller has just worked on, even when it left their hands by that."""
    return session.execute(_WHOLE, {"id": report.id, "town": report.jurisdiction_id}).mappings().one()


def report_to_work_on(session: Session, caller: Caller, report_id: UUID) -> Report:
    """The report, locked, for somebody who works on it. Raises NotFound for all others."""
    report = session.scalar(
        select(Report)
        .where(Report.id == report_id)
        .where(Report.jurisdiction_id == caller.jurisdiction_id)
        .with_for_update()
    )
    if report is None or not may_work_on(caller, report.department_id, report.crew_id):
        raise NotFound()
    return report


def report_to_add_to(session: Session, caller: Caller, report_id: UUID) -> Report:
    """The report, locked, for somebody who may see it and adds a line. Raises NotFound for all others."""
    seen_report(session, caller, report_id)
    return session.scalars(select(Report).where(Report.id == report_id).with_for_update()).one()


def is_following(session: Session, caller: Caller, report_id: UUID) -> bool:
    """Whether this person follows the report."""
    return bool(session.execute(_FOLLOWS, {"id": report_id, "person": caller.person_id}).scalar())


def scope_of(report: Report) -> dict[str, Any]:
    """What the change log says of a report; the SQL function `change_scope` says the same at intake."""
    return {
        "visibility": report.visibility,
        "status": report.status,
        "department_id": report.department_id,
        "crew_id": report.crew_id,
        "areas": report.area_keys,
    }
