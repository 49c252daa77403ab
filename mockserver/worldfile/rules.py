"""The rules of world files: the common format around accounts, and each provider's JSON Schema for its accounts.

jsonschema validates few messages directly; of many it validates only those that `fast_validation` does not accept, with the
same results (``contract_tests/worldfile/test_world_files.py``). Errors are always described by `validation.json_schema`. Both
libraries are imported only when a file is validated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import msgspec
import orjson

from mockserver.engine.deliveries import WebhookFault
from mockserver.engine.entries import Collection, Entry
from mockserver.engine.faults import RuleStatus
from mockserver.engine.instants import zone_of
from mockserver.validation.json_schema import LONG, Schema, compiled, find_schema_errors
from mockserver.validation.messages import Place, WorldFileError, format_choices, format_place, show_value, unknown_name

from .deliveries import DELIVERY
from .formats import FORMAT
from .unread import PARTS

if TYPE_CHECKING:
    from .fast_validation import MessageChecker

Described: TypeAlias = Mapping[str, Any]
"""An account as a world file describes it."""

PAIR, KEY = "pair", "key"
"""Stand in place of a login for which credentials are issued: a user with a secret, or a key alone."""

_EXAMPLES = {PAIR: {"user": "user", "secret": "secret"}, KEY: {"user": "key"}}

WHEN = "an instant (2017-01-01T09:30:00Z)"

COMPILED_ABOVE = 1_000
"""The number of messages above which `fast_validation` is used; jsonschema would take about 0.1 seconds for them."""


class Switch(Protocol):
    """A switch and its variants."""

    @property
    def name(self) -> str:
        """Its name in world files."""

    @property
    def variants(self) -> Sequence[str]:
        """The variants that it can have."""

    @property
    def any_zone(self) -> bool:
        """Whether any IANA zone name is a variant too."""


class ProviderSchema(Protocol):
    """The parts of a provider that world files need."""

    @property
    def name(self) -> str:
        """Its name in world files."""

    @property
    def account_schema(self) -> Schema:
        """The JSON Schema of one of its accounts."""

    @property
    def quirks(self) -> Sequence[Switch]:
        """Its switches."""

    @property
    def collections(self) -> Sequence[Collection]:
        """Its collections."""

    @property
    def upgrade_account(self) -> Callable[[Described], Described]:
        """Returns one of its accounts, which may have older members, with the present ones alone."""


class FaultFormat(Protocol):
    """Fault rules as JSON, for world files. What each fault is called is not known here."""

    def read_rule(self, described: Mapping[str, Any], *, knows_provider: bool) -> RuleStatus:
        """Read a rule with its counts.

        Args:
            described: the rule as JSON.
            knows_provider: whether its provider is installed, so that what it names must exist.

        Raises:
            ValueError: it is invalid; the message begins with the place and a colon.
        """

    def read_webhook_fault(self, described: object) -> WebhookFault:
        """Read the fault of a delivery.

        Raises:
            ValueError: it is invalid, as for `read_rule`.
        """

    def describe_rule(self, status: RuleStatus) -> dict[str, Any]:
        """Return a rule with its counts as JSON."""


_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Rules:
    """The rules that world files must follow."""

    schemas: Mapping[str, Schema]
    """The JSON Schema (draft 7) of each provider's accounts, by the provider's name."""
    switches: Mapping[str, Switch]
    """The switches, by name."""
    collections: Mapping[str, Mapping[str, Collection]] = field(default_factory=dict)
    """The collections of each provider's accounts, by the provider's name and their own."""
    upgrades: Mapping[str, Callable[[Described], Described]] = field(default_factory=dict)
    """`ProviderSchema.upgrade_account` of the providers, by name."""
    faults: FaultFormat | None = None
    """Reads and writes fault rules; without it, a file with some is rejected."""

    def read_rule(self, described: Mapping[str, Any], place: Place, unread: Container[str] = ()) -> RuleStatus:
        """Read a fault rule with its counts; it has no id if the file gives none.

        Args:
            described: the rule as the file has it.
            place: where it is in the file.
            unread: the providers that are not installed and whose rules are accepted.

        Raises:
            WorldFileError: it is invalid.
        """
        match = described.get("match")
        provider = match.get("provider") if isinstance(match, dict) else None
        is_unread = isinstance(provider, str) and provider in unread
        return self._read_fault(place, lambda faults: faults.read_rule(described, knows_provider=not is_unread))

    def read_webhook_fault(self, described: object, place: Place) -> WebhookFault:
        """Read the fault of a delivery.

        Raises:
            WorldFileError: it is invalid.
        """
        return self._read_fault(place, lambda faults: faults.read_webhook_fault(described))

    def _read_fault(self, place: Place, read: Callable[[FaultFormat], _Read]) -> _Read:
        if self.faults is None:
            raise WorldFileError("fault rules cannot be loaded here", place)
        try:
            return read(self.faults)
        except ValueError as reason:
            where, colon, difference = str(reason).partition(": ")
            if not colon:
                raise WorldFileError(str(reason), place) from reason
            raise WorldFileError(difference, (*place, *where.split("."))) from reason

    def upgrade_account(self, account: Described) -> Described:
        """Return a valid account, which may have members of an older version, with the present ones alone."""
        upgrade = self.upgrades.get(account["provider"])
        return account if upgrade is None else upgrade(account)

    def read_entries(self, account: Described, place: Place) -> Iterator[tuple[str, list[Entry]]]:
        """Yield the entries of an account that the schema accepts, by the name of their collection.

        Raises:
            WorldFileError: an entry has a value that its type does not accept.
        """
        known = self.collections.get(account["provider"], {})
        for name, rows in account.get("collections", {}).items():
            yield name, [read_entry(row, known[name], (*place, "collections", name, at)) for at, row in enumerate(rows)]

    @cached_property
    def checker_of(self) -> Callable[[str], MessageChecker]:
        """Returns a provider's `MessageChecker`, which is compiled on first use."""
        from .fast_validation import MessageChecker

        return cache(lambda provider: MessageChecker(self.schemas[provider]))

    def check_chunks(self, account: Described, chunks: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        """Check chunks of an account's messages, and yield each that is valid.

        Raises:
            ValueError: a message may be invalid, is repeated, or has a program that the account does not have.
        """
        checker = self.checker_of(account["provider"])
        programs = {"", *(program["id"] for program in account.get("programs", ()))}
        known: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        count = 0
        for rows in chunks:
            if not all(map(checker.is_message, rows)) or any(row.get("program", "") not in programs for row in rows):
                raise ValueError("a message may be invalid")
            for row in rows:
                known[row["direction"], row.get("kind", "")].add(row["id"])
            count += len(rows)
            yield rows
        if sum(map(len, known.values())) < count:
            raise ValueError("a message is repeated")

    @classmethod
    def of(
        cls,
        providers: Iterable[ProviderSchema],
        switches: Iterable[Switch] = (),
        faults: FaultFormat | None = None,
    ) -> Rules:
        """Return the rules for these providers, for switches of the server itself, and for fault rules."""
        providers = tuple(providers)
        schemas = {provider.name: provider.account_schema for provider in providers}
        every = chain(switches, *(provider.quirks for provider in providers))
        return cls(
            schemas,
            {switch.name: switch for switch in every},
            {provider.name: {each.name: each for each in provider.collections} for provider in providers},
            {provider.name: provider.upgrade_account for provider in providers},
            faults,
        )


def read_entry(row: Mapping[str, Any], collection: Collection, place: Place) -> Entry:
    """Return the entry that a valid row describes.

    Raises:
        WorldFileError: it has a value that the type does not accept.
    """
    try:
        return msgspec.convert(row, collection.entry)
    except msgspec.ValidationError as error:
        raise WorldFileError(f"the entry is not accepted: {error}", place) from error


def check(document: Any, rules: Rules, unread: Container[str] = ()) -> None:
    """Validate a decoded world file.

    Args:
        document: of the present format.
        rules: the rules that it must follow.
        unread: the providers that are not installed, whose parts were taken out; their variants are accepted.

    Raises:
        WorldFileError: it breaks a rule.
    """
    for error in find_errors(document, rules, unread):
        try:
            raise error
        finally:
            del error  # it keeps this function's variables by its traceback


def find_errors(document: Any, rules: Rules, unread: Container[str] = ()) -> Iterator[WorldFileError]:
    """Yield every error of a decoded world file, the one to report first; arguments as for `check`."""
    yield from _schema_errors(document, envelope(), ())
    if not isinstance(document, dict):
        return
    for part in PARTS:
        for index, thing in _objects(document.get(part)):
            if thing["provider"] not in rules.schemas:
                yield WorldFileError(_not_installed(thing["provider"], rules.schemas), (part, index, "provider"))
    yield from _variant_errors(document.get("variants"), rules.switches, unread)
    yield from _fault_errors(document.get("faults"), rules, unread)
    yield from _delivery_errors(document, rules)
    accounts = [(index, one) for index, one in _objects(document.get("accounts")) if one["provider"] in rules.schemas]
    is_large = sum(_count_messages(account) for _, account in accounts) > COMPILED_ABOVE
    valid = []
    for index, account in accounts:
        errors = _account_errors(account, rules, ("accounts", index), is_large, has_many=len(accounts) > LONG)
        first = next(errors, None)
        if first is None:
            valid.append((index, account))
        else:
            yield first
            yield from errors
    for index, account in valid:
        try:
            for _ in rules.read_entries(rules.upgrade_account(account), ("accounts", index)):
                pass
        except WorldFileError as error:
            yield error
    yield from _duplicates(valid)


def _fault_errors(faults: Any, rules: Rules, unread: Container[str]) -> Iterator[WorldFileError]:
    known = dict[str, int]()
    for index, described in enumerate(faults if isinstance(faults, list) else ()):
        if not isinstance(described, dict):
            continue
        try:
            rule_id = rules.read_rule(described, ("faults", index), unread).rule.id
        except WorldFileError as error:
            yield error
            continue
        if rule_id and known.setdefault(rule_id, index) != index:
            yield WorldFileError(
                f"{show_value(rule_id)} is already faults[{known[rule_id]}].id", ("faults", index, "id")
            )


def _delivery_errors(document: Mapping[str, Any], rules: Rules) -> Iterator[WorldFileError]:
    accounts = {(each["provider"], each.get("name")) for _, each in _objects(document.get("accounts"))}
    known = dict[Any, int]()
    for index, delivery in _objects(document.get("deliveries")):
        account, number, place = delivery.get("account"), delivery.get("number"), ("deliveries", index)
        if isinstance(account, str) and (delivery["provider"], account) not in accounts:
            names = [str(name) for provider, name in accounts if provider == delivery["provider"]]
            yield WorldFileError(unknown_name("account", account, names), (*place, "account"))
        if isinstance(number, int) and known.setdefault(number, index) != index:
            yield WorldFileError(f"{number} is already deliveries[{known[number]}].number", (*place, "number"))
        if "fault" in delivery:
            try:
                rules.read_webhook_fault(delivery["fault"], (*place, "fault"))
            except WorldFileError as error:
                yield error


def _objects(things: Any) -> Iterator[tuple[int, Described]]:
    """Yield the objects with a provider in what should be a list of them, each with its index."""
    for index, thing in enumerate(things if isinstance(things, list) else ()):
        if isinstance(thing, dict) and isinstance(thing.get("provider"), str):
            yield index, thing


def _account_errors(
    account: Described, rules: Rules, place: Place, is_large: bool, has_many: bool
) -> Iterator[WorldFileError]:
    schema = rules.schemas[account["provider"]]
    yield from _login_errors(account, place)
    described = _with_example_logins(account)
    if is_large and isinstance(described.get("messages"), list):
        yield from _large_account_errors(described, schema, place, rules.checker_of(account["provider"]))
    elif not has_many or not compiled(orjson.dumps(schema))(described):
        yield from _schema_errors(described, schema, place)


def _login_errors(account: Described, place: Place) -> Iterator[WorldFileError]:
    logins = account.get("logins")
    for row, login in enumerate(logins if isinstance(logins, list) else ()):
        if isinstance(login, str) and login not in _EXAMPLES:
            difference = f"{show_value(login)} is not a login, nor {format_choices(tuple(_EXAMPLES))} for one that is to be issued"
            yield WorldFileError(difference, (*place, "logins", row))


def _with_example_logins(account: Described) -> Described:
    """Return an account with example credentials in place of those to issue, because providers' schemas know only credentials."""
    logins = account.get("logins")
    if not isinstance(logins, list) or not any(isinstance(login, str) for login in logins):
        return account
    example = _EXAMPLES[PAIR]
    return {
        **account,
        "logins": [_EXAMPLES.get(login, example) if isinstance(login, str) else login for login in logins],
    }


def _count_messages(account: Described) -> int:
    rows = account.get("messages")
    return len(rows) if isinstance(rows, list) else 0


_INSTANT = {"type": "string", "description": WHEN}
_CLOCK = {
    "type": "object",
    "description": "an object with 'at' and 'frozen'",
    "required": ["at", "frozen"],
    "additionalProperties": False,
    "properties": {"at": _INSTANT, "frozen": {"type": "boolean", "description": "true or false"}},
}
_SEQUENCES = {
    "type": "object",
    "description": "an object of numbers",
    "additionalProperties": {
        "type": "integer",
        "minimum": 1,
        "maximum": 10**18,
        "description": "a whole number from 1 to 10 to the power of 18",
    },
}
_USES = {
    "type": "object",
    "description": "an object of lists of instants",
    "additionalProperties": {"type": "array", "items": _INSTANT, "description": "a list of instants"},
}


def envelope() -> Schema:
    """Return the JSON Schema of a world file, without the contents of its accounts."""
    account = {
        "type": "object",
        "description": "an account",
        "required": ["provider", "name"],
        "properties": {
            "provider": {"type": "string", "description": "a provider's name"},
            "name": {"type": "string", "description": "a name"},
        },
    }
    scheduled = {
        "type": "object",
        "description": "a scheduled message",
        "required": ["at", "provider", "fields"],
        "additionalProperties": False,
        "properties": {
            "at": _INSTANT,
            "provider": {"type": "string", "description": "a provider's name"},
            "fields": {"type": "object", "description": "an object of a message's fields"},
        },
    }
    return {
        "type": "object",
        "description": "an object with 'format' and 'accounts'",
        "required": ["format", "accounts"],
        "additionalProperties": False,
        "properties": {
            "format": {"type": "integer", "const": FORMAT, "description": f"{FORMAT}, the present format"},
            "about": {"type": "string", "description": "a sentence"},
            "seed": {"type": "string", "description": "a text"},
            "clock": _CLOCK,
            "variants": {"type": "object", "description": "an object of variants"},
            "sequences": _SEQUENCES,
            "uses": _USES,
            "scheduled": {"type": "array", "items": scheduled, "description": "a list of scheduled messages"},
            "faults": {
                "type": "array",
                "items": {"type": "object", "description": "an object that describes a fault rule"},
                "description": "a list of fault rules",
            },
            "deliveries": {"type": "array", "items": DELIVERY, "description": "a list of deliveries"},
            "accounts": {"type": "array", "items": account, "description": "a list of accounts"},
            "journal": {"type": "array", "items": {"description": "an exchange"}, "description": "a list of exchanges"},
            "journal_parts": {
                "type": "object",
                "additionalProperties": {"description": "a part"},
                "description": "an object of the parts that exchanges share",
            },
        },
    }


_HINT = "install the package that offers it, or keep it unread with --keep-unknown (keep_unknown)"


def _not_installed(name: str, known: Iterable[str]) -> str:
    near = unknown_name("provider", name, sorted(known)).partition("; ")[2]
    return f"no provider {show_value(name)} is installed; {near}; {_HINT}"


def _variant_errors(variants: Any, switches: Mapping[str, Switch], unread: Container[str]) -> Iterator[WorldFileError]:
    for name, value in variants.items() if isinstance(variants, dict) else ():
        switch = switches.get(name)
        if switch is None and name.partition(".")[0] in unread:
            continue
        if switch is None:
            yield WorldFileError(unknown_name("variant", name, switches), ("variants", name))
        elif value not in switch.variants and not (switch.any_zone and _is_zone(value)):
            wanted = format_choices(switch.variants) + switch.any_zone * " or the IANA name of a time zone"
            yield WorldFileError(f"{show_value(value)} is not {wanted}", ("variants", name))


def _is_zone(value: object) -> bool:
    with suppress(KeyError):
        if isinstance(value, str):
            zone_of(value)
            return True
    return False


def _schema_errors(thing: Any, schema: Schema, place: Place) -> Iterator[WorldFileError]:
    for error in find_schema_errors(thing, schema, place):
        yield WorldFileError(*error)


def _large_account_errors(
    account: Described, schema: Schema, place: Place, checker: MessageChecker
) -> Iterator[WorldFileError]:
    """Validate an account with many messages: jsonschema sees only the account and the messages that may be invalid."""
    yield from _schema_errors({**account, "messages": []}, schema, place)
    for row, message in enumerate(account["messages"]):
        if not checker.is_message(message):
            part = {**schema["definitions"]["message"], "definitions": schema["definitions"]}
            yield from _schema_errors(message, part, (*place, "messages", row))


def _duplicates(accounts: Sequence[tuple[int, Described]]) -> Iterator[WorldFileError]:
    """Find repeated names of accounts; users, numbers and programs of a provider; and identifiers of messages."""
    for part, key in (("logins", "user"), ("numbers", "number"), ("programs", "id")):
        yield from _repeated(
            ((account["provider"], thing[key]), ("accounts", index, part, row, key))
            for index, account in accounts
            for row, thing in enumerate(account.get(part, ()))
            if not isinstance(thing, str)  # a login that is to be issued has no user yet
        )
    yield from _repeated(
        ((account["provider"], account["name"]), ("accounts", index, "name")) for index, account in accounts
    )
    for index, account in accounts:
        for name, rows in account.get("collections", {}).items():
            if len({row["id"] for row in rows}) < len(rows):
                yield from _repeated(
                    ((row["id"],), ("accounts", index, "collections", name, at, "id")) for at, row in enumerate(rows)
                )
        yield from _duplicate_messages(account.get("messages", ()), ("accounts", index, "messages"))
        yield from _unknown_programs(account, ("accounts", index, "messages"))


def _duplicate_messages(messages: Sequence[Mapping[str, Any]], place: Place) -> Iterator[WorldFileError]:
    if len(set(map(_identity, messages))) < len(messages):
        yield from _repeated((_identity(message), (*place, row, "id")) for row, message in enumerate(messages))


def _identity(message: Mapping[str, Any]) -> tuple[str, ...]:
    return message["direction"], message.get("kind", ""), message["id"]


def _unknown_programs(account: Described, place: Place) -> Iterator[WorldFileError]:
    """Find messages of a program that their account does not have: no request could export them."""
    programs = {program["id"] for program in account.get("programs", ())}
    for row, message in enumerate(account.get("messages", ())):
        program = message.get("program", "")
        if program and program not in programs:
            yield WorldFileError(unknown_name("program", program, programs), (*place, row, "program"))


def _repeated(things: Iterable[tuple[tuple[str | int, ...], Place]]) -> Iterator[WorldFileError]:
    first: dict[tuple[str | int, ...], Place] = {}
    for key, place in things:
        if first.setdefault(key, place) is not place:
            yield WorldFileError(f"{show_value(key[-1])} is already {format_place(first[key])}", place)
