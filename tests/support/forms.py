"""The city's forms: as a phone loads them, and as the city changes them."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from tests.support.callers import Caller
from tests.support.database import Database


def form_of(caller: Caller, code: str, **how: Any) -> dict[str, Any]:
    """One category's form as this caller loads it."""
    return next(form for form in caller.get("/v1/categories", **how)["items"] if form["code"] == code)


def form_replacer(database: Database) -> Callable[..., str]:
    """The city changes a category's form: replace("pothole", days_ago=3, questions=[…]) → the new version."""

    def replace(category: str, days_ago: int = 0, **changes: Any) -> str:
        database.execute(
            "UPDATE category_form SET retired_at = now() - make_interval(days => %s), valid_from = now() - interval '1 year'"
            " WHERE retired_at IS NULL AND category_id = (SELECT id FROM category WHERE code = %s)",
            days_ago,
            category,
        )
        version = uuid.uuid4().hex[:16]
        database.execute(
            "INSERT INTO category_form (jurisdiction_id, category_id, version, form, valid_from)"
            " SELECT f.jurisdiction_id, f.category_id, %s, f.form || %s::jsonb, now() - make_interval(days => %s)"
            " FROM category_form f JOIN category c ON c.id = f.category_id WHERE c.code = %s ORDER BY f.id DESC LIMIT 1",
            version,
            json.dumps(changes),
            days_ago,
            category,
        )
        return version

    return replace
