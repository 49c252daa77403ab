"""A provider of one operation, as a package of its own would have it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, assert_type

from mockserver.sdk import (
    Account,
    Call,
    Decision,
    IdReservation,
    Instant,
    Operation,
    Parameter,
    Provider,
    ProviderError,
    ProviderRequest,
    Response,
    Route,
    SerializationCache,
    State,
    assumed,
    parse_parameters,
    text,
)


class Rejected(ProviderError):
    status: ClassVar[int] = 400
    source = assumed("AC-1")


class NotText(ProviderError):
    source = assumed("AC-2")


def send(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    assert_type(call.values["to"], Any)
    assert_type(state.accounts["acme/demo"], Account)
    return Decision(now, call.values["to"])


def parse(request: ProviderRequest) -> Call:
    assert_type(request.path, str)
    assert_type(request.get("x-api-key"), str)
    return Call("send", parse_parameters((TO,), {}))


def decide(call: Call, state: State, now: Instant, ids: IdReservation) -> Decision:
    return SEND.decide(call, None, state, now, ids)


def render(decision: Decision, call: Call, variants: Mapping[str, str], cache: SerializationCache) -> Response:
    assert_type(decision.error, ProviderError | None)
    return Response(200, (("Content-Type", "text/plain"),), b"sent")


TO = Parameter("to", text(), assumed("AC-1"), NotText)
SEND = Operation(name="send", source=assumed("AC-1"), decide=send, parameters=(TO,), errors=(Rejected,))
ACME = Provider(
    name="acme",
    title="Acme",
    hosts=("api.acme.example",),
    routes=(Route("POST", "/send", ("send",)),),
    operations=(SEND,),
    errors=(Rejected,),
    schema=Path("world.schema.json"),
    parse=parse,
    decide=decide,
    render=render,
)
assert_type(ACME.operations_by_name, Mapping[str, Operation])

Provider(name="acme", title="Acme")  # type: ignore[call-arg]
Operation(name="send", source=assumed("AC-1"), decide=decide)  # type: ignore[arg-type]
Route("POST", 1)  # type: ignore[arg-type]
