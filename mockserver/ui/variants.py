"""The variants section: a table of the switches of each provider, with the documents' sentences and the variant of this world."""

from __future__ import annotations

from typing import Any

from .page_context import PageRequest

_EVERY_PROVIDER = "All providers"


def view_model(page_request: PageRequest) -> dict[str, Any]:
    """Return what the section's template shows: the switches by provider, and those that differ from the default.

    Args:
        page_request: ``q`` is what the switches have to contain; with ``only=changed`` they have to differ from the default.
    """
    switches = page_request.call_api("GET", "variants")
    quirks = {each["number"]: each for each in page_request.call_api("GET", "/_mock/quirks")["quirks"]}
    wanted, only = page_request.args.get("q", "").strip(), page_request.args.get("only", "")
    groups: dict[str, list[dict[str, Any]]] = {}
    for name, switch in switches.items():
        entry = quirks.get(switch["quirk"] or "")
        title = page_request.context.titles.get(entry["provider"], "") if entry else _EVERY_PROVIDER
        row = {"name": name, **switch, "entry": entry, "is_changed": switch["variant"] != switch["default"]}
        if only == "changed" and not row["is_changed"]:
            continue
        if all(word in _searched(row) for word in wanted.casefold().split()):
            groups.setdefault(title, []).append(row)
    changed = _changed(switches)
    return {"groups": groups, "changed": changed, "count": len(switches), "wanted": wanted, "only": only}


def _changed(switches: dict[str, Any]) -> list[str]:
    return [name for name, switch in switches.items() if switch["variant"] != switch["default"]]


def _searched(row: dict[str, Any]) -> str:
    """Return the texts of a switch that a search looks through."""
    entry = row["entry"] or {}
    parts = (row["name"], row["quirk"] or "rate limits", *row["variants"], entry.get("title", ""), entry.get("we", ""))
    return " ".join((*parts, entry.get("other_variant") or "", *entry.get("documents", ()))).casefold()


def choose_variant(page_request: PageRequest) -> None:
    """Set the variant of one switch, or with ``do=reset`` every switch to its default.

    Raises:
        ControlError: there is no such switch or variant.
    """
    form = page_request.request.form
    if form.get("do") == "reset":
        switches = page_request.call_api("GET", "variants")
        page_request.call_api("PATCH", "variants", {name: switches[name]["default"] for name in _changed(switches)})
        return
    page_request.call_api("PATCH", "variants", {form.get("name", ""): form.get("variant", "").strip()})
