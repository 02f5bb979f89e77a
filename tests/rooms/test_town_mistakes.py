"""What can be wrong with a town has a code, a sentence in every language, and a line in the file."""

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from actions.catalogue.lines import lines_of, with_lines
from actions.catalogue.mistakes import CODES, TEXTS, BadTown, Mistake, message_of, reader_language
from actions.catalogue.read import read_town
from api.words import TEXTS as API_TEXTS
from domain.field_codes import FIELD_CODES
from tests.rules.test_house import sources
from tests.support.bare import TOWN_FOLDER, BareTown, line_of
from tests.support.database import Database
from tests.support.live import ROOT
from tests.support.server import sqlalchemy_url

Edit = Callable[..., Path]
TOWNS = [TOWN_FOLDER / "town.toml", ROOT / "demo" / "town.toml", ROOT / "docs" / "cities" / "boston" / "town.toml"]


@pytest.fixture(scope="module")
def session(worker_database: Database) -> Iterator[Session]:
    """Only lends PostGIS."""
    engine = create_engine(sqlalchemy_url(worker_database.url))
    with Session(engine) as lent:
        yield lent
    engine.dispose()


# --- words ---


def test_every_sentence_is_there_in_both_languages_with_the_same_facts():
    english, spanish = TEXTS["en"], TEXTS["es"]

    assert set(TEXTS) == set(API_TEXTS)
    for section in english:
        assert english[section].keys() == spanish[section].keys()
        for key, text in english[section].items():
            assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", spanish[section][key])), key


def test_every_code_is_on_the_list_and_has_a_sentence():
    told = set(TEXTS["en"]["mistakes"])
    quoted: set[str] = set()
    codes: set[str] = set()
    for _, text in sources("actions", "api"):
        quoted |= set(re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)*)"', text))
        codes |= set(
            re.findall(
                r'(?:\.wrong\((?:"\w*"|\w+|\([^()]*\)), |Mistake\((?:\(\)|\([^()]*\)|\w+), )"([a-z0-9-]+)"', text
            )
        )

    assert len(codes) > 25
    assert told <= quoted, f"nobody says {told - quoted}"
    codes |= {f"unknown-{what}" for what in TEXTS["en"]["things"]}
    codes |= {"too-small", "too-large", "has-open-reports", "not-the-whole-order"}  # said by way of a variable
    assert codes - set(FIELD_CODES) == set(CODES)
    always_told_otherwise = {"duplicate", "not-both", "not-for-this-role", "loses-its-area"}
    assert set(CODES) - told - always_told_otherwise == {
        "unknown-group",
        "unknown-layer",
        "unknown-body",
        "unknown-calendar",
    }


def test_a_sentence_shows_what_was_found_as_people_wrote_it():
    def said(value: Any, language: str = "en") -> str:
        return Mistake(("a",), "wrong-type", {"expected": "string", "value": value}).sentence(language)

    assert said(5) == "a: must be text, not 5"
    assert said(True) == "a: must be text, not true"
    assert said([1, {"b": "ñ"}]) == 'a: must be text, not [1, {"b": "ñ"}]'
    assert said("{expected}", "es") == "a: debe ser texto, no '{expected}'"
    assert len(said("x" * 5_000)) < 120


def test_languages_are_called_by_their_names_in_the_language_of_the_reader():
    missing = Mistake(("a",), "missing-language", {"language": "fr"})
    other = Mistake(("a",), "other-language", {"languages": ["en", "es"]})

    assert missing.sentence("es") == "a: falta el texto en francés"
    assert other.sentence("en") == "a: the town's languages are English and Spanish"
    assert other.sentence("es") == "a: los idiomas del municipio son inglés y español"
    assert missing.sentence("tlh") == "a: French text missing"


@pytest.mark.parametrize(
    ("setting", "language"),
    [("es_MX.UTF-8", "es"), ("en_US.UTF-8", "en"), ("C.UTF-8", "en"), ("", "en"), ("de_DE", "en")],
)
def test_the_command_line_speaks_the_language_of_the_terminal(setting: str, language: str):
    assert reader_language(setting) == language


def test_apply_tells_in_spanish_what_is_wrong(applied: BareTown, edit: Edit):
    applied.environment["LANG"] = "es_ES.UTF-8"

    path = edit('phone = "555-0101"', "phone = 5550101", 'es = "¿Qué profundidad?"', 'fr = "?"')

    said = applied.mendway("apply", path, expect=1)

    label = line_of(path, 'fr = "?"')
    assert said.err.splitlines() == [
        "3 cosas están mal (las preguntas y opciones se cuentan desde 1); no se cambió nada:",
        f"  - departments.roads.phone: debe ser texto, no 5550101 (línea {line_of(path, 'phone = 5550101')})",
        f"  - categories.pothole.questions[2].label: falta el texto en español (línea {label})",
        f"  - categories.pothole.questions[2].label.fr: los idiomas del municipio son inglés y español (línea {label})",
    ]


# --- lines ---


@pytest.mark.parametrize("path", TOWNS, ids=lambda path: path.parent.name)
def test_every_table_and_every_key_of_a_town_is_found_on_its_line(path: Path):
    text = path.read_text()
    lines, rows = lines_of(text), text.split("\n")
    known = set(_paths((), tomllib.loads(text)))

    assert set(lines) <= known
    for steps, number in lines.items():
        name = next(str(step) for step in reversed(steps) if isinstance(step, str))
        assert name in rows[number - 1], (steps, number)
    tables = {steps for steps in known if len(steps) == 2 and steps[0] not in ("town", "app", "format")}
    assert tables <= set(lines)


def _paths(steps: tuple[Any, ...], value: Any) -> Iterator[tuple[Any, ...]]:
    yield steps
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _paths((*steps, key), inner)


def test_strings_comments_and_long_lists_do_not_mislead():
    text = '''
[town] # [not.a.table]
name = """
[departments.roads]
phone = 1
"""
list = [ # a = 1
  "[x]", { a = "]" },
]
'quoted key' = 1
dotted.key.here = 2
[[categories.a.questions]]
code = "x"
[[categories.a.questions]]
code = "y"
choices = [
  { code = "z" },
]
[[categories.b.questions]]
code = "x"
'''

    assert lines_of(text) == {
        ("town",): 2,
        ("town", "name"): 3,
        ("town", "list"): 7,
        ("town", "quoted key"): 10,
        ("town", "dotted", "key", "here"): 11,
        ("categories", "a", "questions", 0): 12,
        ("categories", "a", "questions", 0, "code"): 13,
        ("categories", "a", "questions", 1): 14,
        ("categories", "a", "questions", 1, "code"): 15,
        ("categories", "a", "questions", 1, "choices"): 16,
        ("categories", "b", "questions", 0): 19,
        ("categories", "b", "questions", 0, "code"): 20,
    }


def test_a_mistake_stands_on_the_line_of_the_nearest_thing_that_has_one():
    found = with_lines(
        [Mistake(("a", "b", "c", 3), "required"), Mistake(("a", "z"), "required"), Mistake((), "no-town")],
        "[a]\nx = 1\nb = {\n}\n",
    )

    assert [mistake.line for mistake in found] == [3, 1, None]


def test_a_file_that_is_not_toml_is_refused_with_the_line(session: Session, tmp_path: Path):
    path = tmp_path / "town.toml"
    path.write_text('format = 1\n[town]\nname = "x\n')

    with pytest.raises(BadTown) as refused:
        read_town(session, path)

    assert "line 3" in message_of(refused.value.found)


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        pytest.param(
            'when = { question = "size", is = ["large"] }',
            'when = { question = "depth_cm", is = ["large"] }',
            "but this one itself",
            id="a question that waits for itself",
        ),
        pytest.param(
            'required = true\nlabel = { en = "Is it out altogether?"',
            'when = { question = "signs", is = ["leans"] }\nlabel = { en = "Is it out altogether?"',
            "questions may only wait for earlier ones, never for each other",
            id="a question that waits for a later one",
        ),
        pytest.param(
            'label = { en = "How deep?", es = "¿Qué profundidad?" }',
            'label = { en = "How deep?" }',
            "questions[2].label: Spanish text missing",
            id="a missing translation",
        ),
        pytest.param(
            'name = { en = "Streets", es = "Calles" }',
            'name = { en = "Streets", es = "Calles", fr = "Rues" }',
            "groups.streets.name.fr: the town's languages are English and Spanish",
            id="an unknown language",
        ),
    ],
)
def test_apply_names_the_line_and_the_field(session: Session, edit: Edit, old: str, new: str, mistake: str):
    path = edit(old, new)

    with pytest.raises(BadTown) as refused:
        read_town(session, path)

    assert message_of(refused.value.found).endswith(f"{mistake} (line {line_of(path, new)})")
