"""The section of variants: a table of switches with the documents' sentences, and the search, driven by a browser."""

from __future__ import annotations

import re

import requests
from playwright.sync_api import expect

from .test_controls import wait_until_live


def test_a_variant_is_switched_beside_the_documents_sentences(look, open_page, world, sender):
    page = open_page("worlds/mine/variants", look)
    switch = page.locator("[id='switch-dialogtech.limits.number']")
    expect(switch).to_contain_text("1 sms per number per second")
    expect(switch).to_contain_text("Other variant:")
    switch.get_by_role("button", name="to", exact=True).click()
    expect(switch.get_by_role("button", name="to", exact=True)).to_have_attribute("aria-pressed", "true")
    assert "to" == world.variants["dialogtech.limits.number"]

    wait_until_live(page)
    world.variants.set(limits="off")
    limits = page.locator("[id='switch-limits']")
    expect(limits.get_by_role("button", name="off")).to_have_attribute("aria-pressed", "true")
    zone = page.locator("[id='switch-dialogtech.zone']")
    zone.get_by_label("or a zone").fill("Mars/Olympus")
    zone.get_by_role("button", name="Set").click()
    expect(page.get_by_role("alert")).to_contain_text("Mars/Olympus")


def test_the_switches_are_searched_as_one_types_and_each_has_an_address(look, open_page, server, world):
    page = open_page("worlds/mine/variants", look)
    shown = page.locator(".switch:visible .switch-name")
    page.get_by_label("Search the variants").press_sequentially("dialogtech.limits")
    expect(shown).to_have_text(["dialogtech.limits.number", "dialogtech.limits.count"])
    expect(page.get_by_role("heading", name="mGage")).to_be_hidden()
    page.get_by_role("link", name="DT-23: dialogtech.limits.count").click()
    row = page.locator("[id='switch-dialogtech.limits.count']")
    expect(row.get_by_text("This server:")).to_be_visible()
    assert page.url.endswith("/worlds/mine/variants#switch-dialogtech.limits.count")
    page.get_by_label("Search the variants").fill("nothing of this kind")
    expect(page.get_by_text("No switch has these words.")).to_be_visible()


def test_those_that_were_changed_are_listed_and_set_to_their_defaults(open_page, world):
    world.variants.set({"limits": "off", "dialogtech.limits.number": "to"})
    page = open_page("worlds/mine/variants")
    page.get_by_role("link", name="Changed 2").click()
    expect(page.locator(".switch-name")).to_have_text(["limits", "dialogtech.limits.number"])
    page.locator("[id='switch-limits']").get_by_role("button", name="enforced").click()
    expect(page.locator(".switch-name")).to_have_text(["dialogtech.limits.number"])
    page.get_by_role("button", name="Set all to their defaults").click()
    expect(page.get_by_text("Every switch of this world has its default.")).to_be_visible()

    assert ("enforced", "from") == (world.variants["limits"], world.variants["dialogtech.limits.number"])


def test_the_switches_are_searched_without_a_script_too(server, world):
    page = requests.get(f"{server.url}/_mock/ui/worlds/mine/variants?q=Dialogtech.Limits", timeout=30).text

    assert ["dialogtech.limits.number", "dialogtech.limits.count"] == re.findall(
        r'<tr class="switch" id="switch-([^"]+)"', page
    )


def test_a_switch_that_the_palette_names_is_opened(look, open_page, world):
    page = open_page("worlds/mine/variants", look)
    page.get_by_role("link", name="Faults").click()
    expect(page.get_by_role("heading", name="Faults")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("dialogtech.zone")
    expect(page.locator("#palette").get_by_role("option").first).to_contain_text("dialogtech.zone")
    page.keyboard.press("Enter")
    row = page.locator("[id='switch-dialogtech.zone']")
    expect(row.get_by_text("This server:")).to_be_visible()
    expect(row).to_be_in_viewport()
