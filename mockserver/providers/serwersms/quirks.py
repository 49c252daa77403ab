"""The switches of this room. QUIRKS.md tells what each is about; a test of the house holds the two together."""

from __future__ import annotations

from mockserver.web.provider import Quirk

FIELD = Quirk("SW-1", "serwersms.field", ("recived", "received", "both"))
ZONE = Quirk("SW-11", "serwersms.zone", ("Europe/Warsaw", "UTC"))
JSON = Quirk("SW-27", "serwersms.json", ("raw", "ascii"))
STATUS = Quirk("SW-30", "serwersms.errors.status", ("200", "4xx"))
LANGUAGE = Quirk("SW-31", "serwersms.errors.language", ("en", "pl"))
GET = Quirk("SW-32", "serwersms.get", ("accepted", "refused"))
MAGIC = Quirk("SW-39", "serwersms.magic", ("on", "off"))

QUIRKS = (FIELD, ZONE, JSON, STATUS, LANGUAGE, GET, MAGIC)
