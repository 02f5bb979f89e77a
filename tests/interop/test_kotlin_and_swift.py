"""Clients for Android and iPhone, made from openapi.yaml by OpenAPI Generator: every type is there, and knows what may be missing."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.live import ROOT

KOTLIN = ["kotlin", "--library", "jvm-okhttp4", "--additional-properties=serializationLibrary=kotlinx_serialization"]
SWIFT = ["swift6"]


@pytest.fixture(scope="module")
def schemas():
    """The objects of the contract, and which members each may lack."""
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text())
    return document["components"]["schemas"]


def made(program: Path, folder: Path, *language: str) -> dict[str, str]:
    """The models that were written, by the name of their file."""
    command = [str(program), "generate", "-i", str(ROOT / "openapi.yaml"), "-o", str(folder), "-g", *language]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return {file.stem: file.read_text() for file in folder.rglob("*") if "odels" in str(file.parent) and file.is_file()}


def members(schemas) -> Iterator[tuple[str, str, bool]]:
    """Every member of every object: (schema, member, whether it may be null or missing)."""
    for name, schema in schemas.items():
        for member, shape in schema.get("properties", {}).items():
            target = schemas[shape["$ref"].rpartition("/")[2]] if "$ref" in shape else shape
            may_lack = "null" in target.get("type", []) or member not in schema.get("required", [])
            yield name, member, may_lack


def test_every_kotlin_type_knows_what_may_be_missing(generator_program: Path, tmp_path: Path, schemas):
    models = made(generator_program, tmp_path, *KOTLIN)

    checked = 0
    for name, member, may_lack in members(schemas):
        found = re.search(rf'SerialName\(value = "{member}"\)\s+va[lr] \S+: ([^\n=]+)', models[name])
        assert found, f"{name}.{member} is not in the Kotlin client"
        kind = found[1].strip(", ")
        assert kind.endswith("?") == may_lack, f"{name}.{member} is {kind} in Kotlin"
        checked += 1
    assert checked > 150


def test_every_swift_type_knows_what_may_be_missing(generator_program: Path, tmp_path: Path, schemas):
    models = made(generator_program, tmp_path, *SWIFT)

    checked = 0
    for name, member, may_lack in members(schemas):
        spelt = re.sub(r"_([a-z])", lambda letter: letter[1].upper(), member)
        found = re.search(rf"public var _?`?{spelt}`?: ([^\n=]+)", models[name])
        assert found, f"{name}.{member} is not in the Swift client"
        assert found[1].strip().endswith("?") == may_lack, f"{name}.{member} is {found[1]} in Swift"
        checked += 1
    assert checked > 150


def test_kotlin_and_swift_call_operations_as_the_contract_does(generator_program: Path, tmp_path: Path):
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text())
    names = [
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
        if "responses" in operation
    ]

    made(generator_program, tmp_path, *SWIFT)

    code = "".join(file.read_text() for file in tmp_path.rglob("*API.swift"))
    for name in names:
        spelt = re.sub(r"_([a-z])", lambda letter: letter[1].upper(), name)
        assert re.search(rf"func {spelt}\w*\(", code), f"{name} is not in the Swift client"
