"""The change log for whoever keeps a copy: every change once, in one order, from any place."""

from typing import Any

from marshmallow import fields

from api.auth import caller, may
from api.blueprints import Audience
from api.fields import Id, Line, Moment, Shape
from api.lists import PageQuery
from api.town import config
from core.db import transaction
from domain.changes import changes_page, number_changes
from domain.rights import Right

changes = Audience("changes", __name__, description="Everything that changed, in one order")


class ChangesQuery(PageQuery):
    """Where to go on, and how far at once."""

    cursor = Line(longest=500, metadata={"description": "`next` of an earlier answer; from the beginning without it."})


class ScopeOut(Shape):
    """Who could see a report and in whose hands it was."""

    visibility = fields.String(required=True, metadata={"enum": ["public", "private"]})
    status = fields.String(required=True)
    department = fields.String(required=True, allow_none=True)
    crew = fields.String(required=True, allow_none=True)
    areas = fields.List(fields.String(), required=True, metadata={"description": "layer:code of every stamped layer."})


class ChangeOut(Shape):
    """One change. `number` only grows, and is the order of the log."""

    number = fields.Integer(required=True)
    report_id = Id(required=True)
    kind = fields.String(required=True)
    at = Moment(required=True)
    scope_before = fields.Nested(ScopeOut, required=True, allow_none=True)
    scope_after = fields.Nested(ScopeOut, required=True, allow_none=True)


class ChangeListOut(Shape):
    """A page of the log. `next` is always there: it is the place to come back to, also when nothing is new."""

    items = fields.List(fields.Nested(ChangeOut), required=True)
    next = fields.String(required=True)


@changes.get("/changes")
@may(Right.SEE_PRIVATE)
@changes.arguments(ChangesQuery, location="query")
@changes.response(200, ChangeListOut)
def list_changes(query: dict[str, Any]) -> Any:
    """What changed since the cursor: for crews what concerns their department, for the desk everything"""
    # Numbered in a transaction of its own: a reader must not see numbers that could still be undone.
    with transaction() as session:
        number_changes(session, waits=True)
    with transaction() as session:
        return changes_page(session, caller(), config().secret, query.get("cursor"), query["limit"])
