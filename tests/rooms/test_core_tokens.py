"""Tokens are kept as hashes, and what clients carry for us is signed."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import new_id
from core.tokens import new_token, sign, token_hash, unsign

SECRET = "a secret of thirty-two characters"
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(JSON)
def test_what_was_signed_comes_back(value):
    signed = sign(SECRET, "list", value)

    assert unsign(SECRET, "list", signed) == value
    assert re.fullmatch(r"[A-Za-z0-9_-]+", signed)


def test_it_comes_back_for_its_own_purpose_and_secret_only():
    signed = sign(SECRET, "list", [1])

    assert unsign(SECRET, "changes", signed) is None
    assert unsign(SECRET + "!", "list", signed) is None


def test_a_purpose_cannot_run_into_the_value():
    assert unsign(SECRET, "list:a", sign(SECRET, "list", "a")) is None


@given(st.text(max_size=80))
def test_any_other_text_is_none_of_ours(text):
    assert unsign(SECRET, "list", text) is None


@given(st.data())
def test_a_changed_letter_is_noticed(data):
    signed = sign(SECRET, "list", ["2026-01-01", "id"])
    place = data.draw(st.integers(0, len(signed) - 1))
    other = data.draw(st.sampled_from("ABCxyz019-_=+/ \n").filter(lambda letter: letter != signed[place]))

    assert unsign(SECRET, "list", signed[:place] + other + signed[place + 1 :]) is None


@pytest.mark.parametrize(
    "change", [lambda s: s + "=", lambda s: s + "A", lambda s: s[:-1], lambda s: " " + s, lambda s: s + "\n"]
)
def test_one_value_has_one_spelling(change):
    # Else two cursors that mean the same would differ, and a cache or a log would be fooled.
    assert unsign(SECRET, "list", change(sign(SECRET, "list", [1, "x"]))) is None


def test_a_token_has_256_random_bits_and_says_what_it_is():
    tokens = {new_token("mw_staff") for _ in range(100)}

    assert len(tokens) == 100
    for token in tokens:
        assert len(base64.urlsafe_b64decode(token.removeprefix("mw_staff_") + "=")) == 32


def test_a_hash_tells_nothing_of_its_token():
    assert token_hash("x") != token_hash("y")
    assert len(token_hash("x")) == 32


def test_ids_sort_by_the_time_they_were_made():
    made = [new_id() for _ in range(1000)]

    assert made == sorted(made)
    assert {one.version for one in made} == {7}
