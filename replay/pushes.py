"""What the phones heard: asked of the FCM stand-in, which shows the phones of one machine."""

import http.client
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from replay.wire import Connection

LOOK_EVERY_S = 1.0
QUIET_AFTER_S = 30.0


@dataclass
class Pushes:
    """Pushes that reached the run's phones, read from where the last look ended.

    The same notification may come twice (delivery is at least once); the second copy replaces the first on the phone.
    """

    url: str
    prefix: str
    _seen: dict[str, str] = field(default_factory=dict)  # notification → event
    _copies: int = 0
    _since: int = 0

    def look(self) -> None:
        """Read what came since. Raises OSError or http.client.HTTPException when the page does not answer."""
        line = Connection(self.url)
        try:
            answer = line.ask("GET", f"/messages?since={self._since}", None, {})
        finally:
            line.close()
        if answer.status != 200:
            raise http.client.HTTPException(f"HTTP {answer.status}")
        for message in answer.json()["messages"]:
            self._since = max(self._since, message["seq"])
            if message["target"].startswith(self.prefix):
                self._add(message["message"].get("data") or {})

    def _add(self, data: dict[str, Any]) -> None:
        self._copies += 1
        self._seen[data.get("notification_id", "")] = data.get("event", "")

    @property
    def delivered(self) -> int:
        return len(self._seen)

    def wait(self, owed: int, most_s: float, tell: Callable[[int], None]) -> float:
        """Wait until all that is owed has come, nothing has come for a while, or the time is over. The seconds it took."""
        started = last_news = time.monotonic()
        while True:
            before = self.delivered
            try:
                self.look()
            except (OSError, http.client.HTTPException):
                pass  # it may be starting again; the limit holds for that as well
            now = time.monotonic()
            last_news = now if self.delivered != before else last_news
            tell(self.delivered)
            if self.delivered >= owed or now - last_news > QUIET_AFTER_S or now - started > most_s:
                return round(last_news - started, 1)
            time.sleep(LOOK_EVERY_S)

    def as_json(self, owed: int, waited_s: float) -> dict[str, Any]:
        """The figures."""
        return {
            "owed": owed,
            "delivered": self.delivered,
            "by_event": dict(Counter(self._seen.values()).most_common()),
            "further_copies": self._copies - self.delivered,
            "waited_s": waited_s,
        }
