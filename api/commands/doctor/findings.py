"""What a check says, and what it is given to look at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from core.config import Config

Level = Literal["ok", "warning", "wrong"]
DAY_S = 86_400


@dataclass(frozen=True)
class Finding:
    """One thing that is well or not. `todo`: what somebody should do about it. Neither ever holds a secret."""

    level: Level
    text: str
    todo: str = ""
    check: str = ""


# Of settings and of what is outside; of the database. A check gives as many findings as there are things to say.
Check = Callable[[Config], Iterator[Finding]]
DatabaseCheck = Callable[[Config, Session], Iterator[Finding]]


def well(text: str) -> Finding:
    return Finding("ok", text)


def warning(text: str, todo: str) -> Finding:
    return Finding("warning", text, todo)


def wrong(text: str, todo: str) -> Finding:
    return Finding("wrong", text, todo)


def as_size(count: float) -> str:
    """ "1.5 GB"."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
