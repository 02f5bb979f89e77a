"""The parts of a report, as those see them who work on it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from domain.access import Caller, in_hands_of
from domain.status import PHASES, Phase

MOST_SHOWN = 50
_OVER = [status.value for status, phase in PHASES.items() if phase == Phase.CLOSED]
_OPEN = text("SELECT count(*) FROM report WHERE parent_id = :parent AND status <> ALL(CAST(:over AS text[]))")


@dataclass(frozen=True)
class Parts:
    """Those that the caller may see, and how many of all are not over."""

    rows: list[RowMapping]
    open_count: int


def parts_of(session: Session, caller: Caller, report_id: UUID) -> Parts:
    """The parts of a report in the order in which they were made."""
    own = in_hands_of(caller)
    statement = (
        f"SELECT * FROM whole_report WHERE parent_id = :parent AND {own.sql}"  # noqa: S608 - ours; values are bound
        " ORDER BY received_at, id LIMIT :most"
    )
    values = {"parent": report_id, "most": MOST_SHOWN, **own.params}
    rows = list(session.execute(text(statement), values).mappings())
    return Parts(rows, session.execute(_OPEN, {"parent": report_id, "over": _OVER}).scalar_one())
