"""mGage Communicate Pro's message export: HTTP Basic, filters, pages, JSON.

Read QUIRKS.md, errors.py, operations/, wire.py, in that order.
"""

from pathlib import Path

from mockserver.sdk import Provider

from . import magic, wire
from .behaviours import BEHAVIOURS, PAGES
from .error_injection import ERROR_BUILDERS
from .errors import ERRORS
from .inbound import receive_inbound
from .operations import OPERATIONS, decide
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
    authorization=("basic",),
    quirks=QUIRKS,
    quirks_file=Path(__file__).parent / "QUIRKS.md",
    magic=magic.MAGIC,
    behaviours=BEHAVIOURS,
    pages=PAGES,
    seed="mockserver.providers.mgage.seed",
)
