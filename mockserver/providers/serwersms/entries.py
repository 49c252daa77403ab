"""What a SerwerSMS account keeps beside its messages: contacts and their groups, the blacklist, templates and files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import count
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct

from mockserver.sdk import Collection, IdReservation

_Phone: TypeAlias = Annotated[
    str, Meta(pattern=r"^\+[1-9][0-9]{6,14}$", description="a telephone number such as +48500600700")
]


class ContactEntry(Struct, frozen=True, omit_defaults=True):
    """A person in the address book."""

    id: int
    phone: _Phone
    email: str = ""
    company: str = ""
    first_name: str = ""
    last_name: str = ""
    tax_id: str = ""
    address: str = ""
    city: str = ""
    description: str = ""
    group_ids: tuple[int, ...] = ()
    """The ids of the groups that the contact is in, the first one first."""


class GroupEntry(Struct, frozen=True, omit_defaults=True):
    """A group of contacts."""

    id: int
    name: str


class BlacklistEntry(Struct, frozen=True, omit_defaults=True):
    """A number that nothing is sent to."""

    id: int
    phone: _Phone
    added: datetime | None = None
    """When it was added; ``None`` where that is not known."""


class TemplateEntry(Struct, frozen=True, omit_defaults=True):
    """A text to be sent again and again."""

    id: int
    name: str
    text: str


class FileEntry(Struct, frozen=True, omit_defaults=True):
    """A file for MMS or voice messages."""

    id: str
    type: Literal["mms", "voice"]
    name: str
    size: Annotated[int, Meta(ge=0)]
    """In bytes."""
    added: datetime | None = None
    """When it was added; ``None`` where that is not known."""
    content: bytes = b""
    """What was uploaded; empty for a file that was added by its URL (SW-84)."""
    fetch: int | None = None
    """The number of the delivery that fetches it; ``None`` for a file that is not fetched, or was (SW-84)."""


class PushContactEntry(Struct, frozen=True, omit_defaults=True):
    """A user of the customer's web page who takes push notifications."""

    id: str
    """The ``user_id`` that the page has sent."""
    added: datetime | None = None
    """When it was added last; ``None`` where that is not known."""


class SenderEntry(Struct, frozen=True, omit_defaults=True):
    """A sender's name."""

    id: Annotated[str, Meta(min_length=1, max_length=11, description="a name of 1 to 11 characters")]
    status: Literal["pending_authorization", "authorized", "rejected", "deactivated"] = "pending_authorization"
    agreement: Literal["delivered", "required", "not_required"] = "not_required"
    """Whether the vendor wants a declaration about the name, and has it."""
    networks: tuple[int, ...] = ()
    """The networks in which it may send MMS, by their mobile network codes."""


class SubaccountEntry(Struct, frozen=True, omit_defaults=True):
    """A subaccount; nobody signs in with it."""

    id: int
    username: str
    name: str = ""
    phone: str = ""
    email: str = ""
    template: int = 0
    """The subaccount, or the template of rights, that it was made by; 0 where that is not known."""
    limits: dict[str, int] = {}
    """How many it may send of each type that is limited."""


class PaymentEntry(Struct, frozen=True, omit_defaults=True):
    """A payment that the account has made or owes; amounts are in PLN."""

    id: int
    number: str
    """Of the invoice."""
    state: Literal["paid", "not_paid"]
    paid: float
    total: float
    payment_to: Annotated[
        str, Meta(pattern="^([0-9]{4}-[0-9]{2}-[0-9]{2})?$", description="a day such as 2026-06-30")
    ] = ""
    """The day until which it is to be paid."""
    url: str = ""
    """Where the invoice can be seen."""


class QuizAnswer(Struct, frozen=True):
    """One of the answers to choose from, and how often it was given."""

    id: int
    count: int


class QuizEntry(Struct, frozen=True, omit_defaults=True):
    """A quiz by premium messages."""

    id: int
    name: str
    items: tuple[QuizAnswer, ...] = ()


class RcsBotEntry(Struct, frozen=True, omit_defaults=True):
    """A bot that RCS messages come from."""

    id: str
    """Its ``rcs_id``."""
    name: str
    description: str = ""
    networks: tuple[int, ...] = ()
    """The networks in which it works, such as 26001."""
    webhook: str = ""
    online: bool = True
    ready: bool = True
    """Whether it is ready, and not under verification any more."""


class SubscriberEntry(Struct, frozen=True, omit_defaults=True):
    """What the networks know of a telephone number, where it is not what its first digits say."""

    id: str
    """The number, such as +48500600700."""
    status: Literal["OK", "ERR"] = "OK"
    imsi: int | None = None
    network: str | None = None
    ported: bool = False
    network_ported: str | None = None
    description: str | None = None
    """Why it cannot be reached, such as ABSENT_SUBSCRIBER_SM."""
    seconds: Annotated[int, Meta(ge=0, le=86_400)] = 0
    """How long the answer takes, in seconds of the world's clock."""


class CheckEntry(Struct, frozen=True, omit_defaults=True):
    """A question about numbers whose answer comes later."""

    id: str
    kind: Literal["check", "lookup"]
    phones: tuple[str, ...]
    asked: datetime
    seconds: Annotated[int, Meta(ge=0, le=86_400)]
    """How long the answer takes, in seconds of the world's clock."""


class RegistrationEntry(Struct, frozen=True, omit_defaults=True):
    """An account that was registered at the vendor's; nobody signs in with it."""

    id: int
    phone: str
    email: str
    first_name: str
    last_name: str
    company: str


class NoticeEntry(Struct, frozen=True, omit_defaults=True):
    """A message from the vendor to the customer."""

    id: int
    message: str
    new: bool = True
    """Whether the customer has not read it."""


class UsedUniqueIdEntry(Struct, frozen=True):
    """A unique_id of a deleted message, which an account with duplicate control cannot use again."""

    id: str


SENDERS = "senders"
CONTACTS, GROUPS, BLACKLIST, TEMPLATES, FILES = "contacts", "groups", "blacklist", "templates", "files"
PUSH_CONTACTS = "push_contacts"
SUBACCOUNTS, PAYMENTS, QUIZZES, RCS_BOTS = "subaccounts", "payments", "quizzes", "rcs_bots"
SUBSCRIBERS, CHECKS, REGISTRATIONS, NOTICES = "subscribers", "checks", "registrations", "notices"
USED_UNIQUE_IDS = "used_unique_ids"


def _name(contact: ContactEntry) -> str:
    """Return the name of a contact."""
    return f"{contact.first_name} {contact.last_name}".strip() or contact.company


# The first ids of worlds in which there is none: those of the vendor's samples.
FIRST_IDS = {
    CONTACTS: 228173579,
    GROUPS: 17293087,
    BLACKLIST: 12354,
    TEMPLATES: 8416,
    SUBACCOUNTS: 1194,
    PAYMENTS: 47957,
}


def next_id(collection: str, ids: IdReservation) -> int:
    """Return the number of the next entry of a collection."""
    return ids.number(f"serwersms.{collection}", FIRST_IDS[collection])


COLLECTIONS = (
    Collection(CONTACTS, ContactEntry, FIRST_IDS[CONTACTS], "phone", _name, {"group_ids": GROUPS}),
    Collection(GROUPS, GroupEntry, FIRST_IDS[GROUPS]),
    Collection(BLACKLIST, BlacklistEntry, FIRST_IDS[BLACKLIST]),
    Collection(TEMPLATES, TemplateEntry, FIRST_IDS[TEMPLATES]),
    Collection(FILES, FileEntry),
    Collection(SENDERS, SenderEntry),
    Collection(PUSH_CONTACTS, PushContactEntry),
    Collection(SUBACCOUNTS, SubaccountEntry, FIRST_IDS[SUBACCOUNTS]),
    Collection(PAYMENTS, PaymentEntry, FIRST_IDS[PAYMENTS]),
    Collection(QUIZZES, QuizEntry),
    Collection(RCS_BOTS, RcsBotEntry),
    Collection(SUBSCRIBERS, SubscriberEntry),
    Collection(CHECKS, CheckEntry),
    Collection(REGISTRATIONS, RegistrationEntry),
    Collection(NOTICES, NoticeEntry),
    Collection(USED_UNIQUE_IDS, UsedUniqueIdEntry),
)


def upgrade_account(account: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an account of a world file whose contacts and blacklist, which older files have beside its numbers, are entries."""
    rest = {name: part for name, part in account.items() if name not in (CONTACTS, BLACKLIST)}
    if len(rest) == len(account):
        return account
    collections = dict(account.get("collections", {}))
    rows = {CONTACTS: account.get(CONTACTS, ()), BLACKLIST: [{"phone": phone} for phone in account.get(BLACKLIST, ())]}
    for name, more in rows.items():
        if more:
            collections[name] = [*collections.get(name, ()), *_numbered(more, collections.get(name, ()), name)]
    return {**rest, "collections": collections}


def _numbered(
    rows: Iterable[Mapping[str, Any]], others: Iterable[Mapping[str, Any]], name: str
) -> list[dict[str, Any]]:
    """Return rows with the ids that follow those of others."""
    first = max((row["id"] + 1 for row in others), default=FIRST_IDS[name])
    return [{"id": number, **row} for number, row in zip(count(first), rows)]
