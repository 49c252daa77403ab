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
_ACTIONS = {
    "messages/recived": "messages.recived",
    "messages/received": "messages.recived",
    "messages/send_nd": "messages.send_nd",
    "messages/send_ndi": "messages.send_ndi",
    "error/<code>": "error.view",  # SW-34
}
_METHODS = ("GET", "POST")
ROUTES = (
    *(
        Route(method, f"/{action}{suffix}", (operation,))
        for action, operation in _ACTIONS.items()
        for suffix in ("", ".json", ".xml")
        for method in _METHODS
    ),
    *(
        Route(method, f"/<any({','.join(GROUPS)}):group>/<path:action>", only_errors=True)  # SW-33
        for method in _METHODS
    ),
)
