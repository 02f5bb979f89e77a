"""Bearer tokens of staff: made here, shown once, kept as hashes."""

from typing import Any

from flask import Response
from marshmallow import fields
from sqlalchemy.orm import Session

from actions.accounts import (
    STAFF_PREFIX,
    NewToken,
    keep_staff_token,
    revoke_staff_token,
    staff_member,
    staff_tokens_of,
    token_id_of,
)
from api.admin.audience import administration
from api.admin.changing import doer, page_of
from api.admin.secrets import once_with_secret
from api.auth import caller, may
from api.blueprints import KEY_HEADER
from api.fields import Line, Moment, Shape
from api.idempotency import Made, dumped
from api.lists import PageQuery
from core.db import transaction
from domain.people import Credential
from domain.rights import Right


class StaffTokenIn(Shape):
    """What the token is called, and how long it is good for."""

    label = Line(longest=200, shortest=1, required=True)
    expires_at = Moment(allow_none=True, metadata={"description": "Until it is revoked, without."})


class StaffTokenOut(Shape):
    """A token, without the token itself. It is good while its person is active."""

    id = fields.String(required=True)
    label = fields.String(required=True, allow_none=True)
    created_at = Moment(required=True)
    expires_at = Moment(required=True, allow_none=True)
    revoked_at = Moment(required=True, allow_none=True)


class ShownStaffTokenOut(StaffTokenOut):
    """A token with the token itself, which is shown here, to a retry of this request, and never again."""

    token = fields.String(required=True)


class StaffTokenListOut(Shape):
    """One page of tokens, the oldest first; `next` is the cursor of the next one, null at the end."""

    items = fields.List(fields.Nested(StaffTokenOut), required=True)
    next = fields.String(required=True, allow_none=True)


@administration.get("/staff/<code>/tokens")
@may(Right.ADMINISTER)
@administration.arguments(PageQuery, location="query")
@administration.response(200, StaffTokenListOut)
def list_staff_tokens(query: dict[str, Any], code: str) -> Any:
    """Every token that a member of staff ever had"""
    with transaction() as session:
        person = staff_member(session, caller().jurisdiction_id, code)
        tokens = [{**_shown(one), "code": token_id_of(one)} for one in staff_tokens_of(session, person)]
    return page_of(tokens, f"tokens of {code}", query)


@administration.post("/staff/<code>/tokens")
@may(Right.ADMINISTER)
@administration.arguments(StaffTokenIn)
@administration.response(201, ShownStaffTokenOut)
@administration.doc(parameters=[KEY_HEADER])
def make_staff_token(body: dict[str, Any], code: str) -> Response:
    """Make a bearer token for a member of staff; it is shown in this answer only"""

    def make(session: Session, raw: str) -> Made:
        person = staff_member(session, caller().jurisdiction_id, code)
        new = NewToken(body["label"].strip(), body.get("expires_at"))
        credential = keep_staff_token(session, person, new, raw, doer())
        session.refresh(credential)
        return dumped(StaffTokenOut, _shown(credential), 201)

    return once_with_secret(make, STAFF_PREFIX, "token", f"token of {code}")


@administration.post("/staff/<code>/tokens/<token_id>/revoke")
@may(Right.ADMINISTER)
@administration.response(200, StaffTokenOut)
def revoke_token_of_staff(code: str, token_id: str) -> Any:
    """End a token of a member of staff now. Safe to repeat"""
    with transaction() as session:
        person = staff_member(session, caller().jurisdiction_id, code)
        return _shown(revoke_staff_token(session, person, token_id, doer()))


def _shown(credential: Credential) -> dict[str, Any]:
    members = ("label", "created_at", "expires_at", "revoked_at")
    return {"id": token_id_of(credential), **{name: getattr(credential, name) for name in members}}
