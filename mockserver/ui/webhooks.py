"""The webhooks section: the deliveries of a world, with the attempts of each."""

from __future__ import annotations

from typing import Any

from .page_context import PageRequest


def view_model(page_request: PageRequest) -> dict[str, Any]:
    """Return what the section's template shows."""
    return {"deliveries": page_request.call_api("GET", "deliveries")["deliveries"]}
