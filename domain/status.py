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


REASONS = {
    "en": {
        "duplicate": "It has been reported before",
        "not_ours": "It is not the city's to look after",
        "not_found": "It could not be found",
        "no_action": "Nothing needs to be done",
    },
    "es": {
        "duplicate": "Ya se había comunicado",
        "not_ours": "No corresponde al municipio",
        "not_found": "No se encontró",
        "no_action": "No hace falta hacer nada",
    },
}
CLOSING_REASONS = tuple(REASONS["en"])
"""What a report can be closed for in every town; a city adds its own."""

PURPOSES = ("on_hold", "closed", "reopened", "dispute")
"""What a city may list reasons for."""

MAY_BE_HIDDEN = (Status.ACKNOWLEDGED, Status.SCHEDULED, Status.IN_PROGRESS, Status.ON_HOLD, Status.REOPENED)
"""What a city may keep to itself: the public then goes on seeing the status before it."""

_DESK = frozenset(holders(Right.MOVE))
_ALL = frozenset(holders(Right.MOVE, Right.DO_WORK))
REPORTER = "resident"
"""As whom somebody answers a question or disputes a fix, whatever else they are to the town."""
_AND_REPORTER = frozenset({REPORTER})

_ASK = Move(Status.NEEDS_INFORMATION, _DESK, needs_note=True)
_ACKNOWLEDGE = Move(Status.ACKNOWLEDGED, _ALL)
_SCHEDULE = Move(Status.SCHEDULED, _ALL, needs_expected_at=True)
_START = Move(Status.IN_PROGRESS, _ALL)
_HOLD = Move(Status.ON_HOLD, _ALL, needs_reason=True)
_RESOLVE = Move(Status.RESOLVED, _ALL, needs_note=True)
_CLOSE = Move(Status.CLOSED, _DESK, needs_reason=True)
_REOPEN = Move(Status.REOPENED, _DESK, needs_reason=True)
_DISPUTE = Move(Status.REOPENED, _DESK | _AND_REPORTER, needs_reason=True)
# An answer leads back to where the question was asked.
_ANSWERED = Move(Status.RECEIVED, _DESK | _AND_REPORTER)
_ANSWERED_ACKNOWLEDGED = Move(Status.ACKNOWLEDGED, _ALL | _AND_REPORTER)
_ANSWERED_REOPENED = Move(Status.REOPENED, _AND_REPORTER)

MOVES: dict[Status, tuple[Move, ...]] = {
    Status.RECEIVED: (_ASK, _ACKNOWLEDGE, _SCHEDULE, _START, _CLOSE),
    Status.NEEDS_INFORMATION: (_ANSWERED, _ANSWERED_ACKNOWLEDGED, _ANSWERED_REOPENED, _CLOSE),
    Status.ACKNOWLEDGED: (_ASK, _SCHEDULE, _START, _HOLD, _CLOSE),
    Status.SCHEDULED: (_ACKNOWLEDGE, _START, _HOLD, _CLOSE),
    Status.IN_PROGRESS: (_ACKNOWLEDGE, _HOLD, _RESOLVE, _CLOSE),
    Status.ON_HOLD: (_ACKNOWLEDGE, _SCHEDULE, _START, _CLOSE),
    Status.RESOLVED: (_DISPUTE, _CLOSE),
    Status.CLOSED: (_REOPEN,),
    Status.REOPENED: (_ASK, _ACKNOWLEDGE, _SCHEDULE, _START, _CLOSE),
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


def described(status: str, language: str, own: str | None = None) -> dict[str, str]:
    """What clients get: {code, label, phase}. own: what the city calls it, instead of our word in `language`."""
    known = Status(status)
    return {"code": known.value, "label": own or label(known, language), "phase": PHASES[known].value}
