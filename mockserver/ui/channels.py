"""Where a person's answer can go: every number, program or account of a world, and how its provider wants the answer.

What a provider's messages look like is read from its schema of world files; this file knows none by name.
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

if TYPE_CHECKING:
    from collections.abc import Iterable

    from werkzeug.datastructures import FileStorage, MultiDict

_ANY_SHORT_CODE = "71200"
"""Where no one has written to yet, people write to a short code."""
_ANY_REFERENCE = "1"


class Channel(NamedTuple):
    """One way for an answer."""

    provider: str
    account: str
    end: str = ""
    """The number or program; empty where the account has none."""
    name: str = ""
    """Of the program."""
    is_program: bool = False
    kinds: Mapping[str, tuple[str, ...]] = {}
    """Kind -> the fields that it takes beside text."""

    @property
    def value(self) -> str:
        """What a form calls it."""
        return f"{self.provider}|{self.account}|{self.end}"


def channels(state: State, providers_by_name: Mapping[str, Provider]) -> list[Channel]:
    """Every channel of a world."""
    return [
        channel for account in state.accounts.values() for channel in _of(account, providers_by_name[account.provider])
    ]


def _of(account: Account, provider: Provider) -> Iterator[Channel]:
    where = Channel(
        provider.name, account.name, kinds={kind: tuple(takes) for kind, takes in provider.inbound_kinds.items()}
    )
    if "program" in row(provider):
        for program in account.programs.values():
            yield where._replace(end=program.id, name=program.name, is_program=True)
    elif provider.inbound_kinds:
        yield where
    else:
        for number in account.numbers.values():
            if number.sms_enabled:
                yield where._replace(end=number.number)


def of_message(message: Message) -> str:
    """What a form calls the channel by which a message came or went."""
    provider, _, account = message.account.partition("/")
    return f"{provider}|{account}|{message.program or ('' if message.kind else message.own_number)}"


@cache
def _schema(file: Path) -> Mapping[str, Any]:
    document: Mapping[str, Any] = orjson.loads(file.read_bytes())["definitions"]
    return document


def row(provider: Provider) -> Mapping[str, Any]:
    """What a provider's message may hold, by name."""
    properties: Mapping[str, Any] = _schema(provider.schema)["message"]["properties"]
    return properties


def spelled(number: str, known: Iterable[str], provider: Provider) -> str:
    """A handset's number as a provider takes it: as it was spelled there before, else with or without plus sign and leading 1.

    Args:
        number: as somebody typed it, or `handset_of` writes it.
        known: spellings in messages of this handset, the best first.
        provider: whose it is to be.
    """
    sender = row(provider)["sender"]
    name = sender.get("$ref", "").rpartition("/")[2]
    pattern = (_schema(provider.schema)[name] if name else sender).get("pattern", "")
    fits = re.compile(pattern).search
    candidates = (*known, number, f"1{number}" if len(number) == 10 else number)
    tried = [each for candidate in candidates for each in (candidate, f"+{candidate}")]
    # An American number behind a plus sign needs its 1.
    tried.sort(key=lambda each: each == f"+{number}" and len(number) == 10)
    return next(filter(fits, tried), number)


def fields(
    state: State, provider: Provider, channel: Channel, form: MultiDict[str, str], files: Iterable[FileStorage]
) -> dict[str, Any]:
    """An answer as `receive_inbound` takes it, out of what was filled in."""
    said: dict[str, Any] = {"account": channel.account, "text": form.get("text", "").replace("\r\n", "\n")}
    if channel.is_program:
        said["program"] = channel.end
    elif channel.end:
        said["recipient"] = channel.end
    kind = form.get("kind", "")
    takes = channel.kinds.get(kind, ())
    if channel.kinds:
        said["kind"] = kind
    key = f"{provider.name}/{channel.account}"
    for name, otherwise in (("recipient", _last_hit(state, key, kind)), ("reference", _ANY_REFERENCE), ("title", "")):
        if name in takes:
            said[name] = form.get(name, "").strip() or otherwise
    if "attachments" in takes:
        said["attachments"] = [_attached(file) for file in files if file.filename]
        if said["text"]:  # where there are attachments, the text is one of them
            text = b64encode(said.pop("text").encode()).decode()
            said["attachments"].append({"name": "text.txt", "content_type": "text/plain", "data": text})
    return said


def _attached(file: FileStorage) -> dict[str, str]:
    data = b64encode(file.read()).decode()
    return {"name": file.filename or "", "content_type": file.mimetype or "application/octet-stream", "data": data}


def _last_hit(state: State, key: str, kind: str) -> str:
    """The number at which the latest message of that kind came in, or else of any."""
    for index_key in (kind_key(key, kind), account_key(key)):
        count = state.message_store.count(index_key, EARLIEST, LATEST)
        found = state.message_store.page(index_key, EARLIEST, LATEST, count - 1, 1) if count else []
        if found and found[0].own_number:
            return found[0].own_number
    return _ANY_SHORT_CODE
