"""A resident answers a form's questions, or is told to call instead."""

import pytest

from tests.support.forms import form_of
from tests.support.reports import draft
from tests.support.town import MILL_PARK, WARD_1

# --- answers ---


@pytest.mark.parametrize(
    ("category", "answers", "fault"),
    [
        ("pothole", {}, ("/answers/size", "required")),
        ("pothole", {"size": None}, ("/answers/size", "required")),
        ("pothole", {"size": "huge"}, ("/answers/size", "unknown-choice")),
        ("pothole", {"size": ["small"]}, ("/answers/size", "unknown-choice")),
        ("pothole", {"size": {"small": 1}}, ("/answers/size", "unknown-choice")),
        ("pothole", {"size": "small", "mood": "bad"}, ("/answers/mood", "unknown-question")),
        ("pothole", {"size": "large"}, ("/answers/depth_cm", "required")),
        ("pothole", {"size": "large", "depth_cm": "deep"}, ("/answers/depth_cm", "wrong-type")),
        ("pothole", {"size": "large", "depth_cm": True}, ("/answers/depth_cm", "wrong-type")),
        ("pothole", {"size": "large", "depth_cm": 0}, ("/answers/depth_cm", "too-small")),
        ("pothole", {"size": "large", "depth_cm": 201}, ("/answers/depth_cm", "too-large")),
        ("streetlight", {"is_out": "yes"}, ("/answers/is_out", "wrong-type")),
        ("streetlight", {"is_out": 1}, ("/answers/is_out", "wrong-type")),
        ("streetlight", {"is_out": True, "since": "yesterday"}, ("/answers/since", "not-a-time")),
        ("streetlight", {"is_out": True, "since": 20260101}, ("/answers/since", "not-a-time")),
        ("streetlight", {"is_out": True, "since": "2026-02-30"}, ("/answers/since", "not-a-time")),
        ("streetlight", {"is_out": True, "signs": "leans"}, ("/answers/signs", "wrong-type")),
        ("streetlight", {"is_out": True, "signs": ["leans", "sings"]}, ("/answers/signs", "unknown-choice")),
        ("streetlight", {"is_out": True, "signs": [["leans"]]}, ("/answers/signs", "unknown-choice")),
        ("streetlight", {"is_out": True, "signs": ["leans"] * 51}, ("/answers/signs", "too-long")),
        ("streetlight", {"is_out": True, "pole": "x" * 21}, ("/answers/pole", "too-long")),
        ("streetlight", {"is_out": True, "pole": 12}, ("/answers/pole", "wrong-type")),
        ("streetlight", {"is_out": True, "pole": "a\u0000b"}, ("/answers/pole", "control-character")),
        ("other", {"anything": 1}, ("/answers/anything", "unknown-question")),
        ("other", {"a/b~c": 1}, ("/answers/a~1b~0c", "unknown-question")),
    ],
)
def test_a_wrong_answer_is_pointed_at(resident, database, category, answers, fault):
    before = database.counts()

    resident.post("/v1/reports", json=draft(category, answers=answers), expect=422)

    assert resident.last.problem == "invalid"
    assert resident.last.faults == [fault]
    assert database.counts() == before


def test_every_wrong_answer_is_named_at_once(resident):
    resident.post("/v1/reports", json=draft(answers={"size": "huge", "mood": "bad"}), expect=422)

    assert set(resident.last.faults) == {("/answers/size", "unknown-choice"), ("/answers/mood", "unknown-question")}


def test_a_question_that_is_not_asked_need_not_be_answered(resident):
    resident.post("/v1/reports", json=draft(answers={"size": "small"}), expect=201)
    resident.post("/v1/reports", json=draft(answers={"size": "large", "depth_cm": 30.5}), expect=201)


def test_answers_are_kept_as_given(resident):
    answers = {"is_out": False, "since": "2026-03-01", "signs": ["flickers", "leans"], "pole": "Ω-17"}

    receipt = resident.post("/v1/reports", json=draft("streetlight", answers=answers), expect=201)

    assert resident.get(f"/v1/reports/{receipt['id']}")["answers"] == answers


@pytest.mark.parametrize("answers", [None, {}])
def test_a_form_without_questions_needs_no_answers(resident, answers):
    body = draft("other") | {"answers": answers}

    resident.post("/v1/reports", json=body, expect=201)


# --- stops: call instead ---


@pytest.mark.parametrize(
    ("category", "answers", "number", "words"),
    [
        pytest.param("gas", {}, "800-555-0100", "Leave the house and call.", id="a category that is a stop"),
        pytest.param("pothole", {"size": "collapse"}, "911", "Call 911 now.", id="an answer that is a stop"),
        pytest.param(
            "streetlight",
            {"is_out": True, "signs": ["leans", "wires"]},
            "911",
            "Stay away and call 911.",
            id="one of several answers is a stop",
        ),
    ],
)
def test_what_is_urgent_is_a_call_and_no_report(resident, database, category, answers, number, words):
    before = database.counts()

    resident.post("/v1/reports", json=draft(category, answers=answers), expect=422)

    problem = resident.last.json
    assert resident.last.problem == "stop-instead"
    assert (problem["number"], problem["text"], problem["detail"]) == (number, words, words)
    assert database.counts() == before


def test_a_stop_speaks_the_callers_language(resident):
    resident.post("/v1/reports", json=draft("gas"), language="es", expect=422)

    assert resident.last.json["text"] == "Salga de la casa y llame."


def test_the_forms_say_beforehand_what_is_a_stop(client):
    assert form_of(client, "gas")["stop"] == {"number": "800-555-0100", "text": "Leave the house and call."}
    assert form_of(client, "pothole")["stop"] is None


def test_a_category_for_parks_only_is_refused_elsewhere(resident, database):
    resident.post("/v1/reports", json=draft("park-litter", at=MILL_PARK), expect=201)
    before = database.counts()

    resident.post("/v1/reports", json=draft("park-litter", at=WARD_1), expect=422)

    assert resident.last.faults == [("/category", "not-offered-here")]
    assert database.counts() == before
