"""Words that a city has written beforehand, with what a report fills in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from sqlalchemy import false, or_, select
from sqlalchemy.orm import Session

from domain.base import Jurisdiction
from domain.city import Category, CategoryForm, CategoryGroup, Crew, Department
from domain.errors import FieldError, Invalid
from domain.reports import Report
from domain.status import Status
from domain.workflow import ResponseTemplate

_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Words = dict[str, str]


@dataclass(frozen=True)
class Filled:
    """A template with a report's facts in it, in every language; `lacks` names those that the report does not have."""

    text: Words
    lacks: list[str]


@dataclass(frozen=True)
class Listed:
    """A template, and the codes of what it is for."""

    template: ResponseTemplate
    category: str | None
    group: str | None


def templates_of(session: Session, town_id: int, status: str | None, category: str | None) -> list[Listed]:
    """Templates in force; of a status, and those that a report of a category can have.

    Raises Invalid for a category that there is not.
    """
    wanted = (
        select(ResponseTemplate, Category.code, CategoryGroup.code)
        .outerjoin(Category, Category.id == ResponseTemplate.category_id)
        .outerjoin(CategoryGroup, CategoryGroup.id == ResponseTemplate.group_id)
        .where(ResponseTemplate.jurisdiction_id == town_id)
        .where(ResponseTemplate.active)
    )
    if status is not None:
        wanted = wanted.where(ResponseTemplate.status == status)
    if category is not None:
        found = session.scalar(
            select(Category).where(Category.jurisdiction_id == town_id).where(Category.code == category)
        )
        if found is None:
            raise Invalid([FieldError("?category", "unknown-category")])
        wanted = wanted.where(_fits(found))
    rows = session.execute(wanted.order_by(ResponseTemplate.code))
    return [Listed(template, category_code, group_code) for template, category_code, group_code in rows]


def template_by_code(session: Session, town_id: int, code: str) -> ResponseTemplate | None:
    """The template in force of this code."""
    return session.scalar(
        select(ResponseTemplate)
        .where(ResponseTemplate.jurisdiction_id == town_id)
        .where(ResponseTemplate.code == code)
        .where(ResponseTemplate.active)
    )


def template_for(session: Session, report: Report, status: Status, code: str) -> ResponseTemplate:
    """The template that a move of this report to `status` names.

    Raises Invalid at /template for one that is not there, or for another status or category.
    """
    found = template_by_code(session, report.jurisdiction_id, code)
    if found is None:
        raise Invalid([FieldError("/template", "unknown-template")])
    category = session.get_one(Category, report.category_id)
    is_for_it = found.category_id in (None, category.id) and found.group_id in (None, category.group_id)
    if found.status != status.value or not is_for_it:
        raise Invalid([FieldError("/template", "other-template")])
    return found


def filled(
    session: Session,
    report: Report,
    template: ResponseTemplate,
    reason: str | Words | None,
    expected_at: datetime | None,
) -> Filled:
    """The template's text for this report as it stands. reason: free text, or a name by language."""
    facts = _facts(session, report, reason, expected_at or report.expected_at)
    texts: Words = {}
    lacks: list[str] = []
    for language, text in template.text.items():
        known = {name: _in(words, language) for name, words in facts.items()}
        lacks += [name for name in _PLACEHOLDER.findall(text) if not known.get(name) and name not in lacks]
        texts[language] = _PLACEHOLDER.sub(lambda found, known=known: known.get(found[1]) or found[0], text)  # type: ignore[misc]
    return Filled(texts, lacks)


def _facts(
    session: Session, report: Report, reason: str | Words | None, expected_at: datetime | None
) -> dict[str, str | Words | None]:
    town = session.get_one(Jurisdiction, report.jurisdiction_id)
    crew = session.get(Crew, report.crew_id) if report.crew_id is not None else None
    department = session.get(Department, report.department_id) if report.department_id is not None else None
    return {
        "reference": report.reference,
        "category": category_name(session, report.category_id),
        "department": department.name if department else None,
        "crew": crew.name if crew else None,
        "expected_on": _days(expected_at, town.time_zone, town.languages) if expected_at else None,
        "reason": reason,
        "town": town.name,
    }


def category_name(session: Session, category_id: int) -> Words:
    """A category's name by language, as its form has it now or had it last."""
    form: dict[str, Any] = session.scalars(
        select(CategoryForm.form)
        .where(CategoryForm.category_id == category_id)
        .order_by(CategoryForm.retired_at.desc().nulls_first())
        .limit(1)
    ).one()
    return form["name"]


def _days(moment: datetime, time_zone: str, languages: Sequence[str]) -> Words:
    """The day in the town, as each language writes it."""
    day = moment.astimezone(ZoneInfo(time_zone)).date()
    return {language: format_date(day, format="long", locale=_locale(language)) for language in languages}


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _in(words: str | Words | None, language: str) -> str | None:
    if words is None or isinstance(words, str):
        return words
    return words.get(language) or next(iter(words.values()), None)


def _fits(category: Category) -> Any:
    """Templates of this category, of its group, or of any."""
    of_group = ResponseTemplate.group_id == category.group_id if category.group_id is not None else false()
    of_any = ResponseTemplate.category_id.is_(None) & ResponseTemplate.group_id.is_(None)
    return or_(ResponseTemplate.category_id == category.id, of_group, of_any)
