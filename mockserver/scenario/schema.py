"""The JSON Schema of scenario files, made of the schemas of the control API and of the installed providers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mockserver.admin.changes import CHANGES_VERIFICATION
from mockserver.admin.endpoint import FIXTURES, Catalog
from mockserver.admin.entries import entry_schema
from mockserver.admin.schemas import (
    DIRECTION,
    INBOUND_SCHEMA,
    NAME,
    OBJECT,
    a_list,
    account_schema,
    changes_schema,
    message_changes_schema,
    message_schema,
    one_of,
    variants_schema,
)
from mockserver.admin.verification import VERIFICATION
from mockserver.http.fault_effects import SCHEMAS
from mockserver.http.fault_rules import RULE
from mockserver.validation.json_schema import END, TEXT, Schema, object_schema
from mockserver.worldfile.rules import envelope

VERSION = 1
"""The value of ``scenario``, the first member of a scenario file."""

_DURATION = "a duration such as 'PT90S' or 'P1DT2H'"
_AT = {"type": "string", "description": f"an instant such as '2026-06-01T12:00:00Z', or {_DURATION} after the start"}
_INSTANT = {"type": "string", "description": "an instant such as '2026-06-01T12:00:00Z'"}
_NAME = {
    "type": "string",
    "pattern": f"^[A-Za-z0-9_][A-Za-z0-9_-]{{0,63}}{END}",
    "description": "a name of 1 to 64 letters, digits, _ and -",
}
_TRUE = {"const": True, "description": "true"}
_STATUS = {"type": "integer", "minimum": 200, "maximum": 599, "description": "an HTTP status from 200 to 599"}
_HEADERS = {"type": "object", "description": "an object of texts", "additionalProperties": TEXT}
_ENTRY_ID = {"type": ["integer", "string"], "description": "the id of an entry"}
_COUNT = VERIFICATION["properties"]["count"]
_ANSWER: Mapping[str, Schema] = {"status": _STATUS, "body": TEXT, "headers": _HEADERS}

_SELECTED_MESSAGE: Mapping[str, Schema] = {
    "provider": TEXT,
    "account": TEXT,
    "id": TEXT,
    "direction": DIRECTION,
    "kind": TEXT,
    "sender": TEXT,
    "recipient": TEXT,
    "text": TEXT,
    "status": TEXT,
}
"""The members of a message by which a scenario selects it."""

_MESSAGE = {
    **object_schema("an object that selects a message, the latest of several", **_SELECTED_MESSAGE),
    "minProperties": 1,
}


def _open(description: str, required: Iterable[str], **properties: Schema) -> dict[str, Any]:
    """Return the schema of an object with these keys and those of its provider."""
    return {"type": "object", "description": description, "required": list(required), "properties": properties}


def _of_entry(description: str, required: Iterable[str], **properties: Schema) -> dict[str, Any]:
    whose = {"provider": TEXT, "account": TEXT, "collection": TEXT}
    return object_schema(description, [*whose, *required], **whose, **properties)


def _actions(catalog: Catalog) -> dict[str, Schema]:
    inbound = INBOUND_SCHEMA["properties"]
    return {
        "inbound": object_schema(
            "an object that describes an inbound message",
            INBOUND_SCHEMA["required"],
            **{name: part for name, part in inbound.items() if name != "in"},
        ),
        "store_message": _open(
            "an object that describes a message", ["provider", "account"], provider=TEXT, account=TEXT
        ),
        "change_message": {
            **object_schema(
                "an object with 'message' and what is to change of it",
                ["message"],
                message=_MESSAGE,
                status=TEXT,
                fields=OBJECT,
            ),
            "minProperties": 2,
        },
        "delete_message": _MESSAGE,
        "change_account": _open(
            "an object with 'provider', 'account' and what is to change of it",
            ["provider", "account"],
            provider=TEXT,
            account=TEXT,
        ),
        "add_entry": _of_entry("an object that describes a new entry", ["entry"], entry=OBJECT),
        "put_entry": _of_entry("an object that describes an entry", ["id", "entry"], id=_ENTRY_ID, entry=OBJECT),
        "delete_entry": _of_entry("an object that names an entry", ["id"], id=_ENTRY_ID),
        "choose_variants": {**variants_schema(catalog.switches), "minProperties": 1},
        "add_fault": RULE,
        "remove_fault": RULE["properties"]["id"],
        "clear_faults": _TRUE,
        "checkpoint": NAME,
        "rewind": NAME,
        "clock": {
            "description": "'next', 'freeze', 'resume', or an object with 'advance'",
            "anyOf": [
                {"enum": ["next", "freeze", "resume"], "description": "'next', 'freeze' or 'resume'"},
                object_schema(
                    "an object with 'advance'", ["advance"], advance={"type": "string", "description": _DURATION}
                ),
            ],
        },
        "receiver": {
            **object_schema(
                "an object with the 'name' of a receiver and its new response", ["name"], name=TEXT, **_ANSWER
            ),
            "minProperties": 2,
        },
        "request": {
            **object_schema(
                "an object that describes a client's request",
                ["path"],
                account={
                    "type": "string",
                    "pattern": f"^[^/]+/[^/]+{END}",
                    "description": "an account, PROVIDER/ACCOUNT",
                },
                method={"enum": ["GET", "POST"], "description": "'GET' or 'POST'"},
                path={"type": "string", "pattern": "^/", "description": "a path that begins with /"},
                query=_HEADERS,
                headers=_HEADERS,
                form=_HEADERS,
                json={"description": "JSON"},
                body=TEXT,
                basic={"type": "boolean", "description": "true or false"},
            ),
        },
        "expect": {
            **object_schema(
                "an object of expectations",
                response={
                    **object_schema(
                        "an object of expectations of the last request's response",
                        status=_STATUS,
                        contains=TEXT,
                        lacks=TEXT,
                        broken=_TRUE,
                    ),
                    "minProperties": 1,
                },
                messages=object_schema("an object that selects messages", **_SELECTED_MESSAGE, count=_COUNT),
                deliveries=object_schema(
                    "an object that selects deliveries",
                    provider=TEXT,
                    account=TEXT,
                    kind=TEXT,
                    status=TEXT,
                    attempts={"type": "integer", "minimum": 0, "description": "a whole number of at least 0"},
                    count=_COUNT,
                ),
                exchanges=VERIFICATION,
                changes=CHANGES_VERIFICATION,
            ),
            "minProperties": 1,
        },
    }


def checked_schema(catalog: Catalog) -> dict[str, Any]:
    """Return the JSON Schema that `find_errors` begins with: what depends on a provider is checked after it."""
    action = {
        **object_schema("an object with exactly one action", **_actions(catalog)),
        "minProperties": 1,
        "maxProperties": 1,
    }
    step = object_schema(
        "an object that describes a step", at=_AT, title=TEXT, text=TEXT, do=a_list(action, "a list of actions")
    )
    return object_schema(
        "an object with 'scenario', 'world' and 'timeline'",
        ["scenario", "world", "start", "timeline"],
        **{"$schema": TEXT},
        scenario={"const": VERSION, "description": f"{VERSION}, the present format"},
        name=_NAME,
        title=TEXT,
        about=TEXT,
        phone=TEXT,
        seed=TEXT,
        start=_INSTANT,
        variants=variants_schema(catalog.switches),
        world={"type": "object", "description": "a world: an object with 'fixture', 'file' or 'accounts'"},
        receivers={
            "type": "object",
            "description": "an object of receivers by name",
            "propertyNames": _NAME,
            "additionalProperties": object_schema("an object that describes a response", **_ANSWER),
        },
        timeline=a_list(step, "a list of steps"),
    )


NAMED_WORLDS: Mapping[str, Schema] = {
    "fixture": object_schema("an object with 'fixture'", ["fixture"], fixture=one_of(FIXTURES)),
    "file": object_schema("an object with 'file'", ["file"], file={"type": "string", "description": "a path"}),
}
"""The worlds of a scenario that are not written in it, by the key that they have."""


def scenario_schema(catalog: Catalog) -> dict[str, Any]:
    """Return the whole JSON Schema (draft 7) of a scenario file, for editors: with what each provider's parts may contain."""
    schema = checked_schema(catalog)
    world = envelope()
    in_file = {**world["properties"], "accounts": a_list(_any_of(map(account_schema, catalog.providers)))}
    schema["properties"]["world"] = {
        "description": schema["properties"]["world"]["description"],
        "anyOf": [*NAMED_WORLDS.values(), {**world, "required": ["accounts"], "properties": in_file}],
    }
    actions = schema["properties"]["timeline"]["items"]["properties"]["do"]["items"]["properties"]
    entries = [entry_schema(provider, each) for provider in catalog.providers for each in provider.collections]
    fault = _any_of([*SCHEMAS["response"].values(), *SCHEMAS["webhook"].values()])
    fields = (message_changes_schema(each)["properties"].get("fields") for each in catalog.providers)
    actions["store_message"] = _any_of(map(message_schema, catalog.providers))
    actions["change_message"]["properties"]["fields"] = _any_of(each for each in fields if each is not None)
    actions["change_account"] = _any_of(account_changes_schema(each) for each in catalog.providers)
    actions["add_fault"] = {
        **RULE,
        "properties": {**RULE["properties"], "fault": _any_of([fault, a_list(fault, "a list of faults")])},
    }
    actions["add_entry"]["properties"]["entry"] = _any_of(map(without_id, entries))
    actions["put_entry"]["properties"]["entry"] = _any_of(map(without_id, entries))
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Scenario of mockserver",
        **schema,
    }


def account_changes_schema(provider: Any) -> dict[str, Any]:
    """Return the schema of the action ``change_account`` for an account of a provider."""
    changes = changes_schema(provider)
    whose = {"provider": {"const": provider.name, "description": repr(provider.name)}, "account": TEXT}
    return {
        **changes,
        "required": ["provider", "account"],
        "minProperties": 3,
        "properties": {**whose, **changes["properties"]},
    }


def without_id(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an entry whose id may be missing."""
    return {**schema, "required": [name for name in schema["required"] if name != "id"]}


def _any_of(schemas: Iterable[Schema]) -> dict[str, Any]:
    choices = [*schemas]
    return {"anyOf": choices} if choices else dict(OBJECT)
