"""Readings: every place where the documents leave something open, both sentences, and the switch between them."""

from __future__ import annotations

from typing import Any

from .page_context import Visit


def shown(visit: Visit) -> dict[str, Any]:
    """The whole section: switches by provider, those that were turned first in mind."""
    switches = visit.ask("GET", "readings")
    quirks = {each["number"]: each for each in visit.ask("GET", "/_mock/quirks")["quirks"]}
    groups: dict[str, list[dict[str, Any]]] = {}
    for name, switch in switches.items():
        entry = quirks.get(switch["quirk"] or "")
        title = visit.desk.titles.get(entry["provider"], "") if entry else "All providers"
        groups.setdefault(title, []).append({"name": name, **switch, "entry": entry})
    turned = [name for name, switch in switches.items() if switch["reading"] != switch["default"]]
    return {"groups": groups, "turned": turned, "count": len(switches)}


def choose(visit: Visit) -> None:
    """Read one switch another way.

    Raises:
        ControlError: there is no such switch or reading.
    """
    form = visit.request.form
    visit.ask("PATCH", "readings", {form.get("name", ""): form.get("reading", "").strip()})
