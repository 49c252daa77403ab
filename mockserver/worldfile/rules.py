"""What a world file is held to: the server's words around the accounts, each provider's JSON Schema inside them.

Few messages are held to a schema by jsonschema; of many it sees only what `proving` does not find right, and its outcomes
are the same (``contract_tests/worldfile/test_world_files.py``). What is wrong is always said by ``holding.py``. Both are imported
only when a file is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from mockserver.engine.instants import zone_of
from mockserver.validation.json_schema import Schema, first_mistake
from mockserver.validation.messages import Place, WorldFileError, either, shown, unknown, written

if TYPE_CHECKING:
    from .fast_validation import MessageChecker

Described: TypeAlias = Mapping[str, Any]
"""An account as a world file describes it."""

FORMAT = 1
"""What stands behind ``mockserver``, a world file's first word."""

PAIR, KEY = "pair", "key"
"""What stands in place of a login that is to be issued: a user with a secret, or one thing that is both."""

_EXAMPLES = {PAIR: {"user": "user", "secret": "secret"}, KEY: {"user": "key"}}

WHEN = "an instant (2017-01-01T09:30:00Z)"

COMPILED_ABOVE = 1_000
"""Messages in a document above which compiled checks look first; jsonschema would take about a tenth of a second."""


class Switch(Protocol):
    """What a variant may be."""

    @property
    def name(self) -> str:
        """What a world file calls it."""

    @property
    def variants(self) -> Sequence[str]:
        """The values it can have."""

    @property
    def any_zone(self) -> bool:
        """Whether any IANA zone name is one too."""


class ProviderSchema(Protocol):
    """What of a provider matters to a world file."""

    @property
    def name(self) -> str:
        """What its accounts call it."""

    @property
    def account_schema(self) -> Schema:
        """The JSON Schema of one of its accounts."""

    @property
    def quirks(self) -> Sequence[Switch]:
        """Its switches."""


@dataclass(frozen=True)
class Rules:
    """What world files are held to."""

    schemas: Mapping[str, Schema]
    """Provider -> what one of its accounts may hold (JSON Schema, draft 7)."""
    switches: Mapping[str, Switch]
    """Variant -> what it may be."""

    @cached_property
    def checker_of(self) -> Callable[[str], MessageChecker]:
        """What checks many messages of a provider, made at the first look."""
        from .fast_validation import MessageChecker

        return cache(lambda provider: MessageChecker(self.schemas[provider]))

    def checked_pieces(self, account: Described, pieces: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        """An account's messages, which were taken out of it.

        Raises:
            ValueError: one may be wrong, there twice, or of a program that its account does not have.
        """
        checker = self.checker_of(account["provider"])
        programs = {"", *(program["id"] for program in account.get("programs", ()))}
        known: set[tuple[str, ...]] = set()
        count = 0
        for rows in pieces:
            if not all(map(checker.is_message, rows)) or any(row.get("program", "") not in programs for row in rows):
                raise ValueError("one of them may be wrong")
            known.update(map(_identity, rows))
            count += len(rows)
            yield rows
        if len(known) < count:
            raise ValueError("one of them is there twice")

    @classmethod
    def of(cls, providers: Iterable[ProviderSchema], switches: Iterable[Switch] = ()) -> Rules:
        """The rules of these providers together, and switches that are the server's own."""
        providers = tuple(providers)
        schemas = {provider.name: provider.account_schema for provider in providers}
        every = chain(switches, *(provider.quirks for provider in providers))
        return cls(schemas, {switch.name: switch for switch in every})


def check(document: Any, rules: Rules) -> None:
    """Hold a decoded world file to the rules.

    Raises:
        WorldFileError: it breaks one.
    """
    _hold(document, envelope(sorted(rules.schemas)), ())
    _check_variants(document.get("variants", {}), rules.switches)
    accounts = document["accounts"]
    is_large = sum(map(_rows, accounts)) > COMPILED_ABOVE
    for index, account in enumerate(accounts):
        place, schema = ("accounts", index), rules.schemas[account["provider"]]
        described = _with_logins(account, place)
        if is_large and isinstance(described.get("messages"), list):
            _hold_large(described, schema, place, rules.checker_of(account["provider"]))
        else:
            _hold(described, schema, place)
    _reject_duplicates(accounts)


def _with_logins(account: Described, place: Place) -> Described:
    """The account as it is when its credentials are issued: a provider's schema knows no other."""
    logins = account.get("logins")
    if not isinstance(logins, list) or not any(isinstance(login, str) for login in logins):
        return account
    for row, login in enumerate(logins):
        if isinstance(login, str) and login not in _EXAMPLES:
            difference = f"{shown(login)} is not a login, nor {either(tuple(_EXAMPLES))} for one that is to be issued"
            raise WorldFileError(difference, (*place, "logins", row))
    return {**account, "logins": [_EXAMPLES[login] if isinstance(login, str) else login for login in logins]}


def _rows(account: Described) -> int:
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


def envelope(providers: Sequence[str]) -> Schema:
    """What a world file of these providers is beside the contents of its accounts, as JSON Schema."""
    account = {
        "type": "object",
        "description": "an account",
        "required": ["provider", "name"],
        "properties": {
            "provider": {"type": "string", "enum": providers, "description": either(providers)},
            "name": {"type": "string", "description": "a name"},
        },
    }
    due = {
        "type": "object",
        "description": "a message that is due",
        "required": ["at", "provider", "fields"],
        "additionalProperties": False,
        "properties": {
            "at": _INSTANT,
            "provider": {"type": "string", "enum": providers, "description": either(providers)},
            "fields": {"type": "object", "description": "an object of a message's fields"},
        },
    }
    return {
        "type": "object",
        "description": "an object with 'mockserver' and 'accounts'",
        "required": ["mockserver", "accounts"],
        "additionalProperties": False,
        "properties": {
            "mockserver": {"const": FORMAT, "description": f"{FORMAT}, the only format there is"},
            "about": {"type": "string", "description": "a sentence"},
            "seed": {"type": "string", "description": "a text"},
            "clock": _CLOCK,
            "variants": {"type": "object", "description": "an object of variants"},
            "sequences": _SEQUENCES,
            "uses": _USES,
            "scheduled": {"type": "array", "items": due, "description": "a list of what is due"},
            "accounts": {"type": "array", "items": account, "description": "a list of accounts"},
        },
    }


def _check_variants(variants: Mapping[str, Any], switches: Mapping[str, Switch]) -> None:
    for name, value in variants.items():
        switch = switches.get(name)
        if switch is None:
            raise WorldFileError(unknown("variant", name, switches), ("variants", name))
        if value not in switch.variants and not (switch.any_zone and _is_zone(value)):
            wanted = either(switch.variants) + switch.any_zone * " or the IANA name of a time zone"
            raise WorldFileError(f"{shown(value)} is not {wanted}", ("variants", name))


def _is_zone(value: object) -> bool:
    with suppress(KeyError):
        if isinstance(value, str):
            zone_of(value)
            return True
    return False


def _hold(thing: Any, schema: Schema, place: Place) -> None:
    mistake = first_mistake(thing, schema, place)
    if mistake is not None:
        raise WorldFileError(*mistake)


def _hold_large(account: Described, schema: Schema, place: Place, checker: MessageChecker) -> None:
    """Leave to jsonschema the account and the first message that may be wrong."""
    _hold({**account, "messages": []}, schema, place)
    for row, message in enumerate(account["messages"]):
        if not checker.is_message(message):
            part = {**schema["definitions"]["message"], "definitions": schema["definitions"]}
            _hold(message, part, (*place, "messages", row))


def _reject_duplicates(accounts: Sequence[Described]) -> None:
    """Reject what there may be one of: an account of a name; at a provider a user, number, program; a message of an id."""
    for part, key in (("logins", "user"), ("numbers", "number"), ("programs", "id")):
        _once(
            ((account["provider"], thing[key]), ("accounts", index, part, row, key))
            for index, account in enumerate(accounts)
            for row, thing in enumerate(account.get(part, ()))
            if not isinstance(thing, str)  # a login that is to be issued is no one's yet
        )
    _once(
        ((account["provider"], account["name"]), ("accounts", index, "name")) for index, account in enumerate(accounts)
    )
    for index, account in enumerate(accounts):
        _reject_duplicate_messages(account.get("messages", ()), ("accounts", index, "messages"))
        _reject_unknown_programs(account, ("accounts", index, "messages"))


def _reject_duplicate_messages(messages: Sequence[Mapping[str, Any]], place: Place) -> None:
    if len(set(map(_identity, messages))) < len(messages):
        _once((_identity(message), (*place, row, "id")) for row, message in enumerate(messages))


def _identity(message: Mapping[str, Any]) -> tuple[str, ...]:
    return message["direction"], message.get("kind", ""), message["id"]


def _reject_unknown_programs(account: Described, place: Place) -> None:
    """Reject a message of a program that its account does not have: no one could ever ask for it."""
    programs = {program["id"] for program in account.get("programs", ())}
    for row, message in enumerate(account.get("messages", ())):
        program = message.get("program", "")
        if program and program not in programs:
            raise WorldFileError(unknown("program", program, programs), (*place, row, "program"))


def _once(things: Iterable[tuple[tuple[str, ...], Place]]) -> None:
    first: dict[tuple[str, ...], Place] = {}
    for key, place in things:
        if first.setdefault(key, place) is not place:
            raise WorldFileError(f"{shown(key[-1])} is already {written(first[key])}", place)
