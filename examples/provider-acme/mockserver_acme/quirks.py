"""The switch, and the phones that bring about an outcome. QUIRKS.md tells what each is about."""

from __future__ import annotations

from mockserver import sdk

_KEY = (("X-Api-Key", "{user}"),)
_LIST = sdk.DecidingRequest("GET", "/v1/messages?limit=100", headers=_KEY)
_DELETE_OLDEST = sdk.DecidingRequest("DELETE", "/v1/messages/{0:messages[-1].id}", headers=_KEY)

DELETED_AGAIN = sdk.Quirk(
    "AC-1",
    "acme.deleted_again",
    ("not_found", "no_content"),
    operations=("messages.delete",),
    decider=sdk.Decider("Delete a message twice.", (_LIST, _DELETE_OLDEST, _DELETE_OLDEST)),
)
QUIRKS = (DELETED_AGAIN,)

# AC-4
UNDELIVERED = sdk.Magic.of("to", "+15550100000", "+15550100009", "becomes undelivered")
NO_RESPONSE = sdk.Magic.of("to", "+15550100010", "+15550100019", "sent; the connection is closed without a response")
MAGIC = (UNDELIVERED, NO_RESPONSE)
