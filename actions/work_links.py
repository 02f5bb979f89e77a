"""Links for contractors: one report or one package, for a time, with what may be done written on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.ids import new_id
from core.tokens import token_hash
from domain.access import Caller
from domain.errors import FieldError, Invalid, NotFound
from domain.packages import PackageStop, WorkLink
from domain.people import Credential, Person

PREFIX = "mwl"
LONGEST = timedelta(days=180)


@dataclass(frozen=True)
class NewLink:
    """What a link is for. Exactly one of `report_id` and `package_id`, which the caller has looked up as theirs."""

    label: str
    may: tuple[str, ...]
    expires_at: datetime
    report_id: UUID | None = None
    package_id: UUID | None = None


@dataclass(frozen=True)
class Reach:
    """What a contractor's link opens."""

    reports: frozenset[UUID]
    package_id: UUID | None
    may: frozenset[str]


NOTHING = Reach(frozenset(), None, frozenset())


def make_link(session: Session, caller: Caller, new: NewLink, raw: str) -> WorkLink:
    """Keep the hash of `raw` as the token of a contractor who can reach this one thing.

    Raises Invalid when it would end in the past or in more than LONGEST.
    """
    now = datetime.now(UTC)
    if new.expires_at <= now:
        raise Invalid([FieldError("/expires_at", "in-the-past")])
    if new.expires_at > now + LONGEST:
        raise Invalid([FieldError("/expires_at", "too-far-ahead", {"max_days": LONGEST.days})])
    person = Person(
        id=new_id(), jurisdiction_id=caller.jurisdiction_id, role="contractor", name=new.label, origin="link"
    )
    session.add(person)
    session.flush()
    link = WorkLink(
        id=new_id(),
        jurisdiction_id=caller.jurisdiction_id,
        label=new.label,
        person_id=person.id,
        report_id=new.report_id,
        package_id=new.package_id,
        may=list(new.may),
        created_by=caller.person_id,
        expires_at=new.expires_at,
    )
    session.add_all(
        [
            link,
            Credential(
                token_hash=token_hash(raw),
                jurisdiction_id=caller.jurisdiction_id,
                person_id=person.id,
                scopes=[],
                label=new.label,
                expires_at=new.expires_at,
            ),
        ]
    )
    session.flush()
    session.refresh(link)
    return link


def links_of(session: Session, caller: Caller, key: list[Any] | None, limit: int) -> Sequence[WorkLink]:
    """Every link that there ever was, the newest first, after `key` (created_at and id of the last one seen).

    Who works for some departments or areas only sees the links that they made themselves.
    """
    wanted = select(WorkLink).where(WorkLink.jurisdiction_id == caller.jurisdiction_id)
    if _is_limited(caller):
        wanted = wanted.where(WorkLink.created_by == caller.person_id)
    if key is not None:
        at, last = datetime.fromisoformat(key[0]), UUID(key[1])
        wanted = wanted.where((WorkLink.created_at < at) | ((WorkLink.created_at == at) & (WorkLink.id < last)))
    return session.scalars(wanted.order_by(WorkLink.created_at.desc(), WorkLink.id.desc()).limit(limit)).all()


def one_link(session: Session, caller: Caller, link_id: UUID) -> WorkLink:
    """The link, locked. Raises NotFound."""
    link = session.get(WorkLink, link_id, with_for_update=True)
    if link is None or link.jurisdiction_id != caller.jurisdiction_id:
        raise NotFound()
    if _is_limited(caller) and link.created_by != caller.person_id:
        raise NotFound()
    return link


def _is_limited(caller: Caller) -> bool:
    return caller.departments is not None or caller.areas is not None


def revoke_link(session: Session, link: WorkLink) -> None:
    """End it now. Safe to repeat."""
    if link.revoked_at is not None:
        return
    link.revoked_at = datetime.now(UTC)
    session.execute(update(Credential).where(Credential.person_id == link.person_id).values(revoked_at=link.revoked_at))
    session.flush()


def reach_of(session: Session, person_id: UUID) -> Reach:
    """What the link of this contractor opens now; a package may have changed since it was made."""
    link = session.scalar(select(WorkLink).where(WorkLink.person_id == person_id))
    if link is None or link.revoked_at is not None:
        return NOTHING
    if link.package_id is None:
        return Reach(frozenset(filter(None, [link.report_id])), None, frozenset(link.may))
    stops = session.scalars(select(PackageStop.report_id).where(PackageStop.package_id == link.package_id))
    return Reach(frozenset(stops), link.package_id, frozenset(link.may))
