"""A provider's operations as OpenAPI, made from its routes, parameter tables and errors."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
import schemathesis
from werkzeug.test import Client

from contract_tests.installed import INSTALLED
from mockserver.app import create_app
from mockserver.sdk.openapi import describe_provider


@pytest.fixture(scope="module")
def client() -> Client:
    return create_app().test_client()


def document(client: Client, name: str) -> Any:
    return client.get(f"/_mock/openapi/{name}.json").get_json()


@pytest.mark.parametrize("name", list(INSTALLED.by_name))
def test_the_document_of_a_provider_is_valid_openapi(client: Client, name: str) -> None:
    described = document(client, name)

    schemathesis.openapi.from_dict(described).validate()  # type: ignore[no-untyped-call]  # schemathesis's own function has no types
    identifiers = [each["operationId"] for methods in described["paths"].values() for each in methods.values()]
    assert len(identifiers) == len(set(identifiers))


@pytest.mark.parametrize("provider", list(INSTALLED), ids=lambda provider: provider.name)
def test_every_operation_and_every_error_that_it_can_lead_to_is_described(client: Client, provider: Any) -> None:
    described = json.dumps(document(client, provider.name)["paths"])

    assert [each.name for each in provider.operations if f"`{each.name}`" not in described] == []
    errors = {error.__name__ for operation in provider.operations for error in operation.all_errors}
    assert [name for name in errors if f"- {name}: " not in described] == []


def test_an_operation_has_its_parameters_with_their_sources(client: Client) -> None:
    export = document(client, "mgage")["paths"]["/api/messages/program/{programId}"]["get"]
    parameters = {each["name"]: each for each in export["parameters"]}

    assert export["operationId"] == "program.export"
    assert [(each["name"], each["in"], each["required"]) for each in export["parameters"]] == [
        ("programId", "path", True),
        ("messageType", "query", False),
        ("startDate", "query", False),
        ("endDate", "query", False),
        ("pageSize", "query", False),
        ("page", "query", False),
    ]
    assert parameters["pageSize"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 500}
    assert parameters["page"]["description"] == "assumed: MG-8"
    assert sorted(export["responses"]) == ["200", "400", "401", "404", "500"]


def test_operations_at_one_address_are_told_apart_by_the_parameter_that_names_them(client: Client) -> None:
    methods = document(client, "dialogtech")["paths"]["/ibp_api.php"]
    content = methods["post"]["requestBody"]["content"]
    references = [each["$ref"] for each in content["application/x-www-form-urlencoded"]["schema"]["oneOf"]]
    schemas = document(client, "dialogtech")["components"]["schemas"]
    bodies = [schemas[each.removeprefix("#/components/schemas/")] for each in references]
    actions = {each["title"]: each["properties"]["action"]["enum"] for each in bodies}
    (action,) = [each for each in methods["get"]["parameters"] if each["name"] == "action"]

    assert {each.name: [each.name] for each in INSTALLED.by_name["dialogtech"].operations} == actions
    assert ["action", "start_date", "end_date"] == next(
        each["required"] for each in bodies if each["title"] == "sms.get_messages"
    )
    assert sorted(actions) == sorted(action["schema"]["enum"])
    assert action["required"] is True


def test_credentials_are_described_and_none_of_several_ways_is_required(client: Client) -> None:
    serwersms = document(client, "serwersms")

    assert {"bearer": {"type": "http", "scheme": "bearer"}} == serwersms["components"]["securitySchemes"]
    assert [{"bearer": []}, {}] == serwersms["security"]
    assert [] == serwersms["paths"]["/error/{code}"]["get"]["security"]
    assert [{"basic": []}] == document(client, "mgage")["security"]


def test_the_first_server_is_ours_so_that_no_tool_calls_the_provider(client: Client) -> None:
    assert [{"url": "http://localhost"}, {"url": "https://communicatepro.mgage.com"}] == document(client, "mgage")[
        "servers"
    ]


def test_the_older_address_has_the_same_document(client: Client) -> None:
    assert document(client, "mgage") == client.get("/_mock/providers/mgage/openapi.json").get_json()


def test_each_operation_of_serwersms_has_its_own_address_without_a_suffix_and_with_each(client: Client) -> None:
    paths = document(client, "serwersms")["paths"]
    types = {"": ["application/json"], ".json": ["application/json"], ".xml": ["application/xml"]}

    for operation in INSTALLED.by_name["serwersms"].operations:
        path = "error/{code}" if operation.name == "error.view" else operation.name.replace(".", "/")
        method = "get" if operation.name == "error.view" else "post"
        for suffix, expected in types.items():
            described = paths[f"/{path}{suffix}"][method]
            assert [method] == list(paths[f"/{path}{suffix}"])
            assert list(operation.response_types) or expected == list(described["responses"]["200"]["content"])
    assert "/messages/sendNd" not in paths  # another spelling of the same
    assert "messages.send_nd" == paths["/messages/send_nd"]["post"]["operationId"]
    assert "messages_send_nd_post_messages_send_nd_xml" == paths["/messages/send_nd.xml"]["post"]["operationId"]


def test_a_flag_is_a_boolean_or_one_of_its_spellings(client: Client) -> None:
    read = document(client, "serwersms")["components"]["schemas"]["messages.recived"]["properties"]["read"]

    assert {"type": "boolean"} == read["anyOf"][0]
    assert {"true", "1"} <= set(read["anyOf"][1]["enum"])


def test_an_operation_may_say_what_it_answers_with(client: Client) -> None:
    paths = document(client, "mgage")["paths"]

    assert ["text/plain"] == list(paths["/api/externalMO"]["post"]["responses"]["200"]["content"])
    assert ["application/json"] == list(
        paths["/api/messages/program/{programId}"]["get"]["responses"]["200"]["content"]
    )
    assert "requestBody" not in paths["/api/optIn/{listId}/{mobile}"]["post"]


def test_an_unknown_provider_is_not_found(client: Client) -> None:
    response = client.get("/_mock/openapi/mgag.json")

    assert 404 == response.status_code
    assert "did you mean 'mgage'?" in response.get_json()["error"]["message"]


def test_the_command_shows_the_same_document() -> None:
    command = [sys.executable, "-m", "mockserver", "provider", "show", "mgage", "--openapi"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    provider = INSTALLED.by_name["mgage"]
    shown = json.loads(done.stdout)

    assert describe_provider(provider, shown["info"]["version"]) == shown
