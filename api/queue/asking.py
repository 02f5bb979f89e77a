"""What is asked of the queue: the filters of an address as values, and back."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields

from actions.queue import DUE, NONE, SORTINGS, SOURCES, USUAL
from api.fields import Flag, Id, Line, OneOf, QueryNumber, Shape, read_moment
from api.lists import FARTHEST_M, PageQuery, box_of, near_of
from domain.errors import FieldError, Invalid
from domain.reports import PRIORITIES
from domain.status import Phase, Status

MOST_CODES = 50
LONGEST_LIST = 4_000  # characters
SORTS = tuple(f"{sign}{name}" for name in (*SORTINGS, "age") for sign in ("", "-"))
PHASES = (*(phase.value for phase in Phase), "any")
COUNTED = ("status", "department", "crew", "assignee", "category", "group", "priority", "source", "due", "area")


class Several(fields.String):
    """Codes with commas between them: any of these."""

    default_error_messages = {"invalid": "wrong-type:expected=string"}

    def __init__(self, choices: tuple[str, ...] = (), said: str = "", **kwargs: Any):
        listed = f"Of {', '.join(choices)}." if choices else ""
        text = " ".join(filter(None, ["One or several, with commas between them.", listed, said]))
        super().__init__(metadata={"maxLength": LONGEST_LIST, "description": text}, **kwargs)
        self.choices = choices

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:  # type: ignore[override]
        words = super()._deserialize(value, attr, data, **kwargs)
        if len(words) > LONGEST_LIST:
            raise ma.ValidationError(f"too-long:max={LONGEST_LIST}")
        codes = list(dict.fromkeys(code.strip() for code in words.split(",")))
        if len(codes) > MOST_CODES:
            raise ma.ValidationError(f"too-many:max={MOST_CODES}")
        if "" in codes or (self.choices and not set(codes) <= set(self.choices)):
            raise ma.ValidationError(f"not-offered:choices={', '.join(self.choices)}")
        return codes


class When(fields.String):
    """A time with its zone, in a query string."""

    def __init__(self, **kwargs: Any):
        super().__init__(metadata={"format": "date-time", **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return read_moment(value)


class QueueFilters(Shape):
    """Filters of the queue; all that are given must hold. Without `status`, `phase` and `parent`: what is not over."""

    status = Several(tuple(Status))
    phase = OneOf(PHASES, metadata={"description": "any: also what is over.", "x-name": "QueuePhase"})
    department = Several(said="none: what nobody has.")
    crew = Several(said="none: what no crew has.")
    assignee = Line(longest=100, metadata={"description": "me, none, or the code of somebody of the staff."})
    category = Several()
    group = Several()
    priority = Several(PRIORITIES)
    source = Several(SOURCES)
    area = Several(said="layer:code of stamped layers, such as wards:5.")
    bbox = Line(longest=200, metadata={"description": "west,south,east,north in degrees"})
    near = Line(longest=100, metadata={"description": "lon,lat in degrees; with sort=distance, or with radius_m"})
    radius_m = QueryNumber(low=1, high=FARTHEST_M)
    received_after = When(metadata={"description": "At this moment or later."})
    received_before = When(metadata={"description": "Before this moment."})
    updated_after = When()
    updated_before = When()
    due_before = When(metadata={"description": "Due before this moment, or overdue."})
    due = OneOf(
        DUE, metadata={"description": "How it stands by its clock; none: without a date.", "x-name": "DueState"}
    )
    q = Line(longest=200, shortest=1, metadata={
        "description": "Words of description, answers, address or reference; all must be there, case and accents do not matter, "
        "three letters or more may be the beginning of a word."
    })  # fmt: skip
    held = Flag(metadata={"description": "Kept from the public by a moderator."})
    escalated = Flag()
    answered = Flag(
        metadata={"description": "Its reporter has answered a question, and the desk has not acted on it yet."}
    )
    parent = Id(metadata={"description": "The parts of this report."})


class SortedFilters(QueueFilters):
    """Filters with an order: what a saved filter may hold."""

    sort = OneOf(
        SORTS,
        load_default=USUAL,
        metadata={
            "description": "due_at: the most urgent first, what has no date last. A minus turns it round. priority: the urgent "
            "first, then by date. age: the youngest first. distance: from `near`.",
            "x-name": "QueueSort",
        },
    )


class QueueQuery(SortedFilters, PageQuery):
    """A page of the queue."""


class CountQuery(QueueFilters):
    """What to count by; each is counted as if there were no filter of its own."""

    by = Several(COUNTED, required=True)


def read_places(query: Mapping[str, Any]) -> dict[str, Any]:
    """The query with `bbox` and `near` as places. Raises Invalid."""
    asked = dict(query)
    if "bbox" in asked:
        asked["bbox"] = box_of(asked["bbox"])
    if "near" in asked:
        asked["near"] = near_of(asked["near"])
    needs_near = "radius_m" in asked or str(asked.get("sort", "")).endswith("distance")
    if needs_near and "near" not in asked:
        raise Invalid([FieldError("?near", "required")])
    return asked


def as_asked(query: Mapping[str, str]) -> dict[str, Any]:
    """Filters as they are kept in a saved filter, read as if they came in an address. Raises ValidationError."""
    return SortedFilters().load(dict(query))


__all__ = ["NONE", "CountQuery", "QueueFilters", "QueueQuery", "as_asked", "read_places"]
