"""The API's own texts (problems, field errors, reasons) and which language a caller reads."""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from actions.catalogue.mistakes import sentence_of

TEXTS = {
    path.stem: tomllib.loads(path.read_text()) for path in sorted((Path(__file__).parent / "texts").glob("*.toml"))
}
FALLBACK = "en"
LONGEST_WISH = 500  # characters of an Accept-Language header that are read; browsers send less than a hundred


def best_language(accept_language: str, offered: tuple[str, ...]) -> str:
    """The offered language that an Accept-Language header likes best; the first offered when it likes none.

    One wish after the other, each shortened until it fits: es-MX finds es before a later wish is looked at. Werkzeug's
    best_match would first look for exact fits of all wishes. Source: RFC 4647, 3.4 (lookup).
    """
    return _best_language(accept_language[:LONGEST_WISH], offered)


@lru_cache(maxsize=4096)
def _best_language(accept_language: str, offered: tuple[str, ...]) -> str:
    wishes = parse_accept_header(accept_language.replace("_", "-"), LanguageAccept)  # Java's own spelling is es_MX
    refused = {wish.lower() for wish, quality in wishes if quality <= 0}
    for wish, quality in wishes:
        if quality <= 0:
            continue
        if wish == "*":
            return next((language for language in offered if language.lower() not in refused), offered[0])
        tag = wish.lower()
        while tag:
            for language in offered:
                if language.lower() == tag:
                    return language
            tag = tag.rpartition("-")[0]
    return offered[0]


_fallback = FALLBACK


def fall_back_to(languages: tuple[str, ...]) -> None:
    """Have readers of languages that we have no texts in read the first of the town's languages that we have them in."""
    global _fallback
    _fallback = next((language for language in languages if language in TEXTS), FALLBACK)


def spoken(language: str) -> str:
    """The language itself when we have texts in it, else what its readers get."""
    return language if language in TEXTS else _fallback


def text_of(language: str, section: str, key: str) -> Any:
    """One text, in the town's first language that we speak where we do not speak this one."""
    return TEXTS[spoken(language)].get(section, {}).get(key) or TEXTS[FALLBACK][section][key]


def problem_text(language: str, slug: str, facts: dict[str, Any]) -> tuple[str, str]:
    """Title and detail of a problem with its facts filled in."""
    title, detail = text_of(language, "problems", slug)
    return fill(title, facts), fill(detail, facts)


def field_text(language: str, code: str, params: dict[str, Any]) -> str:
    """What is wrong with a field, to be read after its name. What only a town's catalogue can have wrong has its texts there."""
    if code not in TEXTS[FALLBACK]["fields"]:
        return sentence_of(code, params, spoken(language))
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
