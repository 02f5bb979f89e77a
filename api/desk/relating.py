"""Parts of a report: for several departments, or of one that is here already."""

from typing import Any
from uuid import UUID

from marshmallow import fields
from marshmallow.validate import Length

from actions.relations import Part, lock_together, set_parent, split
from api.auth import caller, may
from api.desk.audience import desk
from api.fields import Id, Line, Shape, Words
from api.moving import a_move, after, report_as_seen
from domain.rights import Right

MOST_PARTS = 10


class PartIn(Shape):
    """What one department is to do of it. Without a category, that of the whole."""

    department = Line(longest=100, shortest=1, required=True)
    category = Line(longest=100, shortest=1, allow_none=True)
    note = Words(longest=4000, allow_none=True, metadata={"description": "For staff only."})


class SplitIn(Shape):
    """One part for each department; the report itself stays with its own."""

    parts = fields.List(
        fields.Nested(PartIn),
        required=True,
        validate=Length(1, MOST_PARTS, error=f"not-offered:choices=1 to {MOST_PARTS} parts"),
    )


class ParentIn(Shape):
    """The report that this one is to be a part of; null: of none."""

    parent = Id(required=True, allow_none=True)


@desk.post("/triage/<uuid:report_id>/split")
@may(Right.RELATE)
@desk.arguments(SplitIn)
@a_move(desk)
def split_report(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Split a report for several departments; its reporter goes on hearing of the whole"""
    report = report_as_seen(session, report_id)
    split(session, caller(), report, [Part(**part) for part in body["parts"]])
    return after(session, report)


@desk.put("/triage/<uuid:report_id>/parent")
@may(Right.RELATE)
@desk.arguments(ParentIn)
@a_move(desk)
def relate_report(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Make a report a part of another, which follows its parts from then on, or of none"""
    lock_together(session, caller(), report_id, body["parent"])
    report = report_as_seen(session, report_id)
    set_parent(session, caller(), report, body["parent"])
    return after(session, report)
