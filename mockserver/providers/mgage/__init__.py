"""mGage Communicate Pro: the export of messages with its filters and pages, and what clients do in a handset's place.

Read QUIRKS.md, errors.py, operations/, wire.py, in that order.
"""

from pathlib import Path

from mockserver.sdk import Provider

from . import magic, wire
from .behaviours import BEHAVIOURS, PAGES
from .delivery import advance_message
from .error_injection import ERROR_BUILDERS
from .errors import ERRORS
from .inbound import receive_inbound
from .operations import OPERATIONS, decide
from .operations.mobile_originated import COLLECTION
from .quirks import QUIRKS
from .routes import ROUTES

MGAGE = Provider(
    name="mgage",
    title="mGage",
    hosts=("communicatepro.mgage.com",),
    prefixes=("/api/",),
    routes=ROUTES,
    operations=OPERATIONS,
    errors=ERRORS,
    schema=Path(__file__).parent / "world.schema.json",
    example="curl -u {user}:{secret} '{url}/api/messages/program/{program}"
    "?startDate=2014-12-05T00:00:00&endDate=2014-12-05T23:59:59&pageSize=2'",
    parse=wire.parse,
    decide=decide,
    render=wire.render,
    routing_errors=wire.ROUTING_ERRORS,
    render_routing_error=wire.render_routing_error,
    error_builders=ERROR_BUILDERS,
    receive_inbound=receive_inbound,
    advance_message=advance_message,
    collections=(COLLECTION,),
    request_types=("application/x-www-form-urlencoded",),
    authorization=("basic",),
    quirks=QUIRKS,
    quirks_file=Path(__file__).parent / "QUIRKS.md",
    magic=magic.MAGIC,
    behaviours=BEHAVIOURS,
    pages=PAGES,
    seed="mockserver.providers.mgage.seed",
    recordings="mockserver.providers.mgage.reconstruction",
)
