"""Admins whom the command line made: town.toml leaves them alone, other admins see them and can let them go."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.admin import change, read, remove, seen
from tests.support.bare import BareTown
from tests.support.callers import Caller


@pytest.fixture
def ada(applied: BareTown) -> Iterator[Caller]:
    """Ada, made by `mendway create-admin`."""
    token = applied.mendway("create-admin", "ada", "--name", "Ada Rivers").out.strip()
    with applied.api() as api:
        yield api.holder(token)


def staff(admin: Caller) -> dict[str, str]:
    return {one["code"]: one["origin"] for one in admin.get("/v1/admin/staff?limit=100")["items"]}


def test_they_are_in_the_list_of_staff_and_stay_when_the_file_is_applied(
    ada: Caller, applied: BareTown, town_folder: Path
):
    assert staff(ada)["ada"] == "command"
    assert staff(ada)["adam"] == "town"

    said = applied.mendway("apply", town_folder / "town.toml")

    assert "There is nothing to change." in said.out
    assert staff(ada)["ada"] == "command"


def test_a_change_of_something_else_leaves_them_as_they_are(ada: Caller):
    change(ada, "departments/roads", phone=None)

    assert staff(ada)["ada"] == "command"


def test_they_can_be_renamed_and_stay_out_of_the_files_reach(ada: Caller, applied: BareTown, town_folder: Path):
    answer = change(ada, "staff/ada", name="Ada Lakes")

    assert (answer["item"]["name"], answer["item"]["origin"]) == ("Ada Lakes", "command")
    assert [line["place"] for line in answer["differences"]] == ["staff.ada.name"]
    applied.mendway("apply", town_folder / "town.toml")
    assert read(ada, "staff/ada")["name"] == "Ada Lakes"


def test_another_admin_can_let_them_go(ada: Caller, applied: BareTown):
    adam = Caller(ada.ask, ada.contract, applied.mendway("create-token", "--staff", "adam").out.strip())

    remove(adam, "staff/ada")

    assert "ada" not in staff(adam)
    ada.get("/v1/admin/staff", expect=401)


def test_they_count_as_admins(ada: Caller, applied: BareTown, edit: Callable[..., Path]):
    remove(ada, "staff/adam")

    ada.delete("/v1/admin/staff/ada", if_match=seen(ada, "staff/ada"), expect=409)

    assert ada.last is not None
    assert ada.last.problem == "last-admin"


def test_what_made_them_is_in_the_history(ada: Caller):
    line = ada.get("/v1/admin/history?section=staff&code=ada")["items"][0]

    assert (line["origin"], line["by"], line["before"]) == ("command", None, None)
    assert line["after"]["name"] == "Ada Rivers"
