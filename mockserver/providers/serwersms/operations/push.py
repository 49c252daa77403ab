"""The users of a web page who take push notifications (SW-85)."""

from __future__ import annotations

from mockserver.providers.serwersms.entries import PUSH_CONTACTS, PushContactEntry
from mockserver.providers.serwersms.errors import UnknownApiHash
from mockserver.providers.serwersms.parameters import BLANK, TEXT, required
from mockserver.providers.serwersms.results import Written
from mockserver.sdk import (
    Call,
    Decision,
    EntryStored,
    IdReservation,
    Instant,
    Operation,
    State,
    assumed,
    datetime_of,
    parse_parameters,
)

_SOURCE = assumed("SW-85")
_HASH = required("api_hash", TEXT, _SOURCE)
CONTACT = (_HASH, required("user_id", TEXT, _SOURCE))


def add_contact(call: Call, account: None, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Add a user to the account whose ``push_hash`` it is."""
    values = parse_parameters(CONTACT, call.values, blank=BLANK)
    wanted = values["api_hash"]
    keys = (each.key for each in state.accounts.values() if each.fields.get("push_hash") == wanted)
    key = next(keys, None)
    if key is None:
        raise _HASH.error(UnknownApiHash, value=wanted)
    event = EntryStored(key, PUSH_CONTACTS, PushContactEntry(values["user_id"], datetime_of(now)))
    return Decision(now, Written(success="true"), (event,), account=key)  # a text in the vendor's sample


OPERATIONS = (
    Operation(
        name="push.contact",
        source=_SOURCE,
        decide=add_contact,
        parameters=CONTACT,
        errors=(UnknownApiHash,),
        needs_account=False,
    ),
)
