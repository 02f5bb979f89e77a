"""A city brings its own files: one command puts them in force, and every later change is as careful as the first."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.bare import BareTown, line_of
from tests.support.reports import draft, send_report
from tests.support.shapes import feature, geojson, square
from tests.support.town import MILL_PARK, WARD_1, WARD_2, WARD_4

Edit = Callable[..., Path]


@pytest.fixture
def town(applied: BareTown) -> BareTown:
    """Squareton, brought in by the command."""
    return applied


# --- bringing it in ---


def test_a_city_applies_its_file_and_a_resident_reports(bare: BareTown, town_folder: Path):
    said = bare.mendway("apply", town_folder / "town.toml")

    assert '+ town: "testing"' in said.out
    assert "+ layers.wards: 4 areas" in said.out
    with bare.api() as api:
        assert [item["code"] for item in api.stranger().get("/v1/categories")["items"]][:2] == [
            "pothole",
            "streetlight",
        ]
        receipt = send_report(api.resident(), "pothole", WARD_2).receipt
    assert receipt["department"]["code"] == "works"
    assert receipt["why"]["rule"] == "streets-east"
    assert receipt["areas"]["wards"]["code"] == "2"
    assert receipt["areas"]["districts"]["edition"] == "2025"


def test_the_same_file_a_second_time_changes_nothing(town: BareTown, town_folder: Path):
    before = town.counts()

    said = town.mendway("apply", town_folder / "town.toml")

    assert "There is nothing to change." in said.out
    assert town.counts() == before


def test_a_dry_run_shows_the_difference_and_changes_nothing(town: BareTown, edit: Edit):
    before = town.counts()
    path = edit('phone = "555-0101"', 'phone = "555-0111"', 'edition = "2025"', 'edition = "2026"')

    said = town.mendway("apply", path, "--dry-run")

    assert '~ departments.roads.phone: "555-0101" → "555-0111"' in said.out
    assert '~ layers.districts.edition: "2025" → "2026"' in said.out
    assert "a dry run: nothing was changed" in said.out
    assert town.counts() == before
    assert town.value("SELECT phone FROM department WHERE code = 'roads'") == "555-0101"


def test_a_dry_run_of_a_new_town_leaves_the_database_empty(bare: BareTown, town_folder: Path):
    bare.mendway("apply", town_folder / "town.toml", "--dry-run")

    assert set(bare.counts().values()) == {0}


def test_a_file_with_mistakes_changes_nothing_and_names_them_all(town: BareTown, edit: Edit):
    before = town.counts()
    path = edit('phone = "555-0101"', "phone = 5550101", 'role = "admin"', 'role = "boss"')

    said = town.mendway("apply", path, expect=1)

    assert said.err.splitlines() == [
        "2 things are wrong; nothing was changed:",
        f"  - departments.roads.phone: must be text, not 5550101 (line {line_of(path, 'phone = 5550101')})",
        f"  - staff.adam.role: must be crew, dispatcher, supervisor, admin or analyst, not 'boss' (line {line_of(path, 'boss')})",
    ]
    assert town.counts() == before


def test_one_bad_area_leaves_every_layer_as_it_was(town: BareTown, town_folder: Path, edit: Edit):
    geojson(
        town_folder / "areas" / "wards.geojson",
        *(feature(square(-70.0, 42.0, 0.04), code=code, name=code) for code in "123"),
        feature(None, code="4", name="4"),
    )
    before = town.rows("SELECT code, is_current, name FROM area ORDER BY id")

    said = town.mendway("apply", edit('edition = "2025"', 'edition = "2026"'), expect=1)

    line = line_of(town_folder / "town.toml", "areas/wards.geojson")
    assert said.err.strip() == f"layers.wards.file: wards.geojson: feature 4 (code '4') has no shape. (line {line})"
    assert town.rows("SELECT code, is_current, name FROM area ORDER BY id") == before


def test_a_database_of_another_town_is_refused(town: BareTown, edit: Edit):
    said = town.mendway("apply", edit('code = "testing"', 'code = "elsewhere"'), expect=1)

    assert said.err.strip() == "town.code: this database holds the town 'testing', and the file is for 'elsewhere'."


# --- forms ---


def test_a_changed_question_gets_a_new_form_and_the_old_one_is_still_accepted(town: BareTown, edit: Edit):
    with town.api() as api:
        resident = api.resident()
        old = _form_version(resident, "pothole")

        town.mendway("apply", edit('en = "How deep?"', 'en = "How many centimetres deep?"'))
        api.forget()

        new = _form_version(resident, "pothole")
        assert new != old
        resident.post("/v1/reports", json=draft("pothole", WARD_1, form_version=old), expect=201)
        resident.post("/v1/reports", json=draft("pothole", WARD_1, form_version=new), expect=201)


def test_a_form_that_goes_back_to_old_words_is_the_old_form(town: BareTown, town_folder: Path, edit: Edit):
    before = (town_folder / "town.toml").read_text()
    first = town.rows("SELECT id, version, valid_from FROM category_form ORDER BY id")
    town.mendway("apply", edit('en = "How deep?"', 'en = "How many centimetres deep?"'))

    (town_folder / "town.toml").write_text(before)
    town.mendway("apply", town_folder / "town.toml")

    now = town.rows("SELECT id, version, valid_from FROM category_form WHERE retired_at IS NULL ORDER BY id")
    assert now == first
    assert town.value("SELECT count(*) FROM category_form WHERE retired_at IS NOT NULL") == 1


OTHER = '[categories.other]\nname = { en = "Something else", es = "Otra cosa" }\npublic = true\n'


def test_a_category_that_is_gone_is_not_offered_and_drafts_still_come_in(town: BareTown, edit: Edit):
    with town.api() as api:
        resident = api.resident()
        version = _form_version(resident, "other")
        kept = send_report(resident, "other", WARD_1)

        said = town.mendway("apply", edit(OTHER, ""))
        api.forget()

        assert "- categories.other" in said.out
        assert "other" not in [item["code"] for item in resident.get("/v1/categories")["items"]]
        late = draft("other", WARD_1, form_version=version)
        resident.post("/v1/reports", json=late, expect=201)
        assert kept.now["category"] == {"code": "other", "name": "Something else"}


def test_a_category_that_comes_back_is_offered_again(town: BareTown, town_folder: Path, edit: Edit):
    before = (town_folder / "town.toml").read_text()
    version = town.value(
        "SELECT f.version FROM category_form f JOIN category c ON c.id = category_id WHERE code = 'other'"
    )
    town.mendway("apply", edit(OTHER, ""))

    (town_folder / "town.toml").write_text(before)
    town.mendway("apply", town_folder / "town.toml")

    with town.api() as api:
        assert _form_version(api.stranger(), "other") == version


def _form_version(caller, category: str) -> str:
    return next(item["form_version"] for item in caller.get("/v1/categories")["items"] if item["code"] == category)


# --- departments, crews, rules, people ---

WORKS = '[departments.works]\nname = { en = "Public Works", es = "Obras Públicas" }\n'
TO_WORKS = 'area = "districts:east"\ndepartment = "works"'
TO_ROADS = 'area = "districts:east"\ndepartment = "roads"'


def test_a_department_with_open_reports_cannot_be_removed(town: BareTown, edit: Edit):
    with town.api() as api:
        send_report(api.resident(), "pothole", WARD_2)
        send_report(api.resident(), "pothole", WARD_4)
    path = edit(WORKS, "", TO_WORKS, TO_ROADS)

    said = town.mendway("apply", path, expect=1)

    assert "departments.works: cannot be removed while it has 2 open reports" in said.err
    town.rows("UPDATE report SET status = 'resolved'")
    assert "- departments.works" in town.mendway("apply", path).out


def test_a_crew_with_open_reports_cannot_be_removed(town: BareTown, edit: Edit):
    token = town.mendway("create-token", "--staff", "bo").out.strip()
    with town.api() as api:
        report = send_report(api.resident(), "pothole", WARD_1)
        api.holder(token).post(f"/v1/work/{report.id}/take", json={}, if_match=1)
    gone = '[crews.roads-south]\nname = "Roads South"\ndepartment = "roads"\n'
    bo = '[staff.bo]\nname = "Bo of Roads South"\nrole = "crew"\ncrew = "roads-south"\n'

    said = town.mendway("apply", edit(gone, "", bo, ""), expect=1)

    assert "crews.roads-south: cannot be removed while it has 1 open report;" in said.err


def test_another_rule_sends_the_next_report_elsewhere(town: BareTown, edit: Edit):
    with town.api() as api:
        before = send_report(api.resident(), "pothole", WARD_2)

        town.mendway("apply", edit(TO_WORKS, TO_ROADS))

        assert send_report(api.resident(), "pothole", WARD_2).receipt["department"]["code"] == "roads"
        assert before.now["department"]["code"] == "works"


def test_a_rule_that_is_gone_decides_no_more(town: BareTown, edit: Edit):
    rule = '[rules.trees-in-parks]\ncategory = "fallen-tree"\nlayer = "parks"\ndepartment = "parks"\n'
    with town.api() as api:
        assert send_report(api.resident(), "fallen-tree", MILL_PARK).receipt["department"]["code"] == "parks"

        town.mendway("apply", edit(rule, ""))

        assert send_report(api.resident(), "fallen-tree", MILL_PARK).receipt["department"]["code"] == "roads"


def test_who_left_may_not_work_any_more_and_may_again_when_back(
    town: BareTown,
    town_folder: Path,
    edit: Edit,
):
    before = (town_folder / "town.toml").read_text()
    token = town.mendway("create-token", "--staff", "dora").out.strip()
    with town.api() as api:
        dora = api.holder(token)
        dora.get("/v1/work", expect=200)

        town.mendway("apply", edit('[staff.dora]\nname = "Dora at the desk"\nrole = "dispatcher"\n', ""))
        dora.get("/v1/work", expect=401)
        assert dora.last is not None
        assert dora.last.problem == "token-revoked"

        (town_folder / "town.toml").write_text(before)
        town.mendway("apply", town_folder / "town.toml")
        dora.get("/v1/work", expect=200)


def test_a_crew_goes_with_its_department(town: BareTown, edit: Edit):
    town.mendway(
        "apply", edit('name = "Roads South"\ndepartment = "roads"', 'name = "Roads South"\ndepartment = "works"')
    )

    works = "SELECT d.code FROM person p JOIN department d ON d.id = p.department_id WHERE p.code = 'bo'"
    assert town.value(works) == "works"


# --- layers ---


def test_a_new_edition_leaves_old_reports_where_they_were(town: BareTown, town_folder: Path, edit: Edit):
    with town.api() as api:
        before = send_report(api.resident(), "pothole", WARD_2)
        # The wards are drawn anew: the town is one ward, called 2; the others are slivers.
        geojson(
            town_folder / "areas" / "wards.geojson",
            feature(square(-70.0, 42.0, 0.04), code="2", name="Great Ward"),
            *(feature(square(-70.0, 42.0, 0.0001), code=code, name=code) for code in "134"),
        )
        wards = 'file = "areas/wards.geojson"\ncode_field = "code"\nname_field = "name"\nedition = '

        said = town.mendway("apply", edit(f'{wards}"2026"', f'{wards}"2027"'))

        after = send_report(api.resident(), "pothole", WARD_1)
        assert "~ layers.wards.areas: 4 areas, 20 vertices, edition 2027" in said.out
        assert before.now["areas"]["wards"] == before.receipt["areas"]["wards"]
        assert before.now["areas"]["wards"]["edition"] == "2026"
        assert after.receipt["areas"]["wards"] | {"id": 0} == {
            "id": 0,
            "code": "2",
            "name": "Great Ward",
            "edition": "2027",
        }


def test_an_edition_cannot_be_rewritten(town: BareTown, town_folder: Path):
    areas = [feature(square(-70.0, 42.0, 0.04), code=code, name=code) for code in "1234"]
    geojson(town_folder / "areas" / "wards.geojson", *areas)

    said = town.mendway("apply", town_folder / "town.toml", expect=1)

    assert "layers.wards.edition: '2026' is already the name of an edition with other areas" in said.err


def test_an_edition_that_returns_is_the_same_areas_again(town: BareTown, town_folder: Path, edit: Edit):
    before = (town_folder / "town.toml").read_text()
    first = town.rows("SELECT id, code FROM area WHERE is_current ORDER BY id")
    town.mendway("apply", edit('edition = "2025"', 'edition = "2027"'))
    assert town.rows("SELECT id, code FROM area WHERE is_current ORDER BY id") != first

    (town_folder / "town.toml").write_text(before)
    town.mendway("apply", town_folder / "town.toml")

    assert town.rows("SELECT id, code FROM area WHERE is_current ORDER BY id") == first


def test_an_outline_that_leaves_reports_outside_is_refused(town: BareTown, town_folder: Path):
    with town.api() as api:
        send_report(api.resident(), "pothole", WARD_2)
        send_report(api.resident(), "pothole", WARD_1)
    geojson(
        town_folder / "areas" / "outline.geojson",
        feature(square(-70.0, 42.0, 0.02)),
        feature(square(-70.0, 42.02, 0.02)),
    )

    said = town.mendway("apply", town_folder / "town.toml", expect=1)

    assert "town.outline: 1 report lies in the town now and would not with this outline" in said.err
    assert "~ town.outline" in town.mendway("apply", town_folder / "town.toml", "--allow-outside").out
    with town.api() as api:
        api.resident().post("/v1/reports", json=draft("pothole", WARD_2), expect=422)


# --- one layer by itself ---


def test_a_layer_is_imported_from_a_shapefile_in_feet(town: BareTown, tmp_path: Path):
    from shapely import Polygon

    from tests.rooms.test_boundaries import massachusetts_feet, write, zipped

    def feet(west: float, south: float, east: float, north: float) -> Polygon:
        return Polygon([massachusetts_feet(*at) for at in [(west, south), (east, south), (east, north), (west, north)]])

    halves = [feet(-70.0, 42.0, -69.98, 42.04), feet(-69.98, 42.0, -69.96, 42.04)]
    plain = write(tmp_path / "police.shp", "EPSG:2249", halves, DISTRICT=["A1", "B2"], NAME=["West", "East"])
    path = zipped(tmp_path / "police.zip", *(plain.with_suffix(suffix) for suffix in (".shp", ".shx", ".dbf", ".prj")))

    said = town.mendway(
        "import-areas", "police", path, "--code-field", "DISTRICT", "--edition", "2015", "--stamp",
        "--name", "Police districts", "--name", "es=Distritos policiales",
    )  # fmt: skip

    assert (
        "layer police, edition 2015: 2 areas, 10 vertices, police.zip (code from DISTRICT, name from NAME)" in said.out
    )
    assert town.value("SELECT name FROM layer WHERE code = 'police'") == {
        "en": "Police districts",
        "es": "Distritos policiales",
    }
    with town.api() as api:
        receipt = send_report(api.resident(), "pothole", WARD_2).receipt
        assert receipt["areas"]["police"] | {"id": 0} == {"id": 0, "code": "B2", "name": "East", "edition": "2015"}


def test_a_dry_run_of_an_import_changes_nothing(town: BareTown, town_folder: Path):
    path = geojson(
        town_folder / "new.geojson",
        *(feature(square(-70.0, 42.0, 0.04), code=code, name=f"Ward {code}") for code in "12345"),
    )
    before = town.counts()

    said = town.mendway("import-areas", "wards", path, "--edition", "2027", "--dry-run")

    assert "+ area 5 (Ward 5)" in said.out
    assert "~ area 1: another shape" in said.out
    assert "a dry run: nothing was changed" in said.out
    assert town.counts() == before


def test_an_import_that_fails_leaves_the_edition_in_force(town: BareTown, town_folder: Path):
    path = geojson(
        town_folder / "new.geojson",
        feature(square(-70.0, 42.0, 0.04), code="1", name="1"),
        feature({"type": "Point", "coordinates": [-70, 42]}, code="2", name="2"),
    )
    before = town.rows("SELECT * FROM layer_edition ORDER BY id")

    said = town.mendway("import-areas", "wards", path, expect=1)

    assert said.err.strip() == "new.geojson: feature 2 (code '2') is a Point; areas are Polygons or MultiPolygons."
    assert town.rows("SELECT * FROM layer_edition ORDER BY id") == before


def test_areas_that_a_rule_is_about_cannot_disappear(town: BareTown, town_folder: Path):
    path = geojson(town_folder / "new.geojson", feature(square(-70.0, 42.0, 0.04), code="north", name="North"))

    said = town.mendway("import-areas", "districts", path, expect=1)

    assert "rules.streets-west is about districts:west, which is not among these areas." in said.err
    assert "rules.streets-east is about districts:east, which is not among these areas." in said.err


def test_an_import_without_an_edition_is_named_by_its_day(town: BareTown, town_folder: Path):
    def areas(size: float) -> Path:
        return geojson(town_folder / "zones.geojson", feature(square(-70.0, 42.0, size), code="z", name="Z"))

    first = town.mendway("import-areas", "zones", areas(0.01)).out
    again = town.mendway("import-areas", "zones", areas(0.01)).out
    second = town.mendway("import-areas", "zones", areas(0.02)).out

    day = re.search(r"edition (\d{4}-\d\d-\d\d):", first)
    assert day
    assert "There is nothing to change." in again
    assert f"edition {day[1]}.2:" in second


def test_the_outline_can_be_drawn_from_a_layer(town: BareTown, town_folder: Path):
    town.mendway("import-areas", "wards", "--outline")  # the wards fill the town: another drawing of the same outline
    path = geojson(
        town_folder / "boroughs.geojson",
        feature(square(-70.0, 42.0, 0.04), code="a", name="A"),
        feature(square(-69.96, 42.0, 0.04), code="b", name="B"),
    )

    said = town.mendway("import-areas", "boroughs", path, "--outline")

    assert "~ town.outline: 2 areas together" in said.out
    with town.api() as api:
        receipt = api.resident().post(
            "/v1/reports", json=draft("other", WARD_1, location={"lon": -69.955, "lat": 42.005}), expect=201
        )
        assert receipt["id"]


def test_an_import_needs_a_file_or_an_outline(town: BareTown):
    assert "Name a FILE to import" in town.mendway("import-areas", "wards", expect=1).err
    assert "There is no layer 'moon' with areas" in town.mendway("import-areas", "moon", "--outline", expect=1).err


# --- giving it back ---


def test_a_town_that_goes_out_comes_into_an_empty_database_as_it_was(
    town: BareTown,
    second_bare: BareTown,
    tmp_path: Path,
):
    town.mendway("export-town", "--out", tmp_path / "one")
    second_bare.mendway("apply", tmp_path / "one" / "town.toml")
    second_bare.mendway("export-town", "--out", tmp_path / "two")

    assert _files(tmp_path / "one") == _files(tmp_path / "two")
    assert "There is nothing to change." in town.mendway("apply", tmp_path / "one" / "town.toml").out
    shapes = "SELECT l.code AS layer, a.code, a.name, a.geom::text, a.size_m2 FROM area a JOIN layer l ON l.id = layer_id ORDER BY 1, 2"
    assert second_bare.rows(shapes) == town.rows(shapes)
    forms_ = "SELECT c.code, f.version, f.form FROM category_form f JOIN category c ON c.id = category_id ORDER BY 1, 2"
    assert second_bare.rows(forms_) == town.rows(forms_)


def test_an_imported_layer_goes_out_too(town: BareTown, town_folder: Path, tmp_path: Path):
    path = geojson(town_folder / "zones.geojson", feature(square(-70.0, 42.0, 0.01), code="z", name="Zoné"))
    town.mendway("import-areas", "zones", path, "--edition", "1")

    town.mendway("export-town", "--out", tmp_path / "out")

    assert json.loads((tmp_path / "out" / "areas" / "zones.geojson").read_text())["features"][0]["properties"] == {
        "code": "z",
        "name": "Zoné",
    }
    assert "There is nothing to change." in town.mendway("apply", tmp_path / "out" / "town.toml").out


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# --- tokens, epochs, and commands that cannot work ---


def test_a_token_of_staff_opens_the_desk(town: BareTown):
    token = town.mendway("create-token", "--staff", "dora", "--days", "1").out.strip()

    with town.api() as api:
        api.holder(token).get("/v1/work", expect=200)
        town.rows("UPDATE credential SET expires_at = now() - interval '1 second'")
        desk = api.holder(token)
        desk.get("/v1/work", expect=401)
        assert desk.last is not None
        assert desk.last.problem == "token-expired"


def test_a_key_of_an_importer_may_send_the_past_and_nothing_else(town: BareTown):
    key = town.mendway("create-token", "--importer", "the old system").out.strip()
    past = draft("pothole", WARD_1, received_at="2015-03-01T12:00:00Z")

    with town.api() as api:
        receipt = api.resident().post("/v1/reports", json=past, headers={"Importer-Key": key}, expect=201)
        assert receipt["received_at"] == "2015-03-01T12:00:00.000Z"
        api.holder(key).get("/v1/work", expect=401)  # it is no bearer token


def test_a_token_for_nobody_is_refused(town: BareTown):
    said = town.mendway("create-token", "--staff", "zoe", expect=1)

    assert (
        said.err.strip()
        == "There is no active member of staff of that code. There is adam, ana, bo, dora, lia, pia, rod, sue, wes."
    )
    assert town.value("SELECT count(*) FROM credential") == 0


def test_a_restore_makes_every_reader_begin_anew(town: BareTown):
    token = town.mendway("create-token", "--staff", "dora").out.strip()
    with town.api() as api:
        send_report(api.resident(), "pothole", WARD_1)
        cursor = api.holder(token).get("/v1/changes")["next"]

        said = town.mendway("new-epoch")

        assert "The change log of testing has begun epoch" in said.out
        api.holder(token).get(f"/v1/changes?cursor={cursor}", expect=410)


@pytest.mark.parametrize(
    "words",
    [["export-town"], ["create-token", "--staff", "ana"], ["new-epoch"], ["import-areas", "wards", "wards.geojson"]],
    ids=lambda words: words[0],
)
def test_commands_say_that_there_is_no_town(bare: BareTown, words: list[str]):
    said = bare.mendway(*words, expect=1)

    assert said.err.strip() == "There is no town in this database yet; `mendway apply town.toml` makes one."


def test_commands_say_that_the_database_is_away(bare: BareTown, town_folder: Path):
    bare.environment["DATABASE_URL"] = "postgresql://mendway@127.0.0.1:9/nothing"

    for words in (["apply", town_folder / "town.toml"], ["export-town"], ["migrate"]):
        said = bare.mendway(*words, expect=1)
        assert "The database cannot be" in said.err
        assert "Traceback" not in said.err


def test_commands_say_that_the_database_is_not_migrated(unmigrated: BareTown, town_folder: Path):
    said = unmigrated.mendway("apply", town_folder / "town.toml", expect=1)

    assert said.err.strip() == "The database is not migrated to this version. Run `mendway migrate` first."
    unmigrated.mendway("migrate")
    unmigrated.mendway("apply", town_folder / "town.toml")


def test_commands_name_all_that_is_missing_in_the_settings(bare: BareTown):
    del bare.environment["DATABASE_URL"], bare.environment["MENDWAY_SECRET"]

    said = bare.mendway("export-town", expect=1)

    assert "DATABASE_URL is not set." in said.err
    assert "MENDWAY_SECRET is not set." in said.err


def test_two_at_once_wait_for_each_other(town: BareTown, edit: Edit):
    path = edit('phone = "555-0101"', 'phone = "555-0111"')
    with town.session() as other:
        from sqlalchemy import text

        other.execute(text("SELECT pg_advisory_xact_lock(hashtext('mendway.catalogue'))"))

        said = town.mendway("apply", path, expect=1)

    assert said.err.strip() == "Somebody else is changing the same thing at this moment. Try again when they are done."
    town.mendway("apply", path)


VERBS = """
    migrate check-migrations new-epoch apply export-town import-areas create-token list-keys rotate-key revoke-key
    load-demo replay write-openapi
"""


@pytest.mark.parametrize("verb", VERBS.split())
def test_every_verb_explains_itself(bare: BareTown, verb: str):
    said = bare.mendway(verb, "--help")

    assert said.out.startswith(f"usage: mendway {verb}")
    assert len(said.out.splitlines()) > 5


# --- the demo town ---


def test_the_demo_town_comes_with_a_past_that_nobody_is_told_of(bare: BareTown):
    said = bare.mendway("load-demo", "--reports", "150")

    demo = json.loads((bare.data / "demo.json").read_text())
    assert demo.keys() == {"base_url", "resident", "crew", "dispatcher", "admin"}
    assert (bare.data / "demo.json").stat().st_mode & 0o077 == 0
    assert re.search(r"The demo town is loaded, with \d+ reports", said.out)
    counts = bare.counts()
    assert counts["report"] > 100
    assert counts["report_event"] == counts["change"] > counts["report"]
    assert (counts["announcement"], counts["notification"], counts["procrastinate_jobs"]) == (0, 0, 0)
    assert bare.value("SELECT count(*) FROM change WHERE number IS NULL") == 0
    assert bare.value(
        "SELECT bool_and(last_seq = (SELECT max(seq) FROM report_event e WHERE e.report_id = r.id)) FROM report r"
    )
    assert bare.rows("SELECT push_kind, push_value, language FROM device") == [
        {"push_kind": "fcm_token", "push_value": "demo-phone", "language": "en"}
    ]


def test_the_tokens_of_the_demo_town_open_what_they_should(bare: BareTown):
    bare.mendway("load-demo", "--reports", "150")
    demo = json.loads((bare.data / "demo.json").read_text())

    with bare.api() as api:
        mine = api.holder(demo["resident"]).get("/v1/reports?mine=true")["items"]
        assert len(mine) == 6
        assert all(report["mine"] for report in mine)
        timeline = api.holder(demo["dispatcher"]).get(f"/v1/reports/{mine[0]['id']}/timeline")["items"]
        assert timeline[0]["kind"] == "received"
        assert api.holder(demo["crew"]).get("/v1/work")["items"]
        assert len(api.holder(demo["admin"]).get("/v1/changes?limit=100")["items"]) == 100
        assert len(api.stranger().get("/v1/reports?limit=100")["items"]) == 100


def test_the_demo_town_a_second_time_keeps_everything(bare: BareTown):
    bare.mendway("load-demo", "--reports", "30")
    first, counts = (bare.data / "demo.json").read_text(), bare.counts()

    said = bare.mendway("load-demo", "--reports", "30")

    assert "The demo town is there." in said.out
    assert (bare.data / "demo.json").read_text() == first
    assert bare.counts() == counts


def test_a_lost_demo_file_is_written_anew_with_tokens_that_work(bare: BareTown):
    bare.mendway("load-demo", "--reports", "30")
    (bare.data / "demo.json").unlink()

    bare.mendway("load-demo")

    demo = json.loads((bare.data / "demo.json").read_text())
    with bare.api() as api:
        assert api.holder(demo["resident"]).get("/v1/reports?mine=true")["items"]
        api.holder(demo["admin"]).get("/v1/work", expect=200)
    assert bare.value("SELECT count(*) FROM device") == 1


def test_a_real_town_is_not_turned_into_the_demo_town(town: BareTown):
    counts = town.counts()

    said = town.mendway("load-demo")

    assert said.out.strip() == "This database holds the town testing; the demo town is not loaded."
    assert town.counts() == counts
