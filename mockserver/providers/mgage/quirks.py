"""The switches of this room. QUIRKS.md tells what each is about; a test of the house holds the two together."""

from __future__ import annotations

from mockserver.web.provider import Quirk

NUMBER = Quirk("MG-3", "mgage.number", ("string", "numeric"))
DATE = Quirk("MG-5", "mgage.date", ("sample", "iso"))
NEXT_PAGE_URL = Quirk("MG-7", "mgage.next_page_url", ("filters", "printed"))
AGE = Quirk("MG-17", "mgage.age", ("default-start", "today", "archived", "range"))
MAGIC = Quirk("MG-28", "mgage.magic", ("on", "off"))

QUIRKS = (NUMBER, DATE, NEXT_PAGE_URL, AGE, MAGIC)
