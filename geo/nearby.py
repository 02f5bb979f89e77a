"""Open reports close to a place: what may be reported a second time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from geo.features import distance_m, within_m
from geo.points import LonLat

RADIUS_M = 50.0
NOT_OLDER_THAN = timedelta(days=30)
MOST_TWINS = 20


def open_reports_nearby(
    session: Session,
    view: str,
    column: str,
    town_id: int,
    category_id: int,
    place: LonLat,
    over: Sequence[str],
    allowed: Any = None,
    radius_m: float = RADIUS_M,
) -> list[RowMapping]:
    """Reports of the same group of categories (of the same category, where that is in no group) at most `radius_m` metres
    from `place`, received in the last 30 days and not in one of the statuses `over`; nearest first, MOST_TWINS at most.

    view, column: whole_report with whole_location, or public_report with public_location for those who see no more.
    allowed: a further condition with `sql` and `params`, such as whose reports they are.
    """
    near = within_m(column, place, radius_m)
    wanted = f"AND ({allowed.sql})" if allowed is not None else ""
    statement = f"""
        SELECT *, {distance_m(column)} AS distance_m
        FROM {view}
        WHERE jurisdiction_id = :town
          AND {near.sql}
          AND received_at > :since
          AND status <> ALL(CAST(:over AS text[]))
          AND category_id IN (SELECT twin.id FROM category asked JOIN category twin
                              ON twin.id = asked.id OR twin.group_id = asked.group_id WHERE asked.id = :asked)
          {wanted}
        ORDER BY distance_m, id
        LIMIT :most
    """  # noqa: S608 - ours; values are bound
    values = {
        "town": town_id,
        "since": datetime.now(UTC) - NOT_OLDER_THAN,
        "over": list(over),
        "asked": category_id,
        "most": MOST_TWINS,
        **near.params,
        **(allowed.params if allowed is not None else {}),
    }
    return list(session.execute(text(statement), values).mappings())
