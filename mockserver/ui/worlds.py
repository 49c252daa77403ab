"""The worlds section: list, create, fork, reset and drop worlds, their checkpoints, credentials, fields of accounts, and snapshots."""

from __future__ import annotations

import json
from typing import Any

from . import checkpoints
from .account_fields import change_field, view_account_fields
from .collections import view_collections
from .page_context import ROOT, PageRequest, url_in_world

FIXTURES = {
    "demo": "demo: months of messages at every provider",
    "small": "small: one account at each provider",
    "empty": "empty: no accounts",
}
"""The fixtures that a new world can begin with, each with its label."""
PAGE = 100
"""The worlds, and the accounts of this world, that are shown at a time."""


def view_model(page_request: PageRequest) -> dict[str, Any]:
    """Return what the section's template shows."""
    facts, since = page_request.call_api("GET", ""), page_request.number("since")
    after = page_request.args.get("after") or None
    listed = page_request.call_api("GET", "/_mock/worlds", limit=PAGE, since=since)
    rows = page_request.call_api("GET", "accounts", limit=PAGE, since=after)
    accounts = rows["accounts"]
    logins = [
        (page_request.context.titles.get(account["provider"], account["provider"]), account["name"], login)
        for account in accounts
        for login in facts["credentials"].get(account["provider"], {}).get(account["name"], ())
    ]
    return {
        **checkpoints.view_checkpoints(page_request),
        "worlds": listed["worlds"],
        "world_count": len(page_request.context.registry),
        "since": since,
        "next": listed["next"] if len(listed["worlds"]) == PAGE else None,
        "after": after,
        "next_accounts": rows["next"] if len(accounts) == PAGE else None,
        "facts": facts,
        "logins": logins,
        "account_fields": view_account_fields(page_request, accounts),
        "collections": view_collections(page_request, [f"{each['provider']}/{each['name']}" for each in accounts]),
        "fixtures": FIXTURES,
        "snapshot": page_request.url_for_section("snapshot"),
    }


def change_worlds(page_request: PageRequest) -> str:
    """Perform the action of a button, and return the URL to redirect to.

    Raises:
        ControlError: the control API rejects the action.
        ValueError: a snapshot is not JSON.
    """
    form = page_request.request.form
    action = form.get("do", "")
    if action in checkpoints.ACTIONS:
        return checkpoints.change_checkpoints(page_request)
    if action == "create":
        given = {name: form.get(name, "").strip() for name in ("id", "fixture", "freeze", "seed")}
        body: dict[str, Any] = {name: value for name, value in given.items() if value}
        if form.get("limits") == "off":
            body["variants"] = {"limits": "off"}
        return url_in_world(page_request.call_api("POST", "/_mock/worlds", body)["id"], "worlds")
    if action == "fork":
        name = form.get("id", "").strip()
        return url_in_world(page_request.call_api("POST", "fork", {"id": name} if name else {})["id"], "worlds")
    if action == "reset":
        page_request.call_api("POST", "reset", {})
    elif action == "drop":
        page_request.call_api("DELETE", "")
        return f"{ROOT}/worlds/default/worlds"
    elif action == "load":
        _load(page_request)
    elif action == "change-field":
        change_field(page_request)
    return page_request.url_for_section("worlds")


def _load(page_request: PageRequest) -> None:
    file = page_request.request.files.get("snapshot")
    if file is None or not file.filename:
        raise ValueError("choose a snapshot file first")
    try:
        document = json.load(file.stream)
    except ValueError as reason:
        raise ValueError(f"{file.filename} is not JSON: {reason}") from reason
    page_request.call_api("PUT", "snapshot", document)
