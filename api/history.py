"""The whole history of a report, for those whose report it is to work on."""

from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import RowMapping

from api.auth import caller, may
from api.blueprints import Audience
from api.fields import Facts, Id, Moment, Shape
from api.lists import PageQuery, cursor_to, place_of
from api.schemas import StatusOut
from api.shown import shown_line
from core.db import transaction
from domain.access import report_in_hand
from domain.lines import every_line
from domain.rights import Right

history = Audience("history", __name__, description="What happened to a report, line by line, for staff")


class WhoOut(Shape):
    """Who did it. Residents and programs have no name here; `system` is nobody: a rule of the town's did it."""

    role = fields.String(required=True)
    code = fields.String(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)
    is_reporter = fields.Boolean(required=True)


class LineCommentOut(Shape):
    """The comment that a line is about. A comment that was taken back has no text any more."""

    id = Id(required=True)
    text = fields.String(required=True, allow_none=True)
    held_at = Moment(required=True, allow_none=True)
    withdrawn_at = Moment(required=True, allow_none=True)


class HistoryLineOut(Shape):
    """One line of a report's history. Lines are only ever added; they are numbered without gaps."""

    seq = fields.Integer(required=True)
    kind = fields.String(required=True)
    who = fields.Nested(WhoOut, required=True)
    received_at = Moment(required=True, metadata={"description": "By the town's clock."})
    captured_at = Moment(
        required=True, allow_none=True, metadata={"description": "By the clock of the device that it was done on."}
    )
    clock_flag = fields.String(required=True, allow_none=True, metadata={"enum": ["ahead", "old", None]})
    from_status = fields.Nested(StatusOut, required=True, allow_none=True)
    to_status = fields.Nested(StatusOut, required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    comment = fields.Nested(LineCommentOut, required=True, allow_none=True)
    is_public = fields.Boolean(required=True, metadata={"description": "Whether the public timeline has it too."})
    data = Facts(required=True, metadata={"description": "What else changed, by kind."})


class HistoryOut(Shape):
    """A page of a report's history in order."""

    items = fields.List(fields.Nested(HistoryLineOut), required=True)
    next = fields.String(required=True, allow_none=True)


@history.get("/work/<uuid:report_id>/history")
@may(Right.SEE_PRIVATE)
@history.arguments(PageQuery, location="query")
@history.response(200, HistoryOut)
def read_history(query: dict[str, Any], report_id: UUID) -> Any:
    """Everything that happened to a report: who, when on the device, when received, from, to, why"""
    question = {"history": str(report_id)}
    key = place_of(question, query.get("cursor"))
    limit = query["limit"]
    with transaction() as session:
        report_in_hand(session, caller(), report_id)
        rows = every_line(session, report_id, key[0] if key else 0, limit + 1)
    shown = [_line(row) for row in rows[:limit]]
    return {"items": shown, "next": cursor_to(question, [shown[-1]["seq"]]) if len(rows) > limit else None}


def _line(row: RowMapping) -> dict[str, Any]:
    facts = dict(row["data"] or {})
    told = shown_line(row, is_whole=True, is_staff=True)
    return {
        **{name: row[name] for name in ("seq", "kind", "captured_at", "is_public")},
        **{name: told[name] for name in ("from_status", "to_status", "reason", "note")},
        "received_at": row["at"],
        "who": {
            "role": row["actor_role"],
            "code": row["actor_code"],
            "name": row["actor_name"],
            "is_reporter": bool(row["is_reporter"]),
        },
        "clock_flag": facts.pop("clock_flag", None),
        "comment": _comment(row),
        "data": facts,
    }


def _comment(row: RowMapping) -> dict[str, Any] | None:
    if row["comment_id"] is None:
        return None
    return {
        "id": row["comment_id"],
        "text": row["comment"] if row["comment_withdrawn_at"] is None else None,
        "held_at": row["comment_held_at"],
        "withdrawn_at": row["comment_withdrawn_at"],
    }
