"""GET /v1/queue, its counts, and the load of crews and people."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import fields

from actions.clocks.admission import admit_new, is_anything_new
from actions.queue import conditions_of, sorting_of
from actions.queue_counts import counts, load
from api.auth import caller, may
from api.blueprints import Audience
from api.fields import Moment, Shape
from api.lists import cursor_to, place_of
from api.queue.asking import CountQuery, QueueFilters, QueueQuery, read_places
from api.schemas import ReportOut
from api.shown import shown_report
from core.db import transaction
from domain.changes import has_unnumbered, number_changes
from domain.desk_queue import MOST_COUNTED, Counted, queue_page
from domain.rights import Right
from domain.status import PHASES, Phase, Status
from geo.spots import DISTANCE_M, at

MOST_ADMITTED = 500  # by somebody who waits for an answer; the worker admits the rest

queue = Audience(
    "queue", __name__, description="The desk's queue: everything that is open, in any order, and how much of it"
)


class QueueItemOut(ReportOut):
    """A report in the queue."""

    due_at = Moment(
        required=True,
        allow_none=True,
        metadata={"description": "By its clock; null without a target and while it waits."},
    )
    due = fields.String(required=True, metadata={"enum": ["overdue", "due_soon", "on_time", "none"]})
    escalated_at = Moment(required=True, allow_none=True)
    answered_at = Moment(
        required=True,
        allow_none=True,
        metadata={"description": "When its reporter answered a question that the desk has not acted on since."},
    )


class QueueOut(Shape):
    """A page of the queue."""

    items = fields.List(fields.Nested(QueueItemOut), required=True)
    next = fields.String(required=True, allow_none=True)


class QueueCountOut(Shape):
    """How many there are of one value: exactly up to a thousand (a hundred with words, areas or places among
    the filters, where thousands are found), else that there are more."""

    value = fields.String(required=True)
    count = fields.Integer(required=True, metadata={"maximum": MOST_COUNTED})
    is_capped = fields.Boolean(required=True, metadata={"description": "There are more than that."})


class QueueCountsOut(Shape):
    """How many there are in all, and of each value."""

    total = fields.Nested(QueueCountOut, required=True)
    counts = fields.Dict(keys=fields.String(), values=fields.List(fields.Nested(QueueCountOut)), required=True)


class QueueLoadOut(Shape):
    """How much somebody has."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    department = fields.String(required=True, allow_none=True)
    open = fields.Integer(required=True, metadata={"description": "All that is not over; the others are parts of it."})
    in_progress = fields.Integer(required=True)
    on_hold = fields.Integer(required=True)
    overdue = fields.Integer(required=True)
    due_soon = fields.Integer(required=True)
    is_capped = fields.Boolean(
        required=True,
        metadata={"description": f"More than {MOST_COUNTED} are open; the most urgent of them are counted."},
    )


class QueueLoadsOut(Shape):
    """How much every crew and everybody of the staff has."""

    crews = fields.List(fields.Nested(QueueLoadOut), required=True)
    people = fields.List(fields.Nested(QueueLoadOut), required=True)


@queue.get("/queue")
@may(Right.MOVE, Right.SEE_FIGURES)
@queue.arguments(QueueQuery, location="query")
@queue.response(200, QueueOut)
def list_queue(query: dict[str, Any]) -> Any:
    """A page of the queue: by default what is open, the most urgent first"""
    admit()
    return page_of(query)


@queue.get("/queue/counts")
@may(Right.MOVE, Right.SEE_FIGURES)
@queue.arguments(CountQuery, location="query")
@queue.response(200, QueueCountsOut)
def count_queue(query: dict[str, Any]) -> Any:
    """How many there are of each value of a filter, exactly up to a cap"""
    admit()
    asked = read_places(query)
    by = asked.pop("by")
    with transaction() as session:
        found = counts(session, caller(), asked, by)
    total = found.pop("total")["all"]
    return {
        "total": shown_count("all", total),
        "counts": {name: [shown_count(value, one) for value, one in each.items()] for name, each in found.items()},
    }


@queue.get("/queue/load")
@may(Right.MOVE, Right.SEE_FIGURES)
@queue.arguments(QueueFilters, location="query")
@queue.response(200, QueueLoadsOut)
def show_load(query: dict[str, Any]) -> Any:
    """How much each crew and each of the staff has"""
    admit()
    with transaction() as session:
        return load(session, caller(), read_places(query))


def admit() -> None:
    """Let in what has come in up to now, so that a queue shows what was reported a moment ago."""
    with transaction() as session:
        unnumbered, is_new = has_unnumbered(session), is_anything_new(session, caller().jurisdiction_id)
    if unnumbered:
        # In a transaction of its own: nobody may go by numbers that could still be undone.
        with transaction() as session:
            number_changes(session, waits=True)
    if unnumbered or is_new:
        with transaction() as session:
            admit_new(session, caller().jurisdiction_id, MOST_ADMITTED, waits=False)


def page_of(query: dict[str, Any]) -> dict[str, Any]:
    """A page for a query of an address."""
    asked = read_places(query)
    question = {name: value for name, value in query.items() if name not in ("cursor", "limit")} | {"list": "queue"}
    key = place_of(question, query.get("cursor"))
    near = asked.get("near")
    with transaction() as session:
        conditions = conditions_of(session, caller(), asked)
        if near is not None:
            conditions.append(Place(at(near)))
        distance = DISTANCE_M if near is not None else "NULL"
        page = queue_page(session, conditions, sorting_of(query["sort"]), key, query["limit"], distance)
    now = datetime.now(UTC)
    return {
        "items": [_shown(row, now) for row in page.rows],
        "next": cursor_to(question, page.next_key) if page.next_key else None,
    }


class Place:
    """No condition: only the place that distances are measured from."""

    sql = "TRUE"

    def __init__(self, params: dict[str, Any]):
        self.params = params


def _shown(row: Any, now: datetime) -> dict[str, Any]:
    more = {name: row[name] for name in ("due_at", "escalated_at", "answered_at")}
    if row["distance_m"] is not None:
        more["distance_m"] = round(row["distance_m"], 1)
    return shown_report(row, True, caller(), due=_due(row, now), **more)


def _due(row: Any, now: datetime) -> str:
    if row["due_at"] is None or PHASES[Status(row["status"])] == Phase.CLOSED:
        return "none"
    if row["due_at"] <= now:
        return "overdue"
    return "due_soon" if row["due_soon_at"] is not None and row["due_soon_at"] <= now else "on_time"


def shown_count(value: str, one: Counted) -> dict[str, Any]:
    """A count as it is answered."""
    return {"value": value, "count": one.count, "is_capped": one.is_capped}
