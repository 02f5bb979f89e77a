"""Who may see and touch which report; the only way from a request to a Report."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text
from sqlalchemy.orm import Session

from domain.city import Department
from domain.errors import FieldError, Invalid, NotFound
from domain.people import Person
from domain.queries import Where
from domain.reports import Report
from domain.rights import Right, has_right


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
    departments: frozenset[int] | None = None  # whose reports they work with; None: all
    areas: frozenset[str] | None = None  # "layer:code": where they work; None: everywhere
    reports: frozenset[UUID] = frozenset()  # a contractor's; `scopes` says what they may do
    package_id: UUID | None = None  # a contractor's
    is_blocked: bool = False  # they are shut out: they may read and send nothing
    bulk_id: UUID | None = None  # the action on many reports that this is a part of

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

    def may(self, right: Right) -> bool:
        """Whether the table of rights gives this caller's role that right."""
        return has_right(self.role, right)


@dataclass(frozen=True)
class Holding:
    """What decides whose a report is."""

    report_id: UUID
    department_id: int | None
    crew_id: int | None
    area_keys: list[str]
    is_public: bool

    @classmethod
    def of_row(cls, row: RowMapping) -> "Holding":
        """Of a row of `whole_report`."""
        is_public = row["visibility"] == "public" and row["held_at"] is None
        return cls(row["id"], row["department_id"], row["crew_id"], row["area_keys"], is_public)

    @classmethod
    def of(cls, report: Report) -> "Holding":
        is_public = report.visibility == "public" and report.held_at is None
        return cls(report.id, report.department_id, report.crew_id, report.area_keys, is_public)


def departments_of(person: Person) -> frozenset[int] | None:
    """Whose reports somebody works with; None: those of all departments. A crew's are its own department's."""
    if person.role == "crew":
        return frozenset() if person.department_id is None else frozenset({person.department_id})
    return frozenset(person.department_ids) if person.department_ids is not None else None


_PUBLIC = text("SELECT * FROM public_report WHERE id = :id AND jurisdiction_id = :town")
_WHOLE = text("SELECT * FROM whole_report WHERE id = :id AND jurisdiction_id = :town")
_FOLLOWS = text("SELECT EXISTS (SELECT 1 FROM follow WHERE report_id = :id AND person_id = :person)")


def may_work_on(caller: Caller, held: Holding) -> bool:
    """Whether the report is in this person's hands: within their departments and areas, a crew's when it is theirs or
    nobody's in their department, a contractor's when their link names it. An analyst only sees what is public."""
    if not caller.may(Right.SEE_WORK):
        return False
    if caller.role == "contractor":
        return held.report_id in caller.reports
    if not _in_scope(caller, held) or not (held.is_public or caller.may(Right.SEE_PRIVATE)):
        return False
    if caller.role != "crew":
        return True
    return held.crew_id == caller.crew_id if held.crew_id is not None else _is_own(caller, held.department_id)


def in_scope_of(caller: Caller) -> Where:
    """The caller's departments and areas as a condition on anything with `department_id` and `area_keys`.

    The text holds one condition at most for each, so that an index can answer it.
    """
    parts: list[str] = []
    values: dict[str, Any] = {}
    if caller.departments is not None:
        parts.append("department_id = ANY(CAST(:own_departments AS int[]))")
        values["own_departments"] = sorted(caller.departments)
    if caller.areas is not None:
        parts.append("area_keys && CAST(:own_areas AS text[])")
        values["own_areas"] = sorted(caller.areas)
    return Where(" AND ".join(parts) or "TRUE", values)


def in_hands_of(caller: Caller, taken: str | None = None) -> Where:
    """`may_work_on` as a condition on `whole_report`; `taken` narrows it to what this crew has ("mine") or nobody ("free")."""
    if caller.role == "contractor":
        return Where("id = ANY(CAST(:own_reports AS uuid[]))", {"own_reports": list(caller.reports)})
    scope = in_scope_of(caller)
    own = {"own_crew": caller.crew_id, "own_department": caller.department_id, **scope.params}
    mine = "crew_id = :own_crew"
    is_crew = caller.role == "crew"
    free = "crew_id IS NULL AND department_id = :own_department" if is_crew else "crew_id IS NULL"
    wanted = {"mine": mine, "free": free}.get(taken or "", f"{mine} OR {free}" if is_crew else "TRUE")
    shown = "TRUE" if caller.may(Right.SEE_PRIVATE) else "visibility = 'public' AND held_at IS NULL"
    return Where(f"({wanted}) AND {scope.sql} AND {shown}", own)


def may_see_whole(caller: Caller, person_id: UUID, held: Holding) -> bool:
    """Whether this person sees contact, exact place and private answers: the reporter, staff to whom it belongs."""
    if caller.person_id is not None and caller.person_id == person_id:
        return True
    if not caller.may(Right.SEE_PRIVATE) or not _in_scope(caller, held):
        return False
    return caller.role != "crew" or _is_own(caller, held.department_id)


def _in_scope(caller: Caller, held: Holding) -> bool:
    """`in_scope_of`, of one report."""
    is_theirs = caller.departments is None or held.department_id in caller.departments
    return is_theirs and (caller.areas is None or not caller.areas.isdisjoint(held.area_keys))


def _is_own(caller: Caller, department_id: int | None) -> bool:
    # A report that no rule sent anywhere is not a crew's for want of a department.
    return department_id is not None and department_id == caller.department_id


def seen_report(session: Session, caller: Caller, report_id: UUID) -> tuple[RowMapping, bool]:
    """The report as this caller may see it, and whether that is the whole of it.

    Raises NotFound alike for a report that is not there and one that is not for them.
    """
    values = {"id": report_id, "town": caller.jurisdiction_id}
    whole = session.execute(_WHOLE, values).mappings().first() if caller.person_id else None
    if whole is not None and may_see_whole(caller, whole["person_id"], Holding.of_row(whole)):
        return whole, True
    shown = session.execute(_PUBLIC, values).mappings().first()
    if shown is None:
        raise NotFound()
    return shown, False


def report_in_hand(session: Session, caller: Caller, report_id: UUID) -> RowMapping:
    """The whole of a report that is this person's to work on. Raises NotFound for all others."""
    whole = session.execute(_WHOLE, {"id": report_id, "town": caller.jurisdiction_id}).mappings().first()
    if whole is None or not may_work_on(caller, Holding.of_row(whole)):
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
    if report is None or not may_work_on(caller, Holding.of(report)):
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
        "visibility": report.visibility if report.held_at is None else "private",
        "status": report.status,
        "department_id": report.department_id,
        "crew_id": report.crew_id,
        "areas": report.area_keys,
    }


def own_department_id(session: Session, caller: Caller, code: str) -> int:
    """A department that this caller works for, by its code. Raises Invalid at `/department` for any other."""
    found = session.scalar(
        select(Department.id)
        .where(Department.jurisdiction_id == caller.jurisdiction_id)
        .where(Department.code == code)
        .where(Department.active)
    )
    if found is None or (caller.departments is not None and found not in caller.departments):
        raise Invalid([FieldError("/department", "unknown-department")])
    return found
