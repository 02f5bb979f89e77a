"""A city's CSV as requests that a phone could send."""

import csv
import gzip
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any, TextIO

from replay.faults import CannotStart
from replay.mapping import Mapping, Template

GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class CityRequest:
    """One row, in our words. `labels`: column → what the city wrote there, for columns that are compared."""

    row: str
    category: str
    lon: float
    lat: float
    description: str
    address: str | None
    answers: dict[str, Any]
    opened_at: datetime
    closed_at: datetime | None
    is_closed: bool
    note: str
    labels: dict[str, str]


class CityFile:
    """A CSV of requests, gzipped or not. Rows that no phone could send are counted in `skipped`, by reason."""

    def __init__(self, path: Path, mapping: Mapping):
        self.path = path
        self.mapping = mapping
        self.skipped: Counter[str] = Counter()
        self.read_count = 0

    def check(self) -> int:
        """Read the whole file once: how many rows there are.

        Raises CannotStart when it cannot be read to its end, or lacks columns (all named together).
        """
        with self._open() as lines:
            try:
                header = next(csv.reader(lines, delimiter=self.mapping.delimiter), None)
            except (csv.Error, UnicodeDecodeError, EOFError, OSError) as fault:
                raise self._unreadable(fault, 1) from None
        if not header:
            raise CannotStart(f"{self.path} is empty: its first line must name the columns.")
        missing = [
            f"{place}: no column {name!r}" for name, place in self.mapping.needed_columns.items() if name not in header
        ]
        if missing:
            missing.append(f"the columns of {self.path.name} are: {', '.join(header)}")
            raise CannotStart("The mapping names columns that the file does not have:", missing)
        return sum(1 for _ in self._rows())

    def requests(self, limit: int | None, every: int) -> Iterator[CityRequest]:
        """The requests in the order of the file: every `every`-th row, at most `limit` of them."""
        seen: set[str] = set()
        for place, row in enumerate(self._rows()):
            if place % every:
                continue
            if limit is not None and self.read_count >= limit:
                return
            self.read_count += 1
            found = self._request(row)
            if isinstance(found, str):
                self.skipped[found] += 1
            elif found.row in seen:
                self.skipped["its id stood in an earlier row"] += 1
            else:
                seen.add(found.row)
                yield found

    def _rows(self) -> Iterator[dict[str, str]]:
        with self._open() as lines:
            reader = csv.DictReader(lines, delimiter=self.mapping.delimiter, restval="")
            try:
                yield from reader
            except (csv.Error, UnicodeDecodeError, EOFError, OSError) as fault:
                raise self._unreadable(fault, reader.line_num + 1) from None

    def _open(self) -> TextIO:
        try:
            raw = self.path.open("rb")
            is_gzip = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
        except OSError as fault:
            raise CannotStart(f"The CSV cannot be read: {fault.strerror or fault}: {self.path}") from None
        stream: Any = gzip.GzipFile(fileobj=raw) if is_gzip else raw
        return io.TextIOWrapper(stream, encoding=self.mapping.encoding, newline="")

    def _unreadable(self, fault: Exception, line: int) -> CannotStart:
        return CannotStart(f"{self.path} cannot be read as CSV in {self.mapping.encoding}, about line {line}: {fault}")

    def _request(self, row: dict[str, str]) -> CityRequest | str:
        """The row as a request, or why it is none."""
        mapping, column = self.mapping, self.mapping.columns
        key = (row[column["id"]] or "").strip()
        category = mapping.category_of((row[column["category"]] or "").strip())
        place = _position(row[column["lon"]], row[column["lat"]])
        opened_at = self._moment(row[column["opened"]])
        if not key:
            return "no id"
        if category is None:
            return "the mapping has no category for it"
        if place is None:
            return "no position"
        if opened_at is None:
            return "no time of opening"
        return CityRequest(
            row=key,
            category=category,
            lon=place[0],
            lat=place[1],
            description=mapping.description.fill(row),
            address=mapping.address.fill(row) or None if mapping.address else None,
            answers=_answers(mapping, category, row),
            opened_at=opened_at,
            closed_at=self._moment(row[column["closed"]]) if "closed" in column else None,
            is_closed="status" in column and row[column["status"]].strip() in mapping.closed_statuses,
            note=mapping.note.fill(row) or "Done.",
            labels={c.column: raw for c in mapping.compared if (raw := (row[c.column] or "").strip())},
        )

    def _moment(self, text: str | None) -> datetime | None:
        """A time as the city writes it, in its zone unless it names another. None for what is no time."""
        text = (text or "").strip()
        try:
            form = self.mapping.time_format
            moment = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007 zone follows
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=self.mapping.zone)


def _position(lon: str | None, lat: str | None) -> tuple[float, float] | None:
    """Longitude and latitude as written, however far out: whether they are in town is for the server to say."""
    try:
        place = float(lon or ""), float(lat or "")
    except ValueError:
        return None
    return place if isfinite(place[0]) and isfinite(place[1]) else None


def _answers(mapping: Mapping, category: str, row: dict[str, str]) -> dict[str, Any]:
    """The answers to the category's questions; a template that comes out empty is an answer not given."""
    given = mapping.answers.get(category, {})
    filled = {question: a.fill(row) if isinstance(a, Template) else a for question, a in given.items()}
    return {question: answer for question, answer in filled.items() if answer != ""}
