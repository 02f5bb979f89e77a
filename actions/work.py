"""Crews take, start, hold, schedule, resolve and hand back. Every report here is locked by the caller's transaction."""

from sqlalchemy.orm import Session

from actions.moves import Said, is_closed, move, put_in_hands
from domain.access import Caller
from domain.errors import NotOnTheLink, WrongStatus
from domain.packages import DEEDS
from domain.reports import Report
from domain.status import Status, allowed_from

ACCEPTED_BY_TAKING = (Status.RECEIVED, Status.REOPENED)
DROPPED_BY_HANDING_BACK = (Status.SCHEDULED, Status.IN_PROGRESS, Status.ON_HOLD)


def take(session: Session, caller: Caller, report: Report, said: Said) -> None:
    """The crew takes the report, and with that the city has accepted it. Taking what one has changes nothing.

    Raises WrongStatus when the report is over.
    """
    refuse_closed(caller, report, Status.ACKNOWLEDGED)
    if Status(report.status) in ACCEPTED_BY_TAKING:
        move(session, caller, report, Status.ACKNOWLEDGED, said, caller.crew_id)
    elif report.crew_id != caller.crew_id or said.note:
        put_in_hands(session, caller, report, caller.crew_id, said)


def work(session: Session, caller: Caller, report: Report, wanted: Status, said: Said) -> None:
    """The crew moves the report. Whoever works on a report that nobody has taken has it from then on.

    A contractor leaves it in the hands that it is in. Raises NotOnTheLink for what their link does not allow.
    """
    if caller.role != "contractor":
        move(session, caller, report, wanted, said, caller.crew_id)
    elif DEEDS.get(wanted) in caller.scopes:
        move(session, caller, report, wanted, said, report.crew_id)
    else:
        raise NotOnTheLink(wanted=wanted.value, may=sorted(caller.scopes))


def hand_back(session: Session, caller: Caller, report: Report, said: Said) -> None:
    """The crew gives the report back to its department; work that was planned or begun goes back to accepted.

    Handing back what nobody has changes nothing. Raises WrongStatus when the report is over.
    """
    refuse_closed(caller, report, Status.ACKNOWLEDGED)
    if report.crew_id is not None and Status(report.status) in DROPPED_BY_HANDING_BACK:
        move(session, caller, report, Status.ACKNOWLEDGED, said, None)
    elif report.crew_id is not None or said.note:
        put_in_hands(session, caller, report, None, said)


def refuse_closed(caller: Caller, report: Report, wanted: str) -> None:
    """Raise WrongStatus when nobody works on the report any more."""
    if is_closed(report):
        raise WrongStatus(
            now=report.status, wanted=str(wanted), allowed=allowed_from(Status(report.status), caller.role)
        )
