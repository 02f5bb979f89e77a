"""The life of a report, as a table that anyone can read."""

from dataclasses import dataclass
from enum import StrEnum

from domain.errors import NotYourMove, WrongStatus
from domain.rights import Right, holders


class Status(StrEnum):
    """Where a report stands."""

    RECEIVED = "received"
    NEEDS_INFORMATION = "needs_information"
    ACKNOWLEDGED = "acknowledged"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"


class Phase(StrEnum):
    """What a client may rely on for ever, whatever statuses a city adds."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    CLOSED = "closed"


PHASES = {
    Status.RECEIVED: Phase.OPEN,
    Status.NEEDS_INFORMATION: Phase.OPEN,
    Status.ACKNOWLEDGED: Phase.OPEN,
    Status.SCHEDULED: Phase.OPEN,
    Status.REOPENED: Phase.OPEN,
    Status.IN_PROGRESS: Phase.IN_PROGRESS,
    Status.ON_HOLD: Phase.IN_PROGRESS,
    Status.RESOLVED: Phase.CLOSED,
    Status.CLOSED: Phase.CLOSED,
}

LABELS = {
    "en": {
        Status.RECEIVED: "Received",
        Status.NEEDS_INFORMATION: "More information needed",
        Status.ACKNOWLEDGED: "Acknowledged",
        Status.SCHEDULED: "Scheduled",
        Status.IN_PROGRESS: "In progress",
        Status.ON_HOLD: "On hold",
        Status.RESOLVED: "Resolved",
        Status.CLOSED: "Closed",
        Status.REOPENED: "Reopened",
    },
    "es": {
        Status.RECEIVED: "Recibido",
        Status.NEEDS_INFORMATION: "Falta información",
        Status.ACKNOWLEDGED: "Aceptado",
        Status.SCHEDULED: "Programado",
        Status.IN_PROGRESS: "En curso",
        Status.ON_HOLD: "En espera",
        Status.RESOLVED: "Resuelto",
        Status.CLOSED: "Cerrado",
        Status.REOPENED: "Reabierto",
    },
}


@dataclass(frozen=True)
class Move:
    """One step that a report may take: who may make it, and what it demands."""

    to: Status
    by: frozenset[str]
    needs_note: bool = False
    needs_reason: bool = False
    needs_expected_at: bool = False


CLOSING_REASONS = ("duplicate", "not_ours", "not_found", "no_action")

_DESK = frozenset(holders(Right.MOVE))
_ALL = frozenset(holders(Right.MOVE, Right.DO_WORK))

_ASK = Move(Status.NEEDS_INFORMATION, _DESK, needs_note=True)
_ACKNOWLEDGE = Move(Status.ACKNOWLEDGED, _ALL)
_SCHEDULE = Move(Status.SCHEDULED, _ALL, needs_expected_at=True)
_START = Move(Status.IN_PROGRESS, _ALL)
_HOLD = Move(Status.ON_HOLD, _ALL, needs_reason=True)
_RESOLVE = Move(Status.RESOLVED, _ALL, needs_note=True)
_CLOSE = Move(Status.CLOSED, _DESK, needs_reason=True)
_REOPEN = Move(Status.REOPENED, _DESK, needs_reason=True)
_BACK = Move(Status.RECEIVED, _DESK)

MOVES: dict[Status, tuple[Move, ...]] = {
    Status.RECEIVED: (_ASK, _ACKNOWLEDGE, _SCHEDULE, _START, _CLOSE),
    Status.NEEDS_INFORMATION: (_BACK, _ACKNOWLEDGE, _CLOSE),
    Status.ACKNOWLEDGED: (_ASK, _SCHEDULE, _START, _HOLD, _CLOSE),
    Status.SCHEDULED: (_ACKNOWLEDGE, _START, _HOLD, _CLOSE),
    Status.IN_PROGRESS: (_ACKNOWLEDGE, _HOLD, _RESOLVE, _CLOSE),
    Status.ON_HOLD: (_ACKNOWLEDGE, _SCHEDULE, _START, _CLOSE),
    Status.RESOLVED: (_REOPEN, _CLOSE),
    Status.CLOSED: (_REOPEN,),
    Status.REOPENED: (_ACKNOWLEDGE, _SCHEDULE, _START, _CLOSE),
}


def allowed_from(now: Status, role: str) -> list[str]:
    """The statuses that `role` may move a report to."""
    return [move.to.value for move in MOVES[now] if role in move.by]


def find_move(now: Status, wanted: Status, role: str) -> Move:
    """The move from `now` to `wanted`.

    Raises WrongStatus when the life of a report has no such step, NotYourMove when it is for others to make.
    """
    for move in MOVES[now]:
        if move.to == wanted:
            if role not in move.by:
                raise NotYourMove(now=now.value, wanted=wanted.value, by=sorted(move.by))
            return move
    raise WrongStatus(now=now.value, wanted=wanted.value, allowed=allowed_from(now, role))


def label(status: Status, language: str) -> str:
    """The status in words of `language`, English where that language has none."""
    return LABELS.get(language, LABELS["en"])[status]


def described(status: str, language: str) -> dict[str, str]:
    """What clients get: {code, label, phase}."""
    known = Status(status)
    return {"code": known.value, "label": label(known, language), "phase": PHASES[known].value}
