"""What was lost on the way, found again: claims of dead workers, and rows without a job."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core import queue
from notifications import announce, delivery
from notifications.patience import Patience

_RETURN_STUCK = text(
    """
    UPDATE notification n
    SET state = 'waiting', reason = 'worker-lost'
    FROM (
      SELECT id
      FROM notification
      WHERE state = 'sending'
        AND claimed_at < now() - make_interval(secs => :stuck_s)
      ORDER BY claimed_at, id
      LIMIT 1000
      FOR NO KEY UPDATE SKIP LOCKED
    ) AS stuck
    WHERE n.id = stuck.id
    RETURNING n.id
    """
)
_UNEXPANDED_LONG = text(
    """
    SELECT a.id::text
    FROM announcement a
    WHERE a.expanded_at IS NULL
      AND a.created_at < now() - make_interval(secs => :older_s)
    ORDER BY a.created_at
    LIMIT 1000
    """
)
_WAITING_LONG = text(
    """
    SELECT id::text
    FROM notification
    WHERE state = 'waiting'
      AND created_at < now() - make_interval(secs => :older_s)
    ORDER BY id
    LIMIT 10000
    """
)


def return_stuck(session: Session, patience: Patience) -> int:
    """Bring back what a lost worker had claimed. Returns how many; call again while it is not 0."""
    ids = session.execute(_RETURN_STUCK, {"stuck_s": patience.stuck_s}).scalars().all()
    delivery.hand_out(session, ids)
    return len(ids)


def requeue_announcements(session: Session, older_s: float) -> int:
    """Write a job for each announcement that waits without one, as after a restore without the queue. Returns how many."""
    waiting = session.execute(_UNEXPANDED_LONG, {"older_s": older_s}).scalars().all()
    forgotten = queue.without_job(session, announce.TASK, "announcement_id", waiting)
    queue.defer_each(session, announce.TASK, announce.QUEUE, [{"announcement_id": one} for one in forgotten])
    return len(forgotten)


def requeue_notifications(session: Session, older_s: float) -> int:
    """Write a job for notifications that wait without one, as after a restore without the queue. Returns how many."""
    waiting = session.execute(_WAITING_LONG, {"older_s": older_s}).scalars().all()
    forgotten = queue.without_job(session, delivery.TASK, "notification_ids", waiting)
    delivery.hand_out(session, [UUID(one) for one in forgotten])
    return len(forgotten)
