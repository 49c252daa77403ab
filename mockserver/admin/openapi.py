"""The control API as OpenAPI 3.1, generated from the table of endpoints.

The schemas that check the bodies also describe them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from mockserver.engine.journal import OUTCOMES, Effect
from mockserver.http.fault_rules import RULE_STATUS
from mockserver.validation.json_schema import END, Schema
from mockserver.worldfile import FORMAT

from .checkpoints import CHANGE_SCHEMA, CHECKPOINT_SCHEMA
from .clock import MOVED
from .deliveries import STATUSES
from .endpoint import Catalog, Endpoint
from .schemas import a_list, account_schema, component, message_schema, one_of

_PATH: Mapping[str, Schema] = {
    "world": {"type": "string", "description": "the id of a world, such as default"},
    "listener": {"type": "string", "description": "the name of a listener"},
    "provider": {"type": "string", "description": "the name of a provider"},
    "name": {"type": "string", "description": "the name of an account"},
    "collection": {"type": "string", "description": "the name of a collection"},
    "entry": {"type": "string", "description": "the id of an entry"},
    "rule": {"type": "string", "description": "the id of a fault rule"},
    "checkpoint": {"type": "string", "description": "the name of a checkpoint"},
    "serial": {"type": "integer", "minimum": 0, "maximum": 10**18 - 1, "description": "the serial of a message"},
    "number": {
        "type": "integer",
        "minimum": 0,
        "maximum": 10**18 - 1,
        "description": "the number of an exchange or a delivery",
    },
}
"""The schemas of what paths name."""

TAGS: Mapping[str, tuple[str, str]] = {
    "meta": ("Server", "The server and its providers; no world is named."),
    "endpoints": ("Server", ""),
    "quickstart": ("Server", ""),
    "worlds": ("Worlds", "Create, show, copy, reset and delete worlds."),
    "snapshot": ("Worlds", ""),
    "listeners": ("Worlds", ""),
    "accounts": ("Accounts", "The accounts of a world, and their entries such as contacts."),
    "entries": ("Accounts", ""),
    "messages": ("Messages", "The messages of a world, and those that come in from handsets."),
    "clock": ("Clock", "The clock of a world."),
    "variants": ("Variants", "The variants of quirks that a world has chosen."),
    "faults": ("Faults", "The rules for what goes wrong on purpose, in responses and in webhooks."),
    "deliveries": ("Webhooks", "The deliveries of a world with their attempts."),
    "journal": ("Journal", "The exchanges of a world: list, explain and verify them."),
    "har": ("Journal", ""),
    "coverage": ("Journal", ""),
    "report": ("Journal", ""),
    "long_poll": ("Waiting", "Wait for what happens in a world, or follow it as a stream."),
    "checkpoints": ("Checkpoints", "Exact copies of a world to return to."),
}
"""The tag of the endpoints of each module, with its description where the tag first stands."""

EXAMPLES: Mapping[str, Any] = {
    "worlds.create": {"id": "mine", "fixture": "small", "freeze": "2026-06-01T12:00:00Z"},
    "worlds.reset": {"freeze": "2026-06-01T12:00:00Z"},
    "worlds.fork": {"id": "copy"},
    "clock.set": {"frozen": True},
    "clock.advance": {"seconds": 90},
    "faults.add_rule": {
        "fault": {"kind": "delay", "seconds": 2},
        "match": {"path": "/ibp_api.php"},
        "expires_after": 1,
    },
    "variants.choose": {"limits": "off"},
    "messages.store": {
        "provider": "dialogtech",
        "account": "documents",
        "direction": "inbound",
        "sender": "5556667777",
        "recipient": "5554332111",
        "text": "Yes, please",
        "at": "P1DT2H",
    },
    "messages.receive_inbound": {
        "provider": "dialogtech",
        "sender": "5556667777",
        "recipient": "5554332111",
        "text": "Yes, please",
    },
    "journal.verify": {
        "exchanges": [{"operation": "sms.send_message", "parameters": {"to": {"pattern": "^555"}}}],
        "count": {"at_least": 1},
    },
}
"""Examples of bodies, by the name of the operation."""


def document(catalog: Catalog, version: str, table: Iterable[Endpoint]) -> dict[str, Any]:
    """Return the OpenAPI document of the control API."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in table:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    whole: dict[str, Any] = _portable(_described(catalog, version, paths))
    return whole


def _described(catalog: Catalog, version: str, paths: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mockserver's control API",
            "version": version,
            "description": "Worlds, clock, faults, variants, the deliveries and the journal of the providers' double.",
        },
        "tags": [{"name": name, "description": about} for name, about in TAGS.values() if about],
        "paths": paths,
        "components": {
            "schemas": _components(catalog),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "required unless the server listens on loopback alone",
                }
            },
        },
        "security": [{}, {"token": []}],
    }


def names(path: str) -> list[str]:
    """Return the names of the parameters of a path, in order."""
    return re.findall(r"{(\w+)}", path)


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    module = endpoint.function.__module__.rpartition(".")[2]
    described: dict[str, Any] = {
        "operationId": f"{module}.{endpoint.name}",
        "tags": [TAGS.get(module, TAGS["meta"])[0]],
        "summary": endpoint.about,
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": _PATH[name]} for name in names(endpoint.path)),
            *(
                {"name": name, "in": "query", "required": name in endpoint.needs, "schema": schema}
                for name, schema in endpoint.query.items()
            ),
        ],
        "responses": {str(endpoint.status): _response(endpoint), "4XX": _REJECTED},
    }
    if endpoint.body is not None:
        described["requestBody"] = {
            "required": endpoint.needs_body,
            "content": {"application/json": {"schema": endpoint.body, **_example(described["operationId"])}},
        }
    if endpoint.is_open:
        described["security"] = []
    return described


def _example(operation: str) -> dict[str, Any]:
    return {"example": EXAMPLES[operation]} if operation in EXAMPLES else {}


_REJECTED = {"description": "No, and why", "content": {"application/json": {"schema": component("Error")}}}


def _response(endpoint: Endpoint) -> dict[str, Any]:
    if endpoint.response is None:
        return {"description": "Done"}
    return {"description": "Yes", "content": {name: {"schema": endpoint.response} for name in endpoint.media_types}}


def _portable(thing: Any) -> Any:
    """Return a schema with patterns that every dialect of regular expressions has, and without empty descriptions."""
    if isinstance(thing, list):
        return [_portable(each) for each in thing]
    if not isinstance(thing, Mapping):
        return thing.replace(END, "$") if isinstance(thing, str) else thing
    return {name: _portable(each) for name, each in thing.items() if not (name == "description" and each == "")}


# ---------------------------------------------------------------------------------------------------- what is answered

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_FLAG: Schema = {"type": "boolean"}
_STAMP: Schema = {"type": "string", "format": "date-time"}
_ANY: Schema = {"type": "object"}


def _or_null(schema: Schema) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


def _all(**properties: Schema) -> dict[str, Any]:
    """Return the schema of an object that requires all of these properties; others are allowed."""
    return {"type": "object", "required": list(properties), "properties": properties}


_CLOCK: Mapping[str, Schema] = {"now": _STAMP, "frozen": _FLAG, "next": _or_null(_STAMP)}
_EXCHANGE: Mapping[str, Schema] = {
    "number": _WHOLE,
    "at": _STAMP,
    "provider": _or_null(_TEXT),
    "operation": _or_null(_TEXT),
    "account": _or_null(_TEXT),
    "method": _TEXT,
    "host": _or_null(_TEXT),
    "target": _TEXT,
    "status": _WHOLE,
    "outcome": one_of(OUTCOMES),
    "decided": _or_null(_all(error=_or_null(_TEXT), effect=one_of(get_args(Effect)))),
    "ending": _or_null(_TEXT),
    "request_id": _or_null(_TEXT),
    "traceparent": _or_null(_TEXT),
    "trace_id": _or_null(_TEXT),
    "world_header": _or_null(_TEXT),
    "duration": _or_null({"type": "number"}),
}
"""The properties of an exchange in a list. The status is that of the response, whether it reached the client or not."""


_ATTEMPT = _all(
    at=_STAMP,
    request=_all(method=_TEXT, url=_TEXT, headers=a_list(a_list(_TEXT)), body=_ANY),
    response=_or_null(_all(status=_WHOLE, headers=a_list(a_list(_TEXT)), body=_ANY)),
    error=_or_null(_TEXT),
    result=_TEXT,
)


_OPENED: Mapping[str, Schema] = {
    "number": _WHOLE,
    "provider": _TEXT,
    "account": _TEXT,
    "kind": _TEXT,
    "message": _all(serial=_or_null(_WHOLE)),
    "url": _TEXT,
    "ordering_key": _TEXT,
    "status": one_of(STATUSES),
    "due": _or_null(_STAMP),
}
"""The properties of a delivery without its attempts."""


def _components(catalog: Catalog) -> dict[str, Any]:
    return {
        "Error": _all(error=_all(code=_TEXT, message=_TEXT, difference={})),
        "World": _all(
            id=_TEXT,
            number=_WHOLE,
            base_url=_TEXT,
            **_CLOCK,
            seed=_TEXT,
            variants=_ANY,
            credentials=_ANY,
            exchanges=_WHOLE,
            messages=_WHOLE,
            cursor=_WHOLE,
        ),
        "Clock": _all(**_CLOCK),
        "Moved": MOVED,
        "TimedEvent": _all(at=_STAMP, event=_TEXT),
        "Account": {"anyOf": [account_schema(provider) for provider in catalog.providers]},
        "Message": {"anyOf": [_message_schema(message_schema(provider)) for provider in catalog.providers]},
        "Variants": {
            "type": "object",
            "additionalProperties": _all(
                variant=_TEXT, default=_TEXT, variants=a_list(_TEXT), any_zone=_FLAG, quirk=_or_null(_TEXT)
            ),
        },
        "Kinds": _all(kinds=a_list(_all(kind=_TEXT, target=_TEXT, about=_TEXT, points=a_list(_TEXT), schema=_ANY))),
        "FaultRule": RULE_STATUS,
        "ProviderErrorFault": _all(provider=_TEXT, name=_TEXT, status=_WHOLE, description=_TEXT, rule=_TEXT),
        "Exchange": _all(**_EXCHANGE, error=_or_null(_TEXT), fault=_or_null(_TEXT)),
        "FullExchange": _all(
            **_EXCHANGE,
            error=_or_null(_ANY),
            fault=_or_null(_ANY),
            world=_TEXT,
            request=_ANY,
            response=_ANY,
            explanation=_ANY,
        ),
        "Delivery": _all(
            number=_WHOLE,
            provider=_TEXT,
            account=_TEXT,
            kind=_TEXT,
            message=_all(serial=_or_null(_WHOLE), id=_or_null(_TEXT)),
            url=_TEXT,
            requires_ack=_FLAG,
            ordering_key=_TEXT,
            created_at=_STAMP,
            status=one_of(STATUSES),
            due=_or_null(_STAMP),
            attempts=a_list(_ATTEMPT),
            interrupted=a_list(_STAMP),
            in_flight=_or_null(_STAMP),
            fault=_or_null(_TEXT),
        ),
        "Checkpoint": CHECKPOINT_SCHEMA,
        "Change": CHANGE_SCHEMA,
        "Rewind": _all(
            checkpoint=component("Checkpoint"),
            exchange=_WHOLE,
            cancelled=a_list(_all(**_OPENED)),
            sent=a_list(
                _all(
                    **_OPENED, attempts=a_list(_all(at=_STAMP, status=_or_null(_WHOLE), result=_TEXT)), in_flight=_FLAG
                )
            ),
            cursor=_WHOLE,
            **_CLOCK,
        ),
        "WorldFile": {
            "type": "object",
            "description": "a world file",
            "required": ["format", "accounts"],
            "properties": {"format": {"const": FORMAT}, "accounts": a_list({"type": "object"})},
        },
    }


def _message_schema(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a message in a response: what was sent, and what the server adds."""
    given = {"serial": _WHOLE, "read": _FLAG, "id": _TEXT, "at": _STAMP}
    return {
        **message,
        "required": list(dict.fromkeys([*message["required"], *given])),
        "properties": {**message["properties"], **given},
    }
