"""replay."""

import argparse
from typing import Any


def add_verbs(verbs: Any) -> None:
    """Add this verb to the command line."""
    from replay.options import add_arguments

    verb = verbs.add_parser(
        "replay", help="send a city's published requests through the API, as phones would, and compare"
    )
    add_arguments(verb)
    verb.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from replay.main import run as run_replay

    return run_replay(options)
