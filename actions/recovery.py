"""A code on paper brings a person's reports to a new phone; a lost phone is shut out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.tokens import plain_code, token_hash
from domain.access import Caller
from domain.errors import FieldError, Invalid, NotFound
from domain.people import Credential, Device, Person, RecoveryCode

SHOWN_FOR = timedelta(hours=1)  # a retry of the registration gets the code again for so long

# What the new phone did before it was recognised goes to the person that it belongs to.
_HAND_OVER = (
    text("UPDATE report SET person_id = :to WHERE person_id = :from"),
    text("UPDATE comment SET person_id = :to WHERE person_id = :from"),
    text(
        "INSERT INTO follow (report_id, person_id, jurisdiction_id, created_at)"
        " SELECT report_id, :to, jurisdiction_id, created_at FROM follow WHERE person_id = :from ON CONFLICT DO NOTHING"
    ),
    text("DELETE FROM follow WHERE person_id = :from"),
    text(
        "INSERT INTO verdict (report_id, resolved_seq, person_id, jurisdiction_id, verdict, created_at)"
        " SELECT report_id, resolved_seq, :to, jurisdiction_id, verdict, created_at FROM verdict WHERE person_id = :from"
        " ON CONFLICT DO NOTHING"
    ),
    text("DELETE FROM verdict WHERE person_id = :from"),
    text(
        "INSERT INTO rating (report_id, person_id, jurisdiction_id, stars, text, created_at, rated_at)"
        " SELECT report_id, :to, jurisdiction_id, stars, text, created_at, rated_at FROM rating WHERE person_id = :from"
        " ON CONFLICT DO NOTHING"
    ),
    text("DELETE FROM rating WHERE person_id = :from"),
    text("UPDATE recovery_code SET replaced_at = now() WHERE person_id = :from AND used_at IS NULL"),
    text("UPDATE person SET active = false WHERE id = :from"),
)
_COMES_BACK = text(
    "SELECT EXISTS (SELECT 1 FROM identity WHERE person_id = :person)"
    " OR EXISTS (SELECT 1 FROM mail_address WHERE person_id = :person AND address IS NOT NULL)"
)


@dataclass(frozen=True)
class Phone:
    """The phone that a code is shown on, and whose it is."""

    town_id: int
    person_id: UUID
    device_id: UUID


def keep_code(session: Session, phone: Phone, code: str) -> RecoveryCode:
    """Make this the person's code in place of any earlier one. The same code again changes nothing."""
    hashed = code_hash(code)
    kept = session.get(RecoveryCode, hashed)
    if kept is not None:
        return kept
    session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.person_id == phone.person_id)
        .where(RecoveryCode.used_at.is_(None))
        .where(RecoveryCode.replaced_at.is_(None))
        .values(replaced_at=datetime.now(UTC))
    )
    session.execute(
        insert(RecoveryCode)
        .values(code_hash=hashed, jurisdiction_id=phone.town_id, person_id=phone.person_id, device_id=phone.device_id)
        .on_conflict_do_nothing()
    )
    return session.get_one(RecoveryCode, hashed)


def may_be_shown(session: Session, code: str) -> bool:
    """Whether a retry of the registration may see the code again: it is fresh, and still good."""
    kept = session.get(RecoveryCode, code_hash(code))
    if kept is None or kept.used_at is not None or kept.replaced_at is not None:
        return False
    return datetime.now(UTC) - kept.created_at < SHOWN_FOR


def recover(session: Session, caller: Caller, code: str, next_code: str) -> UUID:
    """Give the caller's phone to the person of the code, with what it did so far; `next_code` takes the code's place.

    Repeating it with the same phone changes nothing. Raises Invalid for a code that is not known or not good any more.
    Returns the person.
    """
    device = session.get(Device, caller.device_id, with_for_update=True) if caller.device_id else None
    if device is None:  # a program without a phone
        raise NotFound()
    kept = session.get(RecoveryCode, code_hash(code), with_for_update=True)
    if kept is None or kept.jurisdiction_id != caller.jurisdiction_id:
        raise Invalid([FieldError("/recovery_code", "unknown-recovery-code")])
    is_retry = kept.used_by_device_id == device.id
    person = session.get_one(Person, kept.person_id)
    if not is_retry and (kept.used_at is not None or kept.replaced_at is not None or not person.active):
        raise Invalid([FieldError("/recovery_code", "spent-recovery-code")])
    if not is_retry:
        kept.used_at, kept.used_by_device_id = datetime.now(UTC), device.id
        hand_over(session, device, person.id)
    keep_code(session, Phone(caller.jurisdiction_id, person.id, device.id), next_code)
    return person.id


def hand_over(session: Session, device: Device, person_id: UUID) -> None:
    """Make a phone, which is locked, this person's. With an anonymous person's last phone comes all that they did.

    Somebody who signs in elsewhere, by an identity or a confirmed mail address, keeps what is theirs.
    """
    earlier = device.person_id
    if earlier == person_id:
        return
    session.execute(update(Credential).where(Credential.device_id == device.id).values(person_id=person_id))
    device.person_id = person_id
    session.flush()
    is_last = session.scalar(select(Device.id).where(Device.person_id == earlier).limit(1)) is None
    if is_last and not _may_come_back(session, earlier):
        for statement in _HAND_OVER:
            session.execute(statement, {"from": earlier, "to": person_id})


def _may_come_back(session: Session, person_id: UUID) -> bool:
    return bool(session.execute(_COMES_BACK, {"person": person_id}).scalar())


def phones_of(session: Session, person_id: UUID) -> Sequence[Device]:
    """Every phone that a person has or had, the oldest first."""
    return session.scalars(
        select(Device).where(Device.person_id == person_id).order_by(Device.created_at, Device.id)
    ).all()


def revoke(session: Session, caller: Caller, device_id: UUID) -> Device:
    """Shut out one of the caller's phones: its token is worth nothing, and nothing is sent to it. Repeatable.

    Raises NotFound for a phone of somebody else.
    """
    device = session.get(Device, device_id, with_for_update=True)
    if device is None or device.person_id != caller.person_id:
        raise NotFound()
    _shut_out(session, device)
    return device


def revoke_others(session: Session, person_id: UUID, kept_id: UUID) -> None:
    """Shut out every phone of a person but one."""
    for device in phones_of(session, person_id):
        if device.id != kept_id:
            _shut_out(session, device)


def _shut_out(session: Session, device: Device) -> None:
    if device.revoked_at is not None:
        return
    now = datetime.now(UTC)
    device.revoked_at = now
    device.push_kind = device.push_value = None
    session.execute(update(Credential).where(Credential.device_id == device.id).values(revoked_at=now))
    session.flush()


def code_hash(code: str) -> bytes:
    """What is stored instead of a code."""
    return token_hash(plain_code(code))
