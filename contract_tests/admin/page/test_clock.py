"""The section of the clock: moved by its buttons, and the timeline with what is due and what happened."""

from __future__ import annotations

import re
from html import unescape

import pytest
import requests
from playwright.sync_api import expect

from .test_controls import wait_until_live


def test_the_clock_is_frozen_moved_and_resumed(look, open_page, server):
    world = server.create_world("small", id="mine")
    page = open_page("worlds/mine/clock", look)
    state = page.locator("#top .pill")
    expect(state).to_have_text("running")
    page.get_by_role("button", name="Freeze").click()
    expect(state).to_have_text("frozen")
    assert world.clock.is_frozen
    wait_until_live(page)
    world.reset(freeze="2026-06-01T12:00:00Z")  # not by the page
    now = page.locator("#now")
    expect(now).to_have_text("2026-06-01 12:00:00")

    for button, wanted in (
        ("top-1", "12:00:01"),
        ("top-60", "12:01:01"),
        ("top-300", "12:06:01"),
        ("top-3600", "13:06:01"),
    ):
        page.locator(f"#{button}").click()
        expect(now).to_contain_text(wanted)
    page.get_by_label("Advance to", exact=True).fill("2026-06-01T14:00:00Z")
    page.locator("#do-to").click()
    expect(now).to_contain_text("14:00:00")
    assert "14:00:00" == world.clock.now.strftime("%H:%M:%S")
    page.get_by_role("button", name="Resume").click()
    expect(state).to_have_text("running")
    expect(now).not_to_contain_text("14:00:00")  # it runs without a request


def test_a_clock_that_cannot_move_there_shows_the_reason(open_page, world):
    page = open_page("worlds/mine/clock")
    page.get_by_label("Advance to", exact=True).fill("2020-01-01T00:00:00Z")
    page.locator("#do-to").click()
    expect(page.get_by_role("alert")).to_contain_text("backwards")


def test_the_timeline_shows_what_is_due_and_what_happened(look, open_page, world, sender):
    world.schedule_inbound("dialogtech", delay=90, sender="5556667777", recipient="5554332111", text="I am late")
    page = open_page("worlds/mine/clock", look)
    wait_until_live(page)
    ahead, past = page.locator(".timeline-due"), page.locator(".timeline:not(.timeline-due)")
    expect(ahead).to_contain_text("1 min 30 s")
    expect(ahead).to_contain_text("I am late")
    sender.send("something happens")
    expect(past).to_contain_text("something happens")
    expect(past).to_contain_text("sms.send_message: 200")

    page.locator("#top-next").click()
    expect(page.locator("#now")).to_contain_text("12:01:30")
    expect(past).to_contain_text("5556667777 wrote: I am late")
    expect(page.locator("#timeline")).to_contain_text("Nothing is due")


def test_the_clock_is_advanced_by_a_time_in_any_unit(look, open_page, world):
    page = open_page("worlds/mine/clock", look)
    page.get_by_label("Advance by").fill("1.5")
    page.get_by_label("Unit of time").select_option("hours")
    page.locator("#do-by").click()
    expect(page.locator("#now")).to_have_text("2026-06-01 13:30:00")
    assert "2026-06-01T13:30:00+00:00" == world.clock.now.isoformat()


def test_the_clock_is_advanced_to_what_is_due(open_page, world):
    for minutes in (5, 9):
        world.schedule_inbound(
            "dialogtech", delay=minutes * 60, sender="5556667777", recipient="5554332111", text=f"after {minutes}"
        )
    page = open_page("worlds/mine/clock")
    due = page.locator(".timeline-due > li")
    expect(due).to_have_count(2)
    expect(due.last.locator(".distance")).to_have_text("in 5 min")
    page.get_by_role("button", name="Advance to it, 2026-06-01 12:05:00").click()
    expect(page.locator("#now")).to_contain_text("12:05:00")
    expect(due).to_have_count(1)
    assert ["after 5"] == [message.text for message in world.messages("dialogtech", number="5556667777", limit=1)]


def text_of(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_the_line_of_time_has_a_point_for_each_entry_between_its_first_and_its_last(server, world):
    world.change_account("dialogtech", "documents", numbers=[{"number": "5554332111", "url": "http://127.0.0.1:9/in"}])
    world.clock.advance(minutes=10)
    world.inbound("dialogtech", sender="5556667777", recipient="5554332111", text="Yes, please")
    world.wait_until_idle()
    world.clock.advance(minutes=10)
    world.schedule_inbound("dialogtech", delay=600, sender="5556667777", recipient="5554332111", text="later")
    page = requests.get(f"{server.url}/_mock/ui/worlds/mine/clock", timeout=30).text
    figure = re.search(r'<figure class="timeline-rows".*?</figure>', page, re.DOTALL)[0]
    points = re.findall(r'<circle class="point-(\w+)( point-due)?" cx="([\d.]+)%".*?<title>(.*?)</title>', figure)

    assert [
        ("message", "", "31.5", "12:10:00 5556667777 wrote: Yes, please"),
        ("message", "", "60.0", "12:20:00 a message will be received at 2026-06-01T12:30:00Z"),
        ("message", " point-due", "97.0", "12:30:00 a message from 5556667777 is received: later"),
        ("delivery", "", "31.5", "12:10:00 delivery 1 to http://127.0.0.1:9/in is due"),
        ("delivery", "", "31.5", "12:10:00 delivery 1 given up: the connection to http://127.0.0.1:9/in was refused"),
        ("setting", "", "3.0", "12:00:00 the account dialogtech/documents was changed"),
    ] == [(kind, due, x, unescape(title)) for kind, due, x, title in points]
    assert "Messages Webhooks Exchanges Settings 20 min ago now in 10 min" == text_of(
        re.sub("<title>.*?</title>", "", figure)
    )


def test_an_empty_world_is_told_the_next_step(server):
    server.create_world("empty", id="bare")
    page = text_of(requests.get(f"{server.url}/_mock/ui/worlds/bare/clock", timeout=30).text)

    assert "Nothing has happened in this world yet. The start page has a first request to copy" in page


@pytest.mark.parametrize("amount", ["nan", "inf", "1e308", "", "soon"])
def test_the_clock_is_not_advanced_by_what_is_no_number(server, world, amount):
    form = {"do": "by", "amount": amount, "unit": "86400"}
    page = requests.post(f"{server.url}/_mock/ui/worlds/mine/clock", data=form, timeout=30).text

    assert f"{amount!r} is not a number of days" in unescape(page)
    assert "12:00:00" == f"{world.clock.now:%H:%M:%S}"
