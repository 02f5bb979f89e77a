"""Making a report a part of another, and splitting one for several departments."""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from actions.family import SPLIT, Echo, follow_children, has_children
from actions.history import add_line
from actions.moves import is_closed
from actions.notes import add_note
from actions.work import refuse_closed
from core.ids import new_id
from domain.access import Caller, Holding, may_work_on
from domain.city import Category, CategoryForm, Department
from domain.errors import CircularParent, FieldError, Invalid
from domain.people import Person
from domain.reports import Report
from domain.status import Status

BY_THE_DESK = {"rule": None, "area": None, "by": "desk"}

_REFERENCE = text("SELECT report_reference(nextval('report_reference_seq'))")
_COPIED = (
    "jurisdiction_id", "device_id", "category_id", "form_version", "priority", "location", "public_location",
    "accuracy_m", "address", "description", "answers", "private_answers", "contact", "captured_at", "captured_at_sent",
    "clock_flag", "areas", "area_keys",
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """What one department is to do of a report."""

    department: str
    category: str | None = None
    note: str | None = None


def split(session: Session, caller: Caller, parent: Report, parts: list[Part]) -> list[Report]:
    """Make a report for each part: at the same place, in the same words, and never public.

    Their reporter hears only of the whole: the parts are nobody's of the residents.
    Raises WrongStatus when the report is over, CircularParent when it is a part itself, Invalid for codes that are not ours.
    """
    refuse_closed(caller, parent, SPLIT)
    if parent.parent_id is not None:
        raise CircularParent()
    planned = _planned(session, parent.jurisdiction_id, parts)
    nobody = Person(id=new_id(), jurisdiction_id=parent.jurisdiction_id, role="resident")
    session.add(nobody)
    session.flush()
    made = [
        _make_part(session, caller, parent, department, kind, nobody.id, part.note)
        for part, (department, kind) in zip(parts, planned, strict=True)
    ]
    parent.version += 1
    add_line(session, caller, parent, SPLIT, is_public=False, data={"parts": [_reference(child) for child in made]})
    return made


def set_parent(session: Session, caller: Caller, report: Report, parent_id: UUID | None) -> None:
    """Make a locked report a part of another, or of none. What is so already changes nothing.

    Raises Invalid at /parent for a report that is not this person's to work on, CircularParent for one that is the report
    itself or a part of another, or when the report has parts.
    """
    if parent_id == report.parent_id:
        return
    parent = _parent(session, caller, report, parent_id) if parent_id is not None else None
    former = session.get(Report, report.parent_id) if report.parent_id is not None else None
    report.parent_id = parent_id
    report.version += 1
    session.flush()
    add_line(
        session, caller, report, "related", is_public=False, data={"parent": _reference(parent) if parent else None}
    )
    for whole in (one for one in (former, parent) if one is not None):
        add_line(session, caller, whole, "related", is_public=False, data={"parts": [_reference(report)]})
        if not is_closed(report):  # a part that is over already, or was, ends nothing by coming or going
            follow_children(session, caller, whole, report, Echo())


def lock_together(session: Session, caller: Caller, report_id: UUID, parent_id: UUID | None) -> None:
    """Lock a report, what it is a part of and what it is to be a part of, in one order for everybody."""
    present = session.scalar(select(Report.parent_id).where(Report.id == report_id))
    wanted = {one for one in (report_id, parent_id, present) if one is not None}
    session.execute(
        select(Report.id)
        .where(Report.id.in_(wanted))
        .where(Report.jurisdiction_id == caller.jurisdiction_id)
        .order_by(Report.id)
        .with_for_update()
    )


def _parent(session: Session, caller: Caller, report: Report, parent_id: UUID) -> Report:
    if parent_id == report.id:
        raise CircularParent()
    found = session.get(Report, parent_id, populate_existing=True)
    if found is None or found.jurisdiction_id != caller.jurisdiction_id or not may_work_on(caller, Holding.of(found)):
        raise Invalid([FieldError("/parent", "unknown-report")])
    if found.parent_id is not None or has_children(session, report):
        raise CircularParent()
    return found


def _reference(report: Report) -> dict[str, Any]:
    return {"id": str(report.id), "reference": report.reference}


Kind = tuple[Category, CategoryForm]


def _planned(session: Session, town_id: int, parts: list[Part]) -> list[tuple[Department, Kind | None]]:
    """The rows of the codes; with every mistake at once."""
    found: list[tuple[Department, Kind | None]] = []
    wrong: list[FieldError] = []
    for number, part in enumerate(parts):
        department = session.scalar(
            select(Department)
            .where(Department.jurisdiction_id == town_id)
            .where(Department.code == part.department)
            .where(Department.active)
        )
        kind = kind_of(session, town_id, part.category) if part.category is not None else None
        if department is None:
            wrong.append(FieldError(f"/parts/{number}/department", "unknown-department"))
        if part.category is not None and kind is None:
            wrong.append(FieldError(f"/parts/{number}/category", "unknown-category"))
        if department is not None:
            found.append((department, kind))
    if wrong:
        raise Invalid(wrong)
    return found


def kind_of(session: Session, town_id: int, code: str) -> Kind | None:
    """A category in force with its current form."""
    row = session.execute(
        select(Category, CategoryForm)
        .join(CategoryForm, CategoryForm.category_id == Category.id)
        .where(Category.jurisdiction_id == town_id)
        .where(Category.code == code)
        .where(Category.active)
        .where(CategoryForm.retired_at.is_(None))
    ).one_or_none()
    return (row[0], row[1]) if row is not None else None


def _make_part(
    session: Session,
    caller: Caller,
    parent: Report,
    department: Department,
    kind: Kind | None,
    nobody_id: UUID,
    note: str | None,
) -> Report:
    child_id = new_id()
    child = Report(
        **{name: getattr(parent, name) for name in _COPIED},
        id=child_id,
        reference=session.execute(_REFERENCE).scalar_one(),
        person_id=nobody_id,
        status=Status.RECEIVED.value,
        version=1,
        last_seq=0,
        visibility="private",
        department_id=department.id,
        routed_by=BY_THE_DESK,
        source=SPLIT,
        content_hash=hashlib.sha256(child_id.bytes).digest(),
        parent_id=parent.id,
    )
    if kind is not None:
        child.category_id, child.form_version = kind[0].id, kind[1].version
    session.add(child)
    session.flush()
    whole = {"parent": _reference(parent)}
    add_line(session, caller, child, "received", to_status=child.status, is_public=False, data=whole)
    if note:
        add_note(session, caller, child, note)
    return child
