"""The worker: `python -m jobs.app`. Announcements and pushes have pools of their own, so that a slow provider delays no planning.

It outlives the database: while that is away it waits, and goes on when it is back. SIGTERM lets it finish what it took.

Without FIREBASE_CREDENTIALS everything is planned and nothing sent: the push queue is left alone, the log says so once, and a worker
that has a provider goes on from there. What has waited for more than three days by then is not sent any more.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ProcrastinateException
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job

from actions.bulk import start as bulk_start
from actions.clocks import renewal
from core import db, queue
from core.config import BadConfiguration, Config, read_config
from core.logs import request_id, set_up_logs
from jobs import bulk, clocks, mails, tasks
from jobs.tasks import Work
from notifications import announce, delivery, mail, push
from notifications.patience import with_jitter

log = logging.getLogger(__name__)

UPKEEP = "upkeep"
ANNOUNCING_COUNT = 2  # jobs at once
PUSHING_COUNT = 4
BULK_COUNT = 1
MAILING_COUNT = 1
ALL_COUNT = ANNOUNCING_COUNT + PUSHING_COUNT + BULK_COUNT + MAILING_COUNT
POLL_S = 0.2
TICK_S = 1.0  # how soon a committed change has its number
RESCUE_S = 10.0
CLOCKS_S = 20.0  # how soon somebody hears that a report is overdue
SWEEP_CRON = "*/10 * * * *"
HEARTBEAT_S = 5.0
GRACE_S = 10.0  # after SIGTERM
SEND_TIMEOUT_S = 10.0
LONGEST_PAUSE_S = 10.0


class Patiently(BaseRetryStrategy):
    """A job that raised comes back, always: after a second, two, four … ten minutes, with jitter."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        wait_s = with_jitter(min(2.0**job.attempts, 600.0))
        return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=wait_s))


def make_app(config: Config, work: Work, *, keeps_time: bool = True) -> App:
    """The queue with every task that it can run; with its timetable unless told otherwise."""
    connector = PsycopgConnector(
        conninfo=config.database_url,
        min_size=1,
        max_size=ALL_COUNT + 2,
        timeout=5,
        kwargs={"connect_timeout": 5, "application_name": "mendway-queue"},
    )
    app = App(connector=connector)
    _register(app, work, announce.TASK, announce.QUEUE, tasks.expand_announcement)
    _register(app, work, delivery.TASK, delivery.QUEUE, tasks.deliver_notifications)
    _register(app, work, renewal.TASK, renewal.QUEUE, clocks.renew_clocks)
    _register(app, work, bulk_start.TASK, bulk_start.QUEUE, bulk.work_on_bulk)
    _register(app, work, mail.TASK, mail.QUEUE, mails.send_mail)
    sweep = _register(app, work, "sweep", UPKEEP, tasks.sweep)
    if keeps_time:
        app.periodic(cron=SWEEP_CRON)(sweep)
    return app


def _register(app: App, work: Work, name: str, queue_name: str, task: Callable[..., None]) -> Any:
    def run(context: JobContext, **args: Any) -> None:
        request_id.set(f"job-{context.job.id}")
        tasks.logged(work, name, task, **args)

    return app.task(name=name, queue=queue_name, retry=Patiently(), pass_context=True)(run)


async def drain(config: Config, work: Work) -> None:
    """Run every job that is due, and those that they write, until none is left. For tests; `core.db` must be connected."""
    queues = (
        [announce.QUEUE, UPKEEP, bulk_start.QUEUE]
        + ([delivery.QUEUE] if work.push else [])
        + ([mail.QUEUE] if work.mailer else [])
    )
    async with make_app(config, work, keeps_time=False).open_async() as app:
        while _due(queues):
            await app.run_worker_async(queues=queues, concurrency=PUSHING_COUNT, wait=False, **_MANNERS)


def run_due_jobs(config: Config, work: Work) -> None:
    """`drain` for callers without a loop of their own."""
    asyncio.run(drain(config, work))


def _due(queues: list[str]) -> int:
    with db.transaction() as session:
        return queue.due_count(session, queues)


_MANNERS: dict[str, Any] = {
    "listen_notify": False,  # the queue's NOTIFY is switched off: it would halve the rate of intake
    "install_signal_handlers": False,
    "delete_jobs": "successful",
    "fetch_job_polling_interval": POLL_S,
}


class Worker:
    """One process's worth of work, until asked to stop."""

    def __init__(self, config: Config, work: Work, rescue_s: float = RESCUE_S, heartbeat_s: float = HEARTBEAT_S):
        self.config = config
        self.work = work
        self.rescue_s = rescue_s
        self.heartbeat_s = heartbeat_s
        self.stopping = asyncio.Event()

    async def serve(self) -> None:
        """Work until `stop`. The database going away ends a round, never the process."""
        timetable = [
            asyncio.create_task(self._every(TICK_S, "number_changes", tasks.number_changes)),
            asyncio.create_task(self._every(TICK_S, "admit", clocks.admit)),
            asyncio.create_task(self._every(CLOCKS_S, "tell_due", clocks.tell_due)),
            asyncio.create_task(self._every(self.rescue_s, "rescue", tasks.rescue)),
        ]
        pause_s = 0.5
        while not self.stopping.is_set():
            began = asyncio.get_running_loop().time()
            try:
                await self._round()
            except (ProcrastinateException, psycopg.Error, OSError) as fault:
                log.warning("the queue is away", extra={"reason": type(fault).__name__})
            pause_s = 0.5 if asyncio.get_running_loop().time() - began > 60 else min(pause_s * 2, LONGEST_PAUSE_S)
            await self._sleep(pause_s)
        await asyncio.gather(*timetable)

    def stop(self) -> None:
        """Take nothing more, finish what was taken; leave after GRACE_S whatever is left: it will be sent again."""
        if not self.stopping.is_set():
            log.info("stopping")
            self.stopping.set()
            asyncio.get_running_loop().call_later(GRACE_S, _leave)

    async def _round(self) -> None:
        if not await asyncio.to_thread(tasks.guarded, self.work, "connect", tasks.number_changes):
            return
        async with make_app(self.config, self.work).open_async() as app:
            log.info("working", extra={"push": self.work.push is not None})
            await self._until_stopped(self._pools(app))

    def _pools(self, app: App) -> list[Coroutine[Any, Any, None]]:
        manners = {
            **_MANNERS,
            "update_heartbeat_interval": self.heartbeat_s,
            "stalled_worker_timeout": self.work.silent_s,
        }
        pools = [
            app.run_worker_async(
                name="announcing", queues=[announce.QUEUE, UPKEEP], concurrency=ANNOUNCING_COUNT, **manners
            ),
            # On its own: ten thousand reports take a minute or two, and nobody's push waits for that.
            app.run_worker_async(name="bulk", queues=[bulk_start.QUEUE], concurrency=BULK_COUNT, **manners),
        ]
        if self.work.mailer is not None:
            pools.append(
                app.run_worker_async(name="mailing", queues=[mail.QUEUE], concurrency=MAILING_COUNT, **manners)
            )
        if self.work.push is not None:
            pools.append(
                app.run_worker_async(name="pushing", queues=[delivery.QUEUE], concurrency=PUSHING_COUNT, **manners)
            )
        return pools

    async def _until_stopped(self, pools: list[Coroutine[Any, Any, None]]) -> None:
        """Run the pools; when one ends, or when asked to stop, let all of them finish what they hold."""
        running = [asyncio.create_task(pool) for pool in pools]
        stopping = asyncio.create_task(self.stopping.wait())
        await asyncio.wait([*running, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        for pool in running:
            pool.cancel()  # procrastinate takes a cancellation as a request to finish
        ends = await asyncio.gather(*running, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _every(self, pause_s: float, name: str, task: Callable[[Work], None]) -> None:
        while not self.stopping.is_set():
            await asyncio.to_thread(tasks.guarded, self.work, name, task)
            await self._sleep(pause_s)

    async def _sleep(self, pause_s: float) -> None:
        try:
            await asyncio.wait_for(self.stopping.wait(), pause_s)
        except TimeoutError:
            pass


def _leave() -> None:
    log.warning("leaving with work in hand")
    os._exit(1)


@contextmanager
def connected(config: Config) -> Iterator[None]:
    """The database for the time of a block."""
    db.connect(config, pool_size=ALL_COUNT + 2)
    try:
        yield
    finally:
        db.disconnect()


async def _run(config: Config, work: Work, rescue_s: float, heartbeat_s: float) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(ALL_COUNT + 5, thread_name_prefix="job"))
    worker = Worker(config, work, rescue_s, heartbeat_s)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    await worker.serve()


def _push(config: Config) -> tasks.Push | None:
    if config.firebase_credentials is None:
        log.warning("notifications wait", extra={"reason": "no-push-provider"})
        return None
    return push.connect(config.firebase_credentials, SEND_TIMEOUT_S)


def _mailer(config: Config) -> mail.Mailer | None:
    if config.smtp_url is None or config.mail_from is None:
        return None
    return mail.Mailer(config.smtp_url, config.mail_from, SEND_TIMEOUT_S)


def main() -> int:
    """Read the configuration, then work until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m jobs.app", description=__doc__)
    parser.add_argument("--stuck-s", type=float, help="give up a claimed notification for lost after so many seconds")
    parser.add_argument("--silent-s", type=float, default=20.0, help="give up a worker without a sign of life for lost")
    parser.add_argument("--rescue-s", type=float, default=RESCUE_S, help="look for lost work every so many seconds")
    options = parser.parse_args()
    try:
        config = read_config()
    except BadConfiguration as fault:
        print(fault, file=sys.stderr)  # noqa: T201
        return 2
    set_up_logs(config.log_level)
    try:
        provider = _push(config)
    except (OSError, ValueError) as fault:
        print(f"FIREBASE_CREDENTIALS is not a service account: {fault}", file=sys.stderr)  # noqa: T201
        return 2
    work = Work(
        public_url=config.public_url,
        push=provider,
        mailer=_mailer(config),
        secret=config.secret,
        silent_s=options.silent_s,
    )
    if options.stuck_s is not None:
        work = replace(work, patience=replace(work.patience, stuck_s=options.stuck_s))
    with connected(config):
        asyncio.run(_run(config, work, options.rescue_s, min(HEARTBEAT_S, options.silent_s / 4)))
    return 0


if __name__ == "__main__":
    # Under its own name, not as __main__: procrastinate warns of apps that are made there, and logs would say so too.
    from jobs.app import main as work_until_stopped

    sys.exit(work_until_stopped())
