"""The documentation's screenshots show the current page. `make screenshots` takes them again; other runs compare."""

from __future__ import annotations

import re
import struct
from base64 import b64encode
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from mockserver.demo import find_demo
from mockserver.scenario import ScenarioRun

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "page.md").read_text()
LARGEST = 200_000
"""Bytes of a picture."""
MAX_DIFFERENCE = 12
"""The largest average difference of colour values, of 255, at a sixteenth of the pictures' size."""

DIFFERENCE = """async ([one, other]) => {
    const drawn = async (data) => {
        const image = new Image();
        image.src = `data:image/png;base64,${data}`;
        await image.decode();
        const canvas = new OffscreenCanvas(image.width / 16, image.height / 16);
        const context = canvas.getContext('2d');
        context.imageSmoothingQuality = 'high';
        context.drawImage(image, 0, 0, canvas.width, canvas.height);
        return context.getImageData(0, 0, canvas.width, canvas.height).data;
    };
    const [a, b] = [await drawn(one), await drawn(other)];
    return a.length === b.length ? a.reduce((sum, each, place) => sum + Math.abs(each - b[place]), 0) / a.length : 255;
}"""


def create_morning(server):
    """Create a world with a few messages and exchanges, always the same."""
    world = server.create_world("small", id="morning", seed="morning", freeze="2026-06-01T08:55:00Z")
    key, secret = world.login("dialogtech", "documents")

    def send(to, text):
        call = {"action": "sms.send_message", "access_key": key, "secret_access_key": secret}
        requests.post(
            f"{server.url}/ibp_api.php", {**call, "to": to, "from": "5554332111", "message": text}, timeout=30
        )

    send(
        "3125550199",
        "Hi Jo, this is the Harbour Grill. Your table for two is booked for 7 pm tonight. Reply YES to confirm.",
    )
    world.clock.advance(minutes=3)
    world.inbound("dialogtech", sender="3125550199", recipient="5554332111", text="YES 🙂 could we sit by the window?")
    world.clock.advance(minutes=1)
    send("3125550199", "Of course. See you tonight!")
    send("2125550123", "Your order 4711 has left the warehouse.")
    world.clock.advance(seconds=61)
    send("2125550123", "Zażółć gęślą jaźń: your parcel is at the counter of the shop next-door, open until 8 pm.")
    world.inbound("dialogtech", sender="2125550123", recipient="5554332111", text="Thanks!")
    user, password = world.login("serwersms", "documents")
    requests.post(
        f"{server.url}/messages/recived", json={"username": user, "password": password, "type": "nd"}, timeout=30
    )
    return world


def show_conversations(page, server):
    create_morning(server)
    page.goto(f"{server.url}/_mock/ui/worlds/morning/conversations?open=3125550199&open=2125550123")
    expect(page.locator(".bubble", has_text="See you tonight!")).to_be_visible()


def show_exchange(page, server):
    create_morning(server)
    page.goto(f"{server.url}/_mock/ui/worlds/morning/exchanges/3")
    expect(page.get_by_role("heading", name="Exchange 3")).to_be_visible()


def show_demo(page, server):
    demo_run = ScenarioRun(find_demo("reply").scenario, server)
    page.goto(f"{server.url}/_mock/ui/worlds/default/demos")
    for step in range(1, 5):
        page.locator("#demo-reply").get_by_role("button").first.click()
        expect(page.locator("#demo-reply .demo-steps > li")).to_have_count(step)
    demo_run.close()


def show_clock(page, server):
    show_demo(page, server)
    page.get_by_role("link", name="Timeline of this demo").click()
    expect(page.get_by_role("heading", name="Clock")).to_be_visible()


PICTURES = {
    "page-conversations.png": (show_conversations, "light", 1280, 800),
    "page-exchange.png": (show_exchange, "dark", 1280, 800),
    "page-demo.png": (show_demo, "light", 1280, 720),
    "page-phone.png": (show_conversations, "dark", 390, 844),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_screenshot_in_the_readme_shows_the_current_page(request, open_page, narrow, server, name):
    act, scheme, width, height = PICTURES[name]
    page = open_page("worlds/default/clock", narrow._replace(scheme=scheme, width=width, height=height))
    act(page, server)
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    taken = page.screenshot(animations="disabled", caret="hide")
    folder = request.config.getoption("--screenshots")
    if folder:
        (ROOT / folder).mkdir(exist_ok=True)
        (ROOT / folder / name).write_bytes(taken)
    kept = (ROOT / "docs" / name).read_bytes()

    assert len(kept) < LARGEST
    assert (width, height) == struct.unpack(">II", kept[16:24])
    assert page.evaluate(DIFFERENCE, [b64encode(taken).decode(), b64encode(kept).decode()]) < MAX_DIFFERENCE
    assert re.search(rf"!\[[^\]]{{20,}}\]\(\.\./{name}\)", PAGE), "a page shows it, with an alternative text"
