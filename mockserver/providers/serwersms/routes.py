"""The addresses of SerwerSMS.

What is served: ``messages/recived``, ``messages/received``, ``messages/send_nd``, ``messages/send_ndi`` and
``error/<code>``, each without a suffix, with ``.json`` and with ``.xml``. The vendor's other actions
(`operations.NOT_OFFERED`) lead here too, and get the vendor's error.
"""

from __future__ import annotations

from mockserver.sdk import Route

from .operations import NOT_OFFERED

GROUPS = ("error", *NOT_OFFERED)

# 004: "call the specified URL using POST. messages/recived"; SW-1, SW-2, SW-32, SW-56
_ACTIONS = ("messages/recived", "messages/received", "messages/send_nd", "messages/send_ndi")
_PATHS = (
    *(f"/{action}{suffix}" for action in _ACTIONS for suffix in ("", ".json", ".xml")),
    f"/<any({','.join(GROUPS)}):group>/<path:action>",  # SW-33, SW-34
)
ROUTES = tuple(Route(method, path) for path in _PATHS for method in ("GET", "POST"))
