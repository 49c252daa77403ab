"""The OpenAPI description of the control API, compared with the running server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.checks import positive_data_acceptance
from werkzeug.test import Client

from contract_tests.installed import CALLBACKS, INSTALLED, VARIANTS
from mockserver import MockServer, __version__
from mockserver.admin import openapi
from mockserver.admin.endpoint import Catalog
from mockserver.admin.endpoints import endpoints
from mockserver.app import build_service, create_app
from mockserver.engine.clock import Clock
from mockserver.engine.instants import parse_instant
from mockserver.engine.registry import WorldRegistry

VERBS = {
    "GET /_mock/health",
    "GET /_mock/openapi.json",
    "GET /_mock/quickstart",
    "GET /_mock/quirks",
    "GET /_mock/errors",
    "GET /_mock/addresses",
    "GET /_mock/env",
    "GET /_mock/magic",
    "GET /_mock/operations",
    "GET /_mock/openapi/{provider}.json",
    "GET /_mock/providers/{provider}/openapi.json",
    "GET /_mock/faults",
    "PUT /_mock/listeners/{listener}",
    "DELETE /_mock/listeners/{listener}",
    "GET /_mock/worlds",
    "POST /_mock/worlds",
    "GET /_mock/worlds/{world}",
    "DELETE /_mock/worlds/{world}",
    "POST /_mock/worlds/{world}/reset",
    "POST /_mock/worlds/{world}/fork",
    "GET /_mock/worlds/{world}/accounts",
    "GET /_mock/worlds/{world}/accounts/{provider}/{name}",
    "PATCH /_mock/worlds/{world}/accounts/{provider}/{name}",
    "GET /_mock/worlds/{world}/accounts/{provider}/{name}/collections",
    "GET /_mock/worlds/{world}/accounts/{provider}/{name}/collections/{collection}",
    "POST /_mock/worlds/{world}/accounts/{provider}/{name}/collections/{collection}",
    "PUT /_mock/worlds/{world}/accounts/{provider}/{name}/collections/{collection}",
    "GET /_mock/worlds/{world}/accounts/{provider}/{name}/collections/{collection}/{entry}",
    "PUT /_mock/worlds/{world}/accounts/{provider}/{name}/collections/{collection}/{entry}",
    "DELETE /_mock/worlds/{world}/accounts/{provider}/{name}/collections/{collection}/{entry}",
    "GET /_mock/worlds/{world}/clock",
    "PUT /_mock/worlds/{world}/clock",
    "POST /_mock/worlds/{world}/clock/advance",
    "GET /_mock/worlds/{world}/variants",
    "PATCH /_mock/worlds/{world}/variants",
    "GET /_mock/worlds/{world}/faults",
    "POST /_mock/worlds/{world}/faults",
    "DELETE /_mock/worlds/{world}/faults",
    "DELETE /_mock/worlds/{world}/faults/{rule}",
    "GET /_mock/worlds/{world}/messages",
    "PATCH /_mock/worlds/{world}/messages/{serial}",
    "DELETE /_mock/worlds/{world}/messages/{serial}",
    "POST /_mock/worlds/{world}/messages",
    "POST /_mock/worlds/{world}/inbound",
    "GET /_mock/worlds/{world}/deliveries",
    "GET /_mock/worlds/{world}/deliveries/{number}",
    "POST /_mock/worlds/{world}/deliveries/{number}/resend",
    "POST /_mock/worlds/{world}/deliveries/{number}/hold",
    "POST /_mock/worlds/{world}/deliveries/{number}/release",
    "POST /_mock/worlds/{world}/wait/idle",
    "GET /_mock/worlds/{world}/journal",
    "DELETE /_mock/worlds/{world}/journal",
    "GET /_mock/worlds/{world}/journal.har",
    "GET /_mock/worlds/{world}/journal/{number}",
    "POST /_mock/worlds/{world}/verify",
    "GET /_mock/worlds/{world}/coverage",
    "GET /_mock/worlds/{world}/wait",
    "GET /_mock/worlds/{world}/events",
    "GET /_mock/worlds/{world}/events/list",
    "GET /_mock/worlds/{world}/report",
    "GET /_mock/worlds/{world}/snapshot",
    "PUT /_mock/worlds/{world}/snapshot",
    "GET /_mock/worlds/{world}/checkpoints",
    "POST /_mock/worlds/{world}/checkpoints",
    "DELETE /_mock/worlds/{world}/checkpoints/{checkpoint}",
    "GET /_mock/worlds/{world}/checkpoints/{checkpoint}/changes",
    "POST /_mock/worlds/{world}/checkpoints/{checkpoint}/rewind",
}

TAKES_DATA = {
    *(label for label in VERBS if label.startswith(("POST", "PUT", "PATCH")) and not label.endswith("/rewind")),
    "GET /_mock/worlds/{world}/messages",
    "GET /_mock/worlds/{world}/deliveries",
    "GET /_mock/worlds/{world}/deliveries/{number}",
    "GET /_mock/worlds/{world}/journal",
    "GET /_mock/worlds/{world}/journal/{number}",
    "GET /_mock/worlds/{world}/report",
    "GET /_mock/worlds/{world}/wait",
    "GET /_mock/worlds/{world}/snapshot",
}
"""What can be asked for in a wrong way."""

HOLLOW = {"GET /_mock/openapi.json", "GET /_mock/worlds/{world}/events"}
"""The description, which schemathesis does not ask for, and the stream, which has no end."""

NEEDS_MORE_THAN_A_SCHEMA_SAYS = {
    "POST /_mock/worlds": "a fixture or a snapshot, not both, and a zone that exists",
    "PATCH /_mock/worlds/{world}/variants": "a zone that exists",
    "POST /_mock/worlds/{world}/faults": "a least that is no more than the most, a pattern that is one",
    "POST /_mock/worlds/{world}/messages": "an identifier and program that the account can have",
    "PATCH /_mock/worlds/{world}/messages/{serial}": "a status and fields that the provider's messages have",
    "POST /_mock/worlds/{world}/inbound": "what the provider says",
    "POST /_mock/worlds/{world}/verify": "a pattern that is one, a count of one exchange, a change or nothing else",
    "GET /_mock/worlds/{world}/wait": "filters of what is waited for",
    "PUT /_mock/worlds/{world}/snapshot": "what the providers' schemas say",
}
"""Where data that the schema allows may still be rejected with 400, and for want of what."""


@pytest.fixture(scope="module")
def described(shipped) -> Any:
    """The description as schemathesis loads it, for a server at noon."""
    registry = WorldRegistry(
        shipped, VARIANTS, clock=Clock.frozen(parse_instant("2026-06-01T12:00:00Z")), providers=CALLBACKS
    )
    return schemathesis.openapi.from_wsgi("/_mock/openapi.json", build_service(registry=registry).app)


def test_every_verb_is_described_and_nothing_else(client: Client) -> None:
    document = client.get("/_mock/openapi.json").get_json()

    assert ("3.1.0", __version__) == (document["openapi"], document["info"]["version"])
    assert VERBS == {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    assert len(operations) == len({operation["operationId"] for operation in operations})
    assert all(operation["summary"].endswith(".") for operation in operations)


def test_every_reference_in_it_leads_somewhere_and_every_part_is_used(client: Client) -> None:
    response = client.get("/_mock/openapi.json")
    used = set(re.findall(r'"#/components/schemas/(\w+)"', response.text))

    assert used == set(response.get_json()["components"]["schemas"])


def test_every_example_fits_its_schema(client: Client) -> None:
    described = client.get("/_mock/openapi.json").get_json()
    shown = list(_with_examples(described))

    assert len(shown) >= 5
    for schema in shown:
        for example in schema["examples"]:
            whole = {**schema, "components": described["components"]}
            assert [] == list(Draft202012Validator(whole).iter_errors(example))


def _with_examples(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if "examples" in part:
            yield part
        part = [*part.values()]
    if isinstance(part, list):
        for each in part:
            yield from _with_examples(each)


EXAMPLES = {
    (method, path): (content["example"], {int(status) for status in operation["responses"] if status != "4XX"})
    for path, methods in create_app().test_client().get("/_mock/openapi.json").get_json()["paths"].items()
    for method, operation in methods.items()
    if "example" in (content := operation.get("requestBody", {}).get("content", {}).get("application/json", {}))
}


@pytest.mark.parametrize(("method", "path"), EXAMPLES, ids=lambda each: each)
def test_the_example_of_a_body_is_accepted(method: str, path: str) -> None:
    client = create_app().test_client()
    client.post("/_mock/worlds", json={"id": "w", "fixture": "small"})
    body, statuses = EXAMPLES[method, path]

    answer = client.open(path.format(world="w"), method=method.upper(), json=body)

    assert answer.status_code in statuses, answer.text


def test_there_is_an_example_for_each_body_that_the_table_names() -> None:
    assert len(EXAMPLES) == len(openapi.EXAMPLES) == 10


def test_a_delivery_is_as_described(client: Client, registry: WorldRegistry) -> None:
    described = client.get("/_mock/openapi.json").get_json()
    inbound = {
        "account": "demo",
        "sender": "5556667777",
        "recipient": "3125550142",
        "text": "yes",
    }
    registry.default.receive_inbound("dialogtech", inbound)
    (delivery,) = client.get("/_mock/worlds/default/deliveries").get_json()["deliveries"]
    schema = {**described["components"]["schemas"]["Delivery"], "components": described["components"]}

    assert [] == list(Draft202012Validator(schema).iter_errors(delivery))


@pytest.mark.parametrize(
    ("shell", "media_type"), [("sh", "text/plain"), ("dotenv", "text/plain"), ("json", "application/json")]
)
def test_the_variables_of_clients_come_in_a_described_media_type(shell: str, media_type: str) -> None:
    with MockServer(proxy=True) as mock:
        response = requests.get(f"{mock.url}/_mock/env?shell={shell}", timeout=30)
        document = requests.get(f"{mock.url}/_mock/openapi.json", timeout=30).json()
    described = document["paths"]["/_mock/env"]["get"]["responses"]["200"]["content"]

    assert media_type == response.headers["Content-Type"].partition(";")[0]
    assert {"text/plain", "application/json"} == set(described)


def test_what_needs_no_token_says_so(client: Client) -> None:
    paths = client.get("/_mock/openapi.json").get_json()["paths"]

    assert ["/_mock/health", "/_mock/openapi.json"] == sorted(
        path for path, methods in paths.items() if [] == methods.get("get", {}).get("security")
    )


def ask(described: Any, label: str, mode: GenerationMode, *but: Any) -> set[int]:
    """Send generated requests to an operation, validate each response, and return the statuses."""
    operation = next(each.ok() for each in described.get_all_operations() if each.ok().label == label)
    statuses: set[int] = set()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=10, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    def each(case: Any) -> None:
        if "world" in case.path_parameters:
            case.path_parameters["world"] = "default"
        if label.endswith("/wait") and mode is GenerationMode.POSITIVE:
            case.query["timeout"] = 0  # no one waits here
        response = case.call()
        statuses.add(response.status_code)
        case.validate_response(response, excluded_checks=list(but))

    each()
    return statuses


@pytest.mark.parametrize("label", sorted(VERBS - HOLLOW))
def test_data_that_is_right_is_answered_as_described(described: Any, label: str) -> None:
    but = [positive_data_acceptance] if label in NEEDS_MORE_THAN_A_SCHEMA_SAYS else []

    assert ask(described, label, GenerationMode.POSITIVE, *but) <= {200, 201, 204, 400, 404, 409}


@pytest.mark.parametrize("label", sorted(TAKES_DATA))
def test_data_that_is_wrong_is_rejected_as_described(described: Any, label: str) -> None:
    # That wrong data were accepted, schemathesis says itself; a body that may be left out is not wrong without one.
    assert ask(described, label, GenerationMode.NEGATIVE) <= {200, 201, 400, 404}


def test_endpoints_are_built_once_for_all_applications_with_the_same_providers() -> None:
    switches = INSTALLED.switches
    first, second = (Catalog(INSTALLED.providers, switches) for _ in range(2))

    assert endpoints(first) is endpoints(second)
    assert endpoints(first) != endpoints(Catalog(INSTALLED.providers[:1], switches))
