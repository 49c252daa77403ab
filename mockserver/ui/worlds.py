"""Worlds: choose, create, fork, reset, drop; who may come in; a snapshot out and in."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from .page_context import ROOT, Visit, address

FIXTURES = {
    "demo": "demo: months of messages at every provider",
    "small": "small: one account each",
    "empty": "empty: nothing at all",
}


def shown(visit: Visit) -> dict[str, Any]:
    """The whole section."""
    facts = visit.ask("GET", "")
    logins = [
        (visit.desk.titles.get(provider, provider), name, login)
        for provider, accounts in facts["credentials"].items()
        for name, several in accounts.items()
        for login in several
    ]
    return {
        "worlds": visit.ask("GET", "/_mock/worlds")["worlds"],
        "facts": facts,
        "logins": logins,
        "fixtures": FIXTURES,
        "snapshot": f"/_mock/worlds/{quote(visit.world.id, safe='')}/snapshot",
    }


def act(visit: Visit) -> str:
    """Do what a button says; where to go then.

    Raises:
        ControlError: it cannot be done.
        ValueError: a snapshot is no JSON.
    """
    form = visit.request.form
    verb = form.get("do", "")
    if verb == "create":
        given = {name: form.get(name, "").strip() for name in ("id", "fixture", "freeze", "seed")}
        body: dict[str, Any] = {name: value for name, value in given.items() if value}
        if form.get("limits") == "off":
            body["readings"] = {"limits": "off"}
        return address(visit.ask("POST", "/_mock/worlds", body)["id"], "worlds")
    if verb == "fork":
        name = form.get("id", "").strip()
        return address(visit.ask("POST", "fork", {"id": name} if name else {})["id"], "worlds")
    if verb == "reset":
        visit.ask("POST", "reset", {})
    elif verb == "drop":
        visit.ask("DELETE", "")
        return f"{ROOT}/worlds/default/worlds"
    elif verb == "load":
        _load(visit)
    return visit.here("worlds")


def _load(visit: Visit) -> None:
    file = visit.request.files.get("snapshot")
    if file is None or not file.filename:
        raise ValueError("choose the file of a snapshot first")
    try:
        document = json.load(file.stream)
    except ValueError as reason:
        raise ValueError(f"{file.filename} is no JSON: {reason}") from reason
    visit.ask("PUT", "snapshot", document)
