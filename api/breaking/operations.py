"""What can be called: paths, operations, who may, what they take and what comes back."""

from datetime import date
from typing import Any

from api.breaking.answers import compare_answer
from api.breaking.documents import Pair, resolved
from api.breaking.requests import compare_request
from api.breaking.sunset import may_go, still_promised, sunset_of

METHODS = ("get", "put", "post", "patch", "delete", "head", "options", "trace")
Node = dict[str, Any]


def breaks(old: Node, new: Node, today: date) -> list[str]:
    """Every promise of `old`, the last release's contract, that `new` does not keep, as a sentence that names the place."""
    pair = Pair(old, new, today)
    _schemes(pair)
    for path, item in old["paths"].items():
        for method in METHODS:
            if method in item:
                _operation(pair, path, method, item, new["paths"].get(path, {}))
    return pair.faults


def _schemes(pair: Pair) -> None:
    now = pair.new.get("components", {}).get("securitySchemes", {})
    for name, scheme in pair.old.get("components", {}).get("securitySchemes", {}).items():
        essence = {key: value for key, value in scheme.items() if key != "description"}
        if name not in now or any(now[name].get(key) != value for key, value in essence.items()):
            pair.say(f"security scheme {name}", "is gone or works differently")


def _operation(pair: Pair, path: str, method: str, old_item: Node, new_item: Node) -> None:
    old, new = old_item[method], new_item.get(method)
    place = f"{method.upper()} {path}"
    if new is None:
        if not may_go(old, pair.today):
            pair.say(place, f"the operation is gone{still_promised(old)}")
        return
    if old.get("operationId") != new.get("operationId"):
        pair.say(place, f"its operationId was {old.get('operationId')} and is now {new.get('operationId')}")
    before, after = sunset_of(old), sunset_of(new)
    if before and after and after < before:
        pair.say(place, f"was to go on {before} and now goes earlier, on {after}")
    _security(pair, place, old, new)
    _parameters(pair, place, _all_parameters(pair.old, old_item, old), _all_parameters(pair.new, new_item, new))
    _body(pair, place, resolved(pair.old, old.get("requestBody", {})), resolved(pair.new, new.get("requestBody", {})))
    _responses(pair, place, old["responses"], new["responses"])


def _security(pair: Pair, place: str, old: Node, new: Node) -> None:
    """Each way in that there was must still be enough."""
    now = _ways_in(pair.new, new)
    for way in _ways_in(pair.old, old):
        if not any(
            all(set(scopes) <= set(way.get(name, ["?"])) and name in way for name, scopes in other.items())
            for other in now
        ):
            pair.say(place, f"could be called with {' and '.join(way) or 'no token'}, which is no longer enough")
    shut_out = [role for role in old.get("x-roles", []) if role not in new.get("x-roles", [])]
    if shut_out and new.get("x-roles"):
        pair.say(place, f"is no longer open to {', '.join(shut_out)}")


def _ways_in(document: Node, operation: Node) -> list[dict[str, list[str]]]:
    return operation.get("security", document.get("security", [])) or [{}]


def _all_parameters(document: Node, item: Node, operation: Node) -> dict[tuple[str, str], Node]:
    listed = [
        resolved(document, parameter) for parameter in [*item.get("parameters", []), *operation.get("parameters", [])]
    ]
    return {(p["in"], p["name"].lower() if p["in"] == "header" else p["name"]): p for p in listed}


def _parameters(pair: Pair, place: str, old: dict[tuple[str, str], Node], new: dict[tuple[str, str], Node]) -> None:
    for key, parameter in old.items():
        own = f"{place}, {key[0]} parameter {parameter['name']}"
        if key not in new:
            if not may_go(parameter, pair.today):
                pair.say(own, f"is no longer taken{still_promised(parameter)}")
            continue
        if new[key].get("required") and not parameter.get("required"):
            pair.say(own, "is now required")
        compare_request(pair, own, parameter.get("schema", {}), new[key].get("schema", {}))
    for key in new.keys() - old.keys():
        if new[key].get("required"):
            pair.say(f"{place}, {key[0]} parameter {new[key]['name']}", "is new and required")


def _body(pair: Pair, place: str, old: Node, new: Node) -> None:
    own = f"{place}, body"
    if new.get("required") and not old.get("required"):
        pair.say(own, "is now required" if old else "is new and required")
    for kind, content in old.get("content", {}).items():
        if kind not in new.get("content", {}):
            pair.say(own, f"is no longer taken as {kind}")
        else:
            compare_request(pair, own, content.get("schema", {}), new["content"][kind].get("schema", {}))


def _responses(pair: Pair, place: str, old: Node, new: Node) -> None:
    for status, response in old.items():
        own = f"{place}, answer {status}"
        if status not in new:
            pair.say(own, "is no longer documented")
            continue
        before, now = resolved(pair.old, response), resolved(pair.new, new[status])
        for name in before.get("headers", {}):
            if name.lower() not in {other.lower() for other in now.get("headers", {})}:
                pair.say(own, f"no longer comes with the header {name}")
        for kind, content in before.get("content", {}).items():
            if kind not in now.get("content", {}):
                pair.say(own, f"no longer comes as {kind}")
            else:
                compare_answer(pair, own, content.get("schema", {}), now["content"][kind].get("schema", {}))
