"""Changing one item of what is in force: as careful as `mendway apply` is with a whole file, and by the same readers."""

import hashlib
import logging
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.orm import Session

from actions.catalogue.apply import hold_the_catalogue
from actions.catalogue.clocks import renew_clocks_after
from actions.catalogue.differences import Difference, differences
from actions.catalogue.grounds import GroundInForce
from actions.catalogue.guards import objections
from actions.catalogue.history import Doer, note_changes
from actions.catalogue.in_force import area_codes, read_in_force, town_row
from actions.catalogue.mistakes import BadTown, Mistake
from actions.catalogue.plan import TABLES, Plan, Values
from actions.catalogue.read import FORMAT, read_values
from actions.catalogue.write import put_plan
from domain.base import Jurisdiction
from domain.errors import LastAdmin

log = logging.getLogger(__name__)

_QUIET = {"content", "origin"}  # what is kept of an item and is not for anybody to write


@dataclass(frozen=True)
class Held:
    """What is in force, held so that nobody else changes it meanwhile."""

    row: Jurisdiction
    now: Plan

    def item(self, section: str, code: str) -> Values | None:
        return self.now.sections[section].get(code)


@dataclass(frozen=True)
class Changed:
    """How it stands, or would stand, and in what that differs from before."""

    plan: Plan
    differences: list[Difference]


def held_town(session: Session) -> Held:
    """The town in force, held until the transaction ends. Raises BadTown while there is none."""
    hold_the_catalogue(session)
    return seen_town(session)


def seen_town(session: Session) -> Held:
    """The town in force, to look at."""
    row = town_row(session)
    if row is None:
        raise BadTown([Mistake((), "no-town")])
    return Held(row, read_in_force(session, row, whole_staff=True))


def change_held(session: Session, held: Held, values: Values, doer: Doer, *, dry_run: bool) -> Changed:
    """Put `values`, all of a town as `as_values` gives it, in force, or with `dry_run` only say what would change.

    Raises BadTown with everything that is wrong anywhere in the town then, LastAdmin; then nothing has changed.
    """
    ground = GroundInForce(held.now, area_codes(session, held.row.id))
    wanted = read_values(values, ground, [])
    for code, member in wanted.sections["staff"].items():
        before = held.item("staff", code)
        if before is not None and "origin" in before:
            member["origin"] = before["origin"]
    if against := objections(session, held.row, held.now, wanted, allow_outside=False):
        raise BadTown(against)
    if _has_admin(held.now) and not _has_admin(wanted):
        raise LastAdmin()
    found = differences(held.now, wanted)
    if found and not dry_run:
        put_plan(session, held.row, wanted, whole_staff=True)
        note_changes(session, held.row.id, doer, held.now, wanted)
        renew_clocks_after(session, found)
        log.info("town changed", extra={"differences": len(found)})
    return Changed(wanted, found)


def as_values(plan: Plan) -> Values:
    """All of a town as its town.toml would say it, but for where its outline and areas are."""
    tables = {key: plan.town[key] or None for key in TABLES}
    town = {key: value for key, value in plan.town.items() if key not in TABLES}
    whole = {"format": FORMAT, "town": town, **tables}
    sections = {
        section: {code: {key: at[key] for key in at if key not in _QUIET} for code, at in items.items()}
        for section, items in plan.sections.items()
    }
    return without_nulls(deepcopy({**whole, **sections}))


def without_nulls(value: Any) -> Any:
    """What is null is not there: TOML has no null."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def version_of(values: Any) -> str:
    """A version that is the content: it changes with every change, whoever makes it."""
    return hashlib.sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def in_order(items: Values, codes: Sequence[str]) -> Values:
    """The items in another order."""
    return {code: items[code] for code in codes}


def _has_admin(plan: Plan) -> bool:
    return any(member["role"] == "admin" for member in plan.sections["staff"].values())
