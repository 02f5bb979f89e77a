"""[workflow], [statuses], [reasons] and [templates] of town.toml: every mistake is named, in English and in Spanish."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from actions.catalogue.export import town_toml
from actions.catalogue.mistakes import BadTown
from actions.catalogue.read import read_town
from tests.support.database import Database

WORDS = 'name = { en = "A", es = "B" }'
TEXT = 'text = { en = "A", es = "B" }'


@pytest.fixture
def session(database: Database):
    engine = create_engine(database.url.replace("postgresql:", "postgresql+psycopg2:"))
    with Session(engine) as opened:
        yield opened
    engine.dispose()


def with_table(folder: Path, table: str) -> Path:
    file = folder / "town.toml"
    file.write_text(file.read_text() + "\n" + table + "\n")
    return file


@pytest.mark.parametrize(
    ("table", "english", "spanish"),
    [
        ("[workflow]\ndispute_days = 0", "workflow.dispute_days: must be a whole number from 1 to 365, not 0", None),
        ("[workflow]\nfollowers_may_dispute = 1", "workflow.followers_may_dispute: must be true or false, not 1", None),
        ("[workflow]\ndisputes = 1", "workflow.disputes: unknown; known here are", "workflow.disputes: no se conoce"),
        (
            "[statuses.finished]\npublic = true",
            "statuses.finished: there is no status 'finished'; there are received, needs_information",
            "statuses.finished: no existe el estado 'finished'",
        ),
        (
            "[statuses.resolved]\npublic = false",
            "statuses.resolved.public: the public always sees this one; only acknowledged, scheduled",
            "statuses.resolved.public: este estado siempre lo ve el público",
        ),
        ('[statuses.on_hold]\nlabel = { en = "A" }', "statuses.on_hold.label: Spanish text missing", None),
        (f'[reasons.frost]\nfor = "winter"\n{WORDS}', "reasons.frost.for: must be on_hold, closed, reopened or", None),
        ('[reasons.frost]\nfor = "on_hold"', "reasons.frost.name: missing", "reasons.frost.name: falta"),
        (
            f'[reasons.duplicate]\nfor = "dispute"\n{WORDS}',
            "reasons.duplicate.for: 'duplicate' is one of the reasons to close that every town has",
            "reasons.duplicate.for: 'duplicate' es uno de los motivos de cierre",
        ),
        (f'[templates.a]\nstatus = "done"\n{TEXT}', "templates.a.status: must be received, needs_information", None),
        (
            f'[templates.a]\nstatus = "closed"\ncategory = "moon"\n{TEXT}',
            "templates.a.category: there is no category 'moon'",
            "templates.a.category: no existe la categoría 'moon'",
        ),
        (
            f'[templates.a]\nstatus = "closed"\ncategory = "pothole"\ngroup = "streets"\n{TEXT}',
            "templates.a: names a category and a group",
            None,
        ),
        (
            '[templates.a]\nstatus = "closed"\ntext = { en = "Dear {name}", es = "B" }',
            "templates.a.text.en: nobody fills in 'name'; what can stand in braces is reference, category",
            "templates.a.text.en: nadie rellena 'name'",
        ),
        (
            '[templates.a]\nstatus = "closed"\ntext = { en = "A", es = "Hola {crew" }',
            "templates.a.text.es: has a brace without its other half",
            "templates.a.text.es: tiene una llave sin su pareja",
        ),
    ],
)
def test_every_mistake_is_named_with_its_place(session, town_folder, table, english, spanish):
    file = with_table(town_folder, table)

    with pytest.raises(BadTown) as caught:
        read_town(session, file)

    (mistake,) = caught.value.found
    assert mistake.sentence("en").startswith(english)
    assert spanish is None or mistake.sentence("es").startswith(spanish)
    assert mistake.line is not None


def test_what_the_file_says_comes_back_as_it_was(session, town_folder):
    file = with_table(
        town_folder,
        f"""
        [workflow]
        dispute_days = 30

        [statuses.on_hold]
        public = false

        [reasons.frost]
        for = "on_hold"
        {WORDS}

        [templates.held]
        status = "on_hold"
        group = "streets"
        text = {{ en = "{{reason}}", es = "{{reason}}" }}
        """,
    )
    plan = read_town(session, file)
    file.write_text(town_toml(plan).replace("layer-outline", "outline"))

    again = read_town(session, file)

    for section in ("statuses", "reasons", "templates"):
        assert again.sections[section] == plan.sections[section]
    assert again.town["workflow"] == {"dispute_days": 30, "followers_may_dispute": False}


def test_a_town_that_says_nothing_of_it_has_nothing_of_it(session, town_folder):
    plan = read_town(session, town_folder / "town.toml")

    assert plan.town["workflow"] == plan.sections["statuses"] == plan.sections["templates"] == {}
