"""What the export concludes. Pure: a state and an instant in, a decision out."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from mockserver.engine.accounts import Account, Program
from mockserver.engine.decisions import NOTHING_ELSE, Decision, DecisionTrace
from mockserver.engine.ids import IdReservation
from mockserver.engine.instants import Instant
from mockserver.engine.messages import program_shelf
from mockserver.engine.provider_errors import Refused, Source, documented
from mockserver.engine.state import State
from mockserver.sdk.provider import Call, Magic

from . import magic, quirks
from .errors import InvalidCredentials, MissingCredentials, ServerException, UnknownProgram
from .paging import AGES, Page, named, turn_to
from .parameters import obey


class Exported(Struct, frozen=True):
    """A page of a program's messages."""

    program: Program
    page: Page
    meaning: Magic | None = None
    """What becomes of the answer, where the program is a magic one (MG-28)."""


def export(call: Call, account: Account, state: State, now: Instant, meaning: Magic | None) -> Exported:
    """Export the messages of a program (003)."""
    program = _program(call.values["programId"], account, meaning)
    filters = obey(call.values)
    period = AGES[state.readings[quirks.AGE.name]](named(filters.start, filters.end), now)  # MG-17
    shelf = program_shelf(account.key, program.id, filters.direction or "")
    return Exported(program, turn_to(filters.page, filters.page_size, state.ledger, shelf, period), meaning)


OPERATIONS = {"program.export": export}
SOURCES: Mapping[str, Source] = {
    "program.export": documented("003", "This REST operation returns all SMS based on a specified Program ID."),
}
"""Where it is offered."""


def decide(call: Call, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all rooms
    """Conclude what a call asks for. MG-26: who asks is looked at first, then the program, then the filters."""
    account: Account | None = None
    value: Exported | Refused
    meaning: Magic | None = None
    trace = NOTHING_ELSE
    try:
        account = _authorised(call, state)
        meaning = _meaning(call.values["programId"], state)
        value = OPERATIONS[call.operation](call, account, state, now, meaning)
    except Refused as refusal:
        value = refusal
    if meaning is not None and (isinstance(value, Exported) or meaning is magic.FAILING):
        trace = DecisionTrace(magic=call.values["programId"])
    return Decision(now, value, (), trace, None if account is None else account.key)


def _authorised(call: Call, state: State) -> Account:
    """The account whose user and password these are (MG-13)."""
    if call.defect is not None:
        raise call.defect
    if call.credential is None:
        raise MissingCredentials
    account = state.account_of(call.credential)
    if account is None:
        raise InvalidCredentials
    return account


def _meaning(program_id: str, state: State) -> Magic | None:
    """What a program is for, where it is a magic one (MG-28)."""
    meaning = magic.MEANINGS.get(program_id)
    return None if meaning is None or state.readings[quirks.MAGIC.name] == "off" else meaning


def _program(program_id: str, account: Account, meaning: Magic | None) -> Program:
    """The account's program of an id (MG-24)."""
    if meaning is magic.FAILING:  # MG-25: for everybody
        raise ServerException
    program = account.programs.get(program_id)
    if program is None and meaning is not None:
        return magic.program(program_id)
    if program is None:
        raise UnknownProgram(value=program_id)
    return program
