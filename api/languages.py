"""Which language an answer is in, said in its headers."""

from typing import Any

from flask import Response, g


def tell_language(answer: Response, kept: Any) -> None:
    """Content-Language and Vary on every answer with words in it, which is every one for which the language was asked.

    Those that a cache may keep have said so themselves already (api/cached.py). kept: flask's `g`.
    """
    speaks = kept.get("language")
    if speaks is None or "Content-Language" in answer.headers:
        return
    answer.headers["Content-Language"] = speaks
    answer.headers.add("Vary", "Accept-Language")


def is_an_earlier_answer() -> None:
    """What goes out is as it went out the first time, in whatever language that was."""
    g.pop("language", None)
