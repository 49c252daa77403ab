"""The switches of this provider. QUIRKS.md describes each of them; a test compares the two."""

from __future__ import annotations

from mockserver.sdk import Decider, DecidingRequest, Quirk

_EXPORT = ("program.export",)

# -- the requests that decide them ------------------------------------------------------------------------------------


def _export(filters: str, program: str = "{program}") -> DecidingRequest:
    """Return an export of a program's messages."""
    return DecidingRequest("GET", f"/api/messages/program/{program}?{filters}", is_authorized=True)


# An end in the future, and so the default start, means the same in each variant of MG-17.
_FIRST = _export("endDate=2099-12-31T23:59:59&pageSize=1")
_NO_DATES = _export("pageSize=1")
_OLD_START = _export("startDate=2000-01-01T00:00:00&pageSize=500")  # shows those of the past year too
_MAGIC_PROGRAM = _export("pageSize=1", "500500")
_WRITE = DecidingRequest(
    "POST",
    "/api/externalMO",
    "campid={replying_program}&destination=37911&originator=15556667777&message=Test",
    is_authorized=True,
)
_ANSWERS = _export("messageType=MT&endDate=2099-12-31T23:59:59&pageSize=500", "{replying_program}")

# -- the switches -----------------------------------------------------------------------------------------------------

NUMBER = Quirk(
    "MG-3",
    "mgage.number",
    ("string", "numeric"),
    operations=_EXPORT,
    decider=Decider("Export a program that has messages, and look whether number is a string.", (_FIRST,)),
)
DATE = Quirk(
    "MG-5",
    "mgage.date",
    ("sample", "iso"),
    operations=_EXPORT,
    decider=Decider("Export a program that has messages, and look at the decimals of date.", (_FIRST,)),
)
NEXT_PAGE_URL = Quirk(
    "MG-7",
    "mgage.next_page_url",
    ("filters", "printed", "pinned"),
    operations=_EXPORT,
    decider=Decider(
        "Export a program that has more messages of the past year than one, by pages of one, and look at nextPageUrl.",
        (_FIRST,),
    ),
)
AGE = Quirk(
    "MG-17",
    "mgage.age",
    ("default-start", "today", "archived", "range"),
    operations=_EXPORT,
    decider=Decider(
        "Export a program that has messages of the past year and older ones, but none of today,"
        " first without dates and then with a startDate of 2000.",
        (_NO_DATES, _OLD_START),
    ),
)
MAGIC = Quirk(
    "MG-28",
    "mgage.magic",
    ("on", "off"),
    decider=Decider("Export program 500500, which is nobody's, and look at the status.", (_MAGIC_PROGRAM,)),
)
DELIVERY = Quirk(
    "MG-32",
    "mgage.delivery",
    ("timed", "instant"),
    decider=Decider(
        "Write to a program that answers, export what it sent within a second, and look at deliveryStatus.",
        (_WRITE, _ANSWERS),
    ),
)

QUIRKS = (NUMBER, DATE, NEXT_PAGE_URL, AGE, MAGIC, DELIVERY)
