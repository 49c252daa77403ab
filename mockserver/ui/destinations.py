"""The destinations to which a person can send a message: the numbers, programs and accounts of a world.

The form of a provider's messages is read from its JSON Schema; this module names no provider.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from mockserver.engine.accounts import Account
from mockserver.engine.instants import EARLIEST, LATEST
from mockserver.engine.messages import Message, account_key, kind_key
from mockserver.engine.state import State
from mockserver.sdk.provider import Provider
from mockserver.unpatched import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from werkzeug.datastructures import FileStorage, MultiDict

_DEFAULT_SHORT_CODE = "71200"
"""The short code that receives a message when the account has received none yet."""
_DEFAULT_REFERENCE = "1"


class Destination(NamedTuple):
    """A number, program or account that can receive a person's message."""

    provider: str
    account: str
    address: str = ""
    """The number, or the id of the program; empty if the account has neither."""
    name: str = ""
    """The name of the program."""
    is_program: bool = False
    kinds: Mapping[str, tuple[str, ...]] = {}
    """The kinds of message, each with the fields that it has beside the text."""

    @property
    def value(self) -> str:
        """The value that stands for it in a form."""
        return f"{self.provider}|{self.account}|{self.address}"


def list_destinations(state: State, providers_by_name: Mapping[str, Provider]) -> list[Destination]:
    """Return every destination of a world."""
    return [
        destination
        for account in state.accounts.values()
        for destination in _account_destinations(account, providers_by_name[account.provider])
    ]


def _account_destinations(account: Account, provider: Provider) -> Iterator[Destination]:
    whole_account = Destination(
        provider.name, account.name, kinds={kind: tuple(fields) for kind, fields in provider.inbound_kinds.items()}
    )
    if "program" in _message_properties(provider):
        for program in account.programs.values():
            yield whole_account._replace(address=program.id, name=program.name, is_program=True)
    elif provider.inbound_kinds:
        yield whole_account
    else:
        for number in account.numbers.values():
            if number.sms_enabled:
                yield whole_account._replace(address=number.number)


def destination_value(message: Message) -> str:
    """Return the form value of the destination to which one answers a message."""
    provider, _, account = message.account.partition("/")
    return f"{provider}|{account}|{message.program or ('' if message.kind else message.own_number)}"


@cache
def _definitions(file: Path) -> Mapping[str, Any]:
    definitions: Mapping[str, Any] = orjson.loads(read_bytes(file))["definitions"]
    return definitions


def _message_properties(provider: Provider) -> Mapping[str, Any]:
    """Return the JSON Schema of each property of a provider's inbound message."""
    definitions = _definitions(provider.schema)
    return {**definitions["message"]["properties"], **definitions.get("inbound_message", {}).get("properties", {})}


def format_number(number: str, known: Iterable[str], provider: Provider) -> str:
    """Return a handset's number in a form that a provider accepts.

    Args:
        number: the number as a user typed it, or as `handset_of` returns it.
        known: forms of it in existing messages; they are preferred, the first one most.
        provider: the provider that receives it. Without a known form, a plus sign or a leading 1 is added as needed.
    """
    sender = _message_properties(provider)["sender"]
    name = sender.get("$ref", "").rpartition("/")[2]
    pattern = (_definitions(provider.schema)[name] if name else sender).get("pattern", "")
    accepts = re.compile(pattern).search
    bases = (*known, number, f"1{number}" if len(number) == 10 else number)
    candidates = [candidate for base in bases for candidate in (base, f"+{base}")]
    # A plus sign before an American number needs its 1.
    candidates.sort(key=lambda candidate: candidate == f"+{number}" and len(number) == 10)
    return next(filter(accepts, candidates), number)


def inbound_fields(
    state: State, provider: Provider, destination: Destination, form: MultiDict[str, str], files: Iterable[FileStorage]
) -> dict[str, Any]:
    """Convert a form into the fields of an inbound message, as `receive_inbound` takes them."""
    fields: dict[str, Any] = {"account": destination.account, "text": form.get("text", "").replace("\r\n", "\n")}
    if destination.is_program:
        fields["program"] = destination.address
    elif destination.address:
        fields["recipient"] = destination.address
    kind = form.get("kind", "")
    kind_fields = destination.kinds.get(kind, ())
    if destination.kinds:
        fields["kind"] = kind
    key = f"{provider.name}/{destination.account}"
    defaults = {"recipient": _last_used_number(state, key, kind), "reference": _DEFAULT_REFERENCE, "title": ""}
    for name, default in defaults.items():
        if name in kind_fields:
            fields[name] = form.get(name, "").strip() or default
    if "attachments" in kind_fields:
        fields["attachments"] = [_attachment(file) for file in files if file.filename]
        if fields["text"]:  # a message with attachments carries its text as one of them
            text = b64encode(fields.pop("text").encode()).decode()
            fields["attachments"].append({"name": "text.txt", "content_type": "text/plain", "data": text})
    return fields


def _attachment(file: FileStorage) -> dict[str, str]:
    data = b64encode(file.read()).decode()
    return {"name": file.filename or "", "content_type": file.mimetype or "application/octet-stream", "data": data}


def _last_used_number(state: State, key: str, kind: str) -> str:
    """Return the number that received the latest message of a kind, or else of any kind."""
    for index_key in (kind_key(key, kind, "inbound"), account_key(key, "inbound")):
        count = state.message_store.count(index_key, EARLIEST, LATEST)
        found = state.message_store.page(index_key, EARLIEST, LATEST, count - 1, 1) if count else []
        if found and found[0].own_number:
            return found[0].own_number
    return _DEFAULT_SHORT_CODE
