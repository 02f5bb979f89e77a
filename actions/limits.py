"""Counting what phones and network addresses do, for all processes together."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

LONGEST_WINDOW_S = 86_400

_COUNT = "SELECT remaining, reset_s FROM count_hits(%s, %s, %s)"
_FORGET = text(
    "DELETE FROM rate_count WHERE began < extract(epoch FROM now()) - :longest_s"  # what still counts began later
)


def count_hits(cursor: Any, asked: Sequence[tuple[bytes, int]], window_s: int) -> tuple[list[int], int]:
    """Count one hit for each (subject, quota), and say what is left of each (-1: nothing) and for how many seconds.

    `cursor` is on an autocommit connection: a hit counts whatever becomes of the request.
    """
    cursor.execute(_COUNT, ([subject for subject, _ in asked], [quota for _, quota in asked], window_s))
    return cursor.fetchone()


def forget_hits(session: Session) -> int:
    """Throw away counts of stretches that are over. Returns how many."""
    return session.execute(_FORGET, {"longest_s": LONGEST_WINDOW_S}).rowcount  # type: ignore[attr-defined]
