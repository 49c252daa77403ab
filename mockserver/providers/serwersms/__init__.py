"""SerwerSMS.pl, HTTPS API v2: JSON or a form in, JSON or XML out, every error at HTTP 200.

Read QUIRKS.md, errors.py, operations/, wire.py, in that order.
"""

from pathlib import Path

from mockserver.sdk import Probe, Provider

from . import magic, wire
from .accounts import AccountFields
from .behaviours import BEHAVIOURS
from .delivery import advance_message
from .entries import COLLECTIONS, upgrade_account
from .error_injection import ERROR_BUILDERS
from .errors import ERRORS
from .inbound import KINDS, receive_inbound
from .operations import GROUPS, OPERATIONS, decide
from .outbound import MessageFields
from .quirks import QUIRKS
from .routes import ROUTES
from .webhook_kinds import WEBHOOK_KINDS
from .webhooks import evaluate_attempt

SERWERSMS = Provider(
    name="serwersms",
    title="SerwerSMS",
    hosts=("api2.serwersms.pl", "s1api2.serwersms.pl"),
    prefixes=tuple(f"/{group}/" for group in GROUPS),
    routes=ROUTES,
    operations=OPERATIONS,
    errors=ERRORS,
    schema=Path(__file__).parent / "world.schema.json",
    account_fields=AccountFields,
    message_fields=MessageFields,
    collections=COLLECTIONS,
    upgrade_account=upgrade_account,
    example="curl '{url}/messages/recived.json' -d username={user} -d password={secret}",
    parse=wire.parse,
    decide=decide,
    render=wire.render,
    routing_errors=wire.ROUTING_ERRORS,
    render_routing_error=wire.render_routing_error,
    error_builders=ERROR_BUILDERS,
    advance_message=advance_message,
    receive_inbound=receive_inbound,
    inbound_kinds=KINDS,
    build_webhook=wire.build_webhook,
    evaluate_attempt=evaluate_attempt,
    webhook_kinds=WEBHOOK_KINDS,
    placeholders=wire.PLACEHOLDERS,
    request_types=("application/json", "application/x-www-form-urlencoded", "multipart/form-data"),
    response_types=("application/json", "application/xml"),
    authorization=("bearer",),
    quirks=QUIRKS,
    quirks_file=Path(__file__).parent / "QUIRKS.md",
    magic=magic.MAGIC,
    behaviours=BEHAVIOURS,
    probes=(
        Probe(
            "http://s1api2.serwersms.pl/messages/recived?username=Login&password=Haslo&type=nd", '"text":"SerwerSMS.pl"'
        ),
    ),
    seed="mockserver.providers.serwersms.seed",
    recordings="mockserver.providers.serwersms.reconstruction",
)
