"""What is in force, in the same shape as a town.toml says it: so that the two can be compared and one written as the other."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.catalogue.plan import Plan, Values
from domain.base import Jurisdiction
from domain.city import (
    Area,
    Category,
    CategoryForm,
    CategoryGroup,
    Crew,
    Department,
    ExternalBody,
    Layer,
    LayerEdition,
    Notice,
    Rule,
)
from domain.clocks import ServiceTarget, WorkCalendar
from domain.people import Person
from domain.workflow import Reason, ResponseTemplate, StatusSetting
from geo.boundaries import Outline
from geo.editions import outline_of

TOWN = "town"  # the origin of people whom town.toml names


def town_row(session: Session) -> Jurisdiction | None:
    """The town of this deployment; None before the first apply."""
    return session.scalar(select(Jurisdiction).order_by(Jurisdiction.id).limit(1))


def layer_ids(session: Session, town: int) -> dict[str, int]:
    """Every layer that the town ever had, by code."""
    rows = session.execute(select(Layer.code, Layer.id).where(Layer.jurisdiction_id == town))
    return {row.code: row.id for row in rows}


def area_codes(session: Session, town: int) -> dict[str, set[str]]:
    """The codes of the areas in force, by layer."""
    found: dict[str, set[str]] = {}
    rows = session.execute(
        select(Layer.code, Area.code)
        .join(Area, Area.layer_id == Layer.id)
        .where(Layer.jurisdiction_id == town)
        .where(Area.is_current)
    )
    for layer, code in rows:
        found.setdefault(layer, set()).add(code)
    return found


def read_in_force(session: Session, row: Jurisdiction, *, whole_staff: bool = False) -> Plan:
    """Everything of the town that is active, without the areas themselves.

    whole_staff: also those whom the command line made, of whom town.toml does not know; they carry their `origin`.
    """
    town = row.id
    codes = {
        model: _codes(session, model, town)
        for model in (Department, ExternalBody, Crew, CategoryGroup, Category, Layer)
    }
    values: Values = {
        "code": row.code,
        "name": row.name,
        "time_zone": row.time_zone,
        "languages": list(row.languages),
        "outside": codes[ExternalBody].get(row.outside_body_id),
        "app": row.app,
        "workflow": row.workflow,
        "moderation": row.moderation,
    }
    sections: dict[str, dict[str, Values]] = {
        "layers": _layers(session, town),
        "departments": {
            at.code: {"name": at.name, "phone": at.phone, "email": at.email}
            for at in _active(session, Department, town)
        },
        "external_bodies": {
            at.code: {"name": at.name, "url": at.url, "phone": at.phone, "open311": at.open311}
            for at in _active(session, ExternalBody, town)
        },
        "crews": {
            at.code: {"name": at.name, "department": codes[Department][at.department_id]}
            for at in _active(session, Crew, town)
        },
        "groups": {
            at.code: {"name": at.name}
            for at in sorted(_active(session, CategoryGroup, town), key=lambda at: (at.position, at.code))
        },
        "categories": _categories(session, town, codes),
        "rules": _rules(session, town, codes),
        "staff": _staff(session, town, codes, whole_staff),
        "notices": {at.code: _notice(at) for at in _active(session, Notice, town)},
        "statuses": {
            at.code: {"label": at.label, "public": at.is_public} for at in _active(session, StatusSetting, town)
        },
        "reasons": {
            at.code: {"for": at.purpose, "name": at.name, "public": at.is_public}
            for at in _active(session, Reason, town)
        },
        "templates": {at.code: _template(at, codes) for at in _active(session, ResponseTemplate, town)},
        "calendars": {
            at.code: {"time_zone": at.time_zone, "hours": at.hours, "holidays": at.holidays}
            for at in _active(session, WorkCalendar, town)
        },
        "targets": _targets(session, town, codes),
    }
    return Plan(values, sections, Outline(outline_of(session, town), 0, []))


def _notice(at: Notice) -> Values:
    return {
        "text": at.text,
        "severity": at.severity,
        "link": at.link,
        "from": _told(at.starts_at),
        "until": _told(at.ends_at),
    }


def _template(at: ResponseTemplate, codes: dict[Any, dict[int | None, str]]) -> Values:
    return {
        "status": at.status,
        "category": codes[Category].get(at.category_id),
        "group": codes[CategoryGroup].get(at.group_id),
        "text": at.text,
    }


def _targets(session: Session, town: int, codes: dict[Any, dict[int | None, str]]) -> dict[str, Values]:
    calendars = _codes(session, WorkCalendar, town)
    return {
        at.code: {
            "category": codes[Category].get(at.category_id),
            "group": codes[CategoryGroup].get(at.group_id),
            "priority": at.priority,
            "hours": at.hours,
            "days": at.days,
            "calendar": calendars.get(at.calendar_id),
            "warn_hours": at.warn_hours,
            "escalate_hours": at.escalate_hours,
        }
        for at in _active(session, ServiceTarget, town)
    }


def _told(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def _active(session: Session, model: Any, town: int) -> list[Any]:
    rows = session.scalars(select(model).where(model.jurisdiction_id == town).where(model.active)).all()
    return sorted(rows, key=lambda row: row.code)


def _codes(session: Session, model: Any, town: int) -> dict[int | None, str]:
    """Codes by id, of those that are no longer active too."""
    rows = session.execute(select(model.id, model.code).where(model.jurisdiction_id == town))
    return {row.id: row.code for row in rows}


def _layers(session: Session, town: int) -> dict[str, Values]:
    rows = session.execute(
        select(Layer, LayerEdition)
        .join(LayerEdition, LayerEdition.layer_id == Layer.id)
        .where(Layer.jurisdiction_id == town)
        .where(Layer.active)
        .where(LayerEdition.replaced_at.is_(None))
        .order_by(Layer.code)
    )
    return {
        layer.code: {
            "name": layer.name,
            "stamp": layer.stamp,
            "edition": edition.edition,
            "content": edition.content_hash,
        }
        for layer, edition in rows
    }


def _categories(session: Session, town: int, codes: dict[Any, dict[int | None, str]]) -> dict[str, Values]:
    rows = session.execute(
        select(Category, CategoryForm.form)
        .join(CategoryForm, CategoryForm.category_id == Category.id)
        .where(Category.jurisdiction_id == town)
        .where(Category.active)
        .where(CategoryForm.retired_at.is_(None))
        .order_by(Category.position, Category.code)
    )
    return {
        at.code: {
            "group": codes[CategoryGroup].get(at.group_id),
            "name": form["name"],
            "description": form["description"],
            "public": at.is_public,
            "blur_m": at.blur_m,
            "areas": list(at.areas),
            "stop": form["stop"],
            "questions": form["questions"],
        }
        for at, form in rows
    }


def _rules(session: Session, town: int, codes: dict[Any, dict[int | None, str]]) -> dict[str, Values]:
    found = {}
    for at in session.scalars(select(Rule).where(Rule.jurisdiction_id == town).order_by(Rule.code)):
        layer = codes[Layer].get(at.layer_id)
        found[at.code] = {
            "priority": at.priority,
            "category": codes[Category].get(at.category_id),
            "group": codes[CategoryGroup].get(at.group_id),
            "layer": layer if at.area_code is None else None,
            "area": f"{layer}:{at.area_code}" if at.area_code is not None else None,
            "department": codes[Department].get(at.department_id),
            "body": codes[ExternalBody].get(at.external_body_id),
        }
    return found


def _staff(session: Session, town: int, codes: dict[Any, dict[int | None, str]], is_whole: bool) -> dict[str, Values]:
    people = session.scalars(
        select(Person)
        .where(Person.jurisdiction_id == town)
        .where(Person.role != "resident")
        .where(Person.code.is_not(None))
        .where(Person.active)
        .order_by(Person.code)
    )
    return {
        at.code: {
            "name": at.name,
            "role": at.role,
            "crew": codes[Crew].get(at.crew_id),
            # A crew's department is its crew's; the file does not repeat it.
            "department": None if at.role == "crew" else codes[Department].get(at.department_id),
            "departments": _further(at, codes[Department]),
            "areas": list(at.area_keys or []),
            **({} if at.origin == TOWN else {"origin": at.origin}),
        }
        for at in people
        if at.code is not None and (is_whole or at.origin == TOWN)
    }


def _further(at: Person, codes: dict[int | None, str]) -> list[str]:
    """The departments that somebody works for beside their own."""
    return sorted(codes[key] for key in at.department_ids or [] if key != at.department_id)
