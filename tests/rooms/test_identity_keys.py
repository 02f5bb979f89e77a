"""Keys of the city's provider rotate, and the provider goes away and comes back."""

# ruff: noqa: F811 - a test that takes a fixture does not redefine it

import pytest

from domain.errors import Away, TokenUnknown
from tests.support.city import city, provider, ticks  # noqa: F401 - fixtures
from tests.support.provider import made_key, signed


def test_keys_are_asked_for_once_however_many_tokens_come(city, provider):
    for number in range(20):
        city.vouch(provider.token(sub=f"s{number}"))

    assert provider.asked == ["/.well-known/openid-configuration", "/keys"]


def test_a_new_key_is_found_at_once_and_the_old_one_is_good_while_it_is_served(city, provider):
    old = provider.token("one")
    city.vouch(old)
    provider.serve(one="RS256", two="ES256")

    city.vouch(provider.token("two"))
    city.vouch(old)

    assert provider.asked.count("/keys") == 2


def test_a_key_that_is_not_served_any_more_ends(city, provider, ticks):
    old = provider.token("one")
    city.vouch(old)
    provider.serve(two="RS256")

    city.vouch(provider.token("two"))

    with pytest.raises(TokenUnknown):
        city.vouch(old)


def test_a_key_that_is_taken_back_without_a_new_one_ends_within_the_hour(city, provider, ticks):
    city.vouch(provider.token("one"))
    old = provider.token("one")
    provider.serve(two="RS256")
    ticks.now += 3601

    with pytest.raises(TokenUnknown):
        city.vouch(old)


def test_unknown_keys_have_the_provider_asked_once_a_minute(city, provider, ticks):
    city.vouch(provider.token())
    stray = signed(made_key("RSA-thief"), {"alg": "RS256", "kid": "stray"}, provider.claims())

    for _ in range(20):
        with pytest.raises(TokenUnknown):
            city.vouch(stray)
    assert provider.asked.count("/keys") == 2

    ticks.now += 61
    with pytest.raises(TokenUnknown):
        city.vouch(stray)
    assert provider.asked.count("/keys") == 3


def test_while_the_provider_is_away_its_keys_go_on_for_a_day(city, provider, ticks):
    city.vouch(provider.token())
    provider.is_away = True
    ticks.now += 23 * 3600

    city.vouch(provider.token())
    city.vouch(provider.token())

    assert provider.asked.count("/.well-known/openid-configuration") == 2  # and nobody waits for it each time
    ticks.now += 2 * 3600
    with pytest.raises(Away):
        city.vouch(provider.token())


def test_a_key_that_cannot_be_looked_for_is_no_reason_to_refuse(city, provider, ticks):
    city.vouch(provider.token())
    provider.serve(one="RS256", two="RS256")
    provider.is_away = True
    fresh = provider.token("two")

    for _ in range(3):
        with pytest.raises(Away):
            city.vouch(fresh)
    city.vouch(provider.token("one"))
    provider.is_away = False
    ticks.now += 61

    city.vouch(fresh)


def test_a_provider_that_was_never_reached_is_away(city, provider, ticks):
    provider.is_away = True
    for _ in range(3):
        with pytest.raises(Away):
            city.vouch(provider.token())
    assert len(provider.asked) == 1

    provider.is_away = False
    ticks.now += 6
    city.vouch(provider.token())


@pytest.mark.parametrize(
    ("path", "document"),
    [
        pytest.param("/.well-known/openid-configuration", {"issuer": "https://other.example"}, id="another issuer"),
        pytest.param("/.well-known/openid-configuration", [], id="no object"),
        pytest.param("/.well-known/openid-configuration", {}, id="nothing in it"),
        pytest.param("/keys", {"keys": 7}, id="no keys"),
        pytest.param("/keys", {"keys": ["x"] * 200_000}, id="no end of it"),
    ],
)
def test_a_provider_that_answers_nonsense_is_away(city, provider, path, document):
    provider.documents[path] = document

    with pytest.raises((Away, TokenUnknown)):
        city.vouch(provider.token())


def test_keys_do_not_come_over_an_open_line(city, provider):
    provider.documents["/.well-known/openid-configuration"] = {
        "issuer": provider.issuer,
        "jwks_uri": "http://keys.example/keys",
    }

    with pytest.raises(Away):
        city.vouch(provider.token())
