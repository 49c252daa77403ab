"""The one address of mGage."""

from __future__ import annotations

from flask import Blueprint

from mockserver.sdk.provider import View


def routes(view: View) -> Blueprint:
    """The room's routes; each leads to the house's one road."""
    blueprint = Blueprint("mgage", __name__)
    # 003: "Request URL https://communicatepro.mgage.com/api/messages/program/{programId}"; MG-15: GET
    blueprint.add_url_rule(
        "/api/messages/program/<programId>",
        "program",
        view,
        methods=["GET"],
        merge_slashes=False,  # a doubled slash is another address, not an HTML page that leads here
    )
    return blueprint
