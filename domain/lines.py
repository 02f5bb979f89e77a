"""A report's history as its staff read it: every line, with who wrote it. What the public sees is a part of it."""

from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

_EVERY_LINE = text(
    """
    SELECT e.seq, e.kind, e.from_status, e.to_status, e.actor_role, e.at, e.captured_at, e.note, e.reason, e.is_public, e.data,
           p.code AS actor_code, p.name AS actor_name, e.actor_id = r.person_id AS is_reporter,
           c.id AS comment_id, c.text AS comment, c.held_at AS comment_held_at, c.withdrawn_at AS comment_withdrawn_at
    FROM report_event e
    JOIN report r ON r.id = e.report_id
    LEFT JOIN person p ON p.id = e.actor_id AND p.role <> 'resident'
    LEFT JOIN comment c ON c.id = (e.data ->> 'comment_id')::uuid
    WHERE e.report_id = :report AND e.seq > :after
    ORDER BY e.seq
    LIMIT :limit
    """
)


def every_line(session: Session, report_id: UUID, after: int, limit: int) -> list[RowMapping]:
    """Lines of a report's history behind `after`, in order, with the code and name of staff; of residents only their role."""
    return list(session.execute(_EVERY_LINE, {"report": report_id, "after": after, "limit": limit}).mappings())
