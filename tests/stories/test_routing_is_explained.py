"""What GET /v1/routing explains is what intake decides, at every place."""

import uuid

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.reports import draft
from tests.support.town import (
    EAST,
    MIDDLE_LAT,
    MIDDLE_LON,
    NORTH,
    SOUTH,
    WEST,
)

_EDGES_LON = [WEST, EAST, MIDDLE_LON, -69.995, -69.99]
_EDGES_LAT = [SOUTH, NORTH, MIDDLE_LAT, 42.009, 42.011, 42.03, 42.035]
_LON = st.one_of(st.floats(WEST - 0.02, EAST + 0.03), st.sampled_from(_EDGES_LON))
_LAT = st.one_of(st.floats(SOUTH - 0.01, NORTH + 0.01), st.sampled_from(_EDGES_LAT))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lon=_LON,
    lat=_LAT,
    category=st.sampled_from(["pothole", "streetlight", "fallen-tree", "park-litter", "needles", "other"]),
)
def test_what_is_explained_is_what_intake_decides_everywhere(client, resident, importer_key, lon, lat, category):
    question = f"/v1/routing?lon={lon!r}&lat={lat!r}&category={category}"
    body = draft(category, location={"lon": lon, "lat": lat})

    asked = client.ask("GET", question, {}, None)
    headers = {"Authorization": f"Bearer {resident.token}", "Content-Type": "application/json"}
    sent = resident.send(
        "POST",
        "/v1/reports",
        json=body,
        key=str(uuid.uuid4()),
        headers={"Importer-Key": importer_key},  # more than one phone may send in an hour
        expect=_expected(asked, category, body),
    )

    if sent.status == 201:
        for told in ("department", "why", "areas"):
            assert asked.json[told] == sent.json[told]
    elif asked.status == 200 and asked.json["external_body"]:
        assert sent.problem == "not-ours"
        assert sent.json["external_body"] == asked.json["external_body"]
    elif asked.status == 200:
        assert sent.faults == [("/category", "not-offered-here")]
        assert category == "park-litter"
    else:
        assert sent.problem == asked.problem == "outside-town"
        assert sent.json["external_body"] == asked.json["external_body"]
    assert asked.body == client.ask("GET", question, headers, None).body or asked.status >= 400


def _expected(asked, category, body):
    if asked.status != 200 or asked.json["external_body"]:
        return 422
    in_park = -69.995 <= body["location"]["lon"] <= -69.99 and 42.03 <= body["location"]["lat"] <= 42.035
    return 422 if category == "park-litter" and not in_park else 201
