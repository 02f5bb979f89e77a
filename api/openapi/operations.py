"""One operation finished: its name, who may call it, what it may answer, and whether it is going away."""

from typing import Any

from api.openapi.refusals import ANY_OTHER, pointer
from api.problems import CONTENT_TYPE
from domain.rights import Right, holders

ROLES = {
    "resident": "residents",
    "crew": "crews",
    "dispatcher": "dispatchers",
    "supervisor": "supervisors",
    "admin": "admins",
    "analyst": "analysts",
    "contractor": "contractors",
    "partner": "partners' programs",
}


def finish(operation: dict[str, Any], name: str, view: Any, shared: list[dict[str, Any]]) -> None:
    """Complete `operation` in place; `shared` are the parameters of its path."""
    operation["operationId"] = name
    if more := operation.pop("x-parameters", None):
        operation["parameters"] = [*operation.get("parameters", []), *more]
    _say_who(operation, view)
    _add_refusals(operation, shared)
    _tell_of_limits(operation)
    _tell_of_versions(operation)
    _say_when_it_ends(operation, view)
    order = (
        "operationId",
        "summary",
        "description",
        "tags",
        "deprecated",
        "x-sunset",
        "security",
        "x-roles",
        "x-rate-limit",
    )
    last = ("parameters", "requestBody", "responses")
    others = [key for key in operation if key not in (*order, *last)]
    ordered = {key: operation[key] for key in (*order, *others, *last) if key in operation}
    operation.clear()
    operation.update(ordered)


def _say_who(operation: dict[str, Any], view: Any) -> None:
    if view.allowed_roles:
        operation["security"] = [{"bearer": []}, {}] if view.allows_strangers else [{"bearer": []}]
        operation["x-roles"] = list(view.allowed_roles)
    else:
        operation["security"] = []
    said = operation.get("description")
    who = f"For {_audience(view)}."
    operation["description"] = f"{said.strip()}\n\n{who}" if said else who


def _audience(view: Any) -> str:
    if view.allows_strangers:
        return "everybody, with or without a token" if view.allowed_roles else "everybody, without a token"
    if set(view.allowed_roles) == set(holders(Right.TAKE_PART)):
        return "everybody who has a token"
    *others, last = [ROLES[role] for role in view.allowed_roles]
    return f"{', '.join(others)} and {last}" if others else last


def _add_refusals(operation: dict[str, Any], shared: list[dict[str, Any]]) -> None:
    """The refusals that follow from what is asked for. What a route documents by itself, such as its own 412, stays."""
    responses = operation["responses"]
    responses.pop("422", None)  # flask-smorest's, in place of which ours come
    for status, response in responses.items():
        if status[0] in "45" and "application/json" in response.get("content", {}):
            response["content"] = {CONTENT_TYPE: response["content"]["application/json"]}
    for status in _refusals_of(operation, shared):
        responses.setdefault(str(status), pointer(status))
    responses["default"] = {"$ref": f"#/components/responses/{ANY_OTHER}"}
    operation["responses"] = dict(sorted(responses.items()))


def _refusals_of(operation: dict[str, Any], shared: list[dict[str, Any]]) -> set[int]:
    parameters = [*operation.get("parameters", []), *shared]
    asked = {(parameter["in"], parameter["name"]) for parameter in parameters}
    places = {place for place, _ in asked}
    found = {403, 503}  # whoever asks: the app may be too old, the town closed for maintenance
    if operation["security"]:
        found |= {401}
    if "path" in places:
        found |= {404}
    if "requestBody" in operation:
        found |= {400, 413, 415, 422}
    if "query" in places:
        found |= {422}
    if ("query", "cursor") in asked:
        found |= {400, 410}
    if ("header", "Idempotency-Key") in asked:
        found |= {400, 409, 422}
    if ("header", "If-Match") in asked:
        found |= {412, 428}
    if "x-rate-limit" in operation:
        found |= {429}
    return found


def _tell_of_limits(operation: dict[str, Any]) -> None:
    if "x-rate-limit" not in operation:
        return
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            told = {name: {"$ref": f"#/components/headers/{name}"} for name in ("RateLimit", "RateLimit-Policy")}
            response["headers"] = {**response.get("headers", {}), **told}


def _tell_of_versions(operation: dict[str, Any]) -> None:
    """The ETag that comes with "nothing has changed", and with what was changed by somebody else."""
    for status in {"304", "412"} & operation["responses"].keys():
        response = operation["responses"][status]
        if "$ref" not in response:
            response.setdefault("headers", {}).setdefault("ETag", {"$ref": "#/components/headers/ETag"})


def _say_when_it_ends(operation: dict[str, Any], view: Any) -> None:
    ending = getattr(view, "deprecation", None)
    if ending is not None:
        operation["deprecated"] = True
        operation["x-sunset"] = ending.sunset.isoformat()
        operation["description"] += (
            f"\n\nGoes away on {ending.sunset.isoformat()}; {ending.see} says what to use instead."
        )
