"""A new phone, a lost phone: recovery codes, the list of one's phones, shutting one out."""

from typing import Any
from uuid import UUID

from marshmallow import fields

from actions.devices import own_device
from actions.recovery import Phone, keep_code, phones_of, recover, revoke, revoke_others
from api.auth import allow, bearer_token, caller, may
from api.blueprints import KEY_HEADER, Audience, counted
from api.devices import DeviceOut, shown_device
from api.fields import Line, Moment, Shape, YesNo
from api.limits import count
from api.reading import idempotency_key
from api.town import config
from core.db import transaction
from core.tokens import derived_code
from domain.rights import Right

recovery = Audience("recovery", __name__, description="A new phone, or a lost one")


class DeviceListOut(Shape):
    """The caller's phones, the oldest first."""

    items = fields.List(fields.Nested(DeviceOut), required=True)
    next = fields.String(required=True, allow_none=True)


class RecoveryCodeOut(Shape):
    """A code to write down. It is shown here and never again; making another one voids it."""

    recovery_code = fields.String(required=True, metadata={"example": "7K3MP-W0XQ2-9RTFA-HJ5VN-C8D4E"})
    created_at = Moment(required=True)


class RecoveryIn(Shape):
    """The code as it was written down; case, spaces and dashes do not matter."""

    recovery_code = Line(longest=100, shortest=10, required=True)
    revoke_others = YesNo(load_default=False, metadata={"description": "The other phone is gone: shut it out at once."})


class RecoveryOut(Shape):
    """Whose phone it is now: the phones of that person, and the next code, since the one that was used is spent."""

    recovery_code = fields.String(required=True, metadata={"example": "7K3MP-W0XQ2-9RTFA-HJ5VN-C8D4E"})
    devices = fields.List(fields.Nested(DeviceOut), required=True)


@recovery.get("/devices")
@may(Right.TAKE_PART)
@recovery.response(200, DeviceListOut)
def list_devices() -> Any:
    """The caller's phones

    The whole list; `next` is always null.
    """
    with transaction() as session:
        phones = phones_of(session, caller().known_id)
    return {"items": [shown_device(phone) for phone in phones], "next": None}


@recovery.post("/devices/<uuid:device_id>/revoke")
@may(Right.TAKE_PART)
@recovery.response(200, DeviceOut)
def revoke_device(device_id: UUID) -> Any:
    """Shut out a lost phone; its reports stay, its token ends. Safe to repeat"""
    with transaction() as session:
        return shown_device(revoke(session, caller(), device_id))


@recovery.post("/devices/<uuid:device_id>/recovery-codes")
@may(Right.TAKE_PART)
@recovery.response(201, RecoveryCodeOut)
@recovery.doc(parameters=[KEY_HEADER])
def make_recovery_code(device_id: UUID) -> Any:
    """A fresh recovery code in place of the one before"""
    code = derived_code(config().secret, bearer_token(), f"recovery code {idempotency_key()}")
    with transaction() as session:
        device = own_device(session, caller(), device_id)
        kept = keep_code(session, Phone(caller().jurisdiction_id, device.person_id, device.id), code)
        return {"recovery_code": code, "created_at": kept.created_at}


@recovery.post("/recoveries")
@allow("resident")
@recovery.arguments(RecoveryIn)
@recovery.response(200, RecoveryOut)
@recovery.doc(parameters=[KEY_HEADER], **counted("recoveries"))
def recover_reports(body: dict[str, Any]) -> Any:
    """Bring a person's reports to this phone"""
    next_code = derived_code(config().secret, bearer_token(), f"recovery code {idempotency_key()}")
    count("recoveries")
    with transaction() as session:
        person_id = recover(session, caller(), body["recovery_code"], next_code)
        device_id = caller().device_id
        if body["revoke_others"] and device_id is not None:
            revoke_others(session, person_id, device_id)
        return {
            "recovery_code": next_code,
            "devices": [shown_device(phone) for phone in phones_of(session, person_id)],
        }
