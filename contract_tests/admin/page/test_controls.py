"""The sections worlds and demos, driven by a browser while real clients send requests."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from mockserver.demo import NAMES, find_demo


def wait_until_live(page):
    """Wait until the page is loaded and its event stream is open."""
    expect(page.locator("#main[aria-busy]")).to_have_count(0)
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)


# -- worlds --------------------------------------------------------------------------------------------------------------


def test_worlds_are_created_chosen_forked_reset_and_dropped(look, open_page, server, world, sender):
    page = open_page("worlds/default/worlds", look)
    page.get_by_label("name", exact=True).fill("fresh")
    page.get_by_label("fixture").select_option("small")
    page.get_by_label("frozen at").fill("2026-06-01T12:00:00Z")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="This world: fresh")).to_be_visible()
    expect(page.locator("#now")).to_have_text("2026-06-01 12:00:00")

    page.locator("#worlds").get_by_role("link", name="mine").click()
    expect(page.get_by_role("heading", name="This world: mine")).to_be_visible()
    wait_until_live(page)
    sender.send("one more")
    row = page.locator("#worlds tr", has_text="mine")
    count = str(server.get_world("mine").show().messages)
    expect(row).to_contain_text(count)
    page.get_by_label("Fork as").fill("twin")
    page.get_by_role("button", name="Fork", exact=True).click()
    expect(page.get_by_role("heading", name="This world: twin")).to_be_visible()
    assert count == str(server.get_world("twin").show().messages)
    page.locator("#do-drop").click()
    expect(page.locator("#worlds")).not_to_contain_text("twin")

    page.locator("#worlds").get_by_role("link", name="mine").click()
    expect(page.get_by_role("heading", name="This world: mine")).to_be_visible()
    page.get_by_role("button", name="Reset to its initial state").click()
    expect(row).to_contain_text(str(int(count) - 1))
    wait_until_live(page)
    server.create_world("empty", id="another")
    expect(page.locator("#worlds")).to_contain_text("another")


def test_credentials_are_copied(open_page, server, world):
    page = open_page("worlds/mine/worlds")
    key, secret = world.login("dialogtech", "documents")
    row = page.locator("tr", has_text=key)
    for button, text in zip(row.locator("[data-copy]").all(), (key, secret), strict=True):
        button.click()
        page.wait_for_function("async (text) => text === await navigator.clipboard.readText()", arg=text)
        assert text == page.evaluate("navigator.clipboard.readText()")


def test_a_snapshot_is_downloaded_and_loaded(open_page, server, world, sender, tmp_path):
    sender.send("keep this")
    page = open_page("worlds/mine/worlds")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    file = tmp_path / "mine.json"
    download.value.save_as(file)
    assert "keep this" in json.dumps(json.loads(file.read_text()))
    world.reset()
    page.get_by_label("Load", exact=True).set_input_files(file)
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.get_by_role("button", name="Load into mine").click()
    expect(page.locator("#main[aria-busy]")).to_have_count(0)  # the response is shown
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("#worlds tr", has_text="mine")).to_contain_text(str(world.show().messages))
    assert "keep this" in [message.text for message in world.messages("dialogtech")]

    file.write_text("{")
    page.get_by_label("Load", exact=True).set_input_files(file)
    page.get_by_role("button", name="Load into mine").click()
    expect(page.get_by_role("alert")).to_contain_text("is not JSON")


def test_a_world_that_is_dropped_while_it_is_shown_is_reported(open_page, server, world):
    page = open_page("worlds/mine/conversations")
    wait_until_live(page)
    world.drop()
    expect(page.get_by_role("alert")).to_contain_text("there is no world 'mine'")
    open_page.wrong.clear()  # the browser reports the 404


# -- demos -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_demo_is_run_step_by_step_and_again(look, open_page, name, server):
    step_count = len(find_demo(name).scenario.timeline)
    page = open_page("worlds/default/demos", look)
    part = page.locator(f"#demo-{name}")
    part.get_by_role("button", name="Start").click()
    for step in range(1, step_count + 1):
        expect(part.locator(".demo-steps > li")).to_have_count(step)
        if step < step_count:
            part.get_by_role("button", name=f"Next: step {step + 1} of {step_count}").click()
    expect(part.locator(".bubble").first).to_be_visible()
    expect(page.locator("#top .pill")).to_have_text("frozen")
    part.get_by_role("button", name="Run again").click()
    expect(part.locator(".demo-steps > li")).to_have_count(1)
    part.get_by_role("button", name="Run the remaining steps").click()
    expect(part.locator(".demo-steps > li")).to_have_count(step_count)
    part.get_by_role("link", name="Exchanges of this demo").click()
    expect(page.locator("#exchanges > tr").first).to_be_visible()
