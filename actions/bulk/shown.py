"""How far an action on many reports is, and what came of each of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from actions.bulk.start import oversees_all
from domain.access import Caller
from domain.bulk import OUTCOMES

_ACTIONS = """
    SELECT b.id, b.action, b.wishes, b.state, b.report_count, b.created_at, b.started_at, b.finished_at, b.undo_of_id,
           u.id AS undone_by_id, p.code AS by, coalesce(c.counts, '{{}}') AS counts
    FROM bulk_action b
    JOIN person p ON p.id = b.actor_id
    LEFT JOIN bulk_action u ON u.undo_of_id = b.id
    LEFT JOIN LATERAL (
      SELECT jsonb_object_agg(outcome, total) AS counts
      FROM (SELECT outcome, count(*) AS total FROM bulk_result WHERE bulk_action_id = b.id GROUP BY outcome) AS each_outcome
    ) c ON true
    WHERE b.jurisdiction_id = :town AND {which}
    ORDER BY b.created_at DESC, b.id DESC
    LIMIT :limit
"""
_RESULTS = """
    SELECT t.place, t.report_id, t.outcome, t.problem, t.before, t.after, t.at,
           CASE WHEN t.problem ->> 'slug' IS DISTINCT FROM 'not-found' THEN r.reference END AS reference
    FROM bulk_result t
    LEFT JOIN report r ON r.id = t.report_id
    WHERE t.bulk_action_id = :bulk AND t.place > :after AND {which}
    ORDER BY t.place
    LIMIT :limit
"""


def shown_action(session: Session, caller: Caller, bulk_id: UUID) -> dict[str, Any]:
    """One action with its counts; that somebody may see it, others have asked."""
    return _actions(session, caller, "b.id = :id", {"id": bulk_id}, 1)[0]


def actions_page(session: Session, caller: Caller, key: list[Any] | None, limit: int) -> list[dict[str, Any]]:
    """Actions behind `key`, the newest first: one's own, or for those who look after the whole desk everybody's."""
    which, values = ("TRUE", {}) if oversees_all(caller) else ("b.actor_id = :me", {"me": caller.person_id})
    if key is not None:
        which += " AND (b.created_at, b.id) < (CAST(:key_at AS timestamptz), CAST(:key_id AS uuid))"
        values |= {"key_at": key[0], "key_id": key[1]}
    return _actions(session, caller, which, values, limit)


def results_page(session: Session, bulk_id: UUID, outcome: str | None, after: int, limit: int) -> Sequence[RowMapping]:
    """What came of each report behind place `after`, in the order in which they were named."""
    which, values = ("TRUE", {}) if outcome is None else ("t.outcome = :outcome", {"outcome": outcome})
    asked = {"bulk": bulk_id, "after": after, "limit": limit, **values}
    return session.execute(text(_RESULTS.format(which=which)), asked).mappings().all()


def _actions(session: Session, caller: Caller, which: str, values: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    asked = {"town": caller.jurisdiction_id, "limit": limit, **values}
    rows = session.execute(text(_ACTIONS.format(which=which)), asked).mappings().all()
    return [{**row, "counts": dict.fromkeys(OUTCOMES, 0) | row["counts"]} for row in rows]
