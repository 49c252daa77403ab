"""Values of any type that a store writes, made from the annotations of the types."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from msgspec import Struct

from contract_tests.engine.test_fold_of_events import SMALL
from contract_tests.installed import PROVIDERS, VARIANTS
from mockserver.engine.accounts import Account
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import DecisionTrace
from mockserver.engine.deliveries import WebhookFault
from mockserver.engine.faults import Fault, Matches
from mockserver.engine.frozen import freeze
from mockserver.engine.instants import EARLIEST, LATEST
from mockserver.engine.journal import ResponseOrigin
from mockserver.engine.limits import LimitStatus
from mockserver.engine.provider_errors import ProviderError, Source
from mockserver.engine.state import InitialState, State
from mockserver.engine.webhook_faults import WEBHOOK_FAULTS
from mockserver.http.fault_effects import FAULT_TYPES, Garbage, UniformDelay
from mockserver.stores.codec import RecordedUsage

T = TypeVar("T")

TEXTS = st.text(st.characters(exclude_categories=()), max_size=20) | st.sampled_from(
    [
        "",
        "\ud83d\ude00",
        "\\d83d",
        "żółć 😀",
        "\0",
        "$blob",
        '"$blob":"0123456789012345678901234567890123456789"',
        "\u2028",
    ]
)
"""Texts with any characters, lone surrogates too."""
NUMBERS = st.integers(-(2**70), 2**70) | st.sampled_from([EARLIEST, LATEST, 0, 2**63, -(2**63) - 1])
"""Whole numbers of any size; the ends of the calendar, the years 1 and 9999, are often among them."""
ZONES = st.sampled_from([None, UTC, ZoneInfo("Europe/Warsaw"), timezone(timedelta(hours=-5, minutes=-30))])
SCALARS = (
    *(st.none(), st.booleans(), NUMBERS, st.floats(), TEXTS, st.binary(max_size=20)),
    *(st.dates(), st.times(), st.timedeltas(), st.decimals(allow_nan=False)),
    *(
        st.datetimes(timezones=ZONES),
        st.builds(datetime, *map(st.just, (2026, 10, 25, 2, 30)), tzinfo=ZONES, fold=st.integers(0, 1)),
    ),
)


def compound(*kinds: Callable[[SearchStrategy[Any]], SearchStrategy[Any]]) -> SearchStrategy[Any]:
    """Return plain values, alone or in lists, tuples and dictionaries, and in collections of the given kinds."""
    return st.recursive(
        st.one_of(*SCALARS),
        lambda each: st.one_of(
            st.lists(each, max_size=4),
            st.lists(each, max_size=4).map(tuple),
            st.dictionaries(TEXTS, each, max_size=4),
            st.dictionaries(TEXTS, each, max_size=4).map(freeze),
            *(kind(each) for kind in kinds),
        ),
        max_leaves=8,
    )


VALUES = compound(lambda _: st.frozensets(NUMBERS, max_size=4))
"""Values of any plain type, immutable or not."""
FACTS = compound()
"""Values that a sentence can show. A set has no order, so equal sets may read differently."""
ENTRY_TYPES = [collection.entry for provider in PROVIDERS for collection in provider.collections]
ERRORS: list[type[ProviderError]] = [
    each for provider in PROVIDERS for each in (*provider.errors, *provider.routing_errors.values())
]

NAMES = {each.__name__: each for each in (InitialState, ProviderError, State)} | {"ResponseOrigin": ResponseOrigin}
"""Names in annotations that are imported for type checkers alone."""
FIXTURES = st.just(SMALL)
STATES = st.builds(
    lambda at, texts: _changed(State(SMALL, at, VARIANTS), texts),
    st.integers(EARLIEST, LATEST),
    st.lists(TEXTS, max_size=3),
)


def _changed(state: State, texts: list[str]) -> State:
    for place, text in enumerate(texts):
        message = state.message_store.get(place)
        assert message is not None
        state.message_store.change(
            type(message)(place, message.account, text, "outbound", text, text, message.at, text)
        )
    return state


@st.composite
def errors(draw: Any) -> ProviderError:
    """Return an error of a provider, with facts of any kind and perhaps a source of its own."""
    error = draw(st.sampled_from(ERRORS))(**draw(st.dictionaries(st.sampled_from(["value", "name", "count"]), FACTS)))
    source = draw(st.none() | st.builds(Source, TEXTS, TEXTS, st.none()))
    if source is not None:
        error.with_source(source)
    found: ProviderError = error
    return found


def faults(*bases: type) -> SearchStrategy[Any]:
    """Return faults of every class that derives from these."""
    kinds = [each for each in (*FAULT_TYPES, *WEBHOOK_FAULTS.values()) if issubclass(each, bases)]
    return st.sampled_from(kinds).flatmap(build)


def entries() -> SearchStrategy[Any]:
    """Return entries of every collection."""
    return st.sampled_from(ENTRY_TYPES).flatmap(build)


SPECIAL: dict[Any, SearchStrategy[Any]] = {
    str: TEXTS,
    int: NUMBERS,
    float: st.floats(),
    bool: st.booleans(),
    bytes: st.binary(max_size=20),
    type(None): st.none(),
    Any: VALUES,
    object: VALUES,
    date: st.dates(),
    time: st.times(),
    Decimal: st.decimals(allow_nan=False),
    datetime: st.datetimes(timezones=ZONES),
    Clock: st.builds(Clock, st.none() | NUMBERS, NUMBERS),
    Fault: st.deferred(lambda: faults(Fault)),
    WebhookFault: st.deferred(lambda: faults(WebhookFault)),
    ProviderError: st.deferred(errors),
    Matches: st.sampled_from(["a+", "^ż|b$", "\\d{3}"]).map(Matches),
    Garbage: st.sampled_from([None, "", "AAEC"]).map(Garbage),
    DecisionTrace: st.builds(
        DecisionTrace,
        st.none()
        | st.lists(st.deferred(lambda: of(LimitStatus)), min_size=1, max_size=2).map(tuple).map(RecordedUsage),
        st.none() | TEXTS,
        st.none() | st.lists(TEXTS, max_size=2).map(tuple),
    ),
    dict[str, Any]: st.dictionaries(TEXTS, st.none() | st.booleans() | TEXTS | st.lists(TEXTS, max_size=2), max_size=3),
    UniformDelay: st.builds(UniformDelay, st.floats(0, 1), st.floats(1, 2)),
    State: STATES,
    InitialState: st.deferred(
        lambda: st.builds(
            InitialState,
            *(FIXTURES, TEXTS, st.just(VARIANTS)),
            st.none() | of(get_type_hints(InitialState)["logins"]),
            *(st.none() | NUMBERS, st.none() | STATES),
        )
    ),
}
"""Strategies for types whose values cannot be made from their annotations."""


def build(kind: type[T]) -> SearchStrategy[T]:
    """Return values of a Struct, dataclass, named tuple or enumeration, with any values that its annotations allow."""
    if kind in SPECIAL:
        return SPECIAL[kind]
    if issubclass(kind, Enum):
        return st.sampled_from(kind)  # type: ignore[return-value]  # its members are of the type
    hints = get_type_hints(kind, localns=NAMES)
    names: Sequence[str] = getattr(kind, "__struct_fields__", getattr(kind, "_fields", ()))
    if is_dataclass(kind):
        names = [each.name for each in fields(kind) if each.init]
    made = {name: of(hints[name]) for name in names}
    if kind is Account:
        made["provider"] = st.sampled_from([provider.name for provider in PROVIDERS])
    return st.fixed_dictionaries(made).map(lambda values: kind(**values))


def of(hint: Any) -> SearchStrategy[Any]:
    """Return values of an annotation."""
    if hint in SPECIAL:
        return SPECIAL[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(of, arguments))
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return st.lists(of(arguments[0]), max_size=3).map(tuple)
        return st.tuples(*map(of, arguments))
    if origin in (frozenset, set):
        return st.sets(of(arguments[0]), max_size=3).map(origin)
    if origin is not None and issubclass(origin, Mapping):
        made = st.dictionaries(of(arguments[0]), of(arguments[1]), max_size=3)
        return made.map(freeze) | made if arguments[1] is Any else made
    if origin is not None and issubclass(origin, Sequence):
        return st.lists(of(arguments[0]), max_size=3).map(tuple)
    if isinstance(hint, type) and (issubclass(hint, Struct | Enum) or is_dataclass(hint) or hasattr(hint, "_fields")):
        return build(hint)
    raise TypeError(f"no values of {hint!r} can be made")
