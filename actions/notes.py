"""What staff write for each other."""

from datetime import datetime

from sqlalchemy.orm import Session

from actions.history import add_line
from domain.access import Caller
from domain.reports import Report, ReportEvent

NOTE = "note"


def add_note(
    session: Session, caller: Caller, report: Report, words: str, captured_at: datetime | None = None
) -> ReportEvent:
    """Add a line to a locked report that only staff ever read. It changes nothing that somebody else could have seen."""
    return add_line(session, caller, report, NOTE, captured_at=captured_at, note=words, is_public=False)
