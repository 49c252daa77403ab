"""The switch, and the phones that bring about an outcome. QUIRKS.md tells what each is about."""

from __future__ import annotations

from mockserver import sdk

DELETED_AGAIN = sdk.Quirk("AC-1", "acme.deleted_again", ("not_found", "no_content"), operations=("messages.delete",))
QUIRKS = (DELETED_AGAIN,)

# AC-4
UNDELIVERED = sdk.Magic.of("to", "+15550100000", "+15550100009", "becomes undelivered")
NO_RESPONSE = sdk.Magic.of("to", "+15550100010", "+15550100019", "sent; the connection is closed without a response")
MAGIC = (UNDELIVERED, NO_RESPONSE)
