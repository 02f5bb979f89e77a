"""Within /v1 we only add: which changes of the contract break a promise, and which do not."""

import copy
from datetime import date

import pytest

from api.breaking import breaks

TODAY = date(2027, 6, 1)

RELEASED = {
    "openapi": "3.1.0",
    "info": {"title": "A town", "version": "1.0.0"},
    "paths": {
        "/v1/trees/{tree_id}": {
            "parameters": [{"in": "path", "name": "tree_id", "required": True, "schema": {"type": "string"}}],
            "get": {
                "operationId": "read_tree",
                "security": [{"bearer": []}, {}],
                "x-roles": ["resident", "crew"],
                "parameters": [
                    {"in": "query", "name": "limit", "schema": {"type": "integer", "maximum": 100, "default": 25}},
                    {"in": "query", "name": "kind", "schema": {"type": "string", "enum": ["oak", "elm"]}},
                ],
                "responses": {
                    "200": {
                        "headers": {"ETag": {"schema": {"type": "string"}}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TreeOut"}}},
                    },
                    "404": {"content": {"application/problem+json": {"schema": {"type": "object"}}}},
                },
            },
            "put": {
                "operationId": "plant_tree",
                "security": [{"bearer": []}],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TreeIn"}}},
                },
                "responses": {"204": {"description": "Planted"}},
            },
        }
    },
    "components": {
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "A token."}},
        "schemas": {
            "TreeIn": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "minLength": 1, "maxLength": 50},
                    "kind": {"type": "string", "enum": ["oak", "elm"]},
                    "height_m": {"type": ["number", "null"], "minimum": 0, "maximum": 100},
                    "shared": {"type": "boolean", "default": False},
                    "names": {"type": "array", "maxItems": 5, "items": {"type": "string", "maxLength": 20}},
                },
                "required": ["name"],
                "additionalProperties": False,
            },
            "TreeOut": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "planted_at": {"type": "string", "format": "date-time"},
                    "phase": {"type": "string", "enum": ["young", "old"]},
                    "kind": {"type": "string", "x-extensible-enum": ["oak", "elm"]},
                    "count": {"type": "integer"},
                    "height_m": {"type": ["number", "null"]},
                    "neighbours": {"type": "array", "items": {"$ref": "#/components/schemas/TreeOut"}},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                },
                "required": ["name", "planted_at"],
            },
        },
    },
}


class Contract:
    """A copy of the contract above to change, with short ways to its parts."""

    def __init__(self):
        self.document = copy.deepcopy(RELEASED)
        self.item = self.document["paths"]["/v1/trees/{tree_id}"]
        self.get, self.put = self.item["get"], self.item["put"]
        self.limit, self.kind = self.get["parameters"]
        self.answer = self.get["responses"]["200"]
        self.schemas = self.document["components"]["schemas"]
        self.into, self.out = self.schemas["TreeIn"], self.schemas["TreeOut"]
        self.takes, self.gives = self.into["properties"], self.out["properties"]


def faults_of(change, today=TODAY):
    contract = Contract()
    change(contract)
    return breaks(RELEASED, contract.document, today)


READ, PLANT = "GET /v1/trees/{tree_id}", "PUT /v1/trees/{tree_id}"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        # what can be called
        (lambda c: c.document["paths"].clear(), f"{READ}: the operation is gone"),
        (lambda c: c.item.pop("put"), f"{PLANT}: the operation is gone"),
        (lambda c: c.get.update(operationId="get_tree"), f"{READ}: its operationId was read_tree and is now get_tree"),
        (
            lambda c: c.document["components"]["securitySchemes"]["bearer"].update(scheme="basic"),
            "security scheme bearer: is gone or works differently",
        ),
        (
            lambda c: c.get.update(security=[{"bearer": []}]),
            f"{READ}: could be called with no token, which is no longer enough",
        ),
        (
            lambda c: c.put.update(security=[{"bearer": [], "key": []}]),
            f"{PLANT}: could be called with bearer, which is no longer enough",
        ),
        (lambda c: c.get["x-roles"].remove("resident"), f"{READ}: is no longer open to resident"),
        # parameters
        (lambda c: c.get["parameters"].remove(c.kind), f"{READ}, query parameter kind: is no longer taken"),
        (lambda c: c.limit.update(required=True), f"{READ}, query parameter limit: is now required"),
        (
            lambda c: c.get["parameters"].append({"in": "header", "name": "Key", "required": True}),
            f"{READ}, header parameter Key: is new and required",
        ),
        (
            lambda c: c.limit["schema"].update(maximum=50),
            f"{READ}, query parameter limit: its maximum was 100 and is now 50",
        ),
        (
            lambda c: c.limit["schema"].update(default=10),
            f"{READ}, query parameter limit: its default was 25 and is now 10",
        ),
        (lambda c: c.kind["schema"]["enum"].remove("elm"), f"{READ}, query parameter kind: no longer takes elm"),
        # what is sent
        (lambda c: c.put["requestBody"].update(required=True), f"{PLANT}, body: is now required"),
        (
            lambda c: c.put["requestBody"]["content"].update(
                {"text/plain": c.put["requestBody"]["content"].pop("application/json")}
            ),
            f"{PLANT}, body: is no longer taken as application/json",
        ),
        (lambda c: c.takes.pop("height_m"), f"{PLANT}, body.height_m: is no longer taken"),
        (lambda c: c.into["required"].append("kind"), f"{PLANT}, body.kind: is now required"),
        (
            lambda c: (c.takes.update(age={"type": "integer"}), c.into["required"].append("age")),
            f"{PLANT}, body.age: is new and required",
        ),
        (lambda c: c.takes["name"].update(maxLength=49), f"{PLANT}, body.name: its maxLength was 50 and is now 49"),
        (lambda c: c.takes["name"].update(minLength=2), f"{PLANT}, body.name: its minLength was 1 and is now 2"),
        (lambda c: c.takes["height_m"].update(minimum=1), f"{PLANT}, body.height_m: its minimum was 0 and is now 1"),
        (
            lambda c: c.takes["height_m"].update(exclusiveMinimum=0),
            f"{PLANT}, body.height_m: its exclusiveMinimum was none and is now 0",
        ),
        (lambda c: c.takes["name"].update(pattern="^x"), f"{PLANT}, body.name: its pattern was none and is now ^x"),
        (lambda c: c.takes["name"].update(format="uuid"), f"{PLANT}, body.name: its format was none and is now uuid"),
        (lambda c: c.takes["names"].update(maxItems=4), f"{PLANT}, body.names: its maxItems was 5 and is now 4"),
        (
            lambda c: c.takes["names"]["items"].update(maxLength=10),
            f"{PLANT}, body.names[]: its maxLength was 20 and is now 10",
        ),
        (lambda c: c.takes["kind"]["enum"].remove("oak"), f"{PLANT}, body.kind: no longer takes oak"),
        (
            lambda c: c.takes["name"].update(enum=["Ann", "Bo"]),
            f"{PLANT}, body.name: took any value and now only takes Ann, Bo",
        ),
        (lambda c: c.takes["height_m"].update(type="number"), f"{PLANT}, body.height_m: may no longer be null"),
        (
            lambda c: c.takes["height_m"].update(type=["integer", "null"]),
            f"{PLANT}, body.height_m: was null or number and is now integer or null",
        ),
        (
            lambda c: c.takes["shared"].update(default=True),
            f"{PLANT}, body.shared: its default was false and is now true",
        ),
        (lambda c: c.takes["shared"].pop("default"), f"{PLANT}, body.shared: its default was false and is now nothing"),
        # what comes back
        (lambda c: c.get["responses"].pop("404"), f"{READ}, answer 404: is no longer documented"),
        (
            lambda c: c.answer.update(content={"text/csv": {}}),
            f"{READ}, answer 200: no longer comes as application/json",
        ),
        (lambda c: c.answer.pop("headers"), f"{READ}, answer 200: no longer comes with the header ETag"),
        (lambda c: c.gives.pop("kind"), f"{READ}, answer 200.kind: is gone from the answer"),
        (
            lambda c: c.out["required"].remove("name"),
            f"{READ}, answer 200.name: was always there and may now be missing",
        ),
        (lambda c: c.gives["name"].update(type=["string", "null"]), f"{READ}, answer 200.name: may now be null"),
        (
            lambda c: c.gives["count"].update(type="number"),
            f"{READ}, answer 200.count: was integer and is now number",
        ),
        (
            lambda c: c.gives["planted_at"].update(format="date"),
            f"{READ}, answer 200.planted_at: its format was date-time and is now date",
        ),
        (
            lambda c: c.gives["phase"]["enum"].append("dead"),
            f"{READ}, answer 200.phase: its list of codes was complete, and now has dead too",
        ),
        (
            lambda c: c.gives["phase"].pop("enum"),
            f"{READ}, answer 200.phase: its list of codes was complete and is not any more",
        ),
        (
            lambda c: c.gives["labels"].update(additionalProperties={"type": "integer"}),
            f"{READ}, answer 200.labels.*: was string and is now integer",
        ),
        (
            lambda c: c.gives.update(name={"anyOf": [{"type": "string"}, {"type": "integer"}]}),
            f"{READ}, answer 200.name: its anyOf has changed",
        ),
        (
            lambda c: (
                c.schemas.update(Tree=c.schemas["TreeOut"]),
                c.answer["content"]["application/json"].update(schema={"$ref": "#/components/schemas/Tree"}),
            ),
            f"{READ}, answer 200: its schema was called TreeOut and is now called Tree; generated clients name a type so",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_breaks_a_promise_is_said_with_its_place(change, fault):
    assert fault in faults_of(change)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda c: None, id="nothing"),
        pytest.param(lambda c: c.document["paths"].update({"/v1/lakes": {"get": {"responses": {}}}}), id="a new path"),
        pytest.param(lambda c: c.item.update(delete={"responses": {}}), id="a new operation"),
        pytest.param(lambda c: c.get.update(summary="Another", description="words"), id="other words"),
        pytest.param(lambda c: c.put.update(security=[{"bearer": []}, {"key": []}]), id="another way in"),
        pytest.param(lambda c: c.put.update(security=[]), id="no token needed any more"),
        pytest.param(lambda c: c.get["x-roles"].append("admin"), id="another role"),
        pytest.param(
            lambda c: c.get["parameters"].append({"in": "query", "name": "near", "schema": {}}),
            id="an optional parameter",
        ),
        pytest.param(lambda c: c.limit["schema"].update(maximum=200), id="a higher limit"),
        pytest.param(lambda c: c.kind["schema"]["enum"].append("fir"), id="another code to send"),
        pytest.param(lambda c: c.takes.update(age={"type": "integer"}), id="an optional member to send"),
        pytest.param(lambda c: c.into.update(required=[]), id="a member that need not be sent"),
        pytest.param(lambda c: c.takes["name"].update(maxLength=60), id="a longer text"),
        pytest.param(lambda c: c.takes["name"].pop("minLength"), id="a shorter text"),
        pytest.param(lambda c: c.takes["name"].update(type=["string", "null"]), id="null may be sent"),
        pytest.param(lambda c: c.takes["kind"].pop("enum"), id="any code may be sent"),
        pytest.param(lambda c: c.takes["name"].update(default="Tree"), id="a default where there was none"),
        pytest.param(lambda c: c.into.update(additionalProperties=True), id="members that are not listed"),
        pytest.param(lambda c: c.get["responses"].update({"410": {}}), id="another status"),
        pytest.param(lambda c: c.answer["content"].update({"text/csv": {}}), id="another format"),
        pytest.param(lambda c: c.answer["headers"].update(Age={}), id="another header"),
        pytest.param(lambda c: c.gives.update(age={"type": "integer"}), id="a member more in the answer"),
        pytest.param(lambda c: c.out["required"].append("count"), id="a member that is now always there"),
        pytest.param(lambda c: c.gives["kind"]["x-extensible-enum"].append("fir"), id="a new code in an open list"),
        pytest.param(lambda c: c.gives["kind"]["x-extensible-enum"].remove("elm"), id="a code that comes no more"),
        pytest.param(lambda c: c.gives["phase"]["enum"].remove("old"), id="a code of a closed list that comes no more"),
        pytest.param(lambda c: c.gives["height_m"].update(type="number"), id="never null any more"),
        pytest.param(lambda c: c.gives["height_m"].update(type=["integer", "null"]), id="only whole numbers now"),
        pytest.param(
            lambda c: (
                c.document["components"].update(parameters={"Limit": c.limit}),
                c.get["parameters"].__setitem__(0, {"$ref": "#/components/parameters/Limit"}),
            ),
            id="the same parameter by reference",
        ),
    ],
)
def test_what_only_adds_is_harmless(change):
    assert faults_of(change) == []


def test_a_schema_inside_itself_is_looked_at_once():
    contract = Contract()
    contract.gives.pop("count")

    assert breaks(RELEASED, contract.document, TODAY) == [f"{READ}, answer 200.count: is gone from the answer"]


# --- what was announced to go ---


def released_with(mark):
    contract = Contract()
    mark(contract)
    return contract.document


GOING = {"deprecated": True, "x-sunset": "2027-05-31"}
NOT_YET = {"deprecated": True, "x-sunset": "2027-06-01"}


@pytest.mark.parametrize(
    ("find", "remove", "fault"),
    [
        (lambda c: c.put, lambda c: c.item.pop("put"), f"{PLANT}: the operation is gone"),
        (lambda c: c.kind, lambda c: c.get["parameters"].pop(), f"{READ}, query parameter kind: is no longer taken"),
        (lambda c: c.takes["kind"], lambda c: c.takes.pop("kind"), f"{PLANT}, body.kind: is no longer taken"),
        (lambda c: c.gives["kind"], lambda c: c.gives.pop("kind"), f"{READ}, answer 200.kind: is gone from the answer"),
    ],
    ids=["an operation", "a parameter", "a member to send", "a member of an answer"],
)
def test_what_was_announced_may_go_once_its_day_is_past(find, remove, fault):
    without = Contract()
    remove(without)

    assert breaks(released_with(lambda c: find(c).update(GOING)), without.document, TODAY) == []
    assert breaks(released_with(lambda c: find(c).update(NOT_YET)), without.document, TODAY) == [
        f"{fault} (it was announced for 2027-06-01, which is not past)"
    ]
    assert breaks(released_with(lambda c: find(c).update(deprecated=True)), without.document, TODAY) == [fault]


def test_marking_something_breaks_nothing_but_its_day_never_comes_nearer():
    marked = released_with(lambda c: c.put.update(NOT_YET))
    sooner = released_with(lambda c: c.put.update(GOING))

    assert breaks(RELEASED, marked, TODAY) == []
    assert breaks(sooner, marked, TODAY) == []
    assert breaks(marked, sooner, TODAY) == [f"{PLANT}: was to go on 2027-06-01 and now goes earlier, on 2027-05-31"]
