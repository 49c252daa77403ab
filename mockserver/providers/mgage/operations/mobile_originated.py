"""What a client does in a handset's place: write to a program (MG-30, MG-31), and join a list (MG-33)."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from msgspec import Struct

from mockserver.providers.mgage import magic, quirks
from mockserver.providers.mgage.delivery import store_inbound
from mockserver.providers.mgage.errors import (
    BodyTooLarge,
    MissingParameter,
    NotADestination,
    NotAHandset,
    NotAList,
    NotPlainText,
    ProgramFails,
    UnknownCampaign,
)
from mockserver.sdk import (
    Account,
    Call,
    Collection,
    Decision,
    DecisionTrace,
    EntryStored,
    IdReservation,
    Instant,
    Operation,
    Parameter,
    State,
    assumed,
    datetime_of,
    handset_of,
    matching,
    parse_parameters,
    text,
)


class Accepted(Struct, frozen=True):
    """What was asked is done."""


class OptIn(Struct, frozen=True, omit_defaults=True):
    """A handset that joined a list."""

    id: int
    list_id: str
    """The id of the list."""
    mobile: str
    """The handset's number: digits, as it was sent."""
    at: datetime | None = None
    """When it joined."""


COLLECTION = Collection("opt_ins", OptIn)

_required = partial(Parameter, not_text=NotPlainText, missing=MissingParameter)
_E164 = matching(r"\+?(?P<digits>[0-9]{3,15})", NotAHandset, group="digits")  # MG-31

EXTERNAL_MO = (
    _required("campid", text(), assumed("MG-30"), field="program"),
    _required(
        "destination",
        matching(r"(?:[A-Z]{2}-)?(?P<digits>[0-9]{3,15})", NotADestination, group="digits"),
        assumed("MG-31"),
    ),
    _required("originator", _E164, assumed("MG-31")),
    _required("message", text(), assumed("MG-30")),
)


def receive_external_mo(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Write to a program in a handset's place, so that the program does what it does for an MO (MG-30)."""
    values = parse_parameters(EXTERNAL_MO, call.values)
    program, originator = values["program"], values["originator"]
    has_magic = state.variants[quirks.MAGIC.name] == "on"  # MG-28
    if has_magic and magic.FAILING.has(program):
        raise ProgramFails
    if program not in account.programs:
        raise UnknownCampaign(value=program)
    _, events = store_inbound(
        account,
        program,
        state,
        now,
        ids,
        sender=originator,
        recipient=values["destination"],
        text=values["message"],
    )
    handset = handset_of(originator)
    trace = DecisionTrace(magic=handset if has_magic and handset in magic.LAST_STATUSES else None)
    return Decision(now, Accepted(), events, trace, account.key)


OPT_IN = (
    _required("listId", matching("[0-9]{1,18}", NotAList), assumed("MG-33"), field="list_id", place="path"),
    _required("mobile", _E164, assumed("MG-33"), place="path"),
)


def opt_in(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Add a handset to a list, once (MG-33)."""
    values = parse_parameters(OPT_IN, call.values)
    joined = state.entries.find(account.key, COLLECTION.name, "mobile", values["mobile"])
    if any(each.list_id == values["list_id"] for each in joined):
        return Decision(now, Accepted(), account=account.key)
    entry = OptIn(ids.number("mgage.opt_ins"), values["list_id"], values["mobile"], datetime_of(now))
    return Decision(now, Accepted(), (EntryStored(account.key, COLLECTION.name, entry),), account=account.key)


OPERATIONS = (
    Operation(
        name="program.external_mo",
        source=assumed("MG-30"),
        decide=receive_external_mo,
        parameters=EXTERNAL_MO,
        errors=(BodyTooLarge, ProgramFails, UnknownCampaign),
        is_repeatable=False,
        response_types=("text/plain",),
    ),
    Operation(
        name="list.opt_in",
        source=assumed("MG-33"),
        decide=opt_in,
        parameters=OPT_IN,
        response_types=("text/plain",),
    ),
)
PLAIN = frozenset(each.name for each in OPERATIONS)
"""The operations that answer in plain text."""
