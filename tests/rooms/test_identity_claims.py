"""The file that says which claims of the city's provider give which role: what it may say, and what it gives."""

import pytest

from core.config import BadConfiguration
from identity.claims import Part, read_mapping

GOOD = """
code = "employee"
name = ["profile", "full_name"]

[[rules]]
claim = "groups"
values = ["311-admins"]
role = "admin"

[[rules]]
claim = ["realm_access", "roles"]
values = ["roads-desk", "roads-office"]
role = "dispatcher"
departments = ["roads"]
areas = ["wards:1"]

[[rules]]
claim = "groups"
values = ["crew-north"]
role = "crew"
crew = "roads-north"
"""


@pytest.fixture
def read(tmp_path):
    def write_and_read(text):
        (tmp_path / "oidc.toml").write_text(text)
        return read_mapping(tmp_path / "oidc.toml")

    return write_and_read


@pytest.mark.parametrize(
    ("claims", "part"),
    [
        pytest.param({"groups": ["x", "311-admins"]}, Part("admin"), id="one of a list"),
        pytest.param({"groups": "311-admins"}, Part("admin"), id="one text"),
        pytest.param({"groups": "311-admins and others"}, None, id="not the whole text"),
        pytest.param({"groups": ["311-ADMINS"]}, None, id="the case matters"),
        pytest.param(
            {"realm_access": {"roles": ["roads-office"]}},
            Part("dispatcher", ("roads",), ("wards:1",)),
            id="further down",
        ),
        pytest.param({"groups": ["crew-north"]}, Part("crew", crew="roads-north"), id="a crew"),
        pytest.param({"groups": ["crew-north", "311-admins"]}, Part("admin"), id="the first rule wins"),
        pytest.param({"realm_access.roles": ["roads-desk"]}, None, id="a dot is a dot"),
        pytest.param({"realm_access": ["roles"]}, None, id="a list on the way"),
        pytest.param({"groups": {"311-admins": True}}, None, id="an object"),
        pytest.param({"groups": [["311-admins"]]}, None, id="a list in a list"),
        pytest.param({"groups": None}, None, id="null"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_the_first_rule_that_fits_says_what_somebody_is(read, claims, part):
    assert read(GOOD).part_of(claims) == part


def test_code_and_name_are_read_from_where_the_file_says(read):
    rules = read(GOOD)

    assert rules.code_of({"employee": " Dora "}) == "dora"
    assert rules.code_of({"employee": ["dora", "sue"]}) is None
    assert rules.code_of({"employee": "do\0ra"}) is None
    assert rules.name_of({"profile": {"full_name": "Dora  Dee"}}) == "Dora Dee"
    assert rules.name_of({"profile": {"full_name": "Do\0ra\r\nDee\x1b[31m"}}) == "Do ra Dee [31m"
    assert rules.name_of({"profile": {"full_name": "\0"}}) is None
    assert read('[[rules]]\nclaim = "g"\nvalues = ["v"]\nrole = "admin"').code_of({"employee": "dora"}) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = [", "oidc.toml"),
        ("", "lets nobody in"),
        ('colour = "red"\ncode = "c"', "`colour` is not known"),
        ("code = 7", "`code` is the name of a claim"),
        ('[rules]\nclaim = "g"', "[[rules]]"),
        ('[[rules]]\nvalues = ["v"]\nrole = "admin"', "rule 1: `claim`"),
        ('[[rules]]\nclaim = "g"\nvalues = []\nrole = "admin"', "rule 1: `values`"),
        ('[[rules]]\nclaim = "g"\nvalues = "v"\nrole = "admin"', "rule 1: `values`"),
        ('[[rules]]\nclaim = "g"\nvalues = ["v"]\nrole = "resident"', "rule 1: `role` is one of crew, dispatcher"),
        ('[[rules]]\nclaim = "g"\nvalues = ["v"]\nrole = "crew"', "`crew` goes with the role crew"),
        ('[[rules]]\nclaim = "g"\nvalues = ["v"]\nrole = "admin"\ncrew = "c"', "`crew` goes with the role crew"),
        ('[[rules]]\nclaim = "g"\nvalues = ["v"]\nrole = "admin"\ndepartments = ["Roads!"]', "`departments`"),
        ('[[rules]]\nclaim = "g"\nvalues = ["v"]\nrole = "admin"\nareas = ["ward 1"]', "`areas`"),
        ('[[rules]]\nclaim = "g"\nvalues = ["v"]\nrole = "admin"\nareaz = ["wards:1"]', "`areaz` is not known"),
    ],
)
def test_every_mistake_of_the_file_is_named(read, text, told):
    with pytest.raises(BadConfiguration) as caught:
        read(text)

    assert told in str(caught.value)


def test_all_mistakes_are_named_together(read):
    with pytest.raises(BadConfiguration) as caught:
        read('[[rules]]\nrole = "boss"\n[[rules]]\nclaim = "g"\nvalues = [7]\nrole = "admin"')

    assert len(caught.value.mistakes) == 4
