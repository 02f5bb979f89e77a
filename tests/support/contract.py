"""Every answer against the contract: a documented status, its content type, and a body that fits the schema."""

import copy
import json
import re
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from api.openapi.codes import TODAY
from api.openapi.walk import nodes
from tests.support.answers import Answer

PROBLEM_TYPE = "application/problem+json"
_PROBLEM_MEMBERS = {"type", "title", "status", "detail", "instance", "retry", "request_id"}
_TOLD = {"etag", "ratelimit", "ratelimit-policy", "retry-after", "deprecation", "sunset"}
_ROOT = "urn:contract"


class Contract:
    """The OpenAPI document, asked about answers."""

    def __init__(self, document: dict[str, Any]):
        self.document = document
        resource = Resource.from_contents(_as_of_today(document), default_specification=DRAFT202012)
        self._registry = Registry().with_resource(_ROOT, resource)
        # A path that says the word itself goes before one that takes any: /v1/work/packages is no report.
        paths = sorted(document["paths"], key=lambda path: path.count("{"))
        self._paths = [(re.compile(_pattern(path)), path) for path in paths]
        self._validators: dict[str, Draft202012Validator] = {}

    def check(self, method: str, path: str, answer: Answer) -> None:
        """Raise AssertionError when the answer is not as documented. Pages outside /v1 are not in the contract."""
        if answer.status >= 400:
            _check_problem(answer)
        template = next((path_ for pattern, path_ in self._paths if pattern.fullmatch(path.split("?")[0])), None)
        operation = self.document["paths"].get(template, {}).get(method.lower())
        if operation is None:
            is_ours = path.startswith("/v1")
            assert not is_ours or answer.status in (401, 404, 405), f"{method} {path} is not in the contract: {answer}"
            return
        self._check_operation(f"{method.upper()} {template}", template, operation, answer)

    def _check_operation(self, what: str, template: str, operation: dict[str, Any], answer: Answer) -> None:
        responses = operation["responses"]
        code = str(answer.status)
        if code not in responses:
            assert answer.status >= 400, f"{what}: {code} is not documented. {answer}"
            assert "default" in responses, f"{what}: {code} is not documented. {answer}"
            code = "default"
        response = responses[code]
        pointer = f"#/paths/{_escaped(template)}/{what.split()[0].lower()}/responses/{code}"
        if "$ref" in response:
            pointer = response["$ref"]
            response = self._resolve(pointer)
        _check_headers(what, code, response, answer)
        content = response.get("content")
        if not content:
            assert answer.body == b"", f"{what}: {code} is documented without a body. {answer}"
            return
        kind = answer.content_type
        assert kind in content, f"{what}: {code} came as {kind}, documented are {sorted(content)}"
        if "schema" in content[kind] and kind.endswith("json"):
            self._check_schema(what, f"{pointer}/content/{_escaped(kind)}/schema", answer)

    def _check_schema(self, what: str, pointer: str, answer: Answer) -> None:
        if pointer not in self._validators:
            self._validators[pointer] = Draft202012Validator(
                {"$ref": _ROOT + pointer}, registry=self._registry, format_checker=FormatChecker()
            )
        faults = [f"{e.json_path}: {e.message}" for e in self._validators[pointer].iter_errors(json.loads(answer.body))]
        assert not faults, f"{what}: the body does not fit the contract: {faults}\n{answer}"

    def _resolve(self, pointer: str) -> Any:
        return self._registry.resolver(_ROOT).lookup(pointer).contents


def _as_of_today(document: dict[str, Any]) -> dict[str, Any]:
    """The contract lets answers grow. Today they hold what is documented today and nothing else; only problems add facts."""
    closed = copy.deepcopy(document)
    for name, schema in closed["components"]["schemas"].items():
        if name != "Problem" and "properties" in schema:
            schema["additionalProperties"] = False
    for node in nodes(closed):
        if TODAY in node:
            node["enum"] = [*node[TODAY], None]  # null is a matter of the type
    return closed


def _check_headers(what: str, code: str, response: dict[str, Any], answer: Answer) -> None:
    """What a client would build on is documented where it comes."""
    documented = {name.lower() for name in response.get("headers", {})}
    # A refusal may have been counted too, and is described once for all operations.
    told = _TOLD if answer.status < 400 else _TOLD - {"ratelimit", "ratelimit-policy"}
    for name in told & answer.headers.keys():
        assert name in documented or code == "default", f"{what}: {code} came with {name}, which is not documented"


def _check_problem(answer: Answer) -> None:
    assert answer.content_type == PROBLEM_TYPE, f"An error that is not a problem document: {answer}"
    document = json.loads(answer.body)
    assert document.keys() >= _PROBLEM_MEMBERS, f"{_PROBLEM_MEMBERS - document.keys()} missing: {answer}"
    assert document["status"] == answer.status, answer
    assert document["type"].startswith("/problems/"), answer
    assert not re.search(r"\{\w+\}", document["title"] + document["detail"]), f"A fact is missing in a text: {answer}"
    for error in document.get("errors", []):
        assert error.keys() == {"pointer", "code", "params", "message"}, answer
        assert not re.search(r"\{\w+\}", error["message"]), f"A parameter is missing in a text: {answer}"


def _pattern(path: str) -> str:
    return re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
