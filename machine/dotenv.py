"""The optional file `.env` beside the Makefile: settings for `make`, as in `.env.example`. Standard library only."""

import os
import shlex
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / ".env"


def environment(file: Path = FILE) -> dict[str, str]:
    """This process's environment over what `.env` says: a variable that is set already wins."""
    return {**read(file), **os.environ}


def read(file: Path) -> dict[str, str]:
    """The KEY=value lines of a file in which values may be quoted as for a shell; nothing is expanded."""
    if not file.is_file():
        return {}
    pairs = (word.split("=", 1) for word in shlex.split(file.read_text(), comments=True) if "=" in word)
    return {key: value for key, value in pairs if value}


def write(file: Path, settings: dict[str, str], about: str) -> None:
    """The same form, readable by `sh` too, and by this account only."""
    lines = [f"# {about}", *(f"{key}={shlex.quote(value)}" for key, value in settings.items())]
    new = file.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as text:
        text.write("\n".join([*lines, ""]))
    new.replace(file)
