"""What phones show, and who hears. Pure: no database."""

import re

import pytest

from domain.status import Status
from notifications.audience import FOR_SOME, NOBODY, TOLD, Audience, Followers, audience
from notifications.templates import LONGEST_CATEGORY, TEXTS, words

POTHOLE = {"en": "Pothole", "es": "Bache"}
LANGUAGES = ("en", "es")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("event", sorted(TOLD | FOR_SOME))
def test_every_event_has_words_in_every_language(event, language):
    shown = words(event, language, LANGUAGES, POTHOLE, "4F7-KMZ2")

    assert shown.language == language
    assert shown.title.startswith(POTHOLE[language] + ": ")
    assert "4F7-KMZ2" in shown.body
    assert not re.search(r"[{}]", shown.title + shown.body)
    assert len(shown.title) <= 65
    assert len(shown.body) <= 120


def test_no_language_has_words_for_events_that_do_not_exist():
    assert {language: set(texts) for language, texts in TEXTS.items()} == {
        language: set(TOLD | FOR_SOME) for language in LANGUAGES
    }


def test_texts_ask_for_nothing_but_category_and_reference():
    asked = {
        name
        for texts in TEXTS.values()
        for text in texts.values()
        for part in text.values()
        for name in re.findall(r"{(\w+)}", part)
    }

    assert asked == {"category", "reference"}


@pytest.mark.parametrize(
    ("language", "town", "expected"),
    [
        pytest.param("es", ("en", "es"), "es", id="the reader's language"),
        pytest.param("es-MX", ("en", "es"), "es", id="a country's variety"),
        pytest.param("ES", ("en", "es"), "es", id="however it is written"),
        pytest.param("fr", ("es", "en"), "es", id="else the town's first"),
        pytest.param("fr", ("fr", "es"), "es", id="else the town's next that we have"),
        pytest.param("fr", ("pt",), "en", id="else English"),
    ],
)
def test_the_language_of_a_push(language, town, expected):
    assert words("resolved", language, town, POTHOLE, "4F7-KMZ2").language == expected


@pytest.mark.parametrize(
    ("category", "title"),
    [
        pytest.param({"en": "Pothole"}, "Pothole: resuelto", id="a category without a name in that language"),
        pytest.param({"fr": "Nid-de-poule"}, "Nid-de-poule: resuelto", id="a category named in another language only"),
        pytest.param({"es": "{reference}"}, "{reference}: resuelto", id="a name with braces is left alone"),
        pytest.param({"es": "x" * 200}, "x" * (LONGEST_CATEGORY - 1) + "…: resuelto", id="a long name is shortened"),
    ],
)
def test_the_category_in_a_title(category, title):
    assert words("resolved", "es", ("en", "es"), category, "4F7-KMZ2").title == title


EVERYBODY = Audience(True, Followers.ALL)
WHO_MAY = Audience(True, Followers.WHO_MAY_SEE_IT)


@pytest.mark.parametrize(
    ("event", "seq", "visibility", "expected"),
    [
        pytest.param("resolved", 4, "public", EVERYBODY, id="reporter and followers hear of a repair"),
        pytest.param("resolved", 4, "private", WHO_MAY, id="of a private report only those who may see it"),
        pytest.param("comment", 2, "public", EVERYBODY, id="a comment is for all who follow"),
        pytest.param("rerouted", 2, "public", EVERYBODY, id="another department is news"),
        pytest.param("received", 1, "public", NOBODY, id="the reporter has the receipt already"),
        pytest.param("received", 3, "public", EVERYBODY, id="but hears when the desk has what it asked for"),
        pytest.param("assigned", 2, "public", NOBODY, id="which crew has it is staff's affair"),
        pytest.param("something-new", 2, "public", NOBODY, id="an event that nobody thought of reaches nobody"),
    ],
)
def test_who_hears(event, seq, visibility, expected):
    assert audience(event, seq, visibility) == expected


def test_every_status_is_news():
    assert {status.value for status in Status} <= TOLD
