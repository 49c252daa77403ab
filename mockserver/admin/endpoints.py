"""The table of all endpoints of the control API."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from mockserver.sdk.provider import Provider, Quirk

from . import (
    accounts,
    checkpoints,
    clock,
    coverage,
    deliveries,
    entries,
    faults,
    har,
    journal,
    listeners,
    long_poll,
    messages,
    meta,
    openapi,
    quickstart,
    report,
    snapshot,
    variants,
    worlds,
)
from .endpoint import Api, Catalog, Endpoint, RequestArgs

_FILES = (
    *(meta, quickstart, faults, worlds, listeners, accounts, entries, clock, variants),
    *(messages, deliveries, journal, har, report, coverage, long_poll, snapshot, checkpoints),
)


def endpoints(catalog: Catalog) -> tuple[Endpoint, ...]:
    """Return all endpoints."""
    return _endpoints(catalog.providers, catalog.switches)


@lru_cache(maxsize=8)
def _endpoints(providers: tuple[Provider, ...], switches: tuple[Quirk, ...]) -> tuple[Endpoint, ...]:
    """Build the table once for all applications of a process with the same providers."""
    catalog = Catalog(providers, switches)
    return (
        Endpoint(
            "GET",
            "/_mock/openapi.json",
            "This API, described as OpenAPI 3.1.",
            _openapi_json,
            {"type": "object"},
            is_open=True,
        ),
        *(endpoint for file in _FILES for endpoint in file.endpoints(catalog)),
    )


def _openapi_json(api: Api, _: None, __: RequestArgs) -> dict[str, Any]:
    """Return the OpenAPI description of this API."""
    return _document(api.providers, api.switches, api.version)


@lru_cache(maxsize=8)
def _document(providers: tuple[Provider, ...], switches: tuple[Quirk, ...], version: str) -> dict[str, Any]:
    return openapi.document(Catalog(providers, switches), version, _endpoints(providers, switches))
