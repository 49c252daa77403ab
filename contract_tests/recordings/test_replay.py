"""Recorded requests are asked of a fresh world at their instants, with our identifiers in place of the recorded ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from contract_tests.installed import INSTALLED
from contract_tests.recordings.upstream import Upstream
from mockserver.app import read_world
from mockserver.recordings.replay import ReplayedExchange, replay
from mockserver.sdk import GeneratedField
from mockserver.sdk.loading import ProviderSet

WORLD = read_world(None, INSTALLED)
FIELDS = (
    GeneratedField("items[].id", "identifier"),
    GeneratedField("id", "identifier"),
    GeneratedField("items[].queued", "instant"),
)
PROVIDERS = ProviderSet(
    replace(each, generated_fields=FIELDS) if each.name == "serwersms" else each for each in INSTALLED
)
JSON = (("Content-Type", "application/json"),)
LOGIN = {"username": "Login", "password": "Haslo"}


def ask(upstream: Upstream, path: str, **values: object) -> Any:
    answer = upstream.ask("POST", path, JSON, orjson.dumps({**LOGIN, **values}))
    return orjson.loads(answer.response_body)


def replayed(upstream: Upstream, variants: Mapping[str, str] | None = None) -> list[ReplayedExchange]:
    return list(replay(upstream.recording, PROVIDERS, WORLD, variants))


def verdicts(found: list[ReplayedExchange]) -> list[str]:
    return [each.verdict for each in found]


def record_contacts(upstream: Upstream) -> None:
    """Add two contacts, whose identifiers are others than ours: the ours of the first is that of the recorded second."""
    first = ask(upstream, "/contacts/add.json", phone="500100100")
    second = ask(upstream, "/contacts/add.json", phone="500100101")
    ask(upstream, "/contacts/view.json", id=first["id"])
    ask(upstream, "/contacts/view.json", id=second["id"])


def test_the_same_world_gives_every_response_back() -> None:
    upstream = Upstream("serwersms")
    sent = ask(upstream, "/messages/send_sms.json", phone="500100100", text="One", details=True)
    upstream.let_pass(5)
    ask(upstream, "/messages/reports.json", id=[sent["items"][0]["id"]])
    found = replayed(upstream)
    assert verdicts(found) == ["matched", "matched"]
    assert b'"status":"delivered"' in found[1].body
    assert found[1].exchange is not None
    assert found[1].exchange.operation == "messages.reports"
