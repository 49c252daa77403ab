"""The endpoints for the journal, single exchanges and verification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from mockserver.engine.journal import OUTCOMES, Exchange
from mockserver.engine.world import World
from mockserver.http.correlation import read_correlation
from mockserver.validation.json_schema import TEXT, Schema, object_schema

from . import exchanges
from .changes import CHANGES_VERIFICATION, change_verification_from, run_change_verification
from .checkpoints import changes_since
from .endpoint import Api, Catalog, Endpoint, RequestArgs
from .errors import BadRequest, ResourceNotFound
from .explain import NotInJournal, find
from .outcomes import error_of
from .schemas import WHOLE, a_list, component, held, one_of
from .verification import VERIFICATION, run_verification, verification_from

ORDERS = ("newest", "oldest")
"""Which exchanges a limited list has."""


def listed(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Return the newest exchanges, or with ``since`` or ``order=oldest`` the oldest; both in the order of their numbers."""
    query = values.query
    is_newest = query.get("order", "oldest" if "since" in query else "newest") == "newest"
    exchanges_since = world.journal.since(query.get("since", 0))
    found = (each for each in exchanges_since[:: -1 if is_newest else 1] if matches(each, query))
    shown = list(islice(found, query.get("limit", 100)))[:: -1 if is_newest else 1]
    for exchange in shown:
        api.masking.apply(exchange)
    return {
        "exchanges": [exchanges.summary_json(exchange) for exchange in shown],
        "last": world.journal.last,
        "dropped": world.journal.dropped,
        "why_dropped": world.journal.why_dropped,
    }


def show(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Return one exchange in full, with its explanation."""
    try:
        found = find(world.journal, values.path["number"])
    except NotInJournal as reason:
        raise ResourceNotFound(str(reason)) from reason
    explanation = api.explainer.explain(found)
    return {**api.masking.mask_data(world.id, exchanges.full_json(found)), "explanation": explanation}


def verify(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Run a verification of exchanges or changes, and return its result with the closest ones."""
    if isinstance(values.body, dict) and "changes" in values.body:
        return _verify_changes(world, values.body)
    try:
        verified = verification_from(values.body)
    except ValueError as reason:
        raise BadRequest(str(reason).removeprefix(": ")) from reason
    held(verified.since, WHOLE, "since")
    verified = replace(verified, since=int(verified.since))  # JSON Schema accepts 5.0 as an integer

    def mask(name: str, value: Any) -> Any:
        return api.masking.mask_data(world.id, api.masking.parameter(name, value))

    return run_verification(verified, world.journal, mask)


def _verify_changes(world: World, body: dict[str, Any]) -> dict[str, Any]:
    try:
        wanted = change_verification_from(body)
    except ValueError as reason:
        raise BadRequest(str(reason).removeprefix(": ")) from reason
    return run_change_verification(wanted, changes_since(world, wanted.since)[1])


def matches(exchange: Exchange, query: Mapping[str, Any]) -> bool:
    """Return whether the query selects an exchange."""
    error = error_of(exchange)
    return (
        query.get("provider", exchange.provider) == exchange.provider
        and query.get("operation", exchange.operation) == exchange.operation
        and query.get("outcome", exchange.outcome) == exchange.outcome
        and query.get("error", error) == error
        and query.get("status", exchange.status) == exchange.status
        and query.get("target", "") in exchange.target
        and _is_correlated(exchange, query)
    )


def _is_correlated(exchange: Exchange, query: Mapping[str, Any]) -> bool:
    """Return whether an exchange has the request id and the trace id of the query."""
    wanted = {name: query[name] for name in ("request_id", "trace_id") if name in query}
    return not wanted or wanted.items() <= read_correlation(exchange.head)._asdict().items()


def clear(_: Api, world: World, __: RequestArgs) -> None:
    """Delete the exchanges of the journal."""
    world.clear_journal()


def filters(catalog: Catalog) -> dict[str, Schema]:
    """Return the filters for exchanges."""
    return {
        "provider": one_of(catalog.provider_names),
        "operation": TEXT,
        "outcome": one_of(OUTCOMES),
        "error": TEXT,
        "status": {"type": "integer", "minimum": 0, "maximum": 999, "description": "an HTTP status"},
        "target": {"type": "string", "description": "a part of the request target"},
        "request_id": {"type": "string", "description": "the text of X-Request-Id"},
        "trace_id": {"type": "string", "description": "the trace id in traceparent, 32 hexadecimal digits"},
    }


def endpoints(catalog: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoints for exchanges."""
    here, whole = "/_mock/worlds/{world}/journal", {"type": "integer"}
    return (
        Endpoint(
            "GET",
            here,
            "The newest exchanges, or with since the oldest after that number; order chooses otherwise. The last is always the"
            " newest of them, and its number the since of the next call.",
            listed,
            object_schema(
                "",
                ["exchanges", "last", "dropped", "why_dropped"],
                exchanges=a_list(component("Exchange")),
                last=whole,
                dropped=whole,
                why_dropped={"type": ["string", "null"]},
            ),
            query={**filters(catalog), "since": WHOLE, "limit": WHOLE, "order": one_of(ORDERS)},
        ),
        Endpoint(
            "DELETE",
            here,
            "Clear the journal: delete its exchanges. Their numbers go on, and the rest of the world is unchanged.",
            clear,
            status=204,
        ),
        Endpoint(
            "GET",
            f"{here}/{{number}}",
            "One exchange: the request, the response as it was sent, and an explanation with a hint.",
            show,
            component("FullExchange"),
        ),
        Endpoint(
            "POST",
            "/_mock/worlds/{world}/verify",
            "Verify that exchanges happened, or what has changed since a checkpoint; if not, the response has the difference to"
            " the nearest ones.",
            verify,
            {
                "type": "object",
                "required": ["holds", "found", "difference"],
                "properties": {"holds": {"type": "boolean"}, "found": {}, "difference": {}},
            },
            body={"anyOf": [VERIFICATION, CHANGES_VERIFICATION], "description": VERIFICATION["description"]},
            checks_body=True,
        ),
    )
