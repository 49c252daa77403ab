"""The one address of DialogTech."""

from __future__ import annotations

from mockserver.sdk import Route

# 000, 001, 002: "Base URL ... https://secure.dialogtech.com/ibp_api.php"; DT-16: GET and POST
ROUTES = (Route("GET", "/ibp_api.php"), Route("POST", "/ibp_api.php"))
