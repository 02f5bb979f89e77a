"""The figures as a page: tables that read the same in a terminal and in Markdown."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Figures = dict[str, Any]
Row = list[str]


@dataclass(frozen=True)
class Table:
    """One titled table; the first column is text, the others are figures."""

    title: str
    head: Row
    rows: list[Row]


def tables(figures: Figures) -> list[Table]:
    """Everything that a replay has to tell, in reading order."""
    made = [
        Table("Requests", ["", "count"], _counts(figures)),
        Table("Refused, by reason", ["reason", "reports"], _ranked(figures["refused"])),
        Table("Not sent, by reason", ["reason", "rows"], _ranked(figures["skipped"])),
        Table("Routed, by department", ["department", "reports", "%"], _shares(figures["routed"], figures["accepted"])),
        Table("Moves of crews", ["move", "made"], _ranked(figures["moves"])),
        Table("Moves refused, by reason", ["reason", "moves"], _ranked(figures["moves_refused"])),
        Table("Answer times (ms)", ["request", "answers", "p50", "p95", "p99", "longest"], _times(figures["latency"])),
        Table("Sent again, by reason", ["reason", "times"], _ranked(figures["retries"])),
        Table("Pushes", ["", "count"], _pushes(figures["pushes"])),
        Table("Agreement with the city's own labels", ["label", "rows", "agree", "%"], _agreements(figures)),
        *_disagreements(figures),
        Table("Check of what was acknowledged", ["", "reports"], _check(figures["check"])),
        Table("Not as acknowledged", ["row", "what"], _faults(figures["check"])),
    ]
    return [table for table in made if table.rows]


def as_text(figures: Figures) -> str:
    """For a terminal."""
    return "\n\n".join(f"{table.title}\n{_aligned(table)}" for table in tables(figures))


def as_markdown(figures: Figures) -> str:
    """For a file that is kept."""
    parts = []
    for table in tables(figures):
        ruler = ["---", *["---:"] * (len(table.head) - 1)]
        lines = [" | ".join(_escaped(row)) for row in (table.head, ruler, *table.rows)]
        parts.append(f"## {table.title}\n\n" + "\n".join(f"| {line} |" for line in lines))
    return "\n\n".join(parts) + "\n"


def _escaped(row: Row) -> Row:
    return [cell.replace("|", "\\|").replace("\n", " ") for cell in row]


def _aligned(table: Table) -> str:
    lines = [table.head, *table.rows] if any(table.head) else table.rows
    widths = [max(len(line[place]) for line in lines) for place in range(len(table.head))]
    return "\n".join(
        "  "
        + "  ".join(
            _cell(cell, width, place) for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cell(cell: str, width: int, place: int) -> str:
    return cell.ljust(width) if place == 0 else cell.rjust(width)


def _counts(figures: Figures) -> list[Row]:
    speed = figures["speed"]
    rows: list[tuple[str, Any]] = [
        ("rows read", figures["rows"]),
        ("sent", figures["sent"]),
        ("accepted", figures["accepted"]),
        ("refused", sum(figures["refused"].values())),
        ("not sent", sum(figures["skipped"].values())),
    ]
    if speed["seconds"]:
        rows += [
            ("seconds until the last report was sent", speed["sending_s"]),
            ("reports a second, crews working meanwhile", speed["reports_per_s"]),
            ("seconds until the last move was made", speed["seconds"]),
            ("reports and moves a second", speed["requests_per_s"]),
            ("seconds of CPU that the replay itself took", speed["client_cpu_s"]),
        ]
    return [[name, _figure(value)] for name, value in rows]


def _ranked(counts: dict[str, int]) -> list[Row]:
    return [[name, _figure(count)] for name, count in counts.items()]


def _shares(counts: dict[str, int], total: int) -> list[Row]:
    return [[name, _figure(count), f"{100 * count / total:.1f}"] for name, count in counts.items()]


def _times(latency: dict[str, dict[str, float]]) -> list[Row]:
    names = ("p50_ms", "p95_ms", "p99_ms", "longest_ms")
    return [[what, _figure(one["count"]), *(f"{one[name]:.1f}" for name in names)] for what, one in latency.items()]


def _pushes(pushes: dict[str, Any] | None) -> list[Row]:
    if pushes is None:
        return []
    rows = [["owed for the crews' moves", _figure(pushes["owed"])], ["delivered", _figure(pushes["delivered"])]]
    rows += [[f"delivered: {event}", _figure(count)] for event, count in pushes["by_event"].items()]
    rows.append(["further copies (each replaces the first on the phone)", _figure(pushes["further_copies"])])
    rows.append(["seconds until the last arrived, after the last move", _figure(pushes["waited_s"])])
    return rows


def _agreements(figures: Figures) -> list[Row]:
    rows = []
    for name, both in figures["agreement"].items():
        rows.append(_agreement(f"{name} (column {both['column']})", both["all"]))
        if figures["left_out"]:
            left_out = ", ".join(figures["left_out"])
            rows.append(_agreement(f"{name} without {left_out}", both["without_left_out"]))
    return rows


def _agreement(name: str, one: dict[str, Any]) -> Row:
    percent = "–" if one["percent"] is None else f"{one['percent']:.2f}"
    return [name, _figure(one["compared"]), _figure(one["agreed"]), percent]


def _disagreements(figures: Figures) -> Iterable[Table]:
    for name, both in figures["agreement"].items():
        top = both["without_left_out"]["top_disagreements"]
        rows = [[one["label"], one["ours"], _figure(one["rows"])] for one in top]
        title = f"Where {name} differ most" + (", left-out points aside" if figures["left_out"] else "")
        yield Table(title, ["the city's label", "our lookup", "rows"], rows)


def _check(check: dict[str, Any] | None) -> list[Row]:
    if check is None:
        return []
    return [
        ["acknowledged", _figure(check["acknowledged"])],
        ["read back", _figure(check["checked"])],
        ["missing", _figure(len(check["missing"]))],
        ["different", _figure(len(check["different"]))],
    ]


def _faults(check: dict[str, Any] | None) -> list[Row]:
    if check is None:
        return []
    faults = [[row, f"missing: {why}"] for row, why in check["missing"].items()]
    return faults + [[row, "; ".join(what)] for row, what in check["different"].items()]


def _figure(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}" if isinstance(value, float) else str(value)
