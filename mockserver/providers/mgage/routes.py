"""The one address of mGage."""

from __future__ import annotations

from mockserver.sdk import Route

# 003: "Request URL https://communicatepro.mgage.com/api/messages/program/{programId}"; MG-15: GET
ROUTES = (Route("GET", "/api/messages/program/<programId>", ("program.export",)),)
