"""A resident signs in elsewhere, and all their phones are theirs: link an identity, see which there are, let one go."""

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields
from sqlalchemy.orm import Session

from actions.identities import identities_of, link, unlink
from actions.recovery import phones_of
from api.auth import allow, caller, may
from api.blueprints import KEY_HEADER, Audience, counted
from api.devices import DeviceOut, shown_device
from api.fields import Id, Line, Moment, OneOf, Shape
from api.idempotency import dumped, first_answer
from api.limits import count
from api.reading import canonical_body
from api.vouching import vouched_by_firebase
from core.db import transaction
from domain.errors import FieldError, Invalid, TokenExpired, TokenUnknown
from domain.identities import Identity
from domain.rights import Right
from identity.vouched import Vouched

identities = Audience("identities", __name__, description="Residents who sign in elsewhere")

LONGEST_TOKEN = 8192


class IdentityIn(Shape):
    """A fresh token of whom the person has signed in to: for Firebase its ID token."""

    provider = OneOf(("firebase",), required=True)
    token = Line(longest=LONGEST_TOKEN, shortest=1, required=True)


class IdentityOut(Shape):
    """An identity whose phones are one person's. Nothing is kept of it but the provider's own id for the person."""

    id = Id(required=True)
    provider = fields.String(required=True, metadata={"enum": ["firebase"]})
    created_at = Moment(required=True)


class LinkedOut(Shape):
    """The identity, and all phones of the person that this one belongs to now."""

    identity = fields.Nested(IdentityOut, required=True)
    devices = fields.List(fields.Nested(DeviceOut), required=True)


class IdentityListOut(Shape):
    """The caller's identities, the oldest first."""

    items = fields.List(fields.Nested(IdentityOut), required=True)
    next = fields.String(required=True, allow_none=True)


@identities.post("/identities")
@allow("resident")
@identities.arguments(IdentityIn)
@identities.response(201, LinkedOut)
@identities.doc(parameters=[KEY_HEADER], **counted("identities"))
def link_identity(body: dict[str, Any]) -> Response:
    """Bring this phone to the person of an identity, with what was reported from it

    The first phone of an identity stays who it is; the next ones come to the same person. Without a phone there is nothing
    to bring: 404.
    """
    count("identities")
    vouched = _vouched(body["token"])

    def make(session: Session) -> Any:
        kept = link(session, caller(), vouched)
        session.refresh(kept)
        phones = [shown_device(phone) for phone in phones_of(session, kept.person_id)]
        return dumped(LinkedOut, {"identity": _shown(kept), "devices": phones}, 201)

    return first_answer(make, canonical_body())


def _vouched(token: str) -> Vouched:
    """Asked of the provider while no transaction is open."""
    try:
        return vouched_by_firebase(token)
    except (TokenUnknown, TokenExpired):
        raise Invalid([FieldError("/token", "bad-identity-token")]) from None


@identities.get("/identities")
@may(Right.TAKE_PART)
@identities.response(200, IdentityListOut)
def list_identities() -> Any:
    """The identities that bring phones to the caller

    The whole list; `next` is always null.
    """
    with transaction() as session:
        return {"items": [_shown(one) for one in identities_of(session, caller().known_id)], "next": None}


@identities.delete("/identities/<uuid:identity_id>")
@may(Right.TAKE_PART)
@identities.response(204)
def unlink_identity(identity_id: UUID) -> Response:
    """Let an identity go: it brings no phone here any more, and its tokens are not known; phones and reports stay"""
    with transaction() as session:
        unlink(session, caller(), identity_id)
    return Response(status=204)


def _shown(kept: Identity) -> dict[str, Any]:
    return {name: getattr(kept, name) for name in ("id", "provider", "created_at")}
