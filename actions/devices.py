"""A phone registers itself, says where its pushes go, and stops them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.ids import new_id
from domain.access import Caller
from domain.errors import IdTaken, NotFound, TokenRevoked
from domain.people import Credential, Device, Person


@dataclass(frozen=True)
class NewDevice:
    """What a phone says of itself when it registers."""

    id: UUID
    token_hash: bytes
    language: str
    time_zone: str | None
    push: dict[str, str] | None


def is_registered(session: Session, device_id: UUID) -> bool:
    """Whether there is a phone of that id, whoever's it is."""
    return session.get(Device, device_id) is not None


def register(session: Session, town_id: int, new: NewDevice) -> tuple[Device, bool]:
    """The phone's row, and whether it is new. Repeating it with the same secret is safe and updates what it says.

    Raises IdTaken when the id belongs to another secret or the secret to another id, TokenRevoked for a withdrawn one.
    """
    if session.get(Device, new.id) is not None:
        return _registered_before(session, new), False
    person_id = new_id()
    session.execute(insert(Person).values(id=person_id, jurisdiction_id=town_id, role="resident"))
    made = session.execute(
        insert(Device)
        .values(id=new.id, jurisdiction_id=town_id, person_id=person_id, language=new.language, time_zone=new.time_zone)
        .on_conflict_do_nothing()
        .returning(Device.id)
    ).scalar()
    if made is None:  # the other copy of this registration was quicker
        session.execute(delete(Person).where(Person.id == person_id))
        return _registered_before(session, new), False
    credential = session.execute(
        insert(Credential)
        .values(token_hash=new.token_hash, jurisdiction_id=town_id, person_id=person_id, device_id=new.id)
        .on_conflict_do_nothing()
        .returning(Credential.device_id)
    ).scalar()
    if credential is None:
        raise IdTaken()
    device = session.get_one(Device, new.id)
    _set_push(device, new.push)
    session.flush()
    return device, True


def _registered_before(session: Session, new: NewDevice) -> Device:
    device = session.get_one(Device, new.id, with_for_update=True, populate_existing=True)
    credential = session.scalar(select(Credential).where(Credential.device_id == device.id))
    if credential is None or bytes(credential.token_hash) != new.token_hash:
        raise IdTaken()
    if credential.revoked_at is not None:
        raise TokenRevoked()
    device.language, device.time_zone = new.language, new.time_zone
    _set_push(device, new.push)
    session.flush()
    return device


def own_device(session: Session, caller: Caller, device_id: UUID) -> Device:
    """The caller's own phone, locked. Raises NotFound for any other."""
    device = session.get(Device, device_id, with_for_update=True)
    if device is None or device.id != caller.device_id:
        raise NotFound()
    return device


def change(session: Session, caller: Caller, device_id: UUID, changes: dict[str, Any]) -> Device:
    """Change language, time zone or push target; only what is named."""
    device = own_device(session, caller, device_id)
    if "language" in changes:
        device.language = changes["language"]
    if "time_zone" in changes:
        device.time_zone = changes["time_zone"]
    if "push" in changes:
        _set_push(device, changes["push"])
    session.flush()
    return device


def stop_pushes(session: Session, caller: Caller, device_id: UUID) -> None:
    """Send this phone nothing more. Its token and its reports stay."""
    _set_push(own_device(session, caller, device_id), None)


def _set_push(device: Device, push: dict[str, str] | None) -> None:
    kind, value = (push["kind"], push["value"]) if push else (None, None)
    if (device.push_kind, device.push_value) != (kind, value):
        device.push_retired_at = device.push_retired_reason = None
    device.push_kind, device.push_value = kind, value
