"""The queue: a job is written in the caller's transaction, the worker polls. The only SQL on procrastinate's tables.

Jobs are handed out by procrastinate (jobs/app.py). What stands here is what it does not offer: deferring on the caller's
session, taking along more jobs of the same kind, and bringing back jobs whose worker is gone.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

CROWD = -1  # priority of what a large fan-out leaves behind, so that a single message never queues behind a crowd

_DEFER = text(
    """
    SELECT defer_job(:task, :queue, job.args, :priority, :at)
    FROM unnest(CAST(:args AS jsonb[])) WITH ORDINALITY AS job (args, place)
    ORDER BY job.place
    """
)
# MATERIALIZED: the planner must not run a subquery that locks rows twice.
_TAKE_ALONG = text(
    """
    WITH due AS MATERIALIZED (
      SELECT id, priority, jsonb_path_query_array(args, CAST(:path AS jsonpath)) AS named
      FROM procrastinate_jobs
      WHERE status = 'todo'
        AND queue_name = :queue
        AND task_name = :task
        AND priority >= 0
        AND lock IS NULL
        AND (scheduled_at IS NULL OR scheduled_at <= now())
      ORDER BY priority DESC, id
      LIMIT :most
      FOR UPDATE SKIP LOCKED
    ), counted AS MATERIALIZED (
      SELECT id, named, sum(greatest(jsonb_array_length(named), 1)) OVER (ORDER BY priority DESC, id) AS total
      FROM due
    )
    DELETE FROM procrastinate_jobs job
    USING counted
    WHERE counted.id = job.id
      AND counted.total <= :most
    RETURNING counted.named
    """
)
_FORGET_SILENT_WORKERS = text("SELECT count(*) FROM procrastinate_prune_stalled_workers_v1(:silent_s)")
# `attempts` of a rescued job grows, so a job that kills its worker waits longer each time (jobs/app.py).
_RESCUE = text(
    """
    SELECT procrastinate_retry_job_v2(stalled.id, now(), NULL, NULL, NULL)
    FROM (
      SELECT job.id
      FROM procrastinate_jobs job
      WHERE job.status IN ('doing', 'failed')
        AND (job.status = 'doing' AND job.worker_id IS NULL
             OR (SELECT max(step.at) FROM procrastinate_events step WHERE step.job_id = job.id)
                < now() - make_interval(secs => :longest_s))
      ORDER BY job.id
      LIMIT 1000
      FOR UPDATE OF job SKIP LOCKED
    ) AS stalled
    """
)
_NAMED = text(
    """
    SELECT DISTINCT named.value #>> '{}'
    FROM procrastinate_jobs job
    CROSS JOIN LATERAL jsonb_path_query(job.args, CAST(:path AS jsonpath)) AS named (value)
    WHERE job.task_name = :task
    """
)
_FORGET_FINISHED = text(
    """
    DELETE FROM procrastinate_jobs job
    WHERE job.status IN ('succeeded', 'cancelled', 'aborted')
      AND (SELECT max(step.at) FROM procrastinate_events step WHERE step.job_id = job.id)
          < now() - make_interval(secs => :older_s)
    RETURNING job.id
    """
)
_DUE = text(
    """
    SELECT count(*)
    FROM procrastinate_jobs
    WHERE status = 'todo'
      AND queue_name = ANY(:queues)
      AND (scheduled_at IS NULL OR scheduled_at <= now())
    """
)

_OLDEST_DUE = text(
    """
    SELECT coalesce(extract(epoch FROM now() - min(coalesce(j.scheduled_at, e.at))), 0)
    FROM procrastinate_jobs j
    LEFT JOIN LATERAL (SELECT min(at) AS at FROM procrastinate_events WHERE job_id = j.id) e ON true
    WHERE j.status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())
      AND j.id <= (SELECT min(id) + 50 FROM procrastinate_jobs WHERE status = 'todo')
    """
)
_SIGN_OF_LIFE = text("SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers")


def defer(
    session: Session, task: str, queue: str, args: dict[str, Any], priority: int = 0, at: datetime | None = None
) -> None:
    """Have the worker do `task` after this transaction has committed, not before `at`."""
    defer_each(session, task, queue, [args], priority, at)


def defer_each(
    session: Session,
    task: str,
    queue: str,
    each: Sequence[dict[str, Any]],
    priority: int = 0,
    at: datetime | None = None,
) -> None:
    """One job for each of these arguments, in one statement."""
    if each:
        args = [orjson.dumps(one).decode() for one in each]
        session.execute(_DEFER, {"task": task, "queue": queue, "args": args, "priority": priority, "at": at})


def take_along(session: Session, task: str, queue: str, key: str, most: int) -> list[str]:
    """Take further due jobs of this kind off the queue, and give what they name under `key`: at most `most` values.

    They leave the queue only when the caller's transaction commits, so the work must be done, or handed on, in it.
    What a crowd left behind (priority CROWD) is not taken along: it would hold up whoever took it.
    One job after another, procrastinate hands out some hundreds a second; a backlog goes faster in armfuls.
    """
    if most < 1:
        return []
    values = {"task": task, "queue": queue, "path": f"$.{key}[*]", "most": most}
    return [value for named in session.execute(_TAKE_ALONG, values).scalars() for value in named]


def rescue(session: Session, silent_s: float, longest_s: float) -> int:
    """Put jobs back whose worker gave no sign of life for `silent_s`, or that ran or lay failed for `longest_s`.

    The second covers a job whose end could not be written down while the database was away for a moment, and one
    that an older worker did not know. Returns how many.
    """
    session.execute(_FORGET_SILENT_WORKERS, {"silent_s": silent_s})
    return len(session.execute(_RESCUE, {"longest_s": longest_s}).all())


def without_job(session: Session, task: str, key: str, values: Sequence[str]) -> list[str]:
    """Those of `values` that no job of this task names under `key`, alone or in a list."""
    if not values:
        return []
    named = set(session.execute(_NAMED, {"task": task, "path": f"$.{key}[*]"}).scalars())
    return [value for value in values if value not in named]


def forget_finished(session: Session, older_s: float) -> int:
    """Delete jobs that ended this long ago; those that succeed are deleted at once. Returns how many."""
    return len(session.execute(_FORGET_FINISHED, {"older_s": older_s}).all())


def due_count(session: Session, queues: Sequence[str]) -> int:
    """How many jobs of these queues could run now."""
    return session.execute(_DUE, {"queues": list(queues)}).scalar_one()


def oldest_due_s(session: Session) -> float:
    """For how many seconds the job that has waited longest could have run; 0 when none is due."""
    return float(session.execute(_OLDEST_DUE).scalar() or 0)


def silent_s(session: Session) -> float | None:
    """How many seconds ago a worker last gave a sign of life; None when there is none."""
    seconds = session.execute(_SIGN_OF_LIFE).scalar()
    return None if seconds is None else float(seconds)
