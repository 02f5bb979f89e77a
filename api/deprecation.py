"""Operations that will go away say so for a year before: in their answers' headers, and in the contract.

    @residents.get("/reports/<uuid:report_id>/old")
    @deprecated(since=date(2027, 3, 1), sunset=date(2028, 3, 1), see="/docs")
    @may(Right.TAKE_PART)

Sources: RFC 9745 (Deprecation), RFC 8594 (Sunset).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from flask import Flask, Response, request
from werkzeug.http import http_date

SHORTEST_MONTHS = 12

View = Callable[..., Any]


@dataclass(frozen=True)
class Deprecation:
    """Since when an operation is on its way out, when it ends, and the address that says what to use instead."""

    since: date
    sunset: date
    see: str

    def headers(self) -> dict[str, str]:
        """As a client reads it."""
        return {
            "Deprecation": f"@{int(_midnight(self.since).timestamp())}",
            "Sunset": http_date(_midnight(self.sunset)),
            "Link": f'<{self.see}>; rel="deprecation"; type="text/html"',
        }


def deprecated(since: date, sunset: date, see: str) -> Callable[[View], View]:
    """Mark a route. Raises ValueError, which stops the start, when it leaves apps less than 12 months."""
    _leave_time(since, sunset)

    def decorate(view: View) -> View:
        view.deprecation = Deprecation(since, sunset, see)  # type: ignore[attr-defined]
        return view

    return decorate


def announced(since: date, sunset: date) -> dict[str, Any]:
    """For the metadata of a field that goes away; the contract marks it. Raises like `deprecated`."""
    _leave_time(since, sunset)
    return {"deprecated": True, "x-sunset": sunset.isoformat()}


def _leave_time(since: date, sunset: date) -> None:
    earliest = months_after(since, SHORTEST_MONTHS)
    if sunset < earliest:
        raise ValueError(
            f"Deprecated since {since} and gone on {sunset}: apps need at least {SHORTEST_MONTHS} months, until {earliest}."
        )


def set_up_deprecation(app: Flask) -> None:
    """Tell with every answer of a marked route, problems among them. Called when all routes are there."""
    if not any(hasattr(view, "deprecation") for view in app.view_functions.values()):
        return  # nothing is, most of the time, and then no request need look

    @app.after_request
    def tell(answer: Response) -> Response:
        ending = getattr(app.view_functions.get(request.endpoint or ""), "deprecation", None)
        if ending is not None:
            for name, value in ending.headers().items():
                answer.headers.add(name, value)  # an answer may have other links
        return answer


def months_after(day: date, count: int) -> date:
    """The same day so many months later; the last of the month where there is no such day."""
    month = day.month - 1 + count
    year, month = day.year + month // 12, month % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
