"""What the phones heard: asked of the FCM stand-in, which shows the phones of one machine."""

import http.client
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from replay.faults import CannotStart
from replay.identity import Crowd
from replay.wire import Answer, Connection

LOOK_EVERY_S = 0.5
# Longer than the worker waits (120 s) before it takes up what a killed one had claimed: until then the rest is late, not lost.
QUIET_AFTER_S = 180.0


class Pushes:
    """Pushes that reached the run's phones.

    The same notification may come twice (delivery is at least once); the second copy replaces the first on the phone.
    """

    def __init__(self, url: str, crowd: Crowd):
        """url: the stand-in's page, such as http://127.0.0.1:8399/"""
        self._line = Connection(url)
        self._crowd = crowd
        self._events: dict[str, str] = {}  # notification → event
        self._copies = 0
        self._since: Counter[str] = Counter()  # phone → number of its last arrival that was counted
        self._looked_at_seq = 0

    @property
    def delivered(self) -> int:
        """How many different notifications came."""
        return len(self._events)

    def check(self) -> None:
        """Raises CannotStart when the page is not there: better now than after an hour of replay."""
        try:
            self._last_seq()
        except (OSError, http.client.HTTPException, KeyError) as fault:
            raise CannotStart(f"--pushes-url does not lead to the FCM stand-in: {fault!r}") from None

    def wait(self, owed: int, most_s: float, tell: Callable[[int], None]) -> float:
        """Wait until all that is owed has come, nothing has come for a while, or the time is over.

        The seconds until the last one came.
        """
        started = last_news_at = time.monotonic()
        last_seq = 0
        while True:
            try:
                seq = self._last_seq()
                # Each delivery is an arrival: before so many have arrived, asking every phone cannot find all that is owed.
                if seq - self._looked_at_seq >= owed - self.delivered:
                    self._look(seq)
            except (OSError, http.client.HTTPException):
                seq = last_seq  # it may be starting again; the limit holds for that as well
            now = time.monotonic()
            if seq != last_seq:
                last_news_at, last_seq = now, seq
            tell(min(owed, max(self.delivered, seq - self._looked_at_seq)))
            if self.delivered >= owed or now - last_news_at > QUIET_AFTER_S or now - started > most_s:
                break
            time.sleep(LOOK_EVERY_S)
        self._look_if_there(last_seq)
        tell(self.delivered)
        return round(last_news_at - started, 1)

    def as_json(self, owed: int, waited_s: float) -> dict[str, Any]:
        """The figures."""
        return {
            "owed": owed,
            "delivered": self.delivered,
            "by_event": dict(Counter(self._events.values()).most_common()),
            "further_copies": self._copies - self.delivered,
            "waited_s": waited_s,
        }

    def _last_seq(self) -> int:
        """The number of the last message that anybody's phone got."""
        return int(self._get("/summary").json()["last_seq"])

    def _look(self, seq: int) -> None:
        """Ask for every phone of the run what came since the last look."""
        for number in range(self._crowd.phone_count):
            target = self._crowd.phone(number).push_value
            answer = self._get(f"/messages?token={target}&since={self._since[target]}")
            for arrival in answer.json()["arrivals"]:
                self._since[target] = max(self._since[target], arrival["seq"])
                self._copies += 1
                self._events[arrival["data"]["notification_id"]] = arrival["data"]["event"]
        self._looked_at_seq = seq

    def _look_if_there(self, seq: int) -> None:
        try:
            self._look(seq)
        except (OSError, http.client.HTTPException):
            pass  # what was counted so far stands

    def _get(self, path: str) -> Answer:
        answer = self._line.ask("GET", path, None, {})
        if answer.status != 200:
            raise http.client.HTTPException(f"HTTP {answer.status}")
        return answer
