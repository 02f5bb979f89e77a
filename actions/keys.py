"""Keys of programs: importers, and other systems of the city. Only hashes are kept, so a key is seen once, by who made or rotated it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from actions.catalogue.history import Doer, note_change
from core.ids import new_id
from core.tokens import token_hash
from domain.errors import KeyRevoked, KeyUnknown, NotFound, ScopeMissing
from domain.people import PartnerKey, Person

PREFIX = "mwk"
MAY_IMPORT = "import"
IS_STAFF = "staff"  # a bearer token of a program that works at the desk
SCOPES = (MAY_IMPORT, "open311", IS_STAFF)  # nothing asks for open311 yet
OLD_GOOD_FOR_H = 24
LONGEST_KEY = 512


@dataclass(frozen=True)
class NewKey:
    """What a key is for. `expires_at` None: until it is revoked."""

    label: str
    scopes: tuple[str, ...]
    expires_at: datetime | None = None
    department_ids: tuple[int, ...] = ()  # whose reports, with scope `staff`; none: all
    area_keys: tuple[str, ...] = ()  # "layer:code": where; none: everywhere


def make_key(session: Session, town_id: int, new: NewKey, raw: str, doer: Doer) -> PartnerKey:
    """Keep the hash of `raw` as a key that acts in the name of a person of its own, who is nobody's colleague."""
    key = PartnerKey(
        id=new_id(),
        jurisdiction_id=town_id,
        label=new.label,
        person_id=_acting_person(session, town_id, new.label),
        key_hash=token_hash(raw),
        scopes=list(new.scopes),
        department_ids=list(new.department_ids) or None,
        area_keys=list(new.area_keys) or None,
        created_by=doer.person_id,
        expires_at=new.expires_at,
    )
    session.add(key)
    session.flush()
    note_change(session, town_id, doer, "keys", str(key.id), None, _told(key))
    return key


def keys_of(session: Session, town_id: int) -> Sequence[PartnerKey]:
    """Every key that there ever was, the oldest first."""
    return session.scalars(
        select(PartnerKey).where(PartnerKey.jurisdiction_id == town_id).order_by(PartnerKey.created_at, PartnerKey.id)
    ).all()


def one_key(session: Session, town_id: int, key_id: UUID) -> PartnerKey:
    """The key, locked. Raises NotFound."""
    key = session.get(PartnerKey, key_id, with_for_update=True)
    if key is None or key.jurisdiction_id != town_id:
        raise NotFound()
    return key


def rotate_key(session: Session, key: PartnerKey, raw: str, doer: Doer, old_good_for_h: int = OLD_GOOD_FOR_H) -> None:
    """Put `raw` in the key's place. The one before stays good for some hours, so that the program can change over;
    one from an earlier rotation ends now.

    Raises KeyRevoked.
    """
    if key.revoked_at is not None:
        raise KeyRevoked()
    before, now = _told(key), datetime.now(UTC)
    key.old_key_hash, key.key_hash = key.key_hash, token_hash(raw)
    key.old_key_until = now + timedelta(hours=old_good_for_h)
    key.rotated_at = now
    session.flush()
    note_change(session, key.jurisdiction_id, doer, "keys", str(key.id), before, _told(key))


def revoke_key(session: Session, key: PartnerKey, doer: Doer) -> None:
    """End the key and the one before it, now. Safe to repeat."""
    if key.revoked_at is not None:
        return
    before = _told(key)
    key.revoked_at = datetime.now(UTC)
    session.flush()
    note_change(session, key.jurisdiction_id, doer, "keys", str(key.id), before, _told(key))


def known_key(session: Session, town_id: int, raw: str, scope: str) -> PartnerKey:
    """The key that a program sent, when it is good now and may do this.

    Raises KeyUnknown for one that was never made, has expired or was revoked, ScopeMissing for one that is for other things.
    """
    return hashed_key(session, town_id, token_hash(raw[: LONGEST_KEY + 1]), scope)


def hashed_key(session: Session, town_id: int, hashed: bytes, scope: str) -> PartnerKey:
    """`known_key`, by the hash of what was sent."""
    now = datetime.now(UTC)
    key = session.scalar(
        select(PartnerKey)
        .where(PartnerKey.jurisdiction_id == town_id)
        .where(or_(PartnerKey.key_hash == hashed, PartnerKey.old_key_hash == hashed))
    )
    if key is None or not is_good(key, now) or (bytes(key.key_hash) != hashed and not _is_old_one_good(key, now)):
        raise KeyUnknown()
    if scope not in key.scopes:
        raise ScopeMissing(scope=scope, scopes=list(key.scopes))
    _note_use(session, key, now)
    return key


def is_good(key: PartnerKey, now: datetime) -> bool:
    """Whether the key is in force."""
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def _is_old_one_good(key: PartnerKey, now: datetime) -> bool:
    return key.old_key_until is not None and key.old_key_until > now


def _note_use(session: Session, key: PartnerKey, now: datetime) -> None:
    """Keep the day of its last use: one write a day, and whoever would have to wait for it leaves it to the other."""
    if key.last_used_on == now.date():
        return
    held = session.scalar(
        select(PartnerKey).where(PartnerKey.id == key.id).with_for_update(skip_locked=True),
        execution_options={"populate_existing": True},
    )
    if held is not None and held.last_used_on != now.date():
        held.last_used_on = now.date()


def _acting_person(session: Session, town_id: int, label: str) -> UUID:
    code = f"importer:{label}"
    person = session.scalar(select(Person).where(Person.jurisdiction_id == town_id).where(Person.code == code))
    if person is None:
        person = Person(id=new_id(), jurisdiction_id=town_id, role="resident", code=code)
        session.add(person)
        session.flush()
    return person.id


def _told(key: PartnerKey) -> dict[str, Any]:
    """What the history keeps of a key: all but its secret."""
    moments = {name: getattr(key, name) for name in ("expires_at", "old_key_until", "rotated_at", "revoked_at")}
    return {
        "label": key.label,
        "scopes": list(key.scopes),
        **({"departments": list(key.department_ids)} if key.department_ids else {}),
        **({"areas": list(key.area_keys)} if key.area_keys else {}),
        **{name: moment.astimezone(UTC).isoformat() if moment else None for name, moment in moments.items()},
    }
