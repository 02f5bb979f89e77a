"""What is sent to one device, and what became of it; by whichever channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["sent", "retry", "dead", "refused"]


@dataclass(frozen=True)
class Letter:
    """One notification to one device. `thread` groups what belongs together, one for each report."""

    notification_id: str
    target_kind: Literal["fcm_token", "fcm_fid"]
    target_value: str
    title: str
    body: str
    data: Mapping[str, str]
    thread: str
    ttl_s: int


@dataclass(frozen=True)
class Outcome:
    """What became of one letter.

    sent      FCM took it; `message_id` is its name for it
    retry     not now: again after `retry_after_s` if given, else after one's own backoff
    dead      the target will never hear again and must be retired
    refused   this letter can never go to this target; the target may be good for others
    """

    kind: Kind
    reason: str
    retry_after_s: float | None = None
    message_id: str | None = None
