"""One replay from its files to its figures, read from top to bottom."""

import argparse
import hashlib
import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from replay.check import Checking
from replay.crews import Resolving, Task
from replay.identity import Crowd, new_seed
from replay.ledger import Ledger
from replay.mapping import read_mapping
from replay.options import ledger_path, read_tokens
from replay.phones import Accepted, Sending, as_sent, form_versions, register
from replay.pool import Pool
from replay.progress import Bar
from replay.pushes import Pushes
from replay.rows import CityFile, CityRequest
from replay.summary import Progress, Summary
from replay.timing import Timing
from replay.wire import Connection, Patience


class Replay:
    """One start of the program. `patience.last_word` says why it gave up, if it did."""

    def __init__(self, options: argparse.Namespace):
        """Read the files and open the ledger. Raises CannotStart."""
        self.options = options
        self.tokens = read_tokens(options)
        self.mapping = read_mapping(options.mapping)
        self.city = CityFile(options.csv, self.mapping)
        self.city.check()
        self.row_count = self.city.count()
        self.patience = Patience(options.patience)
        self.timing = Timing()
        self.ledger = Ledger(ledger_path(options))
        self.crowd = self._crowd()
        self.before = Summary(self.mapping).read(self.ledger.lines())
        self.seconds = 0.0
        self.pushes: dict[str, Any] | None = None
        self.check: dict[str, Any] | None = None

    def _crowd(self) -> Crowd:
        header = {
            "seed": self.options.seed or new_seed(),
            "phones": self.options.phones,
            "server": self.options.server,
            "csv": _file_hash(self.options.csv),
            "mapping": self.mapping.sending_hash,
            "importing": self.tokens.importer_key is not None,
        }
        # Only a seed that somebody asked for can contradict the ledger's; and another address may lead to the same server.
        takes_over = {"phones", "server"} | (set() if self.options.seed else {"seed"})
        found = self.ledger.start(header, takes_over)
        return Crowd(found["seed"], found["phones"])

    def send(self) -> None:
        """Send what the ledger does not have yet, and let crews resolve. Raises CannotStart when the server does not fit."""
        line = Connection(self.options.server)
        forms = form_versions(line, self.patience, self.mapping.our_categories)
        line.close()
        self._register_phones()
        started = time.monotonic()
        done = len(self.before.accepted) + len(self.before.refused_rows)
        with ExitStack() as bars:
            sent = bars.enter_context(Bar("reports sent", self._planned(), done))
            resolved = bars.enter_context(Bar("reports resolved", 0)) if self.tokens.crews else None
            crews = Resolving(self.tokens.crews, self.patience, self.ledger, self.timing, resolved.step if resolved else _nothing)
            give = _Giving(crews, resolved)
            sending = Sending(
                self._not_yet_sent(give),
                self.crowd,
                forms,
                self.tokens.importer_key,
                self.patience,
                self.ledger,
                self.timing,
                lambda request, accepted: give(request, _progress(accepted)),
                sent.step,
            )
            self._run(sending, crews)
        self.seconds = time.monotonic() - started
        self.ledger.sync()

    def _run(self, sending: Sending, crews: Resolving) -> None:
        options = self.options
        working = Pool("crew", options.crews, options.server, self.patience, crews.work)
        try:
            Pool("phone", options.concurrency, options.server, self.patience, sending.work).join()
        finally:
            crews.finish(options.crews)
        working.join()

    def _register_phones(self) -> None:
        numbers = iter(range(self.crowd.phone_count))
        language, zone = self.options.language, self.mapping.zone.key

        def work(line: Connection) -> None:
            for number in numbers:
                register(line, self.patience, self.crowd, number, language, zone)
                bar.step()

        with Bar("phones registered", self.crowd.phone_count) as bar:
            Pool("register", 1, self.options.server, self.patience, work).join()

    def _planned(self) -> int:
        rows = -(-self.row_count // self.options.every)
        return min(rows, self.options.limit or rows)

    def _requests(self) -> Iterator[CityRequest]:
        return self.city.requests(self.options.limit, self.options.every)

    def _not_yet_sent(self, give: "_Giving") -> Iterator[CityRequest]:
        """What the ledger does not know; what it knows as accepted goes on to its crew from where it stands."""
        for request in self._requests():
            progress = self.before.accepted.get(request.row)
            if progress is not None:
                give(request, progress, str(self.crowd.report_id(request.row, request.opened_at)))
            elif request.row not in self.before.refused_rows:
                yield request

    def hear(self) -> None:
        """Count the pushes that arrived, waiting for those that are owed."""
        if self.options.pushes_url is None:
            return
        owed = Summary(self.mapping).read(self.ledger.lines()).moves.total()
        pushes = Pushes(self.options.pushes_url, self.crowd.push_prefix)
        with Bar("pushes heard", owed) as bar:
            waited_s = pushes.wait(owed, self.options.push_wait, bar.at)
        self.pushes = pushes.as_json(owed, waited_s)

    def verify(self) -> None:
        """Read every acknowledged report back as its reporter."""
        summary = Summary(self.mapping).read(self.ledger.lines())
        accepted = (line for line in self.ledger.lines() if line["kind"] == "accepted")
        with Bar("reports read back", len(summary.accepted)) as bar:
            checking = Checking(accepted, summary.moved(), self.crowd, self.patience, self.timing, bar.step)
            Pool("check", self.options.concurrency, self.options.server, self.patience, checking.work).join()
        self.check = {
            "acknowledged": len(summary.accepted),
            "checked": checking.checked_count,
            "missing": checking.missing,
            "different": checking.different,
        }

    def figures(self) -> dict[str, Any]:
        """Everything that there is to tell."""
        counted = Summary(self.mapping).read(self.ledger.lines()).as_json()
        return {
            "rows": self.city.read_count,
            "skipped": dict(self.city.skipped.most_common()),
            **counted,
            "latency": self.timing.percentiles_ms(),
            "retries": dict(self.patience.retries.most_common()),
            "speed": self._speed(),
            "pushes": self.pushes,
            "check": self.check,
        }

    def _speed(self) -> dict[str, float]:
        posts = sum(self.timing.count(what) for what in self.timing.percentiles_ms() if what.startswith("POST"))
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "seconds": round(self.seconds, 1),
            "reports_per_s": round(self.timing.count("POST /v1/reports") / self.seconds, 1) if self.seconds else 0.0,
            "requests_per_s": round(posts / self.seconds, 1) if self.seconds else 0.0,
            "client_cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
        }


class _Giving:
    """Hands accepted reports to their crews, when the city closed them and moves are left to make."""

    def __init__(self, crews: Resolving, bar: Bar | None):
        self._crews = crews
        self._bar = bar

    def __call__(self, request: CityRequest, progress: Progress, report_id: str | None = None) -> None: ...


def _progress(accepted: Accepted) -> Progress:
    return Progress(accepted["got"]["department"], accepted["got"]["version"])


def _nothing() -> None:
    pass


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
