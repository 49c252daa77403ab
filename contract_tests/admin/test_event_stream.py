"""The page's event stream: it misses nothing that happens after the page was rendered."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
import requests

from mockserver import Mock, MockServer, WorldClient

TIMEOUT = 60
"""Seconds after which a request fails."""


class WorldPage(NamedTuple):
    """A world, and the URL of its pages."""

    mock: Mock
    world: WorldClient
    url: str

    def since(self) -> str:
        """Return the cursors of a page that is rendered now, as the query of its event stream."""
        text = requests.get(f"{self.url}/clock", timeout=TIMEOUT).text
        cursor, since = (html.unescape(text.split(f'data-{name}="')[1].split('"')[0]) for name in ("cursor", "since"))
        return f"since={cursor}&{since}"

    def received(self, since: str) -> Iterator[str]:
        """Yield the topics of the event stream until it ends."""
        with requests.get(f"{self.url}/live?{since}", stream=True, timeout=TIMEOUT) as stream:
            for line in stream.iter_lines(decode_unicode=True):
                yield from re.findall(r"(?<!^)\b\w+", line) if line.startswith("data: ") else ()


@pytest.fixture
def page() -> Iterator[WorldPage]:
    with MockServer() as server, Mock.at(server.url) as mock:
        world = mock.create_world(id="watched", freeze="2026-06-01T12:00:00Z")
        yield WorldPage(mock, world, f"{server.url}/_mock/ui/worlds/{world.id}")


@pytest.mark.parametrize(
    ("change", "topic"),
    [
        (lambda page: page.world.clock.resume(), "clock"),
        (lambda page: page.world.faults.add("reset"), "faults"),
        (lambda page: page.world.reset(), "world"),
        (lambda page: page.mock.create_world(), "worlds"),
        (lambda page: page.world.change_account("serwersms", "demo", forwarding=[]), "accounts"),
    ],
    ids=["the clock", "faults", "a reset", "worlds", "an account"],
)
def test_a_change_before_the_stream_opens_is_sent(
    page: WorldPage, change: Callable[[WorldPage], object], topic: str
) -> None:
    since = page.since()
    change(page)

    assert topic in page.received(since)


def test_the_stream_ends_if_the_world_was_replaced_before_it_opens(page: WorldPage) -> None:
    since = page.since()
    page.world.drop()
    page.mock.create_world(id="watched")

    assert [] == list(page.received(since))
