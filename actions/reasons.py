"""What the city has settled of a report's life: names of statuses, which of them are hidden, and its reasons."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.errors import FieldError, Invalid
from domain.status import CLOSING_REASONS, REASONS, Status
from domain.workflow import Reason, StatusSetting

Words = dict[str, str]


@dataclass(frozen=True)
class Life:
    """The city's own, by code. What is built in stands in `domain.status`."""

    labels: dict[str, Words] = field(default_factory=dict)
    reasons: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Why:
    """A reason as it is kept in a line of the history. name: by language; None for free text."""

    code: str
    name: Words | None = None
    is_public: bool = True

    @property
    def facts(self) -> dict[str, Any]:
        """For the line's `data`: nothing where free text says it all."""
        if self.name is None:
            return {}
        return {"reason": {"code": self.code, "name": self.name, "is_public": self.is_public}}


def life_of(session: Session, town_id: int) -> Life:
    """What answers need to know: what statuses and reasons are called here."""
    settings = session.execute(
        select(StatusSetting.code, StatusSetting.label)
        .where(StatusSetting.jurisdiction_id == town_id)
        .where(StatusSetting.active)
        .where(StatusSetting.label.is_not(None))
    )
    reasons = session.scalars(
        select(Reason).where(Reason.jurisdiction_id == town_id).where(Reason.active).order_by(Reason.code)
    )
    return Life(
        {code: label for code, label in settings if label is not None},
        {at.code: {"for": at.purpose, "name": at.name, "public": at.is_public} for at in reasons},
    )


def is_hidden(session: Session, town_id: int, status: Status) -> bool:
    """Whether the city keeps this status to itself."""
    setting = session.scalar(
        select(StatusSetting.is_public)
        .where(StatusSetting.jurisdiction_id == town_id)
        .where(StatusSetting.code == status.value)
        .where(StatusSetting.active)
    )
    return setting is False


def why(session: Session, town_id: int, purpose: str, said: str) -> Why:
    """The reason that was said, from the list where there is one.

    Closing always has a list; for all else there is one where the city made it, and free text elsewhere.
    Raises Invalid at /reason for one that is not on it.
    """
    own = {
        at.code: at
        for at in session.scalars(
            select(Reason)
            .where(Reason.jurisdiction_id == town_id)
            .where(Reason.purpose == purpose)
            .where(Reason.active)
            .order_by(Reason.code)
        )
    }
    if said in own:
        return Why(said, own[said].name, own[said].is_public)
    built_in = CLOSING_REASONS if purpose == "closed" else ()
    if said in built_in:
        return Why(said, {language: names[said] for language, names in REASONS.items()})
    if not own and not built_in:
        return Why(said)
    choices = [*built_in, *(code for code in own if code not in built_in)]
    raise Invalid([FieldError("/reason", "not-offered", {"choices": ", ".join(choices)})])
