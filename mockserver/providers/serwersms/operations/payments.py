"""The account's payments, and the invoice of each (SW-94)."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from mockserver.providers.serwersms.entries import PAYMENTS, PaymentEntry
from mockserver.providers.serwersms.invoices import write_pdf
from mockserver.providers.serwersms.listing import Selection, find_by_id, list_entries
from mockserver.providers.serwersms.parameters import BLANK, CREDENTIALS, ID, PAGE, required
from mockserver.providers.serwersms.results import Document, Listed, Shown
from mockserver.sdk import Account, Call, Decision, IdReservation, Instant, Operation, State, assumed, parse_parameters

_SOURCE = assumed("SW-94")
_ID = required("id", ID, _SOURCE)


class PaymentItem(Struct, frozen=True):
    """A payment as it is listed; amounts are in PLN."""

    id: int
    number: str
    state: str
    paid: float
    total: float
    payment_to: str | UnsetType
    url: str


def _item(payment: PaymentEntry) -> PaymentItem:
    return PaymentItem(
        payment.id,
        payment.number,
        payment.state,
        payment.paid,
        payment.total,
        payment.payment_to or UNSET,
        payment.url or f"https://serwersms.example/faktury/{payment.id}.pdf",
    )


def index(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """List the payments, the newest first, without a paging."""
    values = parse_parameters(PAGE, call.values, blank=BLANK)
    found, _ = list_entries(values, state, Selection(account.key, PAYMENTS))
    return Decision(now, Listed(tuple(map(_item, found))), account=account.key, size=len(found))


def _find(call: Call, account: Account, state: State) -> PaymentEntry:
    found = find_by_id(_ID, call, account, state, PAYMENTS)
    assert isinstance(found, PaymentEntry)
    return found


def view(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Show a payment."""
    return Decision(now, Shown(_item(_find(call, account, state))), account=account.key)


_STATES = {"paid": "zapłacono", "not_paid": "do zapłaty"}


def show_invoice(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Return the invoice of a payment as a PDF."""
    payment = _find(call, account, state)
    lines = (
        f"Faktura {payment.number}",
        "Sprzedawca: SerwerSMS.pl (mock)",
        f"Nabywca: {account.name}",
        f"Razem: {payment.total:.2f} PLN",
        f"Wpłacono: {payment.paid:.2f} PLN",
        f"Stan: {_STATES[payment.state]}",
        *([f"Termin płatności: {payment.payment_to}"] if payment.payment_to else []),
    )
    return Decision(now, Document(write_pdf(lines), "application/pdf"), account=account.key)


OPERATIONS = (
    Operation(name="payments.index", source=_SOURCE, decide=index, parameters=PAGE, common=CREDENTIALS),
    Operation(name="payments.view", source=_SOURCE, decide=view, parameters=(_ID,), common=CREDENTIALS),
    Operation(name="payments.invoice", source=_SOURCE, decide=show_invoice, parameters=(_ID,), common=CREDENTIALS),
)
