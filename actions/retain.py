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


def drop_old_keys(session: Session, most: int = 5_000) -> int:
    """Forget idempotency keys past their time, a chunk at once. Returns how many; call again while it is not 0."""
    return len(session.execute(_DROP_KEYS, {"days": KEYS_DAYS, "most": most}).all())
