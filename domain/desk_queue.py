"""The desk's queue: pages of it in any order, and how many there are of what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from domain.queries import Condition, Where

MOST_COUNTED = 1_000
_NO_HELP = text("SET LOCAL max_parallel_workers_per_gather = 0")
FEW = 12_000  # counted in one go, from an index
MOST_LOOKED_UP = 100
FEW_LOOKED_UP = 6_000  # the same, where each row must be looked up
FEW_LISTED = 5_000
_LOOKED_UP = ("words @@", "area_keys", "spot")  # in no index beside the keys: each row must be looked up
_COUNTED_BY = "status, is_open, department_id, crew_id, assignee_id, category_id, urgency, source, due_key, due_at, due_soon_at, area_keys"


@dataclass(frozen=True)
class Sorting:
    """An order of the queue: columns or expressions that are never NULL, all the same way, then the id."""

    keys: tuple[str, ...]
    descending: bool = False
    casts: tuple[str, ...] = ("timestamptz",)
    by_nearness: bool = False

    def ids(self, where: str) -> str:
        """A question for the first `:limit` ids, in order."""
        way = "DESC" if self.descending else "ASC"
        order = ", ".join(f"{key} {way}" for key in (*self.keys, "report_id"))
        if not self.by_nearness:
            return f"SELECT report_id FROM queue_item WHERE {where} ORDER BY {order} LIMIT :limit"  # noqa: S608
        # An index knows the nearest but no second key: it gives all that are equally near to the last, and those are sorted.
        return f"""
            SELECT report_id FROM (
              SELECT report_id, spot FROM queue_item WHERE {where} ORDER BY {self.keys[0]} {way} FETCH FIRST :limit ROWS WITH TIES
            ) AS nearest ORDER BY {order} LIMIT :limit
        """  # noqa: S608

    def after(self, key: Sequence[Any]) -> Where:
        """Rows behind `key`: the values of one row's keys, then its id."""
        names = [f"key_{n}" for n in range(len(key))]
        bound = ", ".join(f"CAST(:{name} AS {kind})" for name, kind in zip(names, (*self.casts, "uuid"), strict=True))
        sign = "<" if self.descending else ">"
        return Where(f"({', '.join((*self.keys, 'report_id'))}) {sign} ({bound})", dict(zip(names, key, strict=True)))


@dataclass(frozen=True)
class QueuePage:
    """Rows of `whole_report` with what the queue knows beside them, and the key that the next page begins after."""

    rows: list[RowMapping]
    next_key: list[Any] | None


@dataclass(frozen=True)
class Counted:
    """How many there are; of more than MOST_COUNTED nobody counts the rest."""

    count: int
    is_capped: bool


def queue_page(
    session: Session,
    conditions: Sequence[Condition],
    sorting: Sorting,
    key: Sequence[Any] | None,
    limit: int,
    distance: str,
) -> QueuePage:
    """Reports that meet all conditions (of columns of `queue_item`), in order, after `key`.

    distance: an expression for the column `distance_m`.
    """
    _alone(session)
    every = [*conditions, *([sorting.after(key)] if key is not None else [])]
    keys = ", ".join(f"({expression})::text AS key_{n}" for n, expression in enumerate(sorting.keys))
    # Ids first: where an index holds all that is asked of, none of the rows that do not count are looked at. Only then the
    # rows of the page, whole.
    statement = f"""
        SELECT w.*, page.*
        FROM (SELECT place, report_id, due_at, due_soon_at, escalated_at, answered_at, {distance} AS distance_m, {keys}
              FROM (SELECT report_id, row_number() OVER () AS place FROM ({sorting.ids(where_of(every))}) AS ordered) AS found
              JOIN queue_item USING (report_id)) AS page
        JOIN whole_report w ON w.id = page.report_id
        ORDER BY page.place
    """  # noqa: S608 - ours; values are bound
    rows = list(session.execute(text(statement), {**params_of(every), "limit": limit + 1}).mappings())
    shown = rows[:limit]
    if len(rows) <= limit:
        return QueuePage(shown, None)
    last = shown[-1]
    return QueuePage(shown, [*(last[f"key_{n}"] for n in range(len(sorting.keys))), str(last["report_id"])])


def count_all(session: Session, conditions: Sequence[Condition], most: int = MOST_COUNTED) -> Counted:
    """How many reports meet all conditions."""
    return count_each(session, conditions, {"all": Where("TRUE", {})}, most)["all"]


def count_each(
    session: Session,
    conditions: Sequence[Condition],
    values: Mapping[str, Condition],
    most: int = MOST_COUNTED,
    each_of: str | None = None,
) -> dict[str, Counted]:
    """For each value, how many reports meet all conditions and its own.

    Where a few thousand meet the conditions, all are counted in one go. Else that go has shown of which values there are more than
    `most`, and each of the others is counted by itself; not as far where each row must be looked up (words, areas, places).
    each_of: a column that holds lists of these values.
    """
    if not values:
        return {}
    _alone(session)
    asked = [*conditions, *values.values()]
    is_looked_up = any(part in condition.sql for condition in asked for part in _LOOKED_UP)
    few, most = (FEW_LOOKED_UP, min(most, MOST_LOOKED_UP)) if is_looked_up else (FEW, most)
    total, seen = few + 1, dict.fromkeys(values, 0)
    if each_of is not None:
        few = FEW_LISTED
        total, listed = _count_listed(session, conditions, each_of, few)
        seen |= {name: count for name, count in listed.items() if name in values}
    elif len(values) > 1:
        total, seen = _count_in_one_go(session, conditions, values, few)
    if total > few:
        unsure = {name: condition for name, condition in values.items() if seen[name] <= most}
        seen |= _count_one_by_one(session, conditions, unsure, most)
    return {name: Counted(min(seen[name], most), seen[name] > most) for name in values}


def _count_listed(
    session: Session, conditions: Sequence[Condition], column: str, few: int
) -> tuple[int, dict[str, int]]:
    """As `_count_in_one_go`, for the members of a list."""
    statement = f"""
        WITH found AS MATERIALIZED (SELECT {column} AS listed FROM queue_item WHERE {where_of(conditions)} LIMIT :few)
        SELECT NULL AS name, count(*) AS counted FROM found
        UNION ALL SELECT name, count(*) FROM found CROSS JOIN LATERAL unnest(found.listed) AS each (name) GROUP BY 1
    """  # noqa: S608
    rows = session.execute(text(statement), {**params_of(conditions), "few": few + 1}).all()
    counts = {row.name: row.counted for row in rows}
    return counts.pop(None), counts


def _count_in_one_go(
    session: Session, conditions: Sequence[Condition], values: Mapping[str, Condition], few: int
) -> tuple[int, dict[str, int]]:
    """How many of the first `few` and one more there are, in all and of each value."""
    params, filters = _apart(values)
    columns = ", ".join(f"count(*) FILTER (WHERE {sql})" for sql in filters)
    statement = f"""
        SELECT count(*), {columns}
        FROM (SELECT {_COUNTED_BY} FROM queue_item WHERE {where_of(conditions)} LIMIT :few) AS found
    """  # noqa: S608
    row = session.execute(text(statement), {**params_of(conditions), **params, "few": few + 1}).one()
    return row[0], dict(zip(values, row[1:], strict=True))


def _count_one_by_one(
    session: Session, conditions: Sequence[Condition], values: Mapping[str, Condition], most: int
) -> dict[str, int]:
    """How many there are of each value, up to `most` and one more."""
    if not values:
        return {}
    params, filters = _apart(values)
    parts = [
        f"(SELECT count(*) FROM (SELECT 1 FROM queue_item WHERE {where_of(conditions)} AND ({sql}) LIMIT :most) AS counted)"  # noqa: S608
        for sql in filters
    ]
    bound = {**params_of(conditions), **params, "most": most + 1}
    row = session.execute(text("SELECT " + ", ".join(parts)), bound).one()
    return dict(zip(values, row, strict=True))


def _apart(values: Mapping[str, Condition]) -> tuple[dict[str, Any], list[str]]:
    """Conditions that bind the same names, with names of their own."""
    params: dict[str, Any] = {}
    filters = []
    for n, condition in enumerate(values.values()):
        sql = condition.sql
        for name, value in condition.params.items():
            sql = sql.replace(f":{name}", f":v{n}_{name}")
            params[f"v{n}_{name}"] = value
        filters.append(sql)
    return params, filters


def _alone(session: Session) -> None:
    """Parallel workers take longer to start than any of these questions takes."""
    session.execute(_NO_HELP)


def where_of(conditions: Sequence[Condition]) -> str:
    """All of them, for WHERE."""
    return " AND ".join(f"({condition.sql})" for condition in conditions) or "TRUE"


def params_of(conditions: Sequence[Condition]) -> dict[str, Any]:
    """What all of them bind."""
    params: dict[str, Any] = {}
    for condition in conditions:
        params.update(condition.params)
    return params
