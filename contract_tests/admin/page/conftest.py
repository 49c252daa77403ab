"""Fixtures for tests that open the page in Chromium and fail on any error in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from contract_tests.fetching import fetched
from mockserver import MockServer, WorldClient

AXE = "axe-core@4.14.1"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
]
TIMEOUT = 60_000
"""Milliseconds after which a wait fails."""

expect.set_options(timeout=TIMEOUT)


class Look(NamedTuple):
    """A colour scheme and a window size."""

    scheme: str
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.scheme}-{self.width}"


SIZES = ((390, 844), (768, 1024), (1440, 900))
LOOKS = tuple(Look(scheme, *size) for scheme in ("light", "dark") for size in SIZES)
DESKTOP = Look("light", *SIZES[2])
DARK_PHONE = Look("dark", *SIZES[0])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, one for each test file: while it runs, this thread has a running event loop, which other tests must not see."""
    # The headless shell opens a page in a third of the time that the whole browser takes.
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    assert program, "there is no chromium on this machine; `make test` installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=(DESKTOP, DARK_PHONE), ids=str)
def look(request: pytest.FixtureRequest) -> Look:
    """A light desktop window and a dark phone: each test that uses it runs twice."""
    return request.param


@pytest.fixture(params=LOOKS, ids=str)
def every_look(request: pytest.FixtureRequest) -> Look:
    """Both colour schemes at each width: each test that uses it runs six times."""
    return request.param


@pytest.fixture
def narrow() -> Look:
    """A light window of the width of a phone."""
    return LOOKS[0]


@pytest.fixture
def open_page(browser: Browser, server: MockServer) -> Iterator[Callable[..., Page]]:
    """A function that opens the page. The test fails if the page had an error or made a request to another server."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def opened(path: str = "", look: Look = DESKTOP, url: str | None = None) -> Page:
        home = url or server.url
        context = browser.new_context(
            viewport={"width": look.width, "height": look.height},
            color_scheme=look.scheme,
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        page.on(
            "console",
            lambda message: wrong.append(_describe(message)) if message.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.unbind()))
        page.on("request", lambda request: None if _is_own(request.url, home) else wrong.append(request.url))
        page.goto(f"{home}/_mock/ui/{path}")
        return page

    opened.wrong = wrong
    yield opened
    for context in contexts:
        context.close()
    assert [] == wrong


def _describe(message: ConsoleMessage) -> str:
    return f"{message.text} {message.location['url']}"


def _is_own(url: str, home: str) -> bool:
    return url.startswith((f"{home}/_mock/", f"blob:{home}/", "data:"))


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, installed once from npm."""
    npm = ("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts")
    folder = fetched(AXE.replace("@", "-"), *npm, "--prefix", "{}", AXE)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture
def violations(axe: str) -> Callable[[Page], list[str]]:
    """A function that returns the violations that axe-core finds on a page. The page's content security policy stays in force."""

    def found(page: Page) -> list[str]:
        page.evaluate(axe)
        received = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['id']}: {node['html'][:160]} {[check['message'] for check in node['any']][:1]}"
            for each in received["violations"]
            for node in each["nodes"]
        ]

    return found


@pytest.fixture
def world(server: MockServer) -> WorldClient:
    """A small world, frozen at noon."""
    return server.create_world("small", id="mine", freeze="2026-06-01T12:00:00Z")


class Sender:
    """A client of DialogTech."""

    def __init__(self, server: MockServer, world: WorldClient) -> None:
        self._url = f"{server.url}/ibp_api.php"
        self._login = dict(
            zip(("access_key", "secret_access_key"), world.login("dialogtech", "documents"), strict=True)
        )
        self._session = requests.Session()

    def send(self, text: str, to: str = "5556667777", **more: str) -> requests.Response:
        call = {"action": "sms.send_message", **self._login, "to": to, "from": "5554332111", "message": text}
        return self._session.post(self._url, data={**call, **more}, timeout=30)


@pytest.fixture
def sender(server: MockServer, world: WorldClient) -> Sender:
    return Sender(server, world)
