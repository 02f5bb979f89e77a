"""Somebody who administers the town over HTTP: each change with the version that was seen."""

import uuid
from typing import Any

from tests.support.callers import Caller

LANGUAGES = {"en": "A thing", "es": "Una cosa"}


def seen(admin: Caller, path: str) -> str:
    """The version of an item, as If-Match wants it."""
    admin.get(f"/v1/admin/{path}", expect=200)
    assert admin.last is not None
    return admin.last.headers["etag"]


def read(admin: Caller, path: str) -> dict[str, Any]:
    """An item such as it can be sent back."""
    item = admin.get(f"/v1/admin/{path}", expect=200)
    return {key: value for key, value in item.items() if key not in ("code", "version", "origin", "edition")}


def make(admin: Caller, path: str, body: dict[str, Any], **how: Any) -> Any:
    """Make a new item."""
    how = {"expect": 201, "key": str(uuid.uuid4()), **how}
    return admin.put(f"/v1/admin/{path}", json=body, **how)


def change(admin: Caller, path: str, expect: int = 200, query: str = "", **members: Any) -> Any:
    """Change some members of an item."""
    etag = seen(admin, path)
    return admin.put(f"/v1/admin/{path}{query}", json={**read(admin, path), **members}, if_match=etag, expect=expect)


def remove(admin: Caller, path: str, expect: int = 200, query: str = "") -> Any:
    """Remove an item."""
    return admin.delete(f"/v1/admin/{path}{query}", if_match=seen(admin, path), expect=expect)
