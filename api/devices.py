"""Phones without an account: register, change, stop pushes."""

from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from flask import Response
from marshmallow import ValidationError, fields, validates

from actions.devices import NewDevice, change, is_registered, own_device, register, stop_pushes
from actions.recovery import Phone, keep_code, may_be_shown
from api.auth import caller, may, open_to_all
from api.blueprints import IMPORTER_HEADER, Audience, counted
from api.fields import Id, Moment, OneOf, Shape, Words
from api.limits import count
from api.town import config, town
from core.db import transaction
from core.tokens import derived_code, token_hash
from domain.people import Device
from domain.rights import Right

devices = Audience("devices", __name__, description="Phones without an account")

# As phones have it, extensions included: Android sends en-US-u-mu-celsius. Source: BCP 47.
_LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"
_ZONES = available_timezones()
KINDS = ("fcm_token", "fcm_fid")


class PushTarget(Shape):
    """Where Firebase finds the phone: a registration token, or an installation id."""

    kind = OneOf(KINDS, required=True, metadata={"x-name": "PushKind"})
    value = Words(longest=4096, shortest=1, required=True)


class PushTargetOut(Shape):
    """Where pushes to the phone go."""

    kind = fields.String(required=True, metadata={"enum": KINDS})
    value = fields.String(required=True)


class DeviceChange(Shape):
    """What a phone may say of itself. Only what is sent is changed."""

    push = fields.Nested(PushTarget, allow_none=True)
    language = Words(longest=100, shortest=2)
    time_zone = Words(longest=64, allow_none=True)

    @validates("language")
    def check_language(self, value: str, **_: Any) -> None:
        fields.validate.Regexp(_LANGUAGE, error="unknown-language")(value)

    @validates("time_zone")
    def check_time_zone(self, value: str | None, **_: Any) -> None:
        if value is not None and value not in _ZONES:
            raise ValidationError("unknown-time-zone")


class DeviceIn(DeviceChange):
    """A registration. The secret is made by the phone, at least 32 random bytes in base64url, and is its bearer token."""

    secret = Words(longest=200, shortest=43, required=True)

    @validates("secret")
    def check_secret(self, value: str, **_: Any) -> None:
        fields.validate.Regexp(r"^[A-Za-z0-9._~+/=-]+$", error="wrong-type:expected=string")(value)


class DeviceOut(Shape):
    """A phone. The secret is never given back."""

    id = Id(required=True)
    push = fields.Nested(PushTargetOut, required=True, allow_none=True)
    push_retired_reason = fields.String(required=True, allow_none=True)
    language = fields.String(required=True)
    time_zone = fields.String(required=True, allow_none=True)
    created_at = Moment(required=True)
    revoked_at = Moment(required=True, allow_none=True, metadata={"description": "Since when it is shut out."})


class RegisteredOut(DeviceOut):
    """A phone that has registered.

    `recovery_code` is for paper: it brings this person's reports to another phone. It is shown when the phone registers
    for the first time, and to a retry within the hour; null afterwards.
    """

    recovery_code = fields.String(required=True, allow_none=True, metadata={"example": "7K3MP-W0XQ2-9RTFA-HJ5VN-C8D4E"})


@devices.put("/devices/<uuid:device_id>")
@open_to_all
@devices.arguments(DeviceIn)
@devices.response(200, RegisteredOut)
@devices.alt_response(201, schema=RegisteredOut, description="Registered for the first time")
@devices.doc(parameters=[IMPORTER_HEADER], **counted("registrations"))
def register_device(body: dict[str, Any], device_id: UUID) -> Any:
    """Register this phone; safe to repeat"""
    code = derived_code(config().secret, body["secret"], "recovery code of the registration")
    with transaction() as session:
        if not is_registered(session, device_id):
            count("registrations")
        device, is_new = register(session, town().id, _new_device(body, device_id))
        if is_new:
            keep_code(session, Phone(device.jurisdiction_id, device.person_id, device.id), code)
        shown = code if may_be_shown(session, code) else None
        return {**shown_device(device), "recovery_code": shown}, 201 if is_new else 200


@devices.get("/devices/<uuid:device_id>")
@may(Right.TAKE_PART)
@devices.response(200, DeviceOut)
def read_device(device_id: UUID) -> Any:
    """This phone as the city knows it"""
    with transaction() as session:
        return shown_device(own_device(session, caller(), device_id))


@devices.patch("/devices/<uuid:device_id>")
@may(Right.TAKE_PART)
@devices.arguments(DeviceChange)
@devices.response(200, DeviceOut)
def change_device(body: dict[str, Any], device_id: UUID) -> Any:
    """Change push target, language or time zone"""
    with transaction() as session:
        return shown_device(change(session, caller(), device_id, body))


@devices.delete("/devices/<uuid:device_id>")
@may(Right.TAKE_PART)
@devices.response(204)
def stop_device(device_id: UUID) -> Response:
    """Stop pushes to this phone; its reports and its token stay"""
    with transaction() as session:
        stop_pushes(session, caller(), device_id)
    return Response(status=204)


def _new_device(body: dict[str, Any], device_id: UUID) -> NewDevice:
    language = body.get("language") or town().languages[0]
    return NewDevice(device_id, token_hash(body["secret"]), language, body.get("time_zone"), body.get("push"))


def shown_device(device: Device) -> dict[str, Any]:
    """A phone as its owner sees it."""
    push = {"kind": device.push_kind, "value": device.push_value} if device.push_kind else None
    return {
        "id": device.id,
        "push": push,
        "push_retired_reason": device.push_retired_reason,
        "language": device.language,
        "time_zone": device.time_zone,
        "created_at": device.created_at,
        "revoked_at": device.revoked_at,
    }
