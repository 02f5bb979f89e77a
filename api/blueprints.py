"""Blueprints that read requests our way and document errors as problems."""

from collections.abc import Sequence
from typing import Any

from flask_smorest import Blueprint

from api.reading import reader


class Audience(Blueprint):
    """The routes of one audience."""

    ARGUMENTS_PARSER = reader

    def __init__(self, name: str, module: str, **kwargs: Any):
        kwargs.setdefault("url_prefix", "/v1")
        super().__init__(name, module, **kwargs)

    def arguments(self, schema: Any, **kwargs: Any) -> Any:
        """As in flask-smorest, with one schema object for all requests: making one costs more than loading with it."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **kwargs)

    def doc(self, *, parameters: Sequence[dict[str, Any]] = (), **kwargs: Any) -> Any:
        """As in flask-smorest, but headers come beside the filters of a query instead of in their place."""
        return super().doc(**({"x-parameters": list(parameters)} if parameters else {}), **kwargs)


def counted(subject: str) -> dict[str, Any]:
    """For a route's `doc`: its calls are counted as this subject of core.limits, and its answers tell what is left."""
    return {"x-rate-limit": subject}


KEY_HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    "description": "Made by the client for each create; a retry sends the same one and gets the first answer byte for byte.",
}
VERSION_HEADER = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
    "description": "The version that the caller has seen, in quotes.",
}
IMPORTER_HEADER = {
    "in": "header",
    "name": "Importer-Key",
    "required": False,
    "schema": {"type": "string"},
    "description": "An importer's key; what comes with it is not counted, and a report may say `received_at` in the past.",
}
IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "schema": {"type": "string"},
    "description": "The ETag of what the client has; 304 when nothing changed.",
}
CONTENT_ETAG = {"ETag": {"schema": {"type": "string"}, "description": "Of this content, for the next If-None-Match."}}
