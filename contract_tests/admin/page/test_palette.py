"""The command palette, driven by a browser with the keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect


def open_palette(page):
    """Press its keys, and return its input and its answers."""
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Go to")).to_be_focused()
    return page.get_by_role("combobox", name="Go to"), page.locator("#palette").get_by_role("option")


def test_a_few_letters_and_enter_lead_to_a_section(look, open_page, server, world):
    page = open_page("worlds/mine/clock", look)
    open_palette(page)
    page.keyboard.type("fau")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Faults")
    page.keyboard.press("Enter")

    expect(page).to_have_url(f"{server.url}/_mock/ui/worlds/mine/faults")
    expect(page.locator("#palette")).to_have_count(0)


def test_the_button_opens_it_and_the_arrow_keys_choose(open_page, server, world, sender):
    sender.send("Your table is ready.")
    page = open_page("worlds/mine/exchanges")
    page.get_by_role("button", name="Go to").click()
    field = page.get_by_role("combobox", name="Go to")
    options = page.locator("#palette").get_by_role("option")
    page.keyboard.type("table is")
    expect(options).to_have_text(["Handset5556667777Your table is ready."])
    expect(page.locator("#palette [role=status]")).to_have_text("1 answer")
    field.fill("")
    expect(options.first).to_contain_text("Start")
    page.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", "palette-1")
    expect(page.locator("#palette-1")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert options.count() - 1 == page.evaluate(
        "document.querySelector('#palette [aria-selected=true]').dataset.index | 0"
    )
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_have_count(0)
    expect(page.get_by_role("button", name="Go to")).to_be_focused()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("555666", "conversations?open=5556667777"),
        ("sms.send", "exchanges/1"),
        ("1", "exchanges/1"),
        ("lognormal", "faults#kind-lognormal_delay"),
        ("limits.number", "variants#switch-dialogtech.limits.number"),
    ],
)
def test_it_finds_what_the_world_has(open_page, server, world, sender, text, path):
    sender.send("Your table is ready.")
    page = open_page("worlds/mine/clock")
    open_palette(page)
    page.keyboard.type(text)
    page.keyboard.press("Enter")  # it waits for the answers to what was typed

    expect(page).to_have_url(f"{server.url}/_mock/ui/worlds/mine/{path}")


def test_it_moves_the_clock_and_stays_on_the_page(open_page, server, world):
    page = open_page("worlds/mine/exchanges")
    open_palette(page)
    page.keyboard.type("advance 1 h")
    page.keyboard.press("Enter")

    expect(page.locator("#now")).to_contain_text("13:00:00")
    expect(page).to_have_url(f"{server.url}/_mock/ui/worlds/mine/exchanges")


def test_an_answer_that_is_late_does_not_replace_a_newer_one(open_page, world):
    page = open_page("worlds/mine/clock")
    waiting = []

    def delay(route):
        if route.request.url.split("q=")[1].startswith("w&"):
            waiting.append(route)
        else:
            route.continue_()

    page.route("**/palette?**", delay)
    field, options = open_palette(page)
    page.keyboard.type("w")
    page.keyboard.type("orl")
    expect(options.first).to_contain_text("Worlds")
    assert 1 == len(waiting)
    before = options.all_text_contents()
    waiting[0].fulfill(json={"query": "w", "answers": []})
    field.press("ArrowDown")
    assert before == options.all_text_contents()


def test_a_live_update_leaves_it_open(open_page, world, sender):
    page = open_page("worlds/mine/conversations")
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    field, _ = open_palette(page)
    page.keyboard.type("clo")
    sender.send("one", to="2125550123")
    expect(page.locator("#handset-2125550123")).to_have_count(1)
    world.reset()
    expect(page.locator("#handset-2125550123")).to_have_count(0)

    expect(field).to_have_value("clo")


def test_axe_finds_nothing_in_it(every_look, open_page, world, violations):
    page = open_page("worlds/mine/clock", every_look)
    _, options = open_palette(page)
    page.keyboard.type("a")
    expect(options.first).to_contain_text("Advance")

    assert [] == violations(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= every_look.width
