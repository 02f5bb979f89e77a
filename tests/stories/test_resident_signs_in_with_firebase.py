"""Ida signs in on her phone and on her tablet, and both show what she has reported."""

import base64
import json
import time
import uuid

import pytest

from api.vouching import KEY, Vouchers
from identity.firebase import Firebase
from tests.support.callers import Caller
from tests.support.google import PROJECT, Google
from tests.support.reports import draft, send_report


@pytest.fixture
def google(app, tmp_path, monkeypatch):
    """The application takes tokens of a Firebase project, and firebase-admin finds its certificates."""
    made = Google(tmp_path)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    before, app.extensions[KEY] = app.extensions[KEY], Vouchers(firebase=Firebase(PROJECT))
    yield made
    app.extensions[KEY] = before
    made.stop()


@pytest.fixture
def phone(resident):
    return resident


@pytest.fixture
def tablet(other_resident):
    return other_resident


def link(caller, token, **how):
    return caller.post("/v1/identities", json={"provider": "firebase", "token": token}, **{"expect": 201, **how})


def own_reports(caller):
    return {item["id"] for item in caller.get("/v1/reports?mine=true&limit=100")["items"]}


def test_a_second_phone_comes_to_the_same_person_with_what_it_did(google, phone, tablet):
    here, there = send_report(phone), send_report(tablet)

    first = link(phone, google.token())
    second = link(tablet, google.token())

    assert first["identity"] == second["identity"]
    assert {one["id"] for one in second["devices"]} == {phone.device_id, tablet.device_id}
    assert own_reports(phone) == own_reports(tablet) == {here.id, there.id}


def test_what_either_reports_later_is_of_both(google, phone, tablet):
    link(phone, google.token())
    link(tablet, google.token())

    later = send_report(tablet)

    assert own_reports(phone) == {later.id}


def test_the_first_phone_stays_who_it_was(google, phone, database):
    person = database.value("SELECT person_id FROM device WHERE id = %s", phone.device_id)

    link(phone, google.token())

    assert database.value("SELECT person_id FROM identity") == person
    assert "ida@home.example" not in str(database.rows("SELECT * FROM identity"))


def test_somebody_elses_identity_brings_nothing_of_mine(google, phone, tablet):
    mine, theirs = send_report(phone), send_report(tablet)
    link(phone, google.token(sub="ida"))
    link(tablet, google.token(sub="ben"))

    assert own_reports(phone) == {mine.id}
    assert own_reports(tablet) == {theirs.id}


def test_a_phone_that_changes_hands_leaves_the_reports_with_their_owner(google, phone, tablet, a_resident):
    """Ben signs in on Ida's old tablet: what she reported stays hers, on her phone."""
    link(phone, google.token(sub="ida"))
    old = send_report(tablet)
    link(tablet, google.token(sub="ida"))

    link(tablet, google.token(sub="ben"))

    assert own_reports(phone) == {old.id}
    assert own_reports(tablet) == set()


def test_whoever_signs_in_elsewhere_keeps_their_reports_without_any_phone(google, phone, a_resident):
    report = send_report(phone)
    link(phone, google.token(sub="ida"))
    link(phone, google.token(sub="ben"))  # her only phone is Ben's now

    fresh = a_resident()
    link(fresh, google.token(sub="ida"))

    assert own_reports(fresh) == {report.id}
    assert own_reports(phone) == set()


def test_linking_twice_is_linking_once(google, phone, database):
    token = google.token()
    first = link(phone, token, key="one")
    again = link(phone, token, key="one")
    link(phone, google.token(), key="two")

    assert first == again
    assert database.value("SELECT count(*) FROM identity") == 1


def test_a_token_is_a_bearer_token_too(google, phone, client):
    report = send_report(phone)
    link(phone, google.token())
    web = Caller(client.ask, client.contract, google.token(iat=int(time.time()) - 5))

    assert own_reports(web) == {report.id}
    made = web.post("/v1/reports", json=draft(), expect=201)
    assert own_reports(phone) == {report.id, made["id"]}


def test_whoever_comes_with_a_token_first_is_a_resident_from_then_on(google, client, phone, database):
    web = Caller(client.ask, client.contract, google.token())
    made = web.post("/v1/reports", json=draft(), expect=201)

    link(phone, google.token())

    assert own_reports(phone) == {made["id"]}
    web.get("/v1/work", expect=403)
    web.post("/v1/identities", json={"provider": "firebase", "token": google.token()}, expect=404)  # no phone
    assert database.value("SELECT count(*) FROM person WHERE role = 'resident' AND active AND code IS NULL") == 1


def test_an_identity_can_be_let_go(google, phone, tablet, client):
    report = send_report(phone)
    kept = link(phone, google.token())["identity"]
    web = Caller(client.ask, client.contract, google.token(iat=int(time.time()) - 5))
    assert own_reports(web) == {report.id}
    assert phone.get("/v1/identities")["items"] == [kept]

    tablet.delete(f"/v1/identities/{kept['id']}", expect=404)
    phone.delete(f"/v1/identities/{kept['id']}", expect=204)

    phone.delete(f"/v1/identities/{kept['id']}", expect=404)
    assert phone.get("/v1/identities")["items"] == []
    web.get("/v1/reports?mine=true", expect=401)
    link(tablet, google.token(iat=int(time.time()) - 3))
    assert own_reports(tablet) == set()
    assert own_reports(phone) == {report.id}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"aud": "another-project"}, id="another project"),
        pytest.param({"iss": "https://securetoken.google.com/another-project"}, id="another issuer"),
        pytest.param({"exp": int(time.time()) - 100}, id="expired"),
        pytest.param({"iat": int(time.time()) + 3600}, id="from the future"),
        pytest.param({"sub": ""}, id="about nobody"),
        pytest.param({"header": {"kid": "stray"}}, id="an unknown key"),
    ],
)
def test_a_token_that_is_not_good_links_nothing(google, phone, client, database, changes):
    before = database.counts()
    token = google.token(**changes)

    link(phone, token, expect=422)
    assert phone.last.faults == [("/token", "bad-identity-token")]
    Caller(client.ask, client.contract, token).get("/v1/reports?mine=true", expect=401)
    assert database.counts() == before


@pytest.mark.parametrize("token", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_links_nothing(google, phone, token):
    link(phone, token, expect=422)


def unsigned(**claims):
    now = int(time.time())
    said = {"iss": f"https://securetoken.google.com/{PROJECT}", "aud": PROJECT, "sub": "ida", "iat": now}
    parts = [{"alg": "none", "typ": "JWT"}, {**said, "exp": now + 3600, "auth_time": now, **claims}]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


def test_a_token_that_nobody_signed_is_not_good(google, phone, client):
    link(phone, unsigned(), expect=422)
    Caller(client.ask, client.contract, unsigned()).get("/v1/reports?mine=true", expect=401)


def test_certificates_are_fetched_once_and_again_when_they_have_grown_old(google, phone):
    google.max_age_s = 1
    for number in range(5):
        link(phone, google.token(jti=str(number)))
    assert google.asked == 1

    google.serve("two")
    time.sleep(1.2)
    link(phone, google.token())
    assert google.asked == 2


def test_while_google_is_away_nobody_is_refused_for_it(google, phone, client):
    google.is_away = True

    link(phone, google.token(), expect=503)

    assert phone.last.problem == "away"
    google.is_away = False
    link(phone, google.token())


def test_a_town_without_firebase_says_so(phone, client):
    link(phone, unsigned(), expect=409)

    assert phone.last.problem == "sign-in-not-offered"
    Caller(client.ask, client.contract, unsigned()).get("/v1/reports?mine=true", expect=401)


def test_staff_have_no_phones_to_link(google, crew):
    link(crew, google.token(), expect=403)


def test_one_phone_links_twenty_times_an_hour(google, phone):
    statuses = [_status(phone) for _ in range(21)]

    assert statuses == [422] * 20 + [429]


def _status(phone):
    body = b'{"provider": "firebase", "token": "x"}'
    headers = {"Authorization": f"Bearer {phone.token}", "Content-Type": "application/json"}
    return phone.ask("POST", "/v1/identities", headers | {"Idempotency-Key": str(uuid.uuid4())}, body).status
