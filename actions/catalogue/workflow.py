"""What a town says of a report's life: [workflow], [statuses.<code>], [reasons.<code>] and [templates.<code>] of town.toml."""

import re

from actions.catalogue.parts import Part
from actions.catalogue.plan import Values
from domain.status import CLOSING_REASONS, MAY_BE_HIDDEN, PURPOSES, Status
from domain.workflow import DISPUTE_DAYS, MOST_DISPUTE_DAYS

PLACEHOLDERS = ("reference", "category", "department", "crew", "expected_on", "reason", "town")
LONGEST_TEMPLATE = 2_000
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def read_workflow(whole: Part) -> Values:
    """The table [workflow] with every key; empty when there is no such table."""
    part = whole.inner("workflow")
    if part is None:
        return {}
    values: Values = {
        "dispute_days": part.whole("dispute_days", DISPUTE_DAYS, 1, MOST_DISPUTE_DAYS),
        "followers_may_dispute": part.flag("followers_may_dispute", default=False),
    }
    part.finish()
    return values


def read_status(code: str, part: Part) -> Values:
    values: Values = {"label": part.words("label", required=False), "public": part.flag("public", default=True)}
    if code not in tuple(Status):
        part.wrong("", "unknown-status", value=code, known=[status.value for status in Status])
    elif not values["public"] and Status(code) not in MAY_BE_HIDDEN:
        part.wrong("public", "not-hideable", known=[status.value for status in MAY_BE_HIDDEN])
    part.finish()
    return values


def read_reason(code: str, part: Part) -> Values:
    values: Values = {
        "for": part.one_of("for", PURPOSES),
        "name": part.words("name"),
        "public": part.flag("public", default=True),
    }
    if code in CLOSING_REASONS and values["for"] not in (None, "closed"):
        part.wrong("for", "not-offered", "built-in-reason", choices=["closed"], value=values["for"], reason=code)
    part.finish()
    return values


def read_template(part: Part, coded: dict[str, dict[str, Part]]) -> Values:
    values: Values = {
        "status": part.one_of("status", tuple(status.value for status in Status)),
        "category": part.reference("category", coded["categories"], "category"),
        "group": part.reference("group", coded["groups"], "group"),
        "text": part.words("text", longest=LONGEST_TEMPLATE),
    }
    if part.has("category") and part.has("group"):
        part.wrong("", "not-both", "category-and-group")
    for language, text in (values["text"] or {}).items():
        _check_placeholders(part, language, text)
    part.finish()
    return values


def _check_placeholders(part: Part, language: str, text: str) -> None:
    place, known = ("text", language), list(PLACEHOLDERS)
    for found in _PLACEHOLDER.finditer(text):
        if found[1] not in PLACEHOLDERS:
            part.wrong(place, "unknown-placeholder", value=found[1], known=known)
    if re.search(r"[{}]", _PLACEHOLDER.sub("", text)):
        part.wrong(place, "unbalanced-placeholder")
