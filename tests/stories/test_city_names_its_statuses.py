"""A city calls statuses what it likes, keeps some of them to itself, and lists its own reasons."""

import json

import pytest

from tests.support.admin import change, make
from tests.support.moves import assigned, crew_moves, desk_moves, lines, resolved
from tests.support.workflow import hides, lists_reason, says

AWAITING = {"en": "Waiting for a crew", "es": "A la espera de cuadrilla"}


def code(answer):
    return answer["status"]["code"]


def test_the_citys_own_words_stand_wherever_a_status_does(admin, a_report, client, dispatcher, ask):
    make(admin, "statuses/received", {"label": {"en": "With the city", "es": "En el ayuntamiento"}})
    make(admin, "statuses/acknowledged", {"label": AWAITING})

    report = a_report()
    desk_moves(dispatcher, report, "acknowledged")

    assert report.receipt["status"]["label"] == "With the city"
    assert report.now["status"] == {"code": "acknowledged", "label": AWAITING["en"], "phase": "open"}
    assert client.get(report.path, language="es")["status"]["label"] == AWAITING["es"]
    assert client.get("/v1/reports")["items"][0]["status"]["label"] == AWAITING["en"]
    assert [line["to_status"]["label"] for line in lines(client, report)] == ["With the city", AWAITING["en"]]
    page = ask("GET", f"/r/{report.reference}", {"Accept": "text/html", "Accept-Language": "es"}, None)
    assert AWAITING["es"] in page.text
    assert dispatcher.get(f"/v1/work/{report.id}")["status"]["label"] == AWAITING["en"]


def test_a_hidden_status_is_seen_by_staff_and_by_nobody_else(
    admin, a_report, client, resident, crew, dispatcher, analyst, phones, run_jobs
):
    hides(admin, "acknowledged", "scheduled")
    report = a_report()

    crew_moves(crew, report, "take")
    desk_moves(dispatcher, report, "scheduled", expected_at="2027-01-01T00:00:00Z", note="canary-hidden")
    run_jobs()

    assert code(dispatcher.get(f"/v1/work/{report.id}")) == "scheduled"
    assert code(analyst.get(f"/v1/work/{report.id}")) == "scheduled"
    for person in (client, resident):
        assert code(person.get(report.path)) == "received"
        assert [line["kind"] for line in lines(person, report)] == ["received"]
        assert "canary-hidden" not in person.last.text
    assert [line["to_status"]["code"] for line in lines(dispatcher, report)] == [
        "received",
        "acknowledged",
        "scheduled",
    ]
    assert phones.heard(resident.push_token) == []


def test_the_next_public_status_shows_and_says_where_the_public_saw_it_come_from(
    admin, a_report, client, resident, crew, dispatcher, phones, run_jobs
):
    hides(admin, "acknowledged")
    report = a_report()
    crew_moves(crew, report, "take", "start")
    run_jobs()

    last = lines(client, report)[-1]
    assert (last["from_status"]["code"], last["to_status"]["code"]) == ("received", "in_progress")
    assert lines(dispatcher, report)[-1]["from_status"]["code"] == "acknowledged"
    assert code(client.get(report.path)) == "in_progress"
    assert [card["data"]["event"] for card in phones.heard(resident.push_token)] == ["in_progress"]


def test_a_filter_by_status_finds_what_is_seen(admin, a_report, client, resident, dispatcher):
    hides(admin, "acknowledged", "in_progress")
    report = a_report()
    desk_moves(dispatcher, report, "in_progress")

    for person, path in ((client, "/v1/reports"), (resident, "/v1/reports?mine=true")):
        join = "&" if "?" in path else "?"
        assert [item["id"] for item in person.get(f"{path}{join}status=received")["items"]] == [report.id]
        assert [item["id"] for item in person.get(f"{path}{join}phase=open")["items"]] == [report.id]
        assert person.get(f"{path}{join}status=in_progress")["items"] == []
    assert [item["id"] for item in dispatcher.get("/v1/work?status=in_progress")["items"]] == [report.id]


def test_a_reroute_that_drops_work_does_not_tell_of_a_hidden_status(admin, a_report, client, crew, dispatcher):
    report = a_report()
    hides(admin, "acknowledged")
    crew_moves(crew, report, "take", "start")

    assigned(dispatcher, report, department="parks")

    last = lines(client, report)[-1]
    assert last["kind"] == "rerouted"
    assert last["from_status"] is last["to_status"] is None
    assert code(client.get(report.path)) == "in_progress"
    assert lines(dispatcher, report)[-1]["to_status"]["code"] == "acknowledged"


def test_an_answer_leads_back_to_what_the_public_saw_before(admin, a_report, client, resident, dispatcher):
    hides(admin, "acknowledged")
    report = a_report()
    desk_moves(dispatcher, report, "acknowledged")
    desk_moves(dispatcher, report, "needs_information", note="Which lane?")
    assert code(client.get(report.path)) == "needs_information"

    says(resident, report, "answer", text="The left one.")

    assert code(client.get(report.path)) == "received"
    assert code(dispatcher.get(f"/v1/work/{report.id}")) == "acknowledged"
    last = lines(client, report)[-1]
    assert (last["from_status"]["code"], last["to_status"]["code"]) == ("needs_information", "received")


@pytest.mark.parametrize("status", ["received", "needs_information", "resolved", "closed"])
def test_some_statuses_cannot_be_hidden(admin, status):
    admin.put(f"/v1/admin/statuses/{status}", json={"public": False}, key="k", expect=422)

    assert admin.last.faults == [("/public", "not-hideable")]


def test_only_statuses_that_there_are_can_be_named(admin):
    admin.put("/v1/admin/statuses/finished", json={"label": AWAITING}, key="k", expect=422)

    assert admin.last.faults == [("", "unknown-status")]


# --- reasons ---


def test_four_reasons_to_close_are_always_there_and_the_city_adds_its_own(admin, a_report, dispatcher, client):
    lists_reason(admin, "private-ground", "closed")

    items = dispatcher.get("/v1/reasons?for=closed")["items"]
    assert [item["code"] for item in items] == ["duplicate", "not_ours", "not_found", "no_action", "private-ground"]

    report = a_report()
    closed = desk_moves(dispatcher, report, "closed", reason="private-ground")
    assert (closed["reason"], closed["reason_name"]) == ("private-ground", "Reason private-ground")
    last = client.get(f"{report.path}/timeline", language="es")["items"][-1]
    assert (last["reason"], last["reason_name"]) == ("private-ground", "Motivo private-ground")
    assert (
        desk_moves(dispatcher, a_report(), "closed", reason="duplicate")["reason_name"] == "It has been reported before"
    )


def test_a_reason_may_be_free_text_until_the_city_lists_some(admin, a_report, dispatcher):
    report = a_report()
    desk_moves(dispatcher, report, "acknowledged")
    assert desk_moves(dispatcher, report, "on_hold", reason="Rain.")["reason"] == "Rain."
    desk_moves(dispatcher, report, "acknowledged")

    lists_reason(admin, "frost", "on_hold")

    path = f"/v1/triage/{report.id}/move"
    dispatcher.post(path, json={"to": "on_hold", "reason": "Rain."}, if_match=report.version, expect=422)
    assert dispatcher.last.faults == [("/reason", "not-offered")]
    assert "frost" in dispatcher.last.json["errors"][0]["message"]
    held = desk_moves(dispatcher, report, "on_hold", reason="frost")
    assert (held["reason"], held["reason_name"]) == ("frost", "Reason frost")


def test_a_crew_too_gives_a_reason_of_the_list(admin, a_report, crew):
    lists_reason(admin, "frost", "on_hold")
    report = a_report()
    crew_moves(crew, report, "take")

    crew.post(f"/v1/work/{report.id}/hold", json={"reason": "cold"}, if_match=report.version, expect=422)

    assert crew.last.faults == [("/reason", "not-offered")]
    assert crew_moves(crew, report, "hold", reason="frost")["reason"] == "frost"


def test_a_reason_is_kept_while_it_holds(a_report, dispatcher):
    report = a_report()
    desk_moves(dispatcher, report, "acknowledged")
    desk_moves(dispatcher, report, "on_hold", reason="Rain.")

    assert desk_moves(dispatcher, report, "in_progress")["reason"] is None


def test_a_reason_that_is_not_public_is_told_to_staff_only(admin, a_report, client, resident, dispatcher, analyst):
    lists_reason(admin, "informant", "on_hold", public=False)
    report = a_report()
    desk_moves(dispatcher, report, "acknowledged")

    desk_moves(dispatcher, report, "on_hold", reason="informant", note="We shall see.")

    for person in (client, resident):
        assert (lines(person, report)[-1]["reason"], lines(person, report)[-1]["note"]) == (None, "We shall see.")
        assert "informant" not in json.dumps(
            [person.get(report.path), person.get("/v1/reasons"), lines(person, report)]
        )
    assert analyst.get(f"/v1/work/{report.id}")["reason"] is None
    assert dispatcher.get(f"/v1/work/{report.id}")["reason"] == "informant"
    assert lines(dispatcher, report)[-1]["reason_name"] == "Reason informant"
    assert "informant" in [item["code"] for item in dispatcher.get("/v1/reasons")["items"]]


def test_a_reason_stays_in_the_history_in_the_words_of_its_day(admin, a_report, client, dispatcher):
    lists_reason(admin, "frost", "on_hold")
    report = a_report()
    desk_moves(dispatcher, report, "acknowledged")
    desk_moves(dispatcher, report, "on_hold", reason="frost")

    change(admin, "reasons/frost", name={"en": "Cold", "es": "Frío"})

    assert lines(client, report)[-1]["reason_name"] == "Reason frost"


def test_a_reason_that_every_town_has_may_be_renamed_for_closing_only(admin, a_report, dispatcher):
    admin.put("/v1/admin/reasons/duplicate", json={"for": "on_hold", "name": AWAITING}, key="k", expect=422)
    assert admin.last.faults == [("/for", "not-offered")]

    make(admin, "reasons/duplicate", {"for": "closed", "name": {"en": "A twin", "es": "Un gemelo"}})

    assert desk_moves(dispatcher, a_report(), "closed", reason="duplicate")["reason_name"] == "A twin"


def test_a_report_is_opened_again_for_a_reason_of_the_list(admin, a_report, crew, dispatcher):
    lists_reason(admin, "came-back", "reopened")
    report = a_report()
    resolved(crew, report)

    path = f"/v1/triage/{report.id}/move"
    dispatcher.post(path, json={"to": "reopened", "reason": "Again."}, if_match=report.version, expect=422)
    assert dispatcher.last.faults == [("/reason", "not-offered")]
    assert desk_moves(dispatcher, report, "reopened", reason="came-back")["reason"] == "came-back"
