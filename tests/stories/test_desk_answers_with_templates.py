"""The desk and crews answer in words that the city has written beforehand; every reader reads their own language."""

import pytest

from tests.support.admin import make
from tests.support.moves import crew_moves, desk_moves, lines
from tests.support.workflow import has_template, lists_reason

FILLED_EN = "{crew} of {department} has filled the {category} {reference} in {town}."
FILLED_ES = "{crew} de {department} ha tapado el {category} {reference} en {town}."


@pytest.fixture
def hole_filled(admin):
    has_template(admin, "hole-filled", "resolved", FILLED_EN, FILLED_ES, category="pothole")


def test_everybody_reads_a_template_in_their_own_language(hole_filled, a_report, client, crew, dispatcher):
    report = a_report()

    crew_moves(crew, report, "take", "start", "resolve", template="hole-filled", note="Mind the fresh tar.")

    english = f"Roads North of Roads has filled the Pothole {report.reference} in Squareton."
    spanish = f"Roads North de Vías ha tapado el Bache {report.reference} en Villacuadrada."
    assert lines(client, report)[-1]["note"] == f"{english}\n\nMind the fresh tar."
    assert (
        client.get(f"{report.path}/timeline", language="es")["items"][-1]["note"] == f"{spanish}\n\nMind the fresh tar."
    )
    assert "template" not in client.last.json["items"][-1]
    assert lines(dispatcher, report)[-1]["template"] == "hole-filled"


def test_a_template_is_note_enough(hole_filled, a_report, client, crew):
    report = a_report()

    crew_moves(crew, report, "take", "start", "resolve", template="hole-filled")

    assert lines(client, report)[-1]["note"].startswith("Roads North of Roads")


def test_reason_and_date_are_filled_in_as_the_reader_writes_them(admin, a_report, client, dispatcher):
    lists_reason(admin, "frost", "on_hold")
    text_en, text_es = "On hold: {reason}. We expect {expected_on}.", "En espera: {reason}. Será el {expected_on}."
    has_template(admin, "held", "on_hold", text_en, text_es)
    report = a_report()
    desk_moves(dispatcher, report, "acknowledged")

    # Three in the morning in UTC is the evening before in the town.
    desk_moves(dispatcher, report, "on_hold", template="held", reason="frost", expected_at="2027-03-02T03:00:00Z")

    assert lines(client, report)[-1]["note"] == "On hold: Reason frost. We expect March 1, 2027."
    spanish = client.get(f"{report.path}/timeline", language="es")["items"][-1]["note"]
    assert spanish == "En espera: Motivo frost. Será el 1 de marzo de 2027."


def test_what_a_report_says_is_never_filled_in_twice(admin, a_report, client, dispatcher):
    has_template(admin, "held", "on_hold", "Because: {reason}", "Porque: {reason}")
    report = a_report()
    desk_moves(dispatcher, report, "acknowledged")

    desk_moves(dispatcher, report, "on_hold", template="held", reason="{crew} {reference} {{")

    assert lines(client, report)[-1]["note"] == "Because: {crew} {reference} {{"


@pytest.mark.parametrize(
    ("template", "category", "code"),
    [
        pytest.param("moon", "pothole", "unknown-template", id="there is none"),
        pytest.param("thanks", "pothole", "other-template", id="for another status"),
        pytest.param("lamp", "pothole", "other-template", id="for another category"),
        pytest.param("green", "pothole", "other-template", id="for another group"),
        pytest.param("dated", "pothole", "template-lacks", id="asks for what the report does not have"),
    ],
)
def test_a_template_that_does_not_fit_is_refused_and_nothing_is_stored(
    admin, a_report, dispatcher, database, template, category, code
):
    has_template(admin, "thanks", "resolved", "Thanks.", "Gracias.")
    has_template(admin, "lamp", "acknowledged", "Lamp.", "Farola.", category="streetlight")
    has_template(admin, "green", "acknowledged", "Green.", "Verde.", group="green")
    has_template(admin, "dated", "acknowledged", "By {expected_on}, {crew}.", "Para {expected_on}, {crew}.")
    report = a_report(category)
    before = database.counts()

    path = f"/v1/triage/{report.id}/move"
    dispatcher.post(path, json={"to": "acknowledged", "template": template}, if_match=1, expect=422)

    assert dispatcher.last.faults == [("/template", code)]
    assert database.counts() == before


def test_taking_a_new_report_accepts_it_in_the_citys_words_and_taking_any_other_says_nothing(
    admin, a_report, client, crew, second_crew
):
    has_template(admin, "ours", "acknowledged", "{crew} has it.", "Lo tiene {crew}.")
    report = a_report()

    crew_moves(crew, report, "take", template="ours")
    assert lines(client, report)[-1]["note"] == "Roads North has it."

    crew_moves(crew, report, "hand-back")
    path = f"/v1/work/{report.id}/take"
    second_crew.post(path, json={"template": "ours"}, if_match=report.version, expect=422)
    assert second_crew.last.faults == [("/template", "other-template")]


def test_the_desk_is_offered_what_fits(admin, dispatcher, crew):
    has_template(admin, "any", "resolved", "Done.", "Hecho.")
    has_template(admin, "lamp", "resolved", "Lamp.", "Farola.", category="streetlight")
    has_template(admin, "streets", "resolved", "Street.", "Calle.", group="streets")
    has_template(admin, "tree", "resolved", "Tree.", "Árbol.", group="green")
    has_template(admin, "question", "needs_information", "Where?", "¿Dónde?")

    def offered(query, caller=dispatcher, **how):
        return {item["code"]: item["text"] for item in caller.get(f"/v1/templates?{query}", **how)["items"]}

    assert set(offered("")) == {"any", "lamp", "streets", "tree", "question"}
    assert set(offered("status=resolved")) == {"any", "lamp", "streets", "tree"}
    assert offered("status=resolved&category=streetlight", crew, language="es") == {
        "any": "Hecho.",
        "lamp": "Farola.",
        "streets": "Calle.",
    }
    assert set(offered("category=needles")) == {"any", "question"}
    dispatcher.get("/v1/templates?category=moon", expect=422)
    assert dispatcher.last.faults == [("?category", "unknown-category")]


def test_how_a_template_would_read_is_shown_beforehand(hole_filled, a_report, dispatcher, crew, other_crew, database):
    report = a_report()
    before = database.counts()

    shown = dispatcher.post("/v1/templates/hole-filled/preview", json={"report": report.id}, key=None, expect=200)

    assert shown["lacks"] == ["crew"]
    assert shown["text"]["es"] == f"{{crew}} de Vías ha tapado el Bache {report.reference} en Villacuadrada."
    other_crew.post("/v1/templates/hole-filled/preview", json={"report": report.id}, expect=404)
    for code in ("moon", "a%00b", "%20"):
        dispatcher.post(f"/v1/templates/{code}/preview", json={"report": report.id}, expect=404)
    assert database.counts() == before


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Hello {name}.", "unknown-placeholder"),
        ("Hello {}.", "unknown-placeholder"),
        ("Hello {crew.", "unbalanced-placeholder"),
        ("Hello crew}.", "unbalanced-placeholder"),
        ("{{crew}}", "unbalanced-placeholder"),
    ],
)
def test_placeholders_that_nobody_fills_in_are_a_mistake(admin, text, code):
    body = {"status": "resolved", "text": {"en": text, "es": "Hecho."}}
    admin.put("/v1/admin/templates/hello", json=body, key="k", expect=422, language="es")

    assert admin.last.faults == [("/text/en", code)]


def test_a_template_stays_in_the_history_in_the_words_of_its_day(admin, a_report, client, dispatcher):
    has_template(admin, "yes", "acknowledged", "We come.", "Vamos.")
    report = a_report()
    desk_moves(dispatcher, report, "acknowledged", template="yes")

    admin.delete("/v1/admin/templates/yes", if_match=f'"{admin.get("/v1/admin/templates/yes")["version"]}"')

    assert lines(client, report)[-1]["note"] == "We come."
    assert dispatcher.get("/v1/templates")["items"] == []


def test_templates_name_one_category_or_one_group(admin):
    text = {"en": "x", "es": "x"}
    body = {"status": "resolved", "category": "pothole", "group": "streets", "text": text}
    admin.put("/v1/admin/templates/both", json=body, key="k", expect=422)
    assert admin.last.faults == [("", "not-both")]
    make(admin, "templates/one", {**body, "group": None})
