"""Questions to the queue that somebody keeps: for themselves, or for all who work for a department."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.ids import new_id
from domain.access import Caller, own_department_id
from domain.city import Department
from domain.clocks import SavedFilter
from domain.errors import FieldError, Invalid, NotFound
from domain.people import Person

MOST = 200  # of one person


def filters_of(session: Session, caller: Caller) -> Sequence[SavedFilter]:
    """Their own and those of departments that they work for, by name."""
    return session.scalars(_visible(caller).order_by(SavedFilter.name, SavedFilter.id)).all()


def filter_of(session: Session, caller: Caller, filter_id: UUID) -> SavedFilter:
    """One that they may use. Raises NotFound."""
    found = session.scalar(_visible(caller).where(SavedFilter.id == filter_id))
    if found is None:
        raise NotFound()
    return found


def save_filter(session: Session, caller: Caller, wishes: dict[str, Any]) -> SavedFilter:
    """Keep a new one. Raises Invalid for a department that is not the caller's, or when they have too many."""
    kept = session.scalars(select(SavedFilter.id).where(SavedFilter.owner_id == caller.known_id).limit(MOST)).all()
    if len(kept) == MOST:
        raise Invalid([FieldError("", "too-many", {"max": MOST})])
    made = SavedFilter(id=new_id(), jurisdiction_id=caller.jurisdiction_id, owner_id=caller.known_id, version=1)
    _fill(session, caller, made, wishes)
    session.add(made)
    session.flush()
    return made


def own_filter(session: Session, caller: Caller, filter_id: UUID) -> SavedFilter:
    """One of the caller's own, locked. Raises NotFound."""
    kept = session.scalar(
        select(SavedFilter)
        .where(SavedFilter.id == filter_id)
        .where(SavedFilter.owner_id == caller.known_id)
        .with_for_update()
    )
    if kept is None:
        raise NotFound()
    return kept


def change_filter(session: Session, caller: Caller, kept: SavedFilter, wishes: dict[str, Any]) -> None:
    """Put other contents into a locked one. Raises Invalid."""
    _fill(session, caller, kept, wishes)
    kept.version += 1
    kept.updated_at = datetime.now(UTC)
    session.flush()


def drop_filter(session: Session, caller: Caller, filter_id: UUID) -> None:
    """Forget one of the caller's own; one that is gone already is no mistake."""
    kept = session.scalar(select(SavedFilter).where(SavedFilter.id == filter_id).with_for_update())
    if kept is None:
        return
    if kept.owner_id != caller.known_id:
        raise NotFound()
    session.delete(kept)
    session.flush()


def _visible(caller: Caller) -> Any:
    shared = SavedFilter.department_id.is_not(None)
    if caller.departments is not None:
        shared = SavedFilter.department_id.in_(caller.departments)
    return (
        select(SavedFilter)
        .where(SavedFilter.jurisdiction_id == caller.jurisdiction_id)
        .where(or_(SavedFilter.owner_id == caller.known_id, shared))
    )


def _fill(session: Session, caller: Caller, kept: SavedFilter, wishes: dict[str, Any]) -> None:
    kept.name, kept.query = wishes["name"], wishes["query"]
    shared_with = wishes.get("department")
    kept.department_id = own_department_id(session, caller, shared_with) if shared_with is not None else None


def names_of(session: Session, filters: Sequence[SavedFilter]) -> tuple[dict[UUID, str | None], dict[int, str]]:
    """Owners' names and departments' codes, by id."""
    owners = {kept.owner_id for kept in filters}
    departments = {kept.department_id for kept in filters if kept.department_id is not None}
    people = dict(session.execute(select(Person.id, Person.name).where(Person.id.in_(owners))).all())
    codes = dict(session.execute(select(Department.id, Department.code).where(Department.id.in_(departments))).all())
    return people, codes
