"""The endpoints about the server and its providers, without a world."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from mockserver.engine.provider_errors import ProviderError
from mockserver.intercept.environment import child_variables, files_elsewhere
from mockserver.intercept.shell_syntax import VARIABLES, write_script
from mockserver.intercept.trust import Folder, Trust, digest
from mockserver.sdk.openapi import describe_provider
from mockserver.sdk.response import Response
from mockserver.validation.json_schema import object_schema
from mockserver.validation.messages import unknown_name

from . import quirk_parser
from .endpoint import Api, Catalog, Endpoint, RequestArgs
from .errors import BadRequest, ResourceNotFound
from .schemas import a_list, component, one_of

_SHELLS = ("sh", "fish", "powershell", "dotenv", "json")
_WHERE = ("http", "https", "proxy", "certificate", "pem")
"""The keys of the addresses: three URLs and the CA certificate."""


def health(api: Api, _: None, __: RequestArgs) -> dict[str, Any]:
    """Return the status and version of the server."""
    return {"status": "ok", "version": api.version}


def listen_addresses(api: Api, _: None, values: RequestArgs) -> dict[str, Any]:
    """Return the URLs of the server, with the host that this request reached it by, and its CA certificate."""
    hosts = [host for provider in api.providers for host in provider.hosts]
    found: dict[str, Any] = {**dict.fromkeys(_WHERE), **api.listen_addresses()}
    if urlsplit(values.origin).hostname not in hosts:
        for name in ("http", "https", "proxy"):
            if found[name] is not None:
                found[name] = _reached(found[name], name, values.origin)
    return {**found, "hosts": hosts}


def _reached(url: str, name: str, origin: str) -> str:
    """Return the URL of a listener with the host by which a request reached the server.

    The port is the listener's; only of the listener that the request reached it may be another, the one that a container
    publishes.
    """
    asked = urlsplit(origin)
    if asked.scheme == name:
        return origin
    host = asked.hostname or ""
    return f"{urlsplit(url).scheme}://{f'[{host}]' if ':' in host else host}:{urlsplit(url).port}"


def client_variables(api: Api, _: None, values: RequestArgs) -> Response:
    """Return the environment variables that redirect clients to this server, and a script that writes the files they name."""
    found = listen_addresses(api, None, values)
    for name in ("https", "proxy"):
        if found[name] is None:
            raise ResourceNotFound(
                f"this server has no {name}; it was started with --no-{name}, or not by mockserver serve"
            )
    shell = values.query.get("shell", "sh")
    pem = found["pem"].encode()
    folder = PurePosixPath(values.query.get("folder", f"/tmp/mockserver-{digest(pem)}"))  # noqa: S108 - of the reader
    if not folder.is_absolute():
        raise BadRequest(f"folder must be an absolute path, not {str(folder)!r}")
    trust = Trust(Folder(api.settings.ca), pem)
    to, files = files_elsewhere(trust, found["http"], found["proxy"], found["hosts"], folder)
    text = write_script(shell, files, to.bundle) + VARIABLES[shell](child_variables({}, to)) + "\n"
    media_type = "application/json" if shell == "json" else "text/plain; charset=utf-8"
    return Response(200, (("Content-Type", media_type),), text.encode())


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


def provider_openapi_older(api: Api, _: None, values: RequestArgs) -> dict[str, Any]:
    """Return the OpenAPI document of a provider's operations, at its older address."""
    return provider_openapi(api, None, values)


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
            is_probe=True,
        ),
        Endpoint(
            "GET",
            "/_mock/addresses",
            "The URLs of the server, by the host that is asked, the hosts that it serves, and the CA certificate to trust, as a path on the server and as PEM.",
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
            "/_mock/env",
            "The environment variables that redirect unchanged clients to this server. For a shell, the script also writes the files that they name to a folder, by default in /tmp.",
            client_variables,
            {"type": ["string", "object"]},
            query={
                "shell": one_of(_SHELLS),
                "folder": {"type": "string", "pattern": "^/", "description": "an absolute path"},
            },
            media_types=("text/plain", "application/json"),
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
            "/_mock/openapi/{provider}.json",
            "The operations of a provider, described as OpenAPI 3.1.",
            provider_openapi,
            {"type": "object"},
        ),
        Endpoint(
            "GET",
            "/_mock/providers/{provider}/openapi.json",
            "The same document, at its older address.",
            provider_openapi_older,
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
