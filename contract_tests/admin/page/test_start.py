"""The start page, driven by a browser."""

from __future__ import annotations

import subprocess

import pytest
import requests
from playwright.sync_api import expect


def test_the_address_of_the_server_leads_a_browser_to_the_start_page_of_the_default_world(open_page, server):
    page = open_page(url=server.url)
    open_page.wrong[:] = []
    page.goto(server.url)
    open_page.wrong[:] = [each for each in open_page.wrong if each != f"{server.url}/"]

    assert f"{server.url}/_mock/ui/" == page.url
    expect(page.get_by_role("heading", name="Start")).to_be_visible()
    expect(page.locator("#main")).to_contain_text(
        "is a double of DialogTech, mGage and SerwerSMS for tests; no message leaves this machine."
    )
    page.get_by_role("link", name="Exchanges", exact=True).click()
    expect(page).to_have_url(f"{server.url}/_mock/ui/worlds/default/exchanges")


@pytest.mark.parametrize("accept", ["*/*", "application/json", None])
def test_the_address_of_the_server_tells_any_other_client_its_routes(server, accept):
    response = requests.get(f"{server.url}/", headers={"Accept": accept}, timeout=30, allow_redirects=False)

    assert (200, "application/json") == (response.status_code, response.headers["Content-Type"])
    assert "GET /_mock/ui/" in response.json()["here"]


def test_each_first_request_that_is_copied_is_accepted_and_appears_at_once(look, open_page, server, world):
    page = open_page("worlds/mine/start", look)
    expect(page.locator("#latest")).to_contain_text("Nothing yet.")
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    commands = page.locator(".first-request")
    expect(commands.locator("h3")).to_have_text(["DialogTech Copy", "mGage Copy", "SerwerSMS Copy"])
    for each in commands.all():
        each.get_by_role("button", name="Copy").click()
        command = page.evaluate("navigator.clipboard.readText()")
        subprocess.run(["bash", "-euc", command], check=True, capture_output=True, timeout=60)

    expect(page.locator(".latest b")).to_have_text(["messages.recived", "program.export", "sms.send_message"])
    expect(page.locator(".latest .pill")).to_have_text(["accepted", "accepted", "accepted"])
    page.locator(".latest a").last.click()
    expect(page).to_have_url(f"{server.url}/_mock/ui/worlds/mine/exchanges/1")


def test_the_credentials_and_addresses_of_the_world_are_shown(open_page, server, world):
    page = open_page("worlds/mine/start")
    user, secret = world.login("mgage", "documents")

    expect(page.get_by_role("row", name=f"mGage documents {user} Copy {secret} Copy")).to_be_visible()
    expect(page.locator("#address-http")).to_have_text(server.url)
    expect(page.locator("#address-world")).to_have_text(f"{server.url}/_w/mine")
    expect(page.locator("#address-header")).to_have_text("X-Mockserver-World: mine")
    for link in page.get_by_role("region", name="Read on").get_by_role("link").all():
        assert 200 == page.request.get(server.url + link.get_attribute("href")).status


def test_a_world_without_accounts_says_what_to_do(open_page, server):
    server.create_world("empty", id="bare")
    page = open_page("worlds/bare/start")

    expect(page.locator("#main")).to_contain_text("This world has no account that a client can use.")
    page.get_by_role("link", name="Load a snapshot, or create another world.").click()
    expect(page.get_by_role("heading", name="Worlds", exact=True)).to_be_visible()
