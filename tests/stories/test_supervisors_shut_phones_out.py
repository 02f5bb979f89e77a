"""A phone that is abused is shut out: it reads on and sends nothing, until it is let in again."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.answers import over
from tests.support.reports import draft


def blocks(supervisor, expect=201, **whom):
    return supervisor.post("/v1/moderation/blocks", json={"reason": "Insults.", **whom}, expect=expect)


def test_whoever_wrote_a_report_can_be_shut_out(a_report, resident, supervisor):
    report = a_report()

    made = blocks(supervisor, report_id=report.id)

    assert made["report"] == {"id": report.id, "reference": report.reference}
    assert (made["reason"], made["created_by"], made["lifted_at"]) == ("Insults.", "sue", None)
    assert resident.device_id not in supervisor.last.text
    resident.post("/v1/reports", json=draft(), expect=403)
    assert resident.last.problem == "device-blocked"
    resident.get(report.path, expect=200)
    resident.get("/v1/reports?mine=true", expect=200)


def test_a_phone_that_is_shut_out_makes_nothing_anywhere(app, a_report, resident, supervisor, database):
    report = a_report()
    blocks(supervisor, report_id=report.id)
    before = database.counts()

    for method, path, body in (
        ("POST", "/v1/reports", draft()),
        ("POST", f"{report.path}/comments", {"text": "x"}),
        ("POST", f"{report.path}/flags", {"reason": "spam"}),
        ("PUT", f"{report.path}/follow", None),
        ("DELETE", f"{report.path}/follow", None),
        ("POST", "/v1/recoveries", {"recovery_code": "AAAAA-AAAAA"}),
    ):
        resident.send(method, path, json=body, key=str(uuid.uuid4()), expect=403)
        assert resident.last.problem == "device-blocked", path
    assert database.counts() == before


def test_what_was_sent_before_is_answered_as_before(a_report, resident, supervisor):
    body = draft()
    first = resident.post("/v1/reports", json=body, key="once", expect=201)
    blocks(supervisor, report_id=first["id"])

    again = resident.post("/v1/reports", json=body, key="once", expect=201)

    assert again == first


def test_whoever_wrote_a_comment_is_shut_out_and_the_reporter_is_not(
    a_report, resident, other_resident, supervisor, dispatcher
):
    report = a_report()
    comment = other_resident.post(f"{report.path}/comments", json={"text": "Fools."})["id"]

    made = blocks(supervisor, comment_id=comment)

    assert made["comment_id"] == comment
    other_resident.post(f"{report.path}/comments", json={"text": "Fools!"}, expect=403)
    resident.post(f"{report.path}/comments", json={"text": "Who?"}, expect=201)
    last = dispatcher.get(f"/v1/work/{report.id}/history")["items"][-2]
    assert (last["kind"], last["reason"], last["who"]["code"], last["is_public"]) == (
        "phone_blocked",
        "Insults.",
        "sue",
        False,
    )


def test_whoever_was_shut_out_can_be_let_in_again(a_report, resident, supervisor, admin, dispatcher):
    report = a_report()
    made = blocks(supervisor, report_id=report.id)
    assert blocks(admin, report_id=report.id, reason="Again.") == made  # once is enough

    lifted = admin.post(f"/v1/moderation/blocks/{made['id']}/lift", json={"reason": "A mistake."}, expect=200)
    again = admin.post(f"/v1/moderation/blocks/{made['id']}/lift", json={}, expect=200)

    assert again == lifted
    assert (lifted["lifted_by"], lifted["lifted_reason"]) == ("adam", "A mistake.")
    resident.post("/v1/reports", json=draft(), expect=201)
    assert supervisor.get("/v1/moderation/blocks")["items"] == [lifted]
    kinds = [line["kind"] for line in dispatcher.get(f"/v1/work/{report.id}/history")["items"]]
    assert kinds == ["received", "phone_blocked", "phone_unblocked"]


def test_blocks_are_listed_newest_first_page_by_page(a_report, a_resident, supervisor):
    made = [blocks(supervisor, report_id=a_report(reporter=a_resident()).id)["id"] for _ in range(3)]

    first = supervisor.get("/v1/moderation/blocks?limit=2")
    rest = supervisor.get(f"/v1/moderation/blocks?limit=2&cursor={first['next']}")

    assert [item["id"] for item in first["items"] + rest["items"]] == made[::-1]


def test_staff_write_without_a_phone_and_cannot_be_shut_out(a_report, crew, supervisor):
    comment = crew.post(f"{a_report().path}/comments", json={"text": "We are on it."})["id"]

    blocks(supervisor, expect=409, comment_id=comment)

    assert supervisor.last.problem == "nothing-to-block"


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"reason": "x"}, [("/report_id", "required")]),
        ({"report_id": "x", "reason": "x"}, [("/report_id", "not-a-uuid")]),
        ({"report_id": str(uuid.uuid4())}, [("/reason", "required")]),
    ],
)
def test_a_block_says_whom_and_why(supervisor, body, faults):
    supervisor.post("/v1/moderation/blocks", json=body, expect=422)

    assert supervisor.last.faults == faults


def test_shutting_out_is_for_supervisors_and_within_their_reach(a_report, dispatcher, crew, resident, supervisor):
    report = a_report()
    for caller in (dispatcher, crew, resident):
        caller.post("/v1/moderation/blocks", json={"report_id": report.id, "reason": "x"}, expect=403)
        caller.get("/v1/moderation/blocks", expect=403)
    blocks(supervisor, expect=404, report_id=str(uuid.uuid4()))
    supervisor.post(f"/v1/moderation/blocks/{uuid.uuid4()}/lift", json={}, expect=404)


def test_two_supervisors_at_once_shut_somebody_out_once(a_report, supervisor, admin, live_server, database):
    reports = [a_report(), a_report()]
    callers = [person.over(over(live_server.url)) for person in (supervisor, admin)]

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda pair: blocks(pair[0], report_id=pair[1].id), zip(callers, reports, strict=True)))

    assert made[0] == made[1]
    assert database.value("SELECT count(*) FROM device_block") == 1


def test_another_phone_of_the_same_person_is_shut_out_too(a_report, resident, supervisor, a_resident, database):
    report = a_report()
    blocks(supervisor, report_id=report.id)
    other = a_resident()
    # As when somebody signs in on a new phone: it becomes one of this person's.
    person = database.value("SELECT person_id FROM report")
    database.execute("UPDATE credential SET person_id = %s WHERE device_id = %s", person, other.device_id)

    other.post("/v1/reports", json=draft(), expect=403)
    other.post(f"{report.path}/comments", json={"text": "x"}, expect=403)
    other.get(report.path, expect=200)
