"""mGage Communicate Pro's message export: HTTP Basic, filters, pages, JSON.

Read QUIRKS.md, errors.py, operations.py, wire.py, in that order.
"""

from pathlib import Path

from mockserver.sdk.provider import Provider

from . import magic, wire
from .behaviours import BEHAVIOURS, PAGES
from .error_injection import force
from .errors import REFUSALS
from .inbound import arrive
from .operations import OPERATIONS, SOURCES, decide
from .parameters import NAMES
from .quirks import QUIRKS
from .routes import routes

MGAGE = Provider(
    name="mgage",
    title="mGage",
    hosts=("communicatepro.mgage.com",),
    prefixes=("/api/",),
    routes=routes,
    operations=tuple(OPERATIONS),
    sources=SOURCES,
    parameters={"program.export": ("programId", *NAMES)},
    refusals=REFUSALS,
    strays=tuple(wire.ASTRAY.values()),
    quirks=QUIRKS,
    magic=magic.MAGIC,
    behaviours=BEHAVIOURS,
    pages=PAGES,
    secrets=(),  # its credentials are in the Authorization header only
    example="curl -u mgage:mgage '{url}/api/messages/program/121811"
    "?startDate=2014-12-05T00:00:00&endDate=2014-12-05T23:59:59&pageSize=2'",
    schema=Path(__file__).parent / "world.schema.json",
    book=Path(__file__).parent / "QUIRKS.md",
    read=wire.read,
    decide=decide,
    force=force,
    write=wire.write,
    arrive=arrive,
    astray=wire.astray,
)
