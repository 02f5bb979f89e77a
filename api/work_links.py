"""Links for contractors: made, listed and ended by the desk. What they open is under /v1/work."""

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields
from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.packages import package_for
from actions.work_links import LONGEST, PREFIX, NewLink, links_of, make_link, one_link, revoke_link
from api.admin.secrets import once_with_secret
from api.auth import caller, may
from api.blueprints import KEY_HEADER, Audience
from api.fields import Id, Line, Moment, OneOf, Shape
from api.idempotency import Made, dumped
from api.lists import PageQuery, cursor_to, place_of
from api.town import config
from core.db import transaction
from domain.access import report_in_hand
from domain.errors import FieldError, Invalid
from domain.packages import DEEDS, WorkLink
from domain.people import Person
from domain.rights import Right

work_links = Audience("links", __name__, description="Links for contractors without an account")


class LinkIn(Shape):
    """What a link opens, what may be done with it, and until when."""

    label = Line(
        longest=200, shortest=1, required=True, metadata={"description": "Whom it is for; the history names them so."}
    )
    report = Id()
    package = Id()
    may = fields.List(
        OneOf(tuple(DEEDS.values()), metadata={"x-name": "LinkDeed"}),
        required=True,
        metadata={"description": "Besides seeing it. Empty: only that."},
    )
    expires_at = Moment(required=True, metadata={"description": f"At most {LONGEST.days} days ahead."})


class LinkOut(Shape):
    """A link, without its token."""

    id = Id(required=True)
    label = fields.String(required=True)
    report = Id(required=True, allow_none=True)
    package = Id(required=True, allow_none=True)
    may = fields.List(fields.String(), required=True)
    created_at = Moment(required=True)
    created_by = fields.String(required=True, allow_none=True)
    expires_at = Moment(required=True)
    revoked_at = Moment(required=True, allow_none=True)


class ShownLinkOut(LinkOut):
    """A link with its token, which is shown here, to a retry of this request, and never again."""

    token = fields.String(required=True, metadata={"description": "A bearer token, for a program."})
    url = fields.String(required=True, metadata={"description": "For a person: a page that works in any browser."})


class LinkListOut(Shape):
    """One page of links, the newest first; `next` is the cursor of the next one, null at the end."""

    items = fields.List(fields.Nested(LinkOut), required=True)
    next = fields.String(required=True, allow_none=True)


@work_links.post("/work/links")
@may(Right.SHARE)
@work_links.arguments(LinkIn)
@work_links.response(201, ShownLinkOut)
@work_links.doc(parameters=[KEY_HEADER])
def make_work_link(body: dict[str, Any]) -> Response:
    """Make a link for a contractor; its token is shown in this answer only"""
    if ("report" in body) == ("package" in body):
        raise Invalid([FieldError("/report", "one-of-two", {"other": "package"})])

    def make(session: Session, raw: str) -> Made:
        if "report" in body:
            report_in_hand(session, caller(), body["report"])
        else:
            package_for(session, caller(), body["package"])
        deeds = tuple(deed for deed in DEEDS.values() if deed in body["may"])
        new = NewLink(body["label"].strip(), deeds, body["expires_at"], body.get("report"), body.get("package"))
        return dumped(LinkOut, _shown(session, make_link(session, caller(), new, raw)), 201)

    return once_with_secret(make, PREFIX, "token", "work link", lambda raw: {"url": f"{config().public_url}/w#{raw}"})


@work_links.get("/work/links")
@may(Right.SHARE)
@work_links.arguments(PageQuery, location="query")
@work_links.response(200, LinkListOut)
def list_work_links(query: dict[str, Any]) -> Any:
    """Every link that there ever was; who works for some departments sees their own"""
    question = {"work_links": True}
    with transaction() as session:
        found = links_of(session, caller(), place_of(question, query.get("cursor")), query["limit"] + 1)
        shown = [_shown(session, link) for link in found[: query["limit"]]]
    last = shown[-1] if len(found) > query["limit"] else None
    return {
        "items": shown,
        "next": cursor_to(question, [last["created_at"].isoformat(), str(last["id"])]) if last else None,
    }


@work_links.post("/work/links/<uuid:link_id>/revoke")
@may(Right.SHARE)
@work_links.response(200, LinkOut)
def revoke_work_link(link_id: UUID) -> Any:
    """End a link now. Safe to repeat"""
    with transaction() as session:
        link = one_link(session, caller(), link_id)
        revoke_link(session, link)
        return _shown(session, link)


def _shown(session: Session, link: WorkLink) -> dict[str, Any]:
    members = ("id", "label", "may", "created_at", "expires_at", "revoked_at")
    maker = session.scalar(select(Person.code).where(Person.id == link.created_by)) if link.created_by else None
    return {
        **{name: getattr(link, name) for name in members},
        "report": link.report_id,
        "package": link.package_id,
        "created_by": maker,
    }
