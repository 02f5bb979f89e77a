"""Shutting out whoever abuses the service: their phones may read and send nothing, until somebody lets them in again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text, update
from sqlalchemy.orm import Session

from actions.history import add_line
from actions.moderation import comment_to_moderate
from core.ids import new_id
from domain.access import Caller, in_scope_of, report_to_work_on
from domain.errors import NotFound, NothingToBlock
from domain.moderation import DeviceBlock
from domain.people import Credential, Device, Person
from domain.reports import Report


@dataclass(frozen=True)
class Blocked:
    """Whose phones, and for what."""

    report: Report
    person_id: UUID
    comment_id: UUID | None = None


def whose(session: Session, caller: Caller, report_id: UUID | None, comment_id: UUID | None) -> Blocked:
    """Who wrote a report or a comment that is this supervisor's to look after. Staff never learn which phone it was.

    Raises NotFound.
    """
    if comment_id is not None:
        report, comment = comment_to_moderate(session, caller, comment_id)
        return Blocked(report, comment.person_id, comment_id)
    if report_id is None:
        raise NotFound()
    report = report_to_work_on(session, caller, report_id)
    return Blocked(report, report.person_id)


def block(session: Session, caller: Caller, blocked: Blocked, reason: str) -> DeviceBlock:
    """Shut that person out: every phone they have, and any that they come with later. Who is shut out already stays so for
    the first reason.

    Raises NothingToBlock for staff, and for who cannot write by themselves: a caller at the desk.
    """
    # Held, so that two who do it at once for two reports do it once.
    person = session.get_one(Person, blocked.person_id, with_for_update={"key_share": True}, populate_existing=True)
    earlier = session.scalar(
        select(DeviceBlock).where(DeviceBlock.person_id == blocked.person_id).where(DeviceBlock.lifted_at.is_(None))
    )
    if earlier is not None:
        return earlier
    if not _may_write(session, person):
        raise NothingToBlock()
    _set_blocked(session, blocked.person_id, datetime.now(UTC))
    made = DeviceBlock(
        id=new_id(),
        jurisdiction_id=blocked.report.jurisdiction_id,
        person_id=blocked.person_id,
        report_id=blocked.report.id,
        comment_id=blocked.comment_id,
        reason=reason,
        created_by=caller.known_id,
    )
    session.add(made)
    session.flush()
    _note(session, caller, blocked.report, made, "phone_blocked", reason)
    session.refresh(made)
    return made


def lift(session: Session, caller: Caller, block_id: UUID, reason: str | None) -> DeviceBlock:
    """Let that person's phones send again. Repeating it changes nothing. Raises NotFound."""
    found = session.get(DeviceBlock, block_id)
    if found is None:
        raise NotFound()
    report = report_to_work_on(session, caller, found.report_id)
    session.refresh(found, with_for_update=True)
    if found.lifted_at is None:
        _set_blocked(session, found.person_id, None)
        found.lifted_at, found.lifted_by, found.lifted_reason = datetime.now(UTC), caller.known_id, reason
        _note(session, caller, report, found, "phone_unblocked", reason)
    return found


_LIST = """
    SELECT b.id, b.reason, b.created_at, b.lifted_at, b.lifted_reason, r.id AS report_id, r.reference, b.comment_id,
           one.code AS created_by, other.code AS lifted_by
    FROM device_block b
    JOIN (SELECT id, reference FROM report WHERE jurisdiction_id = :town AND {scope}) r ON r.id = b.report_id
    JOIN person one ON one.id = b.created_by
    LEFT JOIN person other ON other.id = b.lifted_by
    WHERE {which}
    ORDER BY b.created_at DESC, b.id DESC
    LIMIT :limit
"""


def blocks_page(session: Session, caller: Caller, key: list[Any] | None, limit: int) -> Sequence[RowMapping]:
    """Who was shut out for reports within this supervisor's departments and areas, the newest first, behind `key`."""
    which = "TRUE"
    values: dict[str, Any] = {}
    if key is not None:
        which = "(b.created_at, b.id) < (CAST(:key_at AS timestamptz), CAST(:key_id AS uuid))"
        values = {"key_at": key[0], "key_id": key[1]}
    return _listed(session, caller, which, values, limit)


def shown_block(session: Session, caller: Caller, block_id: UUID) -> RowMapping:
    """One of them, as it is listed."""
    return _listed(session, caller, "b.id = :id", {"id": block_id}, 1)[0]


def _listed(session: Session, caller: Caller, which: str, values: dict[str, Any], limit: int) -> Sequence[RowMapping]:
    scope = in_scope_of(caller)
    asked = {"town": caller.jurisdiction_id, "limit": limit, **scope.params, **values}
    return session.execute(text(_LIST.format(scope=scope.sql, which=which)), asked).mappings().all()


def _may_write(session: Session, person: Person) -> bool:
    """Whether somebody is a resident with a token, by a phone or by an identity."""
    token = select(Credential.person_id).where(Credential.person_id == person.id).limit(1)
    return person.role == "resident" and person.code is None and session.scalar(token) is not None


def _set_blocked(session: Session, person_id: UUID, at: datetime | None) -> None:
    session.execute(update(Device).where(Device.person_id == person_id).values(blocked_at=at))


def _note(session: Session, caller: Caller, report: Report, of: DeviceBlock, kind: str, reason: str | None) -> None:
    facts = {"comment_id": str(of.comment_id)} if of.comment_id else None
    add_line(session, caller, report, kind, reason=reason, is_public=False, data=facts)
