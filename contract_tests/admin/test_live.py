"""The page's event stream: nothing that happens between loading a page and opening its stream is missed."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
import requests

from mockserver import Mock, MockServer, WorldClient

PATIENCE = 60
"""Seconds; nothing takes that long unless it is broken."""


class DemoContext(NamedTuple):
    """A world and a page of it."""

    mock: Mock
    world: WorldClient
    page: str

    def since(self) -> str:
        """The cursor from which a page that is loaded now continues its stream."""
        text = requests.get(f"{self.page}/clock", timeout=PATIENCE).text
        cursor, since = (html.unescape(text.split(f'data-{name}="')[1].split('"')[0]) for name in ("cursor", "since"))
        return f"since={cursor}&{since}"

    def received(self, since: str) -> Iterator[str]:
        """The topics that the stream sends until it ends."""
        with requests.get(f"{self.page}/live?{since}", stream=True, timeout=PATIENCE) as stream:
            for line in stream.iter_lines(decode_unicode=True):
                yield from re.findall(r"(?<!^)\b\w+", line) if line.startswith("data: ") else ()


@pytest.fixture
def stage() -> Iterator[DemoContext]:
    with MockServer() as server, Mock.at(server.url) as mock:
        world = mock.create_world(id="watched", freeze="2026-06-01T12:00:00Z")
        yield DemoContext(mock, world, f"{server.url}/_mock/ui/worlds/{world.id}")


@pytest.mark.parametrize(
    ("act", "topic"),
    [
        (lambda stage: stage.world.clock.resume(), "clock"),
        (lambda stage: stage.world.faults.add("reset"), "faults"),
        (lambda stage: stage.world.reset(), "world"),
        (lambda stage: stage.mock.create_world(), "worlds"),
        (lambda stage: stage.world.change_account("serwersms", "demo", forwarding=[]), "accounts"),
    ],
    ids=["the clock", "faults", "a reset", "worlds", "an account"],
)
def test_an_event_before_the_stream_opens_is_sent(
    stage: DemoContext, act: Callable[[DemoContext], object], topic: str
) -> None:
    since = stage.since()
    act(stage)

    assert topic in stage.received(since)


def test_a_world_that_was_made_anew_before_the_stream_opens_ends_it(stage: DemoContext) -> None:
    since = stage.since()
    stage.world.drop()
    stage.mock.create_world(id="watched")

    assert [] == list(stage.received(since))
