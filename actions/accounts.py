"""Tokens for people who do not sign in with a phone: the town's staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from actions.catalogue.history import COMMAND, Doer, note_change
from actions.catalogue.parts import is_code
from core.tokens import new_token, token_hash
from domain.base import Jurisdiction
from domain.errors import NotFound
from domain.people import Credential, Person

STAFF_PREFIX = "mws"
DEVICE_PREFIX = "mwd"
_ID_BYTES = 12


class NoSuchStaff(Exception):
    """There is no active member of staff of that code; `codes` are those that there are."""

    def __init__(self, codes: list[str]):
        super().__init__()
        self.codes = codes


@dataclass(frozen=True)
class NewToken:
    """What a token is called and how long it is good for; None: until it is revoked."""

    label: str
    expires_at: datetime | None = None


def create_staff_token(session: Session, town: Jurisdiction, code: str, days: int | None, label: str) -> str:
    """A fresh bearer token for a member of staff; only its hash is kept, so this is the one time it can be seen.

    days: how long it is good for; None: until it is revoked. Raises NoSuchStaff.
    """
    try:
        person = staff_member(session, town.id, code)
    except NotFound:
        raise NoSuchStaff(codes_of_staff(session, town)) from None
    token = new_token(STAFF_PREFIX)
    expires_at = datetime.now(UTC) + timedelta(days=days) if days is not None else None
    keep_staff_token(session, person, NewToken(label, expires_at), token, COMMAND)
    return token


def staff_member(session: Session, town_id: int, code: str) -> Person:
    """Somebody who works for the town now. Raises NotFound."""
    if not is_code(code):
        raise NotFound()
    person = session.scalar(
        select(Person)
        .where(Person.jurisdiction_id == town_id)
        .where(Person.role != "resident")
        .where(Person.active)
        .where(Person.code == code)
    )
    if person is None:
        raise NotFound()
    return person


def codes_of_staff(session: Session, town: Jurisdiction) -> list[str]:
    """The codes of everybody who works for the town now."""
    codes = session.scalars(
        select(Person.code)
        .where(Person.jurisdiction_id == town.id)
        .where(Person.role != "resident")
        .where(Person.active)
        .order_by(Person.code)
    )
    return [code for code in codes if code]


def keep_staff_token(session: Session, person: Person, new: NewToken, raw: str, doer: Doer) -> Credential:
    """Keep the hash of `raw` as a bearer token of this person."""
    credential = Credential(
        token_hash=token_hash(raw),
        jurisdiction_id=person.jurisdiction_id,
        person_id=person.id,
        scopes=[],
        label=new.label,
        expires_at=new.expires_at,
    )
    session.add(credential)
    session.flush()
    note_change(session, person.jurisdiction_id, doer, "tokens", person.code or "", None, _told(credential))
    return credential


def staff_tokens_of(session: Session, person: Person) -> Sequence[Credential]:
    """Every bearer token that this member of staff ever had, the oldest first."""
    return session.scalars(
        select(Credential)
        .where(Credential.person_id == person.id)
        .where(Credential.kind == "token")
        .order_by(Credential.created_at, Credential.token_hash)
    ).all()


def revoke_staff_token(session: Session, person: Person, token_id: str, doer: Doer) -> Credential:
    """End one of a person's tokens now. Safe to repeat. Raises NotFound."""
    credential = next((one for one in staff_tokens_of(session, person) if token_id_of(one) == token_id), None)
    if credential is None:
        raise NotFound()
    if credential.revoked_at is None:
        before = _told(credential)
        credential.revoked_at = datetime.now(UTC)
        session.flush()
        note_change(session, person.jurisdiction_id, doer, "tokens", person.code or "", before, _told(credential))
    return credential


def token_id_of(credential: Credential) -> str:
    """What a token is called in lists: the beginning of its hash, which says nothing of 256 random bits."""
    return bytes(credential.token_hash)[:_ID_BYTES].hex()


def _told(credential: Credential) -> dict[str, Any]:
    """What the history keeps of a token: all but its secret."""
    moments = {name: getattr(credential, name) for name in ("expires_at", "revoked_at")}
    return {
        "id": token_id_of(credential),
        "label": credential.label,
        **{name: moment.astimezone(UTC).isoformat() if moment else None for name, moment in moments.items()},
    }


def rekey_device(session: Session, town: Jurisdiction, person_id: UUID, device_id: UUID, label: str) -> str:
    """A fresh token for a phone in place of the one it had."""
    session.execute(delete(Credential).where(Credential.device_id == device_id))
    token = new_token(DEVICE_PREFIX)
    session.add(
        Credential(
            token_hash=token_hash(token),
            jurisdiction_id=town.id,
            person_id=person_id,
            device_id=device_id,
            label=label,
        )
    )
    return token


def is_good_token(session: Session, token: str) -> bool:
    """Whether the token is known, in force, and its person active."""
    row = session.execute(
        select(Credential.expires_at, Credential.revoked_at, Person.active)
        .join(Person, Person.id == Credential.person_id)
        .where(Credential.token_hash == token_hash(token))
    ).one_or_none()
    if row is None or row.revoked_at is not None or not row.active:
        return False
    return row.expires_at is None or row.expires_at > datetime.now(UTC)
