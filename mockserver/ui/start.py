"""The start section: who this server is, the world's credentials, and a first request."""

from __future__ import annotations

from typing import Any

from .page_context import PageRequest


def view_model(page_request: PageRequest) -> dict[str, Any]:
    """Return what the section's template shows."""
    return {"facts": page_request.call_api("GET", "")}
