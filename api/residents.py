"""Residents: report, look, follow, comment."""

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields

from actions.follow import comment, follow, unfollow
from api.auth import caller, may, may_in_statement
from api.blueprints import CONTENT_ETAG, IF_NONE_MATCH, IMPORTER_HEADER, KEY_HEADER, Audience, counted
from api.cached import cached_json
from api.fields import Facts, Id, Line, Moment, Shape, Words
from api.idempotency import answered_once
from api.intake import take_in
from api.limits import count
from api.lists import PageQuery, ReportQuery, listed_reports, paged_timeline
from api.moving import VERSION_ETAG
from api.schemas import CommentOut, Contact, LocationIn, ReceiptOut, ReportListOut, ReportOut, TimelineOut
from api.shown import shown_report
from core.db import transaction
from domain.access import is_following, seen_report
from domain.rights import Right

residents = Audience("residents", __name__, description="Reports, as residents and strangers see them")


class ReportIn(Shape):
    """What a phone sends."""

    id = Id(required=True)
    category = Line(longest=100, shortest=1, required=True)
    form_version = Line(longest=64)
    location = fields.Nested(LocationIn, required=True)
    address = Line(longest=300, allow_none=True)
    description = Words(longest=4000, required=True)
    answers = Facts(allow_none=True)
    captured_at = Moment(allow_none=True)
    contact = fields.Nested(Contact, allow_none=True)
    received_at = Moment(metadata={"description": "Only with an importer's key."})


class CommentIn(Shape):
    """A comment, with an id of the phone's own making if it likes."""

    id = Id()
    text = Words(longest=4000, shortest=1, required=True)
    captured_at = Moment(allow_none=True)


@residents.post("/reports")
@may_in_statement(Right.TAKE_PART)
@residents.arguments(ReportIn)
@residents.response(201, ReceiptOut)
@residents.alt_response(
    200, schema=ReportOut, description="It was sent before under another key; this is how it stands"
)
@residents.doc(parameters=[KEY_HEADER, IMPORTER_HEADER], **counted("reports"))
def send_report(body: dict[str, Any]) -> Response:
    """Report something"""
    return take_in(body)


@residents.get("/reports")
@may(Right.TAKE_PART, strangers=True)
@residents.arguments(ReportQuery, location="query")
@residents.response(200, ReportListOut, headers=CONTENT_ETAG)
@residents.alt_response(304, description="What the client has is still good")
@residents.doc(parameters=[IF_NONE_MATCH])
def list_reports(query: dict[str, Any]) -> Response:
    """Public reports, or the caller's own with mine=true"""
    with transaction() as session:
        page = listed_reports(session, caller(), query)
    return cached_json(ReportListOut().dump(page))


@residents.get("/reports/<uuid:report_id>")
@may(Right.TAKE_PART, strangers=True)
@residents.response(200, ReportOut, headers=VERSION_ETAG)
def read_report(report_id: UUID) -> Any:
    """One report, as much of it as the caller may see"""
    with transaction() as session:
        row, is_whole = seen_report(session, caller(), report_id)
        following = is_following(session, caller(), report_id)
    return shown_report(row, is_whole, caller(), following=following), 200, {"ETag": f'"{row["version"]}"'}


@residents.get("/reports/<uuid:report_id>/timeline")
@may(Right.TAKE_PART, strangers=True)
@residents.arguments(PageQuery, location="query")
@residents.response(200, TimelineOut)
def read_timeline(query: dict[str, Any], report_id: UUID) -> Any:
    """What happened to a report, in order"""
    with transaction() as session:
        _, is_whole = seen_report(session, caller(), report_id)
        return paged_timeline(session, report_id, is_whole, caller(), query)


@residents.put("/reports/<uuid:report_id>/follow")
@may(Right.TAKE_PART)
@residents.response(204)
def follow_report(report_id: UUID) -> Response:
    """Hear about this report"""
    with transaction() as session:
        follow(session, caller(), report_id)
    return Response(status=204)


@residents.delete("/reports/<uuid:report_id>/follow")
@may(Right.TAKE_PART)
@residents.response(204)
def unfollow_report(report_id: UUID) -> Response:
    """Hear no more about this report"""
    with transaction() as session:
        unfollow(session, caller(), report_id)
    return Response(status=204)


@residents.post("/reports/<uuid:report_id>/comments")
@may(Right.TAKE_PART)
@residents.arguments(CommentIn)
@residents.response(201, CommentOut)
@residents.doc(parameters=[KEY_HEADER, IMPORTER_HEADER], **counted("comments"))
@answered_once(CommentOut, 201)
def add_comment(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Add a comment"""
    count("comments")
    added = comment(session, caller(), report_id, body["text"], body.get("id"), body.get("captured_at"))
    return {
        "id": added.id,
        "report_id": report_id,
        "text": added.text,
        "by": added.author_role,
        "captured_at": added.captured_at,
        "created_at": added.created_at,
    }
