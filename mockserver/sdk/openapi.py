"""Describe a provider's operations as OpenAPI 3.1, made from its routes, parameter tables and errors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from inspect import getdoc
from typing import Any, NamedTuple

from mockserver.engine.provider_errors import Source

from .operations import Operation, Parameter
from .provider import Provider

_SEGMENT = re.compile(r"<(?:any\((?P<choices>[^)]*)\):|path:)?(?P<name>\w+)>")
_SCHEMES = {
    "basic": {"type": "http", "scheme": "basic"},
    "bearer": {"type": "http", "scheme": "bearer"},
}


class _Entry(NamedTuple):
    """One method of one path, with the operations that it leads to."""

    method: str
    path: str
    operations: Sequence[Operation]
    response_types: Sequence[str]


def describe_provider(provider: Provider, version: str, base_url: str = "") -> dict[str, Any]:
    """Return the OpenAPI document of a provider.

    A route that leads to several operations becomes one OpenAPI operation: its query parameters are those of all of
    them, and its body is that of one of them.

    Args:
        provider: the provider.
        version: of this package.
        base_url: the URL of the mock server, as the document's first server, which tools send their requests to; empty
            for none.
    """
    entries = [
        _Entry(
            route.method,
            _SEGMENT.sub(r"{\g<name>}", route.path),
            [provider.operations_by_name[name] for name in route.operations],
            route.response_types,
        )
        for route in provider.routes
        if route.operations and not route.is_alias
    ]
    paths: dict[str, dict[str, Any]] = {}
    for entry in entries:
        paths.setdefault(entry.path, {})[entry.method.lower()] = _describe_entry(provider, entry, entries)
    schemes = _security_schemes(provider)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": provider.title,
            "version": version,
            "description": f"The operations of {provider.title} that mockserver {version} answers, each with its source.",
        },
        "servers": [{"url": url} for url in (base_url, *(f"https://{host}" for host in provider.hosts)) if url],
        "paths": paths,
        "components": {"securitySchemes": schemes, "schemas": _bodies(provider, entries)},
        "security": [{name: []} for name in schemes]
        + ([{}] if any(row.is_secret for row in provider.parameters) else []),
    }


def _security_schemes(provider: Provider) -> dict[str, Any]:
    headers = {
        re.sub(r"\W", "_", name): {"type": "apiKey", "in": "header", "name": name} for name in provider.secret_headers
    }
    return headers | {name: _SCHEMES[name] for name in provider.authorization}


def _bodies(provider: Provider, entries: Iterable[_Entry]) -> dict[str, Any]:
    """Return the schema of the body of each operation that has one, by the operation's name."""
    operations = {each.name: each for entry in entries if entry.method == "POST" for each in entry.operations}
    return {name: _body_schema(provider, each) for name, each in operations.items() if any(_rows(each))}


def _describe_entry(provider: Provider, entry: _Entry, entries: Sequence[_Entry]) -> dict[str, Any]:
    operations = entry.operations
    described: dict[str, Any] = {
        "operationId": _operation_id(entry, entries),
        "summary": " / ".join(_summary(operation) for operation in operations),
        "description": "\n\n".join(f"`{operation.name}`: {_source(operation.source)}" for operation in operations),
        "parameters": [
            *_path_parameters(entry),
            *(() if entry.method == "POST" else _query_parameters(provider, entry)),
        ],
        "responses": _responses(provider, entry),
    }
    if entry.method == "POST" and any(any(_rows(operation)) for operation in operations):
        bodies = [{"$ref": f"#/components/schemas/{operation.name}"} for operation in operations]
        schema = bodies[0] if len(bodies) == 1 else {"oneOf": bodies}
        described["requestBody"] = {"content": {name: {"schema": schema} for name in provider.request_types}}
    if not any(operation.needs_account for operation in operations):
        described["security"] = []
    return described


def _operation_id(entry: _Entry, entries: Sequence[_Entry]) -> str:
    """Return the operation's name at its first route, elsewhere with method and path; these alone where there are several."""
    name = entry.operations[0].name if len(entry.operations) == 1 else ""
    if name and entry is next(each for each in entries if each.operations == entry.operations):
        return name
    return re.sub(r"\W+", "_", f"{name} {entry.method.lower()} {entry.path}").strip("_")


def _summary(operation: Operation) -> str:
    return (getdoc(operation.decide) or operation.name).partition("\n")[0]


def _source(source: Source) -> str:
    return f"assumed: {source.quirk}" if source.document is None else f"{source.document}: {source.sentence}"


def _rows(operation: Operation) -> Iterator[Parameter]:
    """Yield what an operation reads from the query or the body."""
    return (row for row in (*operation.common, *operation.parameters) if row.place != "path")


def _schema(provider: Provider, row: Parameter, operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the JSON Schema of a parameter; that of the operation's name has the names of these operations."""
    if row.name == provider.operation_parameter:
        return {"type": "string", "enum": [operation.name for operation in operations]}
    if row.kind.schema.get("type") == "array":  # see `operations.list_of`
        return {"anyOf": [row.kind.schema, {"type": "string"}]}
    if "enum" in row.kind.schema and "type" not in row.kind.schema:  # see `operations.flag`
        return {"anyOf": [{"type": "boolean"}, {"type": "string", **row.kind.schema}]}
    return {**row.kind.schema, **({"format": "password"} if row.is_secret else {})}


def _description(row: Parameter) -> str:
    also = f"; also spelled {', '.join(row.spellings)}" if row.spellings else ""
    return _source(row.source) + also


def _is_required(row: Parameter) -> bool:
    """Return whether a request must have it; credentials may be sent in several ways, so none of them is required."""
    return row.is_required and not row.is_secret


def _path_parameters(entry: _Entry) -> Iterator[dict[str, Any]]:
    rows = {row.name: row for operation in entry.operations for row in operation.parameters if row.place == "path"}
    for name in re.findall(r"{(\w+)}", entry.path):
        described: dict[str, Any] = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        if name in rows:
            described |= {"description": _description(rows[name]), "schema": dict(rows[name].kind.schema)}
        yield described


def _query_parameters(provider: Provider, entry: _Entry) -> Iterator[dict[str, Any]]:
    tables = [{row.name: row for row in _rows(operation)} for operation in entry.operations]
    for name, row in {name: row for table in tables for name, row in table.items()}.items():
        yield {
            "name": name,
            "in": "query",
            "required": all(name in table and _is_required(table[name]) for table in tables),
            "description": _description(row),
            "schema": _schema(provider, row, entry.operations),
        }


def _body_schema(provider: Provider, operation: Operation) -> dict[str, Any]:
    rows = list(_rows(operation))
    return {
        "type": "object",
        "title": operation.name,
        "required": [row.name for row in rows if _is_required(row)],
        "properties": {
            row.name: {**_schema(provider, row, [operation]), "description": _description(row)} for row in rows
        },
    }


def _responses(provider: Provider, entry: _Entry) -> dict[str, Any]:
    """Return the responses by status: what is no error, and the errors of the operations and of every request."""
    operations = entry.operations
    known = {error for operation in provider.operations for error in operation.all_errors}
    unroutable = provider.routing_errors.get(404)
    common = [each for each in provider.errors if each not in known and each is not unroutable and each.status != 405]
    errors = dict.fromkeys([*(error for operation in operations for error in operation.all_errors), *common])
    usual = entry.response_types or provider.response_types
    types = [name for each in operations for name in each.response_types or usual]
    content: Mapping[str, Any] = {name: {} for name in types}
    lines: dict[int, list[str]] = {operation.status: ["Done."] for operation in operations}
    for error in errors:
        lines.setdefault(error.status, []).append(f"- {error.__name__}: {error.description}")
    return {
        str(status): {
            "description": "\n".join(lines[status]),
            **({} if status == 204 else {"content": dict(content)}),
        }
        for status in sorted(lines)
    }
