"""What the stand-in answers when a test wants it to fail. Nothing is kept: a fresh stand-in behaves."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from machine.fcm_standin.answers import ON_REQUEST

EVERYBODY = "*"
KINDS = ("ok", *ON_REQUEST, "slow", "cut", "cut_after")


class WrongBehaviour(Exception):
    """There is no such behaviour; the text says what there is."""


@dataclass(frozen=True)
class Behaviour:
    """How to answer.

    ok               take the message
    slow             take it at once, answer after `delay_s`
    cut              cut the connection, take nothing
    cut_after        take it, then cut the connection instead of answering
    the others       FCM's error of that name, with Retry-After when `retry_after_s` is given
    times            for so many messages, then ok again; None is for ever
    """

    kind: str = "ok"
    times: int | None = None
    retry_after_s: float | None = None
    delay_s: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise WrongBehaviour(f"kind must be one of {', '.join(KINDS)}.")
        if self.times is not None and (type(self.times) is not int or self.times < 1):
            raise WrongBehaviour("times must be a whole number from 1, or null for ever.")
        for seconds in (self.retry_after_s, self.delay_s):
            if seconds is not None and (not isinstance(seconds, int | float) or not 0 <= seconds <= 24 * 3600):
                raise WrongBehaviour("retry_after_s and delay_s are seconds, at most a day.")


class Behaviours:
    """The behaviour asked for each target, and for everybody else under "*"."""

    def __init__(self) -> None:
        self._wanted: dict[str, Behaviour] = {}
        self._lock = threading.Lock()

    def set(self, wanted: Mapping[str, Any]) -> None:
        """Take {target: {kind, times, retry_after_s, delay_s}}; targets not named stay as they are. Raises WrongBehaviour."""
        try:
            fresh = {target: Behaviour(**settings) for target, settings in wanted.items()}
        except (TypeError, AttributeError):
            raise WrongBehaviour(
                'Send {"<token or fid, or *>": {"kind": …, "times": …, "retry_after_s": …, "delay_s": …}}.'
            ) from None
        with self._lock:
            self._wanted.update(fresh)

    def next_for(self, target: str) -> Behaviour:
        """How to answer this message; one of `times` is used up."""
        with self._lock:
            key = target if target in self._wanted else EVERYBODY
            wanted = self._wanted.get(key)
            if wanted is None:
                return Behaviour()
            if wanted.times is not None:
                self._use_up(key, wanted)
            return wanted

    def _use_up(self, key: str, wanted: Behaviour) -> None:
        if wanted.times == 1:
            del self._wanted[key]
        else:
            self._wanted[key] = Behaviour(**{**asdict(wanted), "times": (wanted.times or 0) - 1})

    def clear(self) -> None:
        with self._lock:
            self._wanted.clear()

    def as_json(self) -> dict[str, Any]:
        with self._lock:
            return {target: asdict(wanted) for target, wanted in self._wanted.items()}
