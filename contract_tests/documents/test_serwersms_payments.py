"""SerwerSMS's payments/*, and that a reader of PDF opens an invoice."""

from __future__ import annotations

from io import BytesIO

import pytest
from pypdf import PdfReader

from contract_tests.documents.serwersms_api import open_api, own_entries
from mockserver.providers.serwersms.entries import PaymentEntry

PAID = PaymentEntry(47957, "FV/1/06/2026", "paid", 123.0, 123.0, "2026-06-14", "https://example.com/1")
OWED = PaymentEntry(47958, "Żółć ąęćńśź €(2)\\", "not_paid", 0.5, 61.5)
FIRST = {
    "id": 47957,
    "number": "FV/1/06/2026",
    "state": "paid",
    "paid": 123.0,
    "total": 123.0,
    "payment_to": "2026-06-14",
    "url": "https://example.com/1",
}
SECOND = {
    "id": 47958,
    "number": "Żółć ąęćńśź €(2)\\",
    "state": "not_paid",
    "paid": 0.5,
    "total": 61.5,
    "url": "https://serwersms.example/faktury/47958.pdf",
}


@pytest.fixture
def api(open_registry):
    return open_api(open_registry, entries=own_entries(payments=(PAID, OWED)))


def test_sw_94_payments_are_listed_the_newest_first_and_never_with_a_paging(api):
    assert api.form("payments/index") == {"items": [SECOND, FIRST]}
    assert api.json("payments/index", page=2, limit=1) == {"items": [FIRST]}
    assert api.form("payments/index", page="0", limit="1") == {"items": [SECOND]}
    assert "<item><id>47958</id>" in api.xml("payments/index")


def test_sw_94_a_payment_is_shown(api):
    assert api.form("payments/view", id="47957") == FIRST
    assert list(api.json("payments/view", id=47957)) == list(FIRST)


@pytest.mark.parametrize("action", ["payments/view", "payments/invoice"])
@pytest.mark.parametrize(("given", "code"), [({}, 2000), ({"id": "1"}, 1004), ({"id": "x"}, 1004)])
def test_sw_94_a_payment_that_there_is_not_is_an_error_in_json(api, action, given, code):
    assert api.code(action, **given) == code


@pytest.mark.parametrize("suffix", ["", ".json", ".xml"])
def test_sw_94_an_invoice_is_a_pdf_that_readers_open(api, suffix):
    response = api.response(f"payments/invoice{suffix}", id="47957")
    reader = PdfReader(BytesIO(response.data), strict=True)

    assert response.content_type == "application/pdf"
    assert len(reader.pages) == 1
    assert reader.pages[0].extract_text().splitlines() == [
        "Faktura FV/1/06/2026",
        "Sprzedawca: SerwerSMS.pl (mock)",
        "Nabywca: own",
        "Razem: 123.00 PLN",
        "Wpłacono: 123.00 PLN",
        "Stan: zapłacono",
        "Termin płatności: 2026-06-14",
    ]


def test_sw_94_an_invoice_has_polish_letters_and_what_its_font_lacks_is_a_question_mark(api):
    text = PdfReader(BytesIO(api.response("payments/invoice", id="47958").data)).pages[0].extract_text()

    assert text.splitlines()[0] == "Faktura Żółć ąęćńśź ?(2)\\"
    assert text.splitlines()[-1] == "Stan: do zapłaty"


def test_sw_94_the_same_payment_has_the_same_bytes(api):
    one, other = (api.response("payments/invoice", id="47957").data for _ in range(2))

    assert one == other
