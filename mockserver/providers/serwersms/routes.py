"""The addresses of SerwerSMS.

What is served: ``messages/recived``, ``messages/received``, ``messages/send_nd``, ``messages/send_ndi`` and
``error/<code>``, each without a suffix, with ``.json`` and with ``.xml``. The vendor's other actions
(`operations.NOT_OFFERED`) lead here too, and get the vendor's refusal.
"""

from __future__ import annotations

from flask import Blueprint

from mockserver.sdk.provider import View

from .operations import NOT_OFFERED

METHODS = ["GET", "POST"]
GROUPS = ("error", *NOT_OFFERED)


def routes(view: View) -> Blueprint:
    """The room's routes; each leads to the house's one road."""
    blueprint = Blueprint("serwersms", __name__)
    # 004: "call the specified URL using POST. messages/recived"; SW-1, SW-2, SW-32
    for action in ("messages/recived", "messages/received", "messages/send_nd", "messages/send_ndi"):  # SW-56
        for suffix in ("", ".json", ".xml"):
            blueprint.add_url_rule(f"/{action}{suffix}", "action", view, methods=METHODS)
    # SW-33, SW-34
    blueprint.add_url_rule(f"/<any({','.join(GROUPS)}):group>/<path:action>", "action", view, methods=METHODS)
    return blueprint
