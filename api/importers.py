"""Programs that bring in a city's past: they come with an importer's key beside the bearer token."""

from flask import g, request

from actions.keys import known_key
from api.town import town
from core.db import transaction
from domain.errors import FieldError, Invalid, Refusal

HEADER = "Importer-Key"
MAY_IMPORT = "import"


def is_importer() -> bool:
    """Whether the request has an importer's good key. Without the header this costs nothing."""
    if HEADER not in request.headers:
        return False
    if "is_importer" not in g:
        try:
            g.is_importer = _knows_key()
        except Refusal:
            g.is_importer = False
    return g.is_importer


def must_be_importer(field: str) -> None:
    """Raise Invalid for a field that only importers may send when there is no key, and what is wrong with a bad one."""
    if HEADER not in request.headers:
        raise Invalid([FieldError(field, "importers-only")])
    g.is_importer = _knows_key()


def _knows_key() -> bool:
    with transaction() as session:
        known_key(session, town().id, request.headers[HEADER], MAY_IMPORT)
    return True
