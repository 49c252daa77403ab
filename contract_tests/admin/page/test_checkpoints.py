"""Checkpoints in the section of worlds: made, read and rewound by a browser, and what its HTML shows of changes."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import requests
from playwright.sync_api import expect

from .test_controls import wait_until_live


def text_of(server: Any, query: str = "") -> str:
    page = requests.get(f"{server.url}/_mock/ui/worlds/mine/worlds{query}", timeout=30).text
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page[page.index("<main") :])).split())


def test_a_checkpoint_is_made_its_changes_are_shown_as_they_happen_and_it_is_rewound(look, open_page, world, sender):
    page = open_page("worlds/mine/worlds", look)
    expect(page.locator("#checkpoints")).to_contain_text("No checkpoints.")
    page.get_by_label("Name", exact=True).fill("before")
    page.locator("#do-make").click()
    expect(page.locator("#change-counts")).to_have_text("Nothing has changed.")
    wait_until_live(page)
    count = world.show().messages
    sender.send("Your table is ready.")
    expect(page.locator("#changes")).to_contain_text("Your table is ready.")
    world.variants.set(limits="off")
    expect(page.locator("tr[data-change=changed]", has_text="limits")).to_contain_text("enforced → off")

    page.locator("#rewind-before").click()
    expect(page.locator("#rewound")).to_have_text("The world is as it was at before.")
    expect(page.locator("#change-counts")).to_have_text("Nothing has changed.")
    assert count == world.show().messages
    page.locator("#remove-before").click()
    expect(page.locator("#checkpoints")).to_contain_text("No checkpoints.")
    assert [] == world.checkpoints()


def test_a_checkpoint_that_is_made_elsewhere_comes_into_the_list(open_page, world):
    page = open_page("worlds/mine/worlds")
    wait_until_live(page)
    world.checkpoint("one")
    world.checkpoint("two")
    expect(page.locator("#checkpoints tbody tr")).to_have_count(2)
    page.get_by_role("link", name="Changes since one").click()
    expect(page.locator("#changes-title")).to_have_text("Changes since one")


def test_the_changes_say_what_was_inserted_changed_and_deleted_and_what_was_sent(server, world):
    world.change_account("dialogtech", "documents", numbers=[{"number": "5554332111", "url": "http://127.0.0.1:9/"}])
    world.put_entry("serwersms", "demo", "contacts", 7, {"phone": "+48500600700", "first_name": "Jan"})
    stored = world.store(
        "dialogtech", "documents", direction="outbound", sender="5554332111", recipient="5556667777", text="gone"
    )
    world.checkpoint("before")
    world.put_entry("serwersms", "demo", "contacts", 7, {"phone": "+48500600700", "first_name": "Ola"})
    world.delete_message(stored.serial)
    world.inbound("dialogtech", sender="5556667777", recipient="5554332111", text="Yes, please")
    world.wait_until_idle()
    shown = text_of(server)

    assert "changed serwersms/demo contacts 7 first_name Jan → Ola" in shown
    assert f"deleted dialogtech/documents {stored.serial}" in shown
    assert "inserted dialogtech/documents 1 sent already" in shown
    assert "Yes, please" in shown
    world.rewind("before")
    assert "Nothing has changed." in text_of(server)


def test_a_rewind_says_how_many_webhooks_had_been_sent(server, world):
    world.change_account("dialogtech", "documents", numbers=[{"number": "5554332111", "url": "http://127.0.0.1:9/"}])
    world.checkpoint("before")
    world.inbound("dialogtech", sender="5556667777", recipient="5554332111", text="Yes, please")
    world.wait_until_idle()
    url = f"{server.url}/_mock/ui/worlds/mine/worlds"
    shown = requests.post(url, data={"do": "rewind", "checkpoint": "before"}, timeout=30).text

    assert "1 deliveries that were opened since are cancelled. 1 webhooks had been sent already" in shown


def test_an_action_that_is_rejected_shows_the_reason(server, world):
    url = f"{server.url}/_mock/ui/worlds/mine/worlds"
    for form, reason in (
        ({"do": "rewind", "checkpoint": "gone"}, "there is no checkpoint 'gone'"),
        ({"do": "make-checkpoint", "checkpoint": "a b"}, "name: 'a b' is not a name of 1 to 64 letters"),
    ):
        assert reason in unescape(requests.post(url, data=form, timeout=30).text)


def test_the_address_that_checkpoints_had_leads_to_the_worlds(server, world):
    world.checkpoint("before")
    url = f"{server.url}/_mock/ui/worlds/mine/checkpoints?from=before"
    redirected = requests.get(url, timeout=30, allow_redirects=False)

    assert (302, "/_mock/ui/worlds/mine/worlds?from=before#checkpoints-title") == (
        redirected.status_code,
        redirected.headers["Location"],
    )
