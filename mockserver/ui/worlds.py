"""The worlds section: choose, create, copy, reset and delete worlds, show credentials, save and load snapshots."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from .page_context import ROOT, PageRequest, address

FIXTURES = {
    "demo": "demo: months of messages at every provider",
    "small": "small: one account each",
    "empty": "empty: nothing at all",
}


def shown(page_request: PageRequest) -> dict[str, Any]:
    """Render the section."""
    facts = page_request.call_api("GET", "")
    logins = [
        (page_request.desk.titles.get(provider, provider), name, login)
        for provider, accounts in facts["credentials"].items()
        for name, several in accounts.items()
        for login in several
    ]
    return {
        "worlds": page_request.call_api("GET", "/_mock/worlds")["worlds"],
        "facts": facts,
        "logins": logins,
        "fixtures": FIXTURES,
        "snapshot": f"/_mock/worlds/{quote(page_request.world.id, safe='')}/snapshot",
    }


def change_worlds(page_request: PageRequest) -> str:
    """Perform the action of a button, and return the URL to go to.

    Raises:
        ControlError: it cannot be done.
        ValueError: a snapshot is no JSON.
    """
    form = page_request.request.form
    endpoint = form.get("do", "")
    if endpoint == "create":
        given = {name: form.get(name, "").strip() for name in ("id", "fixture", "freeze", "seed")}
        body: dict[str, Any] = {name: value for name, value in given.items() if value}
        if form.get("limits") == "off":
            body["variants"] = {"limits": "off"}
        return address(page_request.call_api("POST", "/_mock/worlds", body)["id"], "worlds")
    if endpoint == "fork":
        name = form.get("id", "").strip()
        return address(page_request.call_api("POST", "fork", {"id": name} if name else {})["id"], "worlds")
    if endpoint == "reset":
        page_request.call_api("POST", "reset", {})
    elif endpoint == "drop":
        page_request.call_api("DELETE", "")
        return f"{ROOT}/worlds/default/worlds"
    elif endpoint == "load":
        _load(page_request)
    return page_request.url_for_section("worlds")


def _load(page_request: PageRequest) -> None:
    file = page_request.request.files.get("snapshot")
    if file is None or not file.filename:
        raise ValueError("choose the file of a snapshot first")
    try:
        document = json.load(file.stream)
    except ValueError as reason:
        raise ValueError(f"{file.filename} is no JSON: {reason}") from reason
    page_request.call_api("PUT", "snapshot", document)
