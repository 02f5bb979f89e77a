"""Answers for places that are not ours: outside, swapped, or somebody else's."""

from typing import Any, NoReturn

from api.town import language, town
from api.words import fill, in_language, text_of
from core.db import transaction
from domain.city import ExternalBody
from domain.errors import FieldError, Invalid, NotOurs, OutsideTown
from geo.points import LonLat
from geo.routing import is_in_town


def refuse_misplaced(place: LonLat, body_id: int | None = None) -> NoReturn:
    """Say that a place is outside; that longitude and latitude are swapped, when that would explain it; and whom to ask.

    Raises OutsideTown, or Invalid for a place that is not on earth.
    """
    here = town()
    with transaction() as session:
        is_swapped = is_in_town(session, here.id, place.swapped)
        body = session.get(ExternalBody, body_id or here.outside_body_id or 0)
    if is_swapped:
        raise Invalid([FieldError("/location/lon", "swapped")])
    if not place.is_on_earth:
        raise Invalid([FieldError("/location/lat", "too-large" if place.lat > 0 else "too-small", _edge(place.lat))])
    raise OutsideTown([FieldError("/location", "outside-town")], town=_town_name(), **_turn_to(body))


def refuse_not_ours(body_id: int) -> NoReturn:
    """Say who looks after a place that the city does not. Raises NotOurs."""
    with transaction() as session:
        body = session.get(ExternalBody, body_id)
    raise NotOurs(town=_town_name(), **_turn_to(body))


def _edge(lat: float) -> dict[str, Any]:
    return {"max": 90} if lat > 0 else {"min": -90}


def _town_name() -> str | None:
    return in_language(town().name, language(), town().languages)


def _turn_to(body: ExternalBody | None) -> dict[str, Any]:
    if body is None:
        return {"turn_to": "", "external_body": None}
    shown = shown_body(body)
    contact = "".join(f", {part}" for part in (body.phone, body.url) if part)
    sentence = fill(text_of(language(), "turn_to", "body"), {"name": shown["name"], "contact": contact})
    return {"turn_to": sentence, "body": shown["name"], "external_body": shown}


def shown_body(body: ExternalBody) -> dict[str, Any]:
    """An external body as callers see it."""
    name = in_language(body.name, language(), town().languages)
    return {"code": body.code, "name": name, "url": body.url, "phone": body.phone}
