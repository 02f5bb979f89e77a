"""The figures of a replay, counted from its ledger; so a replay that was killed and started again counts as one."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from replay.crews import MOVES, Standing
from replay.mapping import Compared, Mapping
from replay.phones import Accepted

TOP_DISAGREEMENTS = 10
NO_DEPARTMENT = "(nobody)"
NO_AREA = "(no area)"


@dataclass
class Agreement:
    """How often our lookup says what the city's label says, over the rows that have a label."""

    compared: int = 0
    agreed: int = 0
    unlabelled: int = 0
    disagreements: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, rule: Compared, label: str, ours: str | None) -> None:
        """Count one row."""
        if not label:
            self.unlabelled += 1
            return
        self.compared += 1
        if rule.agrees(label, ours):
            self.agreed += 1
        else:
            self.disagreements[label, ours or NO_AREA] += 1

    @property
    def percent(self) -> float | None:
        return round(100 * self.agreed / self.compared, 2) if self.compared else None

    def as_json(self) -> dict[str, Any]:
        top = [
            {"label": label, "ours": ours, "rows": rows}
            for (label, ours), rows in self.disagreements.most_common(TOP_DISAGREEMENTS)
        ]
        return {
            "compared": self.compared,
            "agreed": self.agreed,
            "percent": self.percent,
            "unlabelled": self.unlabelled,
            "top_disagreements": top,
        }


@dataclass
class Summary:
    """What the ledger says so far."""

    mapping: Mapping
    forms: dict[str, str] = field(default_factory=dict)  # category → version of the form that the first start filled in
    accepted: dict[str, Standing] = field(default_factory=dict)
    refused_rows: dict[str, str] = field(default_factory=dict)
    moves: Counter[str] = field(default_factory=Counter)
    moves_refused: Counter[str] = field(default_factory=Counter)
    departments: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    with_all: dict[str, Agreement] = field(default_factory=dict)
    without_left_out: dict[str, Agreement] = field(default_factory=dict)

    def read(self, lines: Iterable[dict[str, Any]]) -> "Summary":
        """Count the lines of a ledger."""
        for rule in self.mapping.compared:
            self.with_all[rule.name], self.without_left_out[rule.name] = Agreement(), Agreement()
        for line in lines:
            match line["kind"]:
                case "forms":
                    self.forms = line["versions"]
                case "accepted" if line["row"] not in self.accepted:
                    self._add_accepted(line)
                case "refused":
                    self.refused_rows[line["row"]] = line["reason"]
                case "moved":
                    self._add_move(line)
                case "move refused":
                    self.moves_refused[f"{line['move']}: {line['reason']}"] += 1
        return self

    @property
    def refused(self) -> Counter[str]:
        return Counter(self.refused_rows.values())

    def _add_accepted(self, line: Accepted) -> None:
        got, place = line["got"], line["sent"]["location"]
        self.accepted[line["row"]] = Standing(got["department"], got["version"])
        self.departments[got["department"] or NO_DEPARTMENT] += 1
        left_out = self.mapping.left_out_at(place["lon"], place["lat"])
        if left_out:
            self.left_out[left_out] += 1
        for rule in self.mapping.compared:
            label, ours = rule.label(line["labels"].get(rule.column, "")), _ours(rule, got)
            self.with_all[rule.name].add(rule, label, ours)
            if not left_out:
                self.without_left_out[rule.name].add(rule, label, ours)

    def _add_move(self, line: dict[str, Any]) -> None:
        standing = self.accepted[line["row"]]
        standing.moves.append(line["move"])
        self.moves[line["move"]] += 1
        standing.version, standing.status = line["version"], line["status"]

    def moved(self) -> dict[str, tuple[int, str]]:
        """Row → version and status after its last acknowledged move."""
        return {row: (p.version, p.status) for row, p in self.accepted.items() if p.moves}

    def as_json(self) -> dict[str, Any]:
        """The figures as JSON."""
        return {
            "sent": len(self.accepted) + len(self.refused_rows),
            "accepted": len(self.accepted),
            "refused": dict(self.refused.most_common()),
            "routed": dict(self.departments.most_common()),
            "moves": {move: self.moves[move] for move in MOVES if self.moves[move]},
            "moves_refused": dict(self.moves_refused.most_common()),
            "left_out": dict(self.left_out),
            "agreement": {
                rule.name: {
                    "column": rule.column,
                    "field": "department" if rule.field == "department" else f"{rule.layer}.{rule.field}",
                    "all": self.with_all[rule.name].as_json(),
                    "without_left_out": self.without_left_out[rule.name].as_json(),
                }
                for rule in self.mapping.compared
            },
        }


def _ours(rule: Compared, got: dict[str, Any]) -> str | None:
    if rule.field == "department":
        return got["department"]
    area = got["areas"].get(rule.layer)
    return area[rule.field] if area else None
