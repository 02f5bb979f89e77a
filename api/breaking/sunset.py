"""What a release announced to go away: marked `deprecated`, with the day in `x-sunset`."""

from datetime import date
from typing import Any


def may_go(marked: dict[str, Any], today: date) -> bool:
    """Has its time come? Only what the release itself marked may go, and only after the day that it named."""
    day = sunset_of(marked)
    return day is not None and day < today


def sunset_of(marked: dict[str, Any]) -> date | None:
    """The day that an operation, a parameter or a member goes away; None when it stays."""
    if not marked.get("deprecated") or "x-sunset" not in marked:
        return None
    return date.fromisoformat(marked["x-sunset"])


def still_promised(marked: dict[str, Any]) -> str:
    """Why it may not go yet, for the end of a sentence."""
    day = sunset_of(marked)
    return "" if day is None else f" (it was announced for {day.isoformat()}, which is not past)"
