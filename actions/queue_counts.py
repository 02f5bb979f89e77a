"""How many there are of what, and how much each crew and person has."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, select, text
from sqlalchemy.orm import Session

from actions.queue import DUE, ME, NONE, SOURCES, Query, conditions_of, due_is, one_of, urgency_of
from domain.access import Caller
from domain.city import Area, Category, CategoryGroup, Crew, Department, Layer
from domain.desk_queue import MOST_COUNTED, Counted, count_all, count_each, params_of, where_of
from domain.queries import Condition, Where
from domain.reports import PRIORITIES
from domain.rights import STAFF
from domain.status import PHASES, Phase, Status

MOST_AREAS = 100
_COUNTED = ("open", "in_progress", "on_hold", "overdue", "due_soon")

Values = Mapping[str, Condition]


def counts(session: Session, caller: Caller, query: Query, by: Sequence[str]) -> dict[str, dict[str, Counted]]:
    """For each of `by`, how many the query finds with each value, the filter of that name left out; and `total`.

    A value of which there is none is there too, with 0.
    """
    found = {"total": {"all": count_all(session, conditions_of(session, caller, query))}}
    values = {name: _values_of(session, caller, query, name) for name in by}
    for names in _asked_alike(query, by):
        rest = conditions_of(session, caller, {key: value for key, value in query.items() if key not in names})
        if names == ["area"]:
            found["area"] = count_each(session, rest, values["area"], each_of="area_keys")
            continue
        counted = count_each(
            session, rest, {f"{name}={code}": at for name in names for code, at in values[name].items()}
        )
        found |= {name: {code: counted[f"{name}={code}"] for code in values[name]} for name in names}
    return {name: found[name] for name in ("total", *by)}


def _asked_alike(query: Query, by: Sequence[str]) -> list[list[str]]:
    """What can be counted in one go: all that the query does not filter by. Areas are members of a list, and counted apart."""
    alone = [[name] for name in by if name in query or name == "area"]
    alike = [name for name in by if [name] not in alone]
    return [*alone, alike] if alike else alone


def _values_of(session: Session, caller: Caller, query: Query, name: str) -> Values:
    values = _VALUES[name](session, caller)
    if name != "status" or {"phase", "parent"} & query.keys():
        return values
    # Left out of the queue unless asked for.
    return {code: Where("FALSE", {}) if PHASES[Status(code)] == Phase.CLOSED else at for code, at in values.items()}


def _statuses(session: Session, caller: Caller) -> Values:
    return {
        status.value: Where(
            f"status = :status AND {'NOT ' if PHASES[status] == Phase.CLOSED else ''}is_open", {"status": status.value}
        )
        for status in Status
    }


def _coded(model: Any, column: str) -> Callable[[Session, Caller], Values]:
    def values(session: Session, caller: Caller) -> Values:
        asked = select(model.code, model.id).where(model.jurisdiction_id == caller.jurisdiction_id).where(model.active)
        if caller.departments is not None and model is Department:
            asked = asked.where(model.id.in_(caller.departments))
        if caller.departments is not None and model is Crew:
            asked = asked.where(Crew.department_id.in_(caller.departments))
        rows = session.execute(asked.order_by(model.code))
        found: dict[str, Condition] = {row.code: Where(f"{column} = :value", {"value": row.id}) for row in rows}
        is_owner = model in (Department, Crew)
        return found | ({NONE: Where(f"{column} IS NULL", {})} if is_owner else {})

    return values


def _groups(session: Session, caller: Caller) -> Values:
    rows = session.execute(
        select(CategoryGroup.code, Category.id)
        .join(Category, Category.group_id == CategoryGroup.id)
        .where(CategoryGroup.jurisdiction_id == caller.jurisdiction_id)
        .where(CategoryGroup.active)
        .order_by(CategoryGroup.code)
    )
    ids: dict[str, list[int]] = {}
    for row in rows:
        ids.setdefault(row.code, []).append(row.id)
    return {code: one_of("category_id", "int[]", values, named="value") for code, values in ids.items()}


def _assignees(session: Session, caller: Caller) -> Values:
    return {ME: Where("assignee_id = :value", {"value": caller.person_id}), NONE: Where("assignee_id IS NULL", {})}


def _areas(session: Session, caller: Caller) -> Values:
    rows = session.execute(
        select(Layer.code, Area.code.label("area"))
        .join(Area, Area.layer_id == Layer.id)
        .where(Layer.jurisdiction_id == caller.jurisdiction_id)
        .where(Layer.active)
        .where(Layer.stamp)
        .where(Area.is_current)
        .order_by(Layer.code, Area.code)
        .limit(MOST_AREAS)
    )
    keys = [f"{row.code}:{row.area}" for row in rows]
    return {key: Where("area_keys @> CAST(:value AS text[])", {"value": [key]}) for key in keys}


_VALUES: dict[str, Callable[[Session, Caller], Values]] = {
    "status": _statuses,
    "department": _coded(Department, "department_id"),
    "crew": _coded(Crew, "crew_id"),
    "assignee": _assignees,
    "category": _coded(Category, "category_id"),
    "group": _groups,
    "priority": lambda *_: {code: Where("urgency = :value", {"value": urgency_of(code)}) for code in PRIORITIES},
    "source": lambda *_: {code: Where("source = :value", {"value": code}) for code in SOURCES},
    "due": lambda *_: {state: due_is(state) for state in DUE},
    "area": _areas,
}

# Of the most urgent of each: more than that nobody has, and if they had it would not matter how much more.
_LOAD = """
    SELECT who.id, mine.*
    FROM unnest(CAST(:ids AS {kind}[])) AS who (id)
    CROSS JOIN LATERAL (
      SELECT count(*) AS open, count(*) FILTER (WHERE status = 'in_progress') AS in_progress,
             count(*) FILTER (WHERE status = 'on_hold') AS on_hold,
             count(*) FILTER (WHERE due_key <= now()) AS overdue,
             count(*) FILTER (WHERE due_key > now() AND due_soon_at <= now()) AS due_soon
      FROM (SELECT status, due_key, due_soon_at FROM queue_item WHERE {where} AND {key} = who.id
            ORDER BY due_key, report_id LIMIT :most) AS urgent
    ) AS mine
"""


def load(session: Session, caller: Caller, query: Query) -> dict[str, list[dict[str, Any]]]:
    """What is open with each crew and each person in the caller's part of the queue; those without anything too.

    Of somebody with more than MOST_COUNTED only the most urgent are counted, and `is_capped` says so.
    """
    conditions = conditions_of(session, caller, query)
    return {
        "crews": _loads(session, conditions, "crew_id", "int", _crews(session, caller)),
        "people": _loads(session, conditions, "assignee_id", "uuid", _people(session, caller)),
    }


def _loads(
    session: Session, conditions: Sequence[Condition], key: str, kind: str, named: Sequence[RowMapping]
) -> list[dict[str, Any]]:
    statement = _LOAD.format(key=key, kind=kind, where=where_of(conditions))
    bound = {**params_of(conditions), "ids": [who["id"] for who in named], "most": MOST_COUNTED + 1}
    rows = {row["id"]: row for row in session.execute(text(statement), bound).mappings()}
    return [{**who, **_capped(rows[who["id"]])} for who in named]


def _capped(row: RowMapping) -> dict[str, Any]:
    counted = {name: min(row[name], MOST_COUNTED) for name in _COUNTED}
    return {**counted, "is_capped": row["open"] > MOST_COUNTED}


_CREWS = text(
    """
    SELECT w.id, w.code, w.name, d.code AS department
    FROM crew w JOIN department d ON d.id = w.department_id
    WHERE w.jurisdiction_id = :town AND w.active AND (CAST(:departments AS int[]) IS NULL OR d.id = ANY(:departments))
    ORDER BY w.code
    """
)
_PEOPLE = text(
    """
    SELECT p.id, p.code, p.name, d.code AS department
    FROM person p LEFT JOIN department d ON d.id = p.department_id
    WHERE p.jurisdiction_id = :town AND p.active AND p.role = ANY(CAST(:roles AS text[])) AND p.code IS NOT NULL
      AND (CAST(:departments AS int[]) IS NULL OR p.department_id = ANY(:departments))
    ORDER BY p.code
    """
)


def _crews(session: Session, caller: Caller) -> Sequence[RowMapping]:
    return session.execute(_CREWS, _of(caller)).mappings().all()


def _people(session: Session, caller: Caller) -> Sequence[RowMapping]:
    roles = [*STAFF]
    return session.execute(_PEOPLE, {**_of(caller), "roles": roles}).mappings().all()


def _of(caller: Caller) -> dict[str, Any]:
    return {
        "town": caller.jurisdiction_id,
        "departments": sorted(caller.departments) if caller.departments is not None else None,
    }
