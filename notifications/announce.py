"""A change becomes one announcement and one job, in the caller's transaction, however many listen."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from core import queue
from core.ids import new_id
from domain.messages import Announcement
from domain.reports import Report

TASK = "expand_announcement"
QUEUE = "announcements"


def announce(
    session: Session, report: Report, seq: int, event: str, actor_id: UUID | None, data: dict[str, Any] | None = None
) -> UUID:
    """Say that line `seq` of this report's history may be worth telling; who hears is decided when the job runs.

    The SQL function `submit_report` does the same at intake. An event that `audience.py` does not know reaches nobody.
    """
    announcement_id = new_id()
    session.execute(
        insert(Announcement).values(
            id=announcement_id,
            jurisdiction_id=report.jurisdiction_id,
            report_id=report.id,
            seq=seq,
            event=event,
            actor_id=actor_id,
            data=data or {},
        )
    )
    queue.defer(session, TASK, QUEUE, {"announcement_id": str(announcement_id)})
    return announcement_id
