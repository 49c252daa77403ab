"""The addresses of SerwerSMS: each operation without a suffix, with ``.json`` and with ``.xml``.

Other actions of the vendor's groups lead here too, and get his error (SW-33).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mockserver.sdk import Route

from .operations import GROUPS, OPERATIONS


def _spellings(operation: str) -> tuple[str, ...]:
    """Return the paths of an operation: the vendor's, and the one that his client for Node makes of it (SW-56)."""
    path = operation.replace(".", "/")
    camel = re.sub("_([a-z])", lambda found: found[1].upper(), path)
    return (path,) if camel == path else (path, camel)


# 004: "call the specified URL using POST. messages/recived"; SW-1, SW-34
_OTHER = {"messages.recived": ("messages/received",), "error.view": ("error/<code>",)}
ACTIONS: Mapping[str, str] = {
    **{path: each.name for each in OPERATIONS if each.name != "error.view" for path in _spellings(each.name)},
    **{path: operation for operation, paths in _OTHER.items() for path in paths},
}
"""Path -> operation."""
_METHODS = ("GET", "POST")  # SW-32
_SUFFIXES = {"": "application/json", ".json": "application/json", ".xml": "application/xml"}  # SW-2


def _is_alias(method: str, path: str, operation: str) -> bool:
    """Return whether a route is not the one that the documents have: that of a client's spelling, or by GET."""
    is_own = path in (operation.replace(".", "/"), *_OTHER.get(operation, ()))
    return not is_own or method == ("POST" if operation == "error.view" else "GET")


ROUTES = (
    *(
        Route(
            method,
            f"/{path}{suffix}",
            (operation,),
            is_alias=_is_alias(method, path, operation),
            response_types=(content_type,),
        )
        for path, operation in ACTIONS.items()
        for suffix, content_type in _SUFFIXES.items()
        for method in _METHODS
    ),
    *(
        Route(method, f"/<any({','.join(GROUPS)}):group>/<path:action>", only_errors=True)  # SW-33
        for method in _METHODS
    ),
)
