"""Going through lists."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tests.support.callers import Caller


def ids(page: dict[str, Any]) -> list[str]:
    """Which reports are on a page."""
    return [item["id"] for item in page["items"]]


def every_page(
    caller: Caller, path: str, limit: int = 2, between: Callable[[], Any] = lambda: None
) -> list[dict[str, Any]]:
    """All items of a list, page after page; `between` is called between two pages."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        more = f"&cursor={quote(cursor)}" if cursor else ""
        page = caller.get(f"{path}{'&' if '?' in path else '?'}limit={limit}{more}")
        assert len(page["items"]) <= limit
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found
        between()
