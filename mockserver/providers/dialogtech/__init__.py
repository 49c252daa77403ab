"""DialogTech (Ifbyphone) ``ibp_api.php``: one address, many actions, XML with its DTD inside.

Read QUIRKS.md, errors.py, operations.py, wire.py, in that order.
"""

from pathlib import Path

from mockserver.sdk.provider import Provider

from . import magic, wire
from .behaviours import BEHAVIOURS
from .error_injection import force
from .errors import REFUSALS
from .inbound import arrive
from .operations import OPERATIONS, SOURCES, decide
from .parameters import TABLES
from .quirks import QUIRKS
from .routes import routes
from .webhooks import judge

DIALOGTECH = Provider(
    name="dialogtech",
    title="DialogTech",
    hosts=("secure.dialogtech.com", "secure.ifbyphone.com"),
    prefixes=("/ibp_api.php",),
    routes=routes,
    operations=tuple(OPERATIONS),
    sources=SOURCES,
    parameters={name: ("action", *wire.CREDENTIALS, *(row.name for row in TABLES[name])) for name in OPERATIONS},
    refusals=REFUSALS,
    strays=tuple(wire.ASTRAY.values()),
    quirks=QUIRKS,
    magic=magic.MAGIC,
    behaviours=BEHAVIOURS,
    unrepeatable=("sms.send_message",),
    secrets=wire.CREDENTIALS,
    example="curl '{url}/ibp_api.php?&action=sms.get_messages&access_key=foo&secret_access_key=bar"
    "&start_date=20170101&end_date=20170101'",
    sends="curl -sS {url}/ibp_api.php --data 'action=sms.send_message&access_key={user}&secret_access_key={secret}' \\\n"
    "    --data 'from={number}&to=5556667777' --data-urlencode 'message=Your table is ready.'",
    schema=Path(__file__).parent / "world.schema.json",
    book=Path(__file__).parent / "QUIRKS.md",
    read=wire.read,
    decide=decide,
    force=force,
    write=wire.write,
    arrive=arrive,
    astray=wire.astray,
    outgoing=wire.outgoing,
    judge=judge,
)
