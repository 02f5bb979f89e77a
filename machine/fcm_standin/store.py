"""What arrived, and what each phone shows of it. Kept in memory and, line by line, in `messages.jsonl`."""

import fcntl
import json
import os
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from machine.fcm_standin.payload import on_the_phone


class CannotStart(Exception):
    """The stand-in cannot come up here; the text says why."""


@dataclass(slots=True)
class Card:
    """One notification on a phone's screen: its latest message, and how many came under the same tag."""

    seq: int
    copies: int
    first_seq: int


class Store:
    """Arrivals in order, numbered from 1. A number is never given twice, also not after `forget`.

    A message is in the file before anybody is told that it was taken, so that a killed stand-in forgets nothing. There is no fsync: a
    machine that loses its power may lose the last second, which a stand-in can bear.
    """

    def __init__(self, path: Path):
        """Reads what an earlier process left in `path`. Raises CannotStart when another stand-in uses it."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise CannotStart(f"Another FCM stand-in is running with {path}.") from None
        self._changed = threading.Condition(threading.RLock())
        self._lines: dict[int, str] = {}
        self._by_target: dict[str, list[int]] = {}
        self._screens: dict[str, dict[str, Card]] = {}
        self._last_seq = 0
        self._load(path)

    def _load(self, path: Path) -> None:
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole != len(content):
            os.ftruncate(
                self._file, whole
            )  # the process died inside the write: nobody was told that this one was taken
        for line in content[:whole].decode().split("\n")[:-1]:
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # half a line from when the disk was full; nobody was told of that one either
            self._last_seq = entry["seq"]
            if "message" in entry:
                self._remember(entry, line)

    def record(self, message: dict[str, Any]) -> str:
        """Keep a message. Answers its id, which looks like those of FCM."""
        message_id = f"0:{time.time_ns() // 1000}%{os.urandom(8).hex()}"
        with self._changed:
            self._last_seq += 1
            at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
            entry = {"seq": self._last_seq, "message_id": message_id, "arrived_at": at, "message": message}
            line = json.dumps(entry, separators=(",", ":"))
            os.write(self._file, line.encode() + b"\n")
            self._remember(entry, line)
            self._changed.notify_all()
        return message_id

    def _remember(self, entry: dict[str, Any], line: str) -> None:
        seq, message = entry["seq"], entry["message"]
        target = message.get("token") or message["fid"]
        self._lines[seq] = line
        self._by_target.setdefault(target, []).append(seq)
        screen = self._screens.pop(target, {})  # out and in again, here and below: the latest is always the last
        self._screens[target] = screen
        tag = on_the_phone(message)["tag"] or f"message {seq}"
        before = screen.pop(tag, None)
        screen[tag] = Card(seq, before.copies + 1 if before else 1, before.first_seq if before else seq)

    def arrivals(self, target: str | None = None, since: int = 0) -> list[dict[str, Any]]:
        """Every message with a number above `since`, copies included, oldest first."""
        with self._changed:
            numbers = self._lines if target is None else self._by_target.get(target, [])
            lines = [self._lines[seq] for seq in numbers if seq > since]
        return [_described(line) for line in lines]

    def shown(self, target: str | None = None) -> list[dict[str, Any]]:
        """What is on the screens, oldest first: a later message with the same tag has replaced the earlier one."""
        with self._changed:
            screens = self._screens.values() if target is None else [self._screens.get(target, {})]
            cards = sorted((card for screen in screens for card in screen.values()), key=lambda card: card.seq)
            found = [(self._lines[card.seq], self._lines[card.first_seq], card.copies) for card in cards]
        return [
            {**_described(line), "copies": copies, "first_arrived_at": json.loads(first)["arrived_at"]}
            for line, first, copies in found
        ]

    def phones(self, most: int, most_cards: int, target: str | None = None) -> list[dict[str, Any]]:
        """The phones that heard something last, latest first, each with its latest cards: for the page."""
        with self._changed:
            targets = list(islice(reversed(self._screens), most)) if target is None else [target]
            return [self._phone(target, most_cards) for target in targets]

    def _phone(self, target: str, most_cards: int) -> dict[str, Any]:
        cards = self.shown(target)[-most_cards:]
        for card in cards:
            del card["message"]
        return {"target": target, "arrivals": len(self._by_target.get(target, ())), "cards": cards[::-1]}

    def counts(self) -> dict[str, int]:
        with self._changed:
            return {
                "arrivals": len(self._lines),
                "phones": len(self._screens),
                "shown": sum(len(screen) for screen in self._screens.values()),
                "last_seq": self._last_seq,
            }

    def forget(self) -> None:
        """Empty the screens and the file; numbers go on from where they are."""
        with self._changed:
            os.ftruncate(self._file, 0)
            os.write(self._file, json.dumps({"seq": self._last_seq}).encode() + b"\n")
            self._lines.clear()
            self._by_target.clear()
            self._screens.clear()
            self._changed.notify_all()

    def wait_for_change(self, seen: tuple[int, int], timeout_s: float) -> tuple[int, int]:
        """Wait until the state is no longer `seen`, or for `timeout_s`. Answers the state, to be handed in the next time."""
        with self._changed:
            self._changed.wait_for(lambda: self._state() != seen, timeout_s)
            return self._state()

    def _state(self) -> tuple[int, int]:
        return self._last_seq, len(self._lines)

    def close(self) -> None:
        with self._changed:
            os.close(self._file)
            self._file = -1  # a thread that comes too late must not write where another file has got this number


def _described(line: str) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(line)
    message = entry["message"]
    kind = "token" if "token" in message else "fid"
    return {
        "seq": entry["seq"],
        "message_id": entry["message_id"],
        "arrived_at": entry["arrived_at"],
        "target_kind": kind,
        "target": message[kind],
        **on_the_phone(message),
        "message": message,
    }
