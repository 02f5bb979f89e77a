"""A comment is taken back by who wrote it: its words are nowhere any more, that there was one is."""

import json
import uuid

from tests.support.moves import lines

WORDS = "canary-regret"


def commented(person, report, **how):
    return person.post(f"{report.path}/comments", json={"text": WORDS}, expect=201, **how)


def test_the_words_are_gone_and_the_line_stays(a_report, client, resident, other_resident, dispatcher, ask):
    report = a_report()
    comment = commented(other_resident, report)

    other_resident.delete(f"/v1/comments/{comment['id']}", expect=204)

    for person in (client, resident, other_resident, dispatcher):
        _, written, taken_back = lines(person, report)
        assert (written["kind"], written["comment"], written["withdrawn"]) == ("comment", None, True)
        assert (taken_back["kind"], taken_back["by"]) == ("comment_withdrawn", "resident")
        assert WORDS not in json.dumps(lines(person, report))
    dispatcher.get(f"/v1/work/{report.id}/history")
    assert WORDS not in dispatcher.last.text
    assert WORDS not in ask("GET", f"/r/{report.reference}", {"Accept": "text/html"}, None).text


def test_the_words_are_nowhere_in_the_database(a_report, other_resident, database):
    report, key = a_report(), str(uuid.uuid4())
    comment = commented(other_resident, report, key=key)
    commented(other_resident, a_report())

    other_resident.delete(f"/v1/comments/{comment['id']}", expect=204)

    for table in database.tables:
        found = database.value(f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE %s", f"%{comment['id']}%{WORDS}%")
        found += database.value(
            f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE %s", f"%{WORDS}%{comment['id']}%"
        )
        assert found == 0, table
    assert database.value("SELECT count(*) FROM comment WHERE text = %s", WORDS) == 1  # the other one


def test_a_late_retry_of_the_comment_brings_nothing_back(a_report, other_resident, database):
    report, key = a_report(), str(uuid.uuid4())
    comment = commented(other_resident, report, key=key)
    other_resident.delete(f"/v1/comments/{comment['id']}", expect=204)

    again = commented(other_resident, report, key=key)

    assert again == {**comment, "text": ""}
    assert database.value("SELECT count(*) FROM comment") == 1


def test_taking_back_twice_is_taking_back(a_report, other_resident, database):
    report = a_report()
    comment = commented(other_resident, report)

    for _ in range(2):
        other_resident.delete(f"/v1/comments/{comment['id']}", expect=204)

    assert database.value("SELECT count(*) FROM report_event WHERE kind = 'comment_withdrawn'") == 1


def test_a_comment_is_its_authors_alone(a_report, client, resident, other_resident, dispatcher, admin):
    report = a_report()
    comment = commented(other_resident, report)

    client.delete(f"/v1/comments/{comment['id']}", expect=401)
    for person in (resident, dispatcher, admin):
        person.delete(f"/v1/comments/{comment['id']}", expect=404)
    other_resident.delete(f"/v1/comments/{uuid.uuid4()}", expect=404)
    assert lines(client, report)[-1]["comment"] == WORDS


def test_staff_take_their_own_comments_back_too(a_report, client, crew):
    report = a_report()
    comment = commented(crew, report)

    crew.delete(f"/v1/comments/{comment['id']}", expect=204)

    assert lines(client, report)[-1]["kind"] == "comment_withdrawn"


def test_nobody_is_told_and_no_version_changes(a_report, resident, other_resident, phones, run_jobs):
    report = a_report()
    comment = commented(other_resident, report)
    run_jobs()
    heard = len(phones.heard(resident.push_token))

    other_resident.delete(f"/v1/comments/{comment['id']}", expect=204)
    run_jobs()

    assert len(phones.heard(resident.push_token)) == heard
    assert report.version == 1
