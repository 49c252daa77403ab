"""The one address of DialogTech."""

from __future__ import annotations

from mockserver.sdk import Route

# 000, 001, 002: "Base URL ... https://secure.dialogtech.com/ibp_api.php"; DT-16: GET and POST
_OPERATIONS = ("sms.send_message", "sms.get_messages", "sms.get_numbers")
ROUTES = tuple(Route(method, "/ibp_api.php", _OPERATIONS) for method in ("GET", "POST"))
