"""Export the messages of a program (003)."""

from __future__ import annotations

from msgspec import Struct

from mockserver.providers.mgage import magic, quirks
from mockserver.providers.mgage.errors import EndsBeforeStart, RangeTooLong, ServerException, UnknownProgram
from mockserver.providers.mgage.paging import AGE_POLICIES, Period
from mockserver.providers.mgage.parameters import FILTERS, PAGE, PAGE_SIZE, PROGRAM_ID
from mockserver.sdk import (
    NO_TRACE,
    Account,
    Call,
    Decision,
    DecisionTrace,
    IdReservation,
    Instant,
    Magic,
    MessagePage,
    Operation,
    Page,
    Program,
    State,
    documented,
    parse_parameters,
    program_key,
    select_page,
)


class Exported(Struct, frozen=True):
    """A page of a program's messages."""

    program: Program
    messages: MessagePage
    following: int | None
    """The number of the next page; ``None`` on the last one, and past it."""
    defaults: Period
    """The ends of the period in effect that the request does not name (MG-7, MG-17)."""
    meaning: Magic | None = None
    """What becomes of the response, where the program is a magic one (MG-28)."""


PARAMETERS = (*FILTERS, PAGE)


def export(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Export the messages of a program (003)."""
    program_id = call.values["programId"]
    meaning = None if state.variants[quirks.MAGIC.name] == "off" else magic.MEANINGS.get(program_id)  # MG-28
    trace = NO_TRACE if meaning is None else DecisionTrace(magic=program_id)
    if meaning is magic.FAILING:  # MG-25: for everybody
        return Decision(now, ServerException(), (), trace, account.key)
    program = account.programs.get(program_id) or (None if meaning is None else magic.program(program_id))
    if program is None:  # MG-24
        raise UnknownProgram(value=program_id)
    values = parse_parameters(PARAMETERS, call.values, blank=())
    start, end = values.get("start"), values.get("end")
    if start is not None and end is not None and end < start:  # MG-6
        raise EndsBeforeStart(start=call.values["startDate"], end=call.values["endDate"])
    asked = Period(start, end)
    period = AGE_POLICIES[state.variants[quirks.AGE.name]](asked, now)  # MG-17
    page = Page(values.get("page", 1), values.get("page_size", PAGE_SIZE.default))
    key = program_key(account.key, program.id, values.get("direction", ""))
    found = select_page(state.message_store, key, page, *period.bounds)  # MG-18: by date, then by arrival
    exported = Exported(program, found, page.following(found.total), period.changes(asked), meaning)
    return Decision(now, exported, (), trace, account.key)


OPERATIONS = (
    Operation(
        name="program.export",
        source=documented("003", "This REST operation returns all SMS based on a specified Program ID."),
        decide=export,
        parameters=PARAMETERS,
        common=(PROGRAM_ID,),
        errors=(ServerException, UnknownProgram, EndsBeforeStart, RangeTooLong),
    ),
)
