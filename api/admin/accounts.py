"""Accounts of staff, for admins: invite somebody to choose a password, see where they are signed in, sign them out."""

from typing import Any

from flask import Response
from marshmallow import fields
from sqlalchemy.orm import Session

from actions.accounts import staff_member
from actions.sessions import end_sessions
from actions.sign_in import INVITATION_PREFIX, invite
from api.admin.audience import administration
from api.admin.changing import doer
from api.admin.secrets import once_with_secret
from api.auth import caller, may
from api.blueprints import KEY_HEADER
from api.fields import MailAddress, Moment, Shape
from api.idempotency import Made, dumped
from api.lists import PageQuery
from api.session_shapes import SessionListOut
from api.sign_in import session_page
from core.db import transaction
from domain.rights import Right


class InvitationIn(Shape):
    """Whom it goes to. Nothing is sent from here."""

    email = MailAddress(
        longest=320, allow_none=True, metadata={"description": "An address to sign in by, beside their code."}
    )


class InvitationOut(Shape):
    """An invitation, without its token."""

    code = fields.String(required=True)
    email = fields.String(required=True, allow_none=True)
    expires_at = Moment(required=True)


class ShownInvitationOut(InvitationOut):
    """An invitation with its token, which is shown here, to a retry of this request, and never again."""

    token = fields.String(required=True)


class EndedSessionsOut(Shape):
    """How many sessions ended."""

    ended = fields.Integer(required=True)


@administration.post("/staff/<code>/invitation")
@may(Right.ADMINISTER)
@administration.arguments(InvitationIn)
@administration.response(201, ShownInvitationOut)
@administration.doc(parameters=[KEY_HEADER])
def invite_staff(body: dict[str, Any], code: str) -> Response:
    """Invite a member of staff to choose a password, with a token that is good once and for 72 hours

    An earlier invitation is void. A password that they have already stays good until they choose another one.
    """

    def make(session: Session, raw: str) -> Made:
        person = staff_member(session, caller().jurisdiction_id, code)
        made = invite(session, person, raw, body.get("email"), doer())
        shown = {"code": person.code, "email": made.email, "expires_at": made.expires_at}
        return dumped(InvitationOut, shown, 201)

    return once_with_secret(make, INVITATION_PREFIX, "token", f"invitation of {code}")


@administration.get("/staff/<code>/sessions")
@may(Right.ADMINISTER)
@administration.arguments(PageQuery, location="query")
@administration.response(200, SessionListOut)
def list_sessions_of_staff(query: dict[str, Any], code: str) -> Any:
    """Where a member of staff is signed in, the newest first"""
    with transaction() as session:
        person = staff_member(session, caller().jurisdiction_id, code)
        return session_page(session, person.id, query, None)


@administration.post("/staff/<code>/sessions/revoke")
@may(Right.ADMINISTER)
@administration.response(200, EndedSessionsOut)
def revoke_sessions_of_staff(code: str) -> Any:
    """Sign a member of staff out everywhere, now. Safe to repeat

    Tokens of the city's identity provider that were used here end too; one that the provider gives out later is let in again.
    """
    with transaction() as session:
        person = staff_member(session, caller().jurisdiction_id, code)
        return {"ended": end_sessions(session, person.id, "revoked")}
