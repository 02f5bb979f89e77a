"""[moderation] of town.toml: what may stand there, what is said of mistakes, and that it comes back as it was."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from actions.catalogue.export import town_toml
from actions.catalogue.mistakes import BadTown
from actions.catalogue.read import read_town
from tests.support.admin import change
from tests.support.database import Database


@pytest.fixture
def session(database: Database):
    engine = create_engine(database.url.replace("postgresql:", "postgresql+psycopg2:"))
    with Session(engine) as opened:
        yield opened
    engine.dispose()


def with_table(folder: Path, table: str) -> Path:
    file = folder / "town.toml"
    file.write_text(file.read_text() + "\n[moderation]\n" + table + "\n")
    return file


@pytest.mark.parametrize(
    ("table", "english", "spanish"),
    [
        (
            "hold_after_flags = -1",
            "moderation.hold_after_flags: must be a whole number from 0 to 1,000, not -1",
            "moderation.hold_after_flags: debe ser",
        ),
        ('hold_new = "pothole"', "moderation.hold_new: must be a list", "moderation.hold_new: debe ser"),
        (
            'hold_new = ["pothole", "moon"]',
            "moderation.hold_new[2]: there is no category 'moon'",
            "moderation.hold_new[2]: no existe la categoría 'moon'",
        ),
        ("flags = 1", "moderation.flags: unknown", "moderation.flags: no se conoce"),
    ],
)
def test_every_mistake_is_named(session, town_folder, table, english, spanish):
    with pytest.raises(BadTown) as caught:
        read_town(session, with_table(town_folder, table))

    (mistake,) = caught.value.found
    assert mistake.sentence("en").startswith(english)
    assert mistake.sentence("es").startswith(spanish)
    assert mistake.line is not None


def test_what_is_left_out_has_its_usual_value_and_comes_back_as_a_file(session, town_folder):
    plan = read_town(session, with_table(town_folder, 'hold_new = ["pothole"]'))

    assert plan.town["moderation"] == {"hold_after_flags": 3, "hold_new": ["pothole"]}
    assert '[moderation]\nhold_after_flags = 3\nhold_new = ["pothole"]' in town_toml(plan)


def test_an_admin_changes_it_while_the_town_runs(admin, a_report, client):
    change(admin, "town", moderation={"hold_new": ["pothole"]})

    client.get(a_report("pothole").path, expect=404)
    client.get(a_report("streetlight").path, expect=200)

    change(admin, "town", moderation=None)
    client.get(a_report("pothole").path, expect=200)


def test_a_category_that_does_not_exist_is_not_held(admin):
    body = {**admin.get("/v1/admin/town"), "moderation": {"hold_new": ["moon"]}}
    version = body.pop("version")
    del body["code"]

    admin.put("/v1/admin/town", json=body, if_match=f'"{version}"', expect=422)

    assert admin.last.faults == [("/moderation/hold_new/0", "unknown-category")]
