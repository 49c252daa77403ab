"""Security of the page: markup in data stays text, the content security policy holds, and the token is required."""

from __future__ import annotations

import re
from base64 import b64encode
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import expect

from mockserver import MockServer, Settings
from mockserver.ui.routes import SECTIONS

MARKUP = "<img src=x onerror=alert(1)>"
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
}


def put_markup_everywhere(server, world, sender):
    """Put markup into every field that clients and users can set."""
    world.checkpoint("before")
    file = {"name": MARKUP, "content_type": MARKUP, "data": b64encode(MARKUP.encode()).decode()}
    note = {"name": MARKUP, "content_type": "text/plain", "data": b64encode(MARKUP.encode()).decode()}
    contact = {
        "phone": "+48500600700",
        "first_name": MARKUP,
        "last_name": MARKUP,
        "company": MARKUP,
        "description": MARKUP,
    }
    world.add_entry("serwersms", "documents", "contacts", contact)
    rule = {
        "service": "nd",
        "url": f"http://127.0.0.1:9/?text={MARKUP.replace(' ', '+')}",
        "prefix": MARKUP,
        "verification": True,
    }
    world.change_account("serwersms", "documents", forwarding=[rule])
    program = {"id": "121811", "name": MARKUP, "campaign": MARKUP, "kind": MARKUP}
    world.change_account("mgage", "documents", programs=[program])
    world.store(
        "mgage",
        "documents",
        program="121811",
        direction="outbound",
        sender="37911",
        recipient="48500600700",
        text=MARKUP,
        status=MARKUP,
        network=MARKUP,
    )
    mms = {"kind": "mms", "sender": "+48500600700", "recipient": "+48664078059", "title": MARKUP}
    world.inbound("serwersms", "documents", **mms, attachments=[file, note])
    world.inbound("serwersms", "documents", kind="nd", sender="+48500600700", text=MARKUP)
    world.schedule_inbound("serwersms", "documents", delay=60, kind="nd", sender="+48500600700", text=MARKUP)
    sender.send(MARKUP, to="48500600700"[-10:], **{MARKUP: MARKUP})
    sender.send(MARKUP, to=MARKUP)
    requests.get(
        f"{world.base_url}/api/{quote(MARKUP)}?{MARKUP}",
        # A credential of its own: what is sent as one is masked wherever it recurs.
        headers={"X-Evil": MARKUP, "Authorization": MARKUP.replace("1", "2")},
        timeout=30,
    )
    user, secret = world.login("serwersms", "documents")
    call = {"username": user, "password": secret, "type": MARKUP, MARKUP: MARKUP}
    requests.post(f"{server.url}/messages/recived.json", json=call, timeout=30)
    requests.post(f"{server.url}/messages/{quote(MARKUP)}.xml", data=call, timeout=30)
    world.faults.add(
        "static_response",
        status=503,
        body=MARKUP,
        type="text/html",
        match={"parameters": {MARKUP: MARKUP}},
        id=MARKUP[1:4],
    )
    world.faults.add({"kind": "static_response", "status": 503, "body": MARKUP}, when={"first": 1})
    sender.send(MARKUP)


def test_markup_in_any_field_is_text_everywhere(look, open_page, server, world, sender):
    put_markup_everywhere(server, world, sender)
    paths = [f"worlds/mine/{section}" for section in SECTIONS]
    paths += [f"worlds/mine/exchanges/{each.number}" for each in world.journal()]
    paths += [
        f"worlds/mine/exchanges?q={quote(MARKUP)}",
        f"worlds/mine/conversations?open={quote(MARKUP)}&open=48500600700&q={quote(MARKUP)}",
        "worlds/mine/conversations?open=48500600700",
        f"worlds/{quote(MARKUP, safe='')}/conversations",
    ]
    page = open_page(paths[0], look)
    seen = 0
    for path in paths:
        page.goto(f"{server.url}/_mock/ui/{path}")
        assert 0 == page.locator("img[src='x'], [onerror]").count(), path
        seen += MARKUP in page.locator("body").text_content()

    assert 12 <= seen
    open_page.wrong[:] = [each for each in open_page.wrong if "404" not in each]  # the world of that name


def test_markup_in_a_live_update_is_text(open_page, server, world):
    page = open_page("worlds/mine/conversations?open=48500600700")
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    world.inbound("serwersms", "documents", kind="nd", sender="+48500600700", text=MARKUP)

    expect(page.locator("#phone-48500600700 .bubble.inbound .text", has_text="onerror")).to_have_text(MARKUP)
    expect(page.locator("#announcement")).to_contain_text(MARKUP)
    assert 0 == page.locator("img[src='x']").count()


@pytest.mark.parametrize("section", SECTIONS)
def test_every_page_has_the_content_security_policy_and_no_inline_code(server, world, section):
    response = requests.get(f"{server.url}/_mock/ui/worlds/mine/{section}", timeout=30)

    assert 200 == response.status_code
    assert set(response.headers["Content-Security-Policy"].split("; ")) == POLICY
    assert "nosniff" == response.headers["X-Content-Type-Options"]
    assert "no-store" == response.headers["Cache-Control"]
    assert [] == re.findall(
        r"<script(?![^>]*(?:\bsrc=|application/json))|<style|\son\w+=|\sstyle=|javascript:", response.text
    )


def test_a_form_of_another_site_is_rejected(server, world):
    response = requests.post(
        f"{server.url}/_mock/ui/worlds/mine/worlds",
        {"do": "drop"},
        headers={"Origin": "http://evil.example"},
        timeout=30,
    )

    assert 403 == response.status_code
    assert "mine" in [each.id for each in server.worlds()]


def test_only_static_files_are_served(server):
    for name in ("../routes.py", "..%2froutes.py", "/etc/passwd", "nothing.js"):
        assert 404 == requests.get(f"{server.url}/_mock/ui/static/{name}", timeout=30).status_code, name


# -- off loopback --------------------------------------------------------------------------------------------------------


@pytest.fixture
def guarded():
    """A server that other machines can reach, which requires a token."""
    with MockServer(settings=Settings(host="0.0.0.0", port=0, token="open-sesame")) as server:
        yield server


def test_without_the_token_nothing_is_shown(guarded):
    page = requests.get(f"{guarded.url}/_mock/ui/worlds/default/conversations", timeout=30)
    assert "5556667777" not in page.text
    assert 'name="token"' in page.text
    assert (
        401 == requests.post(f"{guarded.url}/_mock/ui/worlds/default/worlds", {"do": "reset"}, timeout=30).status_code
    )
    wrong = {"Authorization": "Bearer wrong"}
    for path in ("conversations", "live", "attachment", "snapshot", "exchanges/1", "conversations/changes?since=0"):
        response = requests.get(f"{guarded.url}/_mock/ui/worlds/default/{path}", headers=wrong, timeout=30)
        assert 401 == response.status_code, path


def test_with_the_token_every_part_of_the_page_works(look, guarded, open_page):
    page = open_page("worlds/default/conversations?open=48500604179", look, url=guarded.url)
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("token is wrong")
    open_page.wrong.clear()  # the browser reports the 401
    page.get_by_label("Token").fill("open-sesame")
    page.get_by_role("button", name="Sign in").click()
    phone = page.locator("#phone-48500604179")
    expect(phone).to_be_visible()
    picture = phone.get_by_role("img").first
    picture.scroll_into_view_if_needed()
    expect(picture).not_to_have_js_property("naturalWidth", 0)

    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    guarded.world.inbound("serwersms", "demo", kind="nd", sender="+48500604179", text="live, with the token")
    expect(phone).to_contain_text("live, with the token")
    phone.get_by_label("Write as").fill("and back")
    phone.get_by_role("button", name="Send as").click()
    expect(phone.locator(".bubble", has_text="and back")).to_be_visible()

    page.get_by_role("link", name="Worlds").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert b'"format"' in download.value.path().read_bytes()
    page.reload()
    expect(page.get_by_role("heading", name="Worlds", exact=True)).to_be_visible()
    page.get_by_role("link", name="Demos").click()
    page.get_by_role("button", name="Start").first.click()
    expect(page.locator(".demo-steps > li")).to_have_count(1)
    assert "open-sesame" not in page.content()


def test_the_token_is_remembered_by_the_whole_browser_until_it_is_closed_and_no_script_can_read_it(guarded, open_page):
    page = open_page("worlds/default/clock", url=guarded.url)
    page.get_by_label("Token").fill("open-sesame")
    page.get_by_label("Token").press("Enter")
    expect(page.get_by_role("heading", name="Clock")).to_be_visible()
    (cookie,) = page.context.cookies()
    other = page.context.new_page()
    other.goto(f"{guarded.url}/_mock/ui/worlds/default/faults")

    expect(other.get_by_role("heading", name="Faults", exact=True)).to_be_visible()
    assert "" == page.evaluate("document.cookie")
    assert (-1, True, "Lax", "/_mock/ui/") == (
        cookie["expires"],
        cookie["httpOnly"],
        cookie["sameSite"],
        cookie["path"],
    )
    assert "open-sesame" not in cookie["value"]


def test_the_cookie_of_the_session_opens_the_page_alone_and_only_to_the_page_itself(guarded):
    session = requests.Session()
    signed_in = session.post(f"{guarded.url}/_mock/ui/session", {"token": "open-sesame", "back": "//evil"}, timeout=30)
    drop = {"url": f"{guarded.url}/_mock/ui/worlds/default/worlds", "data": {"do": "reset"}, "timeout": 30}
    (cookie,) = session.cookies
    cookies = {cookie.name: cookie.value}

    assert f"{guarded.url}/_mock/ui/" == signed_in.url
    assert (
        200 == session.get(f"{guarded.url}/_mock/ui/worlds/default/exchanges/changes?since=0", timeout=30).status_code
    )
    assert 401 == requests.get(f"{guarded.url}/_mock/worlds", cookies=cookies, timeout=30).status_code
    assert 403 == requests.post(**drop, cookies=cookies, headers={"Origin": "http://127.0.0.1:1"}).status_code
    assert 200 == requests.post(**drop, cookies=cookies).status_code
    assert 401 == requests.post(**drop, cookies={cookie.name: "0" * 64}).status_code


def test_a_page_whose_server_stops_says_so_and_asks_for_the_token_of_the_next_one(look, open_page):
    with MockServer(settings=Settings(host="0.0.0.0", port=0, token="open-sesame")) as first:
        url = first.url
        page = open_page("worlds/default/faults", look, url=url)
        page.get_by_label("Token").fill("open-sesame")
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    failure = page.get_by_text("The server does not respond.")
    expect(failure).to_be_in_viewport()
    assert failure.bounding_box()["width"] > 100
    page.get_by_role("link", name="Clock", exact=True).click()
    expect(failure).to_be_in_viewport()
    port = int(url.rpartition(":")[2])
    with MockServer(settings=Settings(host="0.0.0.0", port=port, token="another")):
        expect(page.get_by_label("Token")).to_be_visible()
    open_page.wrong.clear()  # the browser reports the requests that failed
