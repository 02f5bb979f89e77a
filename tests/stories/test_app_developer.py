"""Somebody builds an app and pastes docs/app-developers.md block by block into a shell, as it is written."""

import os
import re
import subprocess
from collections.abc import Iterator

import pytest

from machine.testing import throw_away_folder
from tests.support.instance import RunningTown
from tests.support.live import ROOT

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "app-developers.md"
MARK = "-- end of block --"


@pytest.fixture(scope="module")
def town() -> Iterator[RunningTown]:
    with throw_away_folder() as folder:
        running = RunningTown(folder)
        running.start()
        yield running
        running.stop()


@pytest.fixture(scope="module")
def said(town: RunningTown, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the blocks of each section print, by the section's title, from one shell that stops at the first mistake."""
    found = blocks(PAGE.read_text())
    script = "".join(f"{block}\necho '{MARK}'\n" for _, block in found)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={"PATH": os.environ["PATH"], "BASE": town.demo("base_url")},
        cwd=tmp_path_factory.mktemp("app"),
        capture_output=True,
        text=True,
        timeout=120,
    )
    printed = done.stdout.split(MARK + "\n")
    assert done.returncode == 0, f"{found[len(printed) - 1][0]}: {done.stderr}\n{done.stdout}"
    sections: dict[str, str] = {}
    for (title, _), words in zip(found, printed, strict=False):
        sections[title] = sections.get(title, "") + words
    return sections


def blocks(page: str) -> list[tuple[str, str]]:
    """Every block for the shell, with the title of its section."""
    title, found = "", []
    for part in re.split(r"^(```.*?^```$)", page, flags=re.DOTALL | re.MULTILINE):
        if part.startswith("```sh\n"):
            found.append((title, part.removeprefix("```sh\n").removesuffix("```")))
        elif not part.startswith("```"):
            for heading in re.findall(r"^#+ (?:\d+\. )?(.*)$", part, re.MULTILINE):
                title = heading
    return found


def lines(said: dict[str, str], title: str) -> list[str]:
    return said[title].splitlines()


def test_the_town_says_what_it_is_and_that_nothing_has_changed(said):
    assert lines(said, "What town is this?") == ["304"]


def test_the_phone_gets_a_code_for_paper(said):
    assert re.search(r": ([0-9A-Z]{5}-){4}[0-9A-Z]{5}$", said["The phone registers itself"].strip())


def test_the_forms_come_in_spanish_and_once(said):
    printed = lines(said, "What can be reported")

    assert printed[0] == "304"
    assert any("Bache" in line for line in printed)


def test_a_retry_makes_no_second_report(said):
    first, again, same = lines(said, "The report, and its retry")

    assert (first, again) == ("201", "201")
    assert same.startswith("the same report: ")


def test_a_problem_says_what_is_wrong_with_which_field(said):
    assert lines(said, "Problems, and what to do with the draft") == ["/problems/invalid", "never", "/answers/size"]


def test_my_reports_are_there_in_my_language_and_not_sent_twice(said):
    assert lines(said, "My reports")[:2] == ["304", "Recibido"]


def test_the_timeline_and_the_push_target_are_as_sent(said):
    assert lines(said, "Follow, comment, look") == ["Recibido"]
    assert lines(said, "Push") == ["fcm_token"]


def test_the_new_phone_has_the_reports_and_the_old_one_is_shut_out(said):
    told, report, problem = lines(said, "A new phone")

    assert told == "Write down the new one."
    assert re.fullmatch(r"[0-9a-f-]{36}", report)
    assert problem == "/problems/token-revoked"


def test_an_old_app_is_sent_to_its_store(said):
    kind, store = lines(said, "An app that is too old, a town that is closed")

    assert kind == "/problems/app-too-old"
    assert store.startswith("https://")


def test_every_retry_and_every_problem_that_the_page_names_is_real(app):
    from api.meta import PROBLEMS

    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", PAGE.read_text()))

    for row in re.findall(r"^\| `(never|same|later)` \|.*\| (.*) \|$", PAGE.read_text(), re.MULTILINE):
        for slug in re.findall(r"`([a-z-]+)`", row[1]):
            assert PROBLEMS[slug].retry == row[0], slug
    assert {"cursor-expired", "idempotency-key-reused", "form-expired"} <= named & PROBLEMS.keys()
