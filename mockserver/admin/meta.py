"""What this server is, and what can be known of it without a world."""

from __future__ import annotations

from typing import Any

from mockserver.engine.provider_errors import Refused
from mockserver.validation.json_schema import an_object

from . import quirk_parser as quirk_book
from .endpoint import Api, Values, Verb
from .schemas import a_list, component

_WHERE = ("http", "https", "tunnel", "certificate", "pem")
"""What there may be of a server's listeners: three addresses, and what clients have to trust."""


def health(api: Api, _: None, __: Values) -> dict[str, Any]:
    """Whether it works."""
    return {"status": "ok", "version": api.version}


def whereabouts(api: Api, _: None, __: Values) -> dict[str, Any]:
    """Where the server listens."""
    return {
        **dict.fromkeys(_WHERE),
        **api.whereabouts(),
        "hosts": [host for room in api.providers for host in room.hosts],
    }


def quirks(api: Api, _: None, __: Values) -> dict[str, Any]:
    """Where the documents leave something open, and what was taken."""
    return {"quirks": quirk_book.catalogue(api.providers, api.house.default.state.readings)}


def refusals(api: Api, _: None, __: Values) -> dict[str, Any]:
    """Every "no" of every provider."""
    return {"refusals": [_refusal(room.name, refusal) for room in api.providers for refusal in room.errors]}


def operations(api: Api, _: None, __: Values) -> dict[str, Any]:
    """What every provider can be asked for."""
    return {
        "operations": [
            {"provider": provider.name, **operation.described()}
            for provider in api.providers
            for operation in provider.operations
        ]
    }


def magic(api: Api, _: None, __: Values) -> dict[str, Any]:
    """Values that bring about an outcome in every world."""
    return {
        "about": "ours, not the providers': each brings about its outcome in every world",
        "magic": [{"provider": room.name, **each._asdict()} for room in api.providers for each in room.magic],
    }


def _refusal(provider: str, refusal: type[Refused]) -> dict[str, Any]:
    document, sentence, quirk = refusal.source
    return {
        "provider": provider,
        "name": refusal.__name__,
        "about": (refusal.__doc__ or "").strip(),
        "status": refusal.status,
        "description": refusal.description,
        "rule": "assumed" if document is None else "documented",
        "document": document,
        "sentence": sentence,
        "quirk": quirk,
    }


def verbs(_: Api) -> tuple[Verb, ...]:
    """What can be asked about the server."""
    text = {"type": "string"}
    return (
        Verb(
            "GET",
            "/_mock/health",
            "Whether the server works, and its version.",
            health,
            an_object("", ["status", "version"], status={"const": "ok"}, version=text),
            is_open=True,
        ),
        Verb(
            "GET",
            "/_mock/whereabouts",
            "Where the server listens, for which hosts, and the certificate (a file of the server's, and as PEM) to trust.",
            whereabouts,
            an_object(
                "",
                [*_WHERE, "hosts"],
                hosts=a_list(text),
                **{name: {"type": ["string", "null"]} for name in _WHERE},
            ),
        ),
        Verb(
            "GET",
            "/_mock/quirks",
            "Where the documents leave something open: both readings, what was taken, and its switches.",
            quirks,
            an_object("", ["quirks"], quirks=a_list({"type": "object"})),
        ),
        Verb(
            "GET",
            "/_mock/refusals",
            "Every refusal of every provider, with its source.",
            refusals,
            an_object("", ["refusals"], refusals=a_list(component("Refusal"))),
        ),
        Verb(
            "GET",
            "/_mock/operations",
            "Every operation of every provider: its source, its errors, and its parameters with their values as JSON Schema.",
            operations,
            an_object("", ["operations"], operations=a_list({"type": "object"})),
        ),
        Verb(
            "GET",
            "/_mock/magic",
            "Values of parameters that bring about an outcome in every world.",
            magic,
            an_object("", ["about", "magic"], about=text, magic=a_list({"type": "object"})),
        ),
    )
