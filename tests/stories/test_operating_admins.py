"""The first admin comes from the command line, and town.toml leaves them alone."""

import pytest

from tests.support.bare import TOWN_FOLDER


def made(town, *words, expect=0):
    """Make an admin; the token, or what was said against it."""
    said = town.mendway("create-admin", *words, expect=expect)
    return said.out.strip() if expect == 0 else said.err


def test_a_town_gets_its_first_admin(own_town):
    token = made(own_town, "ada", "--name", "Ada Rivers")

    assert token.startswith("mws_")
    assert "\n" not in token
    with own_town.api() as api:
        assert api.holder(token).get("/v1/changes")["items"] == []
    assert own_town.rows("SELECT role, name, origin, active FROM person WHERE code = 'ada'") == [
        {"role": "admin", "name": "Ada Rivers", "origin": "command", "active": True}
    ]


def test_their_token_is_kept_as_its_hash_only(own_town):
    token = made(own_town, "ada", "--name", "Ada")

    dumped = own_town.value(
        "SELECT string_agg(c::text || coalesce(h::text, ''), '') FROM credential c, catalogue_change h"
    )
    assert token not in dumped
    assert token[4:] not in dumped


def test_applying_the_towns_file_leaves_them_alone(own_town):
    token = made(own_town, "ada", "--name", "Ada")

    said = own_town.mendway("apply", TOWN_FOLDER / "town.toml")

    assert "There is nothing to change." in said.out
    with own_town.api() as api:
        api.holder(token).get("/v1/changes", expect=200)


def test_a_second_time_they_are_the_same_person_with_another_token(own_town):
    first = made(own_town, "ada", "--name", "Ada")
    second = made(own_town, "ada", "--name", "Ada Rivers", "--days", "7")

    assert own_town.rows("SELECT name FROM person WHERE code = 'ada'") == [{"name": "Ada Rivers"}]
    assert first != second
    with own_town.api() as api:
        for token in (first, second):
            api.holder(token).get("/v1/changes", expect=200)


def test_somebody_who_left_is_active_again(own_town):
    own_town.rows("UPDATE person SET active = false WHERE code = 'adam'")

    token = made(own_town, "adam", "--name", "Adam")

    with own_town.api() as api:
        api.holder(token).get("/v1/changes", expect=200)
    assert own_town.value("SELECT origin FROM person WHERE code = 'adam'") == "command"


def test_the_history_says_so(own_town):
    made(own_town, "ada", "--name", "Ada")
    made(own_town, "ada", "--name", "Ada Rivers")

    lines = own_town.rows(
        "SELECT person_id, origin, before ->> 'name' AS before, after ->> 'name' AS after, after ->> 'role' AS role"
        " FROM catalogue_change WHERE section = 'staff' AND code = 'ada' ORDER BY id"
    )
    assert lines == [
        {"person_id": None, "origin": "command", "before": None, "after": "Ada", "role": "admin"},
        {"person_id": None, "origin": "command", "before": "Ada", "after": "Ada Rivers", "role": "admin"},
    ]


@pytest.mark.parametrize(
    ("code", "name", "words"),
    [
        ("Ada", "Ada", "is not a code"),
        ("", "Ada", "is not a code"),
        ("importer:x", "Ada", "is not a code"),
        ("a" * 61, "Ada", "is not a code"),
        ("ada", "  ", "The name is empty"),
        ("ada", "A" * 201, "longer than 200"),
        ("ada", "Ada\nRivers", "control characters"),
        ("ada", "Ada\x07", "control characters"),
        ("adam", "Adam", "mendway create-token --staff adam"),
        ("dora", "Dora", "as dispatcher"),
    ],
)
def test_who_cannot_be_made_one_is_told_why(own_town, code, name, words):
    before = own_town.counts()

    assert words in made(own_town, code, "--name", name, expect=1)

    assert own_town.counts() == before


def test_without_a_town_there_is_nothing_to_be_admin_of(bare):
    assert "mendway apply town.toml" in made(bare, "ada", "--name", "Ada", expect=1)
