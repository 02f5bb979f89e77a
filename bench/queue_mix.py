"""What desks ask of the queue in the measurement: addresses with a name each, the same at any size."""

from collections.abc import Iterator
from random import Random

FILTERS = (
    "",
    "status=received",
    "status=in_progress,on_hold",
    "phase=in_progress",
    "department={department}",
    "department={department}&status=acknowledged",
    "category={category}",
    "category={category}&department={department}",
    "group={group}",
    "crew={crew}",
    "crew=none",
    "assignee=me",
    "priority=urgent",
    "priority=urgent,high&department={department}",
    "area={area}",
    "area={area}&category={category}",
    "due=overdue",
    "due=due_soon",
    "due=overdue&crew={crew}",
    "source=telephone",
    "held=true",
    "escalated=true",
    "bbox={bbox}",
    "q={word}",
    "q={word}&department={department}",
    "q={words}",
    "q=street {number}",
    "q={reference}",
    "q={word}&phase=any",
    "phase=closed",
    "phase=closed&category={category}",
    "phase=any&department={department}&received_after={lately}",
    "status=resolved&crew={crew}",
)
SORTS = ("due_at", "-received_at", "-updated_at", "priority", "age", "-due_at")
COUNTS = (
    ("", "status"),
    ("", "department"),
    ("", "priority,due"),
    ("department={department}", "category"),
    ("category={category}", "status,crew"),
    ("due=overdue", "department"),
    ("q={word}", "status"),
    ("", "area"),
    ("area={area}", "category"),
)
NEAR = ("near={place}&sort=distance", "near={place}&sort=distance&department={department}", "near={place}&radius_m=300")
LOAD = ("", "department={department}")


def questions(chance: Random, filled: dict[str, list[str]], rounds: int) -> Iterator[tuple[str, str]]:
    """(kind, path) in an order of chance; pages go on by the answers' own cursors."""

    def fill(query: str) -> str:
        for name, values in filled.items():
            while "{" + name + "}" in query:
                query = query.replace("{" + name + "}", chance.choice(values), 1)
        return query

    found = []
    for _ in range(rounds):
        for query in FILTERS:
            sort = "" if chance.random() < 0.5 else f"&sort={chance.choice(SORTS)}"
            found.append(("page", fill(f"/v1/queue?{query}{sort}")))
        found += [("near", fill(f"/v1/queue?{query}")) for query in NEAR]
        found += [("counts", fill(f"/v1/queue/counts?{query}&by={by}")) for query, by in COUNTS]
        found += [("load", fill(f"/v1/queue/load?{query}")) for query in LOAD]
    chance.shuffle(found)
    yield from found
