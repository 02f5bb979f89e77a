"""Tokens of a certified OpenID provider (oidc-provider): people sign in there as in a browser, and work here."""

import time
from collections.abc import Iterator

import pytest

from api.vouching import KEY, Vouchers
from identity.claims import read_mapping
from identity.key_ring import KeyRing
from identity.oidc import OpenId
from tests.interop.peers.oidc import RESOURCE, CertifiedProvider
from tests.support.callers import Caller
from tests.support.town import WARD_1, WARD_2

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
AUDIENCES = ("mendway", *(f"desk-{algorithm}" for algorithm in ALGORITHMS))
RULES = """
code = "staff_code"

[[rules]]
claim = "groups"
values = ["roads-desk"]
role = "dispatcher"
departments = ["roads"]
"""


class Ticks:
    """Minutes pass when a test says so."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead_s


@pytest.fixture
def ticks():
    return Ticks()


@pytest.fixture
def provider(app, node_js, oidc_packages, tmp_path, ticks) -> Iterator[CertifiedProvider]:
    """The provider runs, and the application trusts it."""
    running = CertifiedProvider(node_js, oidc_packages, tmp_path)
    running.rotate("first")
    (tmp_path / "oidc.toml").write_text(RULES)
    rules = read_mapping(tmp_path / "oidc.toml")
    before = app.extensions[KEY]
    app.extensions[KEY] = Vouchers(OpenId(running.issuer, AUDIENCES, rules, KeyRing(running.issuer, ticks)))
    yield running
    app.extensions[KEY] = before
    running.stop()


@pytest.fixture
def holder(client):
    return lambda token: Caller(client.ask, client.contract, token)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_id_tokens_and_access_tokens_of_every_algorithm_let_in(provider, holder, a_report, database, algorithm):
    ours, other = a_report("pothole", at=WARD_1), a_report("pothole", at=WARD_2)

    with_id = holder(provider.sign_in("rita", algorithm)["id_token"])
    with_access = holder(provider.sign_in("rita", algorithm, RESOURCE)["access_token"])

    for desk in (with_id, with_access):
        desk.get(f"/v1/work/{ours.id}", expect=200)
        desk.get(f"/v1/work/{other.id}", expect=404)
    assert database.value("SELECT count(*) FROM person WHERE origin = 'oidc'") == 1


def test_somebody_of_the_towns_file_and_somebody_of_nowhere(provider, holder):
    holder(provider.sign_in("dora")["id_token"]).get("/v1/work", expect=200)
    nobody = holder(provider.sign_in("otto")["id_token"])

    nobody.get("/v1/work", expect=403)

    assert nobody.last.problem == "no-role"


def test_an_opaque_access_token_is_not_known(provider, holder):
    holder(provider.sign_in("rita")["access_token"]).get("/v1/work", expect=401)


def test_keys_rotate_while_people_work(provider, holder, ticks):
    unused = provider.sign_in("rita")["id_token"]  # of the first key, and not shown yet
    working = holder(provider.sign_in("rita")["id_token"])
    working.get("/v1/work", expect=200)

    provider.rotate("second")
    holder(provider.sign_in("rita")["id_token"]).get("/v1/work", expect=200)
    holder(unused).get("/v1/work", expect=200)  # its key is still served

    late = provider.sign_in("dora")["id_token"]  # of the second key
    provider.rotate("third", keeps_old=False)
    ticks.ahead_s = 61  # an unknown key has it asked once a minute
    holder(provider.sign_in("rita")["id_token"]).get("/v1/work", expect=200)
    holder(late).get("/v1/work", expect=401)  # its key is gone
    working.get("/v1/work", expect=200)  # was let in, until it expires


def test_the_provider_goes_away_and_comes_back(provider, holder, ticks):
    working = holder(provider.sign_in("rita")["id_token"])
    working.get("/v1/work", expect=200)
    fresh = holder(provider.sign_in("rita")["id_token"])
    provider.rotate("second", keeps_old=False)
    newest = holder(provider.sign_in("rita")["id_token"])
    provider.stop()

    working.get("/v1/work", expect=200)
    fresh.get("/v1/work", expect=200)  # its key was kept
    newest.get("/v1/work", expect=503)
    provider.start()
    ticks.ahead_s = 61

    newest.get("/v1/work", expect=200)
