"""The conversations section, driven by a browser while real clients send."""

from __future__ import annotations

import re
import struct
import subprocess
import zlib
from base64 import b64encode
from datetime import timedelta

import pytest
import requests
from playwright.sync_api import expect

from mockserver.scenario.receiver import Receiver
from mockserver.ui.sms_segments import count_segments


def png(size: int) -> bytes:
    """Return a grey square."""
    rows = (b"\0" + b"\x80" * size) * size
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
CONVERSATIONS = "worlds/mine/conversations"


def phone(page, number):
    return page.locator(f"#phone-{number}")


def test_a_message_that_a_client_sends_appears_on_the_phone_without_a_reload(look, open_page, world, sender):
    page = open_page(f"{CONVERSATIONS}?open=5556667777", look)
    page.evaluate("window.isTheSame = true")
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    sender.send("Your table is ready. 😀")
    bubble = phone(page, "5556667777").locator(".bubble", has_text="Your table is ready.")

    expect(bubble).to_be_visible()
    expect(bubble.locator("summary")).to_have_text("12:00:00 DialogTech accepted")
    expect(bubble.get_by_text("UCS-2, 23 of 70 UTF-16 units, 1 segment")).not_to_be_visible()
    bubble.locator("summary").click()
    expect(bubble.get_by_text("UCS-2, 23 of 70 UTF-16 units, 1 segment")).to_be_visible()
    expect(bubble.locator("dl")).to_contain_text("From5554332111")
    expect(page.locator("#announcement")).to_contain_text("5556667777: The client sent:")
    assert page.evaluate("window.isTheSame")


def test_a_new_handset_comes_first_in_the_list(open_page, world, sender):
    page = open_page(CONVERSATIONS)
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    sender.send("hello", to="2125550123")
    first = page.locator("#handsets > li").first

    expect(first).to_contain_text("2125550123")
    first.locator("a").click()
    expect(phone(page, "2125550123")).to_contain_text("hello")


def test_one_phone_shows_the_messages_of_all_three_providers(look, open_page, world, sender):
    sender.send("by DialogTech")
    world.store(
        "mgage", "documents", program="121811", direction="outbound", sender="37911", recipient="15556667777",
        text="by mGage", status="Delivered", at=timedelta(seconds=0),
    )  # fmt: skip
    world.inbound("serwersms", "documents", kind="nd", sender="+15556667777", text="to SerwerSMS")
    page = open_page(f"{CONVERSATIONS}?open=5556667777", look)
    one = phone(page, "5556667777")

    expect(one.locator(".bubble.outbound", has_text="by DialogTech")).to_contain_text("accepted")
    expect(one.locator(".bubble.outbound", has_text="by mGage")).to_contain_text("Delivered")
    expect(one.locator(".bubble.inbound", has_text="to SerwerSMS")).to_contain_text("Kindnd")


def test_a_message_from_the_phone_is_forwarded_and_its_attempts_appear_as_they_happen(look, open_page, world):
    with Receiver(status=500) as script:
        rule = {"service": "ndi", "url": f"{script.url}/sms?text=#WIADOMOSC#", "verification": True}
        world.change_account("serwersms", "documents", forwarding=[rule])
        page = open_page(f"{CONVERSATIONS}?open=48500600700", look)
        one = phone(page, "48500600700")
        one.get_by_label("To", exact=True).select_option(label="SerwerSMS documents")
        one.get_by_label("Kind of message").select_option("ndi")
        one.get_by_label("At", exact=True).fill("+48664078059")
        one.get_by_label("Write as 48500600700").fill("Tak, o 16")
        one.get_by_role("button", name="Send as 48500600700").click()
        received = one.locator(".bubble.inbound", has_text="Tak, o 16").locator(".delivery-view")

        expect(received.locator("ol > li")).to_have_count(1)
        expect(received.locator("ol > li").first).to_contain_text("500")
        expect(received).to_contain_text("next attempt 12:05:00")
        expect(one.get_by_label("Write as 48500600700")).to_have_value("")

        page.get_by_role("button", name="Advance 5 min").first.click()
        expect(received.locator("ol > li")).to_have_count(2)
        script.change({"status": 200, "body": "OK"})
        world.clock.advance(next=True)  # not by the page
        expect(received.locator("ol > li")).to_have_count(3)
        expect(received.locator(".pill")).to_have_text("acknowledged")
        one.locator(".bubble.inbound", has_text="Tak, o 16").locator("summary").click()
        received.get_by_role("link", name="delivery 1").click()
        expect(page).to_have_url(re.compile(r"/worlds/mine/webhooks\?delivery=1$"))
        (delivery,) = world.deliveries()
        assert delivery.attempts[-1].request.url.endswith("/sms?text=Tak%2C%20o%2016")


@pytest.mark.parametrize(
    ("destination", "number", "provider", "sender"),
    [
        ("dialogtech|documents|5554332111", "5556667777", "dialogtech", "5556667777"),
        ("mgage|documents|121811", "+1 (555) 666-7777", "mgage", "5556667777"),
        ("serwersms|documents|", "5556667777", "serwersms", "+15556667777"),
    ],
)
def test_the_sender_of_a_message_is_written_in_the_form_of_its_provider(
    open_page, world, destination, number, provider, sender
):
    page = open_page(CONVERSATIONS)
    page.get_by_label("Number of a new handset").fill(number)
    page.get_by_role("button", name="Open", exact=True).click()
    one = phone(page, "5556667777")
    one.get_by_label("To", exact=True).select_option(destination)
    one.get_by_label("Write as 5556667777").fill("yes")
    one.get_by_label("Write as 5556667777").press("Enter")

    expect(one.locator(".bubble.inbound .text", has_text=re.compile("^yes$"))).to_have_count(1)
    (message,) = world.messages(provider, number=sender)[-1:]
    assert ("yes", "inbound") == (message.text, message.direction)


def test_an_mms_shows_its_picture(look, open_page, world):
    page = open_page(f"{CONVERSATIONS}?open=48500600700", look)
    one = phone(page, "48500600700")
    one.get_by_label("To", exact=True).select_option("serwersms|documents|")
    one.get_by_label("Kind of message").select_option("mms")
    one.get_by_label("Subject").fill("Our dog")
    one.get_by_label("Picture").set_input_files({"name": "dog.png", "mimeType": "image/png", "buffer": png(8)})
    one.get_by_label("Write as 48500600700").fill("Look")
    one.get_by_role("button", name="Send as").click()
    bubble = one.locator(".bubble", has_text="Our dog")

    expect(bubble.get_by_role("img", name="dog.png")).to_be_visible()
    expect(bubble.locator(".text")).to_have_text("Look")
    expect(bubble.locator("img")).to_have_js_property("naturalWidth", 8)


def test_an_attachment_that_is_not_a_safe_image_can_only_be_downloaded(open_page, server, world):
    for name, kind, content in (("x.svg", "image/svg+xml", SVG), ("fake.png", "image/png", b"<html>")):
        file = {"name": name, "content_type": kind, "data": b64encode(content).decode()}
        world.inbound(
            "serwersms", "documents", kind="mms", sender="+48500600799", recipient="+48664078059", attachments=[file]
        )
    page = open_page(f"{CONVERSATIONS}?open=48500600799")
    links = phone(page, "48500600799").locator(".file a")

    expect(links).to_have_count(2)
    expect(page.locator("img")).to_have_count(0)
    for link in links.all():
        response = page.request.get(server.url + link.get_attribute("href"))
        assert "application/octet-stream" == response.headers["content-type"]
        assert response.headers["content-disposition"].startswith("attachment")
        assert "nosniff" == response.headers["x-content-type-options"]


def test_a_message_that_is_rejected_shows_the_reason_and_stays_in_the_form(open_page, world):
    page = open_page(f"{CONVERSATIONS}?open=12")
    one = phone(page, "12")
    one.get_by_label("To", exact=True).select_option("dialogtech|documents|5554332111")
    one.get_by_label("Write as 12").fill("from too short a number")
    one.get_by_role("button", name="Send as").click()

    expect(one.get_by_role("alert")).to_contain_text("is not 10 digits")
    expect(one.get_by_label("Write as 12")).to_have_value("from too short a number")


@pytest.mark.parametrize("text", ["", "a" * 161, "€" * 80, "ż" * 71, "😀" * 67, "a" * 152 + "€" + "a" * 152])
def test_the_composer_counts_as_the_server_does(open_page, world, text):
    page = open_page(f"{CONVERSATIONS}?open=5556667777")
    counted = page.evaluate(
        "async (text) => (await import('/_mock/ui/static/composer.js')).countSegments(text)",
        text,
    )
    wanted = count_segments(text)

    assert {
        "encoding": wanted.encoding,
        "units": wanted.units,
        "segments": wanted.segments,
        "capacity": wanted.capacity,
    } == counted


def test_messages_that_the_client_has_read_are_marked(open_page, server, world):
    world.inbound("serwersms", "documents", kind="nd", sender="+48500600700", text="Has it been read?")
    page = open_page(f"{CONVERSATIONS}?open=48500600700")
    bubble = phone(page, "48500600700").locator(".bubble", has_text="Has it been read?")
    expect(bubble).not_to_contain_text("read by the client")
    user, secret = world.login("serwersms", "documents")
    call = {"username": user, "password": secret, "type": "nd", "date_from": "2026-01-01 00:00:00", "read": "true"}
    requests.post(f"{server.url}/messages/recived", json=call, timeout=30)

    expect(bubble).to_contain_text("read by the client")


def test_messages_that_a_reset_removed_are_no_longer_shown(open_page, server, world, sender):
    world.change_account(
        "serwersms",
        "documents",
        forwarding=[{"service": "nd", "url": "http://127.0.0.1:9/?t=#WIADOMOSC#", "verification": True}],
    )
    page = open_page(f"{CONVERSATIONS}?open=2125550123")
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    sender.send("before", to="2125550123")
    expect(phone(page, "2125550123")).to_contain_text("before")
    world.inbound("serwersms", "documents", kind="nd", sender="+12125550123", text="and an answer")
    world.wait_until_idle()
    world.reset()
    expect(phone(page, "2125550123")).to_contain_text("No messages yet")
    response = requests.get(f"{server.url}/_mock/ui/{CONVERSATIONS}/changes?open=2125550123&since=0", timeout=30)

    assert 200 == response.status_code
    assert "handset-2125550123" not in response.text


def test_a_message_that_is_deleted_disappears_from_the_phone(open_page, world, sender):
    sender.send("keep")
    world.clock.advance(minutes=2)
    sender.send("delete me")
    page = open_page(f"{CONVERSATIONS}?open=5556667777")
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    expect(phone(page, "5556667777")).to_contain_text("delete me")
    world.delete_message(world.messages("dialogtech", number="5556667777")[-1].serial)

    expect(phone(page, "5556667777")).not_to_contain_text("delete me")
    expect(phone(page, "5556667777")).to_contain_text("keep")


@pytest.mark.parametrize(
    ("wanted", "found"), [("Jacak", "Aleks Jacak"), ("600999", "48600999000"), ("TABLE", "Your table is ready")]
)
def test_handsets_are_found_by_number_name_and_text(open_page, server, wanted, found):
    world = server.world
    world.inbound("serwersms", "demo", kind="nd", sender="+48600999000", text="Your table is ready")
    world.inbound("serwersms", "demo", kind="nd", sender="+48600999000", text="Thank you")
    page = open_page("worlds/default/conversations")
    page.get_by_label("Find a number, a name or a text").fill(wanted)
    page.get_by_role("button", name="Find", exact=True).click()

    expect(page.locator("#handsets > li")).to_have_count(1)
    expect(page.locator("#handsets > li").first).to_contain_text(found)


def test_only_handsets_that_were_used_since_the_world_began_are_listed_until_the_others_are_asked_for(
    look, open_page, server
):
    page = open_page("worlds/default/conversations", look)
    expect(page.locator("#main")).to_contain_text("No messages since this world began")
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    server.world.inbound("serwersms", "demo", kind="nd", sender="+48600999000", text="one")
    expect(page.locator("#handsets > li .handset-number")).to_have_text(["48600999000"])
    expect(page.locator(".list-head .count")).to_have_text("1")
    expect(page.get_by_text("No messages since this world began")).to_have_count(0)
    expect(page.get_by_text("Choose a handset to see its messages")).to_have_count(1)
    page.reload()
    expect(page.locator("#handsets > li .handset-number")).to_have_text(["48600999000"])
    page.get_by_role("link", name=re.compile(r"^Show \d+ seeded handsets$")).click()
    expect(page.locator("#handsets > li")).not_to_have_count(1)
    expect(page.locator("#handsets > li .handset-number").first).to_have_text("48600999000")
    page.get_by_role("link", name="Only what was used since the world began").click()
    expect(page.locator("#handsets > li")).to_have_count(1)


def test_a_message_shows_its_last_state_with_its_time_and_the_earlier_ones_on_demand(open_page, server, world):
    user, secret = world.login("serwersms", "documents")
    call = {"username": user, "password": secret, "phone": "+48500600700", "text": "Hello"}
    requests.post(f"{server.url}/messages/send_sms.json", json=call, timeout=30)
    page = open_page(f"{CONVERSATIONS}?open=48500600700")
    bubble = phone(page, "48500600700").locator(".bubble", has_text="Hello")
    expect(bubble.locator("summary")).to_have_text("12:00:00 SerwerSMS in_progress")
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    bubble.locator("summary").click()
    world.clock.advance(minutes=60)

    expect(bubble.locator("summary")).to_have_text("12:00:00 SerwerSMS delivered 12:00:05")
    expect(bubble.locator(".states > li")).to_have_text(["in_progress 12:00:00", "sent 12:00:01", "delivered 12:00:05"])
    expect(bubble.locator(".states")).to_be_in_viewport()  # what was open stays open


def test_a_world_without_messages_shows_a_command_that_sends_one(look, open_page, server):
    server.create_world("empty", id="bare")
    page = open_page("worlds/bare/conversations", look)
    expect(page.locator("#main")).to_contain_text("no account that can send")
    world = server.create_world(
        id="fresh",
        snapshot={
            "mockserver": 1,
            "accounts": [
                {
                    "provider": "dialogtech",
                    "name": "mine",
                    "logins": [{"user": "a", "secret": "b"}],
                    "numbers": [{"number": "5554332111"}],
                    "messages": [],
                }
            ],
        },
    )
    page.goto(f"{server.url}/_mock/ui/worlds/fresh/conversations")
    expect(page.locator("#example")).to_be_visible()
    command = page.locator("#example").text_content()
    subprocess.run(["bash", "-euc", command], check=True, capture_output=True, timeout=60)

    assert 1 == len(world.messages())
    if look.width > 1000:
        expect(page.locator("#handsets > li")).to_have_count(1)


def test_a_handset_with_thousands_of_messages_shows_the_latest_and_loads_older_ones(look, open_page, server):
    rows = [
        {
            "id": str(number + 1),
            "direction": "outbound",
            "sender": "5554332111",
            "recipient": "5556667777" if number % 2 else f"212{number:07d}",
            "at": f"PT{10_000 - number}S",
            "text": f"message {number}",
        }
        for number in range(10_000)
    ]
    document = {
        "mockserver": 1,
        "accounts": [
            {
                "provider": "dialogtech",
                "name": "big",
                "logins": [{"user": "big", "secret": "big"}],
                "numbers": [{"number": "5554332111"}],
                "messages": rows,
            }
        ],
    }
    world = server.create_world(id="big", snapshot=document, freeze="2026-06-01T12:00:00Z", variants={"limits": "off"})
    page = open_page("worlds/big/conversations?open=5556667777", look)
    one = phone(page, "5556667777")
    expect(one.locator(".bubble")).to_have_count(40)
    expect(one.locator(".bubble").last).to_contain_text("message 9999")
    one.get_by_text("4960 older").click()
    expect(one.locator(".bubble")).to_have_count(80)
    expect(one.locator(".bubble").first).to_contain_text("message 9841")
    assert 50 >= page.locator("#handsets > li").count()

    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    for number in range(30):
        world.inbound("dialogtech", "big", sender="5556667777", recipient="5554332111", text=f"burst {number}")
    expect(one.locator(".bubble").last).to_contain_text("burst 29")
    expect(one.locator(".bubble")).to_have_count(110)


def test_the_line_below_a_bubble_is_never_cut(look, open_page, server, world):
    user, secret = world.login("serwersms", "documents")
    call = {"username": user, "password": secret, "phone": "+48500600700", "text": "Hi"}
    requests.post(f"{server.url}/messages/send_sms.json", json=call, timeout=30)
    world.clock.advance(minutes=24 * 60)
    page = open_page("worlds/mine/conversations?open=48500600700", look)
    line = page.locator("li.bubble .meta > summary").last
    expect(line).to_contain_text("delivered")
    assert line.evaluate("each => each.scrollWidth <= each.clientWidth")
