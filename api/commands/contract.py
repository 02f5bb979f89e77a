"""write-openapi."""

import argparse
import difflib
from itertools import islice
from pathlib import Path
from typing import Any

from api.commands.answers import Mistake
from core.config import read_config

FILE = Path(__file__).parents[2] / "openapi.yaml"
_SHOWN = 40

# The contract does not depend on the configuration, but making the application takes one; nothing of it is opened.
_NOWHERE = {
    "DATABASE_URL": "postgresql://nobody@/nothing",
    "MENDWAY_SECRET": "x" * 32,
    "S3_ENDPOINT": "http://localhost",
    "S3_ACCESS_KEY_ID": "x",
    "S3_SECRET_ACCESS_KEY": "x",
}


def add_verbs(verbs: Any) -> None:
    """Add this verb to the command line."""
    verb = verbs.add_parser(
        "write-openapi",
        help="write openapi.yaml from the routes",
        description="Write openapi.yaml, the committed contract, from the routes. Needs no database.",
    )
    verb.add_argument(
        "--check", action="store_true", help="write nothing; fail when the file is not what the code says"
    )
    verb.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from api.app import create_app
    from api.openapi import as_yaml

    wanted = as_yaml(create_app(read_config(_NOWHERE)))
    present = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    if options.check and present != wanted:
        lines = difflib.unified_diff(present.splitlines(), wanted.splitlines(), FILE.name, "the code", lineterm="", n=1)
        raise Mistake(
            f"{FILE.name} is not what the code says; run `make openapi`.\n" + "\n".join(islice(lines, _SHOWN))
        )
    if not options.check and present != wanted:
        FILE.write_text(wanted, encoding="utf-8")
        print(f"{FILE.name} is written.")
    else:
        print(f"{FILE.name} is what the code says.")
