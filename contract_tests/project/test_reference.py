"""The generated pages of docs/reference/ are current, and describe what the server has."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from contract_tests.commands import run_command
from mockserver.admin.openapi import TAGS
from mockserver.admin.outcomes import MEANINGS
from mockserver.app import create_app
from mockserver.engine.journal import OUTCOMES

ROOT = Path(__file__).parents[2]


def check(docs: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, docs / "generate.py", "--check"], capture_output=True, text=True, cwd=ROOT)


def test_the_committed_reference_is_what_the_code_generates() -> None:
    checked = check(ROOT / "docs")

    assert (0, "") == (checked.returncode, checked.stderr)


def test_a_stale_page_is_named_with_its_difference_and_the_command(tmp_path: Path) -> None:
    # The generator reads the tests of the providers beside it.
    docs = tmp_path / "docs"
    shutil.copytree(ROOT / "docs", docs, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
    (tmp_path / "contract_tests").symlink_to(ROOT / "contract_tests")
    page = docs / "reference" / "exit-codes.md"
    page.write_text(page.read_text().replace("| 3 | no_server |", "| 3 | server_gone |"))

    checked = check(docs)

    assert 1 == checked.returncode
    lines = checked.stderr.splitlines()
    assert ["--- docs/reference/exit-codes.md", "+++ docs/reference/exit-codes.md as generated"] == lines[:2]
    assert ["server_gone", "no_server"] == [line.split(" | ")[1] for line in lines if line.startswith(("-|", "+|"))]
    assert "docs/reference/exit-codes.md is not current: run make reference" == lines[-1]


def test_every_outcome_has_its_meaning() -> None:
    assert [*OUTCOMES] == [*MEANINGS]


def test_every_endpoint_has_a_tag_that_is_described() -> None:
    document = create_app().test_client().get("/_mock/openapi.json").get_json()
    described = {tag["name"] for tag in document["tags"]}
    modules = {
        (operation["operationId"].partition(".")[0], *operation["tags"])
        for path in document["paths"].values()
        for operation in path.values()
    }

    assert modules == {(module, tag) for module, (tag, _) in TAGS.items()}
    assert described == {tag for tag, _ in TAGS.values()}


@pytest.mark.parametrize("name", ["demo", "small"])
def test_a_shipped_world_fits_the_published_schema(name: str) -> None:
    schema = json.loads((ROOT / "docs/reference/world.schema.json").read_text())
    world = json.loads((ROOT / f"fixtures/worlds/{name}.json").read_text())
    for account in world["accounts"]:
        account["messages"] = account.get("messages", [])[:20]  # jsonschema is slow

    jsonschema.Draft7Validator.check_schema(schema)
    assert [] == [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(world)]


def test_a_saved_world_fits_the_published_schema_and_a_mistake_does_not() -> None:
    client = create_app().test_client()
    rule = {"fault": {"kind": "delay", "seconds": 1}, "match": {"provider": "mgage"}}
    client.post("/_mock/worlds", json={"id": "saved", "fixture": "empty"})
    client.post("/_mock/worlds/saved/faults", json=rule)
    schema = json.loads((ROOT / "docs/reference/world.schema.json").read_text())
    saved = client.get("/_mock/worlds/saved/snapshot").get_json()

    jsonschema.validate(saved, schema)
    saved["faults"][0]["fault"] = {"kind": "delya"}
    with pytest.raises(jsonschema.ValidationError, match="is not valid under any of the given schemas"):
        jsonschema.validate(saved, schema)


def test_the_command_prints_the_published_schema_of_world_files() -> None:
    printed = run_command("fixtures", "schema")

    assert (0, "") == (printed.returncode, printed.stderr)
    assert (ROOT / "docs/reference/world.schema.json").read_text() == printed.stdout
