"""Contacts and blacklists of SerwerSMS accounts, for tests that build their fixture in Python."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import structs

from mockserver.engine.entries import Entries
from mockserver.providers.serwersms.entries import BLACKLIST, CONTACTS, BlacklistEntry, ContactEntry


def contact(phone: str, first_name: str = "", last_name: str = "", **more: Any) -> ContactEntry:
    """Return a contact; `kept` numbers it."""
    return ContactEntry(0, phone, first_name=first_name, last_name=last_name, **more)


def kept(account: str, contacts: Iterable[ContactEntry] = (), blacklist: Iterable[str] = ()) -> Entries:
    """Return the entries of an account that has these contacts, and these numbers on its blacklist."""
    numbered = [structs.replace(each, id=number) for number, each in enumerate(contacts, 1)]
    blocked = [BlacklistEntry(number, phone) for number, phone in enumerate(blacklist, 1)]
    return Entries({(account, CONTACTS): numbered, (account, BLACKLIST): blocked})
