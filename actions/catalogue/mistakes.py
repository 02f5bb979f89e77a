"""What is wrong with a town: where, a code that programs know, and a sentence in each language for people."""

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.core import UnknownLocaleError

Step = str | int
Steps = tuple[Step, ...]

FALLBACK = "en"
TEXTS = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent / "texts").glob("*.toml"))
}
_LONGEST_SHOWN = 80

CODES = (
    "unknown-group",
    "unknown-layer",
    "unknown-area",
    "unknown-body",
    "missing-language",
    "other-language",
    "languages-not-once",
    "not-one-line",
    "not-a-code",
    "not-a-link",
    "not-an-area",
    "not-stamped",
    "not-both",
    "one-target",
    "not-for-this-role",
    "not-for-this-type",
    "max-below-min",
    "not-an-earlier-question",
    "no-fixed-answers",
    "not-after",
    "not-a-version",
    "minimum-above-newest",
    "not-an-ios-id",
    "not-a-package",
    "not-a-fingerprint",
    "not-the-whole-order",
    "unusable-file",
    "taken-edition",
    "loses-its-area",
    "leaves-reports-outside",
    "has-open-reports",
    "unknown-status",
    "unknown-calendar",
    "hours-or-days",
    "no-working-hours",
    "not-hours",
    "hours-overlap",
    "not-a-day",
    "never-due",
    "not-hideable",
    "unknown-placeholder",
    "unbalanced-placeholder",
    "unknown-format",
    "not-toml",
    "not-utf-8",
    "file-missing",
    "file-unreadable",
    "other-town",
    "no-town",
)
"""The committed list of codes beside those of domain/field_codes.py, whose meaning is the same here."""


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong. `path` leads to it from the top of town.toml, lists counted from 0.

    says: which sentence of texts/ tells of it, where the one of its code would say too little.
    line: in town.toml, where it is known.
    """

    path: Steps
    code: str
    params: dict[str, Any] = field(default_factory=dict)
    says: str | None = None
    line: int | None = None

    @property
    def place(self) -> str:
        """As people write it: categories.pothole.questions[2].label.es, counted from 1."""
        return place_of(self.path)

    @property
    def pointer(self) -> str:
        """The same as a JSON pointer, counted from 0."""
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in self.path)

    def sentence(self, language: str = FALLBACK) -> str:
        """The whole sentence with its place, for somebody with the file before them."""
        says = self.says or self.code
        words = sentence_of(says, self.params, language, self.place)
        return words if not self.place or "{place}" in _template(says, language) else f"{self.place}: {words}"


class BadTown(Exception):
    """It cannot be put in force; `found` has everything that is wrong, `mistakes` the same as English sentences."""

    def __init__(self, found: Iterable[Mistake]):
        self.found = list(found)
        super().__init__("\n".join(self.mistakes))

    @property
    def mistakes(self) -> list[str]:
        return [mistake.sentence() for mistake in self.found]


def place_of(path: Steps) -> str:
    """A path as people write it."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def sentence_of(says: str, params: dict[str, Any], language: str, place: str = "") -> str:
    """What is wrong, without its place unless the sentence itself begins with it."""
    known = {**params, "place": place}

    def filled(found: re.Match[str]) -> str:
        return _shown(found[1], known[found[1]], language) if found[1] in known else found[0]

    return re.sub(r"\{(\w+)\}", filled, _template(says, language)).strip()


def message_of(found: list[Mistake], language: str = FALLBACK) -> str:
    """Everything that is wrong, for a terminal."""
    words = _words(language)["heading"]
    lines = [
        mistake.sentence(language)
        + (f" ({words['line'].replace('{line}', str(mistake.line))})" if mistake.line else "")
        for mistake in found
    ]
    if len(lines) == 1:
        return lines[0]
    counted = words["counted"] if any("[" in mistake.place for mistake in found) else ""
    several = words["several"].replace("{count}", str(len(lines))).replace("{counted}", counted)
    return several + "\n" + "\n".join(f"  - {line}" for line in lines)


def language_name(code: str, language: str = FALLBACK) -> str | None:
    """A language's name in a language, None when there is no such language."""
    try:
        return Locale.parse(code, sep="-").get_display_name(language if language in TEXTS else FALLBACK)
    except (UnknownLocaleError, ValueError):
        return None


def _template(says: str, language: str) -> str:
    return _words(language)["mistakes"].get(says) or TEXTS[FALLBACK]["mistakes"][says]


def _words(language: str) -> dict[str, Any]:
    return TEXTS.get(language) or TEXTS[FALLBACK]


def _shown(name: str, value: Any, language: str) -> str:
    """A parameter as this sentence shows it; which way, its name says."""
    words = _words(language)
    if name in ("value", "wanted"):
        return _quoted(value)
    if name == "expected":
        return words["types"].get(value, value)
    if name == "what":
        return words["things"].get(value, value)
    if name == "language":
        return language_name(value, language) or value
    if name == "languages":
        return _joined([language_name(one, language) or one for one in value], words["heading"]["and"], last_only=False)
    if name in ("choices", "types"):
        return _joined(value, words["heading"]["or"], last_only=name == "choices")
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) and language == FALLBACK else str(value)


def _joined(items: list[str], word: str, last_only: bool) -> str:
    """ "a, b or c", or "a or b or c"."""
    if not last_only or len(items) < 2:
        return f" {word} ".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def _quoted(value: Any) -> str:
    """What was found there: texts in quotes, all else as JSON and TOML write it; never endless."""
    if isinstance(value, str):
        return f"'{brief(value)}'"
    return json.dumps(value) if isinstance(value, bool) else str(brief(value))


def brief(value: Any) -> str | int | float | bool | None:
    """A value such as a message can hold: texts cut short, lists and tables as the beginning of their JSON."""
    if value is None or isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


@lru_cache(maxsize=64)
def reader_language(setting: str) -> str:
    """The language of who reads the command line, from LANG or LC_ALL such as es_MX.UTF-8."""
    wanted = setting.partition(".")[0].partition("_")[0].lower()
    return wanted if wanted in TEXTS else FALLBACK
