"""What cannot be read or is wrong is refused with a clear answer, and nothing is stored."""

import json
import uuid

import pytest

from tests.support.reports import draft
from tests.support.town import WARD_1


@pytest.fixture(autouse=True)
def stores_nothing(database, request):
    """Every table has as many rows after the refusal as before."""
    request.getfixturevalue("resident")
    before = database.counts()
    yield
    assert database.counts() == before


@pytest.fixture
def send(resident):
    """Send these very bytes as a report."""

    def send_(data, expect, content_type="application/json"):
        return resident.send(
            "POST", "/v1/reports", data=data, key=str(uuid.uuid4()), content_type=content_type, expect=expect
        )

    return send_


def as_json(**overrides) -> bytes:
    return json.dumps(draft(**overrides)).encode()


def with_raw(name: str, raw: str) -> bytes:
    """A report in which one member is this very text."""
    return as_json(**{name: "@@"}).replace(b'"@@"', raw.encode())


# --- 400: it cannot be read ---


UNREADABLE = {
    "nothing": b"",
    "not JSON": b"category=pothole",
    "cut off": as_json()[:-1],
    "two documents": as_json() + as_json(),
    "a trailing comma": as_json()[:-1] + b",}",
    "single quotes": as_json().replace(b'"', b"'"),
    "a comment": b"/* hello */" + as_json(),
    "NaN": with_raw("location", '{"lon": NaN, "lat": 42.025}'),
    "Infinity": with_raw("location", '{"lon": Infinity, "lat": 42.025}'),
    "minus Infinity": with_raw("location", '{"lon": -Infinity, "lat": 42.025}'),
    "a number too large for any machine": with_raw("location", '{"lon": 1e999, "lat": 42.025}'),
    "an answer that is NaN": with_raw("answers", '{"size": NaN}'),
    "a leading zero": with_raw("location", '{"lon": -069.985, "lat": 42.025}'),
    "a control character in a text": with_raw("description", '"a\u0001b"'),
    "a line feed in a text": with_raw("description", '"a\nb"'),
    "half a surrogate pair": with_raw("description", '"\\ud800"'),
    "the other half": with_raw("description", '"\\udc00 x"'),
    "a surrogate pair in reverse": with_raw("description", '"\\udc00\\ud800"'),
    "an escape that is none": with_raw("description", '"\\x41"'),
    "not UTF-8": with_raw("description", '"@"').replace(b"@", b"\xff\xfe"),
    "UTF-8 that spells a surrogate": with_raw("description", '"@"').replace(b"@", b"\xed\xa0\x80"),
    "UTF-8 longer than it need be": with_raw("description", '"@"').replace(b"@", b"\xc0\x80"),
    "UTF-16": as_json().decode().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + as_json(),
    "NUL bytes": b"\x00" * 64,
    "nested a hundred thousand deep": b"[" * 100_000 + b"]" * 100_000,
    "objects nested without end": b'{"id":' * 20_000 + b"1" + b"}" * 20_000,
    "compressed, but not said so": bytes.fromhex("1f8b0800000000000003"),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_not_json_is_unreadable(send, body):
    answer = send(body, 400)

    assert answer.problem == "unreadable"
    assert answer.json["retry"] == "never"


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_it_is_unreadable_wherever_it_is_sent(resident, client, a_resident, body):
    for caller, method, path in (
        (client, "PUT", f"/v1/devices/{uuid.uuid4()}"),
        (resident, "PATCH", f"/v1/devices/{resident.device_id}"),
        (resident, "POST", f"/v1/reports/{uuid.uuid4()}/comments"),
    ):
        caller.send(method, path, data=body, key="k", expect=400)
        assert caller.last.problem == "unreadable"


def test_an_unreadable_body_says_where(send):
    answer = send(b'{"id": 1,\n "category": oops}', 400)

    assert (answer.json["line"], answer.json["column"]) == (2, 14)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/vnd.api+json",
        "application/jsonp",
        "json",
        "",
        None,
    ],
)
def test_only_json_is_taken(send, content_type):
    answer = send(as_json(), 415, content_type)

    assert answer.problem == "wrong-content-type"


@pytest.mark.parametrize("extra", [-1, 1, 1_000_000])
def test_a_body_over_the_limit_is_refused(send, config, extra):
    body = as_json()
    padded = body + b" " * (config.max_body_bytes - len(body) + extra)

    if extra > 0:
        answer = send(padded, 413)
        assert answer.problem == "body-too-large"
        assert answer.json["limit_bytes"] == config.max_body_bytes
    else:
        assert send(padded.replace(b"pothole", b"dragons"), 422).problem == "invalid"


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null", b"true", b"[{}]"])
def test_json_that_is_no_object_is_wrong(send, body):
    answer = send(body, 422)

    assert answer.faults == [("", "wrong-type")] or answer.faults == [("/", "wrong-type")]


# --- 422: it can be read, but it is wrong ---


WRONG = {
    "no id": ({"id": None}, ("/id", "required")),
    "an id that is no UUID": ({"id": "1"}, ("/id", "not-a-uuid")),
    "a number for an id": ({"id": 1}, ("/id", "not-a-uuid")),
    "a UUID in braces": ({"id": "{0190a6e4-1b5c-7c3a-9c53-0242ac120002}"}, ("/id", "not-a-uuid")),
    "a UUID without dashes": ({"id": "0190a6e41b5c7c3a9c530242ac120002"}, ("/id", "not-a-uuid")),
    "a UUID as a URN": ({"id": "urn:uuid:0190a6e4-1b5c-7c3a-9c53-0242ac120002"}, ("/id", "not-a-uuid")),
    "36 characters that are no UUID": ({"id": "0190a6e4-1b5c-7c3a-9c53-0242ac12000g"}, ("/id", "not-a-uuid")),
    "a UUID with its dashes elsewhere": ({"id": "0190a6e41-b5c-7c3a-9c53-0242ac120002"}, ("/id", "not-a-uuid")),
    "digits of another script": ({"id": "٠190a6e4-1b5c-7c3a-9c53-0242ac120002"}, ("/id", "not-a-uuid")),
    "no category": ({"category": None}, ("/category", "required")),
    "an unknown category": ({"category": "dragons"}, ("/category", "unknown-category")),
    "an empty category": ({"category": ""}, ("/category", "too-short")),
    "a category on two lines": ({"category": "pot\nhole"}, ("/category", "control-character")),
    "a list for a category": ({"category": ["pothole"]}, ("/category", "wrong-type")),
    "no location": ({"location": None}, ("/location", "required")),
    "a location as a list": ({"location": [-69.985, 42.025]}, ("/location", "wrong-type")),
    "a location as text": ({"location": "-69.985,42.025"}, ("/location", "wrong-type")),
    "no latitude": ({"location": {"lon": -69.985}}, ("/location/lat", "required")),
    "a longitude as text": ({"location": {"lon": "-69.985", "lat": 42.025}}, ("/location/lon", "not-a-number")),
    "a longitude that is null": ({"location": {"lon": None, "lat": 42.025}}, ("/location/lon", "required")),
    "a longitude that is true": ({"location": {"lon": True, "lat": 42.025}}, ("/location/lon", "not-a-number")),
    "a longitude of many digits": ({"location": {"lon": 10**30, "lat": 42.025}}, ("/location/lon", "too-large")),
    "a height": ({"location": WARD_1.json | {"alt": 3}}, ("/location/alt", "unknown-field")),
    "an accuracy below nothing": (
        {"location": WARD_1.json | {"accuracy_m": -1}},
        ("/location/accuracy_m", "too-small"),
    ),
    "an accuracy of a continent": (
        {"location": WARD_1.json | {"accuracy_m": 1e9}},
        ("/location/accuracy_m", "too-large"),
    ),
    "an accuracy as text": ({"location": WARD_1.json | {"accuracy_m": "5"}}, ("/location/accuracy_m", "not-a-number")),
    "no description": ({"description": None}, ("/description", "required")),
    "a description of 4,001 code points": ({"description": "x" * 4001}, ("/description", "too-long")),
    "4,001 emoji": ({"description": "🕳" * 4001}, ("/description", "too-long")),
    "a number for a description": ({"description": 5}, ("/description", "wrong-type")),
    "an object for a description": ({"description": {"$gt": ""}}, ("/description", "wrong-type")),
    "U+0000": ({"description": "a\u0000b"}, ("/description", "control-character")),
    "a bell": ({"description": "a\u0007b"}, ("/description", "control-character")),
    "a carriage return": ({"description": "a\r\nb"}, ("/description", "control-character")),
    "an escape": ({"description": "\u001b[31mred"}, ("/description", "control-character")),
    "a delete": ({"description": "a\u007fb"}, ("/description", "control-character")),
    "a C1 control": ({"description": "a\u0085b"}, ("/description", "control-character")),
    "an address on two lines": ({"address": "12\nMill Lane"}, ("/address", "control-character")),
    "an address without end": ({"address": "x" * 301}, ("/address", "too-long")),
    "answers as a list": ({"answers": ["small"]}, ("/answers", "wrong-type")),
    "answers as text": ({"answers": "small"}, ("/answers", "wrong-type")),
    "a missing required answer": ({"answers": {}}, ("/answers/size", "required")),
    "an answer nested deep": ({"answers": {"size": [[[[[[[[["small"]]]]]]]]]}}, ("/answers/size", "unknown-choice")),
    "a time without a zone": ({"captured_at": "2026-01-01T00:00:00"}, ("/captured_at", "not-a-time")),
    "a day": ({"captured_at": "2026-01-01"}, ("/captured_at", "not-a-time")),
    "a day that never was": ({"captured_at": "2026-02-30T00:00:00Z"}, ("/captured_at", "not-a-time")),
    "hour 25": ({"captured_at": "2026-01-01T25:00:00Z"}, ("/captured_at", "not-a-time")),
    "year zero": ({"captured_at": "0000-01-01T00:00:00Z"}, ("/captured_at", "not-a-time")),
    "seconds since 1970": ({"captured_at": 1767225600}, ("/captured_at", "not-a-time")),
    "a time in another script": ({"captured_at": "٢٠٢٦-01-01T00:00:00Z"}, ("/captured_at", "not-a-time")),
    "a contact as text": ({"contact": "me@example.org"}, ("/contact", "wrong-type")),
    "an unknown way of contact": ({"contact": {"fax": "1"}}, ("/contact/fax", "unknown-field")),
    "a name with U+0000": ({"contact": {"name": "a\u0000"}}, ("/contact/name", "control-character")),
    "an address that is no e-mail": ({"contact": {"email": "me"}}, ("/contact/email", "not-an-email")),
    "a form version as a number": ({"form_version": 1}, ("/form_version", "wrong-type")),
    "a status of one's own": ({"status": "closed"}, ("/status", "unknown-field")),
    "a person of one's own": ({"person_id": str(uuid.uuid4())}, ("/person_id", "unknown-field")),
    "a field with a slash": ({"a/b": 1}, ("/a~1b", "unknown-field")),
    "a field with a tilde": ({"a~b": 1}, ("/a~0b", "unknown-field")),
    "a field named U+0000": ({"\u0000": 1}, ("/\u0000", "unknown-field")),
    "a past of one's own": ({"received_at": "2015-01-01T00:00:00Z"}, ("/received_at", "importers-only")),
}


@pytest.mark.parametrize(("wrong", "fault"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_pointed_at(send, wrong, fault):
    body = draft() | wrong
    body = {name: value for name, value in body.items() if value is not None}

    answer = send(json.dumps(body).encode(), 422)

    assert answer.problem == "invalid"
    assert answer.faults == [fault]


def test_everything_that_is_wrong_is_named_at_once(send):
    body = {"id": "1", "location": {"lon": "x", "height": 2}, "description": 5, "colour": "red"}

    answer = send(json.dumps(body).encode(), 422)

    assert set(answer.faults) == {
        ("/id", "not-a-uuid"),
        ("/category", "required"),
        ("/location/lon", "not-a-number"),
        ("/location/lat", "required"),
        ("/location/height", "unknown-field"),
        ("/description", "wrong-type"),
        ("/colour", "unknown-field"),
    }


def test_a_thousand_unknown_fields_get_a_clear_answer(send):
    answer = send(json.dumps(draft() | {f"f{n}": n for n in range(1000)}).encode(), 422)

    assert {code for _, code in answer.faults} == {"unknown-field"}
