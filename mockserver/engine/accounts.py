"""Accounts and what belongs to them, as immutable values: events replace them as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from msgspec import Struct

from .frozen import NO_FIELDS


class Login(NamedTuple):
    """Credentials of an account: a user with a secret, or a key or token alone (``secret`` is ``None``)."""

    user: str
    secret: str | None = None


class Credential(Struct, frozen=True, gc=False):
    """The credentials that a request carries."""

    provider: str
    user: str
    secret: str | None = None
    is_bound: bool = False
    """Whether the request came through a listener or prefix of the world, where the fixture's printed credentials are valid too."""


@dataclass(frozen=True, slots=True)
class Number:
    """A telephone number of an account."""

    number: str
    sms_enabled: bool = True
    """Whether messages can be sent from it and come in at it."""
    url: str | None = None
    """The URL that inbound messages are forwarded to."""
    dlr_url: str | None = None
    """The URL that delivery reports are sent to."""
    sms_capable: bool = True
    """Whether its carrier carries SMS, so that the customer can enable them."""
    tollfree: bool = False
    """Whether it is a toll-free number, for which only the provider enables SMS."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program of a campaign, by which messages are exported."""

    id: str
    name: str
    campaign: str
    kind: str
    """The provider's name of its kind, such as "Text to Join"."""
    reply: str = ""
    """The text that is sent to a handset whose message came in; empty for none."""


@dataclass(frozen=True, slots=True)
class ForwardingRule:
    """A rule that forwards an account's inbound messages of one type to a URL."""

    service: str
    """The type of message: ``eco``, ``nd``, ``ndi``, ``pre``, ``mms``."""
    url: str
    """A URL with the provider's placeholders."""
    number: str = ""
    """The number whose messages are forwarded; empty for all."""
    prefix: str = ""
    """The beginning of the texts that are forwarded; empty for all."""
    verification: bool = False
    """Whether the receiver must acknowledge as the provider demands."""


@dataclass(frozen=True, slots=True)
class Account:
    """One customer of one provider."""

    key: str
    """``provider/name``. Messages refer to it, so credentials can change."""
    provider: str
    name: str
    logins: tuple[Login, ...]
    numbers: Mapping[str, Number] = field(default_factory=dict)
    """By the number."""
    programs: Mapping[str, Program] = field(default_factory=dict)
    """By the id."""
    forwarding: tuple[ForwardingRule, ...] = ()
    """The forwarding rules; the first one that matches a message applies."""
    fields: Mapping[str, Any] = NO_FIELDS
    """The provider's own fields beside the common ones; made by `frozen.freeze`."""

    def with_logins(self, logins: tuple[Login, ...]) -> Account:
        """Return the account with other credentials. A new world does this for each account, so it is not `replace`."""
        return Account(
            self.key,
            self.provider,
            self.name,
            logins,
            self.numbers,
            self.programs,
            self.forwarding,
            self.fields,
        )
