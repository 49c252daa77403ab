"""Every verb of this API, in one table."""

from __future__ import annotations

from typing import Any

from . import accounts, clock, coverage, faults, journal, messages, openapi, snapshot, worlds
from . import deliveries as outbox
from . import listeners as doors
from . import long_poll as waiting
from . import meta as about
from . import variants as readings
from .endpoint import Api, Values, Verb

_FILES = (
    *(about, faults, worlds, doors, accounts, clock, readings),
    *(messages, outbox, journal, coverage, waiting, snapshot),
)


def verbs(api: Api) -> tuple[Verb, ...]:
    """The table."""

    def openapi_json(_: Api, __: None, ___: Values) -> dict[str, Any]:
        """This API's description."""
        return openapi.document(api, table)

    table = (
        Verb(
            "GET",
            "/_mock/openapi.json",
            "This API, described as OpenAPI 3.1.",
            openapi_json,
            {"type": "object"},
            is_open=True,
        ),
        *(verb for file in _FILES for verb in file.verbs(api)),
    )
    return table
