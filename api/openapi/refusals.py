"""What may go wrong, by status: the problem types of domain/errors.py with their English titles."""

import inspect
import re
from collections import defaultdict
from typing import Any

from api.problems import CONTENT_TYPE
from api.words import problem_text
from domain import errors

ANY_OTHER = "AnyOtherProblem"
TOLD_WITH = {
    409: ["Retry-After"],
    412: ["ETag"],
    429: ["Retry-After", "RateLimit", "RateLimit-Policy"],
    503: ["Retry-After"],
}
NAMES = {  # Python's own words for some of these changed from one version to the next
    400: "Unreadable",
    401: "TokenNeeded",
    403: "NotAllowed",
    404: "NotFound",
    409: "Conflict",
    410: "Gone",
    412: "Stale",
    413: "TooLarge",
    415: "WrongContentType",
    422: "Invalid",
    428: "VersionNeeded",
    429: "TooMany",
    503: "Away",
}
HEADERS: dict[str, Any] = {
    "ETag": {"description": "What is there now, for the next If-Match or If-None-Match.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait before the same is sent again.", "schema": {"type": "integer"}},
    "RateLimit": {
        "description": "What is left for this phone and this network address (draft-ietf-httpapi-ratelimit-headers).",
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": "How much each may send, and in how many seconds.",
        "schema": {"type": "string"},
    },
}


def pointer(status: int) -> dict[str, str]:
    """The reference to the refusals of a status."""
    return {"$ref": f"#/components/responses/{NAMES[status]}"}


def refusals(spec: dict[str, Any]) -> dict[str, Any]:
    """components/responses: one for each status that an operation refers to, and one for everything else."""
    spec["components"]["headers"] = HEADERS
    used = {
        int(code)
        for item in spec["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
        for code, response in operation["responses"].items()
        if "$ref" in response and code != "default"
    }
    made = {NAMES[status]: _refusal(status) for status in sorted(used)}
    return made | {ANY_OTHER: _problem("Any other problem. Decide by `type` and `retry`, as always.")}


def by_status() -> dict[int, list[type[errors.Refusal]]]:
    """Every refusal that there is."""
    found = defaultdict(list)
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.Refusal) and kind is not errors.Refusal:
            found[kind.status].append(kind)
    return found


def _refusal(status: int) -> dict[str, Any]:
    lines = [f"- `/problems/{kind.slug}`: {_title(kind.slug)}" for kind in by_status()[status]]
    made = _problem("One of these types, or one that came later:\n\n" + "\n".join(lines))
    told = TOLD_WITH.get(status)
    if told:
        made["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in told}
    return made


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {CONTENT_TYPE: {"schema": schema}}}


def _title(slug: str) -> str:
    """The English title, with a general word where a fact of the moment stands."""
    return re.sub(r"\{(\w+)\}", r"the \1", problem_text("en", slug, {})[0])
