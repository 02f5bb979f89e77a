"""SELECTs that more than one audience uses, and the cursors that page them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, select, text
from sqlalchemy.orm import Session

from core.tokens import sign, unsign
from domain.city import Department
from domain.errors import BadCursor, CursorExpired, FieldError, Invalid

DAY_S = 86_400
CURSOR_DAYS = 30  # who pauses longer begins again: what they have is old anyway


class Condition(Protocol):
    """A piece of SQL with its bound parameters, such as `geo.features` makes."""

    @property
    def sql(self) -> str: ...

    @property
    def params(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Where:
    """A condition of this room."""

    sql: str
    params: dict[str, Any]


@dataclass(frozen=True)
class Order:
    """What a list is sorted by: a column or expression with the id as tie-breaker, so that no two rows are equal."""

    column: str
    descending: bool

    @property
    def sql(self) -> str:
        """For ORDER BY."""
        way = "DESC" if self.descending else "ASC"
        return f"{self.column} {way}, id {way}"

    def after(self, key: list[Any]) -> Where:
        """Rows behind `key` in this order."""
        sign_ = "<" if self.descending else ">"
        kind = "timestamptz" if isinstance(key[0], str) else "float8"
        sql = f"({self.column}, id) {sign_} (CAST(:key_value AS {kind}), CAST(:key_id AS uuid))"
        return Where(sql, {"key_value": key[0], "key_id": key[1]})


NEWEST_FIRST = Order("received_at", descending=True)


@dataclass(frozen=True)
class Page:
    """One page of a list: rows, and the key that the next one begins after."""

    rows: list[RowMapping]
    next_key: list[Any] | None


def page_of_reports(
    session: Session,
    view: str,
    town_id: int,
    conditions: Sequence[Condition],
    order: Order,
    key: list[Any] | None,
    limit: int,
) -> Page:
    """Rows of `view` (public_report or whole_report) that meet all conditions, in `order`, after `key`.

    Stable under inserts: a key is a place in the order, not a count of rows.
    """
    every = [Where("jurisdiction_id = :town", {"town": town_id}), *conditions]
    if key is not None:
        every.append(order.after(key))
    params: dict[str, Any] = {"limit": limit + 1}
    for condition in every:
        params.update(condition.params)
    where = "\n  AND ".join(f"({condition.sql})" for condition in every)
    # One row more than asked for tells whether there is a next page without counting anything.
    statement = f"SELECT *, {order.column} AS sort_key FROM {view} WHERE {where} ORDER BY {order.sql} LIMIT :limit"  # noqa: S608 - ours; values are bound
    rows = list(session.execute(text(statement), params).mappings())
    shown = rows[:limit]
    return Page(shown, _key_of(shown[-1]) if len(rows) > limit else None)


def _key_of(row: RowMapping) -> list[Any]:
    value = row["sort_key"]
    return [value.isoformat() if isinstance(value, datetime) else value, str(row["id"])]


def write_cursor(secret: str, epoch: str, question: dict[str, Any], key: list[Any]) -> str:
    """`key` as a cursor that is only good for the same question (filters and order), in this epoch, for CURSOR_DAYS."""
    # To the day: the same page asked for twice has the same cursor in it, or it would never be unchanged.
    return sign(secret, _purpose(question), [int(time.time() // DAY_S), epoch, key])


def read_cursor(secret: str, epoch: str, question: dict[str, Any], cursor: str | None) -> list[Any] | None:
    """The key in a cursor; None without one.

    Raises BadCursor for one that we never wrote, or wrote for other filters, CursorExpired for one that is too old or from
    before a restore.
    """
    if cursor is None:
        return None
    found = unsign(secret, _purpose(question), cursor)
    if found is None:
        raise BadCursor()
    written_on, its_epoch, key = found
    if its_epoch != epoch or time.time() // DAY_S - written_on > CURSOR_DAYS:
        raise CursorExpired()
    return key


def _purpose(question: dict[str, Any]) -> str:
    return "list:" + orjson.dumps(question, option=orjson.OPT_SORT_KEYS, default=str).decode()


def department_ids(session: Session, town_id: int, codes: Sequence[str]) -> tuple[int, ...]:
    """Departments by code. Raises Invalid at `/departments` for one that is not there."""
    rows = session.execute(
        select(Department.code, Department.id)
        .where(Department.jurisdiction_id == town_id)
        .where(Department.code.in_(codes))
        .where(Department.active)
    )
    known: dict[str, int] = {row.code: row.id for row in rows}
    wrong = [FieldError(f"/departments/{n}", "unknown-department") for n, code in enumerate(codes) if code not in known]
    if wrong:
        raise Invalid(wrong)
    return tuple(sorted(set(known.values())))


def department_codes(session: Session, ids: Sequence[int]) -> list[str]:
    """Their codes, in alphabetical order."""
    return list(session.scalars(select(Department.code).where(Department.id.in_(ids)).order_by(Department.code)))


_TIMELINE = text(
    """
    SELECT e.seq, e.kind, e.from_status, e.to_status, e.actor_role, e.at, e.captured_at, e.note, e.reason, e.is_public, e.data,
           CASE WHEN c.withdrawn_at IS NULL AND (c.held_at IS NULL OR :everything) THEN c.text END AS comment,
           c.id AS comment_id, c.withdrawn_at AS comment_withdrawn_at
    FROM report_event e
    LEFT JOIN comment c ON c.id = (e.data ->> 'comment_id')::uuid
    WHERE e.report_id = :report AND (e.is_public OR :everything) AND e.seq > :after
    ORDER BY e.seq
    LIMIT :limit
    """
)


def timeline(session: Session, report_id: UUID, everything: bool, after: int, limit: int) -> list[RowMapping]:
    """Lines of a report's history in order; for the public without those that are for staff only."""
    values = {"report": report_id, "everything": everything, "after": after, "limit": limit}
    return list(session.execute(_TIMELINE, values).mappings())
