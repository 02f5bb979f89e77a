"""Who should hear: one reason a line, read from the top. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from domain.status import Status


class Followers(StrEnum):
    """Which of those who follow a report hear of something."""

    ALL = "all"
    WHO_MAY_SEE_IT = "who_may_see_it"  # staff within their departments and areas
    NONE = "none"


@dataclass(frozen=True)
class Audience:
    """Who hears. Left out in any case: whoever made the change, who is no longer active, who began to follow after it."""

    reporter: bool
    followers: Followers
    workers: bool = False  # the crew and the person who have it
    supervisors: bool = False  # those in whose departments and areas the report is


NOBODY = Audience(reporter=False, followers=Followers.NONE)

ESCALATED = "escalated"  # overdue for too long
ANSWERED = "answered"  # the reporter, to what the city has asked
CORRECTED = "corrected"  # what it is about, by the desk
DISPUTED = "disputed"  # the fix, by its reporter or a follower
FOR_SOME = frozenset({ESCALATED, ANSWERED, CORRECTED, DISPUTED})
TOLD = frozenset({status.value for status in Status} | {"rerouted", "comment", "expected_moved"})


def audience(event: str, seq: int, visibility: str) -> Audience:
    """Who hears of this event, told by line `seq` of the history of a report of this visibility."""
    followers = Followers.ALL if visibility == "public" else Followers.WHO_MAY_SEE_IT

    if seq == 1:
        return NOBODY  # the reporter has the receipt in hand, and nobody follows yet
    if event == ESCALATED:
        return Audience(False, Followers.NONE, supervisors=True)
    if event == ANSWERED:
        return Audience(False, Followers.WHO_MAY_SEE_IT, workers=True)  # those hear whose work had to wait for it
    if event == CORRECTED:
        return Audience(True, Followers.NONE)  # it was what the reporter had said
    if event == DISPUTED:
        return Audience(True, followers, workers=True)
    if event not in TOLD:
        return NOBODY  # staff's own affairs, such as which crew has it, reach no resident
    return Audience(True, followers)  # whoever asked for something hears what becomes of it
