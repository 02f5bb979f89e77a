"""A resident's phones become one person's: by an identity that a provider vouches for."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from actions.recovery import hand_over
from core.ids import new_id
from domain.access import Caller
from domain.errors import NotFound
from domain.identities import Identity
from domain.people import Credential, Device, Person
from identity.vouched import Vouched

FIREBASE = "firebase"
# A page that opens asks for many things at once, all with the token that it has just got. One after the other they find what
# the first has made; locks on rows, which are not there yet, would be taken in another order by those who come later.
_ONE_BY_ONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:issuer || ' ' || :subject, :town))")


def identity_of(session: Session, town_id: int, vouched: Vouched) -> Identity | None:
    """Whom a provider vouches for, as they are known here; None when they were never here. Nobody else changes that until
    the transaction ends."""
    session.execute(_ONE_BY_ONE, {"issuer": vouched.issuer, "subject": vouched.subject, "town": town_id})
    return session.scalar(
        select(Identity)
        .where(Identity.jurisdiction_id == town_id)
        .where(Identity.issuer == vouched.issuer)
        .where(Identity.subject == vouched.subject)
        .execution_options(populate_existing=True)
    )


def resident_of(session: Session, town_id: int, vouched: Vouched) -> Person:
    """The resident of an identity, made when they come for the first time."""
    found = identity_of(session, town_id, vouched)
    if found is None:
        person = Person(id=new_id(), jurisdiction_id=town_id, role="resident")
        session.add(person)
        session.flush()
        found = keep_identity(session, town_id, vouched, person.id)
        if found.person_id != person.id:  # another request was quicker
            session.delete(person)
            session.flush()
    return session.get_one(Person, found.person_id)


def link(session: Session, caller: Caller, vouched: Vouched) -> Identity:
    """Make the caller's phone one of the person whose identity this is, with what it did so far.

    An identity that was never here becomes one of the phone's own person; of a new one when that person is somebody's who
    signs in by another identity: then the phone has changed hands. Raises NotFound for a caller without a phone.
    """
    device = session.get(Device, caller.device_id, with_for_update=True) if caller.device_id else None
    if device is None:
        raise NotFound()
    found = identity_of(session, caller.jurisdiction_id, vouched)
    if found is None:
        owner = _new_person(session, device) if identities_of(session, device.person_id) else device.person_id
        found = keep_identity(session, caller.jurisdiction_id, vouched, owner)
    hand_over(session, device, found.person_id)
    return found


def _new_person(session: Session, device: Device) -> UUID:
    person = Person(id=new_id(), jurisdiction_id=device.jurisdiction_id, role="resident")
    session.add(person)
    session.flush()
    return person.id


def keep_identity(session: Session, town_id: int, vouched: Vouched, person_id: UUID) -> Identity:
    """Have an identity come to this person, unless it comes to somebody already; as it is then."""
    session.execute(
        insert(Identity)
        .values(
            id=new_id(),
            jurisdiction_id=town_id,
            provider=vouched.provider,
            issuer=vouched.issuer,
            subject=vouched.subject,
            person_id=person_id,
        )
        .on_conflict_do_nothing()
    )
    found = identity_of(session, town_id, vouched)
    assert found is not None  # ours, or that of the request that was quicker
    return found


def identities_of(session: Session, person_id: UUID) -> Sequence[Identity]:
    """The identities that come to this person, the oldest first."""
    return session.scalars(
        select(Identity)
        .where(Identity.person_id == person_id)
        .where(Identity.provider == FIREBASE)
        .order_by(Identity.created_at, Identity.id)
    ).all()


def unlink(session: Session, caller: Caller, identity_id: UUID) -> None:
    """Forget one of the caller's identities: its tokens come to nobody here any more. Phones and reports stay.

    Raises NotFound for one of somebody else, and for one that is gone.
    """
    found = session.get(Identity, identity_id, with_for_update=True)
    if found is None or found.person_id != caller.person_id or found.provider != FIREBASE:
        raise NotFound()
    session.execute(
        update(Credential)
        .where(Credential.person_id == found.person_id)
        .where(Credential.kind == FIREBASE)
        .where(Credential.revoked_at.is_(None))
        .values(revoked_at=datetime.now(UTC))
    )
    session.delete(found)
    session.flush()
