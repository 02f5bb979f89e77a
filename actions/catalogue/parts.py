"""Strict reading of a TOML file's tables: every key is taken by name, every mistake is noted with its place."""

import re
from datetime import UTC, datetime
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from actions.catalogue.mistakes import Mistake, Step, Steps
from domain.forms import has_control_characters

LONGEST = {"name": 200, "label": 300, "help": 1_000, "description": 2_000, "text": 500}
LONGEST_CODE = 60
LONGEST_TEXT = 200
LONGEST_LINK = 2_000
LARGEST_NUMBER = 2**53 - 1  # what JSON's readers keep exactly (RFC 8259, 6)
_OF_SEVERAL_LINES = {"description", "help", "text"}
_CODE = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")


def is_code(text: str) -> bool:
    """Whether the text may be a code: small letters, digits, single - or _ between them."""
    return len(text) <= LONGEST_CODE and _CODE.fullmatch(text) is not None


class Part:
    """One table. Take every key that is known, then call `finish`, which notes those that were not.

    path: where the table is, from the top. found: where mistakes are noted, for all tables together.
    """

    def __init__(self, values: Any, path: Steps, found: list[Mistake], languages: list[str]):
        self.path = path
        self.found = found
        self.languages = languages
        self._values: dict[str, Any] = values if isinstance(values, dict) else {}
        self._taken: set[str] = set()
        self._is_table = isinstance(values, dict)
        if not self._is_table:
            self.wrong("", "wrong-type", expected="object", value=values)

    def wrong(self, key: Step | Steps, code: str, says: str | None = None, **params: Any) -> None:
        """Note a mistake at a key of this table, or with "" at the table itself. What is no table lacks nothing else."""
        if not self._is_table and key != "":
            return
        steps = key if isinstance(key, tuple) else (key,) if key != "" else ()
        self.found.append(Mistake((*self.path, *steps), code, params, says))

    def take(self, key: str, required: bool = False) -> Any:
        """The raw value; None when it is not there."""
        self._taken.add(key)
        value = self._values.get(key)
        if value is None and required:
            self.wrong(key, "required")
        return value

    def has(self, key: str) -> bool:
        return key in self._values

    def peek(self, key: str) -> str | None:
        """A text without taking it: for what other tables say of this one."""
        value = self._values.get(key)
        return value if isinstance(value, str) else None

    def finish(self) -> None:
        """Note the keys that nobody asked for: a misspelt setting must not be silently without effect."""
        for key in self._values:
            if key not in self._taken:
                known = sorted(self._taken)
                self.wrong(key, "unknown-field", "unknown-key" if known else None, known=known)

    def text(self, key: str, required: bool = False, longest: int = LONGEST_TEXT) -> str | None:
        value = self.take(key, required)
        return None if value is None else self._line((key,), value, longest)

    def _line(self, steps: Steps, value: Any, longest: int) -> str | None:
        if not isinstance(value, str):
            self.wrong(steps, "wrong-type", expected="string", value=value)
        elif not value.strip():
            self.wrong(steps, "too-short", "empty", min=1)
        elif len(value) > longest:
            self.wrong(steps, "too-long", max=longest)
        elif has_control_characters(value):
            self.wrong(steps, "control-character")
        elif "\n" in value.strip() and steps[0] not in _OF_SEVERAL_LINES:
            self.wrong(steps, "not-one-line")
        else:
            return value.strip()
        return None

    def words(self, key: str, required: bool = True, longest: int | None = None) -> dict[str, str] | None:
        """A text in every language of the town, and in no other."""
        value = self.take(key)
        if value is None:
            if required:
                self.wrong(key, "required", "words-required", languages=self.languages)
            return None
        if not isinstance(value, dict):
            each = f"{{ {', '.join(f'{one} = …' for one in self.languages)} }}"
            self.wrong(key, "wrong-type", "words-by-language", expected="object", each=each)
            return None
        for language in self.languages:
            if language not in value:
                self.wrong(key, "missing-language", language=language)
        for language in value:
            if language not in self.languages:
                self.wrong((key, language), "other-language", languages=self.languages)
        limit = longest or LONGEST.get(key, LONGEST_TEXT)
        found = {
            language: self._line((key, language), value[language], limit)
            for language in self.languages
            if language in value
        }
        return {language: text for language, text in found.items() if text is not None}

    def moment(self, key: str) -> str | None:
        """A time with its zone, as TOML's own or as text; in UTC with Z, as it is kept."""
        value = self.take(key)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                value = None
        if isinstance(value, datetime) and value.tzinfo is not None:
            try:
                return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
            except OverflowError:  # the first and the last day that there are
                pass
        self.wrong(key, "not-a-time")
        return None

    def flag(self, key: str, default: bool) -> bool:
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.wrong(key, "wrong-type", expected="boolean", value=value)
            return default
        return value

    def whole(self, key: str, default: int | None, low: int, high: int) -> int | None:
        value = self.take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(key, "wrong-type", "whole-number", expected="integer", min=low, max=high, value=value)
        elif not low <= value <= high:
            code = "too-small" if value < low else "too-large"
            self.wrong(key, code, "whole-number", min=low, max=high, value=value)
        else:
            return value
        return default

    def number(self, key: str) -> int | float | None:
        value = self.take(key)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            if abs(value) <= LARGEST_NUMBER:
                return value
            code = "too-small" if value < 0 else "too-large"
            self.wrong(key, code, "whole-number", min=-LARGEST_NUMBER, max=LARGEST_NUMBER, value=str(value))
            return None
        if isinstance(value, float) and isfinite(value) and abs(value) <= LARGEST_NUMBER:
            return int(value) if value.is_integer() else value  # 1.0 and 1 are the same form
        self.wrong(key, "wrong-type", expected="number", value=value)
        return None

    def one_of(self, key: str, choices: tuple[str, ...], required: bool = True) -> str | None:
        value = self.take(key, required)
        if value is None or value in choices:
            return value
        self.wrong(key, "not-offered", choices=list(choices), value=value)
        return None

    def code(self, key: str) -> str | None:
        """A code of its own, such as a question's."""
        value = self.take(key, required=True)
        if value is None or (isinstance(value, str) and is_code(value)):
            return value
        self.wrong(key, "not-a-code", value=value)
        return None

    def reference(self, key: str, known: Any, what: str, required: bool = False) -> str | None:
        """A code that is defined elsewhere in the file. `what` is one of the [things] of texts/."""
        value = self.take(key, required)
        if value is None or (isinstance(value, str) and value in known):
            return value
        self.no_such(key, what, value)
        return None

    def no_such(self, key: str, what: str, value: Any) -> None:
        """Note that there is nothing of this code."""
        self.wrong(key, f"unknown-{what}", "no-such", what=what, value=value)

    def address(self, key: str) -> str | None:
        """A link that starts with http:// or https://."""
        value = self.text(key, longest=LONGEST_LINK)
        if value is None or _is_link(value):
            return value
        self.wrong(key, "not-a-link", value=value)
        return None

    def texts(self, key: str, required: bool = False) -> list[str]:
        value = self.take(key, required)
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(key, "wrong-type", expected="list", value=value)
            return []
        for number, item in enumerate(value):
            if not isinstance(item, str):
                self.wrong((key, number), "wrong-type", expected="string", value=item)
        return value if all(isinstance(item, str) for item in value) else []

    def inner(self, key: str) -> "Part | None":
        """A table inside this one; None when it is not there."""
        value = self.take(key)
        return None if value is None else self._part(value, key)

    def parts(self, key: str) -> list["Part"]:
        """Tables in a list."""
        value = self.take(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(key, "wrong-type", expected="list", value=value)
            return []
        return [self._part(item, key, number) for number, item in enumerate(value)]

    def coded(self, key: str) -> dict[str, "Part"]:
        """Tables by code, such as [departments.roads]. Codes that cannot be used are noted and left out."""
        value = self.take(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.wrong(key, "wrong-type", expected="tables", value=value)
            return {}
        found = {}
        for code, table in value.items():
            if is_code(code):
                found[code] = self._part(table, key, code)
            else:
                self.wrong((key, code), "not-a-code", "not-a-code-key", max=LONGEST_CODE, value=code)
        return found

    def _part(self, values: Any, *steps: Step) -> "Part":
        return Part(values, (*self.path, *steps), self.found, self.languages)


def _is_link(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:  # such as http://[
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)
