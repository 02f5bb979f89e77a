"""What the columns of a city's CSV mean, read from a TOML file. docs/cities/boston/mapping.toml is an example."""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from replay.faults import CannotStart
from replay.toml_reader import TableReader

NEEDED = ("id", "category", "lon", "lat", "opened")
OPTIONAL = ("closed", "status")
FIELDS = ("code", "name", "department")
SAME_POINT_DEGREES = 1e-6  # about 0.1 m: finer than any city publishes
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class Template:
    """A text with `{column}` in it."""

    source: str

    @property
    def columns(self) -> list[str]:
        return _PLACEHOLDER.findall(self.source)

    def fill(self, row: dict[str, str]) -> str:
        return _PLACEHOLDER.sub(lambda found: row.get(found[1]) or "", self.source).strip()


Answer = Template | bool | float | list[Any]


@dataclass(frozen=True)
class Compared:
    """One label that the city gives each request, to be held against what our lookup says.

    `field`: `code` or `name` of the area of `layer`, or `department` for who got the report.
    `same`: label → our codes or names that mean the same; a label that is not listed means itself.
    """

    name: str
    column: str
    layer: str
    field: str
    replace: tuple[tuple[re.Pattern[str], str], ...]
    same: dict[str, tuple[str, ...]]

    def label(self, raw: str) -> str:
        """The city's label in one spelling; empty when the city gave none."""
        text = raw.strip()
        for pattern, replacement in self.replace:
            text = pattern.sub(replacement, text)
        return text.strip()

    def agrees(self, label: str, ours: str | None) -> bool:
        return ours is not None and ours in self.same.get(label, (label,))


@dataclass(frozen=True)
class LeftOut:
    """A point where the city stacks requests that have no place of their own."""

    name: str
    lon: float
    lat: float


@dataclass(frozen=True)
class Mapping:
    """The whole file, checked."""

    zone: ZoneInfo
    time_format: str | None
    delimiter: str
    encoding: str
    columns: dict[str, str]
    description: Template
    address: Template | None
    answers: dict[str, dict[str, Answer]]
    categories: dict[str, str]
    default_category: str | None
    closed_statuses: frozenset[str]
    note: Template
    compared: tuple[Compared, ...]
    left_out: tuple[LeftOut, ...]
    sending_hash: str  # of all that decides what is sent; comparisons may change between two starts

    def left_out_at(self, lon: float, lat: float) -> str | None:
        """The name of the left-out point that this place is, if it is one."""
        for point in self.left_out:
            if abs(point.lon - lon) < SAME_POINT_DEGREES and abs(point.lat - lat) < SAME_POINT_DEGREES:
                return point.name
        return None

    def category_of(self, city_category: str) -> str | None:
        return self.categories.get(city_category, self.default_category)

    @property
    def our_categories(self) -> set[str]:
        """Every category code of ours that the file names."""
        named = set(self.categories.values()) | set(self.answers)
        return named | ({self.default_category} if self.default_category else set())

    @property
    def needed_columns(self) -> dict[str, str]:
        """Column → where the file names it first."""
        named = {column: f"columns.{role}" for role, column in self.columns.items()}
        for place, template in self._templates():
            for column in template.columns:
                named.setdefault(column, place)
        for compared in self.compared:
            named.setdefault(compared.column, f"compare.{compared.name}.column")
        return named

    def _templates(self) -> Iterator[tuple[str, Template]]:
        yield "report.description", self.description
        yield "closed.note", self.note
        if self.address:
            yield "report.address", self.address
        for category, answers in self.answers.items():
            for question, answer in answers.items():
                if isinstance(answer, Template):
                    yield f"answers.{category}.{question}", answer


def read_mapping(path: Path) -> Mapping:
    """The mapping in `path`. Raises CannotStart, which names every mistake at once."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise CannotStart(f"The mapping cannot be read: {fault.strerror or fault}: {path}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise CannotStart(f"The mapping {path} is not TOML: {fault}") from None
    read = TableReader(document)
    mapping = _mapping(read)
    if read.mistakes:
        raise CannotStart(f"The mapping {path} has mistakes:", read.mistakes)
    return mapping


def _mapping(read: TableReader) -> Mapping:
    if read.number("format") not in (None, 1.0):
        read.wrong("format", "must be 1")
    report, closed, categories = read.inside("report", True), read.inside("closed"), read.inside("categories", True)
    columns = _columns(read.inside("columns", True))
    address = report.text("address", None)
    mapping = Mapping(
        zone=_zone(read),
        time_format=read.text("time_format", None),
        delimiter=_delimiter(read),
        encoding=_encoding(read),
        columns=columns,
        description=Template(report.text("description") or ""),
        address=Template(address) if address else None,
        answers=_answers(read.inside("answers")),
        categories=categories.plain("codes"),
        default_category=categories.text("default", None),
        closed_statuses=frozenset(closed.texts("statuses", [])),
        note=Template(closed.text("note", "Done.") or "Done."),
        compared=tuple(_compared(name, table) for name, table in read.inside("compare").tables()),
        left_out=tuple(_left_out(table) for table in read.each("leave_out")),
        sending_hash=_sending_hash(read.table),
    )
    if mapping.closed_statuses and "status" not in columns:
        closed.wrong("statuses", "needs columns.status")
    if not mapping.categories and mapping.default_category is None:
        categories.wrong("", "needs codes, or a default, or both")
    for table in (read, report, closed, categories):
        table.refuse_rest()
    return mapping


def _columns(read: TableReader) -> dict[str, str]:
    columns = {role: read.text(role) for role in NEEDED}
    columns |= {role: read.text(role, None) for role in OPTIONAL}
    read.refuse_rest()
    return {role: column for role, column in columns.items() if column}


def _zone(read: TableReader) -> ZoneInfo:
    name = read.text("time_zone")
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        read.wrong("time_zone", f"{name!r} is not a time zone, such as America/New_York")
        return ZoneInfo("UTC")


def _delimiter(read: TableReader) -> str:
    delimiter = read.text("delimiter", ",") or ","
    if len(delimiter) != 1:
        read.wrong("delimiter", f"must be one character, not {delimiter!r}")
    return delimiter


def _encoding(read: TableReader) -> str:
    name = read.text("encoding", "utf-8-sig") or "utf-8-sig"
    try:
        "".encode(name)
    except LookupError:
        read.wrong("encoding", f"{name!r} is not an encoding")
    return name


def _answers(read: TableReader) -> dict[str, dict[str, Answer]]:
    """A text is a template; any other value is sent as it stands."""
    found: dict[str, dict[str, Answer]] = {}
    for category, inner in read.tables():
        values = {question: inner.anything(question, None) for question in inner.table}
        found[category] = {q: Template(value) if isinstance(value, str) else value for q, value in values.items()}
        for question, value in values.items():
            if not isinstance(value, str | bool | int | float | list):
                inner.wrong(question, "must be a text, a number, true or false, or a list")
    return found


def _compared(name: str, read: TableReader) -> Compared:
    field = read.text("field", "code")
    if field not in FIELDS:
        read.wrong("field", f"must be one of {', '.join(FIELDS)}")
    compared = Compared(
        name=name,
        column=read.text("column") or "",
        layer=read.text("layer", name) or name,
        field=field or "code",
        replace=_replacements(read),
        same=_same(read),
    )
    read.refuse_rest()
    return compared


def _replacements(read: TableReader) -> tuple[tuple[re.Pattern[str], str], ...]:
    pairs = read.anything("replace", [])
    found = []
    for place, pair in enumerate(pairs if isinstance(pairs, list) else [None]):
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            read.wrong(f"replace[{place}]", 'must be a pair of texts: ["pattern", "replacement"]')
        elif (pattern := read.pattern(pair[0], f"replace[{place}]")) is not None:
            found.append((pattern, pair[1]))
    return tuple(found)


def _same(read: TableReader) -> dict[str, tuple[str, ...]]:
    inner = read.inside("same")
    return {label: tuple(inner.texts(label)) for label in inner.table}


def _left_out(read: TableReader) -> LeftOut:
    point = LeftOut(read.text("name") or "", read.number("lon") or 0.0, read.number("lat") or 0.0)
    read.refuse_rest()
    return point


def _sending_hash(document: dict[str, Any]) -> str:
    sending = {name: value for name, value in document.items() if name not in ("compare", "leave_out")}
    return hashlib.sha256(json.dumps(sending, sort_keys=True, default=str).encode()).hexdigest()[:16]
