"""A phone says which language its person reads; whatever can be a language is taken, and what cannot is pointed at."""

import secrets
import uuid

import pytest

from api.words import TEXTS


@pytest.mark.parametrize(
    "language",
    ["es", "ES", "es-MX", "es-419", "zh-Hans-CN", "sr-Latn-RS", "fil", "ca-ES-valencia", "en-US-u-mu-celsius"],
)
def test_any_language_that_a_phone_may_speak_is_kept_as_it_was_said(client, language):
    phone = client.put(
        f"/v1/devices/{uuid.uuid4()}", json={"secret": secrets.token_urlsafe(32), "language": language}, expect=201
    )

    assert phone["language"] == language


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("klingon!", "unknown-language"),
        ("español", "unknown-language"),
        ("es MX", "unknown-language"),
        ("*", "too-short"),
        ("e", "too-short"),
        ("", "too-short"),
        ("es" + "-xxxxxxxx" * 12, "too-long"),
        ("es,en;q=0.5", "unknown-language"),
        (5, "wrong-type"),
        (["es"], "wrong-type"),
    ],
)
@pytest.mark.parametrize("reader", ["en", "es"])
def test_what_is_no_language_is_pointed_at_in_words_that_the_reader_knows(client, database, language, code, reader):
    before = database.counts()
    body = {"secret": secrets.token_urlsafe(32), "language": language}

    answer = client.send("PUT", f"/v1/devices/{uuid.uuid4()}", json=body, language=reader, expect=422)

    assert answer.faults == [("/language", code)]
    (error,) = answer.json["errors"]
    assert error["message"].startswith(TEXTS[reader]["fields"][code].split("{")[0])
    assert database.counts() == before


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("es-MX", "Bache: resuelto"),
        ("es", "Bache: resuelto"),
        ("en-GB", "Pothole: resolved"),
        ("fil", "Pothole: resolved"),
    ],
)
def test_pushes_come_in_the_language_of_the_phone(a_resident, a_report, crew, run_jobs, phones, language, title):
    person = a_resident(push="its-token", language=language)
    report = a_report(reporter=person)

    for verb, said in (("take", {}), ("start", {}), ("resolve", {"note": "Done."})):
        crew.post(f"/v1/work/{report.id}/{verb}", json=said, if_match=report.version)
    run_jobs()

    assert title in phones.titles("its-token")


def test_a_phone_that_changes_its_language_is_told_in_the_new_one_from_then_on(
    resident, a_report, dispatcher, run_jobs, phones
):
    report = a_report()
    path = f"/v1/triage/{report.id}/move"
    dispatcher.post(path, json={"to": "acknowledged"}, if_match=report.version)
    run_jobs()

    resident.patch(f"/v1/devices/{resident.device_id}", json={"language": "es-MX"})
    dispatcher.post(path, json={"to": "in_progress"}, if_match=report.version)
    run_jobs()

    assert phones.titles(resident.push_token) == ["Pothole: accepted", "Bache: trabajos en curso"]
