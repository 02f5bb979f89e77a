"""The API's own texts (problems, field errors, reasons) and which language a caller reads."""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

TEXTS = {
    path.stem: tomllib.loads(path.read_text()) for path in sorted((Path(__file__).parent / "texts").glob("*.toml"))
}
FALLBACK = "en"


@lru_cache(maxsize=4096)
def best_language(accept_language: str, offered: tuple[str, ...]) -> str:
    """The offered language that an Accept-Language header likes best; the first offered when it likes none.

    One wish after the other, each shortened until it fits: es-MX finds es before a later wish is looked at. Werkzeug's
    best_match would first look for exact fits of all wishes. Source: RFC 4647, 3.4 (lookup).
    """
    for wish, quality in parse_accept_header(accept_language, LanguageAccept):
        tag = wish.lower() if quality > 0 else ""
        while tag and tag != "*":
            for language in offered:
                if language.lower() == tag:
                    return language
            tag = tag.rpartition("-")[0]
    return offered[0]


def text_of(language: str, section: str, key: str) -> Any:
    """One text, English where the language lacks it."""
    return TEXTS.get(language, {}).get(section, {}).get(key) or TEXTS[FALLBACK][section][key]


def problem_text(language: str, slug: str, facts: dict[str, Any]) -> tuple[str, str]:
    """Title and detail of a problem with its facts filled in."""
    title, detail = text_of(language, "problems", slug)
    return fill(title, facts), fill(detail, facts)


def field_text(language: str, code: str, params: dict[str, Any]) -> str:
    """What is wrong with a field, to be read after its name."""
    known = {
        key: text_of(language, "types", value) if key == "expected" and value in TEXTS[FALLBACK]["types"] else value
        for key, value in params.items()
    }
    return fill(text_of(language, "fields", code), known)


def fill(template: str, facts: dict[str, Any]) -> str:
    """`template` with {names} replaced; plain replacement, because facts may hold braces."""
    for name, value in facts.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        template = template.replace("{" + name + "}", shown)
    return template


def in_language(words: dict[str, str] | None, language: str, offered: tuple[str, ...]) -> str | None:
    """A catalogue text in the caller's language, the town's first where it is missing."""
    if not words:
        return None
    return words.get(language) or words.get(offered[0]) or next(iter(words.values()))
