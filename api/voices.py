"""Residents have their say: answer a question, confirm or dispute a fix, rate it, take a comment back.

No version is asked for here: a phone may have been offline, and what it says is about what people saw, not about a row.
The key alone makes a retry safe.
"""

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields
from sqlalchemy.orm import Session

from actions.questions_to_reporter import answer
from actions.taking_back import withdraw
from actions.verdicts import Opinion, confirm, dispute, rate
from api.auth import caller, may
from api.blueprints import KEY_HEADER, Audience, counted
from api.fields import Count, Line, Moment, Shape, Words
from api.idempotency import answered_once
from api.limits import count
from api.moving import VERSION_ETAG
from api.schemas import ReportOut
from api.shown import shown_report
from core.db import transaction
from domain.access import seen_report
from domain.reports import Report
from domain.rights import Right

voices = Audience("voices", __name__, description="What residents say of how it goes: answers, verdicts, ratings")

FEWEST_STARS, MOST_STARS = 1, 5


class Stars(Count):
    """A whole number; nothing that only looks like one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class AnswerIn(Shape):
    """The answer to the city's question. Only the city and its reporter read it."""

    text = Words(longest=4000, shortest=1, required=True)
    captured_at = Moment(allow_none=True)


class ConfirmIn(Shape):
    """It is fixed. Only staff read the stars and the words."""

    stars = Stars(low=FEWEST_STARS, high=MOST_STARS, allow_none=True)
    text = Words(longest=4000, allow_none=True)
    captured_at = Moment(allow_none=True)


class DisputeIn(Shape):
    """It is not fixed. The reason is public, unless the town keeps it to itself; only staff read the words."""

    reason = Line(
        longest=300,
        shortest=1,
        required=True,
        metadata={"description": "One of GET /v1/reasons?for=dispute where there are any, else in one's own words."},
    )
    text = Words(longest=4000, allow_none=True)
    captured_at = Moment(allow_none=True)


class RatingIn(Shape):
    """How content somebody is, from 1 to 5. Only staff read it."""

    stars = Stars(low=FEWEST_STARS, high=MOST_STARS, required=True)
    text = Words(longest=4000, allow_none=True)


class RatingOut(Shape):
    """One's own rating."""

    stars = fields.Integer(required=True)
    text = fields.String(required=True, allow_none=True)
    rated_at = Moment(required=True)


def _said(view: Any) -> Any:
    """What somebody says of a report: it has a key, is counted, and gives the report as they see it then."""
    asked = voices.doc(parameters=[KEY_HEADER], **counted("comments"))(answered_once(ReportOut, 200)(view))
    return voices.response(200, ReportOut, headers=VERSION_ETAG)(asked)


@voices.post("/reports/<uuid:report_id>/answer")
@may(Right.TAKE_PART)
@voices.arguments(AnswerIn)
@_said
def answer_question(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Answer the city's question about one's own report; whoever took it in for a caller may too"""
    count("comments")
    return _after(session, answer(session, caller(), report_id, body["text"], body.get("captured_at")))


@voices.post("/reports/<uuid:report_id>/confirm")
@may(Right.TAKE_PART)
@voices.arguments(ConfirmIn)
@_said
def confirm_fix(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Say that a fix holds"""
    count("comments")
    return _after(session, confirm(session, caller(), report_id, Opinion(**body)))


@voices.post("/reports/<uuid:report_id>/dispute")
@may(Right.TAKE_PART)
@voices.arguments(DisputeIn)
@_said
def dispute_fix(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Say that a fix does not hold, and why: the report is opened again"""
    count("comments")
    return _after(session, dispute(session, caller(), report_id, Opinion(**body)))


@voices.put("/reports/<uuid:report_id>/rating")
@may(Right.TAKE_PART)
@voices.arguments(RatingIn)
@voices.response(200, RatingOut)
def rate_report(body: dict[str, Any], report_id: UUID) -> Any:
    """Rate how a report that is over was dealt with, or rate it anew"""
    with transaction() as session:
        return rate(session, caller(), report_id, Opinion(**body))


@voices.delete("/comments/<uuid:comment_id>")
@may(Right.TAKE_PART)
@voices.response(204)
def withdraw_comment(comment_id: UUID) -> Response:
    """Take one's own comment back: its words are gone for good"""
    with transaction() as session:
        withdraw(session, caller(), comment_id)
    return Response(status=204)


def _after(session: Session, report: Report) -> dict[str, Any]:
    session.flush()
    row, is_whole = seen_report(session, caller(), report.id)
    return shown_report(row, is_whole, caller())
