"""Announcements become notifications: set-based, a chunk a transaction, safe to repeat."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from core import queue
from domain.rights import Right, holders
from notifications import announce, delivery
from notifications.audience import NOBODY, audience

MOST_PEOPLE = 1_000  # planned in one transaction
MOST_ANNOUNCEMENTS = 200  # taken off the queue at once: at intake nearly all of them concern nobody

# NO KEY UPDATE: notifications that refer to the announcement may be written meanwhile. In one order, so two batches never
# wait for each other in a ring.
_UNEXPANDED = text(
    """
    SELECT a.id, a.event, a.seq, CASE WHEN r.held_at IS NULL THEN r.visibility ELSE 'private' END AS visibility
    FROM announcement a
    JOIN report r ON r.id = a.report_id
    WHERE a.id = ANY(:ids)
      AND a.expanded_at IS NULL
    ORDER BY a.id
    FOR NO KEY UPDATE OF a
    """
)
# People are planned in the order of their ids, so the last one planned says where to go on after a chunk or a kill.
# What is asked of each person stands in subqueries of their own: joined in, it led the planner to look at every follower for
# each chunk of a crowd (0.9 s instead of 0.05 s at 100,000). Ids are UUIDv7 as from core.ids: the time in ms over 48 bits, then
# the version, 0111, made of a random UUID's 0100 by two bits.
_PLAN = text(
    """
    WITH told AS (
      SELECT t.reporter, t.followers, t.workers, t.supervisors, a.id, a.jurisdiction_id, a.actor_id, a.report_id, a.created_at,
             r.person_id AS reporter_id, r.crew_id, r.assignee_id, r.department_id, r.area_keys,
             coalesce((SELECT n.person_id FROM notification n WHERE n.announcement_id = a.id AND n.channel = 'push'
                       ORDER BY n.person_id DESC LIMIT 1), '00000000-0000-0000-0000-000000000000'::uuid) AS planned_to
      FROM unnest(CAST(:ids AS uuid[]), CAST(:reporter AS boolean[]), CAST(:followers AS text[]),
                  CAST(:workers AS boolean[]), CAST(:supervisors AS boolean[])) AS t (id, reporter, followers, workers, supervisors)
      JOIN announcement a ON a.id = t.id
      JOIN report r ON r.id = a.report_id
    ), listener AS (
      SELECT told.id, told.jurisdiction_id, heard.person_id
      FROM told CROSS JOIN LATERAL (
        (SELECT f.person_id
         FROM follow f
         WHERE f.report_id = told.report_id
           AND f.person_id > told.planned_to
           AND f.person_id IS DISTINCT FROM told.actor_id
           AND f.created_at <= told.created_at
           AND (SELECT p.active AND (told.followers = 'all'
                                     OR told.followers = 'who_may_see_it'
                                        AND p.role = ANY(CAST(:staff AS text[]))
                                        AND (p.role <> 'crew' OR p.department_id = told.department_id)
                                        AND (p.department_ids IS NULL OR told.department_id = ANY(p.department_ids))
                                        AND (p.area_keys IS NULL OR p.area_keys && told.area_keys))
                FROM person p WHERE p.id = f.person_id)
           AND (SELECT count(*) FROM device d
                WHERE d.person_id = f.person_id AND d.push_value IS NOT NULL AND d.push_retired_at IS NULL) > 0
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
          AND (SELECT count(*) FROM device d
               WHERE d.person_id = p.id AND d.push_value IS NOT NULL AND d.push_retired_at IS NULL) > 0
        UNION
        SELECT p.id
        FROM person p
        WHERE told.workers
          AND (p.id = told.assignee_id OR p.crew_id = told.crew_id)
          AND p.id > told.planned_to
          AND p.id IS DISTINCT FROM told.actor_id
          AND p.active
          AND (SELECT count(*) FROM device d
               WHERE d.person_id = p.id AND d.push_value IS NOT NULL AND d.push_retired_at IS NULL) > 0
        UNION
        SELECT p.id
        FROM person p
        WHERE told.supervisors
          AND p.role = 'supervisor'
          AND p.jurisdiction_id = told.jurisdiction_id
          AND p.id > told.planned_to
          AND p.active
          AND (p.department_ids IS NULL OR told.department_id = ANY(p.department_ids))
          AND (p.area_keys IS NULL OR p.area_keys && told.area_keys)
          AND (SELECT count(*) FROM device d
               WHERE d.person_id = p.id AND d.push_value IS NOT NULL AND d.push_retired_at IS NULL) > 0
      ) AS heard
      ORDER BY told.id, heard.person_id
      LIMIT :most
    )
    INSERT INTO notification (id, jurisdiction_id, announcement_id, person_id, channel)
    SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING substring(
             int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid,
           jurisdiction_id, id, person_id, 'push'
    FROM listener
    ON CONFLICT DO NOTHING
    RETURNING id, announcement_id
    """
)
_EXPANDED = text("UPDATE announcement SET expanded_at = now() WHERE id = ANY(:ids)")


@dataclass(frozen=True)
class Expanded:
    """What one transaction planned."""

    announcement_count: int
    notification_count: int


def expand(session: Session, announcement_id: UUID, *, goes_on: bool = False) -> Expanded:
    """Plan who is told of this announcement, and of up to MOST_ANNOUNCEMENTS others that are waiting.

    Plans at most MOST_PEOPLE notifications and writes their delivery jobs, and jobs for what is left, all in the caller's
    transaction. Running it twice plans nobody twice. `goes_on`: with this announcement alone, after a chunk of its crowd.
    """
    room = 0 if goes_on else MOST_ANNOUNCEMENTS - 1
    others = queue.take_along(session, announce.TASK, announce.QUEUE, "announcement_id", room)
    unexpanded = list(session.execute(_UNEXPANDED, {"ids": [announcement_id, *map(UUID, others)]}).mappings())
    planned = _plan(session, unexpanded)
    # People were planned announcement by announcement, so only the last one reached can have more of them.
    crowded = max(row["announcement_id"] for row in planned) if len(planned) >= MOST_PEOPLE else None
    _hand_out(session, planned, crowded)
    finished = [row["id"] for row in unexpanded if crowded is None or row["id"] < crowded]
    session.execute(_EXPANDED, {"ids": finished})
    if crowded is not None:
        go_on = {"announcement_id": str(crowded), "goes_on": True}
        queue.defer(session, announce.TASK, announce.QUEUE, go_on, queue.CROWD)
        unreached = [{"announcement_id": str(row["id"])} for row in unexpanded if row["id"] > crowded]
        queue.defer_each(session, announce.TASK, announce.QUEUE, unreached)
    return Expanded(len(unexpanded), len(planned))


def _plan(session: Session, unexpanded: Sequence[RowMapping]) -> Sequence[RowMapping]:
    audiences = [(row["id"], audience(row["event"], row["seq"], row["visibility"])) for row in unexpanded]
    telling = [(key, who) for key, who in audiences if who != NOBODY]
    if not telling:
        return []
    values = {
        "ids": [key for key, _ in telling],
        "reporter": [who.reporter for _, who in telling],
        "followers": [who.followers.value for _, who in telling],
        "workers": [who.workers for _, who in telling],
        "supervisors": [who.supervisors for _, who in telling],
        "staff": list(holders(Right.SEE_PRIVATE)),
        "most": MOST_PEOPLE,
    }
    return session.execute(_PLAN, values).mappings().all()


def _hand_out(session: Session, planned: Sequence[RowMapping], crowded: UUID | None) -> None:
    delivery.hand_out(session, [row["id"] for row in planned if row["announcement_id"] != crowded])
    delivery.hand_out(session, [row["id"] for row in planned if row["announcement_id"] == crowded], queue.CROWD)
