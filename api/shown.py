"""Rows of the report views as the JSON that callers get, in their language."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping

from actions.verdicts import dispute_days
from api.town import language, town
from api.words import fill, in_language, spoken, text_of
from domain.access import Caller
from domain.packages import DEEDS
from domain.rights import Right
from domain.status import REASONS, Status, allowed_from, described

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
        "status": shown_status(row["shown_status"] if is_whole and not is_staff else row["status"]),
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
        if document["mine"] and (until := _verdict_until(row)) is not None:
            document["verdict_until"] = until
        if is_staff:
            document |= _for_staff(row, caller)
    return document


def _moves(row: RowMapping, caller: Caller) -> list[str]:
    moves = allowed_from(Status(row["status"]), caller.role)
    return moves if caller.role != "contractor" else [wanted for wanted in moves if DEEDS.get(wanted) in caller.scopes]


def _for_staff(row: RowMapping, caller: Caller) -> dict[str, Any]:
    """What only staff get, and null in the place of what this role may not see."""
    document: dict[str, Any] = {
        "moves": _moves(row, caller),
        **_reason(row["status_reason"], caller),
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


def _verdict_until(row: RowMapping) -> datetime | None:
    """Until when its reporter can say whether the fix holds; None when they cannot."""
    if row["status"] != Status.RESOLVED or row["resolved_at"] is None:
        return None
    until = row["resolved_at"] + timedelta(days=dispute_days(town().workflow))
    return until if until > datetime.now(UTC) else None


def shown_child(row: RowMapping) -> dict[str, Any]:
    """A part of a report, within the whole."""
    speaks, offered = language(), town().languages
    return {
        "id": row["id"],
        "reference": row["reference"],
        "status": shown_status(row["status"]),
        "category": {"code": row["category"], "name": in_language(row["category_name"], speaks, offered)},
        "department": _named(row["department"], row["department_name"], speaks, offered),
    }


def shown_status(code: str) -> dict[str, Any]:
    """A status as the town calls it in the caller's language, with its phase."""
    own = town().labels.get(code)
    return described(code, spoken(language()), in_language(own, language(), town().languages))


def shown_reason(code: str | None) -> str | None:
    """What a reason is called; None for one that is free text, and says it itself."""
    own = town().reasons.get(code or "")
    if own is not None:
        return in_language(own["name"], language(), town().languages)
    return REASONS[spoken(language())].get(code or "")


def _reason(code: str | None, caller: Caller) -> dict[str, Any]:
    """Why it is where it is; one that the town tells only its staff is not for contractors and who only counts."""
    own = town().reasons.get(code or "")
    is_told = own is None or own["public"] or caller.may(Right.SEE_PRIVATE)
    return {"reason": code if is_told else None, "reason_name": shown_reason(code) if is_told else None}


def _named(
    code: str | None, names: dict[str, str] | None, speaks: str, offered: tuple[str, ...]
) -> dict[str, Any] | None:
    return {"code": code, "name": in_language(names, speaks, offered)} if code else None


def named(code: str, names: dict[str, str]) -> dict[str, Any]:
    """A code with its name in the caller's language."""
    return {"code": code, "name": in_language(names, language(), town().languages)}


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


def shown_line(row: RowMapping, is_whole: bool, is_staff: bool = False) -> dict[str, Any]:
    """One line of a history. `is_whole`: for its reporter or for staff; `is_staff`: for staff."""
    line: dict[str, Any] = {name: row[name] for name in ("seq", "kind", "at", "comment", "comment_id")}
    facts = row["data"] or {}
    line["by"] = row["actor_role"]
    line |= _steps(row, facts, is_staff) | _words(row, facts, is_whole, is_staff)
    if facts.get("department"):
        line["department"] = _kept(facts["department"])
    if "expected_at" in facts:
        line["expected_at"] = datetime.fromisoformat(facts["expected_at"])
    if "corrected" in facts:
        line["corrected"] = _corrected(facts["corrected"], is_staff)
    if row["comment_id"] is not None:
        line["withdrawn"] = row["comment_withdrawn_at"] is not None
    if is_whole:
        line["captured_at"] = row["captured_at"]
        line["clock_flag"] = facts.get("clock_flag")
        if "crew" in facts:
            line["crew"] = facts["crew"]
    if is_staff:
        line |= {name: facts[name] for name in ("assignee", "parts", "parent", "stars", "source") if name in facts}
        line["is_public"] = row["is_public"]
        if "template" in facts:
            line["template"] = facts["template"]["code"]
    return line


def _kept(facts: dict[str, Any]) -> dict[str, Any]:
    """What a line keeps by {code, name in each language}, as callers read it."""
    return named(facts["code"], facts["name"])


def _steps(row: RowMapping, facts: dict[str, Any], is_staff: bool) -> dict[str, Any]:
    """From where to where; for the public what it saw of it, which is nothing where it saw no change."""
    steps = {"from": row["from_status"], "to": row["to_status"]}
    if "shown" in facts and not is_staff:
        steps = facts["shown"] if facts["shown"]["from"] != facts["shown"]["to"] else {"from": None, "to": None}
    return {f"{way}_status": shown_status(code) if code else None for way, code in steps.items()}


def _words(row: RowMapping, facts: dict[str, Any], is_whole: bool, is_staff: bool) -> dict[str, Any]:
    """What was written: a template's words in the caller's language before the note; what residents write to the city
    for those whom it is for; a reason that the city tells nobody for staff."""
    template = in_language(facts["template"]["text"], language(), town().languages) if "template" in facts else None
    answer = facts.get("answer") if is_whole else None
    said = facts.get("said") if is_staff else None
    note = "\n\n".join(part for part in (template, row["note"], answer, said) if part) or None
    why = facts.get("reason")
    if why is not None and not why["is_public"] and not is_staff:
        return {"note": note, "reason": None, "reason_name": None}
    name = in_language(why["name"], language(), town().languages) if why else shown_reason(row["reason"])
    return {"note": note, "reason": row["reason"], "reason_name": name}


def _corrected(facts: dict[str, Any], is_staff: bool) -> dict[str, Any]:
    """What was corrected: the category for everybody, the rest for staff."""
    shown: dict[str, Any] = {}
    if "category" in facts:
        shown["category"] = {way: _kept(facts["category"][way]) for way in ("from", "to")}
    if is_staff:
        shown |= {name: facts[name] for name in ("location", "priority", "answers") if name in facts}
    return shown
