"""The rules of world files: the common format around accounts, and each provider's JSON Schema for its accounts.

jsonschema validates few messages directly; of many it validates only those that `fast_validation` does not accept, with the
same results (``contract_tests/worldfile/test_world_files.py``). Errors are always described by `validation.json_schema`. Both
libraries are imported only when a file is validated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from mockserver.engine.instants import zone_of
from mockserver.validation.json_schema import Schema, find_schema_error
from mockserver.validation.messages import Place, WorldFileError, format_choices, format_place, show_value, unknown_name

from .formats import FORMAT

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


@dataclass(frozen=True)
class Rules:
    """The rules that world files must follow."""

    schemas: Mapping[str, Schema]
    """The JSON Schema (draft 7) of each provider's accounts, by the provider's name."""
    switches: Mapping[str, Switch]
    """The switches, by name."""

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
    def of(cls, providers: Iterable[ProviderSchema], switches: Iterable[Switch] = ()) -> Rules:
        """Return the rules for these providers and for switches of the server itself."""
        providers = tuple(providers)
        schemas = {provider.name: provider.account_schema for provider in providers}
        every = chain(switches, *(provider.quirks for provider in providers))
        return cls(schemas, {switch.name: switch for switch in every})


def check(document: Any, rules: Rules, unread: Container[str] = ()) -> None:
    """Validate a decoded world file.

    Args:
        document: of the present format.
        rules: the rules that it must follow.
        unread: the providers that are not installed, whose parts were taken out; their variants are accepted.

    Raises:
        WorldFileError: it breaks a rule.
    """
    _validate(document, envelope(), ())
    for part in ("accounts", "scheduled"):
        for index, thing in enumerate(document.get(part, ())):
            if thing["provider"] not in rules.schemas:
                raise WorldFileError(_not_installed(thing["provider"], rules.schemas), (part, index, "provider"))
    _check_variants(document.get("variants", {}), rules.switches, unread)
    accounts = document["accounts"]
    is_large = sum(map(_count_messages, accounts)) > COMPILED_ABOVE
    for index, account in enumerate(accounts):
        place, schema = ("accounts", index), rules.schemas[account["provider"]]
        described = _with_example_logins(account, place)
        if is_large and isinstance(described.get("messages"), list):
            _validate_large(described, schema, place, rules.checker_of(account["provider"]))
        else:
            _validate(described, schema, place)
    _reject_duplicates(accounts)


def _with_example_logins(account: Described, place: Place) -> Described:
    """Return an account with example credentials in place of those to issue, because providers' schemas know only credentials."""
    logins = account.get("logins")
    if not isinstance(logins, list) or not any(isinstance(login, str) for login in logins):
        return account
    for row, login in enumerate(logins):
        if isinstance(login, str) and login not in _EXAMPLES:
            difference = f"{show_value(login)} is not a login, nor {format_choices(tuple(_EXAMPLES))} for one that is to be issued"
            raise WorldFileError(difference, (*place, "logins", row))
    return {**account, "logins": [_EXAMPLES[login] if isinstance(login, str) else login for login in logins]}


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
            "accounts": {"type": "array", "items": account, "description": "a list of accounts"},
        },
    }


_HINT = "install the package that offers it, or keep it unread with --keep-unknown (keep_unknown)"


def _not_installed(name: str, known: Iterable[str]) -> str:
    near = unknown_name("provider", name, sorted(known)).partition("; ")[2]
    return f"no provider {show_value(name)} is installed; {near}; {_HINT}"


def _check_variants(variants: Mapping[str, Any], switches: Mapping[str, Switch], unread: Container[str]) -> None:
    for name, value in variants.items():
        switch = switches.get(name)
        if switch is None and name.partition(".")[0] in unread:
            continue
        if switch is None:
            raise WorldFileError(unknown_name("variant", name, switches), ("variants", name))
        if value not in switch.variants and not (switch.any_zone and _is_zone(value)):
            wanted = format_choices(switch.variants) + switch.any_zone * " or the IANA name of a time zone"
            raise WorldFileError(f"{show_value(value)} is not {wanted}", ("variants", name))


def _is_zone(value: object) -> bool:
    with suppress(KeyError):
        if isinstance(value, str):
            zone_of(value)
            return True
    return False


def _validate(thing: Any, schema: Schema, place: Place) -> None:
    mistake = find_schema_error(thing, schema, place)
    if mistake is not None:
        raise WorldFileError(*mistake)


def _validate_large(account: Described, schema: Schema, place: Place, checker: MessageChecker) -> None:
    """Validate an account with many messages: jsonschema sees only the account and the messages that may be invalid."""
    _validate({**account, "messages": []}, schema, place)
    for row, message in enumerate(account["messages"]):
        if not checker.is_message(message):
            part = {**schema["definitions"]["message"], "definitions": schema["definitions"]}
            _validate(message, part, (*place, "messages", row))


def _reject_duplicates(accounts: Sequence[Described]) -> None:
    """Reject repeated names of accounts; users, numbers and programs of a provider; and identifiers of messages."""
    for part, key in (("logins", "user"), ("numbers", "number"), ("programs", "id")):
        _reject_repeated(
            ((account["provider"], thing[key]), ("accounts", index, part, row, key))
            for index, account in enumerate(accounts)
            for row, thing in enumerate(account.get(part, ()))
            if not isinstance(thing, str)  # a login that is to be issued has no user yet
        )
    _reject_repeated(
        ((account["provider"], account["name"]), ("accounts", index, "name")) for index, account in enumerate(accounts)
    )
    for index, account in enumerate(accounts):
        _reject_duplicate_messages(account.get("messages", ()), ("accounts", index, "messages"))
        _reject_unknown_programs(account, ("accounts", index, "messages"))


def _reject_duplicate_messages(messages: Sequence[Mapping[str, Any]], place: Place) -> None:
    if len(set(map(_identity, messages))) < len(messages):
        _reject_repeated((_identity(message), (*place, row, "id")) for row, message in enumerate(messages))


def _identity(message: Mapping[str, Any]) -> tuple[str, ...]:
    return message["direction"], message.get("kind", ""), message["id"]


def _reject_unknown_programs(account: Described, place: Place) -> None:
    """Reject a message of a program that its account does not have: no request could export it."""
    programs = {program["id"] for program in account.get("programs", ())}
    for row, message in enumerate(account.get("messages", ())):
        program = message.get("program", "")
        if program and program not in programs:
            raise WorldFileError(unknown_name("program", program, programs), (*place, row, "program"))


def _reject_repeated(things: Iterable[tuple[tuple[str, ...], Place]]) -> None:
    first: dict[tuple[str, ...], Place] = {}
    for key, place in things:
        if first.setdefault(key, place) is not place:
            raise WorldFileError(f"{show_value(key[-1])} is already {format_place(first[key])}", place)
