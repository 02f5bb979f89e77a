"""The shapes of actions on many reports."""

from typing import Any

import marshmallow as ma
from marshmallow import fields

from actions.bulk.start import MOST_REPORTS
from api.fields import Facts, Id, Line, Moment, OneOf, Shape, Words, YesNo
from api.lists import PageQuery
from api.queue.asking import QueueFilters
from api.schemas import FieldErrorOut
from domain.bulk import ACTIONS, OUTCOMES, STATES
from domain.reports import PRIORITIES
from domain.status import Status

SENT = tuple(action for action in ACTIONS if action != "undo")
# What each action is told, and what it cannot do without.
TOLD = {
    "assign": {"department", "crew", "assignee", "note"},
    "move": {"to", "note", "reason", "expected_at", "template"},
    "close": {"note", "reason", "template"},
    "reroute": {"department", "note"},
    "priority": {"priority", "note"},
}
NEEDED = {"move": "to", "close": "reason", "priority": "priority"}


class Ids(fields.List):
    """Up to so many ids."""

    def __init__(self, *, most: int, **kwargs: Any):
        super().__init__(Id(), metadata={"minItems": 1, "maxItems": most, **kwargs.pop("metadata", {})}, **kwargs)
        self.most = most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any | None]:
        if isinstance(value, list) and not value:
            raise ma.ValidationError("required")
        if isinstance(value, list) and len(value) > self.most:
            raise ma.ValidationError(f"too-many:max={self.most}")
        return super()._deserialize(value, attr, data, **kwargs)


class BulkIn(Shape):
    """One action on many reports. Which members go with which action:

    - `assign`: department, crew, assignee (by code; null for none), note
    - `move`: to, and what that status demands: note, reason, expected_at, template
    - `close`: reason, note, template
    - `reroute`: department; without it the rules now in force decide for each report; note
    - `priority`: priority, note
    """

    action = OneOf(SENT, required=True, metadata={"x-name": "BulkActionCode"})
    reports = Ids(most=MOST_REPORTS)
    filter = fields.Nested(
        QueueFilters,
        metadata={
            "description": "Instead of `reports`: all that GET /v1/queue finds with the same filters at this moment."
        },
    )
    preview = YesNo(
        load_default=False,
        metadata={"description": "Only try it: what would come of each report is told, and nothing changes."},
    )
    department = Line(longest=100, shortest=1)
    crew = Line(longest=100, shortest=1, allow_none=True)
    assignee = Line(longest=100, shortest=1, allow_none=True)
    to = OneOf(tuple(Status), metadata={"x-name": "StatusCode"})
    reason = Line(longest=300, shortest=1)
    expected_at = Moment()
    template = Line(longest=100, shortest=1)
    priority = OneOf(PRIORITIES, metadata={"x-name": "PriorityCode"})
    note = Words(longest=4000)


class UndoIn(Shape):
    """What is said with the moves back; without it, that it had been done by mistake."""

    reason = Line(longest=300, shortest=1)
    note = Words(longest=4000, shortest=1)


class CountsOut(Shape):
    """How many reports: still waiting, done, unchanged because they were so already, refused."""

    waiting = fields.Integer(required=True)
    done = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    refused = fields.Integer(required=True)


class BulkOut(Shape):
    """An action on many reports and how far it is. A preview counts what would be done."""

    id = Id(required=True)
    action = fields.String(required=True, metadata={"enum": list(ACTIONS)})
    values = Facts(required=True, metadata={"description": "What was sent with it."})
    state = fields.String(required=True, metadata={"enum": list(STATES)})
    by = fields.String(required=True, allow_none=True, metadata={"description": "Who started it, by code."})
    report_count = fields.Integer(required=True)
    counts = fields.Nested(CountsOut, required=True)
    created_at = Moment(required=True)
    started_at = Moment(required=True, allow_none=True)
    finished_at = Moment(required=True, allow_none=True)
    undo_of = Id(required=True, allow_none=True)
    undone_by = Id(required=True, allow_none=True)


class BulkListOut(Shape):
    """One page of actions, the newest first."""

    items = fields.List(fields.Nested(BulkOut), required=True)
    next = fields.String(required=True, allow_none=True)


class StandOut(Shape):
    """How a report stands, in what an action on many may change."""

    status = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True)
    expected_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    department = fields.String(required=True, allow_none=True)
    crew = fields.String(required=True, allow_none=True)
    assignee = fields.String(required=True, allow_none=True)
    priority = fields.String(required=True)


class ResultProblemOut(Shape):
    """Why a report was refused: the problem that one request for it alone would have had."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    detail = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldErrorOut), required=True)


class BulkResultOut(Shape):
    """What came of one report. In a preview: what would."""

    report = Id(required=True)
    reference = fields.String(
        required=True, allow_none=True, metadata={"description": "Null for a report that is not theirs, or not there."}
    )
    outcome = fields.String(required=True, metadata={"enum": list(OUTCOMES)})
    before = fields.Nested(StandOut, required=True, allow_none=True)
    after = fields.Nested(StandOut, required=True, allow_none=True)
    problem = fields.Nested(ResultProblemOut, required=True, allow_none=True)
    at = Moment(required=True, allow_none=True)


class BulkResultsOut(Shape):
    """One page of results, in the order in which the reports were named."""

    items = fields.List(fields.Nested(BulkResultOut), required=True)
    next = fields.String(required=True, allow_none=True)


class ResultQuery(PageQuery):
    """Which results."""

    outcome = OneOf(OUTCOMES, metadata={"x-name": "BulkOutcome"})
