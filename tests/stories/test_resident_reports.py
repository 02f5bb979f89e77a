"""A resident reports something and is told who looks after it, and why."""

import json
import uuid

import pytest

from tests.support.reports import draft
from tests.support.town import MILL_PARK, WARD_1, WARD_2, WARD_4

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"  # four people, three joiners: seven code points


# --- the receipt ---


def test_a_report_gets_a_receipt_that_says_who_looks_after_it_and_why(resident):
    body = draft("pothole", at=WARD_1)

    receipt = resident.post("/v1/reports", json=body, expect=201)

    assert receipt["id"] == body["id"]
    assert receipt["version"] == 1
    assert receipt["status"] == {"code": "received", "label": "Received", "phase": "open"}
    assert receipt["category"] == {"code": "pothole", "name": "Pothole"}
    assert receipt["department"] == {"code": "roads", "name": "Roads"}
    assert receipt["why"]["rule"] == "streets-west"
    assert {name: receipt["why"]["area"][name] for name in ("layer", "code", "name", "edition")} == {
        "layer": "districts",
        "code": "west",
        "name": "West District",
        "edition": "2025",
    }
    assert receipt["why"]["text"] == "It lies in West District, and that decides who looks after it."
    assert receipt["visibility"] == "public"
    assert receipt["clock_flag"] is None
    assert resident.last.headers["location"] == f"/v1/reports/{body['id']}"


def test_the_receipt_speaks_the_callers_language(resident):
    receipt = resident.post("/v1/reports", json=draft(), language="es", expect=201)

    assert receipt["status"]["label"] == "Recibido"
    assert receipt["category"]["name"] == "Bache"
    assert receipt["department"]["name"] == "Vías"
    assert receipt["why"]["text"] == "Está en West District, y eso decide quién se ocupa."


def test_every_stamped_layer_is_kept_with_the_report(a_report):
    areas = a_report(at=WARD_4).receipt["areas"]

    assert {layer: (hit["code"], hit["name"], hit["edition"]) for layer, hit in areas.items()} == {
        "wards": ("4", "Ward 4", "2026"),
        "districts": ("east", "East District", "2025"),
    }


def test_a_layer_that_is_not_stamped_can_still_decide(a_report):
    receipt = a_report("fallen-tree", at=MILL_PARK).receipt

    assert receipt["department"]["code"] == "parks"
    assert receipt["why"]["area"]["name"] == "Mill Park"
    assert "parks" not in receipt["areas"]


def test_a_rule_for_the_whole_town_says_so(a_report):
    why = a_report("fallen-tree", at=WARD_2).receipt["why"]

    assert (why["rule"], why["area"]) == ("trees", None)
    assert why["text"] == "This kind of report goes to the same department in the whole town."


def test_a_report_that_no_rule_covers_waits_for_the_desk(a_report):
    receipt = a_report("other").receipt

    assert receipt["department"] is None
    assert receipt["why"]["rule"] is None
    assert receipt["why"]["text"] == "No rule names a department for this yet; a dispatcher will assign it."


def test_what_the_receipt_says_is_what_a_look_shows(a_report):
    report = a_report("fallen-tree", at=MILL_PARK)

    shown = report.now

    same = (
        "id",
        "reference",
        "version",
        "status",
        "category",
        "department",
        "why",
        "areas",
        "visibility",
        "received_at",
    )
    assert {name: shown[name] for name in same} == {name: report.receipt[name] for name in same}


# --- what may be in it ---


def test_the_reporter_sees_the_whole_report(resident, a_report):
    contact = {"name": "Ruth", "email": "ruth@example.org", "phone": "+1 555 0100"}
    report = a_report(
        "needles",
        location={"lon": -69.985123, "lat": 42.025321, "accuracy_m": 12.5},
        address="12 Mill Lane",
        description="Three of them.",
        answers={"seen": "A man in red", "how_many": 3},
        contact=contact,
    )

    shown = report.now

    assert shown["mine"] is True
    assert (shown["location"], shown["accuracy_m"]) == ({"lon": -69.985123, "lat": 42.025321}, 12.5)
    assert (shown["address"], shown["description"]) == ("12 Mill Lane", "Three of them.")
    assert (shown["answers"], shown["private_answers"]) == ({"how_many": 3}, {"seen": "A man in red"})
    assert shown["contact"] == contact
    assert shown["source"] == "app"


@pytest.mark.parametrize(
    "description",
    [
        pytest.param("line one\nline two\n\n\ttabbed", id="line feeds and tabs"),
        pytest.param(f"A family {FAMILY} lives here", id="emoji with joiners"),
        pytest.param("é e\u0301 — no normalising", id="composed and decomposed"),
        pytest.param("שלום العالم नमस्ते 世界", id="other scripts"),
        pytest.param("\u202eright to left\u202c", id="direction marks"),
        pytest.param("\ufeffmark \uffff \U0010ffff", id="the last code points"),
        pytest.param("<b>&amp;</b> '; DROP TABLE report; -- %s {0} \\n", id="what programs mistake for code"),
        pytest.param("", id="nothing"),
        pytest.param("  spaces at both ends  ", id="spaces at both ends"),
    ],
)
def test_a_description_comes_back_byte_for_byte(a_report, description):
    report = a_report(description=description)

    assert report.now["description"] == description


def test_a_description_has_up_to_4000_code_points_however_many_bytes(resident, a_report):
    longest = FAMILY * 571 + "abc"  # 7 * 571 + 3 = 4,000 code points, 14,278 bytes

    assert len(longest) == 4000
    assert a_report(description=longest).now["description"] == longest
    resident.post("/v1/reports", json=draft(description=longest + "d"), expect=422)
    assert resident.last.faults == [("/description", "too-long")]


def test_an_id_in_capitals_is_the_same_id(resident):
    own = str(uuid.uuid4())

    receipt = resident.post("/v1/reports", json=draft() | {"id": own.upper()}, expect=201)

    assert receipt["id"] == own


def test_members_that_may_be_absent_may_be_null(resident):
    body = draft() | {"address": None, "captured_at": None, "contact": None}
    body["location"] = WARD_1.json | {"accuracy_m": None}

    resident.post("/v1/reports", json=body, expect=201)


def test_of_a_member_given_twice_the_last_one_counts(resident):
    body = json.dumps(draft(description="first"))[:-1] + ', "description": "second"}'

    resident.send("POST", "/v1/reports", data=body.encode(), key="k-1", expect=201)

    assert resident.get(f"/v1/reports/{json.loads(body)['id']}")["description"] == "second"


def test_a_place_on_the_towns_edge_is_in_the_town(a_report):
    assert a_report(location={"lon": -70.0, "lat": 42.0}).receipt["areas"]["wards"]["code"] == "3"


# --- what is written with it ---


def test_a_report_its_history_its_change_and_its_job_are_written_together(a_report, database):
    before = database.counts()

    a_report()

    after = database.counts()
    new = {table: after[table] - before[table] for table in after if after[table] != before[table]}
    assert new["report"] == new["report_event"] == new["change"] == new["announcement"] == 1
    assert new["idempotency_key"] == new["procrastinate_jobs"] == 1
    job = database.rows("SELECT task_name, queue_name, args FROM procrastinate_jobs")[0]
    assert (job["task_name"], job["queue_name"]) == ("expand_announcement", "announcements")
    assert job["args"]["announcement_id"] == str(database.value("SELECT id FROM announcement"))


def test_the_history_cannot_be_rewritten(a_report, database):
    report = a_report()

    for statement in ("UPDATE report_event SET note = 'x'", "DELETE FROM report_event"):
        with pytest.raises(Exception, match="append-only"):
            database.execute(statement)

    assert len(report.reporter.get(f"{report.path}/timeline")["items"]) == 1


def test_staff_may_report_too(crew, dispatcher):
    for person in (crew, dispatcher):
        receipt = person.post("/v1/reports", json=draft(), expect=201)
        assert person.get(f"/v1/reports/{receipt['id']}")["mine"] is True
