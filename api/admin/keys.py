"""Keys of partners' programs: made and rotated here, shown once, kept as hashes."""

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields
from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.keys import OLD_GOOD_FOR_H, PREFIX, SCOPES, NewKey, keys_of, make_key, one_key, revoke_key, rotate_key
from api.admin.audience import administration
from api.admin.changing import doer, page_of
from api.admin.secrets import once_with_secret
from api.auth import caller, may
from api.blueprints import KEY_HEADER
from api.fields import Count, Id, Line, Moment, OneOf, Shape
from api.idempotency import Made, dumped
from api.lists import PageQuery
from core.db import transaction
from domain.people import PartnerKey, Person
from domain.queries import department_codes, department_ids
from domain.rights import Right

MOST_HOURS = 30 * 24


class KeyIn(Shape):
    """What a key is for."""

    label = Line(longest=200, shortest=1, required=True)
    scopes = fields.List(
        OneOf(SCOPES, metadata={"x-name": "KeyScope"}),
        required=True,
        validate=fields.validate.Length(min=1, error="too-short:min=1"),
        metadata={
            "description": "import: send reports of the past. staff: as a bearer token, work at the desk; with `departments` and"
            " `areas` within these only. Nothing asks for open311 yet."
        },
    )
    departments = fields.List(
        Line(longest=100), load_default=[], metadata={"description": "By code. Without any, reports of all."}
    )
    areas = fields.List(
        Line(longest=200), load_default=[], metadata={"description": "layer:code. Without any, everywhere."}
    )
    expires_at = Moment(allow_none=True, metadata={"description": "Until it is revoked, without."})


class RotateIn(Shape):
    """How long the key before stays good."""

    old_good_for_h = Count(low=0, high=MOST_HOURS, load_default=OLD_GOOD_FOR_H)


class KeyOut(Shape):
    """A key, without the key itself."""

    id = Id(required=True)
    label = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    created_at = Moment(required=True)
    created_by = fields.String(
        required=True, allow_none=True, metadata={"description": "Of the staff, by code; null: the command line."}
    )
    expires_at = Moment(required=True, allow_none=True)
    rotated_at = Moment(required=True, allow_none=True)
    old_key_until = Moment(
        required=True, allow_none=True, metadata={"description": "Until when the key before the rotation is good."}
    )
    revoked_at = Moment(required=True, allow_none=True)
    last_used_on = fields.Date(required=True, allow_none=True)
    departments = fields.List(fields.String(), required=True)
    areas = fields.List(fields.String(), required=True)


class ShownKeyOut(KeyOut):
    """A key with the key itself, which is shown here, to a retry of this request, and never again."""

    key = fields.String(required=True)


class KeyListOut(Shape):
    """One page of keys, the oldest first; `next` is the cursor of the next one, null at the end."""

    items = fields.List(fields.Nested(KeyOut), required=True)
    next = fields.String(required=True, allow_none=True)


@administration.get("/keys")
@may(Right.ADMINISTER)
@administration.arguments(PageQuery, location="query")
@administration.response(200, KeyListOut)
def list_keys(query: dict[str, Any]) -> Any:
    """Every key that there ever was"""
    with transaction() as session:
        keys = [{**_shown(session, key), "code": str(key.id)} for key in keys_of(session, caller().jurisdiction_id)]
    return page_of(keys, "keys", query)


@administration.get("/keys/<uuid:key_id>")
@may(Right.ADMINISTER)
@administration.response(200, KeyOut)
def read_key(key_id: UUID) -> Any:
    """Read about one key"""
    with transaction() as session:
        return _shown(session, one_key(session, caller().jurisdiction_id, key_id))


@administration.post("/keys")
@may(Right.ADMINISTER)
@administration.arguments(KeyIn)
@administration.response(201, ShownKeyOut)
@administration.doc(parameters=[KEY_HEADER])
def make_partner_key(body: dict[str, Any]) -> Response:
    """Make a key for a partner's program; it is shown in this answer only"""

    def make(session: Session, raw: str) -> Made:
        scopes = tuple(scope for scope in SCOPES if scope in body["scopes"])
        town_id = caller().jurisdiction_id
        departments = department_ids(session, town_id, body["departments"])
        new = NewKey(body["label"].strip(), scopes, body.get("expires_at"), departments, tuple(body["areas"]))
        key = make_key(session, caller().jurisdiction_id, new, raw, doer())
        session.refresh(key)
        return dumped(KeyOut, _shown(session, key), 201)

    return once_with_secret(make, PREFIX, "key", "partner key")


@administration.post("/keys/<uuid:key_id>/rotate")
@may(Right.ADMINISTER)
@administration.arguments(RotateIn)
@administration.response(200, ShownKeyOut)
@administration.doc(parameters=[KEY_HEADER])
def rotate_partner_key(body: dict[str, Any], key_id: UUID) -> Response:
    """A fresh key in place of the present one, which stays good for a while"""

    def make(session: Session, raw: str) -> Made:
        key = one_key(session, caller().jurisdiction_id, key_id)
        rotate_key(session, key, raw, doer(), body["old_good_for_h"])
        return dumped(KeyOut, _shown(session, key), 200)

    return once_with_secret(make, PREFIX, "key", f"rotated key {key_id}")


@administration.post("/keys/<uuid:key_id>/revoke")
@may(Right.ADMINISTER)
@administration.response(200, KeyOut)
def revoke_partner_key(key_id: UUID) -> Any:
    """End a key, and the one before it, now. Safe to repeat"""
    with transaction() as session:
        key = one_key(session, caller().jurisdiction_id, key_id)
        revoke_key(session, key, doer())
        return _shown(session, key)


def _shown(session: Session, key: PartnerKey) -> dict[str, Any]:
    members = ("id", "label", "scopes", "created_at", "expires_at", "rotated_at", "old_key_until", "revoked_at")
    maker = session.scalar(select(Person.code).where(Person.id == key.created_by)) if key.created_by else None
    return {
        **{name: getattr(key, name) for name in members},
        "created_by": maker,
        "departments": department_codes(session, key.department_ids or []),
        "areas": key.area_keys or [],
        "last_used_on": key.last_used_on,
    }
