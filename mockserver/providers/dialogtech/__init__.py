"""DialogTech (Ifbyphone) ``ibp_api.php``: one address, many actions, XML with its DTD inside.

Read QUIRKS.md, errors.py, operations/, wire.py, in that order.
"""

from pathlib import Path

from mockserver.sdk import Probe, Provider

from . import magic, wire
from .behaviours import BEHAVIOURS
from .error_injection import ERROR_BUILDERS
from .errors import ERRORS
from .inbound import receive_inbound
from .operations import NOT_OFFERED, OPERATIONS, decide
from .quirks import QUIRKS
from .routes import ROUTES
from .webhook_kinds import WEBHOOK_KINDS
from .webhooks import evaluate_attempt

DIALOGTECH = Provider(
    name="dialogtech",
    title="DialogTech",
    hosts=("secure.dialogtech.com", "secure.ifbyphone.com"),
    prefixes=("/ibp_api.php",),
    routes=ROUTES,
    operations=OPERATIONS,
    errors=ERRORS,
    schema=Path(__file__).parent / "world.schema.json",
    example="curl '{url}/ibp_api.php?&action=sms.get_messages&access_key={user}&secret_access_key={secret}"
    "&start_date=20170101&end_date=20170101'",
    parse=wire.parse,
    decide=decide,
    render=wire.render,
    routing_errors=wire.ROUTING_ERRORS,
    render_routing_error=wire.render_routing_error,
    error_builders=ERROR_BUILDERS,
    receive_inbound=receive_inbound,
    build_webhook=wire.build_webhook,
    evaluate_attempt=evaluate_attempt,
    webhook_kinds=WEBHOOK_KINDS,
    request_types=("application/x-www-form-urlencoded", "multipart/form-data"),
    response_types=("text/xml",),
    operation_parameter="action",
    quirks=QUIRKS,
    quirks_file=Path(__file__).parent / "QUIRKS.md",
    not_offered=NOT_OFFERED,
    magic=magic.MAGIC,
    behaviours=BEHAVIOURS,
    send_example="curl -sS {url}/ibp_api.php --data 'action=sms.send_message&access_key={user}&secret_access_key={secret}' \\\n"
    "    --data 'from={number}&to=5556667777' --data-urlencode 'message=Your table is ready.'",
    probes=(
        Probe(
            "https://secure.dialogtech.com/ibp_api.php"
            "?action=sms.get_numbers&access_key=ACCESS_KEY&secret_access_key=SECRET_ACCESS_KEY",
            "5559990000",
        ),
    ),
    seed="mockserver.providers.dialogtech.seed",
    recordings="mockserver.providers.dialogtech.reconstruction",
)
