"""What `mendway doctor` says of a deployment."""

import json

import pytest

PUBLIC = {"PUBLIC_URL": "https://311.example.org", "TRUSTED_PROXIES": "1"}
SECRET = "Wd8-kq3Zr7_TnB5yXc1LmPv0HsJf4GaE"


@pytest.fixture
def fit_town(own_town):
    """A deployment that is fit but for its photo store, where nobody answers."""
    own_town.environment |= {**PUBLIC, "MENDWAY_SECRET": SECRET}
    own_town.rows("INSERT INTO procrastinate_workers DEFAULT VALUES")
    return own_town


@pytest.fixture
def whole_town(first):
    """A deployment that is fit, as far as one without phones can be."""
    first.environment |= {**PUBLIC, "MENDWAY_SECRET": SECRET}
    first.rows("INSERT INTO procrastinate_workers DEFAULT VALUES")
    return first


def findings(town, *words):
    """What it says, by check: (level, text and what to do)."""
    told = json.loads(town.mendway("doctor", "--json", *words, expect=None).out)
    return [(one["check"], one["level"], f"{one['text']} {one['todo']}") for one in told["findings"]]


def only(found, check):
    return [(level, text) for name, level, text in found if name == check]


def wrong(found):
    return [(check, text) for check, level, text in found if level == "wrong"]
