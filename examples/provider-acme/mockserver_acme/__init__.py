"""Acme SMS, an invented vendor: JSON over HTTP, an API key header, signed status callbacks.

Read documents/API.md, QUIRKS.md, errors.py, operations.py, webhooks.py, wire.py, recordings.py, in that order.
"""

from pathlib import Path

from mockserver import sdk

from . import errors, operations, quirks, webhooks, wire

_HERE = Path(__file__).parent

ACME = sdk.Provider(
    name="acme",
    title="Acme SMS",
    hosts=("api.acme-sms.example",),
    prefixes=("/v1/messages",),
    routes=wire.ROUTES,
    operations=operations.OPERATIONS,
    errors=errors.ERRORS,
    schema=_HERE / "world.schema.json",
    accounts=_HERE / "accounts.json",
    secret_headers=("X-Api-Key",),
    message_fields=operations.MessageFields,
    account_fields=operations.AccountFields,
    parse=wire.parse,
    decide=operations.decide,
    render=wire.render,
    routing_errors=wire.ROUTING_ERRORS,
    render_routing_error=wire.render_error,
    error_builders={
        errors.InProgress: lambda case: errors.InProgress(id=case.text("id"), status="queued"),
        errors.TooManyRequests: lambda _: errors.TooManyRequests(seconds=1),
    },
    build_webhook=webhooks.build_webhook,
    evaluate_attempt=webhooks.evaluate_attempt,
    quirks=quirks.QUIRKS,
    quirks_file=_HERE / "QUIRKS.md",
    magic=quirks.MAGIC,
    recordings="mockserver_acme.recordings",
    example="curl '{url}/v1/messages' -H 'X-Api-Key: acme'",
    send_example="""curl '{url}/v1/messages' -H 'X-Api-Key: {user}' -d '{{"from": "{number}", "to": "+15557654321", "text": "Hello"}}'""",
)
