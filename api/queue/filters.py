"""Saved filters: kept by name, used by sending their `query` to GET /v1/queue."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response
from marshmallow import fields
from sqlalchemy.orm import Session

from actions.queue import conditions_of
from actions.saved_filters import change_filter, drop_filter, filter_of, filters_of, names_of, own_filter, save_filter
from api.auth import caller, may
from api.blueprints import KEY_HEADER, VERSION_HEADER
from api.fields import Flag, Id, Line, Moment, Shape
from api.idempotency import answered_once
from api.queue.asking import as_asked, read_places
from api.queue.reading import QueueCountOut, admit, queue, shown_count
from api.reading import expected_version, field_errors
from api.schemas import Problem
from core.db import transaction
from domain.clocks import SavedFilter
from domain.desk_queue import count_all
from domain.errors import FieldError, Invalid, ItemStale
from domain.rights import Right

VERSION_ETAG = {"ETag": {"schema": {"type": "string"}, "description": "The version, in quotes, for the next If-Match."}}


class FilterIn(Shape):
    """A question to the queue under a name."""

    name = Line(longest=100, shortest=1, required=True)
    query = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={
            "description": 'Filters as in the address of GET /v1/queue, such as {"department": "roads", "due": "overdue"}.'
        },
    )
    department = Line(
        longest=100,
        allow_none=True,
        metadata={"description": "Shared with all who work for it; null: the caller's own."},
    )


class FilterQuery(Shape):
    """What else is wanted of saved filters."""

    counts = Flag(load_default=False, metadata={"description": "Also how many reports each finds now."})


class FilterOut(Shape):
    """A saved filter."""

    id = Id(required=True)
    name = fields.String(required=True)
    query = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    department = fields.String(required=True, allow_none=True)
    owner = fields.String(required=True, allow_none=True, metadata={"description": "The name of whoever keeps it."})
    mine = fields.Boolean(required=True)
    version = fields.Integer(required=True)
    updated_at = Moment(required=True)
    found = fields.Nested(QueueCountOut, metadata={"description": "Only where `counts` was asked for."})


class FilterStaleProblem(Problem):
    """The filter has changed since the version that was sent; this is how it stands."""

    current = fields.Nested(FilterOut, required=True)


class FilterListOut(Shape):
    """All saved filters that the caller may use. `next` is always null."""

    items = fields.List(fields.Nested(FilterOut), required=True)
    next = fields.String(required=True, allow_none=True)


@queue.get("/queue/filters")
@may(Right.MOVE, Right.SEE_FIGURES)
@queue.arguments(FilterQuery, location="query")
@queue.response(200, FilterListOut)
def list_filters(query: dict[str, Any]) -> Any:
    """The caller's saved filters and those of their departments, the whole list at once"""
    if query["counts"]:
        admit()
    with transaction() as session:
        return {"items": _shown(session, filters_of(session, caller()), query["counts"]), "next": None}


@queue.post("/queue/filters")
@may(Right.MOVE, Right.SEE_FIGURES)
@queue.arguments(FilterIn)
@queue.response(201, FilterOut, headers=VERSION_ETAG)
@queue.doc(parameters=[KEY_HEADER])
@answered_once(FilterOut, 201)
def create_filter(session: Session, body: dict[str, Any]) -> Any:
    """Save a filter"""
    return _one(session, save_filter(session, caller(), _checked(body)))


@queue.get("/queue/filters/<uuid:filter_id>")
@may(Right.MOVE, Right.SEE_FIGURES)
@queue.arguments(FilterQuery, location="query")
@queue.response(200, FilterOut, headers=VERSION_ETAG)
def read_filter(query: dict[str, Any], filter_id: UUID) -> Any:
    """One saved filter"""
    if query["counts"]:
        admit()
    with transaction() as session:
        (shown,) = _shown(session, [filter_of(session, caller(), filter_id)], query["counts"])
    return shown, 200, {"ETag": f'"{shown["version"]}"'}


@queue.put("/queue/filters/<uuid:filter_id>")
@may(Right.MOVE, Right.SEE_FIGURES)
@queue.arguments(FilterIn)
@queue.response(200, FilterOut, headers=VERSION_ETAG)
@queue.alt_response(412, schema=FilterStaleProblem, description="It has changed since.")
@queue.doc(parameters=[VERSION_HEADER])
def put_filter(body: dict[str, Any], filter_id: UUID) -> Any:
    """Change one of one's own saved filters"""
    seen = expected_version()
    with transaction() as session:
        kept = own_filter(session, caller(), filter_id)
        if kept.version != seen:
            current = FilterOut().dump(_one(session, kept))
            raise ItemStale(headers={"ETag": f'"{kept.version}"'}, current=current)
        change_filter(session, caller(), kept, _checked(body))
        shown = _one(session, kept)
    return shown, 200, {"ETag": f'"{shown["version"]}"'}


@queue.delete("/queue/filters/<uuid:filter_id>")
@may(Right.MOVE, Right.SEE_FIGURES)
@queue.response(204)
def delete_filter(filter_id: UUID) -> Response:
    """Forget one of one's own saved filters"""
    with transaction() as session:
        drop_filter(session, caller(), filter_id)
    return Response(status=204)


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    """The body, with a query that GET /v1/queue would take. Raises Invalid with pointers into `/query`."""
    try:
        read_places(as_asked(body["query"]))
    except ma.ValidationError as fault:
        raise Invalid(field_errors(fault.messages, "/query")) from None
    except Invalid as fault:
        moved = [FieldError(f"/query/{one.pointer.lstrip('?')}", one.code, one.params) for one in fault.errors]
        raise Invalid(moved) from None
    return body


def _one(session: Session, kept: SavedFilter) -> dict[str, Any]:
    return _shown(session, [kept], False)[0]


def _shown(session: Session, filters: Sequence[SavedFilter], is_counted: bool) -> list[dict[str, Any]]:
    people, departments = names_of(session, filters)
    return [
        {
            "id": kept.id,
            "name": kept.name,
            "query": kept.query,
            "department": departments.get(kept.department_id) if kept.department_id is not None else None,
            "owner": people.get(kept.owner_id),
            "mine": kept.owner_id == caller().person_id,
            "version": kept.version,
            "updated_at": kept.updated_at,
            **({"found": _found(session, kept)} if is_counted else {}),
        }
        for kept in filters
    ]


def _found(session: Session, kept: SavedFilter) -> dict[str, Any]:
    """How many it finds now, in the caller's part of the queue. One that names what is no more finds nothing."""
    try:
        asked = read_places(as_asked(kept.query))
        conditions = conditions_of(session, caller(), asked)
    except (ma.ValidationError, Invalid):
        return {"value": "all", "count": 0, "is_capped": False}
    return shown_count("all", count_all(session, conditions))
