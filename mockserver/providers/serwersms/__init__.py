"""SerwerSMS.pl ``messages/recived``: JSON or a form in, JSON or XML out, every error at HTTP 200.

Read QUIRKS.md, errors.py, operations.py, wire.py, in that order.
"""

from pathlib import Path

from mockserver.sdk.provider import Provider

from . import magic, wire
from .behaviours import BEHAVIOURS
from .error_injection import force
from .errors import REFUSALS
from .inbound import KINDS, arrive
from .operations import OPERATIONS, SOURCES, decide
from .parameters import TABLES
from .quirks import QUIRKS
from .routes import GROUPS, routes
from .webhooks import judge

SERWERSMS = Provider(
    name="serwersms",
    title="SerwerSMS",
    hosts=("api2.serwersms.pl", "s1api2.serwersms.pl"),
    prefixes=tuple(f"/{group}/" for group in GROUPS),
    routes=routes,
    operations=tuple(OPERATIONS),
    sources=SOURCES,
    parameters={"error.view": ("code",)}
    | {name: (*wire.CREDENTIALS, *(row.name for row in table)) for name, table in TABLES.items()},
    refusals=REFUSALS,
    strays=tuple(wire.ASTRAY.values()),
    quirks=QUIRKS,
    magic=magic.MAGIC,
    behaviours=BEHAVIOURS,
    unrepeatable=("messages.send_nd", "messages.send_ndi"),
    secrets=wire.CREDENTIALS,
    example="curl '{url}/messages/recived.json' -d username=Login -d password=Haslo",
    schema=Path(__file__).parent / "world.schema.json",
    book=Path(__file__).parent / "QUIRKS.md",
    read=wire.read,
    decide=decide,
    force=force,
    write=wire.write,
    arrive=arrive,
    kinds=KINDS,
    placeholders=wire.PLACEHOLDERS,
    astray=wire.astray,
    outgoing=wire.outgoing,
    judge=judge,
)
