"""The variants section: each quirk with the documents' sentences and the switch between its variants."""

from __future__ import annotations

from typing import Any

from .page_context import PageRequest


def view_model(page_request: PageRequest) -> dict[str, Any]:
    """Return what the section's template shows: the switches by provider, and those that differ from the default."""
    switches = page_request.call_api("GET", "variants")
    quirks = {each["number"]: each for each in page_request.call_api("GET", "/_mock/quirks")["quirks"]}
    groups: dict[str, list[dict[str, Any]]] = {}
    for name, switch in switches.items():
        entry = quirks.get(switch["quirk"] or "")
        title = page_request.context.titles.get(entry["provider"], "") if entry else "All providers"
        groups.setdefault(title, []).append({"name": name, **switch, "entry": entry})
    changed = [name for name, switch in switches.items() if switch["variant"] != switch["default"]]
    return {"groups": groups, "changed": changed, "count": len(switches)}


def choose_variant(page_request: PageRequest) -> None:
    """Set the variant of one switch.

    Raises:
        ControlError: there is no such switch or variant.
    """
    form = page_request.request.form
    page_request.call_api("PATCH", "variants", {form.get("name", ""): form.get("variant", "").strip()})
