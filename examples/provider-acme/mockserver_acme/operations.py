"""What Acme SMS can be asked for. Pure: a call, an account, a state and an instant in, a decision out."""

from __future__ import annotations

from functools import partial

from msgspec import Struct

from mockserver import sdk

from . import errors, quirks, webhooks

_row = partial(sdk.Parameter, not_text=errors.NotText)
_required = partial(_row, missing=errors.MissingField)
_PHONE = sdk.matching(r"\+[1-9][0-9]{6,14}", errors.InvalidValue)

FROM = _required("from", _PHONE, sdk.documented("API", "Required. One of your numbers in E.164."))
TO = _required("to", _PHONE, sdk.documented("API", "Required. The recipient in E.164"))
TEXT = _required("text", sdk.text(1600, errors.TooLong), sdk.documented("API", "Required. 1 to 1600"))
TAG = _row("tag", sdk.text(40, errors.TooLong), sdk.documented("API", "Your own reference, of up to 40 characters."))
LIMIT = _row("limit", sdk.integer(errors.InvalidValue, 1, 100), sdk.documented("API", "How many: 1 to 100"))
CURSOR = _row("cursor", sdk.cursor(errors.InvalidValue), sdk.documented("API", "The next_cursor of the page before."))
ID = _row("id", sdk.text(), sdk.documented("API", "GET /v1/messages/{id}"), place="path")

PER_SECOND = sdk.Limit(5, 1, "Each account may send 5 messages in a calendar second.", is_fixed=True)


class MessageFields(Struct, frozen=True):
    """What Acme SMS keeps of a message beside the common fields."""

    tag: str | None = None
    """The customer's own reference."""


class AccountFields(Struct, frozen=True):
    """What Acme SMS keeps of an account beside the common fields."""

    signing_secret: str
    """The key of the signatures of callbacks."""


def send(
    call: sdk.Call, account: sdk.Account, state: sdk.State, now: sdk.Instant, ids: sdk.IdReservation
) -> sdk.Decision:
    """Send a message to one phone."""
    values = sdk.parse_parameters(SEND.parameters, call.values, blank=("", None))
    number = account.numbers.get(values["from"])
    if number is None:
        raise errors.NotYourNumber(value=values["from"])
    usage = sdk.limit_usage(state, ((PER_SECOND, account.key),), now)
    exceeded = usage.exceeded()
    if exceeded is not None:
        error = errors.TooManyRequests(seconds=-(-(exceeded.free_at - now) // sdk.SECOND))
        return sdk.Decision(now, error, (), sdk.DecisionTrace(usage), account.key)
    message = sdk.Message(
        serial=state.message_store.next_serial,
        account=account.key,
        id=f"msg_{ids.token('acme.message', 16)}",
        direction="outbound",
        sender=number.number,
        recipient=values["to"],
        at=now,
        text=values["text"],
        status="queued",
        fields={"tag": values.get("tag")},
    )
    callbacks = webhooks.open_callbacks(message, number.dlr_url or "", ids)
    events: tuple[sdk.Event, ...] = (sdk.MessageStored(message), *usage.events, *callbacks)
    magic = message.recipient if any(each.has(message.recipient) for each in quirks.MAGIC) else None
    trace = sdk.DecisionTrace(sdk.UsageAfterUse(usage), magic)
    return sdk.Decision(now, message, events, trace, account.key)


def list_messages(
    call: sdk.Call, account: sdk.Account, state: sdk.State, now: sdk.Instant, _ids: sdk.IdReservation
) -> sdk.Decision:
    """List the messages of an account, newest first."""
    values = sdk.parse_parameters(LIST.parameters, call.values)
    key, size = sdk.account_key(account.key), values.get("limit", 20)
    page: sdk.CursorPage = sdk.select_after_cursor(state.message_store, key, size, values.get("cursor"))
    return sdk.Decision(now, page, account=account.key)


def get(
    call: sdk.Call, account: sdk.Account, state: sdk.State, now: sdk.Instant, _ids: sdk.IdReservation
) -> sdk.Decision:
    """Show a message."""
    return sdk.Decision(now, _find(call, account, state), account=account.key)


def delete(
    call: sdk.Call, account: sdk.Account, state: sdk.State, now: sdk.Instant, _ids: sdk.IdReservation
) -> sdk.Decision:
    """Delete a message, and repeat no callback about it."""
    try:
        message = _find(call, account, state)
    except errors.NoSuchMessage:
        if state.variants[quirks.DELETED_AGAIN.name] == "no_content":  # AC-1
            return sdk.Decision(now, None, account=account.key)
        raise
    if message.status not in webhooks.FINAL:
        raise errors.InProgress(id=message.id, status=message.status)
    events: tuple[sdk.Event, ...] = (*sdk.abandon_webhooks(message, state), sdk.MessageDeleted(message))
    return sdk.Decision(now, None, events, account=account.key)


def _find(call: sdk.Call, account: sdk.Account, state: sdk.State) -> sdk.Message:
    found = sdk.find_message(state.message_store, sdk.account_key(account.key), call.values["id"])
    if found is None:
        raise errors.NoSuchMessage(id=call.values["id"])
    return found


SEND = sdk.Operation(
    name="messages.send",
    source=sdk.documented("API", "POST /v1/messages sends a message to one phone."),
    decide=send,
    parameters=(FROM, TO, TEXT, TAG),
    errors=(errors.NotJson, errors.NotYourNumber, errors.TooManyRequests),
    status=202,
    is_repeatable=False,
)
LIST = sdk.Operation(
    name="messages.list",
    source=sdk.documented("API", "GET /v1/messages lists your messages, newest first."),
    decide=list_messages,
    parameters=(LIMIT, CURSOR),
)
GET = sdk.Operation(
    name="messages.get",
    source=sdk.documented("API", "GET /v1/messages/{id} shows a message."),
    decide=get,
    parameters=(ID,),
    errors=(errors.NoSuchMessage,),
)
DELETE = sdk.Operation(
    name="messages.delete",
    source=sdk.documented("API", "DELETE /v1/messages/{id} deletes a message."),
    decide=delete,
    parameters=(ID,),
    errors=(errors.NoSuchMessage, errors.InProgress),
    status=204,
    is_repeatable=False,
)
OPERATIONS = (SEND, LIST, GET, DELETE)

# API says "Send your API key in the X-Api-Key header of every request."; AC-3: it is checked first
decide = sdk.decide_by(OPERATIONS, lambda _call, _operation: errors.Unauthorized(), credentials_first=True)
