"""Accessibility of the page: keyboard, screen reader, colour schemes, and the width of a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from mockserver.scenario.receiver import Receiver
from mockserver.ui.routes import SECTIONS

SMALLEST = 44
"""CSS pixels of a touch target at the width of a phone."""


@pytest.fixture
def full(server, world, sender):
    """A world in which every section has something to show."""
    server.create_world("empty", id="bare")
    with Receiver(status=500) as script:
        world.checkpoint("before")
        world.change_account(
            "serwersms",
            "documents",
            forwarding=[{"service": "nd", "url": f"{script.url}/sms?text=#WIADOMOSC#", "verification": True}],
        )
        world.inbound("serwersms", "documents", kind="nd", sender="+48500600700", text="Tak 😀")
        world.wait_until_idle()
        sender.send("one")
        sender.send("two")
        world.faults.add("reset", point="after", when={"first": 1}, match={"operation": "sms.get_numbers"})
        world.faults.add("duplicate", target="webhook")
        world.variants.set({"dialogtech.limits.number": "to"})
        yield world


PATHS = (
    *(f"worlds/mine/{section}" for section in SECTIONS),
    "worlds/mine/conversations?open=48500600700",
    "worlds/mine/exchanges/2",
    "worlds/mine/exchanges/2?request=raw&response=bytes",
    "worlds/mine/webhooks?delivery=1",
    "worlds/bare/webhooks",
    "worlds/bare/conversations",
    "worlds/bare/exchanges",
)


def open_details(page):
    """Open the collapsed parts of the page."""
    page.evaluate("for (const each of document.querySelectorAll('main details:not([name])')) each.open = true")


def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(every_look, open_page, server, full, violations):
    page = open_page("", every_look)
    page.goto(f"{server.url}/_mock/ui/worlds/mine/demos")
    page.get_by_role("button", name="Run all steps").first.click()
    expect(page.locator(".demo-steps > li").last).to_be_visible()
    found = {}
    for path in (None, *PATHS):
        if path is not None:
            page.goto(f"{server.url}/_mock/ui/{path}")
        open_details(page)
        wrong = violations(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > every_look.width:
            wrong.append(f"{width} pixels wide")
        if wrong:
            found[path] = wrong

    assert {} == found


def test_touch_targets_are_large_enough(open_page, server, full, narrow):
    page = open_page("", narrow)
    small = {}
    for path in PATHS:
        page.goto(f"{server.url}/_mock/ui/{path}")
        open_details(page)
        found = page.evaluate(
            """(least) => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea, summary')]
                .filter((each) => each.checkVisibility() && !each.closest('p, dd, .entry, td.operation') && !each.matches('.skip'))
                .map((each) => [each.outerHTML.slice(0, 90), each.getBoundingClientRect()])
                .filter(([, box]) => box.height && (box.height < least - 0.5 || box.width < least - 0.5))
                .map(([text, box]) => `${text} ${Math.round(box.width)}x${Math.round(box.height)}`)""",
            SMALLEST,
        )
        if found:
            small[path] = found

    assert {} == small


def test_every_control_is_reached_by_keyboard_with_a_visible_focus(look, open_page, server, full):
    page = open_page("worlds/mine/conversations?open=48500600700", look)
    page.keyboard.press("Tab")
    assert "Skip to the content" == page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    assert "main" == page.evaluate("document.activeElement.id")
    names = []
    for _ in range(60):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.name ?? ''")
        )
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", names[-1]
        if names[-1] == "Send as 48500600700":
            break

    assert "Send as 48500600700" in names
    assert names.index("Messages of 48500600700") < names.index("destination") < names.index("text")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("by keyboard alone")
    page.keyboard.press("Enter")
    expect(page.locator("#phone-48500600700 .bubble", has_text="by keyboard alone")).to_be_visible()
    expect(page.get_by_label("Write as 48500600700")).to_be_focused()


def test_navigation_moves_the_focus_to_the_content(open_page, full):
    page = open_page("worlds/mine/conversations")
    page.get_by_role("link", name="Clock").click()
    expect(page.get_by_role("heading", name="Clock")).to_be_visible()
    assert "main" == page.evaluate("document.activeElement.id")
    assert "Clock · mine · mockserver" == page.title()
    page.go_back()
    expect(page.get_by_role("heading", name="Handsets")).to_be_visible()


def test_the_colour_scheme_is_switched_and_remembered(look, open_page, full):
    page = open_page("worlds/mine/clock", look)
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)
    page.locator("#scheme").click()
    after = page.evaluate(ground)
    assert before != after
    page.reload()
    expect(page.locator("#scheme")).to_be_visible()
    assert after == page.evaluate(ground)


def test_the_page_works_without_scripts(browser, server, full):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.url}/_mock/ui/worlds/mine/conversations?open=48500600700")
    expect(page.locator(".bubble", has_text="Tak")).to_be_visible()
    page.get_by_label("To", exact=True).select_option("serwersms|documents|")
    page.get_by_label("Kind of message").select_option("nd")
    page.get_by_label("Write as 48500600700").fill("without a script")
    page.get_by_role("button", name="Send as").click()
    expect(page.locator(".bubble", has_text="without a script")).to_be_visible()
    page.get_by_role("button", name="Advance 1 h").click()
    expect(page.locator("#now")).to_contain_text("13:00:00")
    context.close()


PAPER = {"width": 794, "height": 1123}
"""A4 in CSS pixels."""

CUT = """() => [...document.querySelectorAll('.top *, main, main *')]
    .filter((each) => each.checkVisibility() && !each.closest('.visually-hidden, svg'))
    .filter((each) => each.getBoundingClientRect().right > innerWidth + 1
        || (getComputedStyle(each).overflow !== 'visible' && each.scrollHeight > each.clientHeight + 1)
        || ['sticky', 'fixed'].includes(getComputedStyle(each).position))
    .map((each) => each.outerHTML.slice(0, 100))"""


def test_nothing_is_cut_or_covered_when_a_page_is_printed(open_page, server, full, sender):
    for number in range(30):
        full.inbound("serwersms", "documents", kind="nd", sender="+48500600700", text=f"message {number} " * 9)
    page = open_page("")
    page.set_viewport_size(PAPER)
    page.emulate_media(media="print", color_scheme="dark")
    cut = {}
    for path in PATHS:
        page.goto(f"{server.url}/_mock/ui/{path}")
        open_details(page)
        found = page.evaluate(CUT)
        if found:
            cut[path] = found[:6]
        expect(page.locator(".navigation")).not_to_be_visible()
        expect(page.locator(".top-world")).to_have_text(re.compile("World (mine|bare)"))

    assert {} == cut
    page.goto(f"{server.url}/_mock/ui/worlds/mine/conversations?open=48500600700")
    expect(page.locator(".composer")).not_to_be_visible()
    assert "rgb(255, 255, 255)" == page.evaluate("getComputedStyle(document.querySelector('.top')).backgroundColor")
    bottom = page.locator(".bubble", has_text="message 29").bounding_box()
    assert bottom["y"] + bottom["height"] <= page.evaluate("document.documentElement.scrollHeight")
