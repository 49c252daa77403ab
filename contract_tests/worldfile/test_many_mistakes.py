"""A document with many mistakes is rejected at the first ones: no test measures time, they count what was looked at."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft7Validator
from werkzeug.test import Client

from contract_tests.commands import run_command
from contract_tests.installed import PROVIDERS
from mockserver import worldfile
from mockserver.app import Service, find_world_file_errors
from mockserver.sdk.loading import installed_providers
from mockserver.validation import json_schema
from mockserver.validation.json_schema import LONG, MOST_ERRORS, find_schema_errors, object_schema
from mockserver.worldfile.decoding import decode

MANY = 20_000
RULES = worldfile.Rules.of(PROVIDERS, installed_providers().switches)
LOGINS = {"name": "a", "logins": ["pair"]}
NUMBERS = {"provider": "dialogtech", **LOGINS, "numbers": [{}] * MANY}
MESSAGES = {"provider": "mgage", **LOGINS, "messages": [{}] * MANY}
DOCUMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "empty accounts": ({"accounts": [{}] * MANY}, "accounts[0].provider: is missing"),
    "texts for accounts": ({"accounts": ["x"] * MANY}, "accounts[0]: 'x' is not an account"),
    "empty scheduled messages": ({"scheduled": [{}] * MANY}, "scheduled[0].at: is missing"),
    "uses that are no instants": ({"uses": {"w": [1] * MANY}}, "uses.w[0]: 1 is not an instant"),
    "empty numbers": ({"accounts": [NUMBERS]}, "accounts[0].numbers[0].number: is missing"),
    "empty messages": ({"accounts": [MESSAGES]}, "accounts[0].messages[0].id: is missing"),
    "unknown keys": ({f"k{number}": 1 for number in range(MANY)}, "k0: unknown key"),
    "unknown variants": ({"variants": {f"k{number}": 1 for number in range(MANY)}}, "variants.k0: unknown variant"),
    "sequences that are texts": (
        {"sequences": {f"k{number}": "" for number in range(MANY)}},
        "sequences.k0: '' is not",
    ),
    "accounts of no provider": (
        {"accounts": [{"provider": "nope", "name": "a"}] * MANY},
        "accounts[0].provider: no provider 'nope' is installed",
    ),
    "a mistake at the end": (
        {"accounts": [*({"provider": "nope", "name": "a"} for _ in range(MANY)), {}]},
        f"accounts[{MANY}].provider: is missing",
    ),
}


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Everything that jsonschema reports or begins to look at, by its slow way."""
    seen: list[object] = []
    find, rank = Draft7Validator.iter_errors, json_schema._rank  # noqa: SLF001 - called once for each error

    def iter_errors(self: Any, *args: Any, **options: Any) -> Any:
        seen.append(args)
        return find(self, *args, **options)

    def ranked(error: Any) -> Any:
        seen.append(error)
        return rank(error)

    monkeypatch.setattr(Draft7Validator, "iter_errors", iter_errors)
    monkeypatch.setattr(json_schema, "_rank", ranked)
    return seen


NAMES = {f"k{number}": 1 for number in range(MANY)}
WORLD = "/_mock/worlds/default"
BODIES: dict[str, tuple[str, str, Any, str]] = {
    "wanted exchanges": (
        "POST",
        f"{WORLD}/verify",
        {"exchanges": [{}] * MANY},
        "exchanges: a list is not a list of 1 to 100",
    ),
    "wanted parameters": (
        *("POST", f"{WORLD}/verify", {"exchanges": [{"parameters": NAMES}]}),
        "exchanges[0].parameters: an object with 'k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8', 'k9', … is not an",
    ),
    "criteria": (
        "POST",
        f"{WORLD}/faults",
        {"fault": {"kind": "reset"}, "match": {"headers": NAMES}},
        "match.headers: ",
    ),
    "faults": (
        "POST",
        f"{WORLD}/faults",
        {"fault": [{"kind": "none"}] * MANY},
        "fault: a list of 20000 is not a list of 1",
    ),
    "options": ("POST", f"{WORLD}/faults", {"fault": {"kind": "reset", **NAMES}}, "fault.k0: unknown key"),
    "variants": ("PATCH", f"{WORLD}/variants", NAMES, "k0: unknown key"),
    "credentials": (
        *("POST", "/_mock/worlds", {"credentials": {"mgage": {"demo": [{}] * MANY}}}),
        "credentials.mgage.demo[0].user: is missing",
    ),
    "keys": ("POST", "/_mock/worlds", NAMES, "k0: unknown key"),
}


@pytest.mark.parametrize(("method", "path", "body", "message"), BODIES.values(), ids=BODIES)
def test_every_other_body_is_rejected_at_the_first_mistake_too(
    method: str, path: str, body: Any, message: str, service: Service, looked_at: list[object]
) -> None:
    rejected = Client(service.app).open(path, method=method, data=orjson.dumps(body))

    assert 400 == rejected.status_code
    assert rejected.get_json()["error"]["message"].startswith(message)
    assert len(rejected.text) < 2_000
    assert len(looked_at) < 20 * MOST_ERRORS


def document(parts: dict[str, Any]) -> dict[str, Any]:
    return {"format": 2, "accounts": [], **parts}


@pytest.mark.parametrize(("parts", "message"), DOCUMENTS.values(), ids=DOCUMENTS)
@pytest.mark.parametrize("path", ["load", "create"])
def test_the_control_api_rejects_it_at_the_first_mistake(
    parts: dict[str, Any], message: str, path: str, service: Service, looked_at: list[object]
) -> None:
    client, body = Client(service.app), orjson.dumps(document(parts))
    if path == "load":
        rejected = client.put("/_mock/worlds/default/snapshot", data=body)
    else:
        rejected = client.post("/_mock/worlds", data=b'{"snapshot":%s}' % body)

    assert 400 == rejected.status_code
    assert rejected.get_json()["error"]["message"].startswith(f"{'snapshot.' * (path == 'create')}{message}")
    assert len(looked_at) < 3 * MOST_ERRORS


@pytest.mark.parametrize(("parts", "message"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_python_and_the_command_line_name_the_first_hundred(
    parts: dict[str, Any], message: str, tmp_path: Path, looked_at: list[object]
) -> None:
    file = tmp_path / "world.json"
    file.write_bytes(orjson.dumps(document(parts)))
    with pytest.raises(worldfile.WorldFileError) as first:
        worldfile.read(file, RULES)
    found = find_world_file_errors(file)
    checked = run_command("fixtures", "check", file, "--format", "json")

    assert f"{file}: {message}" in str(first.value)
    assert str(first.value) == str(found[0])
    assert len(found) <= MOST_ERRORS + 1
    (row,) = json.loads(checked.stdout)["files"]
    assert (1, min(len(found), MOST_ERRORS), len(found) > MOST_ERRORS) == (
        checked.returncode,
        len(row["errors"]),
        row["has_more"],
    )
    assert len(looked_at) < 40 * MOST_ERRORS


def test_the_command_line_says_that_there_are_more(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    file.write_bytes(orjson.dumps(document({"accounts": [{}] * MANY})))
    lines = run_command("fixtures", "check", file).stderr.splitlines()

    assert (f"{file}: accounts[0].provider: is missing", f"{file}: and more errors") == (lines[0], lines[-1])
    assert MOST_ERRORS + 1 == len(lines)


def test_a_list_is_looked_at_only_as_far_as_its_errors_are_asked_for(looked_at: list[object]) -> None:
    item = object_schema("an item", ["a"], a={"type": "integer", "description": "a number"})
    schema = object_schema("a thing", [], items={"type": "array", "items": item, "description": "a list"})
    things: list[Any] = [{"a": 1}] * LONG + [{"a": "x"}, {}, {"b": 1}] * LONG
    errors = find_schema_errors({"items": things}, schema, ("body",))

    assert [
        ("'x' is not a number", ("body", "items", LONG, "a")),
        ("is missing", ("body", "items", LONG + 1, "a")),
    ] == [
        next(errors),
        next(errors),
    ]
    assert ("unknown key; there is a", ("body", "items", LONG + 2, "b")) == next(errors)
    assert len(looked_at) < 20
    assert 4 * LONG - 3 == len(list(errors))


def test_a_repeated_key_among_many_is_found_by_one_look_at_each() -> None:
    """A count of every name for each name would take as many looks as the square of their number."""
    keys = [f'"k{number}": 1' for number in range(MANY)]
    with pytest.raises(worldfile.WorldFileError, match=r"a\.k19999: the key is written more than once"):
        decode(('{"a": {' + ", ".join([*keys, keys[-1]]) + "}}").encode())


@pytest.mark.parametrize("count", [LONG, LONG + 1])
def test_a_long_list_that_is_right_is_right(count: int, open_registry: Callable[..., Any]) -> None:
    """Both ways of checking accept it: that for short lists and that for long ones."""
    numbers = [{"number": f"{5_550_000_000 + number}", "sms_enabled": True} for number in range(count)]
    account = {"provider": "dialogtech", **LOGINS, "numbers": numbers}
    file = worldfile.read(document({"accounts": [account], "uses": {"w": ["2026-01-01T00:00:00Z"] * count}}), RULES)

    assert (count, count) == (len(file.fixture.accounts[0].numbers), len(file.fixture.uses["w"]))
