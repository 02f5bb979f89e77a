"""The routes of who administers the town, and what most of them ask for."""

from typing import Any

from api.blueprints import Audience
from api.fields import Flag, Shape

administration = Audience(
    "administration",
    __name__,
    url_prefix="/v1/admin",
    description="The town itself: departments, categories, rules, staff, keys. docs/administration.md tells of it",
)

NEW_KEY: dict[str, Any] = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "Required where the item is new. A retry sends the same one and gets the first answer.",
}
SEEN_VERSION: dict[str, Any] = {
    "in": "header",
    "name": "If-Match",
    "required": False,
    "schema": {"type": "string"},
    "description": "Required where the item is there: the `version` that was seen, in quotes.",
}
NEEDED_VERSION = {**SEEN_VERSION, "required": True, "description": "The `version` that was seen, in quotes."}
ITEM_ETAG = {"ETag": {"schema": {"type": "string"}, "description": "The version, in quotes, for the next If-Match."}}


class ChangeQuery(Shape):
    """Whether to change anything at all."""

    dry_run = Flag(load_default=False, metadata={"description": "Only say what would change."})
