"""Writing a plan: rows by their code, only where they differ, nothing deleted that reports refer to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from actions.catalogue.clocks import calendar_row, target_row
from actions.catalogue.in_force import TOWN
from actions.catalogue.plan import TABLES, Plan, Values, form_of, form_version
from actions.sessions import end_sessions
from core.ids import new_id
from domain.base import Jurisdiction
from domain.city import Category, CategoryForm, CategoryGroup, Crew, Department, ExternalBody, Layer, Notice, Rule
from domain.clocks import ServiceTarget, WorkCalendar
from domain.people import Person
from domain.workflow import Reason, ResponseTemplate, StatusSetting
from geo.editions import as_outline, edition_in_force, outline_of, put_in_force

Ids = Mapping[str | None, int]


def put_plan(session: Session, row: Jurisdiction | None, wanted: Plan, *, whole_staff: bool = False) -> Jurisdiction:
    """Write the whole plan; rows that are already so stay untouched. The town's row.

    whole_staff: the plan names all staff, also those whom the command line made.
    """
    sections = wanted.sections
    row = _put_town(session, row, wanted)
    bodies = _put(session, ExternalBody, row.id, sections["external_bodies"])
    row.outside_body_id = bodies.get(wanted.town["outside"])
    departments = _put(session, Department, row.id, sections["departments"])
    crews = _put(
        session,
        Crew,
        row.id,
        {
            code: {"name": at["name"], "department_id": departments[at["department"]]}
            for code, at in sections["crews"].items()
        },
    )
    groups = _put(session, CategoryGroup, row.id, _in_order(sections["groups"]))
    categories = _put_categories(session, row.id, sections["categories"], groups)
    layers = _put_layers(session, row.id, wanted)
    _put_rules(session, row.id, sections["rules"], categories, groups, layers, departments, bodies)
    _put_staff(session, row.id, sections["staff"], sections["crews"], crews, departments, whole_staff)
    _put(session, Notice, row.id, {code: _notice(at) for code, at in sections["notices"].items()})
    _put_workflow(session, row.id, sections, categories, groups)
    calendars = _put(
        session, WorkCalendar, row.id, {code: calendar_row(at) for code, at in sections["calendars"].items()}
    )
    targets = {code: target_row(at, categories, groups, calendars) for code, at in sections["targets"].items()}
    _put(session, ServiceTarget, row.id, targets)
    session.flush()
    return row


def _put_town(session: Session, row: Jurisdiction | None, wanted: Plan) -> Jurisdiction:
    values = {key: wanted.town[key] for key in ("code", "name", "time_zone", "languages", *TABLES)}
    if row is None:
        row = Jurisdiction(**values, outline=as_outline(wanted.outline.wkb))
        session.add(row)
    else:
        _set(row, values)
        if outline_of(session, row.id) != wanted.outline.wkb:
            row.outline = as_outline(wanted.outline.wkb)
    session.flush()
    return row


def _set(row: Any, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if getattr(row, key) != value:
            setattr(row, key, value)


def _put(session: Session, model: Any, town: int, wanted: Mapping[str, Mapping[str, Any]]) -> dict[str | None, int]:
    """Rows by code: new ones added, known ones set and active again, all others inactive. The ids of those wanted."""
    rows = {at.code: at for at in session.scalars(select(model).where(model.jurisdiction_id == town))}
    for code, values in wanted.items():
        if code in rows:
            _set(rows[code], {**values, "active": True})
        else:
            rows[code] = model(jurisdiction_id=town, code=code, **values)
            session.add(rows[code])
    for code, at in rows.items():
        if code not in wanted:
            _set(at, {"active": False})
    session.flush()
    return {code: rows[code].id for code in wanted}


def _notice(at: Values) -> Values:
    starts_at, ends_at = (datetime.fromisoformat(at[key]) if at[key] else None for key in ("from", "until"))
    return {**{key: at[key] for key in ("text", "severity", "link")}, "starts_at": starts_at, "ends_at": ends_at}


def _put_workflow(
    session: Session, town: int, sections: Mapping[str, Mapping[str, Values]], categories: Ids, groups: Ids
) -> None:
    statuses = sections["statuses"]
    _put(
        session,
        StatusSetting,
        town,
        {code: {"label": at["label"], "is_public": at["public"]} for code, at in statuses.items()},
    )
    reasons = {
        code: {"purpose": at["for"], "name": at["name"], "is_public": at["public"]}
        for code, at in sections["reasons"].items()
    }
    _put(session, Reason, town, reasons)
    templates = {
        code: {
            "status": at["status"],
            "category_id": categories.get(at["category"]),
            "group_id": groups.get(at["group"]),
            "text": at["text"],
        }
        for code, at in sections["templates"].items()
    }
    _put(session, ResponseTemplate, town, templates)


def _in_order(items: Mapping[str, Values]) -> dict[str, Values]:
    return {code: {**values, "position": place} for place, (code, values) in enumerate(items.items())}


def _put_categories(session: Session, town: int, wanted: Mapping[str, Values], groups: Ids) -> dict[str | None, int]:
    columns = {
        code: {
            "group_id": groups.get(at["group"]),
            "is_public": at["public"],
            "blur_m": at["blur_m"],
            "areas": at["areas"],
            "position": place,
        }
        for place, (code, at) in enumerate(wanted.items())
    }
    ids = _put(session, Category, town, columns)
    forms = {ids[code]: form_of(at) for code, at in wanted.items()}
    _put_forms(session, town, forms)
    return ids


def _put_forms(session: Session, town: int, wanted: Mapping[int, Values]) -> None:
    """The current form of each category. A form that changed, or whose category is gone, is retired, not removed: phones
    that filled it in while offline may still send it. One that comes back is the same row again."""
    editions = {
        (at.category_id, at.version): at
        for at in session.scalars(select(CategoryForm).where(CategoryForm.jurisdiction_id == town))
    }
    versions = {category: form_version(form) for category, form in wanted.items()}
    for (category, version), edition in editions.items():
        if edition.retired_at is None and versions.get(category) != version:
            edition.retired_at = func.now()
    session.flush()  # before others become current: there is one current form to a category
    for category, version in versions.items():
        known = editions.get((category, version))
        if known is None:
            session.add(
                CategoryForm(jurisdiction_id=town, category_id=category, version=version, form=wanted[category])
            )
        else:
            _set(known, {"retired_at": None})
    session.flush()


def _put_layers(session: Session, town: int, wanted: Plan) -> dict[str | None, int]:
    layers = wanted.sections["layers"]
    ids = _put(session, Layer, town, {code: {"name": at["name"], "stamp": at["stamp"]} for code, at in layers.items()})
    for code, at in layers.items():
        present = edition_in_force(session, ids[code])
        if present is None or (present.edition, present.content_hash) != (at["edition"], at["content"]):
            put_in_force(session, session.get_one(Layer, ids[code]), at["edition"], wanted.areas[code])
    return ids


def _put_rules(
    session: Session,
    town: int,
    wanted: Mapping[str, Values],
    categories: Ids,
    groups: Ids,
    layers: Ids,
    departments: Ids,
    bodies: Ids,
) -> None:
    rows = {at.code: at for at in session.scalars(select(Rule).where(Rule.jurisdiction_id == town))}
    for code, at in wanted.items():
        layer, _, area = (at["area"] or at["layer"] or "").partition(":")
        values = {
            "priority": at["priority"],
            "category_id": categories.get(at["category"]),
            "group_id": groups.get(at["group"]),
            "layer_id": layers.get(layer),
            "area_code": area or None,
            "department_id": departments.get(at["department"]),
            "external_body_id": bodies.get(at["body"]),
        }
        if code in rows:
            _set(rows[code], values)
        else:
            session.add(Rule(jurisdiction_id=town, code=code, **values))
    gone = [code for code in rows if code not in wanted]
    session.execute(delete(Rule).where(Rule.jurisdiction_id == town).where(Rule.code.in_(gone)))


def _put_staff(
    session: Session,
    town: int,
    wanted: Mapping[str, Values],
    crews: Mapping[str, Values],
    crew_ids: Ids,
    departments: Ids,
    is_whole: bool,
) -> None:
    rows = {
        at.code: at
        for at in session.scalars(select(Person).where(Person.jurisdiction_id == town).where(Person.role != "resident"))
    }
    for code, at in wanted.items():
        department = crews[at["crew"]]["department"] if at["role"] == "crew" else at["department"]
        values = {
            "role": at["role"],
            "name": at["name"],
            "crew_id": crew_ids.get(at["crew"]),
            "department_id": departments.get(department),
            "department_ids": _limit(at, department, departments),
            "area_keys": at.get("areas") or None,
            "active": True,
            "origin": at.get("origin", TOWN),
        }
        if code in rows:
            _set(rows[code], values)
        else:
            session.add(Person(id=new_id(), jurisdiction_id=town, code=code, **values))
    for person in rows.values():
        if person.code is not None and person.code not in wanted and (is_whole or person.origin == TOWN):
            if person.active:
                end_sessions(session, person.id, "left")
            _set(person, {"active": False})


def _limit(at: Values, department: str | None, departments: Ids) -> list[int] | None:
    """The departments whose reports somebody works with; None: all."""
    named = [department, *at.get("departments", [])]
    found = {departments[code] for code in named if code is not None}
    return sorted(found) or None
