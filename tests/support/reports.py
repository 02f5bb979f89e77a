"""Building reports: everything that a test does not care about is filled in."""

import uuid
from typing import Any

from tests.support.callers import Caller
from tests.support.town import WARD_1, Place

_USUAL_ANSWERS: dict[str, dict[str, Any]] = {"pothole": {"size": "small"}, "streetlight": {"is_out": True}}
_LEFT_OUT = object()


def draft(category: str = "pothole", at: Place = WARD_1, **overrides: Any) -> dict[str, Any]:
    """The body of POST /v1/reports: a pothole in ward 1 with a fresh id. Give None to leave a member out."""
    body: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "category": category,
        "location": at.json,
        "description": "A hole at the corner.",
        "answers": _USUAL_ANSWERS.get(category, {}),
        **overrides,
    }
    return {name: value for name, value in body.items() if value is not None}


class SentReport:
    """A report that was taken in. `receipt` is the answer that its reporter got; `id` and `reference` are from it."""

    def __init__(self, reporter: Caller, sent: dict[str, Any], receipt: dict[str, Any]):
        self.reporter = reporter
        self.sent = sent
        self.receipt = receipt
        self.id: str = receipt["id"]
        self.reference: str = receipt["reference"]
        self.path = f"/v1/reports/{self.id}"

    @property
    def now(self) -> dict[str, Any]:
        """As its reporter sees it at this moment."""
        return self.reporter.get(self.path)

    @property
    def version(self) -> int:
        return self.now["version"]


def send_report(reporter: Caller, category: str = "pothole", at: Place = WARD_1, **overrides: Any) -> SentReport:
    """Report something over HTTP."""
    body = draft(category, at, **overrides)
    return SentReport(reporter, body, reporter.post("/v1/reports", json=body, expect=201))
