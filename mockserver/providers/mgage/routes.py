"""The addresses of mGage."""

from __future__ import annotations

from mockserver.sdk import Route

# 003: "Request URL https://communicatepro.mgage.com/api/messages/program/{programId}"; MG-15: GET
# MG-30, MG-33: what a public client calls
ROUTES = (
    Route("GET", "/api/messages/program/<programId>", ("program.export",)),
    Route("POST", "/api/externalMO", ("program.external_mo",)),
    Route("POST", "/api/optIn/<listId>/<mobile>", ("list.opt_in",)),
)
