"""The switches of this provider. QUIRKS.md describes each of them; a test compares the two."""

from __future__ import annotations

from mockserver.sdk import Quirk

_EXPORT = ("program.export",)

NUMBER = Quirk("MG-3", "mgage.number", ("string", "numeric"), operations=_EXPORT)
DATE = Quirk("MG-5", "mgage.date", ("sample", "iso"), operations=_EXPORT)
NEXT_PAGE_URL = Quirk("MG-7", "mgage.next_page_url", ("filters", "printed", "pinned"), operations=_EXPORT)
AGE = Quirk("MG-17", "mgage.age", ("default-start", "today", "archived", "range"), operations=_EXPORT)
MAGIC = Quirk("MG-28", "mgage.magic", ("on", "off"))
DELIVERY = Quirk("MG-32", "mgage.delivery", ("timed", "instant"))

QUIRKS = (NUMBER, DATE, NEXT_PAGE_URL, AGE, MAGIC, DELIVERY)
