"""The section of webhooks: deliveries and their attempts, read and moved by a browser."""

from __future__ import annotations

import re
import shlex
from html import unescape

import pytest
import requests
from playwright.sync_api import expect

from contract_tests.commands import run_command
from mockserver.scenario.receiver import Receiver

from .test_controls import wait_until_live

WEBHOOKS = "worlds/mine/webhooks"


@pytest.fixture
def receiver():
    """A receiver that rejects what it gets."""
    with Receiver(status=500) as receiver:
        yield receiver


@pytest.fixture
def forwarding(world, receiver):
    """A world whose SerwerSMS account forwards messages to the receiver, which has to acknowledge them with ``OK``."""
    url = f"{receiver.url}/sms?text=#WIADOMOSC#"
    world.change_account("serwersms", "documents", forwarding=[{"service": "nd", "url": url, "verification": True}])
    return world


def receive(world, text="Tak", sender="+48500600700"):
    world.inbound("serwersms", "documents", kind="nd", sender=sender, text=text)
    world.wait_until_idle()


def test_the_commands_of_the_empty_section_cause_a_delivery(server, world):
    page = requests.get(f"{server.url}/_mock/ui/{WEBHOOKS}", timeout=30).text
    for name in ("first-url", "first-inbound"):
        command = shlex.split(unescape(re.search(rf'id="{name}" tabindex="0">(.*?)</pre>', page)[1]))
        done = run_command(*command[1:], MOCKSERVER_URL=server.url)
        assert 0 == done.returncode, done.stderr

    assert ["http://127.0.0.1:9000/"] == [delivery.url.partition("?")[0] for delivery in world.deliveries()]


def test_a_delivery_shows_its_attempts_on_a_timeline_with_request_and_response(look, open_page, forwarding, receiver):
    page = open_page(WEBHOOKS, look)
    expect(page.get_by_role("heading", name="No webhook was sent yet")).to_be_visible()
    wait_until_live(page)
    receive(forwarding)
    row = page.locator("#delivery-1")
    expect(row.locator(".pill")).to_have_text("due")
    page.get_by_role("link", name="Delivery 1", exact=True).click()
    delivery = page.locator("#delivery")
    expect(delivery.get_by_role("heading", name="Delivery 1")).to_be_visible()
    expect(delivery.locator("#attempt-1-1 summary")).to_have_text(
        "1 12:00:00 500 Internal Server Error the response is 'Internal Server Error' and not 'OK'"
    )
    request = delivery.get_by_role("region", name="Request of attempt 1")
    expect(request.locator(".start-line")).to_have_text(f"GET {receiver.url}/sms?text=Tak")
    response = delivery.get_by_role("region", name="Response of attempt 1")
    expect(response.locator(".start-line")).to_have_text("500 Internal Server Error")
    expect(response.locator(".body")).to_have_text("Internal Server Error")

    receiver.change({"status": 200})
    page.get_by_role("button", name="Advance the clock to it").click()
    expect(page.locator("#now")).to_contain_text("12:05:00")
    expect(delivery.locator("header .pill")).to_have_text("acknowledged")
    expect(delivery.locator("#attempt-1-2 summary")).to_have_text(
        "2 12:05:00 200 OK the response is OK 5 min after the first"
    )
    expect(delivery.get_by_role("img")).to_have_attribute(
        "aria-label",
        "opened at 2026-06-01T12:00:00Z; attempt 1: 500 Internal Server Error at 2026-06-01T12:00:00Z; "
        "attempt 2: 200 OK at 2026-06-01T12:05:00Z",
    )
    expect(page.locator("#next-due")).to_have_text("")


def test_a_delivery_is_held_released_and_sent_again(look, open_page, forwarding, receiver):
    receive(forwarding)
    page = open_page(f"{WEBHOOKS}?delivery=1", look)
    wait_until_live(page)
    delivery = page.locator("#delivery")
    status = delivery.locator("header .pill").first
    page.get_by_role("button", name="Hold").click()
    expect(status).to_have_text("held")
    expect(delivery).to_contain_text("No attempt is made until it is released.")
    expect(page.locator("#next-due")).to_have_text("")
    forwarding.clock.advance(minutes=120)
    assert 1 == len(forwarding.delivery(1).attempts)

    receiver.change({"status": 200})
    page.get_by_role("button", name="Release").click()
    expect(status).to_have_text("acknowledged")
    page.get_by_role("button", name="Resend").click()
    expect(delivery.locator(".attempt")).to_have_count(3)
    expect(status).to_have_text("acknowledged")
    assert ["12:00:00", "14:00:00", "14:00:00"] == [
        f"{attempt.at:%H:%M:%S}" for attempt in forwarding.delivery(1).attempts
    ]


def test_deliveries_are_filtered_by_status_and_text_and_the_filter_stays(open_page, forwarding):
    receive(forwarding, "first")
    receive(forwarding, "second", sender="+48500600701")
    forwarding.delivery(1).hold()
    page = open_page(WEBHOOKS)
    rows = page.locator(".deliveries tbody tr")
    expect(rows).to_have_count(2)
    page.locator("#status-held").click()
    expect(page.locator("#status-held")).to_have_text("held 1")
    expect(rows).to_have_count(1)
    page.get_by_role("link", name="Delivery 1", exact=True).click()
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_role("heading", name="No delivery matches")).to_be_visible()
    expect(page.locator("#status-held")).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("heading", name="Delivery 1")).to_be_visible()

    page.get_by_role("link", name="Show all").click()
    expect(rows).to_have_count(2)
    page.get_by_label("Search").fill("0700601")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("heading", name="No delivery matches")).to_be_visible()
    page.get_by_label("Search").fill("SECOND")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("from +48500600701 second")


def text_of(server, path):
    page = requests.get(f"{server.url}/_mock/ui/{path}", timeout=30).text
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page[page.index("<main") :])).split())


def test_a_response_that_never_came_has_its_reason(server, world):
    world.change_account("dialogtech", "documents", numbers=[{"number": "5554332111", "url": "http://127.0.0.1:9/in"}])
    world.inbound("dialogtech", sender="5556667777", recipient="5554332111", text="Yes, please")
    world.wait_until_idle()
    shown = text_of(server, f"{WEBHOOKS}?delivery=1")

    assert "5556667777 → 5554332111 Yes, please DialogTech, Inbound message, to http://127.0.0.1:9/in given up" in shown
    assert f"Response None: {world.delivery(1).attempts[0].result}" in shown
    assert "No attempt follows." in shown


def test_the_list_of_many_deliveries_goes_on_with_older_ones(server, world):
    world.change_account("dialogtech", "documents", numbers=[{"number": "5554332111", "url": "http://127.0.0.1:9/in"}])
    for number in range(52):
        world.inbound("dialogtech", sender="5556667777", recipient="5554332111", text=f"message {number}")
    world.wait_until_idle()
    page = requests.get(f"{server.url}/_mock/ui/{WEBHOOKS}", timeout=30).text
    older = unescape(re.search(r'href="([^"]+)" id="webhooks-older"', page)[1])
    rest = requests.get(f"{server.url}{older}", timeout=30).text

    assert [*range(52, 2, -1)] == [int(number) for number in re.findall(r'<tr id="delivery-(\d+)"', page)]
    assert [2, 1] == [int(number) for number in re.findall(r'<tr id="delivery-(\d+)"', rest)]


def test_what_is_rejected_shows_the_reason(server, forwarding):
    receive(forwarding)
    url = f"{server.url}/_mock/ui/{WEBHOOKS}"
    released = requests.post(url, data={"do": "release", "delivery": "1"}, timeout=30)
    unknown = requests.get(f"{url}?delivery=7", timeout=30)

    assert "delivery 1 is not held; it is due" in released.text
    assert (404, True) == (unknown.status_code, "there is no delivery 7; the world has 1 to 1" in unknown.text)


def test_a_world_without_accounts_or_urls_is_told_the_next_step(server, world):
    server.create_world("empty", id="bare")

    assert "This world has no accounts; create one from another fixture." in text_of(server, "worlds/bare/webhooks")
    assert "No account of this world has a URL yet." not in text_of(server, WEBHOOKS)
    for account in world.accounts():
        lists = {name: [] for name in ("numbers", "forwarding") if account.get(name)}
        if lists:
            world.change_account(account["provider"], account["name"], **lists)
    shown = text_of(server, WEBHOOKS)
    assert "No account of this world has a URL yet." in shown
    assert "mockserver inbound dialogtech --world mine --sender 5556667777" in shown


def test_a_fault_of_a_delivery_links_to_its_rule(server, forwarding):
    rule = forwarding.faults.add("lost_acknowledgement", target="webhook")
    receive(forwarding)
    page = requests.get(f"{server.url}/_mock/ui/{WEBHOOKS}?delivery=1", timeout=30).text

    assert f'/_mock/ui/worlds/mine/faults#rule-{rule.id}">{rule.id}</a>' in page


def test_deliveries_are_chosen_with_keys(open_page, forwarding):
    for number in range(3):
        receive(forwarding, f"message {number}")
    page = open_page(WEBHOOKS)
    title = page.locator("#delivery-title")
    for key, shown in (("j", 3), ("j", 2), ("k", 3), ("k", 3)):
        page.keyboard.press(key)
        expect(title).to_have_text(f"Delivery {shown}")
        expect(page.locator(".deliveries .current td.num a")).to_have_text(str(shown))
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("j")
    expect(page.get_by_label("Search")).to_have_value("j")
    page.locator("#webhooks-q").blur()
    page.keyboard.press("Escape")
    expect(title).to_have_count(0)


def test_what_a_delivery_and_a_fault_hold_is_shown_as_text(server, world):
    hostile = "<script>alert(1)</script>"
    url = f"http://127.0.0.1:9/{hostile}"
    world.change_account("dialogtech", "documents", numbers=[{"number": "5554332111", "url": url}])
    world.inbound("dialogtech", sender="5556667777", recipient="5554332111", text=hostile)
    world.wait_until_idle()
    world.faults.add("static_response", status=503, body=hostile, match={"path": f"/{hostile}"})
    pages = [
        requests.get(f"{server.url}/_mock/ui/worlds/mine/{path}", timeout=30).text
        for path in ("webhooks?delivery=1", "faults", "clock", f"webhooks?q={hostile}", f"variants?q={hostile}")
    ]

    assert [] == [page for page in pages if hostile in page]
    assert [True] * 5 == ["&lt;script&gt;alert(1)&lt;/script&gt;" in page for page in pages]
