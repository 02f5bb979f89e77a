"""What the desk asks its queue: filters as conditions on `queue_item`, orders, counts. Bulk actions ask by the same names."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from domain.access import Caller
from domain.city import Category, CategoryGroup, Crew, Department
from domain.desk_queue import Sorting, params_of, where_of
from domain.errors import FieldError, Invalid
from domain.people import Person
from domain.queries import Condition, Where
from domain.reports import PRIORITIES
from domain.rights import Right
from domain.status import PHASES, Phase, Status
from geo.points import Box, LonLat
from geo.spots import NEARNESS, spot_inside, spot_within

NEVER = timedelta(days=50 * 365)  # a key beyond that stands for no date: such keys lie a century behind the report
NONE = "none"
ME = "me"
ANY = "any"
DUE = ("overdue", "due_soon", "on_time", NONE)
SOURCES = ("app", "telephone", "counter", "email", "social", "split")

SORTINGS: dict[str, Sorting] = {
    "due_at": Sorting(("due_key",)),
    "received_at": Sorting(("received_at",)),
    "updated_at": Sorting(("updated_at",)),
    "priority": Sorting(("urgency", "due_key"), casts=("int2", "timestamptz")),
    "distance": Sorting((NEARNESS,), casts=("float8",), by_nearness=True),
}
USUAL = "due_at"
_LED_BY_RECEIPT = {"due_at": "due_key", "updated_at": "updated_at"}

Query = Mapping[str, Any]


def sorting_of(name: str) -> Sorting:
    """`due_at`, or with a minus the other way round. `age` is when it was received, from the other end."""
    plain, is_down = name.removeprefix("-"), name.startswith("-")
    if plain == "age":
        plain, is_down = "received_at", not is_down
    found = SORTINGS[plain]
    return replace(found, descending=is_down)


def conditions_of(session: Session, caller: Caller, query: Query, without: Sequence[str] = ()) -> list[Condition]:
    """The caller's part of the queue, narrowed by every filter of `query` but those named in `without`.

    Values are parsed already: lists of codes, moments, a Box, a LonLat. Without `phase`, `status` or `parent`: what is not over.
    Raises Invalid with ?name for a code that the town does not have.
    """
    asked = {name: value for name, value in query.items() if name not in without and value is not None}
    found: list[Condition] = [
        Where("jurisdiction_id = :town", {"town": caller.jurisdiction_id}),
        *_scope(caller),
        *_status(query, asked),
        *_owners(session, caller, asked),
        *_kinds(session, caller, asked),
        *_times(asked),
        *_places(asked),
    ]
    if "q" in asked:
        found.append(_words(caller, asked["q"]))
    return found


def matching_ids(session: Session, caller: Caller, query: Query, most: int) -> list[UUID]:
    """Up to `most` reports that a query finds, the most urgent first."""
    conditions = conditions_of(session, caller, query)
    statement = f"SELECT report_id FROM queue_item WHERE {where_of(conditions)} ORDER BY due_key, report_id LIMIT :most"  # noqa: S608
    return list(session.scalars(text(statement), {**params_of(conditions), "most": most}))


def _scope(caller: Caller) -> list[Condition]:
    """What of the queue is theirs, as `domain.access.in_hands_of` says it of a report."""
    found: list[Condition] = []
    if caller.departments is not None:
        found.append(one_of("department_id", "int[]", sorted(caller.departments), named="own_departments"))
    if caller.areas is not None:
        found.append(Where("area_keys && CAST(:own_areas AS text[])", {"own_areas": sorted(caller.areas)}))
    if not caller.may(Right.SEE_PRIVATE):
        found.append(Where("visibility = 'public' AND held_at IS NULL", {}))
    return found


def _status(query: Query, asked: Query) -> list[Condition]:
    found: list[Condition] = []
    if "status" in asked:
        found.append(one_of("status", "text[]", asked["status"]))
        if all(PHASES[Status(code)] != Phase.CLOSED for code in asked["status"]):
            found.append(Where("is_open", {}))
    phase = asked.get("phase")
    if phase == Phase.CLOSED:
        found.append(Where("NOT is_open", {}))
    elif phase in (Phase.OPEN, Phase.IN_PROGRESS):
        codes = [status.value for status, its in PHASES.items() if its == phase]
        found.append(Where("is_open AND status = ANY(CAST(:phase_statuses AS text[]))", {"phase_statuses": codes}))
    if not {"phase", "status", "parent"} & query.keys():
        found.append(Where("is_open", {}))
    return found


def _owners(session: Session, caller: Caller, asked: Query) -> list[Condition]:
    found: list[Condition] = []
    for name, model in (("department", Department), ("crew", Crew)):
        if name in asked:
            ids = _ids(session, caller, model, name, asked[name])
            found.append(one_of(f"{name}_id", "int[]", ids, NONE in asked[name]))
    if "assignee" in asked:
        found.append(_assignee(session, caller, asked["assignee"]))
    return found


def _kinds(session: Session, caller: Caller, asked: Query) -> list[Condition]:
    found: list[Condition] = []
    if "category" in asked:
        found.append(one_of("category_id", "int[]", _ids(session, caller, Category, "category", asked["category"])))
    if "group" in asked:
        groups = _ids(session, caller, CategoryGroup, "group", asked["group"])
        found.append(Where(
            "category_id = ANY(ARRAY(SELECT c.id FROM category c WHERE c.group_id = ANY(CAST(:groups AS int[]))))", {"groups": groups}
        ))  # fmt: skip
    if "priority" in asked:
        found.append(one_of("urgency", "int2[]", [urgency_of(code) for code in asked["priority"]]))
    if "source" in asked:
        found.append(one_of("source", "text[]", list(asked["source"])))
    if "parent" in asked:
        found.append(Where("parent_id = :parent", {"parent": asked["parent"]}))
    for name, column in (("held", "held_at"), ("escalated", "escalated_at"), ("answered", "answered_at")):
        if name in asked:
            found.append(Where(f"{column} IS {'NOT ' if asked[name] else ''}NULL", {}))
    return found


def _times(asked: Query) -> list[Condition]:
    found: list[Condition] = []
    for name, column, sign in (
        ("received_after", "received_at", ">="),
        ("received_before", "received_at", "<"),
        ("updated_after", "updated_at", ">="),
        ("updated_before", "updated_at", "<"),
        ("due_before", "due_key", "<"),
    ):
        if name in asked:
            found.append(Where(f"{column} {sign} :{name}", {name: asked[name]}))
    # Nothing is due or updated before it was received. The planner cannot know that, and would walk such an order from its other
    # end; said where it does not help, it would expect too few.
    led_by = _LED_BY_RECEIPT.get(asked.get("sort", ""))
    if led_by and "received_after" in asked:
        found.append(Where(f"{led_by} >= :received_after", {}))
    if "due" in asked:
        found.append(due_is(asked["due"]))
    return found


def due_is(state: str) -> Where:
    """How a report stands by its clock. What is over is none of these but `none`."""
    now = {"due_now": datetime.now(UTC), "due_never": datetime.now(UTC) + NEVER}
    return {
        "overdue": Where("is_open AND due_key <= :due_now", now),
        "due_soon": Where("is_open AND due_key > :due_now AND due_soon_at <= :due_now", now),
        "on_time": Where("is_open AND due_key > :due_now AND due_key < :due_never AND due_soon_at > :due_now", now),
        NONE: Where("due_key >= :due_never", now),
    }[state]


def _places(asked: Query) -> list[Condition]:
    found: list[Condition] = []
    if "area" in asked:
        found.append(Where("area_keys && CAST(:areas AS text[])", {"areas": list(asked["area"])}))
    if "bbox" in asked:
        box: Box = asked["bbox"]
        found.append(spot_inside(box))
    if "near" in asked and "radius_m" in asked:
        place: LonLat = asked["near"]
        found.append(spot_within(place, asked["radius_m"]))
    return found


def _words(caller: Caller, words: str) -> Where:
    """What is private is found by those only who may read it."""
    weight = "AD" if caller.may(Right.SEE_PRIVATE) else "A"
    # Nothing but punctuation finds nothing.
    return Where("words @@ queue_question(:words, :words_of)", {"words": words, "words_of": weight})


def _assignee(session: Session, caller: Caller, code: str) -> Where:
    if code == NONE:
        return Where("assignee_id IS NULL", {})
    if code == ME:
        return Where("assignee_id = :assignee", {"assignee": caller.known_id})
    found = session.scalar(
        select(Person.id)
        .where(Person.jurisdiction_id == caller.jurisdiction_id)
        .where(Person.code == code)
        .where(Person.role != "resident")
    )
    if found is None:
        raise Invalid([FieldError("?assignee", "not-offered", {"choices": f"{ME}, {NONE}"})])
    return Where("assignee_id = :assignee", {"assignee": found})


def _ids(session: Session, caller: Caller, model: Any, name: str, codes: Sequence[str]) -> list[int]:
    """Ids by code, also of what is no longer in use: reports still name it."""
    wanted = [code for code in codes if code != NONE]
    rows = session.execute(
        select(model.code, model.id)
        .where(model.jurisdiction_id == caller.jurisdiction_id)
        .where(model.code.in_(wanted))
    )
    known: dict[str, int] = {row.code: row.id for row in rows}
    if any(code not in known for code in wanted):
        raise Invalid([_unknown(session, caller, model, name)])
    return [known[code] for code in wanted]


def _unknown(session: Session, caller: Caller, model: Any, name: str) -> FieldError:
    if model is not CategoryGroup:
        return FieldError(f"?{name}", f"unknown-{name}")
    groups = session.scalars(
        select(model.code).where(model.jurisdiction_id == caller.jurisdiction_id).order_by(model.code)
    )
    return FieldError(f"?{name}", "not-offered", {"choices": ", ".join(groups)})


def one_of(column: str, kind: str, values: Sequence[Any], or_none: bool = False, named: str = "") -> Where:
    """The column has one of these values, or, with `or_none`, none at all. Of one value as an equation: then an index that
    begins with the column gives its rows in order."""
    named = named or f"{column.removesuffix('_id')}_values"
    if or_none and not values:
        return Where(f"{column} IS NULL", {})
    if len(values) == 1 and not or_none:
        return Where(f"{column} = (CAST(:{named} AS {kind}))[1]", {named: list(values)})
    sql = f"{column} = ANY(CAST(:{named} AS {kind}))"
    return Where(f"({sql} OR {column} IS NULL)" if or_none else sql, {named: list(values)})


def urgency_of(priority: str) -> int:
    """As the SQL function of this name: 0 for urgent."""
    return len(PRIORITIES) - 1 - PRIORITIES.index(priority)
