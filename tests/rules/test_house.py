"""The house keeps its rules: who may call what, who commits, where ST_ is, whose names these are."""

import ast
import importlib
import re
import tomllib
import uuid
from importlib.metadata import packages_distributions

import pytest
import yaml
from flask import Flask
from openapi_spec_validator import validate

from api.auth import refuse_undeclared_routes
from api.openapi import as_yaml
from domain.people import PERSON_ROLES
from domain.rights import PEOPLE, ROLES
from tests.support.live import ROOT

ROOMS = ("api", "jobs", "actions", "geo", "media", "notifications", "identity", "domain", "core")
MORE_ROOMS = ("machine", "replay", "demo", "bench")


def sources(*rooms):
    """Every Python file of these rooms, with its text."""
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text()


# --- who may call what ---


def test_every_route_says_who_may_call_it(worker_app):
    refuse_undeclared_routes(worker_app)

    for name, view in worker_app.view_functions.items():
        assert set(view.allowed_roles) <= set(ROLES), name
        assert view.allowed_roles or view.allows_strangers, f"{name} lets nobody in"


def test_a_route_that_does_not_say_stops_the_start():
    app = Flask("forgetful", static_folder=None)
    app.add_url_rule("/forgotten", "forgotten", lambda: "x")

    with pytest.raises(RuntimeError, match="forgotten"):
        refuse_undeclared_routes(app)


def test_the_roles_of_rights_are_those_of_people_and_programs():
    assert set(ROLES) == {*PERSON_ROLES, "partner"}
    assert set(PEOPLE) < set(ROLES)


@pytest.fixture
def people(resident, crew, dispatcher, supervisor, admin, analyst, partner):
    return {
        "resident": resident,
        "crew": crew,
        "dispatcher": dispatcher,
        "supervisor": supervisor,
        "admin": admin,
        "analyst": analyst,
        "partner": partner,
    }


def test_every_route_lets_in_whom_it_names_and_nobody_else(app, client, people, database):
    """Each role and a stranger at each route, with a body that is nonsense: who may not is told so before it is read."""
    asked = 0
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        path = re.sub(r"<slug>", "not-found", re.sub(r"<uuid:\w+>", str(uuid.uuid4()), str(rule)))
        path = re.sub(r"<[^>]*>", "x", path)
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            for role, person in {"stranger": client, **people}.items():
                answer = _knock(person, method, path)
                asked += 1
                may = (
                    view.allows_strangers
                    if role == "stranger"
                    else role in view.allowed_roles or not view.allowed_roles
                )
                wanted = "let in" if may else 401 if role == "stranger" else 403
                got = "let in" if answer.status not in (401, 403) else answer.status
                assert got == wanted, f"{role}: {method} {rule}: {answer}"
                assert answer.status != 500, f"{role}: {method} {rule}: {answer}"

    assert asked > 100
    assert database.value("SELECT count(*) FROM report") == 0


def _knock(person, method, path):
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4()), "If-Match": '"1"'}
    if person.token:
        headers["Authorization"] = f"Bearer {person.token}"
    return person.ask(method, path, headers, None if method == "GET" else b'{"nonsense": ')


def test_the_contract_names_the_roles_of_every_route(worker_app, contract):
    documented = {
        (path, method): operation
        for path, operations in contract.document["paths"].items()
        for method, operation in operations.items()
        if method in ("get", "put", "post", "patch", "delete")
    }
    for rule in worker_app.url_map.iter_rules():
        if not str(rule).startswith("/v1/"):
            continue
        view = worker_app.view_functions[rule.endpoint]
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(rule))
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            operation = documented.pop((path, method.lower()))
            assert operation.get("x-roles", []) == list(view.allowed_roles), path
            assert ({} in operation["security"] or not operation["security"]) == view.allows_strangers, path
            assert operation["summary"], path
    assert documented == {}


def test_no_module_but_api_reads_a_request():
    for path, text in sources(*(room for room in ROOMS if room != "api")):
        assert not re.search(r"\brequest\.(headers|args|json|get_data)\b", text), path


# --- the contract ---


def test_the_contract_is_valid_openapi(contract):
    validate(contract.document)


def test_every_error_in_the_contract_is_a_problem_document(contract):
    named = contract.document["components"]["responses"]
    for path, operations in contract.document["paths"].items():
        for method, operation in operations.items():
            if method not in ("get", "put", "post", "patch", "delete"):
                continue
            for code, response in operation["responses"].items():
                response = named[response["$ref"].rsplit("/", 1)[-1]] if "$ref" in response else response
                if code == "default" or code >= "400":
                    assert set(response["content"]) == {"application/problem+json"}, f"{method} {path} {code}"
            assert "default" in operation["responses"], f"{method} {path}"


def test_the_committed_contract_is_the_one_that_is_served(worker_app):
    committed = (ROOT / "openapi.yaml").read_text()

    assert committed == as_yaml(worker_app), "openapi.yaml is out of date: run `make openapi`"


def test_the_committed_contract_reads_as_it_is_served(contract):
    assert yaml.safe_load((ROOT / "openapi.yaml").read_text()) == contract.document


# --- who commits, and where ST_ is ---


def test_only_core_db_commits():
    for path, text in sources(*ROOMS):
        if path != "core/db.py":
            assert ".commit(" not in text, path


def test_st_is_only_in_geo():
    for path, text in sources(*(room for room in ROOMS if room != "geo"), "replay", "machine"):
        assert not re.search(r"\bST_[A-Z]\w+", text), path


def test_only_the_doors_open_transactions():
    for path, text in sources(*ROOMS):
        if path.split("/")[0] in ("api", "jobs", "core"):
            continue
        imported = {name for node in ast.walk(ast.parse(text)) for name in _imported(node)}
        assert not imported & {"core.db", "core.db.transaction", "core.db.single_statement"}, path


def _imported(node):
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
    return []


def test_nothing_is_caught_without_saying_what_but_at_the_doors():
    allowed = ("jobs/", "api/problems.py", "api/meta.py", "core/")
    for path, text in sources(*ROOMS):
        if not path.startswith(allowed):
            assert not re.search(r"except( Exception| BaseException)?:", text), path


def test_every_table_of_a_town_carries_its_jurisdiction(database):
    without = {
        row["table_name"]
        for row in database.rows(
            "SELECT table_name FROM information_schema.tables t WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
            " AND NOT EXISTS (SELECT 1 FROM information_schema.columns c WHERE c.table_schema = 'public'"
            " AND c.table_name = t.table_name AND c.column_name = 'jurisdiction_id')"
        )
    }

    assert {name for name in without if not name.startswith("procrastinate_")} == {
        "jurisdiction",
        "alembic_version",
        "rate_count",  # of phones and networks, whichever town they write to
        "spatial_ref_sys",
    }


def test_the_database_gives_jobs_without_shouting(database):
    # The queue's NOTIFY takes a lock at commit that all writers share.
    enabled = database.rows(
        "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'procrastinate_jobs'::regclass"
        " AND tgname LIKE '%%notify%%inserted%%'"
    )

    assert [row["tgenabled"] for row in enabled] == ["D"]


# --- whose names these are ---


@pytest.mark.parametrize("room", [*ROOMS, *MORE_ROOMS, "tests"])
def test_our_names_are_ours(room):
    module = importlib.import_module(room)

    assert module.__file__ == str(ROOT / room / "__init__.py")
    assert room not in packages_distributions(), f"an installed package claims the name {room}"
    assert (module.__doc__ or "").strip() or room == "tests", f"{room}/__init__.py does not say what the room is for"


def test_the_build_names_every_room():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert set(build["tool"]["setuptools"]["packages"]) >= {*ROOMS, "machine", "replay", "demo"}
    assert build["project"]["license"] == "Apache-2.0"


def test_every_folder_with_python_is_a_package_or_migrations():
    for path, _ in sources(*ROOMS, *MORE_ROOMS, "tests"):
        assert (ROOT / path).parent.joinpath("__init__.py").is_file(), path


def test_the_licence_is_apache_2():
    text = (ROOT / "LICENSE").read_text()

    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
