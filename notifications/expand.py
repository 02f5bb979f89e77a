"""Announcements become notifications: set-based, a chunk a transaction, safe to repeat."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from core import queue
from core.ids import new_id
from notifications import announce, delivery
from notifications.audience import NOBODY, audience

MOST_PEOPLE = 1_000  # planned in one transaction
MOST_ANNOUNCEMENTS = 200  # taken off the queue at once: at intake nearly all of them concern nobody

# NO KEY UPDATE: notifications that refer to the announcement may be written meanwhile. In one order, so two batches never
# wait for each other in a ring.
_UNEXPANDED = text(
    """
    SELECT a.id, a.event, a.seq, r.visibility
    FROM announcement a
    JOIN report r ON r.id = a.report_id
    WHERE a.id = ANY(:ids)
      AND a.expanded_at IS NULL
    ORDER BY a.id
    FOR NO KEY UPDATE OF a
    """
)
# People are planned in the order of their ids, so the last one planned says where to go on after a chunk or a kill.
_PLAN = text(
    """
    WITH told AS (
      SELECT t.reporter, t.followers, a.id, a.jurisdiction_id, a.actor_id, a.report_id, a.created_at,
             r.person_id AS reporter_id, r.department_id,
             coalesce((SELECT n.person_id FROM notification n WHERE n.announcement_id = a.id AND n.channel = 'push'
                       ORDER BY n.person_id DESC LIMIT 1), '00000000-0000-0000-0000-000000000000'::uuid) AS planned_to
      FROM unnest(CAST(:ids AS uuid[]), CAST(:reporter AS boolean[]), CAST(:followers AS text[])) AS t (id, reporter, followers)
      JOIN announcement a ON a.id = t.id
      JOIN report r ON r.id = a.report_id
    ), listener AS (
      SELECT told.id, told.jurisdiction_id, heard.person_id
      FROM told CROSS JOIN LATERAL (
        (SELECT f.person_id
         FROM follow f
         JOIN person p ON p.id = f.person_id
         WHERE f.report_id = told.report_id
           AND f.person_id > told.planned_to
           AND f.person_id IS DISTINCT FROM told.actor_id
           AND f.created_at <= told.created_at
           AND (told.followers = 'all'
                OR told.followers = 'who_may_see_it'
                   AND (p.role IN ('dispatcher', 'admin') OR p.role = 'crew' AND p.department_id = told.department_id))
           AND p.active
           AND EXISTS (SELECT 1 FROM device d WHERE d.person_id = p.id AND d.push_value IS NOT NULL AND d.push_retired_at IS NULL)
         ORDER BY f.person_id
         LIMIT :most)
        UNION
        SELECT p.id
        FROM person p
        WHERE told.reporter
          AND p.id = told.reporter_id
          AND p.id > told.planned_to
          AND p.id IS DISTINCT FROM told.actor_id
          AND p.active
          AND EXISTS (SELECT 1 FROM device d WHERE d.person_id = p.id AND d.push_value IS NOT NULL AND d.push_retired_at IS NULL)
      ) AS heard
      ORDER BY told.id, heard.person_id
      LIMIT :most
    )
    INSERT INTO notification (id, jurisdiction_id, announcement_id, person_id, channel)
    SELECT (CAST(:new_ids AS uuid[]))[row_number() OVER (ORDER BY id, person_id)], jurisdiction_id, id, person_id, 'push'
    FROM listener
    ON CONFLICT DO NOTHING
    RETURNING id, announcement_id
    """
)
_EXPANDED = text("UPDATE announcement SET expanded_at = now() WHERE id = ANY(:ids)")
_WAITING_LONG = text(
    """
    SELECT a.id::text
    FROM announcement a
    WHERE a.expanded_at IS NULL
      AND a.created_at < now() - make_interval(secs => :older_s)
    ORDER BY a.created_at
    LIMIT 1000
    """
)


@dataclass(frozen=True)
class Expanded:
    """What one transaction planned."""

    announcement_count: int
    notification_count: int


def expand(session: Session, announcement_id: UUID) -> Expanded:
    """Plan who is told of this announcement, and of up to MOST_ANNOUNCEMENTS others that are waiting.

    Plans at most MOST_PEOPLE notifications and writes their delivery jobs, and a job for what is left, all in the caller's
    transaction. Running it twice plans nobody twice.
    """
    others = queue.take_along(session, announce.TASK, announce.QUEUE, "announcement_id", MOST_ANNOUNCEMENTS - 1)
    ids = [announcement_id, *map(UUID, others)]
    unexpanded = list(session.execute(_UNEXPANDED, {"ids": ids}).mappings())
    planned = _plan(session, unexpanded)
    is_crowd = len(planned) >= MOST_PEOPLE
    unfinished = _unfinished(unexpanded, planned) if is_crowd else []
    finished = [row["id"] for row in unexpanded if row["id"] not in unfinished]
    session.execute(_EXPANDED, {"ids": finished})
    priority = queue.CROWD if is_crowd else 0
    delivery.hand_out(session, [row["id"] for row in planned], priority)
    args = [{"announcement_id": str(one)} for one in unfinished]
    queue.defer_each(session, announce.TASK, announce.QUEUE, args, priority)
    return Expanded(len(unexpanded), len(planned))


def requeue_forgotten(session: Session, older_s: float) -> int:
    """Write a job for each announcement that waits without one, as after a restore without the queue. Returns how many."""
    waiting = session.execute(_WAITING_LONG, {"older_s": older_s}).scalars().all()
    forgotten = queue.without_job(session, announce.TASK, "announcement_id", waiting)
    queue.defer_each(session, announce.TASK, announce.QUEUE, [{"announcement_id": one} for one in forgotten])
    return len(forgotten)


def _plan(session: Session, unexpanded: Sequence[RowMapping]) -> Sequence[RowMapping]:
    audiences = [(row["id"], audience(row["event"], row["seq"], row["visibility"])) for row in unexpanded]
    telling = [(key, who) for key, who in audiences if who != NOBODY]
    if not telling:
        return []
    values = {
        "ids": [key for key, _ in telling],
        "reporter": [who.reporter for _, who in telling],
        "followers": [who.followers.value for _, who in telling],
        "most": MOST_PEOPLE,
        "new_ids": [new_id() for _ in range(MOST_PEOPLE)],
    }
    return session.execute(_PLAN, values).mappings().all()


def _unfinished(unexpanded: Sequence[RowMapping], planned: Sequence[RowMapping]) -> list[UUID]:
    """People were planned in the order of announcements, so the last one reached and all after it may have more."""
    last = max(row["announcement_id"] for row in planned)
    return [row["id"] for row in unexpanded if row["id"] >= last]
