"""A report takes one step of its life: what crews and the desk share."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from actions.history import add_line
from domain.access import Caller, scope_of
from domain.city import Crew
from domain.errors import FieldError, Invalid
from domain.reports import Report
from domain.status import CLOSING_REASONS, PHASES, Move, Phase, Status, find_move


@dataclass(frozen=True)
class Said:
    """What somebody says with a move. `captured_at` is their device's clock: evidence, never a gate."""

    note: str | None = None
    reason: str | None = None
    expected_at: datetime | None = None
    captured_at: datetime | None = None


def move(session: Session, caller: Caller, report: Report, wanted: Status, said: Said, crew_id: int | None) -> None:
    """Move a locked report to `wanted`, into the hands of `crew_id`, and tell those who listen.

    Raises WrongStatus, NotYourMove, and Invalid when the move demands what was not said.
    """
    now = Status(report.status)
    _refuse_incomplete(find_move(now, wanted, caller.role), said)
    before, crew_before = scope_of(report), report.crew_id
    _enter(report, wanted, said)
    report.crew_id = crew_id
    report.version += 1
    add_line(
        session,
        caller,
        report,
        "moved",
        before=before,
        from_status=now.value,
        to_status=wanted.value,
        captured_at=said.captured_at,
        note=said.note,
        reason=said.reason,
        data=_promise(said) | (_hands(session, crew_id) if crew_id != crew_before else {}) or None,
        event=wanted.value,
    )


def put_in_hands(session: Session, caller: Caller, report: Report, crew_id: int | None, said: Said) -> None:
    """Give a locked report to a crew, or to none, in the status it has. For staff only: no resident hears of it."""
    before = scope_of(report)
    report.crew_id = crew_id
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
        data=_hands(session, crew_id),
    )


def is_closed(report: Report) -> bool:
    """Whether nobody works on it any more."""
    return PHASES[Status(report.status)] == Phase.CLOSED


def _refuse_incomplete(step: Move, said: Said) -> None:
    missing = [
        FieldError(f"/{name}", "required")
        for name, is_needed, value in (
            ("note", step.needs_note, (said.note or "").strip()),
            ("reason", step.needs_reason, (said.reason or "").strip()),
            ("expected_at", step.needs_expected_at, said.expected_at),
        )
        if is_needed and not value
    ]
    if not missing and step.to == Status.CLOSED and said.reason not in CLOSING_REASONS:
        missing.append(FieldError("/reason", "not-offered", {"choices": ", ".join(CLOSING_REASONS)}))
    if missing:
        raise Invalid(missing)


def _enter(report: Report, wanted: Status, said: Said) -> None:
    report.status = wanted.value
    if wanted == Status.RESOLVED:
        report.resolved_at = datetime.now(UTC)
    elif wanted != Status.CLOSED:
        report.resolved_at = None
    if said.expected_at is not None:
        report.expected_at = said.expected_at
    elif PHASES[wanted] == Phase.OPEN:
        report.expected_at = None  # back in the pile: the date that was promised no longer holds


def _promise(said: Said) -> dict[str, Any]:
    return {"expected_at": said.expected_at.astimezone(UTC).isoformat()} if said.expected_at else {}


def _hands(session: Session, crew_id: int | None) -> dict[str, Any]:
    crew = session.get_one(Crew, crew_id) if crew_id is not None else None
    return {"crew": {"code": crew.code, "name": crew.name} if crew else None}
