"""Variants: every place where the documents leave something open, both sentences, and the switch between them."""

from __future__ import annotations

from typing import Any

from .page_context import PageRequest


def shown(page_request: PageRequest) -> dict[str, Any]:
    """Render the section: switches by provider, those that were turned first in mind."""
    switches = page_request.call_api("GET", "variants")
    quirks = {each["number"]: each for each in page_request.call_api("GET", "/_mock/quirks")["quirks"]}
    groups: dict[str, list[dict[str, Any]]] = {}
    for name, switch in switches.items():
        entry = quirks.get(switch["quirk"] or "")
        title = page_request.desk.titles.get(entry["provider"], "") if entry else "All providers"
        groups.setdefault(title, []).append({"name": name, **switch, "entry": entry})
    turned = [name for name, switch in switches.items() if switch["variant"] != switch["default"]]
    return {"groups": groups, "turned": turned, "count": len(switches)}


def choose(page_request: PageRequest) -> None:
    """Set the variant of one switch.

    Raises:
        ControlError: there is no such switch or variant.
    """
    form = page_request.request.form
    page_request.call_api("PATCH", "variants", {form.get("name", ""): form.get("variant", "").strip()})
