"""Staff read what happened to a report, line by line, and who did it; the public timeline is a part of that and names nobody."""

import json
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.moves import assigned, crew_moves, desk_moves, lines
from tests.support.town import WARD_1


def history(caller, report):
    """All lines, page by page."""
    found, cursor = [], ""
    while cursor is not None:
        page = caller.get(f"/v1/work/{report.id}/history?limit=100{cursor and '&cursor=' + cursor}")
        found += page["items"]
        cursor = page["next"]
    return found


@pytest.fixture
def told(crew, dispatcher, a_report):
    """A report with lines of all sorts."""
    report = a_report(captured_at="2026-11-01T10:00:00Z")
    report.reporter.post(f"{report.path}/comments", json={"text": "It grows."})
    assigned(dispatcher, report, crew="roads-north", note="Ana knows the street.")
    crew_moves(crew, report, "take")
    crew_moves(crew, report, "start", captured_at="2026-11-02T11:30:00Z")
    crew_moves(crew, report, "hold", reason="Rain", captured_at="2020-01-01T00:00:00Z")
    assigned(dispatcher, report, department="works", note="Not our street.")
    desk_moves(dispatcher, report, "closed", reason="duplicate", note="See the other one.")
    return report


def test_a_line_says_who_did_what_when_on_the_device_and_when_received(told, dispatcher):
    lines_ = history(dispatcher, told)

    first, started = lines_[0], next(line for line in lines_ if (line["to_status"] or {}).get("code") == "in_progress")
    assert first["who"] == {"role": "resident", "code": None, "name": None, "is_reporter": True}
    assert first["captured_at"] == "2026-11-01T10:00:00.000Z"
    assert started["who"]["role"] == "crew"
    assert (started["who"]["code"], started["who"]["is_reporter"]) == ("ana", False)
    assert started["who"]["name"]
    assert started["captured_at"] == "2026-11-02T11:30:00.000Z"
    assert started["received_at"] > "2026-11-02T11:30:00.000Z"
    assert (started["from_status"]["code"], started["to_status"]["code"]) == ("acknowledged", "in_progress")
    held = next(line for line in lines_ if line["reason"] == "Rain")
    assert held["clock_flag"] == "old"
    assert lines_[-1]["reason"] == "duplicate"
    assert lines_[-1]["note"] == "See the other one."


def test_lines_are_numbered_without_a_gap_and_paged_in_order(told, dispatcher):
    whole = history(dispatcher, told)
    first = dispatcher.get(f"/v1/work/{told.id}/history?limit=3")
    rest = dispatcher.get(f"/v1/work/{told.id}/history?limit=100&cursor={first['next']}")

    assert [line["seq"] for line in whole] == list(range(1, len(whole) + 1))
    assert first["items"] + rest["items"] == whole
    assert rest["next"] is None


def test_the_public_timeline_is_exactly_the_public_lines_without_people(told, dispatcher, client):
    whole = history(dispatcher, told)
    public = lines(client, told)

    assert [line["seq"] for line in public] == [line["seq"] for line in whole if line["is_public"]]
    by_seq = {line["seq"]: line for line in whole}
    for line in public:
        same = by_seq[line["seq"]]
        assert line["by"] == same["who"]["role"]
        assert line["at"] == same["received_at"]
        for name in ("kind", "from_status", "to_status", "note", "reason"):
            assert line[name] == same[name], name
        assert line["comment"] == (same["comment"] or {}).get("text")
    client.get(f"{told.path}/timeline")
    for hidden in ("Ana knows the street", '"ana"', '"dora"', '"who"', "Dora", "captured_at"):
        assert hidden not in client.last.text


def test_what_is_for_staff_only_is_not_the_reporters_to_read(told, resident):
    assert "Ana knows the street." not in [line["note"] for line in lines(resident, told)]
    resident.get(f"/v1/work/{told.id}/history", expect=403)


def test_history_is_for_those_whose_report_it_is(
    a_report, crew, other_crew, roads_desk, ward_desk, analyst, partner, client
):
    report = a_report(at=WARD_1)

    for caller in (crew, roads_desk, ward_desk, partner):
        assert len(history(caller, report)) == 1
    other_crew.get(f"/v1/work/{report.id}/history", expect=404)
    analyst.get(f"/v1/work/{report.id}/history", expect=403)
    client.get(f"/v1/work/{report.id}/history", expect=401)


def test_history_cannot_be_rewritten(told, database):
    for statement in (
        "UPDATE report_event SET note = 'x' WHERE report_id = %s",
        "DELETE FROM report_event WHERE report_id = %s",
    ):
        with pytest.raises(Exception, match="append-only"):
            database.execute(statement, told.id)


# --- whatever is done, the history leads to how it stands ---

DEEDS = st.one_of(
    st.sampled_from(
        ["acknowledged", "in_progress", "resolved", "needs_information", "scheduled", "on_hold", "closed", "reopened"]
    ).map(lambda to: ("move", to)),
    st.sampled_from(["roads", "works", "parks"]).map(lambda code: ("department", code)),
    st.sampled_from(["roads-north", "roads-south", "parks-one", None]).map(lambda code: ("crew", code)),
    st.sampled_from(["ana", "bo", "pia", "dora", None]).map(lambda code: ("assignee", code)),
    st.sampled_from(["take", "hand-back", "start"]).map(lambda verb: ("verb", verb)),
    st.sampled_from(["hold", "publish"]).map(lambda way: ("moderate", way)),
    st.sampled_from(["low", "urgent"]).map(lambda priority: ("correct", {"priority": priority})),
    st.sampled_from(["pothole", "fallen-tree"]).map(lambda code: ("correct", {"category": code})),
    st.sampled_from(["note", "comment", "flag", "answer", "dispute", "redact"]).map(lambda kind: (kind, None)),
)


def do(deed, report, people):
    """Do it, or be refused: both are well."""
    kind, value = deed
    desk, resident, supervisor = people["dispatcher"], people["resident"], people["supervisor"]
    reason = "no_action" if value == "closed" else "Because."
    said = {"note": "A note.", "reason": reason, "expected_at": "2027-01-01T00:00:00Z"}
    triage, moderation = f"/v1/triage/{report.id}", f"/v1/moderation/reports/{report.id}"
    caller, path, body = {
        "move": (desk, f"{triage}/move", {"to": value, **said}),
        "department": (desk, f"{triage}/assign", {kind: value}),
        "crew": (desk, f"{triage}/assign", {kind: value}),
        "assignee": (desk, f"{triage}/assign", {kind: value}),
        "verb": (people["crew"], f"/v1/work/{report.id}/{value}", {}),
        "moderate": (desk, f"{moderation}/{value}", {"reason": "To look at it."}),
        "correct": (desk, f"{triage}/correct", value),
        "note": (desk, f"{triage}/notes", {"text": "Between us."}),
        "comment": (resident, f"{report.path}/comments", {"text": "More of it."}),
        "flag": (resident, f"{report.path}/flags", {"reason": "other"}),
        "answer": (resident, f"{report.path}/answer", {"text": "By the tree."}),
        "dispute": (resident, f"{report.path}/dispute", {"reason": "It is back."}),
        "redact": (supervisor, f"{moderation}/redact", {"passage": "because"}),
    }[kind]
    headers = {
        "If-Match": f'"{report.version}"',
        "Authorization": f"Bearer {caller.token}",
        "Content-Type": "application/json",
        "Idempotency-Key": str(uuid.uuid4()),
    }
    answer = caller.ask("POST", path, headers, json.dumps(body).encode())
    assert answer.status in (200, 201, 403, 404, 409, 422), answer


def replayed(lines_):
    """How a report stands by its history alone."""
    stands = {"status": None, "department": "roads", "held": False, "priority": "normal", "category": "pothole"}
    stands |= {"crew": None, "assignee": None}
    for line in lines_:
        data, corrected = line["data"], line["data"].get("corrected", {})
        if line["to_status"]:
            stands["status"] = line["to_status"]["code"]
        if "department" in data:
            stands["department"] = (data["department"] or {}).get("code")
        for hands in ("crew", "assignee"):
            if hands in data:
                stands[hands] = (data[hands] or {}).get("code")
        if line["kind"] == "rerouted" or (corrected and "department" in data):
            stands["crew"] = stands["assignee"] = None
        if "priority" in corrected:
            stands["priority"] = corrected["priority"]["to"]
        if "category" in corrected:
            stands["category"] = corrected["category"]["to"]["code"]
        if line["kind"] in ("held", "published"):
            stands["held"] = line["kind"] == "held"
    return stands


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(deeds=st.lists(DEEDS, max_size=16))
def test_whatever_happens_history_has_no_gap_and_leads_to_how_it_stands(
    a_report, crew, dispatcher, supervisor, resident, client, database, deeds
):
    database.execute("DELETE FROM rate_count")
    report = a_report(at=WARD_1)
    people = {"crew": crew, "dispatcher": dispatcher, "supervisor": supervisor, "resident": resident}
    for deed in deeds:
        do(deed, report, people)

    lines_ = history(dispatcher, report)
    now = dispatcher.get(f"/v1/work/{report.id}")

    assert [line["seq"] for line in lines_] == list(range(1, len(lines_) + 1))
    assert [line["received_at"] for line in lines_] == sorted(line["received_at"] for line in lines_)
    assert replayed(lines_) == {
        "status": now["status"]["code"],
        "priority": now["priority"],
        "held": now["held_at"] is not None,
        **{name: (now[name] or {}).get("code") for name in ("department", "crew", "assignee", "category")},
    }
    assert database.value("SELECT count(*) FROM change WHERE report_id = %s", report.id) == len(lines_)
    if now["held_at"] is None:
        public = [line["seq"] for line in lines(client, report)]
        assert public == [line["seq"] for line in lines_ if line["is_public"]]
