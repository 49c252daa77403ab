"""The table of all endpoints of the control API."""

from __future__ import annotations

from typing import Any

from . import (
    accounts,
    clock,
    coverage,
    deliveries,
    faults,
    journal,
    listeners,
    long_poll,
    messages,
    meta,
    openapi,
    snapshot,
    variants,
    worlds,
)
from .endpoint import Api, Endpoint, RequestArgs

_FILES = (
    *(meta, faults, worlds, listeners, accounts, clock, variants),
    *(messages, deliveries, journal, coverage, long_poll, snapshot),
)


def endpoints(api: Api) -> tuple[Endpoint, ...]:
    """Return all endpoints."""

    def openapi_json(_: Api, __: None, ___: RequestArgs) -> dict[str, Any]:
        """Return the OpenAPI description of this API."""
        return openapi.document(api, table)

    table = (
        Endpoint(
            "GET",
            "/_mock/openapi.json",
            "This API, described as OpenAPI 3.1.",
            openapi_json,
            {"type": "object"},
            is_open=True,
        ),
        *(endpoint for file in _FILES for endpoint in file.endpoints(api)),
    )
    return table
