"""Actions on many reports in tests: start, let the worker do it, look at what came of it."""

from collections.abc import Callable
from typing import Any

from tests.support.callers import Caller


class Bulk:
    """Whoever starts actions, and the worker that does them."""

    def __init__(self, caller: Caller, run_jobs: Callable[..., None]):
        self.caller = caller
        self.run_jobs = run_jobs

    def by(self, caller: Caller) -> "Bulk":
        return Bulk(caller, self.run_jobs)

    def start(self, action: str, reports: list[Any], **values: Any) -> dict[str, Any]:
        ids = [getattr(report, "id", report) for report in reports]
        return self.caller.post("/v1/bulk-actions", json={"action": action, "reports": ids, **values}, expect=202)

    def done(self, action: str, reports: list[Any], **values: Any) -> dict[str, Any]:
        """Started and done: the action as it stands then."""
        return self.after(self.start(action, reports, **values))

    def after(self, started: dict[str, Any]) -> dict[str, Any]:
        self.run_jobs()
        return self.caller.get(f"/v1/bulk-actions/{started['id']}")

    def undo(self, action: dict[str, Any], **said: Any) -> dict[str, Any]:
        return self.after(self.caller.post(f"/v1/bulk-actions/{action['id']}/undo", json=said, expect=202))

    def results(self, action: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
        return self.caller.get(f"/v1/bulk-actions/{action['id']}/results?limit=100{query}")["items"]

    def outcomes(self, action: dict[str, Any]) -> list[str]:
        return [result["outcome"] for result in self.results(action)]


_COPY = """
    WITH made AS (
      INSERT INTO report (id, jurisdiction_id, reference, person_id, device_id, category_id, form_version, status, visibility, location,
                          public_location, description, answers, department_id, routed_by, areas, area_keys, source, content_hash)
      SELECT gen_random_uuid(), r.jurisdiction_id, 'COPY-' || n, r.person_id, r.device_id, r.category_id, r.form_version, r.status,
             r.visibility, r.location, r.public_location, r.description, r.answers, r.department_id, r.routed_by, r.areas, r.area_keys,
             r.source, r.content_hash
      FROM report r CROSS JOIN generate_series(1, %s) AS n
      WHERE r.id = %s
      RETURNING id, jurisdiction_id, person_id
    )
    INSERT INTO report_event (report_id, seq, jurisdiction_id, kind, to_status, actor_id, actor_role)
    SELECT id, 1, jurisdiction_id, 'received', 'received', person_id, 'resident' FROM made
"""


def copies_of(database: Any, report: Any, count: int) -> list[str]:
    """So many reports like this one, as if each had been sent; their ids."""
    database.execute(_COPY, count, report.id)
    rows = database.rows("SELECT id FROM report WHERE reference LIKE 'COPY-%%' ORDER BY id")
    return [str(row["id"]) for row in rows]
