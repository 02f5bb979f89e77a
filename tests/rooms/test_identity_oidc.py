"""Which tokens of the city's provider are good, and which keys they may be signed with."""

# ruff: noqa: F811 - a test that takes a fixture does not redefine it

import base64
import hmac
import json
import time

import pytest

from domain.errors import TokenExpired, TokenUnknown
from identity.claims import Part
from identity.vouched import claimed_issuer
from tests.support.city import city, provider, ticks  # noqa: F401 - fixtures
from tests.support.provider import AUDIENCE, made_key, public, signed


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_good_token_says_who_it_is_about(city, provider):
    vouched = city.vouch(provider.token(groups=["desk"], staff="dora", name="Dora\n Dee"))

    assert (vouched.provider, vouched.issuer, vouched.subject) == ("oidc", provider.issuer, "subject-1")
    assert (vouched.part, vouched.code, vouched.name) == (Part("dispatcher"), "dora", "Dora Dee")
    assert vouched.expires_at.timestamp() == pytest.approx(time.time() + 660, abs=5)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"])
def test_the_algorithms_that_are_taken(city, provider, algorithm):
    provider.serve(mine=algorithm)

    assert city.vouch(provider.token()).subject == "subject-1"


@pytest.mark.parametrize("kind", ["at+jwt", "application/at+jwt", "JWT", "AT+JWT", None])
def test_id_tokens_and_access_tokens_are_taken(city, provider, kind):
    city.vouch(provider.token(header={"typ": kind}))


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"iss": "https://login.elsewhere.example"}, id="another issuer"),
        pytest.param({"iss": None}, id="no issuer"),
        pytest.param({"aud": "another-program"}, id="for another program"),
        pytest.param({"aud": ["a", "b"]}, id="for other programs"),
        pytest.param({"aud": [[AUDIENCE]]}, id="a list in a list"),
        pytest.param({"aud": None}, id="for nobody"),
        pytest.param({"sub": None}, id="about nobody"),
        pytest.param({"sub": ""}, id="about nobody at all"),
        pytest.param({"sub": "x" * 256}, id="about too long a name"),
        pytest.param({"sub": 7}, id="about a number"),
        pytest.param({"sub": "a\0b"}, id="about what cannot be written down"),
        pytest.param({"exp": None}, id="without an end"),
        pytest.param({"exp": "9999999999"}, id="an end that is no number"),
        pytest.param({"exp": True}, id="an end that is true"),
        pytest.param({"exp": 1e300}, id="an end beyond the calendar"),
        pytest.param({"iat": None}, id="without a beginning"),
        pytest.param({"iat": time.time() + 3600}, id="issued in the future"),
        pytest.param({"nbf": time.time() + 3600}, id="not good yet"),
        pytest.param({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}, id="a logout token"),
    ],
)
def test_a_token_that_is_not_for_us_is_refused(city, provider, claims):
    with pytest.raises(TokenUnknown):
        city.vouch(provider.token(**claims))


def test_one_of_several_audiences_is_enough(city, provider):
    city.vouch(provider.token(aud=["something", "mendway-mobile"]))


def test_clocks_may_differ_by_a_minute(city, provider):
    now = time.time()

    city.vouch(provider.token(exp=now - 55))
    city.vouch(provider.token(iat=now + 55, nbf=now + 55))
    with pytest.raises(TokenExpired):
        city.vouch(provider.token(exp=now - 65))
    for late in ({"iat": now + 65}, {"nbf": now + 65}):
        with pytest.raises(TokenUnknown):
            city.vouch(provider.token(**late))


def test_a_token_without_a_signature_is_refused(city, provider):
    for algorithm in ("none", "None", "NONE", ""):
        token = f"{encoded({'alg': algorithm, 'kid': 'one'})}.{encoded(provider.claims())}."
        with pytest.raises(TokenUnknown):
            city.vouch(token)


def test_a_public_key_is_no_shared_secret(city, provider):
    """The oldest trick: HS256 with the provider's public key, which everybody has."""
    _, key = provider.keys["one"]
    said = f"{encoded({'alg': 'HS256', 'kid': 'one'})}.{encoded(provider.claims())}"
    for secret in (key.as_pem(private=False), json.dumps(key.as_dict(private=False)).encode()):
        mac = base64.urlsafe_b64encode(hmac.digest(secret, said.encode(), "sha256")).rstrip(b"=").decode()
        with pytest.raises(TokenUnknown):
            city.vouch(f"{said}.{mac}")


def test_a_key_that_comes_with_the_token_is_not_used(city, provider):
    own = made_key("RSA-thief")
    told = own.as_dict(private=False)

    for header in ({"jwk": told}, {"jku": "https://thief.example/keys"}, {"x5c": ["MII="]}):
        with pytest.raises(TokenUnknown):
            city.vouch(signed(own, {"alg": "RS256", "kid": "one", **header}, provider.claims()))
    assert "https://thief.example/keys" not in provider.asked


@pytest.mark.parametrize(
    "header",
    [{"typ": "logout+jwt"}, {"typ": "dpop+jwt"}, {"typ": "secevent+jwt"}, {"crit": ["b64"], "b64": True}],
)
def test_a_token_of_another_kind_is_refused(city, provider, header):
    with pytest.raises(TokenUnknown):
        city.vouch(provider.token(header=header))


@pytest.mark.parametrize("header", [{"typ": 7}, {"kid": 7}, {"alg": 7}, {"alg": ["RS256"]}, {"alg": None}])
def test_a_header_that_makes_no_sense_is_refused(city, provider, header):
    _, body, mac = provider.token().split(".")
    with pytest.raises(TokenUnknown):
        city.vouch(f"{encoded({'alg': 'RS256', 'kid': 'one'} | header)}.{body}.{mac}")


def test_a_changed_token_is_refused(city, provider):
    head, body, mac = provider.token().split(".")
    for token in (
        f"{head}.{encoded(provider.claims(sub='admin'))}.{mac}",
        f"{head}.{body}.{mac[:-4]}AAAA",
        f"{head}.{body}.",
    ):
        with pytest.raises(TokenUnknown):
            city.vouch(token)


@pytest.mark.parametrize(
    "token", ["", "eyJ", "eyJh.eyJh.x", "a.b.c", "eyJhbGciOiJSUzI1NiJ9..x", "eyJhbGciOiJSUzI1NiJ9.W10.x", "x" * 500]
)
def test_what_is_no_token_names_no_issuer(token):
    assert claimed_issuer(token) is None


def test_weak_keys_and_keys_for_encryption_are_not_used(city, provider):
    weak, sealing = made_key("WEAK-1"), made_key("RSA-sealing")
    keys = [public("weak", "RS256", weak), {**public("sealing", "RS256", sealing), "use": "enc"}]
    provider.documents["/keys"] = {"keys": [*keys, {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"}, {"kty": "RSA"}, "x"]}

    for kid, key in (("weak", weak), ("sealing", sealing)):
        with pytest.raises(TokenUnknown):
            city.vouch(signed(key, {"alg": "RS256", "kid": kid}, provider.claims()))


def test_a_key_for_one_algorithm_is_not_used_for_another(city, provider):
    _, key = provider.keys["one"]

    with pytest.raises(TokenUnknown):
        city.vouch(signed(key, {"alg": "PS256", "kid": "one"}, provider.claims()))


def test_a_token_that_names_no_key_is_tried_with_all_of_its_kind(city, provider):
    provider.serve(one="RS256", two="RS256", three="ES256")

    city.vouch(provider.token("two", header={"kid": None}))
    city.vouch(provider.token("three", header={"kid": None}))
