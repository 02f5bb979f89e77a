"""Who is calling, and which roles a route allows. A route that does not say stops the start of the program."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from flask import Flask, g, request
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from actions.keys import IS_STAFF, hashed_key
from actions.work_links import NOTHING, reach_of
from api.town import town
from api.vouching import has_been_let_in
from core.db import transaction
from core.tokens import token_hash
from domain.access import Caller, departments_of
from domain.errors import (
    DeviceBlocked,
    KeyUnknown,
    NotAllowed,
    Refusal,
    ScopeMissing,
    TokenExpired,
    TokenMissing,
    TokenRevoked,
    TokenUnknown,
)
from domain.moderation import DeviceBlock
from domain.people import Credential, Person
from domain.rights import Right, holders

LONGEST_TOKEN = 8192  # characters; those of identity providers can be that long

View = Callable[..., Any]


def may(*rights: Right, strangers: bool = False) -> Callable[[View], View]:
    """Let in whom the table of rights gives one of these (`domain.rights`), everybody else out, before the body is read.

    strangers: also without any token. Raises as `allow`.
    """
    return allow(*holders(*rights), strangers=strangers)


def allow(*roles: str, strangers: bool = False) -> Callable[[View], View]:
    """Let these roles in, everybody else out, before the body is read. `strangers`: also without any token.

    Raises TokenMissing, TokenUnknown, TokenExpired, TokenRevoked, NotAllowed.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            _let_in(roles, strangers)
            return view(*args, **kwargs)

        return _declared(checked, roles, strangers)

    return decorate


def may_in_statement(right: Right) -> Callable[[View], View]:
    """Like `may`, for a route whose one statement checks the token itself and so saves a round trip.

    Whatever is refused before the statement runs is refused for the token first, so that a stranger learns nothing else.
    """

    roles = holders(right)

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            bearer_hash()
            try:
                return view(*args, **kwargs)
            except Refusal as refusal:
                if refusal.status != 401 or isinstance(refusal, TokenUnknown):
                    _let_in(roles, strangers=False)
                    if isinstance(refusal, TokenUnknown):
                        return view(*args, **kwargs)  # a provider's token, which is known from now on
                raise

        return _declared(checked, roles, strangers=False)

    return decorate


def open_to_all(view: View) -> View:
    """A route that asks nobody who they are."""
    return _declared(view, (), strangers=True)


def _declared(view: View, roles: tuple[str, ...], strangers: bool) -> View:
    view.allowed_roles = roles  # type: ignore[attr-defined]
    view.allows_strangers = strangers  # type: ignore[attr-defined]
    return view


def refuse_undeclared_routes(app: Flask) -> None:
    """Raise at the start when a route does not say who may call it."""
    silent = sorted(name for name, view in app.view_functions.items() if not hasattr(view, "allowed_roles"))
    if silent:
        raise RuntimeError(f"These routes do not declare who may call them: {', '.join(silent)}")


def caller() -> Caller:
    """Who sends this request, as `allow` found out."""
    return g.caller


def bearer_hash() -> bytes:
    """The hash of the bearer token. Raises TokenMissing, or TokenUnknown for what cannot be one of ours."""
    return token_hash(bearer_token())


def bearer_token() -> str:
    """The bearer token itself. Raises like `bearer_hash`."""
    header = request.headers.get("Authorization", "")
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise TokenMissing()
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise TokenUnknown()
    return token


def _let_in(roles: tuple[str, ...], strangers: bool) -> None:
    if strangers and "Authorization" not in request.headers:
        g.caller = Caller(town().id)
        return
    hashed = bearer_hash()
    found = _found(hashed)
    if found.role not in roles:
        raise NotAllowed(roles=list(roles), role=found.role)
    if found.is_blocked and request.method not in ("GET", "HEAD"):
        raise DeviceBlocked()
    g.caller = found


def _found(hashed: bytes) -> Caller:
    """Whose token this is, also when it is the first time that a token of a provider comes."""
    try:
        with transaction() as session:
            return known_caller(session, hashed)
    except TokenUnknown:
        if not has_been_let_in(bearer_token()):
            raise
    with transaction() as session:
        return known_caller(session, hashed)


def known_caller(session: Session, hashed: bytes) -> Caller:
    """Whose token this is. Raises TokenUnknown, TokenRevoked, TokenExpired, as `submit_report` does in SQL."""
    row = session.execute(
        select(Credential, Person, DeviceBlock.id)
        .join(Person, Person.id == Credential.person_id)
        .outerjoin(DeviceBlock, and_(DeviceBlock.person_id == Person.id, DeviceBlock.lifted_at.is_(None)))
        .where(Credential.token_hash == hashed)
    ).one_or_none()
    if row is None:
        return _partner(session, hashed)
    credential, person, blocked_by = row
    if credential.revoked_at is not None or not person.active:
        raise TokenRevoked()
    if credential.expires_at is not None and credential.expires_at <= datetime.now(UTC):
        raise TokenExpired()
    reach = reach_of(session, person.id) if person.role == "contractor" else NOTHING
    return Caller(
        jurisdiction_id=person.jurisdiction_id,
        role=person.role,
        person_id=person.id,
        device_id=credential.device_id,
        department_id=person.department_id,
        crew_id=person.crew_id,
        scopes=frozenset(credential.scopes) | reach.may,
        departments=departments_of(person),
        areas=frozenset(person.area_keys) if person.area_keys is not None else None,
        reports=reach.reports,
        package_id=reach.package_id,
        is_blocked=blocked_by is not None,
    )


def _partner(session: Session, hashed: bytes) -> Caller:
    """Another system of the city, whose key of scope `staff` is its bearer token."""
    try:
        key = hashed_key(session, town().id, hashed, IS_STAFF)
    except (KeyUnknown, ScopeMissing):
        raise TokenUnknown() from None
    return Caller(
        jurisdiction_id=key.jurisdiction_id,
        role="partner",
        person_id=key.person_id,
        scopes=frozenset(key.scopes),
        departments=frozenset(key.department_ids) if key.department_ids is not None else None,
        areas=frozenset(key.area_keys) if key.area_keys is not None else None,
    )
