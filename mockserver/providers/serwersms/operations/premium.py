"""Premium messages that wait for an answer, and the results of quizzes (SW-95, SW-96)."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from mockserver.providers.serwersms.entries import QUIZZES
from mockserver.providers.serwersms.errors import PremiumDataIncorrect
from mockserver.providers.serwersms.listing import find_by_id
from mockserver.providers.serwersms.parameters import BLANK, CREDENTIALS, ID, PHONE, TEXT, required
from mockserver.providers.serwersms.results import Listed, Shown, Written
from mockserver.sdk import (
    EARLIEST,
    LATEST,
    Account,
    Call,
    Decision,
    IdReservation,
    Instant,
    Kind,
    Message,
    MessageStored,
    Operation,
    Parameter,
    ProviderError,
    State,
    assumed,
    attribute_key,
    datetime_of,
    kind_key,
    matching,
    parse_parameters,
)

KIND = "pre"
ANSWERS = 1
"""How many answers a premium message may have (SW-44)."""


class PremiumItem(Struct, frozen=True):
    """A premium message that waits for an answer."""

    id: int
    to_number: str
    from_number: str
    date: datetime
    limit: int
    """How many answers are left."""
    text: str


def index(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """List the premium messages that may still be answered, the newest first (SW-95)."""
    store = state.message_store
    answers = store.select(kind_key(account.key, KIND, "outbound"), EARLIEST, LATEST)
    answered = {reference for each in answers.slices for reference in each.values("reference")}
    received = store.page(kind_key(account.key, KIND, "inbound"), EARLIEST, LATEST)
    waiting = [message for message in reversed(received) if message.id not in answered]
    items = tuple(_item(message) for message in waiting)
    return Decision(now, Listed(items), account=account.key, size=len(items))


def _item(message: Message) -> PremiumItem:
    at = datetime_of(message.at)
    return PremiumItem(int(message.id), message.recipient, message.sender, at, ANSWERS, message.text)


def _parse_phone(row: Parameter, sent: object) -> str:
    """Parse the number to answer; what is no number is incorrect data like one that has sent nothing (SW-95)."""
    try:
        return str(PHONE.parse(row, sent))
    except ProviderError:
        raise row.wrong(sent) from None


_SOURCE = assumed("SW-95")
SEND = (
    required("phone", Kind(_parse_phone, PremiumDataIncorrect, PHONE.schema), _SOURCE),
    required("text", TEXT, _SOURCE),
    required("gate", TEXT, _SOURCE),
    required("id", matching("[0-9]{1,15}", PremiumDataIncorrect), _SOURCE),
)


def send(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Answer a premium message (SW-95)."""
    values = parse_parameters(SEND, call.values, blank=BLANK)
    found = _find(values["id"], account, state)
    if found is None or (found.sender, found.recipient) != (values["phone"], values["gate"]):
        raise PremiumDataIncorrect(value=values["id"])
    answer = Message(
        serial=state.message_store.next_serial,
        account=account.key,
        id=ids.token("serwersms.message", 10),
        direction="outbound",
        sender=found.recipient,
        recipient=found.sender,
        at=now,
        text=values["text"],
        kind=KIND,
        status="sent",
        reference=found.id,
    )
    return Decision(now, Written(), (MessageStored(answer),), account=account.key)


def _find(number: str, account: Account, state: State) -> Message | None:
    """Return the premium message with an id that waits for an answer."""
    store = state.message_store
    answers = store.page(attribute_key(account.key, "reference", number), EARLIEST, LATEST)
    if any((answer.direction, answer.kind) == ("outbound", KIND) for answer in answers):
        return None
    found = store.page(attribute_key(account.key, "id", number), EARLIEST, LATEST)
    return next((each for each in found if (each.direction, each.kind) == ("inbound", KIND)), None)


_QUIZ = required("id", ID, assumed("SW-96"))


def view_quiz(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Show how often each answer of a quiz was given (SW-96)."""
    quiz = find_by_id(_QUIZ, call, account, state, QUIZZES)
    return Decision(now, Shown(quiz), account=account.key)


OPERATIONS = (
    Operation(name="premium.index", source=_SOURCE, decide=index, common=CREDENTIALS, looks_through=True),
    Operation(
        name="premium.send",
        source=_SOURCE,
        decide=send,
        parameters=SEND,
        common=CREDENTIALS,
        errors=(PremiumDataIncorrect,),
        is_repeatable=False,
    ),
    Operation(name="quiz.view", source=assumed("SW-96"), decide=view_quiz, parameters=(_QUIZ,), common=CREDENTIALS),
)
