"""A resident's mail address, and the links in mails that prove whose phone it is."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.recovery import code_hash, hand_over
from core import queue
from core.ids import new_id
from core.tokens import derived_code
from domain.access import Caller
from domain.base import Jurisdiction
from domain.errors import FieldError, Invalid, NotFound
from domain.identities import MailAddress, MailLink
from domain.people import Device, Person
from notifications.mail import QUEUE, TASK, Mail, worded

GOOD_FOR = {"confirm": timedelta(hours=24), "sign-in": timedelta(minutes=15)}


def address_of(session: Session, person_id: UUID) -> MailAddress | None:
    """A person's address, confirmed or waiting for that."""
    return session.get(MailAddress, person_id)


def want_address(session: Session, caller: Caller, address: str, secret: str) -> MailAddress:
    """Write to an address that somebody says is theirs; until they confirm it the one before stays."""
    device = _device(session, caller)
    kept = session.get(MailAddress, caller.known_id, with_for_update=True)
    if kept is None:
        kept = MailAddress(person_id=caller.known_id, jurisdiction_id=caller.jurisdiction_id)
        session.add(kept)
    if kept.address == address.lower():
        kept.wanted = None
    else:
        kept.wanted = address.lower()
        _write(session, "confirm", device, address, secret, caller.known_id)
    session.flush()
    return kept


def forget_address(session: Session, caller: Caller) -> None:
    """Forget a person's address; links to it that are out are good for nothing. Safe to repeat."""
    kept = session.get(MailAddress, caller.known_id, with_for_update=True)
    if kept is not None:
        session.delete(kept)
        session.flush()


def ask_for_link(session: Session, caller: Caller, address: str, secret: str) -> MailLink:
    """Write to an address, if it is confirmed for somebody here: whether it is is found out when the mail is sent, so that
    asking takes the same time and leaves the same answer for any address."""
    return _write(session, "sign-in", _device(session, caller), address, secret, None)


def confirm(session: Session, caller: Caller, code: str) -> MailAddress:
    """The code of a mail makes its address the caller's, who must be the one who entered it. Repeatable.

    When it was confirmed for somebody else here, that is the same person on another phone: this phone becomes theirs.
    Raises Invalid.
    """
    link, device = _link_of(session, "confirm", caller, code)
    owner = _owner(session, caller.jurisdiction_id, link.address)
    if owner is not None:
        link.used_at = link.used_at or datetime.now(UTC)
        hand_over(session, device, owner.person_id)
        return owner
    kept = session.get(MailAddress, caller.known_id, with_for_update=True)
    if link.used_at is not None or kept is None or kept.wanted != link.address or link.person_id != caller.person_id:
        raise _unknown()
    link.used_at = kept.confirmed_at = datetime.now(UTC)
    kept.address, kept.wanted = link.address, None
    session.flush()
    return kept


def use_link(session: Session, caller: Caller, code: str) -> UUID:
    """Make the phone that asked one of the person whose address it is, with what it did so far. Good once; a repeat by the
    same phone changes nothing. Returns the person. Raises Invalid."""
    link, device = _link_of(session, "sign-in", caller, code)
    owner = _owner(session, caller.jurisdiction_id, link.address)
    if owner is None or owner.person_id != link.person_id:
        raise _unknown()
    if link.used_at is None:
        link.used_at = datetime.now(UTC)
        hand_over(session, device, owner.person_id)
    elif device.person_id != owner.person_id:
        raise _unknown()
    return owner.person_id


def mail_to_send(session: Session, link_id: UUID, secret: str, public_url: str) -> Mail | None:
    """The mail of a link, worked out anew; None when it went already, is too late, or its address is nobody's here."""
    link = session.get(MailLink, link_id, with_for_update=True)
    if link is None or link.sent_at is not None or link.expires_at <= datetime.now(UTC):
        return None
    if link.kind == "sign-in":
        owner = _owner(session, link.jurisdiction_id, link.address)
        if owner is None:
            return None
        link.person_id = owner.person_id
    town = session.get_one(Jurisdiction, link.jurisdiction_id)
    code = _code(secret, link.kind, link.id)
    minutes = round(GOOD_FOR[link.kind].total_seconds() / 60)
    facts = {"code": code, "link": f"{public_url}/m/{code}", "minutes": str(minutes)}
    subject, body = worded(link.kind, link.language, town.name, list(town.languages), facts)
    return Mail(str(link.id), link.address, subject, body)


def note_sent(session: Session, link_id: UUID) -> None:
    """The mail of a link went, or never will."""
    link = session.get(MailLink, link_id, with_for_update=True)
    if link is not None:
        link.sent_at = datetime.now(UTC)


def _write(session: Session, kind: str, device: Device, address: str, secret: str, person_id: UUID | None) -> MailLink:
    key, now = new_id(), datetime.now(UTC)
    link = MailLink(
        id=key,
        jurisdiction_id=device.jurisdiction_id,
        kind=kind,
        address=address.lower(),
        language=device.language,
        code_hash=code_hash(_code(secret, kind, key)),
        person_id=person_id,
        device_id=device.id,
        created_at=now,
        expires_at=now + GOOD_FOR[kind],
    )
    session.add(link)
    session.flush()
    queue.defer(session, TASK, QUEUE, {"link_id": str(key)})
    return link


def _code(secret: str, kind: str, key: UUID) -> str:
    """The code of a link: who has the database has no code, and who has the secret no id."""
    return derived_code(secret, str(key), f"mail link to {kind}")


def _link_of(session: Session, kind: str, caller: Caller, code: str) -> tuple[MailLink, Device]:
    """The link of a code for the phone that asked for it, and the phone, locked. Raises Invalid."""
    device = _device(session, caller)
    link = session.scalar(select(MailLink).where(MailLink.code_hash == code_hash(code)).with_for_update())
    if link is None or link.kind != kind or link.device_id != device.id or link.expires_at <= datetime.now(UTC):
        raise _unknown()
    return link, device


def _owner(session: Session, town_id: int, address: str) -> MailAddress | None:
    return session.scalar(
        select(MailAddress)
        .join(Person, Person.id == MailAddress.person_id)
        .where(MailAddress.jurisdiction_id == town_id)
        .where(MailAddress.address == address)
        .where(Person.active)
    )


def _device(session: Session, caller: Caller) -> Device:
    device = session.get(Device, caller.device_id, with_for_update=True) if caller.device_id else None
    if device is None:
        raise NotFound()
    return device


def _unknown() -> Invalid:
    return Invalid([FieldError("/code", "unknown-mail-code")])
