"""`make run`: start everything, say so, keep it running, stop it.

    python -m machine.run

Stops on Ctrl-C, SIGTERM or SIGHUP; what it started ends with it even when it is killed.
"""

import os
import signal
import sys
from types import FrameType

from core.config import BadConfiguration
from machine import dotenv
from machine.folder import DataFolder, InUse, is_free
from machine.instance import ROOT, Instance, check_settings, settings_for
from machine.processes import MARK, die_with_parent, end_marked
from machine.progress import Steps, has_terminal, say
from machine.welcome import welcome

DONE_BY_BOOTSTRAP = 2
STEPS = 9
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody wants us to end."""


class CannotRun(Exception):
    """Something is in the way; the text says what, and what to do."""


def main() -> int:
    if "MAKELEVEL" in os.environ:
        die_with_parent(signal.SIGTERM)  # so that whoever kills `make` the hard way leaves nothing behind
    for number in ENDINGS:
        if signal.getsignal(number) != signal.SIG_IGN:  # `nohup make run` wants to outlive its terminal
            signal.signal(number, _raise_stopped)
    had_terminal = has_terminal()
    instance: Instance | None = None
    code = 0
    try:
        instance = _prepare()
        _start(instance)
        welcome(instance)
        # A lost connection tells `make` alone that the terminal is gone, and make does not pass it on.
        instance.team.watch(goes_on=lambda: has_terminal() or not had_terminal)
    except Stopped:
        pass
    except (CannotRun, InUse, BadConfiguration, RuntimeError, OSError) as fault:
        say(f"\n{fault}")
        code = 1
    if instance is not None:
        _stop(instance)
    return code


def _raise_stopped(number: int, frame: FrameType | None) -> None:
    raise Stopped


def _prepare() -> Instance:
    """The data folder, held; what an earlier start left behind, ended; the settings, checked."""
    given = dotenv.environment()
    data = DataFolder.at(ROOT / given.get("MENDWAY_DATA", ".data"))
    data.hold()
    mark = data.last_mark()
    if mark and (count := end_marked(mark)):
        say(f"Ended {count} programs that an earlier start had left behind.")
    os.environ[MARK] = data.new_mark()
    environment = settings_for(data, given, os.environ[MARK])
    check_settings(environment)
    _check_port(environment["HOST"], int(environment["PORT"]))
    return Instance(data, environment)


def _check_port(host: str, port: int) -> None:
    if not is_free(port, host):
        raise CannotRun(
            f"Port {port} of {host} is taken by another program (`ss -ltnp 'sport = :{port}'` shows which).\n"
            f"Stop that one, or use another port: PORT={port + 1} make run"
        )


def _start(instance: Instance) -> None:
    environment = instance.environment
    steps = Steps(DONE_BY_BOOTSTRAP, STEPS)
    wait_for_s3 = None if environment.get("S3_ENDPOINT") else instance.s3()
    if environment.get("DATABASE_URL"):
        steps.skip("PostgreSQL", "DATABASE_URL names one")
    else:
        with steps.step("PostgreSQL"):
            instance.postgres()
    if wait_for_s3 is None:
        steps.skip("S3 server for photos", "S3_ENDPOINT names one")
    else:
        with steps.step("S3 server for photos"):
            wait_for_s3()
    with steps.step("Tables"):
        instance.note_for_operators()
        instance.command("migrate")
    _demo(instance, steps)
    if environment.get("FIREBASE_CREDENTIALS"):
        steps.skip("Push", "FIREBASE_CREDENTIALS names an account")
    else:
        with steps.step("Push: FCM stand-in"):
            instance.standin()
    instance.note_for_operators()
    with steps.step("Worker"):
        instance.worker()
    with steps.step("API"):
        instance.api()


def _demo(instance: Instance, steps: Steps) -> None:
    if instance.environment.get("MENDWAY_DEMO", "yes").lower() in {"no", "0", "false", "off"}:
        steps.skip("Demo town", "not wanted (MENDWAY_DEMO)")
    elif (instance.data.path / "demo.json").exists() and not instance.has_new_database:
        steps.skip("Demo town", "there")
    else:
        with steps.step("Demo town"):
            instance.command("load-demo")


def _stop(instance: Instance) -> None:
    """Stop everything; a second signal hurries, a third changes nothing."""
    if not instance.team.services:
        return
    say("\nStopping … ", end="")
    try:
        instance.team.stop()
    except Stopped:
        for number in ENDINGS:
            signal.signal(number, signal.SIG_IGN)
        instance.team.stop(in_a_hurry=True)
    say("stopped.")


if __name__ == "__main__":
    sys.exit(main())
