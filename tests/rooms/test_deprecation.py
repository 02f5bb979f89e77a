"""What goes away says so for a year before, in headers and in the contract."""

from datetime import date

import pytest
from flask import Flask
from marshmallow import fields

from api.app import OwnErrors
from api.auth import open_to_all
from api.blueprints import Audience
from api.deprecation import announced, deprecated, months_after, set_up_deprecation
from api.fields import Shape
from api.openapi import document
from api.openapi.about import spec_options
from api.schemas import Problem
from domain.errors import NotFound


class TreeOut(Shape):
    """A tree."""

    latin = fields.String(metadata=announced(since=date(2027, 3, 1), sunset=date(2028, 3, 1)))


@pytest.fixture(scope="module")
def orchard() -> Flask:
    """A small program with one route that stays and two that go."""
    app = Flask("orchard", static_folder=None)
    app.config.update(API_TITLE="T", API_VERSION="1", OPENAPI_VERSION="3.1.0", API_SPEC_OPTIONS=spec_options())
    trees = Audience("trees", __name__, description="Trees")
    going = deprecated(since=date(2027, 3, 1), sunset=date(2028, 3, 1), see="/docs/trees")

    @trees.get("/oaks")
    @going
    @open_to_all
    @trees.response(200, TreeOut)
    def read_oak():
        """An oak"""
        return {}

    @trees.get("/elms")
    @going
    @open_to_all
    @trees.response(200, TreeOut)
    def read_elm():
        """An elm"""
        raise NotFound()

    @trees.get("/firs")
    @open_to_all
    @trees.response(200, TreeOut)
    def read_fir():
        """A fir"""
        return {}

    OwnErrors.ERROR_SCHEMA = Problem
    api = app.extensions["mendway-api"] = OwnErrors(app)
    api.register_blueprint(trees)
    app.register_error_handler(NotFound, lambda _: ("", 404))
    set_up_deprecation(app)
    return app


@pytest.mark.parametrize(("path", "status"), [("/v1/oaks", 200), ("/v1/elms", 404)])
def test_every_answer_of_a_route_that_goes_says_when(orchard, path, status):
    answer = orchard.test_client().get(path)

    assert answer.status_code == status
    assert answer.headers["Deprecation"] == "@1803859200"
    assert answer.headers["Sunset"] == "Wed, 01 Mar 2028 00:00:00 GMT"
    assert answer.headers["Link"] == '</docs/trees>; rel="deprecation"; type="text/html"'


def test_a_route_that_stays_says_nothing(orchard):
    answer = orchard.test_client().get("/v1/firs")

    assert not {"Deprecation", "Sunset", "Link"} & {name for name, _ in answer.headers}


def test_the_contract_marks_it(orchard):
    paths = document(orchard)["paths"]

    assert paths["/v1/oaks"]["get"]["deprecated"] is True
    assert paths["/v1/oaks"]["get"]["x-sunset"] == "2028-03-01"
    assert "/docs/trees says what to use instead" in paths["/v1/oaks"]["get"]["description"]
    assert "deprecated" not in paths["/v1/firs"]["get"]


def test_a_member_is_marked_in_the_contract(orchard):
    latin = document(orchard)["components"]["schemas"]["TreeOut"]["properties"]["latin"]

    assert latin["deprecated"] is True
    assert latin["x-sunset"] == "2028-03-01"


@pytest.mark.parametrize(
    "mark", [lambda **days: deprecated(**days, see="/docs"), announced], ids=["a route", "a member"]
)
def test_less_than_twelve_months_stop_the_start(mark):
    with pytest.raises(ValueError, match="at least 12 months, until 2028-03-01"):
        mark(since=date(2027, 3, 1), sunset=date(2028, 2, 29))


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2027, 3, 1), 12, date(2028, 3, 1)),
        (date(2027, 12, 15), 1, date(2028, 1, 15)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
    ],
)
def test_months_are_those_of_the_calendar(day, months, later):
    assert months_after(day, months) == later
