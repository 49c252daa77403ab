"""The one address of DialogTech."""

from __future__ import annotations

from mockserver.sdk import Route

from .operations import OPERATIONS

# 000, 001, 002: "Base URL ... https://secure.dialogtech.com/ibp_api.php"; DT-16: GET and POST
ROUTES = tuple(Route(method, "/ibp_api.php", [each.name for each in OPERATIONS]) for method in ("GET", "POST"))
