"""The exchanges section, driven by a browser while real clients send requests."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import suppress

import pytest
import requests
from playwright.sync_api import expect

FORM = "application/x-www-form-urlencoded"
EXCHANGES = "worlds/mine/exchanges"


def call_serwersms(server, world, **more):
    user, secret = world.login("serwersms", "documents")
    return requests.post(
        f"{server.url}/messages/recived.json", json={"username": user, "password": secret, **more}, timeout=30
    )


def test_requests_are_listed_as_they_happen(look, open_page, server, world, sender):
    page = open_page(EXCHANGES, look)
    expect(page.locator("#main")).to_contain_text("No requests yet")
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    sender.send("one")
    sender.send("two")
    call_serwersms(server, world)
    rows = page.locator("#exchanges > tr")

    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("messages.recived")
    expect(rows.nth(1)).to_contain_text("TooManyPerNumber")
    expect(rows.nth(2)).to_contain_text("accepted")
    expect(page.locator("#main")).not_to_contain_text("No requests yet")


def test_the_list_is_filtered_and_searched_and_stays_live(look, open_page, server, world, sender):
    sender.send("a needle in the hay")
    sender.send("rejected")
    call_serwersms(server, world)
    page = open_page(EXCHANGES, look)
    rows = page.locator("#exchanges > tr")
    page.get_by_label("Outcome").select_option("rejected")
    page.get_by_role("button", name="Filter").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("TooManyPerNumber")

    page.get_by_role("link", name="Show all").click()
    expect(rows).to_have_count(3)
    page.get_by_label("Find").fill("needle")
    page.get_by_label("Find").press("Enter")
    expect(rows).to_have_count(1)
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    world.clock.advance(seconds=2)
    sender.send("hay")
    sender.send("another needle")  # rejected, and found by its body
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("TooManyPerNumber")


def test_the_outcome_is_shown_beside_the_fault(look, open_page, world, sender):
    world.faults.add("reset", point="after", when={"nth": 1})
    world.faults.add(
        [{"kind": "delay", "seconds": 0}, {"kind": "provider_error", "name": "TooManyPerMinute"}], when={"nth": 2}
    )
    with pytest.raises(requests.ConnectionError):
        sender.send("no_response")
    sender.send("rejected on purpose")
    sender.send("rejected by a limit")
    page = open_page(EXCHANGES, look)
    rows, cells = page.locator("#exchanges > tr"), page.locator("#exchanges > tr > td:last-child")
    expect(cells).to_have_text(
        ["TooManyPerNumber", "TooManyPerMinute fault: delay, provider_error", "no_response fault: reset"]
    )

    page.get_by_label("Fault").select_option("yes")
    page.get_by_role("button", name="Filter").click()
    expect(rows).to_have_count(2)
    page.get_by_label("Outcome").select_option("no_response")
    page.get_by_role("button", name="Filter").click()
    expect(rows).to_have_count(1)
    rows.get_by_role("link").first.click()
    expect(page.locator(".page-head .pill")).to_have_text(["no_response", "fault: reset"])
    page.get_by_role("link", name="Clock").first.click()
    expect(page.locator(".timeline:not(.timeline-due)")).to_contain_text("sms.send_message: no_response, fault: reset")


def test_an_exchange_is_explained_with_the_sentence_of_the_document(look, open_page, world, sender):
    sender.send("one")
    sender.send("two")
    page = open_page(f"{EXCHANGES}/2", look)

    expect(page.get_by_role("heading", name="Exchange 2")).to_be_visible()
    expect(page.locator(".explanation blockquote").first).to_contain_text("1 sms per number per second")
    expect(page.locator(".explanation")).to_contain_text("sms.send_message")
    expect(page.locator(".hint-box")).to_contain_text("Wait until")


def test_a_response_is_shown_formatted_as_sent_and_as_bytes(look, open_page, server, world, sender):
    call_serwersms(server, world, type="nd", date_from="2014-10-01 00:00:00")
    response = sender.send("one").content
    page = open_page(f"{EXCHANGES}/1", look)
    half = page.locator("#message-response")
    expect(half.locator("pre")).to_contain_text('{\n  "items": [\n    {\n      "id": ')
    request = page.locator("#message-request")
    expect(request.locator("pre")).to_contain_text('"username": "')

    page.goto(f"{server.url}/_mock/ui/{EXCHANGES}/2")
    expect(half.locator("pre")).to_contain_text("<!DOCTYPE response [")
    expect(half.locator("pre .t-tag").first).to_be_visible()
    half.get_by_role("link", name="As sent").click()
    expect(half.locator("pre")).to_contain_text(response.decode())
    expect(half.locator("pre")).to_contain_text("HTTP/1.1 200 OK")
    half.get_by_role("link", name="Bytes").click()
    expect(half.locator("pre")).to_contain_text("00000000  48 54 54 50 2f 31 2e 31")
    expect(request.get_by_role("link", name="Formatted")).to_have_attribute("aria-current", "true")


def test_an_exchange_is_copied_as_a_curl_command_that_works(look, open_page, world, sender):
    first = sender.send("It's “ready”\nnow").text
    world.clock.advance(minutes=2)
    page = open_page(f"{EXCHANGES}/1", look)
    page.locator(".code-samples summary", has_text="curl").click()
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("#announcement")).to_have_text("Copied")
    command = page.evaluate("navigator.clipboard.readText()")
    done = subprocess.run(["bash", "-euc", command], capture_output=True, text=True, timeout=60)

    assert (0, first) == (done.returncode, done.stdout)
    assert ["It's “ready”\nnow"] * 2 == [message.text for message in world.messages("dialogtech", number="5556667777")]


def test_an_exchange_is_copied_as_a_test_that_passes(open_page, world, sender, tmp_path):
    sender.send("one")
    sender.send("two")
    page = open_page(f"{EXCHANGES}/2")
    page.locator(".code-samples summary", has_text="pytest").click()
    page.get_by_role("button", name="Copy as a pytest test").click()
    expect(page.locator("#announcement")).to_have_text("Copied")

    assert "1 passed" in run_test(page.evaluate("navigator.clipboard.readText()"), tmp_path)


def run_test(text, folder):
    (folder / "test_copied.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, folder]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder).stdout


def copied(server, number):
    page = requests.get(f"{server.url}/_mock/ui/{EXCHANGES}/{number}", timeout=30).text
    from html import unescape

    found = re.search(r'id="pytest" tabindex="0">(.*?)</pre>', page, re.DOTALL)
    return unescape(found[1])


def make_exchanges(server, world, sender):
    """Make an exchange for each way in which a copied test is written, and return their number."""
    sender.send("accepted")
    sender.send("rejected by a limit")
    world.clock.advance(minutes=2)
    key, _ = world.login("dialogtech", "documents")
    wrong = {"action": "sms.get_numbers", "access_key": key, "secret_access_key": "wrong"}
    requests.get(f"{server.url}/ibp_api.php", wrong, timeout=30)
    user, secret = world.login("mgage", "documents")
    requests.get(f"{server.url}/api/messages/program/121811?pageSize=2", auth=(user, secret), timeout=30)
    requests.get(f"{server.url}/api/messages/program/121811?pageSize=many", auth=(user, secret), timeout=30)
    call_serwersms(server, world, type="nd")
    call_serwersms(server, world, type="carrier pigeon")
    requests.post(
        f"{world.base_url}/messages/recived", data=b"\xff{", headers={"Content-Type": "text/json"}, timeout=30
    )
    call = f"action=%ff&access_key={key}&message=%ff"
    requests.get(f"{world.base_url}/ibp_api.php?{call}", timeout=30)
    requests.post(f"{world.base_url}/ibp_api.php", call, headers={"Content-Type": FORM}, timeout=30)
    world.faults.add("reset", point="after", when={"first": 1})
    with pytest.raises(requests.ConnectionError):
        sender.send("no_response")
    world.faults.add("static_response", status=503, body="busy", when={"first": 1})
    sender.send("busy")
    requests.get(f"{world.base_url}/api/nothing", timeout=30)
    return world.journal().last


def test_every_kind_of_exchange_is_copied_as_a_test_that_passes(server, world, sender, tmp_path):
    count = make_exchanges(server, world, sender)
    for number in range(1, count + 1):
        (tmp_path / f"test_{number}.py").write_text(copied(server, number))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170, cwd=tmp_path)

    assert 13 == count
    assert f"{count} passed" in done.stdout, done.stdout


FAULTS = (
    {"kind": "static_response", "status": 503},
    {"kind": "provider_error", "name": "TooManyPerMinute"},
    {"kind": "close"},
    {"kind": "cut", "keep": 9},
    {"kind": "cut", "keep": 100_000},
    {"kind": "malformed"},
    {"kind": "wrong_length", "by": 5},
    {"kind": "wrong_length", "by": -5},
    {"kind": "garbage"},
    {"kind": "replay"},
)
OUTCOMES = (
    "overridden rejected no_response corrupted accepted corrupted corrupted corrupted corrupted accepted replayed"
)


def test_an_exchange_with_a_fault_is_copied_as_a_test_that_passes(server, world, tmp_path):
    key, secret = world.login("dialogtech", "documents")
    call = {"action": "sms.get_numbers", "access_key": key, "secret_access_key": secret}
    for fault in FAULTS:
        rule = world.faults.add(fault)
        for _ in range(2 if fault["kind"] == "replay" else 1):
            with suppress(requests.RequestException):
                requests.get(f"{world.base_url}/ibp_api.php", call, timeout=30)
        rule.remove()
    journal = world.journal()
    for exchange in journal:
        (tmp_path / f"test_{exchange.number}.py").write_text(copied(server, exchange.number))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170, cwd=tmp_path)

    assert OUTCOMES.split() == [exchange.outcome for exchange in journal]
    assert f"{len(journal)} passed" in done.stdout, done.stdout


def test_a_copied_test_repeats_the_call_that_used_up_the_limit_although_its_client_saw_an_error(
    server, world, sender, tmp_path
):
    world.faults.add("provider_error", name="TooManyPerMinute", point="after", when={"first": 1})
    sender.send("stored, and the client says otherwise")
    sender.send("rejected by a limit")
    text = copied(server, 2)

    assert "def test_sms_send_message_is_rejected_by_too_many_per_number():" in text
    assert 2 == text.count("requests.request(")
    assert "1 passed" in run_test(text, tmp_path)


def test_bytes_that_are_not_unicode_are_shown_as_escapes(server, world):
    requests.get(f"{world.base_url}/ibp_api.php?action=%ff&access_key=foo&%fe=%ff", timeout=30)
    for path in (EXCHANGES, f"{EXCHANGES}?q=ibp", f"{EXCHANGES}/1", "worlds/mine/clock"):
        response = requests.get(f"{server.url}/_mock/ui/{path}", timeout=30)

        assert 200 == response.status_code, path
        assert "udcff" in response.text, path


def test_the_page_of_a_missing_exchange_is_404(server, world):
    response = requests.get(f"{server.url}/_mock/ui/{EXCHANGES}/77", timeout=30)

    assert 404 == response.status_code
    assert "there is no exchange 77" in response.text
