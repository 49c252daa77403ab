"""Recordings with responses that no provider here would give are read all the same: nothing of them is a crash."""

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import Any

import orjson
import pytest
from msgspec import structs

from contract_tests.installed import INSTALLED
from contract_tests.recordings import serwersms_life
from contract_tests.recordings import test_dialogtech_worlds as dialogtech
from contract_tests.recordings import test_mgage_worlds as mgage
from contract_tests.recordings.upstream import Upstream
from mockserver.har.exchange import RecordedExchange
from mockserver.recordings.reconstruction import reconstruct_world

VALUES = (None, 7, -1, 1.5, "", "x", [], {}, True, "2026-13-01T00:00:00", "99999-01-01T00:00:00.00", 10**30, "\ud800")
PIECES = ("", "x", "<a>", "</message>", "\x00", "&#0;", "]]>", "<message/>", "0", "\ufffe")


@cache
def recording_of(provider: str) -> tuple[RecordedExchange, ...]:
    upstream = Upstream(provider, document=serwersms_life.WORLD if provider == "serwersms" else None)
    if provider == "dialogtech":
        dialogtech.live(upstream)
    elif provider == "serwersms":
        serwersms_life.live(upstream, "json")
    else:
        demo = upstream.accounts[1]
        for program in ("141501", "141502", "141502"):
            mgage.export_pages(upstream, demo, program, "pageSize=20")
            upstream.let_pass(1)
            mgage.write(upstream, demo, program, "HELLO")
    return tuple(upstream.recording)


def damage(value: Any, random: Random) -> Any:
    """Return a JSON value in which members and items are missing, or are something else."""
    if isinstance(value, dict):
        kept = {name: member for name, member in value.items() if random.random() > 0.03}
        return {
            name: random.choice(VALUES) if random.random() < 0.04 else damage(member, random)
            for name, member in kept.items()
        }
    return [damage(item, random) for item in value if random.random() > 0.03] if isinstance(value, list) else value


def damage_text(text: str, random: Random) -> str:
    """Return a text in which pieces are missing, or are something else."""
    for _ in range(random.randrange(4)):
        start = random.randrange(len(text) + 1)
        text = text[:start] + random.choice(PIECES) + text[start + random.randrange(30) :]
    return text


def damage_body(body: bytes, random: Random) -> bytes:
    try:
        return json.dumps(damage(json.loads(body), random)).encode()
    except ValueError:
        return damage_text(body.decode("utf-8", "replace"), random).encode("utf-8", "replace")


@pytest.mark.parametrize("provider", ["dialogtech", "mgage", "serwersms"])
def test_damaged_responses_are_no_crash(provider: str) -> None:
    random = Random(provider)
    recording = recording_of(provider)
    assert len(recording) > 5
    for _ in range(25):
        damaged = [
            structs.replace(
                each,
                status=random.choice([each.status] * 20 + [0, 204, 400, 401, 404, 500]),
                response_body=damage_body(each.response_body, random),
            )
            for each in recording
        ]
        made = reconstruct_world(damaged, INSTALLED)
        assert made.observed == len(recording)
        assert orjson.loads(orjson.dumps(made.document))  # without half characters, which no file can have
