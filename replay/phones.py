"""Residents' phones: they register, learn the categories, and report."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from replay.faults import CannotStart
from replay.identity import Crowd
from replay.ledger import Ledger
from replay.progress import Bar
from replay.rows import CityRequest
from replay.timing import Timing
from replay.wire import Connection, Patience

KEPT_OF_RECEIPT = ("reference", "version", "received_at", "clock_flag")
Accepted = dict[str, Any]  # one "accepted" line of the ledger


def bearer(secret: str, **more: str) -> dict[str, str]:
    """The headers of somebody who has a token."""
    return {"Authorization": f"Bearer {secret}", **more}


def form_versions(line: Connection, patience: Patience, needed: set[str]) -> dict[str, str]:
    """Category → version of its form, as every phone learns them before it reports.

    Raises CannotStart when the server does not offer one of the `needed` categories.
    """
    answer = patience.ask(line, "GET", "/v1/categories")
    document = answer.json()
    if answer.status != 200 or "items" not in document:
        raise CannotStart(f"The server does not tell its categories: {answer.problem}. Is this the address of Mendway?")
    offered = {item["code"]: item["form_version"] for item in document["items"]}
    missing = sorted(needed - offered.keys())
    if missing:
        known = f"the server has: {', '.join(sorted(offered)) or 'none'}"
        raise CannotStart("The mapping names categories that the server does not have:", [*missing, known])
    return offered


def register(
    line: Connection,
    patience: Patience,
    crowd: Crowd,
    number: int,
    language: str,
    time_zone: str,
    importer_key: str | None = None,
) -> None:
    """Register a phone; a second time changes nothing. With an importer's key it is not counted against the rate limits.

    Raises CannotStart when the server refuses it.
    """
    phone = crowd.phone(number)
    body = {
        "secret": phone.secret,
        "push": {"kind": "fcm_token", "value": phone.push_value},
        "language": language,
        "time_zone": time_zone,
    }
    headers = {"Importer-Key": importer_key} if importer_key is not None else {}
    answer = patience.ask(line, "PUT", f"/v1/devices/{phone.id}", body, headers)
    if answer.status not in (200, 201):
        raise CannotStart(f"The server refuses to register a phone: {answer.problem}")


def report_body(crowd: Crowd, forms: dict[str, str], request: CityRequest, importing: bool) -> dict[str, Any]:
    """What the phone sends. With an importer's key the time of opening is when the city received it."""
    opened_at = as_sent(request.opened_at)
    body: dict[str, Any] = {
        "id": str(crowd.report_id(request.row, request.opened_at)),
        "category": request.category,
        "form_version": forms[request.category],
        "location": {"lon": request.lon, "lat": request.lat},
        "description": request.description,
        "captured_at": opened_at,
    }
    if request.address:
        body["address"] = request.address
    if request.answers:
        body["answers"] = request.answers
    if importing:
        body["received_at"] = opened_at
    return body


def as_sent(moment: datetime) -> str:
    """A moment as RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Sending:
    """All phones at once: each thread takes the next request and sends it as the phone that it belongs to."""

    def __init__(
        self,
        requests: Iterator[CityRequest],
        crowd: Crowd,
        forms: dict[str, str],
        importer_key: str | None,
        patience: Patience,
        ledger: Ledger,
        timing: Timing,
        bar: Bar,
        when_accepted: Callable[[CityRequest, Accepted], None],
    ):
        self._requests = requests
        self._taking = threading.Lock()
        self._crowd = crowd
        self._forms = forms
        self._importer_key = importer_key
        self._patience = patience
        self._ledger = ledger
        self._timing = timing
        self._bar = bar
        self._when_accepted = when_accepted

    def work(self, line: Connection) -> None:
        """Send until no request is left. Raises NoAnswer when patience is over."""
        while (request := self._next()) is not None:
            self._send(line, request)
            self._bar.step()

    def _next(self) -> CityRequest | None:
        with self._taking:
            return next(self._requests, None)

    def _send(self, line: Connection, request: CityRequest) -> None:
        number = self._crowd.phone_of(request.row)
        body = report_body(self._crowd, self._forms, request, self._importer_key is not None)
        key = self._crowd.key(request.row, self._crowd.report_id(request.row, request.opened_at))
        headers = bearer(self._crowd.phone(number).secret, **{"Idempotency-Key": key})
        if self._importer_key is not None:
            headers["Importer-Key"] = self._importer_key
        answer = self._patience.ask(line, "POST", "/v1/reports", body, headers)
        self._timing.add("POST /v1/reports", answer.seconds)
        if answer.status not in (200, 201):
            self._ledger.write({"kind": "refused", "row": request.row, "reason": answer.problem})
            return
        accepted = _accepted(request, number, body, answer.json())
        self._ledger.write(accepted)
        self._when_accepted(request, accepted)


def _accepted(request: CityRequest, number: int, body: dict[str, Any], receipt: dict[str, Any]) -> Accepted:
    department = receipt.get("department")
    areas = {layer: {"code": area["code"], "name": area["name"]} for layer, area in receipt["areas"].items()}
    return {
        "kind": "accepted",
        "row": request.row,
        "phone": number,
        "sent": body,
        "got": {name: receipt[name] for name in KEPT_OF_RECEIPT if name in receipt}
        | {
            "status": receipt["status"]["code"],
            "department": department["code"] if department else None,
            "areas": areas,
        },
        "labels": request.labels,
    }
