"""A passage that should never have been written is taken out for good; that it was, and who did it, stays."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.redaction import KEPT, Passage
from tests.support.bulk import Bulk
from tests.support.moves import assigned, crew_moves, desk_moves, lines

NAME = "Maribel O'Shea"


@pytest.fixture
def named(a_report, crew, dispatcher, other_resident):
    """A report with somebody's name in every place that people write to."""
    report = a_report(
        "needles",
        description=f'Ask for {NAME} at the "corner".',
        address=f"House of {NAME}",
        answers={"seen": f"{NAME} saw it", "how_many": 3},
        contact={"name": NAME, "phone": "1"},
    )
    other_resident.post(f"{report.path}/comments", json={"text": f"{NAME.upper()} knows more."})
    other_resident.post(f"{report.path}/flags", json={"reason": "personal_data", "text": f"It names {NAME}."})
    desk_moves(dispatcher, report, "acknowledged", note=f"Spoke to {NAME}.")
    assigned(dispatcher, report, department="roads", note=f"Roads know {NAME}.")
    crew_moves(crew, report, "take")
    crew_moves(crew, report, "start", note=f"Met {NAME}.")
    crew_moves(crew, report, "hold", reason=f"{NAME} is away")
    return report


def redacts(supervisor, report, passage=NAME, **more):
    seen = supervisor.get(f"/v1/work/{report.id}")["version"]
    path = f"/v1/moderation/reports/{report.id}/redact"
    return supervisor.post(path, json={"passage": passage, **more}, if_match=seen, expect=200)


def everywhere(database, words):
    """The tables that hold these words in any column, whatever its type, in any case."""
    found = []
    for table in database.tables:
        hits = database.value(f"SELECT count(*) FROM public.{table} t WHERE to_jsonb(t)::text ILIKE %s", f"%{words}%")
        if hits:
            found.append(table)
    return found


def test_a_name_is_gone_from_everywhere_it_was(named, supervisor, database, resident, client, dispatcher):
    assert set(everywhere(database, "Maribel")) >= {"report", "comment", "flag", "report_event", "idempotency_key"}

    shown = redacts(supervisor, named, reason="A neighbour's name.")

    assert everywhere(database, "Maribel") == []
    assert everywhere(database, "Shea") == []
    assert shown["description"] == 'Ask for […] at the "corner".'
    assert shown["contact"] == {"name": "[…]", "phone": "1"}
    assert shown["private_answers"] == {"seen": "[…] saw it"}
    assert shown["answers"] == {"how_many": 3}
    assert shown["reason"] == "[…] is away"
    assert [line["comment"] for line in lines(client, named) if line["comment"]] == ["[…] knows more."]
    assert resident.get(named.path)["address"] == "House of […]"
    notes = [line["note"] for line in dispatcher.get(f"/v1/work/{named.id}/history?limit=100")["items"]]
    assert "Roads know […]." in notes


def test_what_stays_is_that_it_happened_and_who_did_it(named, supervisor, dispatcher, client):
    redacts(supervisor, named, reason="A neighbour's name.")

    last = dispatcher.get(f"/v1/work/{named.id}/history?limit=100")["items"][-1]
    assert (last["kind"], last["who"]["code"], last["reason"]) == ("redacted", "sue", "A neighbour's name.")
    assert last["data"]["texts"] == 11
    assert set(last["data"]["parts"]) >= {"description", "history", "comments", "contact"}
    assert "redacted" not in [line["kind"] for line in lines(client, named)]


def test_a_retry_gets_its_first_answer_without_the_passage(named, supervisor, crew, dispatcher):
    body = {"to": "closed", "reason": "no_action", "note": f"{NAME} agreed."}
    seen = dispatcher.get(f"/v1/work/{named.id}")["version"]
    dispatcher.post(f"/v1/triage/{named.id}/move", json=body, if_match=seen, key="once")
    assert NAME in dispatcher.last.text

    redacts(supervisor, named)
    again = dispatcher.post(f"/v1/triage/{named.id}/move", json=body, if_match=seen, key="once", expect=200)

    assert "Maribel" not in dispatcher.last.text
    assert again["description"].startswith("Ask for […]")
    assert again["status"]["code"] == "closed"


def test_what_residents_answer_dispute_and_rate_is_reached_and_search_finds_it_no_more(
    a_report, dispatcher, supervisor, resident, crew, database
):
    report = a_report(description=f"Ask {NAME}.")
    desk_moves(dispatcher, report, "needs_information", note=f"Who is {NAME}?")
    resident.post(f"{report.path}/answer", json={"text": f"{NAME} is my aunt."})
    crew_moves(crew, report, "take", "start", "resolve", note="Done.")
    resident.put(f"{report.path}/rating", json={"stars": 5, "text": f"{NAME} is glad."})
    resident.post(f"{report.path}/dispute", json={"reason": f"Not for {NAME}", "text": f"{NAME} says no."})
    dispatcher.post(
        f"/v1/triage/{report.id}/notes", json={"text": f"{NAME} called."}, if_match=report.version, expect=201
    )
    found = dispatcher.get("/v1/queue?q=maribel")["items"]

    redacts(supervisor, report)

    assert [item["id"] for item in found] == [report.id]
    assert dispatcher.get("/v1/queue?q=maribel")["items"] == []
    assert everywhere(database, "maribel") == [], database.rows(
        "SELECT body FROM idempotency_key WHERE body ILIKE '%%maribel%%'"
    )


def test_what_was_said_to_many_reports_is_reached_too(a_report, supervisor, dispatcher, run_jobs, database):
    report = a_report()
    desk = Bulk(dispatcher, run_jobs)
    done = desk.done("close", [report], reason="no_action", note=f"{NAME} agreed.")
    assert set(everywhere(database, "maribel")) >= {"bulk_action", "idempotency_key", "report_event"}

    redacts(supervisor, report)

    assert everywhere(database, "maribel") == [], database.rows(
        "SELECT body FROM idempotency_key WHERE body ILIKE '%%maribel%%'"
    )
    values = dispatcher.get(f"/v1/bulk-actions/{done['id']}")["values"]
    assert values == {"reason": "no_action", "note": "[…] agreed."}


def test_readers_of_changes_learn_that_the_report_reads_differently(named, supervisor, dispatcher):
    redacts(supervisor, named)

    newest = dispatcher.get("/v1/changes")["items"][-1]
    assert (newest["report_id"], newest["kind"]) == (named.id, "redacted")


def test_capitals_and_spacing_do_not_matter_and_the_rest_stays(a_report, supervisor):
    report = a_report(description="Call JOHN\n  smith, or Johnny Smithers. $1 \\1")

    shown = redacts(supervisor, report, "John Smith", replacement=r"\1")

    assert shown["description"] == "Call \\1, or Johnny Smithers. $1 \\1"


def test_accents_are_found_however_the_phone_has_spelt_them(a_report, supervisor):
    report = a_report(description="Jose\u0301 and Jos\u00e9")

    assert redacts(supervisor, report, "jos\u00e9")["description"] == "[…] and […]"


def test_a_redaction_can_be_kept_to_some_parts(named, supervisor, client):
    shown = redacts(supervisor, named, fields=["description"])

    assert shown["description"].startswith("Ask for […]")
    assert NAME in shown["address"]
    assert "MARIBEL" in next(line["comment"] for line in lines(client, named) if line["comment"])


def test_words_of_the_town_are_not_blacked_out_with_a_persons(a_report, supervisor, dispatcher, resident):
    report = a_report(description="The roads department never came; received nothing.")
    desk_moves(dispatcher, report, "acknowledged", note="The roads department will come.")
    assigned(dispatcher, report, department="works")
    assigned(dispatcher, report, department="roads")

    redacts(supervisor, report, "roads")
    redacts(supervisor, report, "received")

    whole = dispatcher.get(f"/v1/work/{report.id}/history?limit=100")["items"]
    assert [line["data"]["department"]["code"] for line in whole if line["kind"] == "rerouted"] == ["works", "roads"]
    assert resident.get(report.path)["department"]["code"] == "roads"
    receipt = resident.post("/v1/reports", json=report.sent, expect=200)
    assert receipt["category"]["code"] == "pothole"


def test_what_is_not_there_is_said_and_nothing_changes(a_report, supervisor, database):
    report = a_report()
    before = database.counts()

    supervisor.post(f"/v1/moderation/reports/{report.id}/redact", json={"passage": "nobody"}, if_match=1, expect=422)

    assert supervisor.last.faults == [("/passage", "not-in-report")]
    assert database.counts() == before


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/passage", "required"),
        ({"passage": "x"}, "/passage", "too-short"),
        ({"passage": "  "}, "/passage", "too-short"),
        ({"passage": "hole", "fields": ["photos"]}, "/fields/0", "not-offered"),
    ],
)
def test_a_redaction_that_says_nothing_is_refused(a_report, supervisor, body, pointer, code):
    supervisor.post(f"/v1/moderation/reports/{a_report().id}/redact", json=body, if_match=1, expect=422)

    assert supervisor.last.faults == [(pointer, code)]


def test_redacting_is_for_supervisors(a_report, dispatcher, crew, resident, admin):
    report = a_report()
    body = {"passage": "hole"}
    for caller in (dispatcher, crew, resident):
        caller.post(f"/v1/moderation/reports/{report.id}/redact", json=body, if_match=1, expect=403)
    admin.post(f"/v1/moderation/reports/{report.id}/redact", json=body, if_match=1, expect=200)


@pytest.mark.parametrize(
    "change",
    [
        "note = 'x'",  # without saying which report is being redacted
    ],
)
def test_history_lets_nothing_be_rewritten_outside_a_redaction(named, database, change):
    with pytest.raises(Exception, match="append-only"):
        database.execute(f"UPDATE report_event SET {change} WHERE report_id = %s", named.id)


@pytest.mark.parametrize(
    "change",
    [
        "kind = 'moved'",
        "to_status = 'closed'",
        "actor_role = 'admin'",
        "at = now()",
        "is_public = NOT is_public",
        "note = NULL",
        "data = '{}'",
        """data = '{"department": {"code": "x"}}'""",
        "data = NULL",
    ],
)
def test_a_redaction_changes_words_and_nothing_else(named, database, change):
    allow = f"SELECT set_config('mendway.redacting', '{named.id}', true); "
    one = "WHERE report_id = %s AND kind = 'rerouted'"

    with pytest.raises(Exception, match="append-only"):
        database.execute(f"{allow} UPDATE report_event SET {change} {one}", named.id)
    with pytest.raises(Exception, match="append-only"):
        database.execute(f"{allow} DELETE FROM report_event {one}", named.id)
    assert database.execute(f"{allow} UPDATE report_event SET note = 'x' {one}", named.id) == 1


def test_one_reports_redaction_reaches_no_other(named, a_report, database):
    other = a_report()
    allow = f"SELECT set_config('mendway.redacting', '{named.id}', true); "

    with pytest.raises(Exception, match="append-only"):
        database.execute(f"{allow} UPDATE report_event SET note = 'x' WHERE report_id = %s", other.id)


# Columns beside a report that hold no words of people's: codes, or what the program itself writes.
NO_WORDS = {
    ("announcement", "event"), ("announcement", "data"), ("change", "kind"), ("change", "scope_before"),
    ("change", "scope_after"), ("comment", "author_role"), ("report_event", "kind"), ("report_event", "from_status"),
    ("report_event", "to_status"), ("report_event", "actor_role"), ("flag", "reason"), ("flag", "outcome"), ("verdict", "verdict"),
    ("bulk_result", "outcome"), ("bulk_result", "problem"), ("bulk_result", "before"), ("bulk_result", "after"),
}  # fmt: skip
OF_THE_REPORT = {
    "reference", "form_version", "status", "public_status", "priority", "visibility", "captured_at_sent", "clock_flag",
    "routed_by", "areas", "area_keys", "source",
}  # fmt: skip


def test_no_place_where_words_are_kept_is_forgotten(database):
    """Whoever adds a column for words beside a report adds it to KEPT, or says here that it holds none."""
    columns = database.rows(
        "SELECT c.table_name, c.column_name FROM information_schema.columns c"
        " JOIN information_schema.tables t ON t.table_schema = 'public' AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE'"
        " WHERE c.table_schema = 'public' AND c.data_type IN ('text', 'jsonb', 'character varying', 'tsvector')"
        " AND (c.table_name = 'report' OR EXISTS (SELECT 1 FROM information_schema.columns o WHERE o.table_schema = 'public'"
        "      AND o.table_name = c.table_name AND o.column_name = 'report_id'))"
    )
    known = {(kept.table, column) for kept in KEPT for column in (*kept.texts, *kept.values)}
    known |= NO_WORDS | {("report", column) for column in OF_THE_REPORT}

    found = {(row["table_name"], row["column_name"]) for row in columns}
    assert {place for place in found - known if place[0] not in FOLLOWING} == set()


FOLLOWING = {"queue_item", "service_clock"}  # filled from the report, in the transaction that changes it

WORDS = st.text(alphabet="abAB \n\t.[]()\\$*é", min_size=1, max_size=12)


@given(WORDS.filter(lambda words: words.strip()), WORDS)
def test_a_passage_is_never_left_behind_and_the_replacement_is_taken_as_it_is(passage, before):
    text = f"{before}{passage}|"

    done = Passage(passage, "#").out_of(text)

    assert "#" in done
    assert passage.lower() not in done.lower() or not passage.strip()


@given(st.recursive(st.none() | st.booleans() | st.integers() | WORDS, lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["note", "code", "name", "text", "x"]), inner, max_size=3)))  # fmt: skip
def test_a_redacted_value_has_the_shape_it_had(value):
    passage = Passage("ab", "#")

    def shape(part):
        if isinstance(part, dict):
            return {key: shape(inner) for key, inner in part.items()}
        return [shape(inner) for inner in part] if isinstance(part, list) else type(part)

    for way in (passage.out_of_value, passage.out_of_everything, passage.out_of_answer):
        assert shape(way(value)) == shape(value)
    assert "ab" not in json.dumps(passage.out_of_everything(value), ensure_ascii=False).lower().replace("tab", "")


def test_a_name_is_gone_from_the_parts_of_what_was_split(a_report, dispatcher, supervisor, database):
    whole = a_report(description=f"Ask for {NAME}.")
    body = {"parts": [{"department": "parks"}, {"department": "works"}]}
    split = dispatcher.post(f"/v1/triage/{whole.id}/split", json=body, if_match=1, expect=200)
    part = dispatcher.get(f"/v1/work/{split['children'][0]['id']}")
    assert NAME in part["description"]

    supervisor.post(
        f"/v1/moderation/reports/{part['id']}/redact", json={"passage": NAME}, if_match=part["version"], expect=200
    )

    assert everywhere(database, "Maribel") == []
    for one in (whole.id, *(child["id"] for child in split["children"])):
        history = dispatcher.get(f"/v1/work/{one}/history")["items"]
        assert history[-1]["kind"] == "redacted", one
