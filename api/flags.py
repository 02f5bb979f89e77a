"""Residents flag a report or a comment that should not be there."""

from typing import Any
from uuid import UUID

from marshmallow import fields

from actions.flags import Finding, flag
from api.auth import caller, may
from api.blueprints import KEY_HEADER, Audience, counted
from api.fields import Id, Moment, OneOf, Shape, Words
from api.idempotency import answered_once
from api.limits import count
from domain.moderation import FLAG_REASONS
from domain.rights import Right

flagging = Audience("flags", __name__, description="Residents say that something should not be there")


class FlagIn(Shape):
    """What is wrong with it: the report itself, or one comment on it."""

    reason = OneOf(FLAG_REASONS, required=True, metadata={"x-name": "FlagReason"})
    text = Words(longest=1000, allow_none=True)
    comment_id = Id(allow_none=True)


class FlaggedOut(Shape):
    """The flag that this person has put there; a second one changes nothing."""

    id = Id(required=True)
    report_id = Id(required=True)
    comment_id = Id(required=True, allow_none=True)
    reason = fields.String(required=True, metadata={"enum": list(FLAG_REASONS)})
    created_at = Moment(required=True)


@flagging.post("/reports/<uuid:report_id>/flags")
@may(Right.TAKE_PART)
@flagging.arguments(FlagIn)
@flagging.response(201, FlaggedOut)
@flagging.doc(parameters=[KEY_HEADER], **counted("flags"))
@answered_once(FlaggedOut, 201)
def flag_report(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Have the city look at a report or a comment that should not be there"""
    count("flags")
    finding = Finding(body["reason"], body.get("text"), body.get("comment_id"))
    return flag(session, caller(), report_id, finding)
