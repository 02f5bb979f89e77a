"""Tokens for people who do not sign in with a phone: staff, and programs that bring in old data."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.ids import new_id
from core.tokens import new_token, token_hash
from domain.base import Jurisdiction
from domain.people import Credential, Person

STAFF_PREFIX = "mws"
IMPORT_PREFIX = "mwi"
DEVICE_PREFIX = "mwd"
MAY_IMPORT = "import"


class NoSuchStaff(Exception):
    """There is no active member of staff of that code; `codes` are those that there are."""

    def __init__(self, codes: list[str]):
        super().__init__()
        self.codes = codes


def create_staff_token(session: Session, town: Jurisdiction, code: str, days: int | None, label: str) -> str:
    """A fresh bearer token for a member of staff; only its hash is kept, so this is the one time it can be seen.

    days: how long it is good for; None: until it is revoked. Raises NoSuchStaff.
    """
    staff = session.scalars(
        select(Person)
        .where(Person.jurisdiction_id == town.id)
        .where(Person.role != "resident")
        .where(Person.active)
        .order_by(Person.code)
    ).all()
    person = next((one for one in staff if one.code == code), None)
    if person is None:
        raise NoSuchStaff([one.code for one in staff if one.code])
    return _token(session, town, person.id, STAFF_PREFIX, label, days)


def create_import_token(session: Session, town: Jurisdiction, label: str, days: int | None) -> str:
    """A fresh key for the header Importer-Key, which lets reports carry `received_at`; as a bearer token it is worth no
    more than a resident's."""
    code = f"importer:{label}"
    person = session.scalar(select(Person).where(Person.jurisdiction_id == town.id).where(Person.code == code))
    if person is None:
        person = Person(id=new_id(), jurisdiction_id=town.id, role="resident", code=code)
        session.add(person)
        session.flush()
    return _token(session, town, person.id, IMPORT_PREFIX, label, days, [MAY_IMPORT])


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


def _token(
    session: Session,
    town: Jurisdiction,
    person_id: UUID,
    prefix: str,
    label: str,
    days: int | None,
    scopes: list[str] | None = None,
) -> str:
    token = new_token(prefix)
    session.add(
        Credential(
            token_hash=token_hash(token),
            jurisdiction_id=town.id,
            person_id=person_id,
            scopes=scopes or [],
            label=label,
            expires_at=datetime.now(UTC) + timedelta(days=days) if days is not None else None,
        )
    )
    session.flush()
    return token
