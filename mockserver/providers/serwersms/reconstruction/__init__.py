"""Makes SerwerSMS accounts of recorded exchanges, so that a world with them gives the recorded reads back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mockserver.sdk import Credential, Instant, ObservedExchange, Reconstruction

from .entry_reader import EntryReader
from .generated_fields import GENERATED_FIELDS
from .message_reader import MessageReader
from .recorded_calls import Findings, RecordedCall, read_call

__all__ = ["GENERATED_FIELDS", "reconstruct"]


def reconstruct(exchanges: Sequence[ObservedExchange], variants: Mapping[str, str]) -> Reconstruction:
    """Return the accounts that give the recorded reads back; see `mockserver.sdk.Reconstruct`."""
    findings = Findings()
    calls = [read_call(exchange, variants, findings) for exchange in exchanges]
    start = min((call.at for call in calls), default=0)
    groups = _group(calls)
    hashes = [call.value("api_hash") for call in calls if call.operation == "push.contact" and call.is_success]
    if hashes and not groups:
        groups = [([Credential("serwersms", "user", "password")], [])]
    accounts: list[dict[str, Any]] = []
    scheduled: list[dict[str, Any]] = []
    numbers: set[str] = set()
    for place, (credentials, own) in enumerate(groups):
        account, later = _account(credentials, own, variants, findings, start)
        account["name"] = _unused(account["name"], [each["name"] for each in accounts])
        account["numbers"] = [{"number": each} for each in account["numbers"] if each not in numbers]
        numbers |= {each["number"] for each in account["numbers"]}
        if not place and hashes:
            account["fields"] = {**account["fields"], "push_hash": hashes[0]}
        accounts.append({name: part for name, part in account.items() if part})
        scheduled += ({**each, "fields": {"account": account["name"], **each["fields"]}} for each in later)
    return Reconstruction(accounts, findings.all(), sorted(scheduled, key=lambda each: str(each["at"])))


def _account(
    credentials: Sequence[Credential],
    calls: Sequence[RecordedCall],
    variants: Mapping[str, str],
    findings: Findings,
    start: Instant,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return an account, and the messages that come in to it later."""
    entries = EntryReader(findings)
    if any(each.user == "demo" and each.secret is not None for each in credentials):
        entries.fields["demo"] = True  # the vendor's demo user
    messages = MessageReader(entries, variants, findings, start)
    for call in calls:
        if call.is_accepted:
            messages.read(call)
            entries.read(call)
        else:
            messages.read_error(call)
            entries.read_error(call)
    stored, later = messages.messages()
    account = {
        "provider": "serwersms",
        "name": _name(credentials),
        "logins": [_login(each) for each in credentials],
        "numbers": list(entries.numbers),
        "fields": {**entries.account_fields(), **messages.account_fields()},
        "collections": entries.collections(),
        "messages": stored,
    }
    return account, later


def _login(credential: Credential) -> dict[str, str]:
    secret = {} if credential.secret is None else {"secret": credential.secret}
    return {"user": credential.user, **secret}


def _name(credentials: Sequence[Credential]) -> str:
    """Return a name for an account: its username in small letters; never a token."""
    user = next((each.user for each in credentials if each.secret is not None), "")
    return re.sub("[^a-z0-9]+", "-", user.lower()).strip("-")[:60] or "account"


def _unused(name: str, used: Sequence[str]) -> str:
    numbers = (f"{name}-{number}" for number in range(2, len(used) + 3))
    return name if name not in used else next(each for each in numbers if each not in used)


_WRONG_CREDENTIAL = (1001, 1012)
"""The errors of a credential that is no account's."""


# -- whose calls -----------------------------------------------------------------------------------------------------


def _group(calls: Sequence[RecordedCall]) -> list[tuple[list[Credential], list[RecordedCall]]]:
    """Return the credentials of each account with its calls; credentials that show the same things are one account's."""
    by_user: dict[str, list[RecordedCall]] = {}
    logins: dict[str, Credential] = {}
    for call in calls:
        credential = call.credential
        if credential is None or call.error in _WRONG_CREDENTIAL:
            continue
        by_user.setdefault(credential.user, []).append(call)
        logins.setdefault(credential.user, credential)
    shown: dict[tuple[str, ...], str] = {}
    merged: dict[str, list[str]] = {}
    for user, own in by_user.items():
        things = {each for call in own for each in _things(call)}
        same = next((shown[each] for each in things if each in shown), user)
        merged.setdefault(same, []).append(user)
        shown |= dict.fromkeys(things, same)
    return [
        (
            [logins[user] for user in users],
            sorted((call for user in users for call in by_user[user]), key=lambda call: (call.at, call.index)),
        )
        for users in merged.values()
    ]


def _things(call: RecordedCall) -> Iterator[tuple[str, ...]]:
    """Yield what a response shows that belongs to one account."""
    if call.operation not in _TELLING:
        return
    for item in call.body.items():
        if "id" in item.values:
            yield call.operation, item.text("type"), item.text("id")


_TELLING = frozenset(
    (
        *("messages.recived", "messages.reports", "contacts.index", "groups.index", "templates.index"),
        *("files.index", "subaccounts.index", "payments.index"),
    )
)
