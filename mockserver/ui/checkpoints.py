"""The checkpoints of the worlds section: make, remove and rewind to them, and read what has changed since one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

from .page_context import PageRequest

_MOST = 200
"""The changes that are shown."""
_WIDEST = 200
"""The characters of a value that are shown."""
_BOOKKEEPING = ("sequence", "rate_window")
"""Kinds of changes that most requests make; they are shown last, and collapsed."""
_TITLES = {
    "account": "Accounts",
    "entry": "Entries of accounts",
    "message": "Messages",
    "delivery": "Webhook deliveries",
    "scheduled_item": "What is scheduled",
    "fault_rule": "Fault rules",
    "variant": "Variants",
    "clock": "Clock",
    "sequence": "Identifiers",
    "rate_window": "Rate windows",
}


class ChangeRow(NamedTuple):
    """A change in the list."""

    change: str
    name: str
    """What was changed: whose it is, and its id."""
    fields: tuple[tuple[str, str, str], ...]
    """Of each value that is shown: its name, the value before, and the value after."""
    is_sent: bool = False
    """Whether it is a webhook that was sent, which a rewind cannot undo."""


def view_checkpoints(page_request: PageRequest) -> dict[str, Any]:
    """Return what the section's template shows: the checkpoints, and the changes since one of them, by default the latest."""
    checkpoints = page_request.call_api("GET", "checkpoints")["checkpoints"]
    names = [each["name"] for each in checkpoints]
    name = page_request.args.get("from", "")
    chosen = name if name in names else next(reversed(names), "")
    groups: dict[str, list[ChangeRow]] = {}
    counts, omitted = {}, 0
    if chosen:
        found = page_request.call_api("GET", f"checkpoints/{chosen}/changes", limit=_MOST)
        counts, omitted = found["counts"], found["omitted"]
        rows = [(change, each) for change in ("inserted", "changed", "deleted") for each in found[change]]
        for kind in _TITLES:
            shown = [_row(change, each) for change, each in rows if each["kind"] == kind]
            if shown:
                groups[kind] = shown
    return {
        "checkpoints": checkpoints,
        "chosen": chosen,
        "counts": counts,
        "omitted": omitted,
        "groups": {kind: rows for kind, rows in groups.items() if kind not in _BOOKKEEPING},
        "bookkeeping": {kind: rows for kind, rows in groups.items() if kind in _BOOKKEEPING},
        "change_titles": _TITLES,
        "rewound": page_request.args.get("rewound", "") in names and page_request.args.get("rewound"),
        "cancelled": page_request.number("cancelled"),
        "sent": page_request.number("sent"),
    }


def _row(change: str, found: dict[str, Any]) -> ChangeRow:
    owner = "/".join(found[name] for name in ("provider", "account") if name in found)
    parts = [owner if owner != found["id"] else "", found.get("collection", ""), str(found["id"])]
    is_sent = found["kind"] == "delivery" and found.get("after", {}).get("attempts", 0) > 0
    return ChangeRow(change, " ".join(filter(None, parts)), tuple(_fields(found)), is_sent and change != "deleted")


def _fields(found: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the values that differ; of what was inserted or deleted all that say something."""
    before, after = found.get("before", {}), found.get("after", {})
    for name in found.get("fields") or {**before, **after}:
        if "fields" in found or (name not in found and name not in ("serial", "number")):
            yield name, _text(before, name), _text(after, name)


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, dict) and not any(isinstance(each, (dict, list)) for each in value.values()):
        text = ", ".join(f"{part}: {each}" for part, each in value.items() if each not in (None, ""))
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


ACTIONS = ("make-checkpoint", "remove-checkpoint", "rewind")
"""The values of ``do`` that the forms send."""


def change_checkpoints(page_request: PageRequest) -> str:
    """Perform the action of a button, and return the URL to redirect to.

    Raises:
        ControlError: the control API rejects the action.
    """
    form = page_request.request.form
    action, name = form.get("do", ""), form.get("checkpoint", "").strip()
    if action == "make-checkpoint":
        page_request.call_api("POST", "checkpoints", {"name": name})
        return page_request.url_for_section("worlds", **{"from": name})
    if action == "remove-checkpoint":
        page_request.call_api("DELETE", f"checkpoints/{_in_path(name)}")
        return page_request.url_for_section("worlds")
    done = page_request.call_api("POST", f"checkpoints/{_in_path(name)}/rewind")
    query = {"from": name, "rewound": name, "cancelled": len(done["cancelled"]), "sent": len(done["sent"])}
    return page_request.url_for_section("worlds", **query)


def _in_path(name: str) -> str:
    return quote(name, safe="")
