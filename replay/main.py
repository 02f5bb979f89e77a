"""`mendway replay CSV --mapping FILE.toml`: from the command line to an exit status."""

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import Any

from replay.faults import CannotStart, NoAnswer
from replay.options import add_arguments
from replay.report import as_markdown, as_text
from replay.run import Replay

ALL_WELL, NOT_AS_ACKNOWLEDGED, CANNOT_START, GAVE_UP, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: list[str] | None = None) -> int:
    """Run `mendway replay` with these arguments. The exit status."""
    parser = argparse.ArgumentParser(prog="mendway replay")
    add_arguments(parser)
    return run(parser.parse_args(arguments))


def run(options: argparse.Namespace) -> int:
    """Replay as the options say. The exit status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped from outside is stopped by Ctrl-C
    try:
        replay = Replay(options)
    except CannotStart as fault:
        return _say(str(fault), CANNOT_START)
    try:
        return _run(replay, options)
    except CannotStart as fault:
        return _say(str(fault), CANNOT_START)
    except KeyboardInterrupt:
        replay.patience.stop.set()
        return _say(
            f"Stopped. The same command goes on from here: {replay.ledger.path} has what was acknowledged.", INTERRUPTED
        )
    finally:
        replay.stop()


def _run(replay: Replay, options: argparse.Namespace) -> int:
    try:
        if not options.only_verify:
            replay.send()
        if replay.patience.last_word is None:
            replay.hear()
            if options.verify or options.only_verify:
                replay.verify()
    except NoAnswer as fault:
        replay.patience.gave_up(str(fault))
    figures = replay.figures()
    _write(options, figures)
    print(as_text(figures))
    return _verdict(replay, figures)


def _write(options: argparse.Namespace, figures: dict[str, Any]) -> None:
    for path, text in ((options.json, json.dumps(figures, indent=2) + "\n"), (options.markdown, as_markdown(figures))):
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")


def _verdict(replay: Replay, figures: dict[str, Any]) -> int:
    if replay.patience.last_word is not None:
        last_word = f"No answer from {replay.options.server}: {replay.patience.last_word}."
        return _say(
            f"{last_word}\nThe same command goes on from here: {replay.ledger.path} has what was acknowledged.", GAVE_UP
        )
    check, pushes = figures["check"], figures["pushes"]
    if check and (check["missing"] or check["different"] or check["checked"] != check["acknowledged"]):
        return _say("Acknowledged reports are missing, or are not what was sent.", NOT_AS_ACKNOWLEDGED)
    if pushes and pushes["delivered"] < pushes["owed"]:
        late = pushes["owed"] - pushes["delivered"]
        return _say(f"{late} pushes that are owed have not arrived in time.", NOT_AS_ACKNOWLEDGED)
    return ALL_WELL


def _say(text: str, status: int) -> int:
    print(f"\n{text}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
