"""Before any route: is the town closed for maintenance, and is the app that asks still served.

Both answers leave the draft on the phone: nothing was read, nothing is stored, and the same request is good later.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from flask import Flask, request

from actions.catalogue.app import version_key
from api.town import language, town_if_known
from api.words import in_language, text_of
from domain.errors import AppTooOld, Maintenance

GUARDED = ("/v1/", "/open311/", "/ogc/", "/tiles/", "/open-data/")
ALWAYS_OPEN = ("/v1/config", "/v1/admin/")
HEADER = "App-Version"
PLATFORMS = ("ios", "android")
USUAL_WAIT_S = 300
SHORTEST_WAIT_S, LONGEST_WAIT_S = 30, 86_400
_LONGEST_HEADER = 100
# ios/1.4.2, and whatever an app adds behind it: ios/1.4.2 (build 77)
_APP = re.compile(r"(ios|android)/(\d{1,5}(?:\.\d{1,5}){0,3})(?:[ ;+(-].*)?", re.IGNORECASE)


def set_up_gate(app: Flask) -> None:
    """Have every request pass by here first."""

    @app.before_request
    def gate() -> None:
        path = request.path
        if path.startswith(GUARDED) and not path.startswith(ALWAYS_OPEN):
            refuse_during_maintenance()
            refuse_old_app()


def refuse_during_maintenance() -> None:
    """Raise Maintenance while it is on, also when the database has gone away since."""
    here = town_if_known()
    if here is None or here.maintenance is None:
        return
    wait_s = wait_of(here.maintenance)
    raise Maintenance(
        headers={"Retry-After": str(wait_s)},
        text=maintenance_text(here.maintenance, here.languages),
        until=here.maintenance.get("until"),
        retry_after_s=wait_s,
    )


def wait_of(maintenance: dict[str, Any]) -> int:
    """How many seconds to wait: until it is said to end, or USUAL_WAIT_S."""
    if maintenance.get("until") is None:
        return USUAL_WAIT_S
    left_s = (datetime.fromisoformat(maintenance["until"]) - datetime.now(UTC)).total_seconds()
    return min(max(SHORTEST_WAIT_S, round(left_s)), LONGEST_WAIT_S)


def maintenance_text(maintenance: dict[str, Any], offered: tuple[str, ...]) -> str:
    """What people are told, in the caller's language."""
    said = in_language(maintenance.get("text"), language(), offered)
    return said or text_of(language(), "page", "maintenance")


def refuse_old_app() -> None:
    """Raise AppTooOld for an app below the town's minimum. Without the header, or with one that says nothing, nobody is."""
    sent = request.headers.get(HEADER)
    app = read_app_version(sent) if sent is not None and len(sent) <= _LONGEST_HEADER else None
    if app is None:
        return
    here = town_if_known()
    served = (here.app.get(app[0]) if here is not None else None) or {}
    if served.get("minimum") and version_key(app[1]) < version_key(served["minimum"]):
        raise AppTooOld(
            platform=app[0], sent=app[1], minimum=served["minimum"], newest=served["newest"], store=served["store"]
        )


@lru_cache(maxsize=1024)
def read_app_version(header: str) -> tuple[str, str] | None:
    """Platform and version of an App-Version header; None for what is not one of ours."""
    found = _APP.fullmatch(header.strip())
    return (found[1].lower(), found[2]) if found else None
