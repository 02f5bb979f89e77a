"""What a town may not do to itself: changes that would leave reports without an owner or outside, or rewrite history."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from actions.catalogue.in_force import layer_ids
from actions.catalogue.mistakes import Mistake
from actions.catalogue.plan import Plan
from domain.base import Jurisdiction
from domain.city import Crew, Department
from domain.reports import Report
from domain.status import PHASES, Phase
from geo.editions import EditionTaken, refuse_taken_edition, reports_left_outside

_OPEN = [status.value for status, phase in PHASES.items() if phase != Phase.CLOSED]


def objections(session: Session, row: Jurisdiction, now: Plan, wanted: Plan, allow_outside: bool) -> list[Mistake]:
    """Every reason not to put `wanted` in force; empty when there is none."""
    if row.code != wanted.town["code"]:
        return [Mistake(("town", "code"), "other-town", {"value": row.code, "wanted": wanted.town["code"]})]
    return [
        *_owners(session, "departments", Department, Report.department_id, now, wanted),
        *_owners(session, "crews", Crew, Report.crew_id, now, wanted),
        *_editions(session, row, wanted),
        *([] if allow_outside else outline_objections(session, row, now.outline.wkb, wanted.outline.wkb)),
    ]


def outline_objections(session: Session, row: Jurisdiction, present: bytes, wanted: bytes) -> list[Mistake]:
    """The reason against another outline: reports that it would leave outside."""
    if present == wanted or not (count := reports_left_outside(session, row.id, wanted)):
        return []
    says = "leaves-one-report-outside" if count == 1 else None
    return [Mistake(("town", "outline"), "leaves-reports-outside", {"count": count}, says)]


def _owners(session: Session, section: str, model: Any, owner: Any, now: Plan, wanted: Plan) -> list[Mistake]:
    gone = [code for code in now.sections[section] if code not in wanted.sections[section]]
    if not gone:
        return []
    rows = session.execute(
        select(model.code, func.count())
        .join(Report, owner == model.id)
        .where(model.code.in_(gone))
        .where(Report.status.in_(_OPEN))
        .group_by(model.code)
        .order_by(model.code)
    )
    return [
        Mistake((section, code), "has-open-reports", {"count": count}, "has-an-open-report" if count == 1 else None)
        for code, count in rows
    ]


def _editions(session: Session, row: Jurisdiction, wanted: Plan) -> list[Mistake]:
    layers = layer_ids(session, row.id)
    found = []
    for code, values in wanted.sections["layers"].items():
        if code not in layers:
            continue
        try:
            refuse_taken_edition(session, layers[code], values["edition"], values["content"])
        except EditionTaken:
            found.append(taken_edition(code, values["edition"]))
    return found


def taken_edition(layer: str, label: str) -> Mistake:
    """Why a label cannot be used again."""
    return Mistake(("layers", layer, "edition"), "taken-edition", {"value": label})
