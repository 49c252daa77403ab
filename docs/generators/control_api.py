"""The page of the control API with its viewer, and the OpenAPI documents that the viewer shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.app import create_app
from mockserver.sdk.loading import installed_providers
from mockserver.version import __version__

from .markdown import anchored, code, line, members, schema_in_words, table

ADDRESS = "http://127.0.0.1:7670"


def document(path: str) -> dict[str, Any]:
    """Return an OpenAPI document of the server at its default address, without its version, which changes with every release."""
    found: dict[str, Any] = create_app().test_client().get(path, base_url=ADDRESS).get_json()
    found["info"]["version"] = "current"
    found["info"]["description"] = found["info"]["description"].replace(f" {__version__}", "")
    return {"servers": [{"url": ADDRESS}], **found}


def documents() -> Iterator[tuple[str, str]]:
    """Yield the name and text of each OpenAPI document: the control API's and each provider's."""
    yield "control.json", text(document("/_mock/openapi.json"))
    for provider in installed_providers():
        yield f"{provider.name}.json", text(document(f"/_mock/openapi/{provider.name}.json"))


def text(found: Mapping[str, Any]) -> str:
    """Return a document as JSON with each path and each schema on a line of its own, so that a change can be reviewed."""
    return f"{lines_of(found, {'paths': 1, 'components': 2})}\n"


def lines_of(value: Any, deep: Mapping[str, int], depth: int = 1) -> str:
    """Return JSON with the members of an object on lines of their own; of those in `deep` also their members, that many levels."""
    if depth == 0 or not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    inner = (f"{json.dumps(name)}: {lines_of(part, {}, deep.get(name, depth - 1))}" for name, part in value.items())
    return "{\n" + ",\n".join(inner) + "\n}"


def control_api() -> Iterator[str]:
    """Every endpoint of the control API by tag, with its parameters and body, and a viewer."""
    found = document("/_mock/openapi.json")
    yield "# Control API"
    yield ""
    yield (
        "Everything that the command line, the Python client and the page do goes through this HTTP API, under `/_mock/` of the server. "
        "A server describes itself as OpenAPI 3.1 at `/_mock/openapi.json`; the same document is [here](openapi/control.json)."
    )
    yield ""
    yield (
        'Bodies are JSON. An error is `{"error": {"code", "message", "difference"}}` with a 4xx status; the message says in one sentence what would be right. '
        "A server that listens beyond loopback requires its token, `Authorization: Bearer TOKEN`. "
        "A list has `next`: give it as `since` for the following items."
    )
    yield ""
    yield "[Open the viewer](#viewer){ .md-button }"
    for tag in found["tags"]:
        yield ""
        yield f"## {tag['name']}"
        yield ""
        yield tag["description"]
        for path, methods in found["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation["tags"]:
                    yield from endpoint(method.upper(), path, operation)
    yield ""
    yield "## Viewer"
    yield ""
    yield "The same endpoints with the schemas of what they take and return. Nothing is sent from here."
    yield ""
    yield '<swagger-ui src="openapi/control.json"/>'


def endpoint(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    """One endpoint."""
    yield ""
    yield anchored(3, code(f"{method} {path}"), operation["operationId"].replace(".", "-").replace("_", "-"))
    yield ""
    yield line(operation["summary"])
    yield from table(
        ("parameter", "needed", "value"),
        (
            (code(each["name"]), "yes" if each["required"] else "", schema_in_words(each["schema"]))
            for each in operation["parameters"]
            if each["in"] == "query"
        ),
    )
    if "requestBody" not in operation:
        return
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    if "properties" in body:
        yield from members(body, ("member of the body", "needed", "value"))
    else:
        yield ""
        yield f"Body: {schema_in_words(body)}."
    content = operation["requestBody"]["content"]["application/json"]
    for example in [content["example"]] if "example" in content else body.get("examples", [])[:1]:
        yield from ("", "```json", json.dumps(example, ensure_ascii=False), "```")


def providers_api() -> Iterator[str]:
    """A viewer for each provider's operations."""
    yield "# Providers' APIs"
    yield ""
    yield (
        "The operations of each provider as this server offers them, described as OpenAPI 3.1. A server has the same documents with its own address at `/_mock/openapi/PROVIDER.json`. "
        "What each operation is documented by is in [the table of actions](actions.md)."
    )
    for provider in installed_providers():
        yield ""
        yield f"## {provider.title}"
        yield ""
        yield f"[The document](openapi/{provider.name}.json)"
        yield ""
        yield f'<swagger-ui src="openapi/{provider.name}.json"/>'
