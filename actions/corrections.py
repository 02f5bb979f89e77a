"""The desk puts right what a report is about and where it is; it goes where it then belongs."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.family import SPLIT
from actions.history import add_line
from actions.moves import Said
from actions.relations import kind_of
from actions.templates import category_name
from actions.triage import named, reroute
from domain.access import Caller, scope_of
from domain.city import Category, CategoryForm, Department
from domain.errors import FieldError, Invalid
from domain.forms import check_given_answers
from domain.reports import Report
from geo.pins import as_pin, as_public_pin, pin_of
from geo.points import LonLat
from geo.routing import Decision, decide

KIND = "corrected"


@dataclass(frozen=True)
class Correction:
    """What a report is to become. `decision` is there when category or place change: who gets it then."""

    category: Category
    form: CategoryForm
    place: LonLat
    is_moved: bool
    priority: str
    answers: dict[str, Any] = field(default_factory=dict)
    decision: Decision | None = None


def planned(session: Session, report: Report, wishes: dict[str, Any]) -> Correction:
    """What the desk's wishes come to: codes looked up, and for another category or place the decision that intake would make.

    wishes: category (a code), place, priority, answers; what is left out stays. Raises Invalid for an unknown category.
    """
    category, form = _kind(session, report, wishes.get("category"))
    now = pin_of(session, report.id)
    place = wishes.get("place") or now
    is_decided_anew = category.id != report.category_id or place != now
    decision = (
        decide(session, report.jurisdiction_id, category.id, category.group_id, place) if is_decided_anew else None
    )
    priority = wishes.get("priority") or report.priority
    return Correction(category, form, place, place != now, priority, wishes.get("answers") or {}, decision)


def correct(session: Session, caller: Caller, report: Report, wanted: Correction, said: Said) -> None:
    """Make a locked report what it should have been. What is so already changes nothing.

    Another department by that: as with a re-route, and everybody hears. Old answers stay under their questions, and what
    was private stays private. Raises Invalid for answers that do not fit their question.
    """
    offered, here = wanted.category.areas, wanted.decision.area_keys if wanted.decision is not None else []
    if wanted.decision is not None and offered and not set(offered) & set(here):
        raise Invalid([FieldError("/category", "not-offered-here")])
    before = scope_of(report)
    facts = {
        **_set_category(session, report, wanted),
        **_set_place(session, report, wanted),
        **_set_rest(report, wanted),
    }
    if not facts:
        return
    told: dict[str, Any] = {KIND: facts}
    decision = wanted.decision
    if decision is not None and decision.department_id != report.department_id:
        department = session.get(Department, decision.department_id) if decision.department_id is not None else None
        told |= named(department)
        reroute(session, caller, report, decision.department_id, decision.routed_by, said, told, KIND, before)
        return
    if decision is not None:
        report.routed_by = decision.routed_by
    report.version += 1
    add_line(
        session,
        caller,
        report,
        KIND,
        before=before,
        captured_at=said.captured_at,
        note=said.note,
        is_public="category" in facts,
        data=told,
    )


def _kind(session: Session, report: Report, code: str | None) -> tuple[Category, CategoryForm]:
    present = session.get_one(Category, report.category_id)
    if code is not None and code != present.code:
        found = kind_of(session, report.jurisdiction_id, code)
        if found is None:
            raise Invalid([FieldError("/category", "unknown-category")])
        return found
    form = session.scalars(
        select(CategoryForm)
        .where(CategoryForm.category_id == present.id)
        .where(CategoryForm.version == report.form_version)
    ).one()
    return present, form


def _set_category(session: Session, report: Report, wanted: Correction) -> dict[str, Any]:
    if wanted.category.id == report.category_id:
        return {}
    former = session.get_one(Category, report.category_id)
    moved = {
        "from": {"code": former.code, "name": category_name(session, former.id)},
        "to": {"code": wanted.category.code, "name": wanted.form.form["name"]},
    }
    report.category_id, report.form_version = wanted.category.id, wanted.form.version
    if report.source != SPLIT:  # a part is never public
        report.visibility = "public" if wanted.category.is_public else "private"
    report.public_location = as_public_pin(wanted.place, wanted.category.blur_m)
    return {"category": moved}


def _set_place(session: Session, report: Report, wanted: Correction) -> dict[str, Any]:
    if wanted.decision is not None:
        areas = wanted.decision.areas
        report.areas = areas
        report.area_keys = [f"{layer}:{areas[layer]['code']}" for layer in sorted(areas)]
    if not wanted.is_moved:
        return {}
    former = pin_of(session, report.id)
    report.location = as_pin(wanted.place)
    report.public_location = as_public_pin(wanted.place, wanted.category.blur_m)
    report.accuracy_m = None  # a person has put it there
    return {"location": {way: {"lon": at.lon, "lat": at.lat} for way, at in (("from", former), ("to", wanted.place))}}


def _set_rest(report: Report, wanted: Correction) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if wanted.priority != report.priority:
        facts["priority"] = {"from": report.priority, "to": wanted.priority}
        report.priority = wanted.priority
    public, private = check_given_answers(wanted.form.form, wanted.answers)
    answers, kept_private = dict(report.answers), dict(report.private_answers or {})
    for code in wanted.answers:
        answers.pop(code, None)
        kept_private.pop(code, None)
    answers |= public
    kept_private |= private
    if answers != report.answers or (kept_private or None) != (report.private_answers or None):
        facts["answers"] = sorted(wanted.answers)
        report.answers, report.private_answers = answers, kept_private or None
    return facts
