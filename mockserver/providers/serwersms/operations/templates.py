"""Texts to be sent again and again."""

from __future__ import annotations

from msgspec.structs import replace

from mockserver.providers.serwersms.entries import TEMPLATES, TemplateEntry, next_id
from mockserver.providers.serwersms.listing import (
    Selection,
    delete_entry,
    find_by_id,
    find_entry,
    list_entries,
    store_entry,
)
from mockserver.providers.serwersms.parameters import BLANK, CREDENTIALS, ID, ORDER, TEXT, required, row, sort_by
from mockserver.providers.serwersms.results import Listed, Shown
from mockserver.sdk import (
    Account,
    Call,
    Decision,
    IdReservation,
    Instant,
    Operation,
    State,
    assumed,
    parse_parameters,
)

_SOURCE = assumed("SW-83")
_ID = required("id", ID, _SOURCE)
INDEX = (sort_by(("name",), _SOURCE), ORDER)
ADD = (required("name", TEXT, _SOURCE), required("text", TEXT, _SOURCE))
EDIT = (_ID, row("name", TEXT, _SOURCE), row("text", TEXT, _SOURCE))


def index(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """List the templates, the newest first."""
    values = parse_parameters(INDEX, call.values, blank=BLANK)
    found, _ = list_entries(values, state, Selection(account.key, TEMPLATES))
    return Decision(now, Listed(tuple(found)), account=account.key, size=len(found))


def view(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Show a template."""
    template = find_by_id(_ID, call, account, state, TEMPLATES)
    return Decision(now, Shown(template), account=account.key)


def add(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Add a template."""
    values = parse_parameters(ADD, call.values, blank=BLANK)
    return store_entry(TemplateEntry(next_id(TEMPLATES, ids), **values), account, now, TEMPLATES)


def edit(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Change what is sent of a template."""
    values = parse_parameters(EDIT, call.values, blank=BLANK)
    template = find_entry(_ID, values.pop("id"), account, state, TEMPLATES)
    return store_entry(replace(template, **values), account, now, TEMPLATES)


def delete(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Delete a template."""
    template = find_by_id(_ID, call, account, state, TEMPLATES)
    return delete_entry(template.id, account, now, TEMPLATES)


OPERATIONS = (
    Operation(name="templates.index", source=_SOURCE, decide=index, parameters=INDEX, common=CREDENTIALS),
    Operation(name="templates.view", source=_SOURCE, decide=view, parameters=(_ID,), common=CREDENTIALS),
    Operation(
        name="templates.add", source=_SOURCE, decide=add, parameters=ADD, common=CREDENTIALS, is_repeatable=False
    ),
    Operation(name="templates.edit", source=_SOURCE, decide=edit, parameters=EDIT, common=CREDENTIALS),
    Operation(
        name="templates.delete",
        source=_SOURCE,
        decide=delete,
        parameters=(_ID,),
        common=CREDENTIALS,
        is_repeatable=False,
    ),
)
