"""What is shown when everything runs: addresses, and commands to paste."""

import json
import shlex
import uuid
from datetime import date
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
    if instance.database_elsewhere:
        say(f"  Database files    {instance.database_elsewhere}")
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
    place, form = _a_place(base), _a_form(base, demo["resident"])
    _example("What was reported", ["curl", "-s", f"{base}/v1/reports?limit=3"])
    if place and form:
        where = f"lon={place['lon']}&lat={place['lat']}&category={form['code']}"
        _example("Who would get it, and why", ["curl", "-s", f"{base}/v1/routing?{where}"])
        report = {
            "id": str(uuid.uuid4()),
            "category": form["code"],
            "location": {"lon": place["lon"], "lat": place["lat"]},
            "description": "The first report of my own",
            "answers": _answers(form["questions"]),
        }
        _example(
            "Report something, as a resident's phone (pasted again: the same answer)",
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


def _a_form(base: str, token: str) -> dict[str, Any] | None:
    """The form of the first category that may be reported here."""
    return next((form for form in _items(f"{base}/v1/categories", token) if not form.get("stop")), None)


def _answers(questions: list[dict[str, Any]]) -> dict[str, Any]:
    """An answer to each question that must be answered, whatever else was said."""
    return {
        question["code"]: _answer(question)
        for question in questions
        if question.get("required") and not question.get("when")
    }


def _answer(question: dict[str, Any]) -> Any:
    choices = [choice["code"] for choice in question.get("choices") or [] if not choice.get("stop")]
    plain = {"yes_no": False, "number": question.get("min") or 1, "date": str(date.today()), "text": "None"}  # noqa: DTZ011
    if question["type"] == "multi_choice":
        return choices[:1]
    return choices[0] if question["type"] == "choice" else plain[question["type"]]


def _items(url: str, token: str | None = None) -> list[dict[str, Any]]:
    status, body = get(url, token)
    return list(json.loads(body).get("items") or []) if status == 200 else []
