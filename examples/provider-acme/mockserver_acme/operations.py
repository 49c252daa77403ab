"""What Acme SMS can be asked for. Pure: a call, an account, a state and an instant in, a decision out."""

from __future__ import annotations

from msgspec import Struct

from mockserver.sdk import (
    SECOND,
    Account,
    Call,
    CursorPage,
    Decision,
    DecisionTrace,
    Event,
    IdReservation,
    Instant,
    Limit,
    Magic,
    Message,
    MessageDeleted,
    MessageStored,
    Operation,
    State,
    UsageAfterUse,
    abandon_webhooks,
    account_key,
    decide_by,
    documented,
    find_message,
    limit_usage,
    parse_parameters,
    select_after_cursor,
)

from . import quirks
from .errors import InProgress, NoSuchMessage, NotJson, NotYourNumber, TooManyRequests, Unauthorized
from .parameters import CURSOR, FROM, ID, LIMIT, TAG, TEXT, TO
from .webhooks import FINAL, open_callbacks

PER_SECOND = Limit(5, 1, "Each account may send 5 messages in a calendar second.", is_fixed=True)


class MessageFields(Struct, frozen=True):
    """What Acme SMS keeps of a message beside the common fields."""

    tag: str | None = None
    """The customer's own reference."""


class AccountFields(Struct, frozen=True):
    """What Acme SMS keeps of an account beside the common fields."""

    signing_secret: str
    """The key of the signatures of callbacks."""


class Sent(Struct, frozen=True):
    """A message that was taken."""

    message: Message
    magic: Magic | None = None


class Deleted(Struct, frozen=True):
    """A message is gone."""


def send(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Send a message to one phone."""
    values = parse_parameters(SEND.parameters, call.values, blank=("", None))
    number = account.numbers.get(values["from"])
    if number is None:
        raise NotYourNumber(value=values["from"])
    usage = limit_usage(state, ((PER_SECOND, account.key),), now)
    exceeded = usage.exceeded()
    if exceeded is not None:
        error = TooManyRequests(seconds=-(-(exceeded.free_at - now) // SECOND))
        return Decision(now, error, (), DecisionTrace(usage), account.key)
    message = Message(
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
    magic = next((each for each in quirks.MAGIC if each.has(message.recipient)), None)
    events: tuple[Event, ...] = (
        MessageStored(message),
        *usage.events,
        *open_callbacks(message, number.dlr_url or "", ids),
    )
    trace = DecisionTrace(UsageAfterUse(usage), None if magic is None else message.recipient)
    return Decision(now, Sent(message, magic), events, trace, account.key)


def list_messages(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """List the messages of an account, newest first."""
    values = parse_parameters(LIST.parameters, call.values)
    key, size = account_key(account.key), values.get("limit", 20)
    page: CursorPage = select_after_cursor(state.message_store, key, size, values.get("cursor"))
    return Decision(now, page, account=account.key)


def get(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Show a message."""
    return Decision(now, _find(call, account, state), account=account.key)


def delete(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Delete a message, and repeat no callback about it."""
    try:
        message = _find(call, account, state)
    except NoSuchMessage:
        if state.variants[quirks.DELETED_AGAIN.name] == "no_content":  # AC-1
            return Decision(now, Deleted(), account=account.key)
        raise
    if message.status not in FINAL:
        raise InProgress(id=message.id, status=message.status)
    events: tuple[Event, ...] = (*abandon_webhooks(message, state), MessageDeleted(message))
    return Decision(now, Deleted(), events, account=account.key)


def _find(call: Call, account: Account, state: State) -> Message:
    found = find_message(state.message_store, account_key(account.key), call.values["id"])
    if found is None:
        raise NoSuchMessage(id=call.values["id"])
    return found


SEND = Operation(
    name="messages.send",
    source=documented("API", "POST /v1/messages sends a message to one phone."),
    decide=send,
    parameters=(FROM, TO, TEXT, TAG),
    errors=(NotJson, NotYourNumber, TooManyRequests),
    status=202,
    is_repeatable=False,
)
LIST = Operation(
    name="messages.list",
    source=documented("API", "GET /v1/messages lists your messages, newest first."),
    decide=list_messages,
    parameters=(LIMIT, CURSOR),
)
GET = Operation(
    name="messages.get",
    source=documented("API", "GET /v1/messages/{id} shows a message."),
    decide=get,
    parameters=(ID,),
    errors=(NoSuchMessage,),
)
DELETE = Operation(
    name="messages.delete",
    source=documented("API", "DELETE /v1/messages/{id} deletes a message."),
    decide=delete,
    parameters=(ID,),
    errors=(NoSuchMessage, InProgress),
    status=204,
    is_repeatable=False,
)
OPERATIONS = (SEND, LIST, GET, DELETE)

# API says "Send your API key in the X-Api-Key header of every request."; AC-3: it is checked first
decide = decide_by(OPERATIONS, lambda _call, _operation: Unauthorized(), credentials_first=True)
