"""Afterwards: read every acknowledged report back as its reporter, and hold it against what was sent and answered."""

import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from replay.identity import Crowd
from replay.phones import Accepted, bearer
from replay.progress import Bar
from replay.timing import Timing
from replay.wire import Connection, Patience

SAME_DEGREES = 1e-9  # what survives a double and its decimal form; 0.1 mm on the ground
Moved = tuple[int, str]  # version and status after the last acknowledged move


class Checking:
    """Threads that read reports back. `missing` and `different` say what was not as acknowledged, by row."""

    def __init__(
        self,
        accepted: Iterator[Accepted],
        moved: dict[str, Moved],
        crowd: Crowd,
        patience: Patience,
        timing: Timing,
        bar: Bar,
    ):
        self._accepted = accepted
        self._moved = moved
        self._crowd = crowd
        self._patience = patience
        self._timing = timing
        self._bar = bar
        self._lock = threading.Lock()
        self.checked_count = 0
        self.missing: dict[str, str] = {}
        self.different: dict[str, list[str]] = {}

    def work(self, line: Connection) -> None:
        """Check until nothing is left. Raises NoAnswer when patience is over."""
        while (accepted := self._next()) is not None:
            self._check(line, accepted)
            self._bar.step()

    def _next(self) -> Accepted | None:
        with self._lock:
            return next(self._accepted, None)

    def _check(self, line: Connection, accepted: Accepted) -> None:
        secret = self._crowd.phone(accepted["phone"]).secret
        answer = self._patience.ask(line, "GET", f"/v1/reports/{accepted['sent']['id']}", headers=bearer(secret))
        self._timing.add("GET /v1/reports/{id}", answer.seconds)
        differing = (
            differences(accepted, answer.json(), self._moved.get(accepted["row"])) if answer.status == 200 else []
        )
        with self._lock:
            self.checked_count += 1
            if answer.status != 200:
                self.missing[accepted["row"]] = answer.problem
            elif differing:
                self.different[accepted["row"]] = differing


def differences(accepted: Accepted, shown: dict[str, Any], moved: Moved | None) -> list[str]:
    """What a report shows that is not what was sent, or not what was acknowledged."""
    sent, got = accepted["sent"], accepted["got"]
    pairs: dict[str, tuple[Any, Any]] = {
        "id": (sent["id"], shown.get("id")),
        "category": (sent["category"], shown["category"]["code"]),
        "form_version": (sent["form_version"], shown.get("form_version")),
        "description": (sent["description"], shown["description"]),
        "address": (sent.get("address"), shown.get("address")),
        "answers": (sent.get("answers") or {}, {**shown["answers"], **(shown.get("private_answers") or {})}),
        "captured_at": (_moment(sent["captured_at"]), _moment(shown.get("captured_at"))),
        "reference": (got["reference"], shown["reference"]),
        "received_at": (_moment(got["received_at"]), _moment(shown["received_at"])),
        "areas": (got["areas"], _areas(shown)),
        "mine": (True, shown.get("mine")),
    }
    if "received_at" in sent:
        pairs["received_at as sent"] = (_moment(sent["received_at"]), _moment(shown["received_at"]))
    wrong = [f"{name}: {before!r} became {now!r}" for name, (before, now) in pairs.items() if before != now]
    return (
        wrong
        + _place_moved(sent["location"], shown["location"])
        + _moves_lost(moved or (got["version"], got["status"]), shown)
    )


def _place_moved(sent: dict[str, float], shown: dict[str, float]) -> list[str]:
    if all(abs(sent[axis] - shown[axis]) <= SAME_DEGREES for axis in ("lon", "lat")):
        return []
    return [f"location: {sent} became {shown}"]


def _moves_lost(acknowledged: Moved, shown: dict[str, Any]) -> list[str]:
    """A report may have gone on since (others work on it too), but never back."""
    version, status = acknowledged
    if shown["version"] < version:
        return [f"version: {version} was acknowledged, {shown['version']} is there"]
    if shown["version"] == version and shown["status"]["code"] != status:
        return [f"status: {status!r} became {shown['status']['code']!r}"]
    return []


def _areas(shown: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {layer: {"code": area["code"], "name": area["name"]} for layer, area in shown["areas"].items()}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
