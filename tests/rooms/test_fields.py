"""Fields: what each takes, what comes out, and which code it gives when it does not."""

from datetime import UTC, datetime

import marshmallow as ma
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.fields import (
    Count,
    Flag,
    Id,
    Line,
    MailAddress,
    Moment,
    Number,
    OneOf,
    QueryNumber,
    Words,
    read_moment,
    rfc3339,
)
from api.reading import field_errors
from api.words import best_language, fill


def code_of(field, value):
    """The code that the field refuses a value with, or None."""
    try:
        field.deserialize(value)
    except ma.ValidationError as fault:
        return field_errors(fault.messages)[0].code
    return None


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        (Words(longest=3), "abc", None),
        (Words(longest=3), "abcd", "too-long"),
        (Words(longest=3), "🕳🕳🕳", None),
        (Words(longest=3, shortest=1), "   ", "too-short"),
        (Words(longest=9), "a\nb\tc", None),
        (Words(longest=9), "a\rb", "control-character"),
        (Words(longest=9), ["a"], "wrong-type"),
        (Words(longest=9), None, "required"),
        (Words(longest=9, allow_none=True), None, None),
        (Line(longest=9), "a b", None),
        (Line(longest=9), "a\nb", "control-character"),
        (Line(longest=9), "a\tb", "control-character"),
        (MailAddress(longest=30), "me@example.org", None),
        (MailAddress(longest=30), "ö@exämple.org", None),
        (MailAddress(longest=30), "me", "not-an-email"),
        (MailAddress(longest=30), "@", "not-an-email"),
        (MailAddress(longest=30), "me @example.org", "not-an-email"),
        (MailAddress(longest=30), "me@you@example.org", "not-an-email"),
        (MailAddress(longest=30), "x" * 31, "too-long"),
        (Number(low=0, high=1), 0, None),
        (Number(low=0, high=1), 1.0000001, "too-large"),
        (Number(low=0, high=1), -0.1, "too-small"),
        (Number(low=0, high=1), "0.5", "not-a-number"),
        (Number(low=0, high=1), True, "not-a-number"),
        (Number(low=0, high=1), float("nan"), "not-a-number"),
        (Number(low=0, high=1), [0.5], "not-a-number"),
        (QueryNumber(low=0, high=1), "0.5", None),
        (QueryNumber(low=0, high=1), "nan", "not-a-number"),
        (QueryNumber(low=0, high=1), "1e999", "not-a-number"),
        (QueryNumber(low=0, high=1), "", "not-a-number"),
        (Count(low=1, high=10), "10", None),
        (Count(low=1, high=10), "0", "too-small"),
        (Count(low=1, high=10), "11", "too-large"),
        (Count(low=1, high=10), "5.5", "wrong-type"),
        (Flag(), "true", None),
        (Flag(), "0", None),
        (Flag(), "yes", "wrong-type"),
        (OneOf(("a", "b")), "a", None),
        (OneOf(("a", "b")), "A", "not-offered"),
        (OneOf(("a", "b")), 1, "wrong-type"),
        (Id(), "0190A6E4-1b5c-7c3a-9c53-0242ac120002", None),
        (Id(), "0190a6e41b5c7c3a9c530242ac120002", "not-a-uuid"),
        (Id(), "0190a6e4-1b5c-7c3a-9c53-0242ac12000\n", "not-a-uuid"),
        (Moment(), "2026-01-01T00:00:00Z", None),
        (Moment(), "2026-01-01 00:00:00+00:00", None),
        (Moment(), "2026-01-01T00:00:00", "not-a-time"),
        (Moment(), "2026-01-01T00:00:00+0000", "not-a-time"),
        (Moment(), "2026-01-01T24:00:00Z", "not-a-time"),
        (Moment(), "2026-01-01T00:00:00+24:00", "not-a-time"),
        (Moment(), "2026-01-01T00:00:00Z\n", "not-a-time"),
    ],
)
def test_a_field_takes_what_it_should(field, value, code):
    assert code_of(field, value) == code


def test_a_refusal_carries_what_a_phone_needs_to_explain_it():
    with pytest.raises(ma.ValidationError) as caught:
        ma.Schema.from_dict({"n": Number(low=0, high=2)})().load({"n": 3})

    (fault,) = field_errors(caught.value.messages)
    assert (fault.pointer, fault.code, fault.params) == ("/n", "too-large", {"max": 2})


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000Z"),
        ("2026-03-01t12:00:00z", "2026-03-01T12:00:00.000Z"),
        ("2026-03-01T12:00:00.5-04:00", "2026-03-01T16:00:00.500Z"),
        ("2026-03-01T12:00:00.123456789+05:45", "2026-03-01T06:15:00.123Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
    ],
)
def test_a_moment_goes_out_in_utc_to_the_millisecond(written, utc):
    assert rfc3339(read_moment(written)) == utc


AROUND = {"min_value": datetime(2, 1, 1), "max_value": datetime(9998, 1, 1)}  # noqa: DTZ001 (hypothesis adds the zone)


@given(st.datetimes(**AROUND, timezones=st.timezones() | st.just(UTC), allow_imaginary=False))
def test_a_moment_that_went_out_comes_back(moment):
    assert abs((read_moment(rfc3339(moment)) - moment).total_seconds()) < 0.001


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_refused(text):
    assert code_of(Moment(), text) in (None, "not-a-time")


@given(st.uuids())
def test_every_uuid_is_an_id(one):
    assert Id().deserialize(str(one)) == one
    assert Id().deserialize(str(one).upper()) == one


@given(st.text(max_size=40))
def test_any_other_text_is_not(text):
    assert code_of(Id(), text) in (None, "not-a-uuid")


# --- which language ---


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("es", "es"),
        ("ES", "es"),
        ("es-MX", "es"),
        ("es-419,en;q=0.9", "es"),
        ("en;q=0.5,es;q=0.9", "es"),
        ("fr,es;q=0.1", "es"),
        ("fr", "en"),
        ("*", "en"),
        ("es;q=0", "en"),
        ("es;q=0,fr", "en"),
        ("est", "en"),  # Estonian is not Spanish
        ("e", "en"),
        ("-", "en"),
        ("es-", "es"),
        (";;;,,,q=", "en"),
    ],
)
def test_the_first_wish_that_can_be_met_is_met(header, language):
    assert best_language(header, ("en", "es")) == language


def test_facts_are_filled_in_as_they_are():
    assert fill("{a} and {b}", {"a": "{b}", "b": [1, 2]}) in ("1, 2 and 1, 2", "{b} and 1, 2")
    assert fill("{a.__class__} {0} %s", {"a": 1}) == "{a.__class__} {0} %s"
