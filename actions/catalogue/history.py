"""Who changed what of the town: one row for each item that an apply, an import, an admin or a command changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.catalogue.plan import ORDERED, SECTIONS, Plan, Values
from domain.city import CatalogueChange
from domain.people import Person

TOWN = "town"
OUTLINE = "outline"  # the second line of that section
ORDERS = {"groups": "group-order", "categories": "category-order"}
ORDER = "order"


@dataclass(frozen=True)
class Doer:
    """By which way a change comes (one of domain.city.ORIGINS), and whose it is; no person: the command line."""

    origin: str
    person_id: UUID | None = None


COMMAND = Doer("command")
APPLY = Doer("apply")
IMPORT_AREAS = Doer("import-areas")


@dataclass(frozen=True)
class Change:
    """One item before and after; None where it was not there or is gone."""

    section: str
    code: str
    before: Values | None
    after: Values | None


def note_change(
    session: Session, town_id: int, doer: Doer, section: str, code: str, before: Values | None, after: Values | None
) -> None:
    """Write one line of the history. Never give it a secret or a shape."""
    session.add(
        CatalogueChange(
            jurisdiction_id=town_id,
            person_id=doer.person_id,
            origin=doer.origin,
            section=section,
            code=code,
            before=before,
            after=after,
        )
    )


def note_changes(session: Session, town_id: int, doer: Doer, now: Plan | None, wanted: Plan) -> None:
    """Write a line for everything in which `wanted` differs from what was in force."""
    for change in changes(now, wanted):
        note_change(session, town_id, doer, change.section, change.code, change.before, change.after)
    session.flush()


def changes_page(
    session: Session, town_id: int, *, section: str | None, code: str | None, before_id: int | None, limit: int
) -> list[tuple[CatalogueChange, str | None]]:
    """Lines of the history with the code of who wrote them, the newest first, behind `before_id`."""
    wanted = select(CatalogueChange, Person.code).outerjoin(Person, Person.id == CatalogueChange.person_id)
    wanted = wanted.where(CatalogueChange.jurisdiction_id == town_id)
    if section is not None:
        wanted = wanted.where(CatalogueChange.section == section)
    if code is not None:
        wanted = wanted.where(CatalogueChange.code == code)
    if before_id is not None:
        wanted = wanted.where(CatalogueChange.id < before_id)
    rows = session.execute(wanted.order_by(CatalogueChange.id.desc()).limit(limit))
    return [(change, by) for change, by in rows]


def changes(now: Plan | None, wanted: Plan) -> Iterator[Change]:
    """Every item that differs, in the order of the sections."""
    before = now.town if now is not None else None
    if before != wanted.town:
        yield Change(TOWN, TOWN, before, wanted.town)
    before, after = _outline(now), _outline(wanted)
    if before != after:
        yield Change(TOWN, OUTLINE, before, after)
    for section in SECTIONS:
        old = now.sections[section] if now is not None else {}
        new = wanted.sections[section]
        for code in [*new, *(code for code in old if code not in new)]:
            if old.get(code) != new.get(code):
                yield Change(section, code, old.get(code), new.get(code))
        if section in ORDERED and now is not None:
            kept_before, kept_after = ([c for c in one if c in other] for one, other in ((old, new), (new, old)))
            if kept_before != kept_after:
                yield Change(ORDERS[section], ORDER, {"codes": list(old)}, {"codes": list(new)})


def _outline(plan: Plan | None) -> Values | None:
    """Of shapes only a hash is kept."""
    return None if plan is None else {"outline": plan.outline.content_hash}
