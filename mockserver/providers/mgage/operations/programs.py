"""Export the messages of a program (003)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from msgspec import Struct, structs

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
    Direction,
    IdReservation,
    Instant,
    Magic,
    MessagePage,
    Operation,
    Page,
    Program,
    State,
    documented,
    find_emptying_filters,
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
    direction = values.get("direction", "")
    key = program_key(account.key, program.id, direction)
    found = select_page(state.message_store, key, page, *period.bounds)  # MG-18: by date, then by arrival
    if not found.slices:
        emptied_by = _find_emptying(state, account, program, direction, asked, period, is_page=found.total > 0)
        trace = structs.replace(trace, emptied_by=emptied_by)
    exported = Exported(program, found, page.following(found.total), period.changes(asked), meaning)
    return Decision(now, exported, (), trace, account.key)


def _find_emptying(
    state: State,
    account: Account,
    program: Program,
    direction: Direction | Literal[""],
    asked: Period,
    period: Period,
    *,
    is_page: bool,
) -> tuple[str, ...]:
    """Return the filters that left nothing: parameters, an end that is not the request's own (MG-17), or the page."""
    if is_page:
        return ("page",)
    since, until = period.since, period.until
    start, end = _end_name("startDate", asked.since, since), _end_name("endDate", asked.until, until)
    filters = [("messageType", direction or None), (start, since), (end, until)]

    def finds(kept: Collection[str]) -> bool:
        key = program_key(account.key, program.id, direction if "messageType" in kept else "")
        some = Period(since if start in kept else None, until if end in kept else None)
        return state.message_store.count(key, *some.bounds) > 0

    return find_emptying_filters([name for name, value in filters if value is not None], finds)


def _end_name(parameter: str, asked: Instant | None, used: Instant | None) -> str:
    """Return what an end of the period is called: the parameter, its default, or the switch that moved it."""
    if asked == used:
        return parameter
    return f"the default {parameter}" if asked is None else quirks.AGE.name


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
