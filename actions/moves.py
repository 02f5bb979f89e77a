"""A report takes one step of its life: what crews, the desk and residents share."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from actions.family import Echo, followed_by_parent, refuse_as_family
from actions.history import add_line
from actions.reasons import Why, why
from actions.steps import Hands, enter, hand_over, with_crew
from actions.templates import filled, template_for
from domain.access import Caller, scope_of
from domain.errors import FieldError, Invalid
from domain.reports import Report
from domain.status import PHASES, PURPOSES, Move, Phase, Status, find_move


@dataclass(frozen=True)
class Said:
    """What somebody says with a move. `captured_at` is their device's clock: evidence, never a gate."""

    note: str | None = None
    reason: str | None = None
    expected_at: datetime | None = None
    captured_at: datetime | None = None
    template: str | None = None  # the code of one; the note comes after its words


@dataclass(frozen=True)
class Telling:
    """How a move is told where it is not just a move: its kind, and what else its line and its announcement say."""

    kind: str = "moved"
    event: str | None = None
    role: str | None = None  # as whom somebody makes it, where that is not their role
    purpose: str | None = None  # which list the reason is from, where that is not the status's
    facts: dict[str, Any] | None = None
    is_public: bool | None = None


def move(
    session: Session,
    caller: Caller,
    report: Report,
    wanted: Status,
    said: Said,
    crew_id: int | None,
    telling: Telling = Telling(),
) -> None:
    """Move a locked report to `wanted`, into the hands of `crew_id`, and tell those who listen.

    Raises WrongStatus, NotYourMove, and Invalid when the move demands what was not said, or for a reason or template that
    does not fit; OpenChildren, AskTheParent.
    """
    now = Status(report.status)
    _refuse_incomplete(find_move(now, wanted, telling.role or caller.role), said)
    refuse_as_family(session, report, wanted)
    reason = _why(session, report, wanted, said, telling.purpose)
    before = scope_of(report)
    hands = hand_over(session, report, with_crew(report, crew_id))
    template = _template_facts(session, report, wanted, said, reason)
    step = enter(session, report, wanted, said.expected_at, reason.code if reason else said.reason)
    report.version += 1
    facts = {
        **_promise(said),
        **hands,
        **step.facts,
        **(reason.facts if reason else {}),
        **template,
        **(telling.facts or {}),
    }
    add_line(
        session,
        caller,
        report,
        telling.kind,
        before=before,
        from_status=now.value,
        to_status=wanted.value,
        captured_at=said.captured_at,
        note=said.note,
        reason=said.reason,
        is_public=step.is_public if telling.is_public is None else telling.is_public,
        data=facts or None,
        event=telling.event or wanted.value,
    )
    echo = Echo(said.note, said.reason, {**(reason.facts if reason else {}), **template})
    followed_by_parent(session, caller, report, echo)


def put_in_hands(
    session: Session, caller: Caller, report: Report, crew_id: int | None, said: Said, hands: Hands | None = None
) -> None:
    """Give a locked report to a crew, or to none, in the status it has; with `hands` to a person too.

    For staff only: no resident hears of it. Raises Invalid for a template: those are for moves.
    """
    if said.template is not None:
        raise Invalid([FieldError("/template", "other-template")])
    before = scope_of(report)
    facts = hand_over(session, report, hands or with_crew(report, crew_id))
    report.version += 1
    add_line(
        session,
        caller,
        report,
        "assigned",
        before=before,
        captured_at=said.captured_at,
        note=said.note,
        is_public=False,
        data=facts or None,
    )


def is_closed(report: Report) -> bool:
    """Whether nobody works on it any more."""
    return PHASES[Status(report.status)] == Phase.CLOSED


def without_note(said: Said) -> Said:
    """The same, once the note stands in a line already."""
    return replace(said, note=None)


def _refuse_incomplete(step: Move, said: Said) -> None:
    missing = [
        FieldError(f"/{name}", "required")
        for name, is_needed, value in (
            ("note", step.needs_note, (said.note or "").strip() or said.template),
            ("reason", step.needs_reason, (said.reason or "").strip()),
            ("expected_at", step.needs_expected_at, said.expected_at),
        )
        if is_needed and not value
    ]
    if missing:
        raise Invalid(missing)


def _why(session: Session, report: Report, wanted: Status, said: Said, purpose: str | None) -> Why | None:
    """The reason from the list for this move; None where there is none to choose from."""
    listed = purpose or wanted.value
    if listed not in PURPOSES or said.reason is None:
        return None
    return why(session, report.jurisdiction_id, listed, said.reason)


def _template_facts(session: Session, report: Report, wanted: Status, said: Said, reason: Why | None) -> dict[str, Any]:
    """The words of the template that was named, as they are kept. Raises Invalid at /template."""
    if said.template is None:
        return {}
    template = template_for(session, report, wanted, said.template)
    words = filled(session, report, template, (reason.name if reason else None) or said.reason, said.expected_at)
    if words.lacks:
        raise Invalid([FieldError("/template", "template-lacks", {"names": ", ".join(words.lacks)})])
    return {"template": {"code": template.code, "text": words.text}}


def _promise(said: Said) -> dict[str, Any]:
    return {"expected_at": said.expected_at.astimezone(UTC).isoformat()} if said.expected_at else {}
