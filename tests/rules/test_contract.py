"""openapi.yaml is fit to build an app on, whatever operations it grows: names, descriptions, lists, nothing anonymous."""

import re
from collections import Counter

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from api.fields import Shape
from api.openapi.document import operations_of
from api.openapi.examples import FOLDER
from api.openapi.shapes import below
from api.openapi.walk import answered, nodes, sent
from core.limits import RATE_LIMITS
from domain.field_codes import FIELD_CODES

A_LIMIT = {"type": "integer", "default": 25, "minimum": 1, "maximum": 100, "format": "int32"}


@pytest.fixture(scope="module")
def document(worker_app):
    return worker_app.test_client().get("/openapi.json").json


@pytest.fixture(scope="module")
def operations(document):
    """Every operation by its name for people, such as `GET /v1/reports`."""
    return {f"{method.upper()} {path}": operation for path, method, operation in operations_of(document)}


@pytest.fixture(scope="module")
def schemas(document):
    return document["components"]["schemas"]


def parameters(document, place):
    method, path = place.split()
    item = document["paths"][path]
    return [*item.get("parameters", []), *item[method.lower()].get("parameters", [])]


def bodies(operation):
    """The schemas of the JSON that comes back when all is well."""
    for status, response in operation["responses"].items():
        for kind, content in response.get("content", {}).items():
            if status.startswith("2") and kind.endswith("json"):
                yield content["schema"]


# --- what it says of itself ---


def test_the_contract_says_who_made_it_and_under_which_licence(document):
    assert document["info"]["contact"]["name"]
    assert document["info"]["license"]["identifier"] == "Apache-2.0"
    assert re.fullmatch(r"\d+\.\d+\.\d+", document["info"]["version"])


def test_clients_are_told_to_ignore_what_they_do_not_know(document):
    assert "Clients ignore members and codes that they do not know" in document["info"]["description"]


def test_every_group_of_operations_is_described(document, operations):
    described = {tag["name"] for tag in document["tags"] if tag.get("description")}

    assert {tag for operation in operations.values() for tag in operation["tags"]} == described


def test_every_operation_is_named_once_summed_up_and_described(operations):
    names = Counter(operation["operationId"] for operation in operations.values())

    assert {name for name, count in names.items() if count > 1} == set()
    for place, operation in operations.items():
        assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", operation["operationId"]), f"{place}: {operation['operationId']}"
        assert "\n" not in operation["summary"], f"{place}: a summary is one line"
        assert operation["description"], place


def test_every_operation_says_what_may_go_wrong(operations):
    for place, operation in operations.items():
        if parameters_or_body := operation.get("parameters") or operation.get("requestBody") or operation["security"]:
            assert any(status.startswith("4") for status in operation["responses"]), (place, parameters_or_body)


def test_everything_that_is_counted_says_so(operations):
    assert {operation.get("x-rate-limit") for operation in operations.values()} - {None} == set(RATE_LIMITS)


# --- schemas ---


def test_every_schema_is_described(schemas):
    assert [name for name, schema in schemas.items() if not schema.get("description")] == []


def test_every_object_and_every_closed_list_of_codes_has_a_name(document, schemas):
    named = {id(schema) for schema in schemas.values()}

    for node in inner_schemas(document):
        if id(node) not in named:
            assert "properties" not in node, f"an object without a name: {node}"
            assert "enum" not in node, f"a list of codes without a name: {node}"
            assert "x-name" not in node, f"a name that nothing came of: {node}"


def test_there_are_no_unions(document):
    for node in inner_schemas(document):
        assert not {"anyOf", "oneOf", "allOf", "not"} & node.keys(), node


def inner_schemas(document):
    """Every schema of the document: the named ones, those of parameters and bodies, and what stands inside them."""
    waiting = list(document["components"]["schemas"].values())
    waiting += [node["schema"] for node in nodes(document["paths"]) if isinstance(node.get("schema"), dict)]
    waiting += [node["schema"] for node in nodes(document["components"]["responses"]) if "schema" in node]
    while waiting:
        schema = waiting.pop()
        yield schema
        waiting += schema.get("properties", {}).values()
        waiting += [schema[key] for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)]


def test_what_is_sent_is_closed_and_what_comes_back_is_open(document, schemas):
    both = sent(document) & answered(document)

    assert [name for name in both if "properties" in schemas[name]] == [], "sent and answered need schemas of their own"
    for name, schema in schemas.items():
        if "properties" in schema:
            # GeoJSON may carry what it likes; everything else that is sent is closed, and has to say so.
            assert ("additionalProperties" in schema) is (name in sent(document)), name


def test_codes_in_answers_may_grow_unless_they_are_complete_for_ever(document, schemas):
    closed = [name for name in answered(document) if "enum" in schemas[name]]

    assert sorted(closed) == ["Phase", "Retry"]


def test_every_moment_is_one(schemas):
    for name, schema in schemas.items():
        for member, shape in schema.get("properties", {}).items():
            if member.endswith("_at") and "string" in shape.get("type", []):
                assert shape.get("format") == "date-time", f"{name}.{member}"


def test_every_example_fits_its_schema(document, schemas):
    registry = Registry().with_resource("urn:c", Resource.from_contents(document, default_specification=DRAFT202012))
    shown = {name: example for name, schema in schemas.items() for example in schema.get("examples", [])}

    assert {file.stem for file in FOLDER.iterdir()} == shown.keys()
    for name, example in shown.items():
        validator = Draft202012Validator(
            {"$ref": f"urn:c#/components/schemas/{name}"}, registry=registry, format_checker=FormatChecker()
        )
        assert [error.message for error in validator.iter_errors(example)] == [], name
        assert example.keys() <= schemas[name]["properties"].keys(), name


def test_every_field_that_is_sent_knows_its_faults_by_code(document):
    """Marshmallow's own messages are no codes: a phone could do nothing with them."""
    shapes = {shape.__name__: shape for shape in below(Shape)}
    for name in sent(document) & shapes.keys():
        for member, field in shapes[name]().fields.items():
            for fault, message in field.error_messages.items():
                assert message.partition(":")[0] in FIELD_CODES, f"{name}.{member}, {fault}: {message}"


# --- lists ---


def test_every_list_is_items_and_next(operations, schemas):
    for place, operation in operations.items():
        for body in bodies(operation):
            assert "$ref" in body, f"{place}: an answer without a name"
            members = schemas[body["$ref"].rpartition("/")[2]].get("properties", {})
            if "items" in members or "next" in members:
                assert members["items"]["type"] == "array", place
                assert "string" in members["next"]["type"], place


def test_every_list_is_paged_in_the_same_way_or_comes_whole(document, operations, schemas):
    paged = 0
    for place, operation in operations.items():
        names = {body["$ref"].rpartition("/")[2] for body in bodies(operation)}
        is_list = any("next" in schemas[name].get("properties", {}) for name in names)
        asked = {p["name"]: p["schema"] for p in parameters(document, place) if p["in"] == "query"}
        if "limit" in asked or "cursor" in asked:
            assert is_list, f"{place} takes a limit or a cursor and is no list"
            assert asked["limit"] == A_LIMIT, place
            assert asked["cursor"]["type"] == "string", place
            paged += 1
        elif is_list:
            assert "whole" in f"{operation['summary']} {operation['description']}".lower(), (
                f"{place} is a list without a limit, and does not say that it comes whole"
            )
    assert paged >= 4
