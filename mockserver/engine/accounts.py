"""Who may ask, and what belongs to them. Facts only: each is replaced whole, by an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from msgspec import Struct

from .frozen import NO_FIELDS


class Login(NamedTuple):
    """One way to be recognised: a user with a secret, or a key or token that is both (``secret`` is ``None``)."""

    user: str
    secret: str | None = None


class Credential(Struct, frozen=True, gc=False):
    """What a request showed of itself."""

    provider: str
    user: str
    secret: str | None = None
    is_bound: bool = False
    """It came through a listener or prefix of the world, where the fixture's printed credentials are valid too."""


@dataclass(frozen=True, slots=True)
class Number:
    """A telephone number of an account."""

    number: str
    sms_enabled: bool = True
    url: str | None = None
    """Where inbound messages are forwarded to."""
    dlr_url: str | None = None
    """Where delivery reports go."""


@dataclass(frozen=True, slots=True)
class Program:
    """A campaign's program: what messages are exported by."""

    id: str
    name: str
    campaign: str
    kind: str
    """In the provider's words, such as "Text to Join"."""


@dataclass(frozen=True, slots=True)
class Contact:
    """What an account knows of a person."""

    phone: str
    """In E.164."""
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    email: str = ""
    tax_id: str = ""
    city: str = ""
    address: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class ForwardingRule:
    """Where an account's incoming messages of a service are forwarded to."""

    service: str
    """The type of message: ``eco``, ``nd``, ``ndi``, ``pre``, ``mms``."""
    url: str
    """A template in the provider's placeholders."""
    number: str = ""
    """Only what came in at this number; empty for all."""
    prefix: str = ""
    """Only texts that begin with this; empty for all."""
    verification: bool = True
    """Whether the receiver must answer as the provider demands."""


@dataclass(frozen=True, slots=True)
class Account:
    """One customer of one provider."""

    key: str
    """``provider/name``; what messages refer to, so that credentials can change."""
    provider: str
    name: str
    logins: tuple[Login, ...]
    numbers: Mapping[str, Number] = field(default_factory=dict)
    """By the number."""
    programs: Mapping[str, Program] = field(default_factory=dict)
    """By the id."""
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    """By the phone."""
    forwarding: tuple[ForwardingRule, ...] = ()
    """The first that fits a message counts."""
    blacklist: frozenset[str] = frozenset()
    """Phones in E.164."""
    fields: Mapping[str, Any] = NO_FIELDS
    """The provider's own fields beside the common ones; made by `frozen.freeze`."""
