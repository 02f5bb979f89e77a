"""Sessions as their owners and admins see them."""

from typing import Any
from uuid import UUID

from marshmallow import fields

from api.fields import Id, Moment, Shape
from domain.sessions import ENDINGS, StaffSession


class SessionOut(Shape):
    """One sign-in. It goes on while its refresh token is used at least every 30 days."""

    id = Id(required=True)
    label = fields.String(required=True, allow_none=True)
    created_at = Moment(required=True)
    refreshed_at = Moment(required=True)
    expires_at = Moment(required=True)
    ended_at = Moment(required=True, allow_none=True)
    ended_by = fields.String(required=True, allow_none=True, metadata={"enum": list(ENDINGS)})
    is_own = fields.Boolean(required=True, metadata={"description": "The one that asks."})


class SessionListOut(Shape):
    """One page of sessions that go on, the newest first; `next` is the cursor of the next one, null at the end."""

    items = fields.List(fields.Nested(SessionOut), required=True)
    next = fields.String(required=True, allow_none=True)


def shown_session(kept: StaffSession, own: UUID | None) -> dict[str, Any]:
    """A session; `own` is the one that asks, if it is any."""
    members = ("id", "label", "created_at", "refreshed_at", "expires_at", "ended_at", "ended_by")
    return {**{name: getattr(kept, name) for name in members}, "is_own": kept.id == own}
