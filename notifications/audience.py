"""Who should hear: one reason a line, read from the top. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from domain.status import Status


class Followers(StrEnum):
    """Which of those who follow a report hear of something."""

    ALL = "all"
    WHO_MAY_SEE_IT = "who_may_see_it"  # the desk, and the crews of the report's department
    NONE = "none"


@dataclass(frozen=True)
class Audience:
    """Who hears. Whoever made the change is left out in any case, and so is a person who is no longer active."""

    reporter: bool
    followers: Followers


NOBODY = Audience(reporter=False, followers=Followers.NONE)

TOLD = frozenset({status.value for status in Status} | {"rerouted", "comment"})


def audience(event: str, visibility: str) -> Audience:
    """Who hears of this event on a report of this visibility."""
    followers = Followers.ALL if visibility == "public" else Followers.WHO_MAY_SEE_IT

    if event not in TOLD:
        return NOBODY  # staff's own affairs, such as which crew has it, reach no resident
    if event == "received":
        return Audience(False, followers)  # the reporter has the receipt in hand
    return Audience(True, followers)  # whoever asked for something hears what becomes of it
