"""Putting a town.toml in force: compare, object, write; all in the caller's transaction."""

import logging
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from actions.catalogue.clocks import renew_clocks_after
from actions.catalogue.differences import Difference, differences
from actions.catalogue.guards import objections
from actions.catalogue.history import APPLY, note_changes
from actions.catalogue.in_force import read_in_force, town_row
from actions.catalogue.mistakes import BadTown
from actions.catalogue.plan import Plan
from actions.catalogue.read import read_town
from actions.catalogue.write import put_plan

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Applied:
    """What came of it: what the file says and how it differed from what was in force."""

    plan: Plan
    differences: list[Difference]


def apply_town(session: Session, path: Path, *, dry_run: bool = False, allow_outside: bool = False) -> Applied:
    """Put the file in force, or with `dry_run` only say what would change. The same file a second time changes nothing.

    Nothing that reports refer to is deleted: what the file no longer names becomes inactive; only rules go.
    Raises BadTown with every mistake in the file and every reason against it; then nothing has changed.
    """
    hold_the_catalogue(session)
    row = town_row(session)
    wanted = read_town(session, path)
    now = read_in_force(session, row) if row is not None else None
    if row is not None and now is not None and (against := objections(session, row, now, wanted, allow_outside)):
        raise BadTown(against)
    found = differences(now, wanted)
    if found and not dry_run:
        town = put_plan(session, row, wanted)
        note_changes(session, town.id, APPLY, now, wanted)
        renew_clocks_after(session, found)
        log.info("town applied", extra={"town": wanted.town["code"], "differences": len(found)})
    return Applied(wanted, found)


def hold_the_catalogue(session: Session) -> None:
    """One change of the catalogue at a time, with as long as large files take."""
    session.execute(text("SET LOCAL statement_timeout = '10min'"))
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('mendway.catalogue'))"))
