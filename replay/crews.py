"""Crews: they take, start and resolve what the city closed."""

import queue
from dataclasses import dataclass, field
from typing import Any

from replay.ledger import Ledger
from replay.phones import as_sent, bearer
from replay.progress import Bar
from replay.rows import CityRequest
from replay.timing import Timing
from replay.wire import Answer, Connection, Patience

MOVES = {
    "take": "acknowledged",
    "start": "in_progress",
    "resolve": "resolved",
}  # a crew's verb → the status that follows
MOST_REREADS = 5


@dataclass
class Standing:
    """How far one accepted report has come, as far as it was acknowledged."""

    department: str | None
    version: int
    status: str = "received"
    moves: list[str] = field(default_factory=list)

    @property
    def next_moves(self) -> tuple[str, ...]:
        return tuple(move for move in MOVES if move not in self.moves)


@dataclass(frozen=True)
class Mover:
    """Somebody who moves reports: a crew does it by its own verbs, the desk by naming the status."""

    token: str
    is_desk: bool = False

    def request(self, report_id: str, move: str) -> tuple[str, dict[str, Any]]:
        """Path and body of a move."""
        if self.is_desk:
            return f"/v1/triage/{report_id}/move", {"to": MOVES[move]}
        return f"/v1/work/{report_id}/{move}", {}


@dataclass(frozen=True)
class Movers:
    """Who moves a department's reports: its own crew, else the crew that was named for all, else the desk."""

    by_department: dict[str, str]
    for_all: str | None = None
    desk: str | None = None

    def of(self, department: str | None) -> Mover | None:
        """Who may move this department's reports, if anybody."""
        crew = self.by_department.get(department or "", self.for_all)
        if crew is not None:
            return Mover(crew)
        return Mover(self.desk, is_desk=True) if self.desk else None


@dataclass(frozen=True)
class Task:
    """One report that the city closed, for its crew."""

    row: str
    report_id: str
    mover: Mover
    version: int
    moves: tuple[str, ...]
    note: str
    closed_at: str | None


class Resolving:
    """All crews at once. The moves of one report follow each other in one thread; reports do not wait for each other."""

    def __init__(self, movers: Movers, patience: Patience, ledger: Ledger, timing: Timing, bar: Bar):
        self._movers = movers
        self._patience = patience
        self._ledger = ledger
        self._timing = timing
        self._bar = bar
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()

    def offer(self, request: CityRequest, report_id: str, standing: Standing) -> None:
        """Give a report to its crew, if the city closed it, moves are left, and somebody was named for its department."""
        mover = self._movers.of(standing.department)
        if mover is None or not request.is_closed or not standing.next_moves:
            return
        closed_at = as_sent(request.closed_at) if request.closed_at else None
        self._bar.more()
        self._tasks.put(
            Task(request.row, report_id, mover, standing.version, standing.next_moves, request.note, closed_at)
        )

    def finish(self, threads: int) -> None:
        """No more will come: each thread ends when the queue is empty."""
        for _ in range(threads):
            self._tasks.put(None)

    def work(self, line: Connection) -> None:
        """Make the moves of one report after the other. Raises NoAnswer when patience is over."""
        while (task := self._tasks.get()) is not None:
            self._resolve(line, task)
            self._bar.step()

    def _resolve(self, line: Connection, task: Task) -> None:
        version = task.version
        for move in task.moves:
            answer = self._move(line, task, move, version)
            if answer.status != 200:
                refused = {"kind": "move refused", "row": task.row, "move": move, "reason": answer.problem}
                self._ledger.write(refused)
                return
            after = answer.json()
            version = after["version"]
            self._ledger.write(
                {"kind": "moved", "row": task.row, "move": move, "version": version, "status": after["status"]["code"]}
            )

    def _move(self, line: Connection, task: Task, move: str, version: int) -> Answer:
        """One move. When the report has changed meanwhile, it is read again and the move tried on what is there now."""
        answer = self._ask(line, task, move, version, f"{task.report_id}-{move}")
        for reread in range(MOST_REREADS):
            if answer.status != 412:
                break
            current = self._patience.ask(line, "GET", f"/v1/work/{task.report_id}", headers=bearer(task.mover.token))
            if current.status != 200:
                return current
            answer = self._ask(line, task, move, current.json()["version"], f"{task.report_id}-{move}-{reread}")
        return answer

    def _ask(self, line: Connection, task: Task, move: str, version: int, key: str) -> Answer:
        path, body = task.mover.request(task.report_id, move)
        if move == "resolve":
            body |= {"note": task.note} | ({"captured_at": task.closed_at} if task.closed_at else {})
        headers = bearer(task.mover.token, **{"Idempotency-Key": key, "If-Match": f'"{version}"'})
        answer = self._patience.ask(line, "POST", path, body, headers)
        self._timing.add(f"POST {path.replace(task.report_id, '{id}')}", answer.seconds)
        return answer
