"""Clocks: what the worker does for them once a second, twice a minute, and when the town's targets change."""

import logging
from uuid import UUID

from sqlalchemy import select

from actions.clocks.admission import admit_new, is_anything_new
from actions.clocks.renewal import renew
from actions.clocks.telling import MOST, tell_what_is_due
from core.db import transaction
from domain.base import Jurisdiction
from jobs.tasks import Work

log = logging.getLogger(__name__)


def admit(work: Work) -> None:
    """Let into the queue what has come in since the last time."""
    with transaction() as session:
        towns = [town for town in session.scalars(select(Jurisdiction.id)) if is_anything_new(session, town)]
    for town in towns:
        while _admit_some(town):
            pass


def _admit_some(town: int) -> bool:
    with transaction() as session:
        return admit_new(session, town)


def tell_due(work: Work) -> None:
    """Tell what is due soon, overdue and escalated by now."""
    total = 0
    while True:
        with transaction() as session:
            looked_at = tell_what_is_due(session)
        total += looked_at
        if looked_at < MOST:
            break
    if total:
        log.info("clocks told", extra={"reports": total})


def renew_clocks(work: Work, after: str | None = None) -> None:
    """Set open clocks by targets and calendars that have changed, a chunk at a time."""
    with transaction() as session:
        renew(session, UUID(after) if after else None)
