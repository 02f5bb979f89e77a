"""Whatever is done to many reports at once: its undo brings them back, or leaves them and says why."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.bulk import Bulk
from tests.support.moves import assigned, desk_moves

SAID = {"note": "A note.", "expected_at": "2027-01-01T00:00:00Z"}
WAYS = {
    "received": [],
    "needs_information": ["needs_information"],
    "acknowledged": ["acknowledged"],
    "scheduled": ["scheduled"],
    "in_progress": ["in_progress"],
    "on_hold": ["acknowledged", "on_hold"],
    "resolved": ["in_progress", "resolved"],
    "closed": ["closed"],
    "reopened": ["closed", "reopened"],
}
ACTIONS = st.one_of(
    st.sampled_from(sorted(WAYS)).map(
        lambda to: ("move", {"to": to, "reason": "no_action" if to == "closed" else "Because.", **SAID})
    ),
    st.just(("close", {"reason": "no_action"})),
    st.sampled_from(["roads", "works"]).map(lambda code: ("reroute", {"department": code})),
    st.sampled_from(["roads-north", "roads-south", None]).map(lambda code: ("assign", {"crew": code})),
    st.sampled_from(["ana", "bo", None]).map(lambda code: ("assign", {"assignee": code})),
    st.sampled_from(["low", "urgent"]).map(lambda priority: ("priority", {"priority": priority})),
)
STARTS = st.tuples(st.sampled_from(sorted(WAYS)), st.sampled_from(["roads-north", None]))
STAND = ("status", "department", "crew", "assignee", "priority")


def standing(dispatcher, report):
    shown = dispatcher.get(f"/v1/work/{report.id}")
    hands = {name: (shown[name] or {}).get("code") for name in ("department", "crew", "assignee")}
    return {"status": shown["status"]["code"], "priority": shown["priority"], **hands}


def a_report_that_is(start, a_report, dispatcher):
    report, (status, crew) = a_report(), start
    if crew is not None:
        assigned(dispatcher, report, crew=crew)
    for stop in WAYS[status]:
        desk_moves(dispatcher, report, stop, reason="no_action" if stop == "closed" else "Because.", **SAID)
    return report


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(starts=st.lists(STARTS, min_size=1, max_size=4), action=ACTIONS)
def test_an_undo_brings_back_or_leaves_alone(a_report, dispatcher, run_jobs, database, starts, action):
    database.execute("DELETE FROM rate_count")
    desk = Bulk(dispatcher, run_jobs)
    reports = [a_report_that_is(start, a_report, dispatcher) for start in starts]
    before = [standing(dispatcher, report) for report in reports]

    tried = desk.done(action[0], reports, **action[1], preview=True)
    assert [standing(dispatcher, report) for report in reports] == before
    would = desk.results(tried)
    done = desk.after(dispatcher.post(f"/v1/bulk-actions/{tried['id']}/run", expect=202))
    after = [standing(dispatcher, report) for report in reports]
    results = desk.results(done)
    undone = {result["report"]: result for result in desk.results(desk.undo(done))}

    for report, was, then, result, foretold in zip(reports, before, after, results, would, strict=True):
        # The preview told the truth.
        assert (result["outcome"], result["after"]) == (foretold["outcome"], foretold["after"])
        now = standing(dispatcher, report)
        if result["outcome"] != "done":
            assert now == then == was
            continue
        assert {name: result["after"][name] for name in STAND} == then
        back = undone[report.id]
        if back["outcome"] == "refused":
            assert back["problem"]["type"] == "/problems/no-way-back", back
            assert now == then
        elif then["status"] in ("closed", "resolved") and was["status"] != then["status"]:
            assert now == {**was, "status": now["status"]}
            assert now["status"] in (was["status"], "reopened")
        else:
            assert now == was
