"""The city has a sign-in of its own: whoever it vouches for works here at once, with the rights that its claims give."""

import contextlib
import threading
import time
import uuid

import pytest

from api.vouching import KEY, Vouchers
from identity.claims import read_mapping
from identity.oidc import OpenId
from tests.support.callers import Caller
from tests.support.provider import AUDIENCE, Provider
from tests.support.reports import draft
from tests.support.town import WARD_1, WARD_2

RULES = """
code = "staff_code"

[[rules]]
claim = "groups"
values = ["311-admins"]
role = "admin"

[[rules]]
claim = "groups"
values = ["roads-desk"]
role = "dispatcher"
departments = ["roads"]

[[rules]]
claim = "groups"
values = ["ward-1-desk"]
role = "dispatcher"
areas = ["wards:1"]

[[rules]]
claim = "groups"
values = ["crew-north"]
role = "crew"
crew = "roads-north"

[[rules]]
claim = "groups"
values = ["ghosts"]
role = "dispatcher"
departments = ["ghosts"]
"""


@pytest.fixture
def provider():
    made = Provider()
    yield made
    made.stop()


@pytest.fixture
def city(app, provider, tmp_path):
    """The application trusts the provider."""
    (tmp_path / "oidc.toml").write_text(RULES)
    trusted = Vouchers(OpenId(provider.issuer, (AUDIENCE,), read_mapping(tmp_path / "oidc.toml")))
    before, app.extensions[KEY] = app.extensions[KEY], trusted
    yield provider
    app.extensions[KEY] = before


@pytest.fixture
def holder(client, city):
    """Whoever holds a token of the provider: holder(groups=["roads-desk"])."""
    return lambda **claims: Caller(client.ask, client.contract, city.token(**claims))


def test_whoever_the_city_vouches_for_gets_to_work(holder, a_report, database):
    ours, other = a_report("pothole", at=WARD_1), a_report("pothole", at=WARD_2)
    desk = holder(groups=["roads-desk"], name="Rita Rowe")

    desk.get(f"/v1/work/{ours.id}", expect=200)
    desk.get(f"/v1/work/{other.id}", expect=404)
    moved = desk.post(f"/v1/triage/{ours.id}/move", json={"to": "acknowledged"}, if_match=1)

    assert moved["status"]["code"] == "acknowledged"
    (person,) = database.rows("SELECT * FROM person WHERE origin = 'oidc'")
    assert (person["role"], person["name"], person["active"]) == ("dispatcher", "Rita Rowe", True)


def test_areas_of_the_claims_hold(holder, a_report):
    ours, other = a_report("pothole", at=WARD_1), a_report("pothole", at=WARD_2)
    desk = holder(groups=["ward-1-desk"])

    desk.get(f"/v1/work/{ours.id}", expect=200)
    desk.get(f"/v1/work/{other.id}", expect=404)


def test_a_crew_of_the_claims_takes_its_work(holder, a_report):
    report = a_report("pothole", at=WARD_1)
    crew = holder(groups=["crew-north"])

    taken = crew.post(f"/v1/work/{report.id}/take", json={}, if_match=1)

    assert taken["crew"]["code"] == "roads-north"


def test_a_token_is_checked_once_and_then_known_by_its_hash(holder, city, database):
    desk = holder(groups=["roads-desk"])
    for _ in range(3):
        desk.get("/v1/work", expect=200)
    city.is_away = True
    desk.get("/v1/work", expect=200)

    assert city.asked == ["/.well-known/openid-configuration", "/keys"]
    (kept,) = database.rows("SELECT * FROM credential WHERE kind = 'oidc'")
    assert desk.token not in str(kept)
    assert kept["expires_at"].timestamp() == pytest.approx(time.time() + 660, abs=10)


def test_one_person_is_one_person_whatever_token_they_bring(holder, database):
    for number in range(3):
        holder(groups=["roads-desk"], jti=str(number)).get("/v1/work", expect=200)
    holder(sub="subject-2", groups=["roads-desk"]).get("/v1/work", expect=200)

    assert database.value("SELECT count(*) FROM person WHERE origin = 'oidc'") == 2
    assert database.value("SELECT count(*) FROM credential WHERE kind = 'oidc'") == 4


def test_the_newest_token_says_what_somebody_is(holder, database, admin):
    now = int(time.time())
    older, newer = holder(groups=["311-admins"], iat=now - 30), holder(groups=["roads-desk"], iat=now - 10)
    older.get("/v1/admin/staff", expect=200)

    newer.get("/v1/work", expect=200)

    older.get("/v1/admin/staff", expect=403)  # known already, and a dispatcher's now
    holder(groups=["311-admins"], iat=now - 20).get("/v1/admin/staff", expect=403)  # an older one that comes late
    (told, *_) = admin.get("/v1/admin/history?section=staff")["items"]
    assert (told["before"]["role"], told["before"]["departments"]) == ("admin", [])
    assert (told["after"]["role"], told["after"]["departments"]) == ("dispatcher", ["roads"])
    assert told["by"] == told["code"]


def test_whoever_loses_every_role_loses_what_they_had_in_hand(holder):
    now = int(time.time())
    before = holder(groups=["roads-desk"], iat=now - 30)
    before.get("/v1/work", expect=200)

    after = holder(groups=[], iat=now)
    after.get("/v1/work", expect=403)

    assert after.last.problem == "no-role"
    before.get("/v1/work", expect=401)
    assert before.last.problem == "token-revoked"


@pytest.mark.parametrize("groups", [None, [], ["others"], ["ghosts"], "roads"])
def test_whoever_no_rule_names_has_no_role_here(holder, database, groups):
    """Nor has who is sent to a department that the town does not have: it would be all of them."""
    before = database.counts()
    nobody = holder(groups=groups)

    nobody.get("/v1/work", expect=403)

    assert nobody.last.problem == "no-role"
    assert database.counts() == before


def test_somebody_of_the_towns_own_file_is_known_by_their_code(holder, database, dispatcher):
    """The file says what Dora may do, the provider that it is her."""
    dora = holder(staff_code="Dora")

    assert dora.get("/v1/work", expect=200)
    dora.get("/v1/admin/staff", expect=403)

    assert database.value("SELECT count(*) FROM person WHERE origin = 'oidc'") == 0
    linked = database.rows("SELECT p.code FROM identity i JOIN person p ON p.id = i.person_id")
    assert [row["code"] for row in linked] == ["dora"]


def test_claims_give_nobody_more_than_the_towns_file(holder):
    holder(staff_code="dora", groups=["311-admins"]).get("/v1/admin/staff", expect=403)


def test_nobody_becomes_a_program_or_a_resident_by_a_code(holder, database):
    for code in ("importer:tests", "nobody", "", "dora' --"):
        holder(staff_code=code).get("/v1/work", expect=403)


def test_whoever_leaves_the_towns_file_leaves(holder, admin, database):
    dora = holder(staff_code="dora")
    dora.get("/v1/work", expect=200)
    admin.get("/v1/admin/staff/dora")

    admin.delete("/v1/admin/staff/dora", if_match=admin.last.headers["etag"], expect=200)

    dora.get("/v1/work", expect=401)
    holder(staff_code="dora", jti="2").get("/v1/work", expect=403)


def test_an_admin_shuts_somebody_out_whom_the_provider_still_vouches_for(holder, admin, database):
    desk = holder(groups=["roads-desk"])
    desk.get("/v1/work", expect=200)
    code = database.value("SELECT code FROM person WHERE origin = 'oidc'")
    shown = admin.get(f"/v1/admin/staff/{code}")
    assert shown["origin"] == "oidc"

    admin.delete(f"/v1/admin/staff/{code}", if_match=admin.last.headers["etag"], expect=200)

    desk.get("/v1/work", expect=401)
    again = holder(groups=["roads-desk"], jti="2")
    again.get("/v1/work", expect=401)
    assert again.last.problem == "token-revoked"


def test_an_admin_signs_somebody_out_until_the_next_token(holder, admin, database):
    desk = holder(groups=["roads-desk"])
    desk.get("/v1/work", expect=200)
    code = database.value("SELECT code FROM person WHERE origin = 'oidc'")

    admin.post(f"/v1/admin/staff/{code}/sessions/revoke", key=None, expect=200)

    desk.get("/v1/work", expect=401)
    holder(groups=["roads-desk"], jti="2").get("/v1/work", expect=200)


def test_applying_the_towns_file_leaves_them_alone(holder, own_town, database):
    from tests.support.town import FILE

    desk = holder(groups=["roads-desk"])
    desk.get("/v1/work", expect=200)

    own_town.mendway("apply", FILE)

    desk.get("/v1/work", expect=200)


def test_a_report_may_be_the_first_request_of_a_token(holder, database):
    """Intake checks tokens inside its one statement, and lets a new one in all the same."""
    desk = holder(groups=["roads-desk"])

    made = desk.post("/v1/reports", json=draft("pothole"), expect=201)

    assert desk.get(f"/v1/reports/{made['id']}")["id"] == made["id"]
    assert database.value("SELECT count(*) FROM report") == 1


def test_a_bad_token_sends_no_report(client, city, database):
    thief = Caller(client.ask, client.contract, city.token(aud="another-program"))

    thief.post("/v1/reports", json=draft("pothole"), expect=401)

    assert thief.last.problem == "token-unknown"
    assert database.value("SELECT count(*) FROM report") == 0


def test_a_provider_that_is_away_keeps_nobody_out_who_is_in(holder, city):
    inside = holder(groups=["roads-desk"])
    inside.get("/v1/work", expect=200)
    city.serve(one="RS256", two="RS256")
    city.is_away = True
    fresh = holder(groups=["roads-desk"])

    fresh.get("/v1/work", expect=503)

    assert fresh.last.problem == "away"
    assert fresh.last.headers["retry-after"]
    inside.get("/v1/work", expect=200)


def test_an_expired_token_says_so(holder, database):
    late = holder(groups=["roads-desk"], exp=time.time() - 100)
    late.get("/v1/work", expect=401)
    assert late.last.problem == "token-expired"

    known = holder(groups=["roads-desk"])
    known.get("/v1/work", expect=200)
    database.execute("UPDATE credential SET expires_at = now() WHERE kind = 'oidc'")
    known.get("/v1/work", expect=401)
    assert known.last.problem == "token-expired"


def test_a_token_may_be_eight_thousand_characters_long(holder, city):
    desk = holder(groups=["roads-desk", *(f"a group with quite a long name {number}" for number in range(130))])
    assert 6000 < len(desk.token) < 8192

    desk.get("/v1/work", expect=200)
    desk.token = "eyJ" + "x" * 8190
    desk.get("/v1/work", expect=401)


def test_a_token_of_another_issuer_is_simply_unknown(client, city):
    other = Provider()
    with contextlib.closing(_Stopping(other)):
        thief = Caller(client.ask, client.contract, other.token(groups=["311-admins"]))
        thief.get("/v1/work", expect=401)

    assert thief.last.problem == "token-unknown"
    assert other.asked == city.asked == []


class _Stopping:
    def __init__(self, provider):
        self.close = provider.stop


def test_without_a_provider_no_token_of_one_is_good(client, provider):
    nobody = Caller(client.ask, client.contract, provider.token(groups=["311-admins"], jti=str(uuid.uuid4())))

    nobody.get("/v1/work", expect=401)

    assert provider.asked == []


def test_many_requests_with_one_new_token_make_one_person(holder, client, database):
    """A page that opens asks for ten things at once, all with the token that it has just got."""
    token = holder(groups=["roads-desk"]).token
    statuses = []

    def ask():
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        statuses.append(client.ask("GET", "/v1/work", headers, None).status)

    copies = [threading.Thread(target=ask) for _ in range(8)]
    for copy in copies:
        copy.start()
    for copy in copies:
        copy.join()

    assert statuses == [200] * 8
    assert database.value("SELECT count(*) FROM person WHERE origin = 'oidc'") == 1
    assert database.value("SELECT count(*) FROM identity") == 1
    assert database.value("SELECT count(*) FROM credential WHERE kind = 'oidc'") == 1
