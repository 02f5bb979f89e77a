"""Two admins, an admin and the command line, a retry: nobody overwrites what they have not seen."""

import json
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.admin import change, make, read, remove, seen
from tests.support.answers import over
from tests.support.bare import BareTown
from tests.support.callers import Caller
from tests.support.database import Database
from tests.support.live import LiveServer

NAME = {"en": "A thing", "es": "Una cosa"}


def test_the_second_of_two_admins_sees_what_the_first_did(admin: Caller):
    etag = seen(admin, "rules/trees")
    rule = read(admin, "rules/trees")
    admin.put("/v1/admin/rules/trees", json={**rule, "department": "works"}, if_match=etag)

    problem = admin.put("/v1/admin/rules/trees", json={**rule, "priority": 5}, if_match=etag, expect=412)

    assert admin.last.problem == "item-stale"
    assert problem["current"]["department"] == "works"
    assert admin.last.headers["etag"] == f'"{problem["current"]["version"]}"' == seen(admin, "rules/trees")
    admin.delete("/v1/admin/rules/trees", if_match=etag, expect=412)
    admin.put("/v1/admin/rules/trees", json={**rule, "priority": 5}, if_match=admin.last.headers["etag"])
    assert read(admin, "rules/trees")["department"] == "roads"  # who looked again may decide so


def test_a_change_needs_the_version_that_was_seen(admin: Caller):
    body = read(admin, "departments/roads")

    for path in ("departments/roads", "town", "category-order", "categories/pothole/questions/size"):
        admin.put(f"/v1/admin/{path}", json=body if path == "departments/roads" else {}, expect=428)
        assert admin.last.problem == "version-missing"
    admin.put("/v1/admin/departments/roads", json=body, if_match="*", expect=428)
    admin.delete("/v1/admin/departments/roads", expect=428)
    for nonsense in ('"1"', '"', "W/x", '"' + "f" * 16 + '"'):
        admin.put("/v1/admin/departments/roads", json={**body, "phone": None}, if_match=nonsense, expect=412)


def test_a_new_item_needs_a_key_and_a_retry_gets_the_first_answer(admin: Caller, database: Database):
    admin.put("/v1/admin/departments/new", json={"name": NAME}, expect=400)
    assert admin.last.problem == "idempotency-key-missing"
    key = str(uuid.uuid4())
    make(admin, "departments/new", {"name": NAME}, key=key)
    first = admin.last
    before = database.counts()

    make(admin, "departments/new", {"name": NAME}, key=key)

    assert (admin.last.body, admin.last.headers["etag"]) == (first.body, first.headers["etag"])
    assert database.counts() == before
    admin.put("/v1/admin/departments/new", json={"name": NAME, "phone": "1"}, key=key, expect=422)
    assert admin.last.problem == "idempotency-key-reused"


def test_a_retry_of_a_change_whose_answer_was_lost_is_no_conflict(admin: Caller):
    etag = seen(admin, "departments/roads")
    body = {**read(admin, "departments/roads"), "phone": "555-0111"}

    first = admin.put("/v1/admin/departments/roads", json=body, if_match=etag)
    again = admin.put("/v1/admin/departments/roads", json=body, if_match=etag)

    assert (len(first["differences"]), again["differences"]) == (1, [])
    assert again["item"] == first["item"]


def test_what_somebody_removed_is_not_made_again_by_who_wants_to_change_it(admin: Caller):
    etag = seen(admin, "notices/storm")
    body = read(admin, "notices/storm")
    remove(admin, "notices/storm")

    problem = admin.put("/v1/admin/notices/storm", json=body, if_match=etag, key="again", expect=412)

    assert problem["current"] is None
    admin.delete("/v1/admin/notices/storm", if_match=etag, expect=404)


def test_a_question_is_stale_when_any_other_of_its_category_changed(admin: Caller):
    etag = seen(admin, "categories/pothole/questions/size")
    change(admin, "categories/pothole/questions/depth_cm", max=300)

    problem = admin.put(
        "/v1/admin/categories/pothole/questions/size",
        json={**read(admin, "categories/pothole/questions/size"), "required": False},
        if_match=etag,
        expect=412,
    )

    assert problem["current"]["questions"][1]["max"] == 300


def test_an_admin_notices_what_the_command_line_changed(applied: BareTown, edit: Callable[..., Path]):
    token = applied.mendway("create-token", "--staff", "adam").out.strip()
    with applied.api() as api:
        admin = api.holder(token)
        etag = seen(admin, "departments/roads")
        applied.mendway("apply", edit('phone = "555-0101"', 'phone = "555-0111"'))

        problem = admin.put("/v1/admin/departments/roads", json={"name": NAME}, if_match=etag, expect=412)

        assert problem["current"]["phone"] == "555-0111"


def test_the_command_line_sees_what_an_admin_changed_and_puts_it_back(applied: BareTown, town_folder: Path):
    token = applied.mendway("create-token", "--staff", "adam").out.strip()
    with applied.api() as api:
        change(api.holder(token), "departments/roads", phone=None)

    said = applied.mendway("apply", town_folder / "town.toml", "--dry-run")

    assert '~ departments.roads.phone: nothing → "555-0101"' in said.out


@pytest.mark.slow
def test_of_many_at_the_same_moment_one_wins_and_the_others_are_told(admin: Caller, live_server: LiveServer):
    etag = seen(admin, "rules/trees")
    rule = read(admin, "rules/trees")
    answers: list[int] = []

    def change_priority(priority: int) -> None:
        other = admin.over(over(live_server.url))
        answer = other.ask(
            "PUT",
            "/v1/admin/rules/trees",
            {"Authorization": f"Bearer {admin.token}", "Content-Type": "application/json", "If-Match": etag},
            json.dumps({**rule, "priority": priority}).encode(),
        )
        answers.append(answer.status)

    threads = [threading.Thread(target=change_priority, args=(priority,)) for priority in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200] + [412] * 7
