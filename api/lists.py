"""Lists of reports: filters from the query string to conditions, cursors, pages."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from api.fields import Count, Flag, Line, OneOf, QueryNumber, Shape
from api.shown import shown_line, shown_report
from api.town import config, town
from domain.access import Caller, in_hands_of
from domain.errors import FieldError, Invalid, TokenMissing
from domain.queries import NEWEST_FIRST, Condition, Order, Where, page_of_reports, read_cursor, timeline, write_cursor
from domain.rights import Right
from domain.status import PHASES, Phase, Status
from geo.features import distance_m, inside_box, within_m
from geo.points import Box, LonLat

FARTHEST_M = 50_000
USUAL_RADIUS_M = 500.0


class PageQuery(Shape):
    """One page of a list."""

    limit = Count(low=1, high=100, load_default=25)
    cursor = Line(longest=2000)


class ReportQuery(PageQuery):
    """Filters of a list of reports; all that are given must hold."""

    bbox = Line(longest=200, metadata={"description": "west,south,east,north in degrees"})
    near = Line(longest=100, metadata={"description": "lon,lat in degrees; the nearest come first"})
    radius_m = QueryNumber(low=1, high=FARTHEST_M)
    category = Line(longest=100)
    department = Line(longest=100)
    status = OneOf(tuple(Status), metadata={"x-name": "StatusCode"})
    phase = OneOf(tuple(Phase), metadata={"x-name": "Phase"})
    area = Line(longest=200, metadata={"description": "layer:code of a stamped layer, such as wards:5"})
    reference = Line(longest=20)
    mine = Flag()


def listed_reports(session: Session, caller: Caller, query: dict[str, Any]) -> dict[str, Any]:
    """A page of what this caller may list: the public view, or with `mine` their own reports in full."""
    is_mine = bool(query.get("mine"))
    if is_mine and caller.person_id is None:
        raise TokenMissing()
    view, column = ("whole_report", "whole_location") if is_mine else ("public_report", "public_location")
    # Reporters look for what they see: a status that the city keeps to itself is not there for them.
    status = "shown_status" if is_mine and not caller.may(Right.SEE_WORK) else "status"
    conditions = conditions_of(query, column, status)
    if is_mine:
        conditions.append(Where("person_id = :me", {"me": caller.person_id}))
    order = Order(distance_m(column), descending=False) if "near" in query else NEWEST_FIRST
    return report_page(session, caller, view, conditions, order, query)


def work_page(session: Session, caller: Caller, query: dict[str, Any]) -> dict[str, Any]:
    """A page of what is in this caller's hands, in full: newest first, or nearest with `near`.

    Without `phase`, `status` or `reference` what is over is left out; `near` without a radius reaches across the town.
    """
    if query.get("taken") == "mine" and caller.crew_id is None:
        raise Invalid([FieldError("?taken", "not-offered", {"choices": "free"})])
    asked = {"radius_m": float(FARTHEST_M), **query}
    conditions = [in_hands_of(caller, query.get("taken")), *conditions_of(asked, "whole_location")]
    if "crew" in query:
        conditions.append(Where("crew = :crew", {"crew": query["crew"]}))
    if not {"phase", "status", "reference"} & query.keys():
        conditions.append(Where("status <> ALL(CAST(:over AS text[]))", {"over": _statuses_in(Phase.CLOSED)}))
    order = Order(distance_m("whole_location"), descending=False) if "near" in query else NEWEST_FIRST
    return report_page(session, caller, "whole_report", conditions, order, query)


def report_page(
    session: Session, caller: Caller, view: str, conditions: list[Condition], order: Order, query: dict[str, Any]
) -> dict[str, Any]:
    """One page with the cursor of the next. The cursor is only good for the same question by anyone who may ask it."""
    question = {name: value for name, value in query.items() if name not in ("cursor", "limit")} | {"view": view}
    key = place_of(question, query.get("cursor"))
    page = page_of_reports(session, view, town().id, conditions, order, key, query["limit"])
    is_whole = view == "whole_report"
    more = {"distance_m": None} if "near" in query else {}
    items = [
        shown_report(row, is_whole, caller, **({"distance_m": round(row["sort_key"], 1)} if more else {}))
        for row in page.rows
    ]
    following = cursor_to(question, page.next_key) if page.next_key else None
    return {"items": items, "next": following}


def place_of(question: dict[str, Any], cursor: str | None) -> list[Any] | None:
    """The key that a cursor of this question holds; None without one. Raises BadCursor, CursorExpired."""
    return read_cursor(config().secret, town().epoch, question, cursor)


def cursor_to(question: dict[str, Any], key: list[Any]) -> str:
    """The cursor that goes on behind `key`."""
    return write_cursor(config().secret, town().epoch, question, key)


def conditions_of(query: dict[str, Any], column: str, status: str = "status") -> list[Condition]:
    """The filters of a query as conditions; `column` is the position that `near` and `bbox` look at, `status` the column
    of the status."""
    found: list[Condition] = []
    for name in ("category", "department", "status"):
        if name in query:
            found.append(Where(f"{status if name == 'status' else name} = :{name}", {name: query[name]}))
    if "phase" in query:
        codes = _statuses_in(query["phase"])
        found.append(Where(f"{status} = ANY(CAST(:phase_statuses AS text[]))", {"phase_statuses": codes}))
    if "area" in query:
        found.append(Where("area_keys @> ARRAY[CAST(:area AS text)]", {"area": query["area"]}))
    if "reference" in query:
        found.append(Where("reference = :reference", {"reference": read_reference(query["reference"])}))
    if "bbox" in query:
        found.append(inside_box(column, box_of(query["bbox"])))
    if "near" in query:
        found.append(within_m(column, near_of(query["near"]), query.get("radius_m", USUAL_RADIUS_M)))
    return found


def _statuses_in(wanted: str) -> list[str]:
    return [status.value for status, phase in PHASES.items() if phase == wanted]


def read_reference(text: str) -> str:
    """A reference as it was heard on the telephone: any case, any spacing."""
    letters = "".join(letter for letter in text.upper() if letter.isalnum())
    return f"{letters[:-4]}-{letters[-4:]}"


def _numbers(text: str, count: int, name: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise Invalid([FieldError(f"?{name}", "bad-bbox" if count == 4 else "not-a-number")])
    return numbers


def box_of(text: str) -> Box:
    """A box of ?bbox. Raises Invalid."""
    box = Box(*_numbers(text, 4, "bbox"))
    if not box.is_on_earth:
        raise Invalid([FieldError("?bbox", "bad-bbox")])
    return box


def near_of(text: str) -> LonLat:
    """The place of ?near. Raises Invalid."""
    place = LonLat(*_numbers(text, 2, "near"))
    if not place.is_on_earth:
        raise Invalid([FieldError("?near", "not-a-number")])
    return place


def paged_timeline(
    session: Session, report_id: UUID, is_whole: bool, caller: Caller, query: dict[str, Any]
) -> dict[str, Any]:
    """A page of a report's history."""
    question = {"timeline": str(report_id)}
    key = place_of(question, query.get("cursor"))
    limit = query["limit"]
    is_staff = is_whole and caller.may(Right.SEE_PRIVATE)
    rows = timeline(session, report_id, is_staff, key[0] if key else 0, limit + 1)
    shown = [shown_line(row, is_whole, is_staff) for row in rows[:limit]]
    following = cursor_to(question, [shown[-1]["seq"]]) if len(rows) > limit else None
    return {"items": shown, "next": following}
