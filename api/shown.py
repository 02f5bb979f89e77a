"""Rows of the report views as the JSON that callers get, in their language."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from api.town import language, town
from api.words import fill, in_language, spoken, text_of
from domain.access import Caller
from domain.rights import Right
from domain.status import Status, allowed_from, described

_WHOLE = (
    "visibility",
    "accuracy_m",
    "address",
    "private_answers",
    "contact",
    "captured_at",
    "clock_flag",
    "form_version",
    "source",
)
_PLAIN = (
    "id",
    "reference",
    "version",
    "blur_m",
    "description",
    "answers",
    "areas",
    "received_at",
    "updated_at",
    "resolved_at",
    "expected_at",
)


def shown_report(row: RowMapping, is_whole: bool, caller: Caller, **more: Any) -> dict[str, Any]:
    """One report for this caller. `is_whole`: the row is of `whole_report`."""
    speaks, offered = language(), town().languages
    is_staff = caller.may(Right.SEE_WORK)
    document: dict[str, Any] = {name: row[name] for name in _PLAIN}
    document |= {
        # Its reporter sees what the public sees of a status; staff see where it really stands.
        "status": described(row["shown_status"] if is_whole and not is_staff else row["status"], spoken(speaks)),
        "category": {"code": row["category"], "name": in_language(row["category_name"], speaks, offered)},
        "location": {"lon": row["lon"], "lat": row["lat"]},
        "department": _named(row["department"], row["department_name"], speaks, offered),
        "mine": is_whole and row["person_id"] == caller.person_id,
        **more,
    }
    if is_whole:
        document |= {name: row[name] for name in _WHOLE}
        document["why"] = shown_why(row["routed_by"])
        document["crew"] = {"code": row["crew"], "name": row["crew_name"]} if row["crew"] else None
        if is_staff:
            document |= _for_staff(row, caller)
    return document


def _for_staff(row: RowMapping, caller: Caller) -> dict[str, Any]:
    """What only staff get, and null in the place of what this role may not see."""
    document: dict[str, Any] = {
        "moves": allowed_from(Status(row["status"]), caller.role),
        "reason": row["status_reason"],
        "priority": row["priority"],
        "assignee": {"code": row["assignee"], "name": row["assignee_name"]} if row["assignee"] else None,
        "parent": row["parent_id"],
        "held_at": row["held_at"],
    }
    if not caller.may(Right.SEE_PRIVATE) and row["person_id"] != caller.person_id:
        document |= dict.fromkeys(("contact", "private_answers"))
        if caller.role != "contractor":  # who must find the place
            document |= dict.fromkeys(("address", "accuracy_m", "captured_at"))
            document |= {
                "location": {"lon": row["public_lon"], "lat": row["public_lat"]},
                "blur_m": row["public_blur_m"],
            }
    return document


def _named(
    code: str | None, names: dict[str, str] | None, speaks: str, offered: tuple[str, ...]
) -> dict[str, Any] | None:
    return {"code": code, "name": in_language(names, speaks, offered)} if code else None


def shown_why(routed_by: dict[str, Any]) -> dict[str, Any]:
    """The rule and the area that decided, with a sentence for people."""
    speaks = language()
    area = routed_by.get("area")
    if routed_by.get("by") == "desk":
        sentence = text_of(speaks, "why", "by_desk")
    elif routed_by.get("rule") is None:
        sentence = text_of(speaks, "why", "no_rule")
    elif area is None:
        sentence = text_of(speaks, "why", "whole_town")
    else:
        sentence = fill(text_of(speaks, "why", "in_area"), {"area": area["name"]})
    return {"rule": routed_by.get("rule"), "area": area, "text": sentence}


def shown_line(row: RowMapping, is_whole: bool) -> dict[str, Any]:
    """One line of a history."""
    speaks = language()
    line: dict[str, Any] = {name: row[name] for name in ("seq", "kind", "at", "note", "reason", "comment")}
    line["by"] = row["actor_role"]
    for name in ("from_status", "to_status"):
        line[name] = described(row[name], spoken(speaks)) if row[name] else None
    facts = row["data"] or {}
    if "department" in facts:
        to = facts["department"]
        line["department"] = _named(to["code"], to["name"], speaks, town().languages)
    if "expected_at" in facts:
        line["expected_at"] = datetime.fromisoformat(facts["expected_at"])
    if is_whole:
        line["captured_at"] = row["captured_at"]
        line["clock_flag"] = facts.get("clock_flag")
        if "crew" in facts:
            line["crew"] = facts["crew"]
    return line
