"""Who may do what: one table that anyone can read. Where they may do it, by department and area, says `domain.access`."""

from enum import StrEnum


class Right(StrEnum):
    """One thing that somebody may be allowed to do."""

    TAKE_PART = "take_part"  # report, follow, comment, register a phone
    SIGN_IN = "sign_in"  # with a password; see and end one's sessions
    SEE_WORK = "see_work"  # reports with what staff know of them
    SEE_PRIVATE = "see_private"  # contact, exact place, private answers, reports that are not public, internal notes
    FIELD_WORK = "field_work"  # take it for one's crew, hand it back
    DO_WORK = "do_work"  # start, hold, schedule, resolve
    MOVE = "move"  # any step of a report's life that the table of statuses gives one's role
    ASSIGN = "assign"  # to a department, a crew, a person
    NOTE = "note"  # write what only staff read
    CORRECT = "correct"  # category, pin, priority
    RELATE = "relate"  # parents and children
    TAKE_IN = "take_in"  # a report for somebody at the telephone or the counter
    BULK = "bulk"  # many reports at once, and undo it
    MODERATE = "moderate"  # hold, publish, look at what was flagged
    REDACT = "redact"  # take a passage out of a report and its history
    BLOCK = "block"  # shut a phone out
    PLAN = "plan"  # make work packages
    SHARE = "share"  # links for contractors
    SEE_FIGURES = "see_figures"  # counts of a queue, load of each crew
    ADMINISTER = "administer"


PEOPLE = ("resident", "crew", "dispatcher", "supervisor", "admin", "analyst")
"""Everybody who acts for themselves."""
OTHERS = ("contractor", "partner")
"""Who holds a link to some reports, and other systems with a key of scope `staff`."""
ROLES = (*PEOPLE, *OTHERS)

DESK = ("dispatcher", "supervisor", "admin")
STAFF = ("crew", *DESK)

HOLDERS: dict[Right, tuple[str, ...]] = {
    Right.TAKE_PART: PEOPLE,
    Right.SIGN_IN: (*STAFF, "analyst"),
    Right.SEE_WORK: (*STAFF, "analyst", "contractor", "partner"),
    Right.SEE_PRIVATE: (*STAFF, "partner"),
    Right.FIELD_WORK: ("crew",),
    Right.DO_WORK: ("crew", "contractor"),
    Right.MOVE: (*DESK, "partner"),
    Right.ASSIGN: (*DESK, "partner"),
    Right.NOTE: (*STAFF, "partner"),
    Right.CORRECT: DESK,
    Right.RELATE: DESK,
    Right.TAKE_IN: DESK,
    Right.BULK: DESK,
    Right.MODERATE: DESK,
    Right.REDACT: ("supervisor", "admin"),
    Right.BLOCK: ("supervisor", "admin"),
    Right.PLAN: STAFF,
    Right.SHARE: DESK,
    Right.SEE_FIGURES: (*DESK, "analyst"),
    Right.ADMINISTER: ("admin",),
}
"""The table."""


def holders(*rights: Right) -> tuple[str, ...]:
    """The roles that have at least one of these rights, in the order of ROLES."""
    return tuple(role for role in ROLES if any(role in HOLDERS[right] for right in rights))


def has_right(role: str, right: Right) -> bool:
    """Whether the table gives this role this right."""
    return role in HOLDERS[right]
