"""A link in a mail opens "my reports" on a new phone: the address, the mail, and the code that comes back."""

from typing import Any

from flask import Response
from marshmallow import ValidationError, fields, validates
from sqlalchemy.orm import Session

from actions.magic_links import address_of, ask_for_link, confirm, forget_address, use_link, want_address
from actions.recovery import phones_of
from api.auth import allow, caller
from api.blueprints import KEY_HEADER, Audience, counted
from api.devices import DeviceOut, shown_device
from api.fields import Line, MailAddress, Moment, Shape
from api.idempotency import Made, answered_once, dumped, first_answer
from api.limits import count, count_name
from api.reading import canonical_body
from api.town import config
from core.db import transaction
from domain import identities
from domain.errors import SignInNotOffered
from notifications.mail import is_mail_address

magic_links = Audience("magic_links", __name__, description="My reports on a new phone, by a link in a mail")

LONGEST_ADDRESS = 320


class EmailIn(Shape):
    """A mail address."""

    email = MailAddress(longest=LONGEST_ADDRESS, required=True)

    @validates("email")
    def check_email(self, value: str, **_: Any) -> None:
        if not is_mail_address(value):
            raise ValidationError("not-an-email")


class EmailOut(Shape):
    """The caller's address. `wanted` has been written to and waits to be confirmed."""

    email = fields.String(required=True, allow_none=True)
    confirmed_at = Moment(required=True, allow_none=True)
    wanted = fields.String(required=True, allow_none=True)


class CodeIn(Shape):
    """The code of a mail, from its link or as it was typed; case, spaces and dashes do not matter."""

    code = Line(longest=100, shortest=10, required=True)


class AskedOut(Shape):
    """Until when the code is good, if there is a mail."""

    expires_at = Moment(required=True)


class BroughtOut(Shape):
    """All phones of the person that this one belongs to now."""

    devices = fields.List(fields.Nested(DeviceOut), required=True)


@magic_links.get("/me/email")
@allow("resident")
@magic_links.response(200, EmailOut)
def read_email() -> Any:
    """The caller's mail address"""
    with transaction() as session:
        return _shown(address_of(session, caller().known_id))


@magic_links.put("/me/email")
@allow("resident")
@magic_links.arguments(EmailIn)
@magic_links.response(200, EmailOut)
@magic_links.doc(**counted("magic_links"))
def put_email(body: dict[str, Any]) -> Any:
    """Enter a mail address; a mail goes there, whose link is opened, or its code typed, on this phone"""
    _count(body["email"])
    with transaction() as session:
        return _shown(want_address(session, caller(), body["email"], config().secret))


@magic_links.delete("/me/email")
@allow("resident")
@magic_links.response(204)
def delete_email() -> Response:
    """Forget the caller's mail address. Safe to repeat"""
    with transaction() as session:
        forget_address(session, caller())
    return Response(status=204)


@magic_links.post("/me/email/confirm")
@allow("resident")
@magic_links.arguments(CodeIn)
@magic_links.response(200, EmailOut)
@magic_links.doc(parameters=[KEY_HEADER], **counted("recoveries"))
def confirm_email(body: dict[str, Any]) -> Response:
    """Confirm the address with the code of the mail, on the phone where it was entered

    An address that was confirmed on another phone of somebody's makes this phone theirs too.
    """
    count("recoveries")
    return _confirmed(body)


@answered_once(EmailOut, 200)
def _confirmed(session: Session, body: dict[str, Any]) -> dict[str, Any]:
    return _shown(confirm(session, caller(), body["code"]))


@magic_links.post("/magic-links")
@allow("resident")
@magic_links.arguments(EmailIn)
@magic_links.response(202, AskedOut)
@magic_links.doc(parameters=[KEY_HEADER], **counted("magic_links"))
def ask_for_magic_link(body: dict[str, Any]) -> Response:
    """Ask for a mail that brings its reader's reports to this phone

    The answer is the same for every address. A mail goes only where somebody here has confirmed the address.
    """
    _count(body["email"])

    def make(session: Session) -> Made:
        link = ask_for_link(session, caller(), body["email"], config().secret)
        return dumped(AskedOut, {"expires_at": link.expires_at}, 202)

    return first_answer(make, canonical_body())


@magic_links.post("/magic-links/use")
@allow("resident")
@magic_links.arguments(CodeIn)
@magic_links.response(200, BroughtOut)
@magic_links.doc(parameters=[KEY_HEADER], **counted("recoveries"))
def use_magic_link(body: dict[str, Any]) -> Response:
    """Bring the reports of whose mail it is to this phone, which asked for it; good once and for 15 minutes"""
    count("recoveries")
    return _brought(body)


@answered_once(BroughtOut, 200)
def _brought(session: Session, body: dict[str, Any]) -> dict[str, Any]:
    person_id = use_link(session, caller(), body["code"])
    return {"devices": [shown_device(phone) for phone in phones_of(session, person_id)]}


def _count(address: str) -> None:
    if config().smtp_url is None:
        raise SignInNotOffered()
    count("magic_links")
    count_name("magic_links", address, with_sender=False)


def _shown(kept: identities.MailAddress | None) -> dict[str, Any]:
    if kept is None:
        return {"email": None, "confirmed_at": None, "wanted": None}
    return {"email": kept.address, "confirmed_at": kept.confirmed_at, "wanted": kept.wanted}
