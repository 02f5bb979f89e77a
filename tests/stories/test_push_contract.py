"""What comes out at Firebase is what docs/push.md and docs/push.schema.json promise: every event, in every language."""

import json
import re
import time

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from jobs.app import run_due_jobs
from jobs.tasks import Work
from notifications.audience import FOR_SOME, NOBODY, TOLD, Audience, Followers, audience
from notifications.patience import Patience
from notifications.templates import TEXTS, words
from tests.support.live import ROOT
from tests.support.moves import desk_moves
from tests.support.telling import change

PAGE = (ROOT / "docs" / "push.md").read_text()
SCHEMA = json.loads((ROOT / "docs" / "push.schema.json").read_text())
# Today there is what is written there and nothing else.
PROMISE = Draft202012Validator({**SCHEMA, "additionalProperties": False}, format_checker=FormatChecker())
LANGUAGES = {"en": "en", "es": "es", "es-MX": "es", "fr": "en"}  # as phones say it, and in which they read
MOST_BYTES = 4096  # of the whole message, without the phone's own token
CANARY = "canary-2b7"
NAMES = {"en": "Street light", "es": "Farola"}
ANSWERS = {"is_out": True, "pole": CANARY}
STAFF = ("Dora", "Roads North")
DEPARTMENTS = ("Public Works", "Obras Públicas", "Roads", "Vías")
LONGEST_HOST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])  # 253 characters, as many as a name may have


def faults(data):
    return [f"{fault.json_path}: {fault.message}" for fault in PROMISE.iter_errors(data)]


def size(message):
    return len(json.dumps({**message, "token": ""}, ensure_ascii=False).encode())


def told_too_much(message, report, reporter):
    """What is in a message though it is nobody's business on a lock screen."""
    place = report.sent["location"]
    secrets = [CANARY, str(place["lon"]), str(place["lat"]), reporter.device_id, *STAFF, *DEPARTMENTS]
    return [secret for secret in secrets if secret in json.dumps(message, ensure_ascii=False)]


@pytest.fixture
def listeners(a_resident):
    """A phone in each language; the first has reported, the others will follow."""
    return {language: a_resident(push=f"phone-{language}", language=language) for language in LANGUAGES}


@pytest.fixture
def heard(listeners, a_report, phones, run_jobs):
    """Has something happen to a report full of what nobody else may read; what arrives, by the phone's language."""

    def happen(event, do_jobs=run_jobs):
        reporter, *followers = listeners.values()
        report = a_report(
            "streetlight",
            reporter=reporter,
            description=CANARY,
            address=f"{CANARY} street",
            contact={"name": CANARY, "email": f"{CANARY}@example.org", "phone": CANARY},
            answers=ANSWERS,
        )
        for follower in followers:
            follower.put(f"{report.path}/follow")
        change(report.id, event)
        do_jobs()
        return report, {language: phones.arrivals(phone.push_token) for language, phone in listeners.items()}

    return happen


@pytest.mark.parametrize("event", sorted(TOLD))
def test_every_event_arrives_in_every_language_as_the_schema_says(event, heard, listeners):
    report, arrivals = heard(event)

    for language, arrived in arrivals.items():
        (arrival,) = arrived
        message = arrival["message"]
        assert faults(message["data"]) == [], message
        assert message["data"]["event"] == event
        assert message["data"]["report_id"] == report.id
        assert message["data"]["url"] == f"https://311.squareton.example/r/{report.reference}"
        reads = LANGUAGES[language]
        assert message["notification"]["title"] == TEXTS[reads][event]["title"].replace("{category}", NAMES[reads])
        assert message["notification"]["body"] == TEXTS[reads][event]["body"].replace("{reference}", report.reference)
        assert size(message) < MOST_BYTES
        assert told_too_much(message, report, listeners["en"]) == []


def test_a_report_is_one_thread_and_a_notification_one_card(heard):
    report, arrivals = heard("resolved")

    for (arrival,) in arrivals.values():
        message = arrival["message"]
        notification = message["data"]["notification_id"]
        assert message["apns"]["payload"]["aps"]["thread-id"] == report.id
        assert message["apns"]["headers"]["apns-collapse-id"] == notification
        assert message["android"]["collapse_key"] == message["android"]["notification"]["tag"] == notification
        assert message["webpush"]["notification"]["tag"] == notification
        assert message["webpush"]["headers"]["Topic"] == notification.replace("-", "")
        assert message["webpush"]["fcm_options"]["link"] == message["data"]["url"]


@pytest.mark.parametrize("event", sorted(TOLD))
def test_the_longest_that_there_can_be_still_fits(heard, database, config, provider, event):
    """A name of four bytes a letter, and the longest name that a host may have, with a port."""
    database.execute(
        "UPDATE category_form SET form = jsonb_set(form, '{name}', %s)",
        json.dumps(dict.fromkeys(("en", "es"), "𝔏" * 200)),
    )
    away = Work(public_url=f"https://{LONGEST_HOST}:65535", push=provider, patience=Patience())

    _, arrivals = heard(event, lambda: run_due_jobs(config, away))

    for (arrival,) in arrivals.values():
        assert faults(arrival["data"]) == []
        assert LONGEST_HOST in arrival["data"]["url"]
        assert size(arrival["message"]) < MOST_BYTES / 2


@pytest.mark.parametrize(
    ("languages", "names", "title"),
    [
        pytest.param(
            ["fr", "es", "en"], {"fr": "Lampadaire", "es": "Farola"}, "Farola: ", id="the town's next with texts"
        ),
        pytest.param(
            ["fr", "es"], {"fr": "Lampadaire", "es": "Farola"}, "Farola: ", id="though English is not the town's"
        ),
        pytest.param(["fr"], {"fr": "Lampadaire"}, "Lampadaire: ", id="else English, with the town's own name for it"),
    ],
)
def test_a_town_without_texts_of_its_own_is_heard_all_the_same(
    a_resident, a_report, database, phones, run_jobs, languages, names, title
):
    report = a_report("streetlight", reporter=a_resident(push="its-token", language="fr-CA"))
    database.execute("UPDATE jurisdiction SET languages = %s", languages)
    database.execute("UPDATE category_form SET form = jsonb_set(form, '{name}', %s)", json.dumps(names))

    for event in TOLD:
        change(report.id, event)
    run_jobs()

    reads = "es" if "es" in languages else "en"
    arrived = [arrival["message"] for arrival in phones.arrivals("its-token")]
    assert {message["notification"]["title"] for message in arrived} == {
        TEXTS[reads][event]["title"].replace("{category}: ", title) for event in TOLD
    }
    assert [faults(message["data"]) for message in arrived] == [[]] * len(TOLD)


def test_what_the_desk_writes_stays_with_the_report(a_report, resident, dispatcher, phones, run_jobs):
    report = a_report()

    desk_moves(dispatcher, report, "needs_information", note=CANARY)
    run_jobs()

    (arrival,) = phones.arrivals(resident.push_token)
    assert arrival["data"]["event"] == "needs_information"
    assert told_too_much(arrival["message"], report, resident) == []


def test_what_a_comment_says_stays_with_the_report(a_report, resident, other_resident, phones, run_jobs):
    report = a_report()

    other_resident.post(f"{report.path}/comments", json={"text": CANARY})
    run_jobs()

    (arrival,) = phones.arrivals(resident.push_token)
    assert arrival["data"]["event"] == "comment"
    assert CANARY not in json.dumps(arrival)


def test_a_copy_is_the_same_notification(a_report, resident, phones, run_jobs):
    report = a_report()
    phones.behave(resident.push_token, "cut_after", times=1)

    change(report.id, "resolved")
    run_jobs()
    time.sleep(0.1)
    run_jobs()

    first, second = phones.arrivals(resident.push_token)
    (card,) = phones.heard(resident.push_token)
    assert first["data"] | {"sent_at": ""} == second["data"] | {"sent_at": ""}
    assert faults(card["data"]) == []


def test_a_phone_sees_that_its_target_was_given_up_and_mends_it(a_resident, a_report, phones, run_jobs):
    person = a_resident(push="a-phone")
    report = a_report(reporter=person)
    path = f"/v1/devices/{person.device_id}"
    phones.behave("a-phone", "unregistered")

    change(report.id, "resolved")
    run_jobs()
    given_up = person.get(path)
    mended = person.patch(path, json={"push": {"kind": "fcm_token", "value": "a-new-token"}})

    assert given_up["push"] == {"kind": "fcm_token", "value": "a-phone"}
    assert given_up["push_retired_reason"] == "unregistered"
    assert mended["push_retired_reason"] is None


# --- what is written down ---


def table(title):
    """The rows of the first table under a heading, as lists of cells."""
    part = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_the_table_of_events_is_what_is_sent():
    written = {row[0].strip("`"): row[1:3] for row in table("Events")}

    assert written == {
        event: [words(event, language, ("en",), {"en": "Pothole", "es": "Bache"}, "X").title for language in TEXTS]
        for event in TOLD | FOR_SOME
    }


def test_the_table_says_who_hears():
    for event, _, _, reporter, followers in table("Events"):
        public = audience(event.strip("`"), 2, "public")
        private = audience(event.strip("`"), 2, "private")

        also = {"workers": event in ("`answered`", "`disputed`"), "supervisors": followers == "supervisors"}
        listening = {"yes": Followers.ALL, "staff": Followers.WHO_MAY_SEE_IT}.get(followers, Followers.NONE)
        assert public == Audience(reporter == "yes", listening, **also), event
        may = listening if listening == Followers.NONE else Followers.WHO_MAY_SEE_IT
        assert private == Audience(reporter == "yes", may, **also), event
        assert audience(event.strip("`"), 1, "public") == NOBODY, event


def test_the_reasons_for_giving_up_a_target_are_those_that_there_are():
    reasons = set(re.findall(r'"dead", "([a-z-]+)"(?!])', (ROOT / "notifications" / "push.py").read_text()))

    assert {row[0].strip("`") for row in table("When pushes stop")} == reasons != set()


def test_the_schema_names_the_events_that_there_are():
    assert SCHEMA["properties"]["event"]["x-extensible-enum"] == sorted(TOLD | FOR_SOME)


def test_the_schema_is_one_and_the_example_fits_it():
    Draft202012Validator.check_schema(SCHEMA)
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)

    assert faults(json.loads(example)) == []
    assert list(json.loads(example)) == SCHEMA["required"]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"v": 1},
        {"event": "Resolved!"},
        {"notification_id": "7"},
        {"url": "javascript:alert(1)"},
        {"sent_at": "2026-11-25T07:03:12+01:00"},
        {"address": "1 Main St"},
    ],
    ids=str,
)
def test_the_schema_notices_what_is_wrong(spoilt):
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)

    assert faults(json.loads(example) | spoilt) != []
