"""A provider, a clock that tests turn, and the city that trusts the provider."""

import pytest

from identity.claims import ClaimRules, Part, Rule
from identity.key_ring import KeyRing
from identity.oidc import OpenId
from tests.support.provider import AUDIENCE, Provider

RULES = ClaimRules(("staff",), ("name",), (Rule(("groups",), frozenset({"desk"}), Part("dispatcher")),))


class Clock:
    """A clock that tests turn."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def provider():
    made = Provider()
    yield made
    made.stop()


@pytest.fixture
def ticks():
    return Clock(1000.0)


@pytest.fixture
def city(provider, ticks):
    return OpenId(provider.issuer, (AUDIENCE, "mendway-mobile"), RULES, KeyRing(provider.issuer, ticks))
