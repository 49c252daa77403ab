"""Acme SMS on the wire: JSON in and out. The provider's spelling stands here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver import sdk

from . import errors, quirks

ROUTES = (
    sdk.Route("POST", "/v1/messages", ("messages.send",)),
    sdk.Route("GET", "/v1/messages", ("messages.list",)),
    sdk.Route("GET", "/v1/messages/<id>", ("messages.get",)),
    sdk.Route("DELETE", "/v1/messages/<id>", ("messages.delete",)),
)
ROUTING_ERRORS = {404: errors.UnknownPath, 405: errors.WrongMethod, 500: errors.ServerFault}  # AC-2
HEADERS = (("Content-Type", "application/json"),)

# -- in ------------------------------------------------------------------------------------------------------------


def parse(request: sdk.ProviderRequest) -> sdk.Call:
    """Read a request: the operation from method and path, the values from body, query or path, the key from its header."""
    # API says "Send your API key in the X-Api-Key header of every request."
    key = request.get("x-api-key")
    credential = sdk.Credential("acme", key, None, request.is_bound) if key else None
    message_id = request.path.removeprefix("/v1/messages").strip("/")
    if message_id:
        operation = "messages.delete" if request.method == "DELETE" else "messages.get"
        return sdk.Call(operation, {"id": message_id}, credential)
    if request.method != "POST":
        return sdk.Call("messages.list", dict(sdk.pairs(request.query)), credential)
    try:
        return sdk.Call("messages.send", sdk.json_object(request.body), credential)
    except sdk.Malformed:
        return sdk.Call("messages.send", {}, credential, errors.NotJson())


# -- out -----------------------------------------------------------------------------------------------------------


def render(
    decision: sdk.Decision, call: sdk.Call, _variants: Mapping[str, str], _cache: sdk.SerializationCache
) -> sdk.Response:
    """Write what was decided."""
    match decision.value:
        case errors.AcmeError() as error:
            return render_error(error)
        case sdk.Message() as message if call.operation == "messages.send":
            timing = _CLOSE_SILENTLY if quirks.NO_RESPONSE.has(message.recipient) else sdk.AT_ONCE
            return sdk.Response(202, HEADERS, sdk.compact(_describe(message)), timing)
        case sdk.Message() as message:
            return sdk.Response(200, HEADERS, sdk.compact(_describe(message)))
        case sdk.CursorPage(messages) as page:
            shown = {"messages": [_describe(message) for message in messages], "next_cursor": page.next_cursor}
            return sdk.Response(200, HEADERS, sdk.compact(shown))
        case None:  # a message was deleted
            return sdk.Response(204, (), b"")
    raise TypeError(decision.value)


_CLOSE_SILENTLY = sdk.ResponseTiming(ending=sdk.Ending.CLOSE, instead=b"")


def _describe(message: sdk.Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "status": message.status,
        "from": message.sender,
        "to": message.recipient,
        "text": message.text,
        "tag": message.fields.get("tag"),
        "created_at": sdk.iso(message.at),
    }


def render_error(error: sdk.ProviderError, _request: sdk.ProviderRequest | None = None) -> sdk.Response:
    """Write an error."""
    assert isinstance(error, errors.AcmeError)
    # API says "The response to a request that fails is {"error": {"code": "...", "message": "..."}}."
    retry = (("Retry-After", str(error.facts["seconds"])),) if "seconds" in error.facts else ()
    body = sdk.compact({"error": {"code": error.code, "message": str(error)}})
    return sdk.Response(error.status, (*HEADERS, *retry), body, error=error)
