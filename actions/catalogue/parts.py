"""Strict reading of a TOML file's tables: every key is taken by name, every mistake is noted with its place."""

import re
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from babel import Locale
from babel.core import UnknownLocaleError

from domain.forms import has_control_characters

LONGEST = {"name": 200, "label": 300, "help": 1_000, "description": 2_000, "text": 500}
_OF_SEVERAL_LINES = {"description", "help", "text"}
_CODE = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")
_LONGEST_CODE = 60
_LONGEST_TEXT = 200


class BadTown(Exception):
    """The file cannot be applied; `mistakes` has one line for each thing that is wrong, with its place in the file."""

    def __init__(self, mistakes: list[str]):
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def is_code(text: str) -> bool:
    """Whether the text may be a code: small letters, digits, single - or _ between them."""
    return len(text) <= _LONGEST_CODE and _CODE.fullmatch(text) is not None


def language_name(code: str) -> str | None:
    """The language in English, None when there is no such language."""
    try:
        return Locale.parse(code, sep="-").english_name
    except (UnknownLocaleError, ValueError):
        return None


class Part:
    """One table of the file. Take every key that is known, then call `finish`, which notes those that were not."""

    def __init__(self, values: Any, path: str, mistakes: list[str], languages: list[str]):
        self.path = path
        self.mistakes = mistakes
        self.languages = languages
        self._values: dict[str, Any] = values if isinstance(values, dict) else {}
        self._taken: set[str] = set()
        if not isinstance(values, dict):
            self.wrong("", "must be a table")

    def wrong(self, key: str, what: str) -> None:
        """Note a mistake at a key of this table, or at the table itself."""
        self.mistakes.append(f"{self.place(key)}: {what}")

    def place(self, key: str) -> str:
        return ".".join(part for part in (self.path, key) if part)

    def take(self, key: str, required: bool = False) -> Any:
        """The raw value; None when it is not there."""
        self._taken.add(key)
        value = self._values.get(key)
        if value is None and required:
            self.wrong(key, "missing")
        return value

    def has(self, key: str) -> bool:
        return key in self._values

    def finish(self) -> None:
        """Note the keys that nobody asked for: a misspelt setting must not be silently without effect."""
        for key in self._values:
            if key not in self._taken:
                known = ", ".join(sorted(self._taken))
                self.wrong(key, f"unknown; known here are {known}" if known else "unknown")

    def text(self, key: str, required: bool = False, longest: int = _LONGEST_TEXT) -> str | None:
        value = self.take(key, required)
        return None if value is None else self._line(key, value, longest)

    def _line(self, key: str, value: Any, longest: int) -> str | None:
        if not isinstance(value, str):
            self.wrong(key, f"must be text, not {value!r}")
        elif not value.strip():
            self.wrong(key, "is empty")
        elif len(value) > longest:
            self.wrong(key, f"is longer than {longest} characters")
        elif has_control_characters(value):
            self.wrong(key, "holds control characters")
        elif "\n" in value.strip() and key.split(".")[0] not in _OF_SEVERAL_LINES:
            self.wrong(key, "must be one line")
        else:
            return value.strip()
        return None

    def words(self, key: str, required: bool = True, longest: int | None = None) -> dict[str, str] | None:
        """A text in every language of the town, and in no other."""
        value = self.take(key)
        if value is None:
            if required:
                self.wrong(key, f"missing (a text in {self._spoken()})")
            return None
        if not isinstance(value, dict):
            self.wrong(
                key, f"must have a text for each language: {{ {', '.join(f'{one} = …' for one in self.languages)} }}"
            )
            return None
        for language in self.languages:
            if language not in value:
                self.wrong(key, f"{language_name(language)} text missing")
        for language in value:
            if language not in self.languages:
                self.wrong(f"{key}.{language}", f"the town's languages are {self._spoken()}")
        limit = longest or LONGEST.get(key, _LONGEST_TEXT)
        found = {
            language: self._line(f"{key}.{language}", value[language], limit)
            for language in self.languages
            if language in value
        }
        return {language: text for language, text in found.items() if text is not None}

    def _spoken(self) -> str:
        return " and ".join(language_name(language) or language for language in self.languages)

    def flag(self, key: str, default: bool) -> bool:
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.wrong(key, f"must be true or false, not {value!r}")
            return default
        return value

    def whole(self, key: str, default: int | None, low: int, high: int) -> int | None:
        value = self.take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.wrong(key, f"must be a whole number from {low} to {high}, not {value!r}")
            return default
        return value

    def number(self, key: str) -> int | float | None:
        value = self.take(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        if isinstance(value, float) and isfinite(value):
            return int(value) if value.is_integer() else value  # 1.0 and 1 are the same form
        self.wrong(key, f"must be a number, not {value!r}")
        return None

    def one_of(self, key: str, choices: tuple[str, ...], required: bool = True) -> str | None:
        value = self.take(key, required)
        if value is None or value in choices:
            return value
        self.wrong(key, f"must be {', '.join(choices[:-1])} or {choices[-1]}, not {value!r}")
        return None

    def code(self, key: str) -> str | None:
        """A code of its own, such as a question's."""
        value = self.take(key, required=True)
        if value is None or (isinstance(value, str) and is_code(value)):
            return value
        self.wrong(key, f"must be a code (small letters, digits, - and _), not {value!r}")
        return None

    def reference(self, key: str, known: Any, what: str, required: bool = False) -> str | None:
        """A code that is defined elsewhere in the file."""
        value = self.take(key, required)
        if value is None or (isinstance(value, str) and value in known):
            return value
        self.wrong(key, f"there is no {what} {value!r}")
        return None

    def address(self, key: str) -> str | None:
        """A link that starts with http:// or https://."""
        value = self.text(key, longest=2_000)
        if value is None or (urlsplit(value).scheme in {"http", "https"} and urlsplit(value).netloc):
            return value
        self.wrong(key, f"must be a link that begins with https:// or http://, not {value!r}")
        return None

    def texts(self, key: str, required: bool = False) -> list[str]:
        value = self.take(key, required)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.wrong(key, "must be a list of texts")
            return []
        return value

    def inner(self, key: str) -> "Part | None":
        """A table inside this one; None when it is not there."""
        value = self.take(key)
        return None if value is None else Part(value, self.place(key), self.mistakes, self.languages)

    def parts(self, key: str) -> list["Part"]:
        """Tables in a list, counted from 1 in messages."""
        value = self.take(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(key, "must be a list of tables")
            return []
        return [
            Part(item, f"{self.place(key)}[{number}]", self.mistakes, self.languages)
            for number, item in enumerate(value, 1)
        ]

    def coded(self, key: str) -> dict[str, "Part"]:
        """Tables by code, such as [departments.roads]. Codes that cannot be used are noted and left out."""
        value = self.take(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.wrong(key, "must be tables by code")
            return {}
        found = {}
        for code, table in value.items():
            if is_code(code):
                found[code] = Part(table, f"{self.place(key)}.{code}", self.mistakes, self.languages)
            else:
                self.wrong(f"{key}.{code}", f"a code has small letters, digits, - and _ only, at most {_LONGEST_CODE}")
        return found
