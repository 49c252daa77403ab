"""Addresses as people write them: ``/_mock/worlds/ID/clock`` for ``/_mock/worlds/<world_id>/clock``."""

from __future__ import annotations

import re

_VARIABLE = re.compile(r"<(?:[^<>:]*:)?(\w+)>")
_NAMES = {"world_id": "ID", "programId": "ID", "number": "N"}


def readable(rule: str) -> str:
    """Return a rule of Flask's router as people read it."""
    return _VARIABLE.sub(lambda found: _NAMES.get(found[1], found[1].upper()), rule)
