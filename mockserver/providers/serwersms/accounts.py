"""What SerwerSMS keeps of an account beside the common fields, and what it lets an account send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from mockserver.sdk import Account, AccountChanged, Call, freeze

UNLIMITED, UNAVAILABLE = "no_limit", "not_available"

Right: TypeAlias = Literal["sms", "personalized", "flash", "foreign", "rcs", "subaccounts"]
"""What an account may be denied beside a type of message."""

_Left = Annotated[
    str,
    Meta(
        pattern="^(?:no_limit|not_available|[0-9]{1,9})(?![\\s\\S])",
        description="'no_limit', 'not_available' or a text of 1 to 9 digits",
    ),
]


class Maintainer(Struct, frozen=True):
    """Who looks after an account at the vendor's."""

    name: Annotated[str, Meta(description="a text")] = "Anna Opiekunka"
    email: Annotated[str, Meta(description="a text")] = "opiekun@serwersms.example"
    telephone: Annotated[str, Meta(description="a text")] = "+48 99 000 00 01"
    photo: Annotated[str, Meta(description="a text")] = "https://serwersms.example/opiekun.jpg"


class AccountFields(Struct, frozen=True):
    """What SerwerSMS keeps of an account beside the common fields."""

    demo: Annotated[bool, Meta(description="true or false")] = False
    """Whether its username is the vendor's demo user, see `is_demo`."""
    type: Literal["prepaid", "postpaid"] = "prepaid"
    """How it is paid for."""
    limits: dict[str, _Left] = {}
    """How many are left of each type (``eco``, ``full``, ``voice``, ``mms``, ``lookup``, ``hlr``); a type without one has no limit."""
    prices: dict[str, float] = {}
    """The price of a part in PLN by type; a type without one costs `PRICE`."""
    denied: tuple[Right, ...] = ()
    """What it may not do."""
    blocked: Annotated[bool, Meta(description="true or false")] = False
    """Whether nothing can be sent."""
    duplicate_control: Annotated[bool, Meta(description="true or false")] = False
    """Whether a unique_id that was used is rejected with 3111, in every variant, even if its message was deleted (SW-62)."""
    free_package: Annotated[bool, Meta(description="true or false")] = False
    """Whether it has the free package for trying, with one sender's name of its own."""
    subaccount: Annotated[bool, Meta(description="true or false")] = False
    """Whether it is a subaccount itself, which can have none (SW-93)."""
    rights_templates: tuple[int, ...] = ()
    """The ids beside those of its subaccounts whose rights a new subaccount can have (SW-93)."""
    maintainer: Annotated[Maintainer, Meta(description="a name, email, telephone and photo")] = Maintainer()
    """Who looks after the account at the vendor's (SW-92)."""
    push_hash: Annotated[str, Meta(description="a text")] = ""
    """The ``api_hash`` by which push/contact finds the account (SW-85)."""


LIMITED = ("eco", "full", "voice", "mms", "lookup", "hlr")
"""What limits are kept of, in the order in which they are listed."""

PRICE = 0.08
"""The price of a part in PLN where an account has none of its own (SW-67)."""


def is_demo(account: Account, call: Call) -> bool:
    """Return whether a call comes from the demo user of an account; a token of the same account is no demo."""
    return bool(account.fields.get("demo")) and call.credential is not None and call.credential.secret is not None


def left(account: Account, kind: str) -> str:
    """Return how many of a type are left: digits, `UNLIMITED` or `UNAVAILABLE`."""
    limits: Mapping[str, str] = account.fields.get("limits", {})
    return limits.get(kind, UNLIMITED)


def use_up(account: Account, kind: str, count: int) -> AccountChanged | None:
    """Return the event that takes some off the limit of a type; ``None`` where nothing is counted."""
    before = left(account, kind)
    if before in (UNLIMITED, UNAVAILABLE) or not count:
        return None
    limits = {**account.fields["limits"], kind: str(int(before) - count)}
    return AccountChanged(replace(account, fields=freeze({**account.fields, "limits": limits})))


def cost(account: Account, kind: str, parts: int) -> float:
    """Return what a message of a type and of so many parts costs, in PLN."""
    prices: Mapping[str, float] = account.fields.get("prices", {})
    return round(prices.get(kind, PRICE) * parts, 4)
