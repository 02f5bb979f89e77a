"""Closing the town for maintenance and opening it again. Every process knows within seconds."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from actions.catalogue.history import Doer, note_change
from domain.base import Jurisdiction


@dataclass(frozen=True)
class Closure:
    """What people are told, by language (empty: the usual sentence), and when it is thought to end."""

    text: dict[str, str]
    until: datetime | None


def begin(session: Session, town: Jurisdiction, closure: Closure, doer: Doer) -> None:
    """Take nothing in any more; said again, it tells people something else."""
    since = (town.maintenance or {}).get("since") or _told(datetime.now(UTC))
    _set(
        session,
        town,
        {
            "text": closure.text,
            "since": since,
            "until": _told(closure.until) if closure.until else None,
        },
        doer,
    )


def end(session: Session, town: Jurisdiction, doer: Doer) -> None:
    """Take reports in again."""
    _set(session, town, None, doer)


def _set(session: Session, town: Jurisdiction, wanted: dict[str, Any] | None, doer: Doer) -> None:
    if town.maintenance == wanted:
        return
    note_change(session, town.id, doer, "town", "maintenance", town.maintenance, wanted)
    town.maintenance = wanted
    session.flush()


def _told(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
