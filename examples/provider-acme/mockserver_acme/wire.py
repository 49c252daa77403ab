"""Acme SMS on the wire: JSON in and out. The provider's spelling stands here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.sdk import (
    AT_ONCE,
    Call,
    Credential,
    CursorPage,
    Decision,
    Ending,
    Malformed,
    Message,
    ProviderError,
    ProviderRequest,
    Response,
    ResponseTiming,
    Route,
    SerializationCache,
    compact,
    iso,
    json_object,
    pairs,
)

from . import quirks
from .errors import AcmeError, NotJson, ServerFault, UnknownPath, WrongMethod
from .operations import Deleted, Sent

ROUTES = (
    Route("POST", "/v1/messages", ("messages.send",)),
    Route("GET", "/v1/messages", ("messages.list",)),
    Route("GET", "/v1/messages/<id>", ("messages.get",)),
    Route("DELETE", "/v1/messages/<id>", ("messages.delete",)),
)
ROUTING_ERRORS = {404: UnknownPath, 405: WrongMethod, 500: ServerFault}  # AC-2
HEADERS = (("Content-Type", "application/json"),)

# -- in ------------------------------------------------------------------------------------------------------------


def parse(request: ProviderRequest) -> Call:
    """Read a request: the operation from method and path, the values from body, query or path, the key from its header."""
    # API says "Send your API key in the X-Api-Key header of every request."
    key = request.get("x-api-key")
    credential = Credential("acme", key, None, request.is_bound) if key else None
    message_id = request.path.removeprefix("/v1/messages").strip("/")
    if message_id:
        operation = "messages.delete" if request.method == "DELETE" else "messages.get"
        return Call(operation, {"id": message_id}, credential)
    if request.method != "POST":
        return Call("messages.list", dict(pairs(request.query)), credential)
    try:
        return Call("messages.send", json_object(request.body), credential)
    except Malformed:
        return Call("messages.send", {}, credential, NotJson())


# -- out -----------------------------------------------------------------------------------------------------------


def render(decision: Decision, call: Call, variants: Mapping[str, str], cache: SerializationCache) -> Response:  # noqa: ARG001 - one shape for all providers
    """Write what was decided."""
    match decision.value:
        case AcmeError() as error:
            return render_error(error)
        case Sent(message, magic):
            timing = _CLOSE_SILENTLY if magic is quirks.NO_RESPONSE else AT_ONCE
            return Response(202, HEADERS, compact(_describe(message)), timing)
        case CursorPage(messages) as page:
            shown = {"messages": [_describe(message) for message in messages], "next_cursor": page.next_cursor}
            return Response(200, HEADERS, compact(shown))
        case Message() as message:
            return Response(200, HEADERS, compact(_describe(message)))
        case Deleted():
            return Response(204, (), b"")
    raise TypeError(decision.value)


_CLOSE_SILENTLY = ResponseTiming(ending=Ending.CLOSE, instead=b"")


def _describe(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "status": message.status,
        "from": message.sender,
        "to": message.recipient,
        "text": message.text,
        "tag": message.fields.get("tag"),
        "created_at": iso(message.at),
    }


def render_error(error: ProviderError, request: ProviderRequest | None = None) -> Response:  # noqa: ARG001 - the request counts in other providers
    """Write an error."""
    assert isinstance(error, AcmeError)
    # API says "The response to a request that fails is {"error": {"code": "...", "message": "..."}}."
    retry = (("Retry-After", str(error.facts["seconds"])),) if "seconds" in error.facts else ()
    body = compact({"error": {"code": error.code, "message": str(error)}})
    return Response(error.status, (*HEADERS, *retry), body, error=error)
