"""What is shown when everything runs: addresses, and commands to paste."""

import json
import shlex
import uuid
from pathlib import Path
from typing import Any

from machine.instance import Instance
from machine.progress import say
from machine.web import get


def welcome(instance: Instance) -> None:
    """Print where things are and what to try first."""
    base = instance.base_url
    file = instance.data.path / "demo.json"
    demo = _refresh(file, instance)
    say(f"\nMendway runs at {base}")
    say(f"  API, to browse    {base}/docs")
    if instance.phone_page:
        say(f"  The phones        {instance.phone_page}    (pushes arrive here)")
    say(f"  Data and logs     {instance.data.path}")
    say("  Operators         ./mendway --help")
    if demo.get("resident"):
        say(f"  Demo tokens       {file}")
        _examples(base, demo)
    say("\nCtrl-C stops everything.")


def _refresh(path: Path, instance: Instance) -> dict[str, Any]:
    """demo.json with the addresses of this start: another PORT is no reason to load the town again."""
    try:
        demo: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    demo["base_url"] = instance.base_url
    if instance.phone_page:
        demo["phone_page"] = instance.phone_page
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(json.dumps(demo, indent=2) + "\n")
    new.replace(path)
    return demo


def _examples(base: str, demo: dict[str, Any]) -> None:
    say("\nTo paste into another terminal:")
    place, category = _a_place(base), _a_category(base, demo["resident"])
    _example("What was reported", ["curl", "-s", f"{base}/v1/reports?limit=3"])
    if place and category:
        where = f"lon={place['lon']}&lat={place['lat']}&category={category}"
        _example("Who would get it, and why", ["curl", "-s", f"{base}/v1/routing?{where}"])
        report = {
            "id": str(uuid.uuid4()),
            "category": category,
            "location": {"lon": place["lon"], "lat": place["lat"]},
            "description": "Tried from the README",
        }
        _example(
            "Report something, as a resident's phone (again: the same answer)",
            [
                *("curl", "-s", f"{base}/v1/reports", "-H", f"Authorization: Bearer {demo['resident']}"),
                *("-H", "Content-Type: application/json", "-H", f"Idempotency-Key: {uuid.uuid4()}"),
                *("-d", json.dumps(report)),
            ],
        )
    _example("A crew's work", ["curl", "-s", f"{base}/v1/work", "-H", f"Authorization: Bearer {demo['crew']}"])


def _example(title: str, command: list[str]) -> None:
    say(f"\n  # {title}\n  {shlex.join(command)}")


def _a_place(base: str) -> dict[str, float] | None:
    """Where somebody reported something: certainly in town."""
    items = _items(f"{base}/v1/reports?limit=1")
    return items[0].get("location") if items else None


def _a_category(base: str, token: str) -> str | None:
    """A category whose form has nothing that must be answered."""
    for category in _items(f"{base}/v1/categories", token):
        asks = any(question.get("required") for question in category.get("questions") or [])
        if not asks and not category.get("stop"):
            return str(category["code"])
    return None


def _items(url: str, token: str | None = None) -> list[dict[str, Any]]:
    status, body = get(url, token)
    return list(json.loads(body).get("items") or []) if status == 200 else []
