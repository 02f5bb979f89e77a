"""town.toml: what is refused and how it is named, what counts as a difference, and that nothing is lost on the way out."""

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from actions.catalogue.differences import differences
from actions.catalogue.export import town_toml
from actions.catalogue.mistakes import BadTown
from actions.catalogue.plan import Plan, form_of, form_version
from actions.catalogue.read import read_town
from tests.support.bare import TOWN_FOLDER
from tests.support.database import Database
from tests.support.server import sqlalchemy_url
from tests.support.shapes import feature, geojson, polygon, square

Edit = Callable[..., Path]


@pytest.fixture(scope="module")
def session(worker_database: Database) -> Iterator[Session]:
    """Only lends PostGIS."""
    engine = create_engine(sqlalchemy_url(worker_database.url))
    with Session(engine) as lent:
        yield lent
    engine.dispose()


@pytest.fixture
def plan(session: Session) -> Plan:
    return read_town(session, TOWN_FOLDER / "town.toml")


def mistakes(session: Session, path: Path) -> list[str]:
    with pytest.raises(BadTown) as refused:
        read_town(session, path)
    return refused.value.mistakes


def test_the_town_of_the_tests_reads(plan: Plan):
    assert list(plan.sections["categories"])[:3] == ["pothole", "streetlight", "fallen-tree"]
    assert {layer: sorted(found.codes) for layer, found in plan.areas.items()}["wards"] == ["1", "2", "3", "4"]
    assert plan.sections["rules"]["trees-in-parks"]["layer"] == "parks"


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        pytest.param("format = 1", "format = 2", "format: this program reads format 1", id="another format"),
        pytest.param(
            'time_zone = "America/New_York"',
            'time_zone = "Boston"',
            "town.time_zone: 'Boston' is not an IANA time zone such as America/New_York",
            id="time zone",
        ),
        pytest.param('code = "testing"', 'code = "Our Town"', "town.code: must be a code", id="code of the town"),
        pytest.param(
            'outside = "county"', 'outside = "moon"', "town.outside: there is no external body 'moon'", id="outside"
        ),
        pytest.param(
            'languages = ["en", "es"]',
            'languages = ["en", "zz-bad"]',
            "town.languages: 'zz-bad' is not a language code",
            id="language",
        ),
        pytest.param(
            'name = { en = "Streets", es = "Calles" }',
            'name = { en = "Streets" }',
            "groups.streets.name: Spanish text missing",
            id="a language is missing",
        ),
        pytest.param(
            'name = { en = "Streets", es = "Calles" }',
            'name = { en = "Streets", es = "Calles", fr = "Rues" }',
            "groups.streets.name.fr: the town's languages are English and Spanish",
            id="a language too many",
        ),
        pytest.param(
            'name = { en = "Streets", es = "Calles" }',
            'name = "Streets"',
            "groups.streets.name: must have a text for each language: { en = …, es = … }",
            id="a bare text",
        ),
        pytest.param(
            'es = "¿Qué profundidad?"',
            'es = " "',
            "categories.pothole.questions[2].label.es: is empty",
            id="an empty text",
        ),
        pytest.param(
            'label = { en = "How deep?", es = "¿Qué profundidad?" }',
            'label = { en = "How deep?" }',
            "categories.pothole.questions[2].label: Spanish text missing",
            id="the second question",
        ),
        pytest.param(
            'phone = "555-0101"',
            'fone = "555-0101"',
            "departments.roads.fone: unknown; known here are",
            id="unknown key",
        ),
        pytest.param(
            'phone = "555-0101"', 'phone = "555\\n0101"', "departments.roads.phone: must be one line", id="two lines"
        ),
        pytest.param("[groups.green]", "[group.green]", "group: unknown; known here are", id="unknown section"),
        pytest.param(
            "[crews.parks-one]", "[crews.Parks]", "crews.Parks: a code has small letters", id="code of a crew"
        ),
        pytest.param('email = "roads@squareton.example"', 'email = "roads"', "is not an e-mail address", id="e-mail"),
        pytest.param('url = "https://highways.example"', 'url = "highways"', "must be a link", id="link"),
        pytest.param(
            'name = "Parks One"\ndepartment = "parks"',
            'name = "Parks One"\ndepartment = "park"',
            "crews.parks-one.department: there is no department 'park'",
            id="department of a crew",
        ),
        pytest.param("blur_m = 200", "blur_m = -1", "categories.needles.blur_m: must be a whole number", id="blur"),
        pytest.param("blur_m = 200", "blur_m = true", "categories.needles.blur_m: must be a whole number", id="a flag"),
        pytest.param(
            "public = false", 'public = "no"', "categories.neighbour.public: must be true or false", id="not a flag"
        ),
        pytest.param(
            'areas = ["parks:mill-park"]',
            'areas = ["parks:mill"]',
            "categories.park-litter.areas: layer 'parks' has no area 'mill'; it has",
            id="area of a category",
        ),
        pytest.param(
            'areas = ["parks:mill-park"]',
            'areas = ["parks"]',
            "areas: must be layer:code, not 'parks'",
            id="whole layer",
        ),
        pytest.param(
            'type = "yes_no"', 'type = "boolean"', "questions[1].type: must be choice, multi_choice", id="type"
        ),
        pytest.param(
            "max_length = 20", "max_length = 0", "questions[4].max_length: must be a whole number from 1", id="length"
        ),
        pytest.param(
            "max_length = 20",
            "max = 20",
            "questions[4].max: is only for questions of type number, not text",
            id="max of text",
        ),
        pytest.param(
            "max = 200", "max = 0", "categories.pothole.questions[2].max: is below min (1)", id="max below min"
        ),
        pytest.param("min = 1\nmax", "min = nan\nmax", "questions[2].min: must be a number", id="nan"),
        pytest.param(
            'code = "since"',
            'code = "is_out"',
            "questions[2].code: an earlier question of this category",
            id="same question",
        ),
        pytest.param(
            '{ code = "large", label',
            '{ code = "small", label',
            "categories.pothole.questions[1].choices[2].code: an earlier choice is called 'small' too",
            id="same choice",
        ),
        pytest.param(
            'stop = { number = "800-555-0100", text = { en = "Leave the house and call.", es = "Salga de la casa y llame." } }',
            'stop = { text = { en = "Leave the house and call." } }',
            "categories.gas.stop.number: missing",
            id="a stop without a number",
        ),
        pytest.param(
            'when = { question = "size", is = ["large"] }',
            'when = { question = "depth_cm", is = ["large"] }',
            "questions[2].when.question: 'depth_cm' is not an earlier question",
            id="a condition on itself",
        ),
        pytest.param(
            'when = { question = "size", is = ["large"] }',
            'when = { question = "size", is = ["huge"] }',
            "questions[2].when.is: 'size' has no answer 'huge'; it has small, large, collapse",
            id="a condition on nothing",
        ),
        pytest.param(
            'when = { question = "is_out", is = ["yes"] }',
            'when = { question = "is_out", is = [] }',
            "questions[2].when.is: names no answer",
            id="an empty condition",
        ),
        pytest.param(
            'area = "corridors:route-9"\nbody = "state-highways"',
            'area = "corridors:route-9"\nbody = "state-highways"\ndepartment = "roads"',
            "rules.potholes-on-route-9: must name either a department or a body",
            id="two targets",
        ),
        pytest.param(
            'area = "harbour:bay"\nbody = "harbour-board"',
            'area = "harbour:bay"',
            "rules.in-the-bay: must name either a department or a body",
            id="no target",
        ),
        pytest.param(
            'category = "pothole"\narea',
            'category = "potholes"\narea',
            "there is no category 'potholes'",
            id="rule's category",
        ),
        pytest.param(
            'category = "pothole"\narea',
            'category = "pothole"\ngroup = "streets"\narea',
            "names a category and a group",
            id="category and group",
        ),
        pytest.param(
            'area = "corridors:route-9"',
            'area = "corridor:route-9"',
            "area: there is no layer 'corridor'",
            id="rule's layer",
        ),
        pytest.param(
            'area = "corridors:route-9"',
            'area = "corridors:route-8"',
            "has no area 'route-8'; it has route-9",
            id="rule's area",
        ),
        pytest.param("priority = 100", 'priority = "high"', "priority: must be a whole number", id="priority"),
        pytest.param(
            'role = "admin"',
            'role = "boss"',
            "staff.adam.role: must be crew, dispatcher, supervisor, admin or analyst, not 'boss'",
            id="role",
        ),
        pytest.param(
            'role = "admin"',
            'role = "crew"',
            "staff.adam.crew: missing; somebody of role crew belongs to one",
            id="no crew",
        ),
        pytest.param(
            'role = "admin"',
            'role = "admin"\ncrew = "parks-one"',
            "staff.adam.crew: only somebody of role crew",
            id="a crew",
        ),
        pytest.param(
            'role = "admin"',
            'role = "admin"\ndepartment = "roads"',
            "staff.adam.department: only a dispatcher, supervisor or analyst may have one",
            id="an admin's department",
        ),
        pytest.param(
            'role = "admin"',
            'role = "admin"\nareas = ["wards:1"]',
            "staff.adam.areas: an admin works",
            id="admin's areas",
        ),
        pytest.param(
            'areas = ["wards:1"]',
            'areas = ["corridors:route-9"]',
            "staff.wes.areas: reports do not keep their area of layer 'corridors'",
            id="areas that no report keeps",
        ),
        pytest.param(
            'areas = ["wards:1"]',
            'areas = ["wards:99"]',
            "staff.wes.areas: layer 'wards' has no area '99'",
            id="no area",
        ),
        pytest.param(
            'department = "roads"\n\n[staff.wes]',
            'departments = ["moon"]\n\n[staff.wes]',
            "staff.rod.departments: there is no department 'moon'",
            id="departments",
        ),
        pytest.param(
            'file = "areas/wards.geojson"', 'file = "areas/nope.geojson"', "nope.geojson is not there", id="no file"
        ),
        pytest.param(
            'file = "areas/wards.geojson"\ncode_field = "code"',
            'file = "areas/wards.geojson"\ncode_field = "WARD"',
            "wards.geojson has no field 'WARD' for the code. Its fields are code",
            id="no field",
        ),
        pytest.param(
            'edition = "2025"', "edition = 2025", "layers.districts.edition: must be text, not 2025", id="edition"
        ),
        pytest.param('outline = "areas/outline.geojson"', "", "town.outline: missing", id="no outline"),
    ],
)
def test_a_mistake_is_named_with_its_place(session: Session, edit: Edit, old: str, new: str, mistake: str):
    found = mistakes(session, edit(old, new))

    assert any(mistake in line for line in found), found


def test_all_mistakes_are_named_at_once(session: Session, edit: Edit):
    path = edit(
        'time_zone = "America/New_York"', 'time_zone = "Boston"',
        'es = "¿Qué profundidad?"', 'es = ""',
        'body = "harbour-board"', 'body = "nobody"',
        'file = "areas/parks.geojson"', 'file = "areas/gone.geojson"',
        'role = "admin"', 'role = "boss"',
    )  # fmt: skip

    found = mistakes(session, path)

    places = [line.split(":")[0] for line in found]
    assert places == [
        "town.time_zone",
        "layers.parks.file",
        "categories.pothole.questions[2].label.es",
        "rules.in-the-bay.body",
        "staff.adam.role",
    ]


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        pytest.param(b"[town\n", "is not TOML", id="not TOML"),
        pytest.param(b"\xff\xfe", "is not UTF-8 text", id="not UTF-8"),
        pytest.param(b"format = 1\n", "town: missing", id="no town"),
        pytest.param(b"format = 1\ntown = 5\n", "town: must be a table", id="a number for a town"),
        pytest.param(b"format = 1\n[town]\ncategories = 3", "town.code: missing", id="an empty town"),
    ],
)
def test_a_file_that_is_no_town_is_refused(session: Session, tmp_path: Path, content: bytes, mistake: str):
    path = tmp_path / "town.toml"
    path.write_bytes(content)

    assert any(mistake in line for line in mistakes(session, path))


def test_area_files_are_refused_with_the_layer_that_names_them(session: Session, town_folder: Path):
    far = geojson(town_folder / "areas" / "parks.geojson", feature(square(10, 10, 0.01), code="mill-park", name="Mill"))

    found = mistakes(session, town_folder / "town.toml")

    assert found == [f"layers.parks.file: {far.name}: its areas lie 8,445 km away from the town."]


def test_a_town_of_several_pieces_has_one_outline(session: Session, town_folder: Path):
    geojson(
        town_folder / "areas" / "outline.geojson",
        feature(square(-70.0, 42.0, 0.03)),
        feature(square(-69.97, 42.0, 0.03)),
        feature(polygon([[-70.0, 42.03], [-69.94, 42.03], [-69.94, 42.04], [-70.0, 42.04], [-70.0, 42.03]])),
    )

    plan = read_town(session, town_folder / "town.toml")

    assert plan.outline.vertex_count < 12


# --- forms ---


def test_a_form_changes_its_version_with_its_words_and_with_nothing_else(session: Session, edit: Edit):
    before = read_town(session, TOWN_FOLDER / "town.toml").sections["categories"]
    after = read_town(
        session,
        edit(
            'es = "¿Qué profundidad?"', 'es = "¿Cuánto mide?"',
            "public = false", "public = true",
            'url = "https://county.example"', 'url = "https://county.example/311"',
        ),
    ).sections["categories"]  # fmt: skip

    changed = [code for code in before if form_version(form_of(before[code])) != form_version(form_of(after[code]))]
    assert changed == ["pothole"]


def test_a_form_holds_every_key_of_every_question(plan: Plan):
    form = form_of(plan.sections["categories"]["streetlight"])

    assert sorted(form) == ["description", "group", "name", "questions", "stop"]
    keys = {"code", "type", "required", "private", "label", "help", "min", "max", "max_length", "choices", "when"}
    assert all(question.keys() == keys for question in form["questions"])
    assert form["questions"][1]["when"] == {"question": "is_out", "is": ["yes"]}


# --- differences ---


def test_differences_say_what_was_and_what_will_be(session: Session, edit: Edit):
    before = read_town(session, TOWN_FOLDER / "town.toml")
    after = read_town(
        session,
        edit(
            'phone = "555-0101"', 'phone = "555-0111"',
            'label = { en = "How deep?"', 'label = { en = "How many centimetres deep?"',
            "[rules.litter]\ncategory = \"park-litter\"\ndepartment = \"parks\"\n", "",
            "[groups.green]", '[groups.water]\nname = { en = "Water", es = "Agua" }\n\n[groups.green]',
            'edition = "2025"', 'edition = "2026"',
        ),
    )  # fmt: skip

    assert [str(difference) for difference in differences(before, after)] == [
        '~ layers.districts.edition: "2025" → "2026"',
        '~ departments.roads.phone: "555-0101" → "555-0111"',
        '+ groups.water: "Water"',
        '~ categories.pothole.questions.depth_cm.label.en: "How deep?" → "How many centimetres deep?"',
        "- rules.litter",
    ]


def test_a_new_order_of_the_categories_is_a_difference(session: Session, edit: Edit):
    before = read_town(session, TOWN_FOLDER / "town.toml")
    other = '[categories.other]\nname = { en = "Something else", es = "Otra cosa" }\npublic = true\n'
    after = read_town(session, edit(other, "", "[categories.pothole]\n", f"{other}\n[categories.pothole]\n"))

    found = differences(before, after)

    assert len(found) == 1
    assert str(found[0]).startswith("~ categories: order pothole, streetlight")


def test_the_same_town_has_no_differences(session: Session, plan: Plan):
    assert differences(plan, read_town(session, TOWN_FOLDER / "town.toml")) == []


# --- the way out ---

_TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t\"'\\#=[]{}"), min_size=1, max_size=60
).filter(lambda text: text.strip())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=_TEXTS, label=_TEXTS, body=_TEXTS)
def test_any_words_survive_the_way_out(plan: Plan, name: str, label: str, body: str):
    name, label, body = name.strip(), label.strip(), body.strip()
    plan.town["name"] = {"en": name, "es": body}
    question = plan.sections["categories"]["pothole"]["questions"][0]
    question["label"] = {"en": label, "es": name}
    question["choices"][2]["stop"]["text"] = {"en": body, "es": label}
    plan.sections["staff"]["ana"]["name"] = name

    again = tomllib.loads(town_toml(plan))

    assert again["town"]["name"] == {"en": name, "es": body}
    written = again["categories"]["pothole"]["questions"][0]
    assert written["label"] == {"en": label, "es": name}
    assert written["choices"][2]["stop"]["text"] == {"en": body, "es": label}
    assert again["staff"]["ana"]["name"] == name


def test_the_town_comes_back_as_it_was(session: Session, plan: Plan, town_folder: Path):
    (town_folder / "town.toml").write_text(town_toml(plan))

    again = read_town(session, town_folder / "town.toml")

    assert differences(plan, again) == []
    assert list(again.sections["categories"]) == list(plan.sections["categories"])


def test_the_example_in_the_documentation_is_a_town(session: Session, town_folder: Path):
    pages = Path(__file__).parents[2] / "docs" / "town-toml.md"
    (town_folder / "town.toml").write_text(pages.read_text().split("```toml\n")[1].split("```")[0])

    plan = read_town(session, town_folder / "town.toml")

    assert {section: list(items) for section, items in plan.sections.items()} == {
        "layers": ["wards"],
        "departments": ["roads"],
        "external_bodies": ["county"],
        "crews": ["roads-north"],
        "groups": ["streets"],
        "categories": ["pothole", "gas"],
        "rules": ["streets-in-ward-1"],
        "staff": ["ana", "rod"],
        "notices": ["storm"],
        "calendars": ["office"],
        "targets": ["potholes"],
        "statuses": ["on_hold"],
        "reasons": ["frost"],
        "templates": ["hole-filled"],
    }
    assert {key: bool(value) for key, value in plan.town["app"].items()} == {
        "map_style": True,
        "privacy": True,
        "emergency": True,
        "ios": True,
        "android": True,
    }
