"""One replay from its files to its figures, read from top to bottom."""

import argparse
import hashlib
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from replay.check import Checking
from replay.crews import Resolving, Standing
from replay.identity import Crowd, new_seed
from replay.ledger import Ledger
from replay.mapping import read_mapping
from replay.options import ledger_path, pushes_url, read_tokens
from replay.phones import Accepted, Sending, form_versions, register
from replay.pool import Pool
from replay.progress import Bar
from replay.pushes import Pushes
from replay.rows import CityFile, CityRequest
from replay.summary import Summary
from replay.timing import Timing
from replay.wire import Connection, Patience

SETTLE_S = 5.0
FIRST_PATIENCE_S = 10.0  # for the first answer of all: a wrong address should not take minutes to be noticed


class Replay:
    """One start of the program. `patience.last_word` says why it gave up, if it did."""

    def __init__(self, options: argparse.Namespace):
        """Read the files and open the ledger. Raises CannotStart."""
        self.options = options
        self.tokens = read_tokens(options)
        self.mapping = read_mapping(options.mapping)
        self.city = CityFile(options.csv, self.mapping)
        self.row_count = self.city.check()
        self.patience = Patience(options.patience)
        self.timing = Timing()
        self.ledger = Ledger(ledger_path(options))
        self.crowd = self._crowd()
        self.summary = self._counted()
        self.listening = Pushes(page, self.crowd) if (page := pushes_url(options)) else None
        self._pools: list[Pool] = []
        self.sending_s = self.seconds = 0.0
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

    def _counted(self) -> Summary:
        return Summary(self.mapping).read(self.ledger.lines())

    def send(self) -> None:
        """Send what the ledger does not have yet, and let crews resolve.

        Raises CannotStart when the server does not fit, NoAnswer when there is none.
        """
        forms = self._meet_server()
        if self.listening is not None:
            self.listening.check()
        started = time.monotonic()
        done = len(self.summary.accepted) + len(self.summary.refused_rows)
        with Bar("reports resolved", None) as resolved, Bar("reports sent", self._planned(), done) as sent:
            crews = Resolving(self.tokens.movers, self.patience, self.ledger, self.timing, resolved)
            sending = Sending(
                self._not_yet_sent(crews),
                self.crowd,
                forms,
                self.tokens.importer_key,
                self.patience,
                self.ledger,
                self.timing,
                sent,
                lambda request, accepted: crews.offer(request, accepted["sent"]["id"], _standing(accepted)),
            )
            working = self._pool("crew", self.options.crews, crews.work)
            try:
                self._pool("phone", self.options.concurrency, sending.work).join()
            finally:
                crews.finish(self.options.crews)
            sent.close()
            self.sending_s = time.monotonic() - started
            working.join()
        self.seconds = time.monotonic() - started
        self.ledger.sync()
        self.summary = self._counted()

    def _meet_server(self) -> dict[str, str]:
        """Learn the categories and register the phones."""
        line = Connection(self.options.server)
        forms = form_versions(line, Patience(min(FIRST_PATIENCE_S, self.options.patience)), self.mapping.our_categories)
        if self.summary.forms:
            # A report that was stored and whose answer was lost must be sent again as it was, whatever forms there are now.
            forms |= self.summary.forms
        else:
            self.ledger.write({"kind": "forms", "versions": forms})
        with Bar("phones registered", self.crowd.phone_count) as bar:
            for number in range(self.crowd.phone_count):
                register(
                    line,
                    self.patience,
                    self.crowd,
                    number,
                    self.options.language,
                    self.mapping.zone.key,
                    self.tokens.importer_key,
                )
                bar.step()
        line.close()
        return forms

    def _pool(self, name: str, count: int, work: Callable[[Connection], None]) -> Pool:
        pool = Pool(name, count, self.options.server, self.patience, work)
        self._pools.append(pool)
        return pool

    def stop(self) -> None:
        """Let what is under way be answered and written down, then let go of the ledger."""
        self.patience.stop.set()
        for pool in self._pools:
            pool.settle(SETTLE_S)
        self.ledger.close()

    def _planned(self) -> int:
        rows = -(-self.row_count // self.options.every)
        return min(rows, self.options.limit or rows)

    def _not_yet_sent(self, crews: Resolving) -> Iterator[CityRequest]:
        """What the ledger does not know; what it knows as accepted goes on to its crew from where it stands."""
        for request in self.city.requests(self.options.limit, self.options.every):
            standing = self.summary.accepted.get(request.row)
            if standing is not None:
                crews.offer(request, str(self.crowd.report_id(request.row, request.opened_at)), standing)
            elif request.row not in self.summary.refused_rows:
                yield request

    def hear(self) -> None:
        """Count the pushes that arrived, waiting for those that are owed."""
        if self.listening is None:
            return
        owed = self.summary.moves.total()
        with Bar("pushes heard", owed) as bar:
            waited_s = self.listening.wait(owed, self.options.push_wait, bar.at)
        self.pushes = self.listening.as_json(owed, waited_s)

    def verify(self) -> None:
        """Read every acknowledged report back as its reporter."""
        accepted = (line for line in self.ledger.lines() if line["kind"] == "accepted")
        with Bar("reports read back", len(self.summary.accepted)) as bar:
            checking = Checking(accepted, self.summary.moved(), self.crowd, self.patience, self.timing, bar)
            self._pool("check", self.options.concurrency, checking.work).join()
        self.check = {
            "acknowledged": len(self.summary.accepted),
            "checked": checking.checked_count,
            "missing": checking.missing,
            "different": checking.different,
        }

    def figures(self) -> dict[str, Any]:
        """Everything that there is to tell."""
        return {
            "rows": self.city.read_count,
            "skipped": dict(self.city.skipped.most_common()),
            **self.summary.as_json(),
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
            "sending_s": round(self.sending_s, 1),
            "seconds": round(self.seconds, 1),
            "reports_per_s": _rate(self.timing.count("POST /v1/reports"), self.sending_s),
            "requests_per_s": _rate(posts, self.seconds),
            "client_cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
        }


def _rate(count: int, seconds: float) -> float:
    return round(count / seconds, 1) if seconds else 0.0


def _standing(accepted: Accepted) -> Standing:
    return Standing(accepted["got"]["department"], accepted["got"]["version"])


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
