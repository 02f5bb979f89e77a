"""What is kept for a time only, and thrown away when it is over."""

from sqlalchemy import text
from sqlalchemy.orm import Session

KEYS_DAYS = 30  # how long the first answer to a keyed request can be asked for again

# MATERIALIZED: the planner must not run a subquery that locks rows twice; it would find others the second time.
_DROP_KEYS = text(
    """
    WITH old AS MATERIALIZED (
      SELECT owner_id, key
      FROM idempotency_key
      WHERE created_at < now() - make_interval(days => :days)
      ORDER BY created_at
      LIMIT :most
      FOR UPDATE SKIP LOCKED
    )
    DELETE FROM idempotency_key k
    USING old
    WHERE k.owner_id = old.owner_id
      AND k.key = old.key
    RETURNING 1
    """
)


# What let somebody in for a time and is over: tokens of providers and sessions, links of mails, invitations, sessions.
_DROP_PASSED = (
    text("DELETE FROM credential WHERE kind <> 'token' AND expires_at < now() - interval '1 day'"),
    text("DELETE FROM mail_link WHERE expires_at < now() - interval '1 day'"),
    text("DELETE FROM invitation WHERE expires_at < now() - interval '30 days'"),
    text(
        "DELETE FROM refresh_token r USING staff_session s WHERE s.id = r.session_id"
        " AND (s.expires_at < now() - interval '30 days' OR s.ended_at < now() - interval '30 days')"
    ),
    text(
        "DELETE FROM staff_session s WHERE (s.expires_at < now() - interval '30 days' OR s.ended_at < now() - interval '30 days')"
        " AND NOT EXISTS (SELECT 1 FROM credential c WHERE c.session_id = s.id)"
    ),
)


def drop_passed(session: Session) -> None:
    """Forget tokens of others and of sessions a day after they ended, links of mails too; sessions after a month."""
    for statement in _DROP_PASSED:
        session.execute(statement)


BULK_DAYS = 90  # how long what came of each report of an action on many can be read; it can be undone within a week
_DROP_RESULTS = text(
    """
    WITH old AS MATERIALIZED (
      SELECT r.bulk_action_id, r.place
      FROM bulk_action b
      JOIN bulk_result r ON r.bulk_action_id = b.id
      WHERE b.finished_at < now() - make_interval(days => :days)
      LIMIT :most
      FOR UPDATE OF r SKIP LOCKED
    )
    DELETE FROM bulk_result r
    USING old
    WHERE r.bulk_action_id = old.bulk_action_id
      AND r.place = old.place
    RETURNING 1
    """
)


# What was said with it goes first: a redaction finds it by the reports that it was said of.
_DROP_WISHES = text(
    "UPDATE bulk_action SET wishes = '{}' WHERE finished_at < now() - make_interval(days => :days) AND wishes <> '{}'"
)


def drop_old_results(session: Session, most: int = 5_000) -> int:
    """Forget what came of single reports in actions on many that ended long ago, and what was said with them.

    Returns how many; call again while it is not 0.
    """
    session.execute(_DROP_WISHES, {"days": BULK_DAYS})
    return len(session.execute(_DROP_RESULTS, {"days": BULK_DAYS, "most": most}).all())


def drop_old_keys(session: Session, most: int = 5_000) -> int:
    """Forget idempotency keys past their time, a chunk at once. Returns how many; call again while it is not 0."""
    return len(session.execute(_DROP_KEYS, {"days": KEYS_DAYS, "most": most}).all())
