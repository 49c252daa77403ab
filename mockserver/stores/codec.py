"""Events, states and exchanges as text, exactly and with a version: what the databases hold.

A text is JSON: an array of the format's number and the content, or an object with that array under ``escaped`` when a text in
it has surrogates, which JSON in UTF-8 cannot have. See `values` for the content. What many worlds share, such as a fixture's
messages, is a text of its own, a *blob*; it is referred to by its digest: ``{"$blob": "…"}``.

The events of ordinary requests are arrays of the event's name and its fields, because there may be millions of them:
``["UseCounted", "provider/account", 1780315200000000, 4]``.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from hashlib import blake2b
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar, get_args
from weakref import WeakValueDictionary, ref

from msgspec import Struct, json

from mockserver.engine import events
from mockserver.engine.accounts import Account, ForwardingRule, Login, Number, Program
from mockserver.engine.checkpoints import Checkpoint
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import DecisionTrace
from mockserver.engine.deliveries import Attempt, Delivery, Outcome, OutgoingRequest, WebhookFault
from mockserver.engine.entries import Collection, Entries, TableBase, TableParts
from mockserver.engine.event_log import EventBatch
from mockserver.engine.events import (
    AttemptEnded,
    AttemptInterrupted,
    AttemptStarted,
    CheckpointRemoved,
    DeliveryChanged,
    DeliveryOpened,
    EntryDeleted,
    ExchangeFinished,
    ExchangeRecorded,
    FaultRuleHit,
    FaultRuleRemoved,
    IdsUsed,
    MessageDeleted,
    MessageScheduled,
    MessageStored,
    Rewound,
    ScheduledItemRun,
    UseCounted,
    VariantChosen,
)
from mockserver.engine.faults import (
    Equals,
    FaultRule,
    FaultRules,
    Matches,
    RequestMatch,
    RuleStatus,
    WebhookMatch,
    When,
)
from mockserver.engine.frozen import FrozenDict, freeze
from mockserver.engine.journal import Exchange
from mockserver.engine.limits import Limit, LimitStatus
from mockserver.engine.message_store import MessageStore, SharedPart, StoreParts
from mockserver.engine.messages import Attachment, Message
from mockserver.engine.provider_errors import ProviderError, Source
from mockserver.engine.scheduler import ScheduledItem, Scheduler
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture, Grant, InitialState, State, UnreadParts
from mockserver.engine.webhook_faults import WEBHOOK_FAULTS

from .values import StoredDataError, UnknownType, plain_types

PutBlob: TypeAlias = Callable[[str, Callable[[], bytes]], None]
"""Stores a blob, given its digest and a function that makes it: to be called only if no blob of this digest is stored yet."""
GetBlob: TypeAlias = Callable[[str], bytes]
"""Returns the blob of a digest."""

_T = TypeVar("_T")

FORMAT = 1
"""The number of the format that is written. A change that the present code cannot read needs another one, and a migration."""

_FLAT: tuple[type, ...] = (
    *(UseCounted, MessageScheduled, ScheduledItemRun, AttemptStarted, DeliveryChanged, EntryDeleted, VariantChosen),
    *(
        FaultRuleHit,
        FaultRuleRemoved,
        ExchangeRecorded,
        ExchangeFinished,
        AttemptInterrupted,
        CheckpointRemoved,
        Rewound,
    ),
)
"""The events whose fields are texts, numbers and ``None`` alone."""

_EVENTS: frozenset[type] = frozenset(get_args(events.Event))

_ENGINE_TYPES: tuple[type, ...] = (
    *_EVENTS,
    *(
        Message,
        Attachment,
        Account,
        Login,
        Number,
        Program,
        ForwardingRule,
        Grant,
        Clock,
        UnreadParts,
        ScheduledItem,
        Checkpoint,
    ),
    *WEBHOOK_FAULTS.values(),
    *(FaultRule, RuleStatus, RequestMatch, WebhookMatch, When, Equals, Matches),
    *(Limit, LimitStatus, Source),
)

_FEW = 100
"""The entries of a table that are not worth a blob."""

_LARGE = frozenset(("deliveries", "deliveries_by_message"))
"""The parts of a state beside its messages that may be large."""

_SCALARS = frozenset((str, bool, type(None)))
_MESSAGE_ROW = attrgetter(*Message.__struct_fields__[:-2])
"""The fields of a message but the last two, which most messages leave empty."""
_FINISHED = re.compile(rb'\["ExchangeFinished",([0-9]+),([0-9]+),"([a-z]+)"(?:,(?:([0-9]+)|null))?\]')
_REFERENCE = re.compile(rb'"\$blob":"([0-9a-f]{40})"')


class NewerFormat(StoredDataError):
    """The data were written by a newer version."""

    def __init__(self, found: int) -> None:
        """Create the error for the number of a format."""
        super().__init__(
            f"the stored data were written by a newer version of mockserver: they have format {found}, "
            f"and this version reads format {FORMAT}"
        )


class UnknownProvider(StoredDataError):
    """The data have something of a provider that is not installed."""

    def __init__(self, provider: str) -> None:
        """Create the error for the name of a provider."""
        super().__init__(
            f"the stored data have accounts or entries of the provider {provider!r}, which is not installed: "
            "install its package again, or use other data"
        )
        self.provider = provider


class RecordedUsage(Struct, frozen=True):
    """The uses of rate limits at an instant, as an exchange recorded them."""

    statuses: tuple[LimitStatus, ...]


class Codec:
    """Writes and reads what a store holds of worlds."""

    def __init__(
        self,
        collections: Mapping[str, Iterable[Collection]],
        errors: Mapping[str, Iterable[type[ProviderError]]] = {},
        types: Iterable[type] = (),
    ) -> None:
        """Create a codec for some providers.

        Args:
            collections: the collections of each installed provider, by its name.
            errors: the errors of each provider.
            types: the classes beside those of the engine that events may hold, such as the faults of responses.
        """
        self.providers = frozenset(collections)
        self.errors = {(provider, each.__name__): each for provider, many in errors.items() for each in many}
        self.error_names = {each: name for name, each in self.errors.items()}
        self.types = plain_types()
        for each in (*_ENGINE_TYPES, *types):
            self.types.add(each)
        for provider, many in collections.items():
            for collection in many:
                self.types.add_all(collection.entry, f"{provider}/{collection.name}", f"{provider}/")
        self.digests = _Digests()
        self.loaded: WeakValueDictionary[str, Any] = WeakValueDictionary()
        """What was read from blobs and is still in use, by digest."""
        self.variants: dict[int, tuple[Mapping[str, str], str]] = {}
        """The tables of variants of the latest exchanges with their digests, by identity."""
        self.variants_of: dict[str, Mapping[str, str]] = {}
        self.texts: dict[str, str] = {}
        """One object for each text that many messages share, such as an account's key."""

    def references(self, data: bytes) -> set[str]:
        """Return the digests of the blobs that a text refers to; a blob is a text too."""
        return {found.decode() for found in _REFERENCE.findall(data)}

    # -- events

    def encode_batches(self, batches: Sequence[EventBatch], put_blob: PutBlob) -> bytes:
        """Return the batches of a transaction as text.

        Raises:
            StoredDataError: an event has a value of a type that is not known.
        """
        write = _Writer(self, put_blob).event
        return _dump([[each.at, [*map(write, each.events)], [*map(write, each.internal)]] for each in batches])

    def decode_batches(self, data: bytes, get_blob: GetBlob) -> tuple[EventBatch, ...]:
        """Return the batches of a text.

        Raises:
            StoredDataError: it is none; `NewerFormat` or `UnknownProvider` where that is why.
        """
        return self._read(data, get_blob, _Reader.batches)

    # -- states

    def encode_state(self, state: State, put_blob: PutBlob) -> bytes:
        """Return a state as text.

        Raises:
            StoredDataError: it has a value of a type that is not known.
        """
        return _dump(_Writer(self, put_blob).state(state))

    def decode_state(self, data: bytes, get_blob: GetBlob) -> State:
        """Return the state of a text.

        Raises:
            StoredDataError: it is none; `NewerFormat` or `UnknownProvider` where that is why.
        """
        return self._read(data, get_blob, _Reader.state)

    def encode_initial_state(self, initial: InitialState, put_blob: PutBlob) -> bytes:
        """Return an initial state as text.

        Raises:
            StoredDataError: it has a value of a type that is not known.
        """
        return _dump(_Writer(self, put_blob).value(initial))

    def decode_initial_state(self, data: bytes, get_blob: GetBlob) -> InitialState:
        """Return the initial state of a text.

        Raises:
            StoredDataError: it is none; `NewerFormat` or `UnknownProvider` where that is why.
        """
        return self._read(data, get_blob, _Reader.initial_state)

    # -- exchanges

    def encode_exchange(self, exchange: Exchange, put_blob: PutBlob) -> bytes:
        """Return an exchange as text. A parameter or fact of a type that is not known becomes a text."""
        return _dump(_Writer(self, put_blob, is_lenient=True).exchange(exchange))

    def decode_exchange(self, data: bytes, get_blob: GetBlob) -> Exchange:
        """Return the exchange of a text.

        Raises:
            StoredDataError: it is none; `NewerFormat` where that is why.
        """
        return self._read(data, get_blob, _Reader.exchange)

    def finished_exchanges(self, batches: bytes) -> Iterator[ExchangeFinished]:
        """Yield how exchanges have ended as the text of batches says."""
        for number, sent, ending, duration in _FINISHED.findall(batches):
            yield ExchangeFinished(int(number), int(sent), ending.decode(), int(duration) if duration else None)

    def _read(self, data: bytes, get_blob: GetBlob, read: Callable[[_Reader, Any], _T]) -> _T:
        try:
            return read(_Reader(self, get_blob), _load(data))
        except StoredDataError:
            raise
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as reason:
            raise StoredDataError(f"the stored data cannot be read: {type(reason).__name__}: {reason}") from reason


# --------------------------------------------------------------------------------------------------------------- texts


def _dump(content: Any) -> bytes:
    document = [FORMAT, content]
    try:
        return json.encode(document)
    except UnicodeEncodeError:
        return json.encode({"escaped": _map_texts(document, _escape)})


def _load(data: bytes) -> Any:
    document = json.decode(data)
    if isinstance(document, dict):
        document = _map_texts(document["escaped"], _unescape)
    number, content = document
    if isinstance(number, int) and number > FORMAT:
        raise NewerFormat(number)
    if number != FORMAT:
        raise StoredDataError(f"the stored data have {number!r} in place of the number of a format")
    return content


_SURROGATE_OR_ESCAPE = re.compile("[\\\\\ud800-\udfff]")
_ESCAPED = re.compile(r"\\(\\|[0-9a-f]{4})")


def _escape(text: str) -> str:
    return _SURROGATE_OR_ESCAPE.sub(lambda found: "\\\\" if found[0] == "\\" else f"\\{ord(found[0]):x}", text)


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda found: "\\" if found[1] == "\\" else chr(int(found[1], 16)), text)


def _map_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return JSON with every text changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list | tuple):
        return [_map_texts(each, change) for each in value]
    if isinstance(value, dict):
        return {change(name): _map_texts(each, change) for name, each in value.items()}
    return value


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=20).hexdigest()


class _Digests:
    """The digests of objects that live and never change, by identity."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[ref[Any], str]] = {}

    def get(self, value: object) -> str | None:
        found = self._found.get(id(value))
        return None if found is None or found[0]() is not value else found[1]

    def put(self, value: object, digest: str) -> None:
        number = id(value)
        self._found[number] = ref(value, lambda _: self._found.pop(number, None)), digest


# ------------------------------------------------------------------------------------------------------------- writing


def _is_plain(value: Any) -> bool:
    """Return whether `freeze` makes a value from its JSON again."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if kind is int:
        return bool(-(2**63) <= value < 2**63)
    if kind is float:
        return bool(value - value == 0)
    if kind is tuple:
        return all(map(_is_plain, value))
    return kind is FrozenDict and all(type(name) is str and _is_plain(each) for name, each in value.items())


def _write_message(message: Message) -> tuple[Any, ...] | None:
    """Return a message as a row; ``None`` when it has values that JSON does not have."""
    row: tuple[Any, ...] = _MESSAGE_ROW(message)
    if message.attachments:
        return None
    fields = message.fields
    if not fields:
        return row
    return (*row, fields) if _is_plain(fields) else None


class _Writer:
    """Writes values into one text."""

    __slots__ = ("_codec", "_is_lenient", "_put_blob", "_types")

    def __init__(self, codec: Codec, put_blob: PutBlob, *, is_lenient: bool = False) -> None:
        self._codec, self._types, self._put_blob, self._is_lenient = codec, codec.types, put_blob, is_lenient

    def value(self, value: Any) -> Any:
        special = _SPECIAL.get(type(value))
        if special is not None:
            return special(self, value)
        if isinstance(value, ProviderError):
            return self.nested_error(value)
        try:
            return self._types.pack(self.value, value)
        except StoredDataError:
            if self._is_lenient:
                return str(value)
            raise

    def event(self, event: Any) -> Any:
        write = _EVENT_WRITERS.get(type(event))
        row = None if write is None else write(event)
        return self.value(event) if row is None else row

    def _blob(self, value: Any, write: Callable[[Any], Any]) -> dict[str, str]:
        """Put a value that never changes into a blob, and return the reference to it."""
        digest = self._codec.digests.get(value)
        if digest is None:
            data = _dump(write(value))
            digest = _digest(data)
            self._codec.digests.put(value, digest)
            self._codec.loaded.setdefault(digest, value)
            self._put_blob(digest, lambda: data)
        else:
            self._put_blob(digest, lambda: _dump(write(value)))
        return {"$blob": digest}

    # -- states

    def state(self, state: State) -> Any:
        written = {name: self.value(getattr(state, name)) for name in State.__slots__ if name not in _LARGE}
        written["deliveries"] = {"$deliveries": [*map(self.delivery_row, state.deliveries.values())]}
        written["deliveries_by_message"] = {"$numbers": [*state.deliveries_by_message.items()]}
        return written

    def nested_state(self, state: State) -> Any:
        return {"$State": self.state(state)}

    def initial(self, initial: InitialState) -> Any:
        return self._blob(initial, self.initial_fields)

    def initial_fields(self, initial: InitialState) -> Any:
        return {"$InitialState": {name: self.value(getattr(initial, name)) for name in _INITIAL_FIELDS}}

    def fixture(self, fixture: Fixture) -> Any:
        return self._blob(fixture, self.fixture_fields)

    def fixture_fields(self, fixture: Fixture) -> Any:
        return {"$Fixture": {name: self.value(getattr(fixture, name)) for name in _FIXTURE_FIELDS}}

    def segment(self, segment: Segment) -> Any:
        return self._blob(segment, lambda segment: {"$Segment": [*map(self.message, segment.messages())]})

    def message(self, message: Message) -> Any:
        row = _write_message(message)
        return self._types.pack(self.value, message) if row is None else row

    def messages(self, store: MessageStore) -> Any:
        parts = store.parts()
        shared = [[self.segment(each[0]), *each[1:]] for each in parts.shared]
        return {"$messages": [shared, [*map(self.message, parts.own)], parts.next_serial]}

    def entries(self, entries: Entries) -> Any:
        return {"$entries": [[*key, *self.table(parts)] for key, parts in entries.parts().items()]}

    def table(self, parts: TableParts) -> Any:
        base = parts.base
        is_large = len(base.entries) > _FEW
        written = self._blob(base, self.base) if is_large else self.base(base)
        return written, [[place, self.value(entry)] for place, entry in parts.changed], parts.end

    def base(self, base: TableBase) -> Any:
        return {"$TableBase": [*map(self.value, base.entries)]}

    def scheduler(self, scheduler: Scheduler) -> Any:
        return {"$scheduler": [scheduler.last, *map(self.value, scheduler)]}

    def fault_rules(self, rules: FaultRules) -> Any:
        return {"$faults": [rules.last, *map(self.value, rules)]}

    def delivery(self, delivery: Delivery) -> Any:
        return {"$delivery": self.delivery_row(delivery)}

    def delivery_row(self, delivery: Delivery) -> Any:
        """Write a delivery as a row: there may be as many as messages."""
        fault = delivery.fault
        return (*_delivery_row(delivery), None if fault is None else self.value(fault))

    def attempt(self, attempt: Attempt) -> Any:
        return {"$attempt": attempt}  # a named tuple, and so are its parts: JSON has them as arrays

    # -- exchanges

    def exchange(self, exchange: Exchange) -> Any:
        """Write an exchange by hand, because each request of a stored world does this."""
        scalars = zip(_SCALAR_FIELDS, _scalars_of(exchange), _SCALAR_DEFAULTS, strict=True)
        found = {name: value for name, value, default in scalars if value != default}
        found["head"], found["body"] = exchange.head, exchange.body
        found["response_head"], found["response_body"] = exchange.response_head, exchange.response_body
        found["variants"] = self.variants(exchange.variants)
        values = exchange.values
        if type(values) is dict and all(map(_is_text, values)) and all(map(_is_text, values.values())):
            found["values"] = values
        else:
            found["other_values"] = self.value(values)
        if exchange.trace is not None:
            found["trace"] = self.trace(exchange.trace)
        result, error = exchange.result, exchange.error
        if result is not None:
            found["result"] = self.error(result)
        if error is not None:
            found["error"] = True if error is result else self.error(error)
        if exchange.fault is not None:
            found["fault"] = exchange.fault
        return found

    def variants(self, variants: Mapping[str, str]) -> Any:
        """Put a table of variants, which many exchanges share, into a blob."""
        known = self._codec.variants
        found = known.get(id(variants))
        if found is None:
            if len(known) >= _FEW:
                known.clear()
            found = known[id(variants)] = variants, _digest(_dump(self.value(variants)))
        self._put_blob(found[1], lambda: _dump(self.value(variants)))
        return {"$blob": found[1]}

    def trace(self, trace: DecisionTrace) -> Any:
        windows = [
            (limit.most, limit.seconds, limit.sentence, limit.is_fixed, used, free_at)
            for limit, used, free_at in map(_WINDOW, trace.windows)
        ]
        return windows, trace.magic, trace.emptied_by

    def error(self, error: ProviderError) -> Any:
        provider, name = self._codec.error_names.get(type(error), ("", type(error).__name__))
        return provider, name, self.value(error.facts), self.value(vars(error).get("source"))

    def nested_error(self, error: ProviderError) -> Any:
        return {"$error": self.error(error)}


_delivery_row = attrgetter(
    *("number", "provider", "account", "kind", "serial", "url", "requires_ack", "ordering_key", "created_at", "status"),
    *("due", "fault_rule", "attempts", "interrupted"),
)


def _is_text(value: object) -> bool:
    return type(value) is str


_WINDOW = attrgetter("limit", "used", "free_at")

_SCALAR_FIELDS = (
    *("method", "target", "listener", "number", "world", "at", "provider", "account", "operation", "effect", "origin"),
    *("status", "sent", "ending", "duration", "size", "invalid_reason", "is_masked", "masked_secrets"),
)
"""The fields of an exchange that are texts, numbers or ``None``."""
_scalars_of = attrgetter(*_SCALAR_FIELDS)
_SCALAR_DEFAULTS = _scalars_of(Exchange("", "", (), b"", None))
_INITIAL_FIELDS = tuple(InitialState.__dataclass_fields__)
_FIXTURE_FIELDS = tuple(Fixture.__dataclass_fields__)

_SPECIAL: Mapping[type, Callable[[_Writer, Any], Any]] = {
    State: _Writer.nested_state,
    InitialState: _Writer.initial,
    Fixture: _Writer.fixture,
    Segment: _Writer.segment,
    MessageStore: _Writer.messages,
    Entries: _Writer.entries,
    Scheduler: _Writer.scheduler,
    FaultRules: _Writer.fault_rules,
    Delivery: _Writer.delivery,
    Attempt: _Writer.attempt,
}


def _write_flat(name: str, fields: Callable[[Any], Any], event: Any) -> tuple[Any, ...]:
    found = fields(event)
    return (name, *found) if type(found) is tuple else (name, found)


def _write_message_event(name: str, event: MessageStored | MessageDeleted) -> tuple[Any, ...] | None:
    row = _write_message(event.message)
    return None if row is None else (name, *row)


def _write_opened(event: DeliveryOpened) -> tuple[Any, ...] | None:
    return None if event.delivery.fault is not None else ("DeliveryOpened", *_delivery_row(event.delivery))


def _write_ended(event: AttemptEnded) -> tuple[Any, ...]:
    return "AttemptEnded", event.number, event.attempt, event.status, event.due


def _write_ids(event: IdsUsed) -> tuple[Any, ...]:
    return "IdsUsed", event.sequences


_EVENT_WRITERS: Mapping[type, Callable[[Any], tuple[Any, ...] | None]] = {
    IdsUsed: _write_ids,
    DeliveryOpened: _write_opened,
    AttemptEnded: _write_ended,
    MessageStored: partial(_write_message_event, "MessageStored"),
    MessageDeleted: partial(_write_message_event, "MessageDeleted"),
    **{
        each: partial(_write_flat, each.__name__, attrgetter(*each.__struct_fields__))  # type: ignore[attr-defined]  # all are Structs
        for each in _FLAT
    },
}
"""How frequent events are written as rows."""

_EVENT_TYPES: Mapping[str, type] = {each.__name__: each for each in _FLAT}


# ------------------------------------------------------------------------------------------------------------- reading


class _Reader:
    """Reads the values of one text."""

    __slots__ = ("_codec", "_get_blob", "_types")

    def __init__(self, codec: Codec, get_blob: GetBlob) -> None:
        self._codec, self._types, self._get_blob = codec, codec.types, get_blob

    def value(self, value: Any) -> Any:
        if type(value) is dict and len(value) == 1:
            [(name, content)] = value.items()
            special = _SPECIAL_NAMES.get(name)
            if special is not None:
                return special(self, content)
        try:
            return self._types.unpack(self.value, value)
        except UnknownType as unknown:
            provider, has_provider, _ = unknown.name.partition("/")
            if has_provider:
                self._check_provider(provider)
            raise

    def _check_provider(self, provider: str) -> None:
        if provider not in self._codec.providers:
            raise UnknownProvider(provider)

    def batches(self, content: Any) -> tuple[EventBatch, ...]:
        message, value, kinds = self.message, self.value, _EVENT_TYPES

        def event(written: Any) -> Any:
            if type(written) is not list:
                found = value(written)
                if type(found) not in _EVENTS:
                    raise StoredDataError(f"the stored data have {found!r} in place of an event")
                return found
            name = written[0]
            kind = kinds.get(name)
            if kind is not None:
                return kind(*written[1:])
            if name == "MessageStored":
                return MessageStored(message(written[1:]))
            if name == "IdsUsed":
                return IdsUsed(written[1])
            if name == "DeliveryOpened":
                return DeliveryOpened(_read_delivery(written[1:]))
            if name == "AttemptEnded":
                return AttemptEnded(written[1], _read_attempt(written[2]), *written[3:])
            if name == "MessageDeleted":
                return MessageDeleted(message(written[1:]))
            raise UnknownType(name)

        return tuple(
            [
                EventBatch(at, tuple([event(each) for each in shown]), tuple([event(each) for each in internal]))
                for at, shown, internal in content
            ]
        )

    # -- states

    def state(self, content: Any) -> State:
        state = State(Fixture(), 0, {})
        for name, value in content.items():
            setattr(state, name, self.value(value))
        return state

    def initial_state(self, content: Any) -> InitialState:
        found = self.value(content)
        if not isinstance(found, InitialState):
            raise StoredDataError("the stored data have another thing in the place of an initial state")
        return found

    def blob(self, digest: str) -> Any:
        found = self._codec.loaded.get(digest)
        if found is None:
            found = self.value(_load(self._get_blob(digest)))
            self._codec.loaded[digest] = found
            self._codec.digests.put(found, digest)
        return found

    def initial(self, content: Any) -> InitialState:
        return InitialState(**{name: self.value(value) for name, value in content.items()})

    def fixture(self, content: Any) -> Fixture:
        return Fixture(**{name: self.value(value) for name, value in content.items()})

    def segment(self, content: Any) -> Segment:
        return Segment(map(self.message, content))

    def message(self, written: Any) -> Message:
        if type(written) is not list:
            found: Message = self.value(written)
            return found
        intern = self._codec.texts.setdefault
        written[1] = intern(written[1], written[1])
        written[3] = intern(written[3], written[3])
        for place in _SHARED_TEXTS:
            if text := written[place]:
                written[place] = intern(text, text)
        if len(written) > _ROW:
            written[_ROW:] = (), freeze(written[_ROW])
        return Message(*written)

    def messages(self, content: Any) -> MessageStore:
        shared, own, next_serial = content
        parts = (
            SharedPart(self.value(segment), first, offset, tuple(hidden)) for segment, first, offset, hidden in shared
        )
        return MessageStore.of_parts(StoreParts(tuple(parts), tuple(map(self.message, own)), next_serial))

    def entries(self, content: Any) -> Entries:
        return Entries.of_parts(
            {
                (account, name): TableParts(
                    self.value(base), tuple((place, self.value(entry)) for place, entry in changed), end
                )
                for account, name, base, changed, end in content
            }
        )

    def base(self, content: Any) -> TableBase:
        return TableBase(map(self.value, content))

    def scheduler(self, content: Any) -> Scheduler:
        last, *items = content
        scheduler = Scheduler(map(self.value, items))
        scheduler.last = last
        return scheduler

    def fault_rules(self, content: Any) -> FaultRules:
        last, *statuses = content
        return FaultRules.of_parts(map(self.value, statuses), last)

    def delivery(self, content: Any) -> Delivery:
        *row, fault = content
        return _read_delivery(row, None if fault is None else self.value(fault))

    def deliveries(self, content: Any) -> dict[int, Delivery]:
        return {row[0]: self.delivery(row) for row in content}

    def numbers(self, content: Any) -> dict[int, tuple[int, ...]]:
        return {key: tuple(numbers) for key, numbers in content}

    def attempt(self, content: Any) -> Attempt:
        return _read_attempt(content)

    def account(self, content: Any) -> Account:
        account = Account(**{name: self.value(value) for name, value in content.items()})
        self._check_provider(account.provider)
        return account

    # -- exchanges

    def exchange(self, content: dict[str, Any]) -> Exchange:
        pop = content.pop
        exchange = Exchange(
            pop("method", ""), pop("target", ""), _pairs(pop("head")), a2b_base64(pop("body")), pop("listener", None)
        )
        exchange.response_head, exchange.response_body = _pairs(pop("response_head")), a2b_base64(pop("response_body"))
        exchange.variants = self.variants(pop("variants")["$blob"])
        exchange.values = pop("values") if "values" in content else self.value(pop("other_values"))
        if "trace" in content:
            exchange.trace = self.trace(pop("trace"))
        if "result" in content:
            exchange.result = self.error(pop("result"))
        if "error" in content:
            error = pop("error")
            exchange.error = exchange.result if error is True else self.error(error)
        for name, value in content.items():
            setattr(exchange, name, value)
        return exchange

    def variants(self, digest: str) -> Mapping[str, str]:
        known = self._codec.variants_of
        found = known.get(digest)
        if found is None:
            if len(known) >= _FEW:
                known.clear()
            found = known[digest] = self.value(_load(self._get_blob(digest)))
        return found

    def trace(self, content: Any) -> DecisionTrace:
        windows, magic, emptied_by = content
        statuses = [LimitStatus(Limit(*limit), used, free_at) for *limit, used, free_at in windows]
        return DecisionTrace(
            RecordedUsage(tuple(statuses)) if statuses else None,
            magic,
            None if emptied_by is None else tuple(emptied_by),
        )

    def error(self, content: Any) -> ProviderError:
        provider, name, facts, source = content
        error = self._codec.errors.get((provider, name)) or _unknown_error(name)
        found = error(**self.value(facts))
        if source is not None:
            found.source = self.value(source)
        return found


def _read_attempt(written: Any) -> Attempt:
    at, (method, url, headers, body), (status, response_headers, response_body, error), result = written
    request = OutgoingRequest(method, url, _pairs(headers), a2b_base64(body))
    return Attempt(at, request, Outcome(status, _pairs(response_headers), a2b_base64(response_body), error), result)


def _read_delivery(row: list[Any], fault: WebhookFault | None = None) -> Delivery:
    *plain, rule, attempts, interrupted = row
    values = *plain, tuple(map(_read_attempt, attempts)), fault, rule, tuple(interrupted)
    return Delivery(*values)


def _pairs(written: Any) -> tuple[tuple[str, str], ...]:
    return tuple([(name, value) for name, value in written]) if written else ()


_ROW = len(Message.__struct_fields__) - 2
"""The length of a message's row without fields."""
_SHARED_TEXTS = tuple(map(Message.__struct_fields__.index, ("kind", "status", "program")))
"""The places in a row of texts that many messages share, beside account and direction."""

_SPECIAL_NAMES: Mapping[str, Callable[[_Reader, Any], Any]] = {
    "$blob": _Reader.blob,
    "$State": _Reader.state,
    "$InitialState": _Reader.initial,
    "$Fixture": _Reader.fixture,
    "$Segment": _Reader.segment,
    "$TableBase": _Reader.base,
    "$Account": _Reader.account,
    "$messages": _Reader.messages,
    "$entries": _Reader.entries,
    "$scheduler": _Reader.scheduler,
    "$faults": _Reader.fault_rules,
    "$error": _Reader.error,
    "$delivery": _Reader.delivery,
    "$deliveries": _Reader.deliveries,
    "$numbers": _Reader.numbers,
    "$attempt": _Reader.attempt,
}


@lru_cache(256)
def _unknown_error(name: str) -> type[ProviderError]:
    """Return a class for an error that no installed provider has any more."""
    values = {"source": Source(None, None, None), "description": f"{name}, which the provider no longer has"}
    return type(name, (ProviderError,), values)
