"""Stories."""

from __future__ import annotations

from typing import Any

from .desk import Visit


def shown(visit: Visit) -> dict[str, Any]:
    """The whole section."""
    return {}
