"""Explains the response of an exchange: the rule with its source, the received values, and a hint for the client.

An explanation contains only what the journal, a provider's tables and QUIRKS.md say. It is made on request from what was
recorded with the exchange, so later changes of the world do not alter it. `Explainer.explain` returns plain data;
`text_format.format_explanation` turns it into text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.engine.instants import SECOND, datetime_of, iso
from mockserver.engine.journal import Exchange, Journal
from mockserver.engine.limits import LimitStatus
from mockserver.engine.provider_errors import Source
from mockserver.http.control_error import read_world_error
from mockserver.http.correlation import read_correlation
from mockserver.http.masking import Masking
from mockserver.http.url_display import readable
from mockserver.sdk.provider import Magic, Provider, Quirk
from mockserver.sdk.request import media_type
from mockserver.validation.suggestions import nearest, nearest_operation, nearest_path

from . import exchanges, outcomes, quirk_parser
from .request_inspection import header, is_json, path, sent, shown, unread

_MOST = 50
"""The maximal number of ignored parameters listed."""

_HEADERS = ("Authorization", "Content-Type")
"""The headers that providers read. A header with a similar name may be a misspelling of one."""
_OTHER_HEADERS = frozenset(("proxy-authorization", "content-encoding", "content-length", "content-range"))


class NotInJournal(LookupError):
    """The journal has no exchange of that number."""


class _Rule(NamedTuple):
    """The rule that decided a response."""

    name: str
    description: str | None = None
    source: Source | None = None
    hint: str | None = None
    about: tuple[str, ...] = ()
    facts: Mapping[str, object] = {}


_SERVER = {
    400: _Rule("BadRequest", "the request could not be read", hint="Send a well-formed HTTP request."),
    404: _Rule(
        "NoSuchAddress",
        "no provider has this address",
        hint="Use an address that GET / lists, or the provider's host.",
        about=("path",),
    ),
    405: _Rule("WrongMethod", "the address takes another method", hint="Use a method in the Allow header."),
    500: _Rule("ServerFault", "the mock server failed", hint="Report the error that the server logged."),
}
"""The rules behind the server's own error responses, by status."""
_WORLD_RULES = {
    "no_such_world": _Rule("NoSuchWorld", hint="Use the id of an existing world."),
    "wrong_world": _Rule("WrongWorld", hint="Name the listener's world or none, or use a listener without a world."),
}
"""The rules that reject a request for the world that it names, by the code of the response."""


def find(journal: Journal, number: int) -> Exchange:
    """Return the exchange of a number.

    Raises:
        NotInJournal: the journal does not hold it.
    """
    found = journal.get(number) if number <= journal.last else None
    if found is not None:
        return found
    first, last = journal.dropped + 1, journal.last
    holds = f"the journal holds {first} to {last}" if first <= last else "the journal is empty"
    if 0 < number < first:
        raise NotInJournal(f"exchange {number} was dropped; {holds}: {journal.why_dropped}")
    raise NotInJournal(f"there is no exchange {number}; {holds}")


class Explainer:
    """An explainer of the exchanges of a server."""

    def __init__(
        self,
        providers: Iterable[Provider],
        masking: Masking,
        switches: Sequence[Quirk] = (),
        addresses: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """Create an explainer.

        Args:
            providers: every provider.
            masking: masks the secrets in an explanation.
            switches: every switch; only the server's own are used.
            addresses: returns the pattern of every served path, such as ``/api/messages/program/<programId>``.
        """
        self._providers = {provider.name: provider for provider in providers}
        self._masking = masking
        self._switches = tuple(switch for switch in switches if not switch.number)
        self._addresses = addresses

    def explain(self, exchange: Exchange) -> dict[str, Any]:
        """Return the explanation as plain data. It masks the secrets of the recorded exchange first."""
        self._masking.apply(exchange)
        provider = self._providers.get(exchange.provider or "")
        rule = _rule(exchange, provider)
        magic = _magic(exchange, provider)
        quirks_file = quirk_parser.entries(provider.quirks_file) if provider and provider.quirks_file else {}
        entry = quirks_file.get((rule.source and rule.source.quirk) or "")
        ignored = self._ignored(exchange, provider)
        misses = [
            *self._near_addresses(exchange, provider),
            *self._near_names(exchange, provider, ignored),
            *_headers(exchange),
        ]
        explanation = {
            "exchange": exchange.number,
            "world": exchange.world,
            "at": iso(exchange.at),
            "request": shown(f"{exchange.method} {path(exchange)}") if exchange.method else None,
            "provider": exchange.provider,
            "operation": None if exchange.operation is None else shown(exchange.operation),
            "status": exchange.status,
            "outcome": exchange.outcome,
            "correlation": {name: shown(value) for name, value in read_correlation(exchange.head)._asdict().items()},
            "decided": outcomes.decided(exchange),
            "response": {
                "error": outcomes.error_of(exchange),
                "fault": outcomes.rule_of(exchange),
                "ending": exchange.ending,
            },
            "rule": _described(rule, entry),
            "quirk": None if entry is None else quirk_parser.described(entry),
            "magic": None if magic is None else magic.described(quirks_file),
            "received": self._received(exchange, rule, magic),
            "windows": [_window(status) for status in outcomes.windows(exchange)],
            "variants": self._variants(exchange, provider, entry, magic),
            "unread": [{"place": each.place, "name": shown(each.name)} for each in ignored[:_MOST]],
            "near_misses": misses,
            "emptied_by": _emptied_by(exchange),
            "fault": exchange.fault,
            "hint": _hint(exchange, provider, rule, magic, misses),
        }
        masked: dict[str, Any] = self._masking.mask_data(exchange.world, explanation)
        return masked

    def _received(self, exchange: Exchange, rule: _Rule, magic: _Magic | None) -> dict[str, Any]:
        """Return the values that the rule used, by name; ``None`` for one that was not sent."""
        named = rule.facts.get("name")
        names = (named,) if isinstance(named, str) and " " not in named else rule.about
        names = names or ((magic.parameter,) if magic else ())
        received = {name: self._value(exchange, name) for name in names}
        # Of several names, such as two kinds of credentials, only those that were sent.
        return (
            received if len(received) == 1 else {name: value for name, value in received.items() if value is not None}
        )

    def _value(self, exchange: Exchange, name: str) -> Any:
        if name in exchange.values:
            return shown(self._masking.parameter(name, exchange.values[name]))
        if name in ("path", "method"):
            return shown({"path": path(exchange), "method": exchange.method}[name])
        found = header(exchange, name)
        return None if found is None else shown(found)

    def _variants(
        self, exchange: Exchange, provider: Provider | None, entry: quirk_parser.QuirkEntry | None, magic: _Magic | None
    ) -> list[dict[str, Any]]:
        """Return the switches that affected the response, with their variants at that time."""
        numbers = {entry.number if entry else "", magic.quirk.number if magic else ""}
        accepted = exchange.operation if exchange.result is None and exchange.error is None else None
        own = provider.quirks if provider else ()
        said = [switch for switch in own if switch.number in numbers or accepted in switch.operations]
        registry = self._switches if outcomes.windows(exchange) else ()
        return [quirk_parser.switch_described(switch, exchange.variants) for switch in (*said, *registry)]

    def _ignored(self, exchange: Exchange, provider: Provider | None) -> list[Any]:
        if provider is None or exchange.operation is None:
            return []
        return unread(sent(exchange), exchange.values, _known(provider, exchange.operation))

    def _near_addresses(self, exchange: Exchange, provider: Provider | None) -> list[dict[str, str]]:
        """Return the operation that was probably meant, or the path if no operation was reached."""
        if provider is not None and exchange.operation is not None:
            if exchange.operation in (*provider.operations_by_name, *provider.not_offered):
                return []
            return _miss(
                "operation",
                exchange.operation,
                nearest_operation(exchange.operation, tuple(provider.operations_by_name)),
            )
        if not exchange.method:
            return []
        request = path(exchange)
        rules = [rule for rule in self._addresses() if not rule.startswith("/_mock/")]
        if any(_is_of(rule, request) for rule in rules):  # what is wrong is the method
            return []
        near = nearest_path(request, rules)
        return _miss("path", request, near and readable(near))

    def _near_names(
        self, exchange: Exchange, provider: Provider | None, ignored: Sequence[Any]
    ) -> list[dict[str, str]]:
        """Return the known parameters that the unknown ones probably meant."""
        if provider is None or exchange.operation is None:
            return []
        missing = [name for name in _known(provider, exchange.operation) if name not in exchange.values]
        return [miss for each in ignored[:_MOST] for miss in _miss("parameter", each.name, nearest(each.name, missing))]


def _is_of(rule: str, path: str) -> bool:
    """Return whether a path is one of a pattern's."""
    parts, sent = rule.split("/"), path.split("/")
    return len(parts) == len(sent) and all(
        part == each or part[:1] == "<" for part, each in zip(parts, sent, strict=True)
    )


def _rule(exchange: Exchange, provider: Provider | None) -> _Rule:
    """Return the rule that rejected the request, or else the rule that decided it."""
    error = exchange.error or exchange.result
    if exchange.invalid_reason is not None:
        reason = f"this is not HTTP: {exchange.invalid_reason}"
        name, source = ("NoHTTP", None) if error is None else (type(error).__name__, error.source)
        return _SERVER[400]._replace(name=name, description=reason, source=source)
    if error is not None:
        return _Rule(type(error).__name__, str(error), error.source, error.advice, error.about, error.facts)
    if exchange.operation is not None:
        operation = provider.operations_by_name.get(exchange.operation) if provider else None
        source = None
        if operation is not None:
            chosen = operation.choose_source and operation.choose_source(exchange.values)
            source = chosen or operation.source
        return _Rule(exchange.operation, source=source)
    world_error = read_world_error(exchange)
    if world_error is not None:
        code, message = world_error
        return _WORLD_RULES[code]._replace(description=shown(message))
    return _SERVER.get(exchange.status, _Rule("answered"))


class _Magic(NamedTuple):
    """The magic value that caused an outcome."""

    value: str
    meaning: Magic
    quirk: Quirk
    """The quirk with the switch that turns magic values off."""

    @property
    def parameter(self) -> str:
        """The name of its parameter."""
        return self.meaning.parameter

    @property
    def off(self) -> str:
        """The variant in which it is an ordinary value."""
        return f"{self.quirk.name}={self.quirk.variants[-1]}"

    def described(self, quirks_file: Mapping[str, quirk_parser.QuirkEntry]) -> dict[str, str]:
        """Return it as JSON."""
        return {
            "parameter": self.parameter,
            "value": self.value,
            "range": self.meaning.range,
            "outcome": self.meaning.outcome,
            "quirk": self.quirk.number,
            "title": quirks_file[self.quirk.number].title,
            "off": self.off,
        }


def _magic(exchange: Exchange, provider: Provider | None) -> _Magic | None:
    value = exchange.trace.magic if exchange.trace else None
    if value is None or provider is None:
        return None
    meaning = next(each for each in provider.magic if each.has(value))
    return _Magic(value, meaning, next(switch for switch in provider.quirks if switch.name == f"{provider.name}.magic"))


def _described(rule: _Rule, entry: quirk_parser.QuirkEntry | None) -> dict[str, Any]:
    source = rule.source or Source(None, None, None)
    mentioned = {"name", "value", *rule.about}
    # As in the list of errors: what no document says is assumed, whatever the entry of its quirk says.
    based = "documented" if source.document else "assumed" if entry else None
    return {
        "name": shown(rule.name),
        "basis": based,
        "document": source.document,
        "sentence": source.sentence,
        "description": None if rule.description is None else shown(rule.description),
        "facts": {name: shown(fact) for name, fact in rule.facts.items() if name not in mentioned},
    }


def _window(status: LimitStatus) -> dict[str, Any]:
    return {
        **exchanges.window(status),
        "is_free": status.used < status.limit.most,
        "clock": datetime_of(status.free_at // (SECOND // 1000) * (SECOND // 1000)).strftime("%H:%M:%S.%f")[:-3],
    }


def _known(provider: Provider, operation: str) -> Sequence[str]:
    """Return the parameters of an operation; of an unknown one, those of all operations."""
    known = provider.operations_by_name.get(operation)
    return tuple(row.name for row in provider.parameters) if known is None else known.parameter_names


def _headers(exchange: Exchange) -> list[dict[str, str]]:
    have = {name.lower() for name, _ in exchange.head}
    missing = [name for name in _HEADERS if name.lower() not in have]
    others = [name for name, _ in exchange.head if name.lower() not in _OTHER_HEADERS]
    return [miss for name in others for miss in _miss("header", name, nearest(name, missing))]


def _miss(kind: str, name: str, known: str | None) -> list[dict[str, str]]:
    return [] if known is None else [{"kind": kind, "sent": str(shown(name)), "known": known}]


def _emptied_by(exchange: Exchange) -> list[str] | None:
    """Return the filters that left nothing in the result; ``None`` if it is not empty."""
    filters = exchange.trace.emptied_by if exchange.trace else None
    return None if filters is None or exchange.error is not exchange.result else list(filters)


def _hint(
    exchange: Exchange,
    provider: Provider | None,
    rule: _Rule,
    magic: _Magic | None,
    misses: Sequence[Mapping[str, str]],
) -> str | None:
    """Return one imperative sentence; ``None`` if there is nothing to change."""
    was_decided = exchange.error is not None and exchange.error is exchange.result
    if exchange.fault is not None and not was_decided:
        return f"Make the client survive this, or remove the fault rule {outcomes.rule_of(exchange)}."
    if magic is not None and exchange.outcome != "accepted":
        return f"Make the client survive this, or switch the magic off with the variant {magic.off}."
    named = rule.facts.get("name")
    concerned = {named, *rule.about} | {"path", "operation"}
    for miss in misses:
        if rule.hint is None or miss["known"] in concerned or miss["kind"] in concerned:
            return _RENAME[miss["kind"]].format_map(miss)
    if exchange.error is not None:
        return (provider and _hint_on_place(exchange, provider, concerned)) or rule.hint
    operation = provider.operations_by_name.get(exchange.operation or "") if provider else None
    required = {row.name for row in operation.parameters if row.is_required} if operation else set()
    return _hint_on_filters(exchange, required) or rule.hint


def _hint_on_place(exchange: Exchange, provider: Provider, concerned: Collection[object]) -> str | None:
    """Return a sentence for parameters that were sent where they are not read: to send them would be no advice."""
    values = exchange.values
    everything = [each for each in sent(exchange) if each.name in concerned and each.value]
    doubled = [each.name for each in everything if each.name in values and not values[each.name]]
    if doubled:
        names = _list(dict.fromkeys(str(shown(name)) for name in doubled), "and")
        return f"Send {names} once: of what was sent an empty value counts."
    misplaced = [each for each in everything if each.name not in values]
    if not misplaced:
        return _hint_on_headers(exchange, concerned)
    names = _list(dict.fromkeys(str(shown(each.name)) for each in misplaced), "and")
    method, places = exchange.method, {each.place for each in misplaced}
    if places == {"query"}:
        return f"Send {names} in the body: the query of a {method} is not read."
    if method in ("GET", "HEAD"):
        return f"Send {names} in the query: the body of a {method} is not read."
    content_type = header(exchange, "Content-Type")
    has = f"its Content-Type is {shown(content_type)}" if content_type else "it has no Content-Type"
    if is_json(exchange):
        if "application/json" in provider.request_types:
            return f"Send the body as application/json: it is JSON, and {has}."
        return f"Send the body as {_list(provider.request_types, 'or')}: JSON is not read."
    if not provider.request_types or media_type(content_type or "") in provider.request_types:
        return None
    return f"Send the body as application/x-www-form-urlencoded: it is a form, and {has}."


def _hint_on_headers(exchange: Exchange, concerned: Collection[object]) -> str | None:
    """Return a sentence for parameters that were sent as headers."""
    names = [name for name, _ in exchange.head if name.lower().replace("-", "_") in concerned]
    return None if not names else f"Send {_list(names, 'and')} as parameters: these headers are not read."


def _hint_on_filters(exchange: Exchange, required: set[str]) -> str | None:
    """Return a sentence for an empty result: what to change for it to hold something."""
    filters = _emptied_by(exchange)
    if filters is None:
        return None
    if not filters:
        return "Let a message come in first: without any filter there is none."
    names = _list(filters, "and")
    if all(name.startswith("the default ") for name in filters):
        return f"Send {_list((name.split()[2] for name in filters), 'and')}: without {names} there are messages."
    if all(name in exchange.values for name in filters):
        if not required.isdisjoint(filters):
            return f"Change {names}: with another value there are messages."
        them = "it" if len(filters) == 1 else "them"
        return f"Change {names}, or leave {them} out: without {them} there are messages."
    return f"Let new messages come in, or reset the world: without {names} there are messages."


def _list(names: Iterable[str], last: str) -> str:
    """Join names as ``a, b and c``."""
    *others, end = names
    return f"{', '.join(others)} {last} {end}" if others else end


_RENAME = {
    "parameter": "Rename the parameter {sent} to {known}.",
    "header": "Rename the header {sent} to {known}.",
    "operation": "Use {known} instead of {sent}.",
    "path": "Use {known} instead of {sent}.",
}
