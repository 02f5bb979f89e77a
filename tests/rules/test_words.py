"""Every text that people read is there in both languages, with the same facts in it."""

import re

import pytest

from api.words import TEXTS
from domain.field_codes import FIELD_CODES
from domain.status import CLOSING_REASONS, LABELS, MOVES, PHASES, Phase, Status, described
from tests.rules.test_house import sources

SECTIONS = sorted(TEXTS["en"])


def facts(text):
    return set(re.findall(r"\{(\w+)\}", " ".join(text) if isinstance(text, list) else text))


def test_there_are_english_and_spanish():
    assert set(TEXTS) == {"en", "es"} == set(LABELS)


@pytest.mark.parametrize("section", SECTIONS)
def test_both_languages_have_the_same_texts_with_the_same_facts(section):
    english, spanish = TEXTS["en"][section], TEXTS["es"][section]

    assert english.keys() == spanish.keys()
    for key, text in english.items():
        assert facts(text) == facts(spanish[key]), key


def test_the_list_of_field_codes_is_the_list_of_texts():
    assert list(TEXTS["en"]["fields"]) == list(FIELD_CODES)
    assert len(set(FIELD_CODES)) == len(FIELD_CODES)


def test_every_field_code_in_use_is_on_the_list():
    used = set()
    for _, text in sources("api", "actions", "domain", "geo"):
        used |= set(re.findall(r"""FieldError\([^,()]*(?:\([^()]*\))?[^,()]*,\s*"([a-z-]+)\"""", text))
        used |= {code.split(":")[0] for code in re.findall(r"""ValidationError\(f?"([a-z-]+)[:"]""", text)}

    assert used
    assert used <= set(FIELD_CODES)


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_phase_and_a_label_in_both_languages(status):
    assert described(status.value, "en")["label"] != ""
    assert described(status.value, "es")["phase"] == described(status.value, "en")["phase"] == PHASES[status].value
    for language in LABELS:
        assert LABELS[language][status]


def test_a_phase_is_one_of_three_for_ever():
    assert {phase.value for phase in Phase} == {"open", "in_progress", "closed"}


def test_a_language_without_labels_gets_english():
    assert described("received", "fr")["label"] == "Received"


def test_every_status_can_be_reached_and_left():
    assert set(MOVES) == set(Status)
    reached, waiting = set(), {Status.RECEIVED}
    while waiting:
        now = waiting.pop()
        reached.add(now)
        waiting |= {move.to for move in MOVES[now]} - reached
    assert reached == set(Status)
    for now, moves in MOVES.items():
        assert moves, now
        assert len({move.to for move in moves}) == len(moves), f"two moves from {now} lead to one status"


def test_a_report_is_closed_for_a_reason_from_a_list():
    assert CLOSING_REASONS
    assert all(move.needs_reason for moves in MOVES.values() for move in moves if move.to == Status.CLOSED)
