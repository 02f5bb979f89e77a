"""Staff sign in with a password, stay signed in, and sign out."""

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields
from sqlalchemy.orm import Session

from actions.catalogue.history import Doer
from actions.sessions import Refused, Tokens, end_session, refresh, session_of_token, sessions_of
from actions.sign_in import accept, account_named, change_password, is_theirs, sign_in
from api.auth import bearer_hash, caller, may, open_to_all
from api.blueprints import Audience, counted
from api.fields import Id, Line, Moment, Shape, Words, read_moment
from api.limits import count_name
from api.lists import PageQuery, cursor_to, place_of
from api.schemas import Problem
from api.session_shapes import SessionListOut, SessionOut, shown_session
from api.town import config, town
from core.db import transaction
from domain.errors import NotFound, SignInAgain, SignInFailed
from domain.rights import Right
from identity.passwords import LONGEST, SHORTEST

accounts = Audience("accounts", __name__, description="Staff sign in with a password")


class SignInIn(Shape):
    """Who, and their password."""

    name = Line(
        longest=320, shortest=1, required=True, metadata={"description": "The staff code, or an e-mail address."}
    )
    password = Words(longest=LONGEST, shortest=1, required=True)
    label = Line(
        longest=100,
        allow_none=True,
        metadata={"description": "What the list of sessions calls this one, such as Dora's tablet."},
    )


class RefreshIn(Shape):
    """The refresh token of the last pair."""

    refresh_token = Line(longest=200, shortest=1, required=True)


class SignedInOut(Shape):
    """A pair of tokens. The access token is the bearer token of all requests; the refresh token is good once, for the next pair."""

    token_type = fields.String(required=True, metadata={"enum": ["Bearer"]})
    access_token = fields.String(required=True)
    access_expires_at = Moment(required=True)
    refresh_token = fields.String(required=True)
    refresh_expires_at = Moment(required=True)
    session_id = Id(required=True)
    code = fields.String(required=True, metadata={"description": "Who it is: their code."})
    name = fields.String(required=True, allow_none=True)
    role = fields.String(required=True)


class PasswordIn(Shape):
    """The present password, and the one to come."""

    old_password = Words(longest=LONGEST, shortest=1, required=True)
    new_password = Words(longest=LONGEST, shortest=SHORTEST, required=True)


class AcceptIn(Shape):
    """The token of an invitation, and the password to sign in with from now on."""

    token = Line(longest=200, shortest=1, required=True)
    password = Words(longest=LONGEST, shortest=SHORTEST, required=True)


class AcceptedOut(Shape):
    """Who signs in with that password: by this code, or by the address in the invitation."""

    code = fields.String(required=True)


@accounts.post("/sign-in")
@open_to_all
@accounts.arguments(SignInIn)
@accounts.response(200, SignedInOut)
@accounts.alt_response(401, schema=Problem, description="`sign-in-failed`: name or password is wrong")
@accounts.doc(**counted("sign_ins"))
def sign_in_with_password(body: dict[str, Any]) -> Any:
    """Sign in with a password

    Counted by name and by address, whether it succeeds or not. A name that is not there gets the same answer as a wrong
    password, after the same time.
    """
    count_name("sign_ins", body["name"])
    with transaction() as session:
        account = account_named(session, town().id, body["name"])
    if not is_theirs(account, body["password"]) or account is None:
        raise SignInFailed()
    with transaction() as session:
        tokens = sign_in(session, account, body["password"], body.get("label"))
    if tokens is None:
        raise SignInFailed()
    return _shown(tokens)


@accounts.post("/sign-in/refresh")
@open_to_all
@accounts.arguments(RefreshIn)
@accounts.response(200, SignedInOut)
@accounts.alt_response(401, schema=Problem, description="`sign-in-again`: this session cannot go on")
def refresh_session(body: dict[str, Any]) -> Any:
    """The next pair of tokens

    When the answer is lost, the same again within 60 seconds gets the same pair. A refresh token that comes again after
    that, or after its successor was used, ends the session: somebody else has it too.
    """
    with transaction() as session:
        came = refresh(session, town().id, body["refresh_token"], config().secret)
    if isinstance(came, Refused):
        raise SignInAgain(reason=came.reason)
    return _shown(came)


def _shown(tokens: Tokens) -> Any:
    shown = {
        "token_type": "Bearer",
        "access_token": tokens.access,
        "access_expires_at": tokens.access_until,
        "refresh_token": tokens.refresh,
        "refresh_expires_at": tokens.refresh_until,
        "session_id": tokens.session.id,
        "code": tokens.person.code,
        "name": tokens.person.name,
        "role": tokens.person.role,
    }
    return shown, 200, {"Cache-Control": "no-store"}


@accounts.post("/sign-out")
@may(Right.SIGN_IN)
@accounts.response(204)
def sign_out() -> Response:
    """End the session of this access token: all its tokens are worth nothing from now on

    404 for a token that no sign-in gave.
    """
    with transaction() as session:
        session_id = session_of_token(session, bearer_hash())
        if session_id is None:
            raise NotFound()
        end_session(session, caller().known_id, session_id, "signed-out")
    return Response(status=204)


@accounts.get("/sessions")
@may(Right.SIGN_IN)
@accounts.arguments(PageQuery, location="query")
@accounts.response(200, SessionListOut)
def list_sessions(query: dict[str, Any]) -> Any:
    """Where the caller is signed in, the newest first"""
    with transaction() as session:
        own = session_of_token(session, bearer_hash())
        return session_page(session, caller().known_id, query, own)


@accounts.post("/sessions/<uuid:session_id>/revoke")
@may(Right.SIGN_IN)
@accounts.response(200, SessionOut)
def revoke_session(session_id: UUID) -> Any:
    """End one of the caller's sessions now. Safe to repeat"""
    with transaction() as session:
        own = session_of_token(session, bearer_hash())
        return shown_session(end_session(session, caller().known_id, session_id, "revoked"), own)


def session_page(session: Session, person_id: UUID, query: dict[str, Any], own: UUID | None) -> dict[str, Any]:
    """One page of a person's sessions; `own` is the one that asks."""
    question = {"sessions": str(person_id)}
    key = place_of(question, query.get("cursor"))
    behind = (read_moment(key[0]), UUID(key[1])) if key else None
    found = sessions_of(session, person_id, behind, query["limit"] + 1)
    shown = found[: query["limit"]]
    more = len(found) > len(shown)
    following = cursor_to(question, [shown[-1].created_at.isoformat(), str(shown[-1].id)]) if more else None
    return {"items": [shown_session(one, own) for one in shown], "next": following}


@accounts.put("/me/password")
@may(Right.SIGN_IN)
@accounts.arguments(PasswordIn)
@accounts.response(204)
@accounts.doc(**counted("sign_ins"))
def put_password(body: dict[str, Any]) -> Response:
    """Change one's password; every other session ends. A repeat of what is done changes nothing

    For an account that nobody gave a password yet any old one is wrong.
    """
    count_name("sign_ins", str(caller().known_id))
    with transaction() as session:
        own = session_of_token(session, bearer_hash())
        passwords = (body["old_password"], body["new_password"])
        change_password(session, caller().known_id, passwords, own, Doer("api", caller().known_id))
    return Response(status=204)


@accounts.post("/invitations/accept")
@open_to_all
@accounts.arguments(AcceptIn)
@accounts.response(200, AcceptedOut)
@accounts.alt_response(410, schema=Problem, description="`invitation-over`: ask for another one")
@accounts.doc(**counted("sign_ins"))
def accept_invitation(body: dict[str, Any]) -> Any:
    """Choose a password with the token of an invitation; a repeat with the same password gets the same answer

    Sessions of before, if there are any, end.
    """
    count_name("sign_ins", body["token"])
    with transaction() as session:
        person = accept(session, town().id, body["token"], body["password"], lambda person_id: Doer("api", person_id))
    return {"code": person.code}
