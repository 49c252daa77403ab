"""The one address of DialogTech."""

from __future__ import annotations

from flask import Blueprint

from mockserver.sdk.provider import View


def routes(view: View) -> Blueprint:
    """The room's routes; each leads to the house's one road."""
    blueprint = Blueprint("dialogtech", __name__)
    # 000, 001, 002: "Base URL ... https://secure.dialogtech.com/ibp_api.php"; DT-16: GET and POST
    blueprint.add_url_rule("/ibp_api.php", "ibp_api", view, methods=["GET", "POST"])
    return blueprint
