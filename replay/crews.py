"""Crews: they take, start and resolve what the city closed."""

import queue
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from replay.ledger import Ledger
from replay.phones import bearer
from replay.timing import Timing
from replay.wire import Answer, Connection, Patience

MOVES = ("take", "start", "resolve")
MOST_REREADS = 5


@dataclass(frozen=True)
class Task:
    """One report that the city closed, and how far its crew has come."""

    row: str
    report_id: str
    department: str | None
    version: int
    moves: tuple[str, ...]
    note: str
    closed_at: str | None


class CrewTokens:
    """Who moves a department's reports: its own crew, or whoever was named for all."""

    def __init__(self, for_all: str | None, by_department: dict[str, str]):
        self._for_all = for_all
        self._by_department = by_department

    def __bool__(self) -> bool:
        return bool(self._for_all or self._by_department)

    def of(self, department: str | None) -> str | None:
        """The token that may move this department's reports, if there is one."""
        return self._by_department.get(department or "", self._for_all)


class Resolving:
    """All crews at once. The moves of one report follow each other in one thread; reports do not wait for each other."""

    def __init__(
        self, tokens: CrewTokens, patience: Patience, ledger: Ledger, timing: Timing, when_done: Callable[[], None]
    ):
        self._tokens = tokens
        self._patience = patience
        self._ledger = ledger
        self._timing = timing
        self._when_done = when_done
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()

    def add(self, task: Task) -> bool:
        """Give a report to its crew. False when nobody was named for its department."""
        if self._tokens.of(task.department) is None:
            return False
        self._tasks.put(task)
        return True

    def finish(self, threads: int) -> None:
        """No more will come: each thread ends when the queue is empty."""
        for _ in range(threads):
            self._tasks.put(None)

    def work(self, line: Connection) -> None:
        """Make the moves of one report after the other. Raises NoAnswer when patience is over."""
        while (task := self._tasks.get()) is not None:
            self._resolve(line, task)
            self._when_done()

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
        path = f"/v1/work/{task.report_id}"
        token = self._tokens.of(task.department) or ""
        body = self._body(task, move)
        key = f"{task.report_id}-{move}"
        answer = self._ask(line, f"{path}/{move}", body, token, key, version)
        for reread in range(MOST_REREADS):
            if answer.status != 412:
                break
            current = self._patience.ask(line, "GET", path, headers=bearer(token))
            if current.status != 200:
                return current
            version = current.json()["version"]
            answer = self._ask(line, f"{path}/{move}", body, token, f"{key}-{reread}", version)
        return answer

    def _ask(self, line: Connection, path: str, body: dict[str, Any], token: str, key: str, version: int) -> Answer:
        headers = bearer(token, **{"Idempotency-Key": key, "If-Match": f'"{version}"'})
        answer = self._patience.ask(line, "POST", path, body, headers)
        self._timing.add(f"POST /v1/work/…/{path.rsplit('/', 1)[-1]}", answer.seconds)
        return answer

    @staticmethod
    def _body(task: Task, move: str) -> dict[str, Any]:
        if move != "resolve":
            return {}
        return {"note": task.note, **({"captured_at": task.closed_at} if task.closed_at else {})}
