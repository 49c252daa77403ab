"""Example requests of providers, with credentials of a world."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mockserver.engine.accounts import Account

from .provider import Provider

_PLAIN = re.compile(r"[A-Za-z0-9._~-]+")
"""Credentials that mean themselves in a URL, in a form and in a shell."""


def format_example(provider: Provider, accounts: Iterable[Account], url: str) -> str:
    """Return a provider's example request with the credentials of one of the accounts; ``""`` if none of them can send it."""
    for account in accounts:
        if account.provider != provider.name or ("{program}" in provider.example and not account.programs):
            continue
        for login in account.logins:
            if login.secret is not None and _PLAIN.fullmatch(login.user + login.secret):
                program = next(iter(account.programs), "")
                return provider.example.format(url=url, user=login.user, secret=login.secret, program=program)
    return ""


def format_send_example(provider: Provider, accounts: Iterable[Account], url: str) -> str:
    """Return a command that sends a message from one of the accounts; ``""`` if none of them can, or the provider has no example."""
    for account in accounts:
        number = sending_number(account)
        login = next((each for each in account.logins if each.secret is not None), None)
        if account.provider == provider.name and provider.send_example and number and login is not None:
            return provider.send_example.format(url=url, user=login.user, secret=login.secret, number=number)
    return ""


def sending_number(account: Account) -> str:
    """Return a number that an account sends from; ``""`` if it has none."""
    return next((number.number for number in account.numbers.values() if number.sms_enabled), "")
