"""The endpoints about the server and its providers, without a world."""

from __future__ import annotations

from typing import Any

from mockserver.engine.provider_errors import ProviderError
from mockserver.sdk.openapi import describe_provider
from mockserver.validation.json_schema import object_schema
from mockserver.validation.messages import unknown_name

from . import quirk_parser
from .endpoint import Api, Catalog, Endpoint, RequestArgs
from .errors import ResourceNotFound
from .schemas import a_list, component

_WHERE = ("http", "https", "proxy", "certificate", "pem")
"""The keys of the addresses: three URLs and the CA certificate."""


def health(api: Api, _: None, __: RequestArgs) -> dict[str, Any]:
    """Return the status and version of the server."""
    return {"status": "ok", "version": api.version}


def listen_addresses(api: Api, _: None, __: RequestArgs) -> dict[str, Any]:
    """Return the URLs of the server and its CA certificate."""
    return {
        **dict.fromkeys(_WHERE),
        **api.listen_addresses(),
        "hosts": [host for provider in api.providers for host in provider.hosts],
    }


def quirks(api: Api, _: None, __: RequestArgs) -> dict[str, Any]:
    """Return every quirk."""
    return {"quirks": quirk_parser.catalogue(api.providers, api.registry.default.state.variants)}


def errors(api: Api, _: None, __: RequestArgs) -> dict[str, Any]:
    """Return every provider error."""
    return {"errors": [_error(provider.name, error) for provider in api.providers for error in provider.errors]}


def operations(api: Api, _: None, __: RequestArgs) -> dict[str, Any]:
    """Return every operation of every provider."""
    return {
        "operations": [
            {"provider": provider.name, **operation.described()}
            for provider in api.providers
            for operation in provider.operations
        ]
    }


def provider_openapi(api: Api, _: None, values: RequestArgs) -> dict[str, Any]:
    """Return the OpenAPI document of a provider's operations."""
    name = values.path["provider"]
    if name not in api.provider_names:
        raise ResourceNotFound(f"{name}: {unknown_name('provider', name, api.provider_names)}")
    return describe_provider(api.provider_names[name], api.version, values.origin)


def magic(api: Api, _: None, __: RequestArgs) -> dict[str, Any]:
    """Return the magic values with their outcomes."""
    return {
        "about": "defined by the mock server, not by the providers: each value causes its outcome in every world",
        "magic": [
            {"provider": provider.name, **each._asdict()} for provider in api.providers for each in provider.magic
        ],
    }


def _error(provider: str, error: type[ProviderError]) -> dict[str, Any]:
    document, sentence, quirk = error.source
    return {
        "provider": provider,
        "name": error.__name__,
        "about": (error.__doc__ or "").strip(),
        "status": error.status,
        "description": error.description,
        "rule": "assumed" if document is None else "documented",
        "document": document,
        "sentence": sentence,
        "quirk": quirk,
    }


def endpoints(_: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoints about the server."""
    text = {"type": "string"}
    return (
        Endpoint(
            "GET",
            "/_mock/health",
            "The status and version of the server.",
            health,
            object_schema("", ["status", "version"], status={"const": "ok"}, version=text),
            is_open=True,
        ),
        Endpoint(
            "GET",
            "/_mock/addresses",
            "The URLs of the server, the hosts that it serves, and the CA certificate to trust, as a path on the server and as PEM.",
            listen_addresses,
            object_schema(
                "",
                [*_WHERE, "hosts"],
                hosts=a_list(text),
                **{name: {"type": ["string", "null"]} for name in _WHERE},
            ),
        ),
        Endpoint(
            "GET",
            "/_mock/quirks",
            "Every quirk, a point that the documents leave open: its variants, our choice, and its switches.",
            quirks,
            object_schema("", ["quirks"], quirks=a_list({"type": "object"})),
        ),
        Endpoint(
            "GET",
            "/_mock/errors",
            "Every provider error of every provider, with its source.",
            errors,
            object_schema("", ["errors"], errors=a_list(component("ProviderErrorFault"))),
        ),
        Endpoint(
            "GET",
            "/_mock/operations",
            "Every operation of every provider: its source, its errors, and its parameters with their values as JSON Schema.",
            operations,
            object_schema("", ["operations"], operations=a_list({"type": "object"})),
        ),
        Endpoint(
            "GET",
            "/_mock/providers/{provider}/openapi.json",
            "The operations of a provider, described as OpenAPI 3.1.",
            provider_openapi,
            {"type": "object"},
        ),
        Endpoint(
            "GET",
            "/_mock/magic",
            "The magic values: parameter values that cause an outcome in every world.",
            magic,
            object_schema("", ["about", "magic"], about=text, magic=a_list({"type": "object"})),
        ),
    )
