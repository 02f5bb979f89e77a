"""Event × language → words. Pure: no database, no vendor."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TEXTS: dict[str, dict[str, dict[str, str]]] = {
    path.stem: tomllib.loads(path.read_text()) for path in sorted((Path(__file__).parent / "texts").glob("*.toml"))
}
FALLBACK = "en"
LONGEST_CATEGORY = 60  # characters; a lock screen cuts a title at about 65


@dataclass(frozen=True)
class Words:
    """What a phone shows, and in which language."""

    language: str
    title: str
    body: str


def words(event: str, language: str, town_languages: Sequence[str], category: dict[str, str], reference: str) -> Words:
    """The words for one event, in the reader's language, else in the town's first, else in English.

    category: the category's name by language. Nothing else of the report is let in.
    """
    chosen = _first_known([_primary(language), *town_languages, FALLBACK])
    parts = TEXTS[chosen].get(event) or TEXTS[FALLBACK][event]
    name = _shortened(_name(category, [chosen, *town_languages]))
    return Words(chosen, _fill(parts["title"], name, reference), _fill(parts["body"], name, reference))


def _primary(language: str) -> str:
    """`es` of `es-MX`."""
    return language.replace("_", "-").partition("-")[0].lower()


def _first_known(languages: Sequence[str]) -> str:
    return next((language for language in languages if language in TEXTS), FALLBACK)


def _name(category: dict[str, str], languages: Sequence[str]) -> str:
    return next(
        (category[language] for language in languages if language in category), next(iter(category.values()), "")
    )


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_CATEGORY else name[: LONGEST_CATEGORY - 1].rstrip() + "…"


def _fill(template: str, category: str, reference: str) -> str:
    # The reference first: a category's name may hold braces, a reference cannot.
    return template.replace("{reference}", reference).replace("{category}", category)
