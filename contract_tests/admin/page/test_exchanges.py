"""The exchanges section, driven by a browser while real clients send requests."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import closing, suppress
from html import unescape
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from .conftest import Look

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
    rows = page.locator("#exchanges > tr.exchange")

    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("messages.recived")
    expect(rows.nth(1)).to_contain_text("TooManyPerNumber")
    expect(rows.nth(2)).to_contain_text("accepted")
    expect(page.locator("#main")).not_to_contain_text("No requests yet")


def test_a_row_says_who_sent_what_to_whom_from_which_client(open_page, server, world, sender):
    sender.send("Your table is ready.")
    user, secret = world.login("serwersms", "documents")
    call = {"username": user, "password": secret, "phone": ["+48500600700", "+48500600701"], "text": "Cześć"}
    requests.post(f"{server.url}/messages/send_sms.json", json=call, headers={"User-Agent": "Shop/3 (PHP)"}, timeout=30)
    call_serwersms(server, world, type="nd")
    page = open_page(EXCHANGES)
    row = "#x-{} > {}"
    names = ("provider", "operation", "parties", "text", "account", "client")

    def cells(number):
        return [page.locator(f"#x-{number} > td.{name}").inner_text() for name in names]

    expect(page.locator("#exchanges > tr.exchange")).to_have_count(3)
    agent = requests.utils.default_user_agent()
    assert [
        "DialogTech",
        "sms.send_message",
        "5554332111 → 5556667777",
        "Your table is ready.",
        "documents",
        agent,
    ] == cells(1)
    assert ["SerwerSMS", "messages.send_sms", "→ +48500600700 +1", "Cześć", "documents", "Shop/3"] == cells(2)
    assert ["SerwerSMS", "messages.recived", "", "type nd", "documents", agent] == cells(3)
    assert re.fullmatch(r"\d+(\.\d+)? m?s", page.locator(row.format(1, "td.duration")).inner_text())
    assert "12:00:00" == page.locator(row.format(1, "td.time")).inner_text()


def test_a_tablet_shows_account_duration_and_client_in_the_list(open_page, world, sender):
    sender.send("one")
    page = open_page(EXCHANGES, Look("light", 768, 1024))
    for name in ("account", "duration", "client", "parties", "text"):
        expect(page.locator(f"#x-1 > td.{name}")).to_be_visible()


def test_the_list_is_filtered_while_the_user_types_and_stays_live(look, open_page, server, world, sender):
    sender.send("a needle in the hay")
    sender.send("rejected")
    call_serwersms(server, world)
    page = open_page(EXCHANGES, look)
    rows = page.locator("#exchanges > tr.exchange")
    expect(rows).to_have_count(3)
    page.get_by_label("Filter", exact=True).press_sequentially("outcome:rejected")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("TooManyPerNumber")
    assert page.url.endswith("?q=outcome%3Arejected")
    expect(page.get_by_label("Filter", exact=True)).to_be_focused()

    page.get_by_label("Filter", exact=True).fill("needle")
    expect(page).to_have_url(re.compile(r"\?q=needle$"))
    expect(rows).to_have_count(1)
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    world.clock.advance(seconds=2)
    sender.send("hay")
    sender.send("another needle")  # rejected, and found by its body
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("TooManyPerNumber")
    page.get_by_role("link", name="Rejected").click()
    expect(page.get_by_label("Filter", exact=True)).to_have_value("class:rejected")
    expect(rows).to_have_count(2)


def test_a_link_that_is_clicked_right_after_typing_is_followed(open_page, sender):
    sender.send("a needle in the hay")
    page = open_page(EXCHANGES)
    page.clock.install()
    page.evaluate(
        """() => {
            const field = document.getElementById("q");
            field.value = "needle";
            field.dispatchEvent(new Event("input", { bubbles: true }));
            document.getElementById("class-succeeded").click();
        }"""
    )
    page.clock.run_for(1_000)  # longer than the filter waits for the next key

    expect(page).to_have_url(re.compile(r"q=class%3Asucceeded$"))
    expect(page.get_by_label("Filter", exact=True)).to_have_value("class:succeeded")


FILTERS = {
    "": [3, 2, 1],
    "provider:dialogtech": [2, 1],
    "-provider:dialogtech": [3],
    "operation:recived": [3],
    "to:5556667777 text:one": [1],
    'text:"one two"': [],
    "from:5554332111 outcome:accepted": [1],
    "error:toomany": [2],
    "class:rejected": [2],
    "status:200": [3, 2, 1],
    "account:serwersms": [3],
    "client:python-requests": [3, 2, 1],
    "path:/messages": [3],
    "fault:*": [],
    "request:req-17": [3],
    "nothing:known": [],
    "to:": [3, 2, 1],
    "-to: provider:serwersms": [3],
    "two": [2],
}


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_names_fields(server, world, sender, text):
    sender.send("one")
    sender.send("two")
    user, secret = world.login("serwersms", "documents")
    call = {"username": user, "password": secret, "type": "nd"}
    requests.post(f"{server.url}/messages/recived.json", json=call, headers={"X-Request-Id": "req-17"}, timeout=30)
    page = requests.get(f"{server.url}/_mock/ui/{EXCHANGES}", {"q": text}, timeout=30).text

    assert FILTERS[text] == [int(each) for each in re.findall(r'<tr id="x-(\d+)"', page)]
    assert ("No field is named nothing" in page) == (text == "nothing:known")


@pytest.mark.parametrize("outcome", ["no such operation", "unmatched"])
def test_a_filter_takes_an_outcome_by_its_name_and_by_the_words_of_the_list(server, world, sender, outcome):
    sender.send("one")
    requests.get(f"{server.url}/_w/mine/nope", timeout=30)
    page = requests.get(f"{server.url}/_mock/ui/{EXCHANGES}", {"q": f'outcome:"{outcome}"'}, timeout=30).text

    assert ["2"] == re.findall(r'<tr id="x-(\d+)"', page)


def test_rows_are_grouped_by_minute(look, open_page, world, sender):
    sender.send("one")
    page = open_page(EXCHANGES, look)
    minutes = page.locator("#exchanges > tr.minute")
    expect(minutes).to_have_text(["12:00 2026-06-01"])
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    world.clock.advance(minutes=2)
    sender.send("two")
    sender.send("three", to="5556667778")
    expect(minutes).to_have_text(["12:02 2026-06-01", "12:00 2026-06-01"])
    expect(page.locator("#exchanges > tr.minute + tr.exchange > td.num")).to_have_text(["3", "1"])


def test_rows_are_clicked_and_walked_by_keyboard(open_page, world, sender):
    for number in range(3):
        sender.send(f"text {number}", to=f"555666777{number}")
    page = open_page(EXCHANGES)
    page.locator("#x-2 > td.text").click()
    expect(page.locator("#detail-title")).to_have_text("Exchange 2")
    expect(page.locator("#x-2.current td.num a[aria-current]")).to_have_count(1)
    page.keyboard.press("j")
    expect(page.locator("#detail-title")).to_have_text("Exchange 1")
    page.keyboard.press("k")
    expect(page.locator("#detail-title")).to_have_text("Exchange 2")
    page.keyboard.press("k")
    expect(page.locator("#detail-title")).to_have_text("Exchange 3")
    assert page.url.endswith("/exchanges/3")
    page.go_back()
    expect(page.locator("#detail-title")).to_have_text("Exchange 2")
    page.keyboard.press("/")
    page.keyboard.type("kj")  # a filter, and no step
    expect(page.get_by_label("Filter", exact=True)).to_have_value("kj")
    expect(page.locator("#detail-title")).to_have_text("Exchange 2")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_have_count(0)


def test_the_list_is_paused_and_says_how_many_are_new(look, open_page, world, sender):
    sender.send("one")
    page = open_page(EXCHANGES, look)
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    page.get_by_role("button", name="Pause").click()
    sender.send("two")
    sender.send("three")
    expect(page.locator("#pause")).to_have_text("Resume, 2 new")
    expect(page.locator("#exchanges > tr.exchange")).to_have_count(1)
    page.locator("#pause").click()
    expect(page.locator("#exchanges > tr.exchange")).to_have_count(3)
    expect(page.locator("#pause")).to_have_text("Pause")
    sender.send("four")
    expect(page.locator("#exchanges > tr.exchange")).to_have_count(4)


def test_a_paused_list_stays_paused_while_exchanges_are_opened_closed_and_filtered(look, open_page, world, sender):
    sender.send("one")
    page = open_page(EXCHANGES, look)
    rows = page.locator("#exchanges > tr.exchange")
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    page.get_by_role("button", name="Pause").click()
    sender.send("two")
    expect(page.locator("#pause")).to_have_text("Resume, 1 new")
    page.locator("#x-1 > td.operation").click()
    expect(page.locator("#detail-title")).to_have_text("Exchange 1")
    expect(page.locator("#pause")).to_have_text("Resume, 1 new")
    page.get_by_role("link", name="close").click()
    expect(page.locator("#detail")).to_have_count(0)
    expect(rows).to_have_count(1)
    page.get_by_label("Filter", exact=True).fill("from:555")
    expect(rows).to_have_count(2)
    sender.send("three")
    expect(page.locator("#pause")).to_have_text("Resume, 1 new")
    expect(rows).to_have_count(2)
    assert page.url.endswith("/exchanges?q=from%3A555")
    page.locator("#pause").click()
    expect(rows).to_have_count(3)


def test_the_journal_is_cleared(look, open_page, world, sender):
    sender.send("one")
    page = open_page(EXCHANGES, look)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#main")).to_contain_text("The journal is empty")
    expect(page.locator("#exchange-count")).to_have_text("0 in the journal, 1 dropped")
    assert [] == list(world.journal())
    expect(page.locator("#connection[data-state=live]")).to_have_count(1)
    world.clock.advance(seconds=2)
    sender.send("two")
    expect(page.locator("#exchanges > tr.exchange > td.num")).to_have_text(["2"])


def test_a_message_that_is_sent_twice_is_flagged_and_compared_with_its_first(look, open_page, world, sender):
    sender.send("Your order has left.")
    world.clock.advance(seconds=5)
    sender.send("Your order has left.")
    sender.send("Something else.", to="5556667778")
    world.clock.advance(minutes=120)
    sender.send("Your order has left.")  # as late as that it is no duplicate
    page = open_page(EXCHANGES, look)
    expect(page.locator(".duplicate")).to_have_text(["duplicate of 1"])
    page.locator(".duplicate").click()
    expect(page.locator("#comparison-title")).to_have_text("Exchange 1 and exchange 2")
    expect(page.locator(".differences tbody > tr")).to_have_count(1)
    expect(page.locator(".differences tbody > tr")).to_contain_text("Mon, 01 Jun 2026 12:00:05 GMT")
    page.get_by_role("link", name="exchange 1", exact=True).click()
    expect(page.locator(".duplicate-note")).to_have_text("The same message was sent again, by exchange 2.")


def test_two_exchanges_are_compared(look, open_page, world, sender):
    sender.send("one")
    sender.send("two")
    page = open_page(f"{EXCHANGES}/2", look)
    page.get_by_role("button", name="Compare").click()
    rows = page.locator(".differences tbody > tr")
    expect(rows.filter(has_text="message = one")).to_contain_text("message = two")
    expect(rows.filter(has_text="success")).to_contain_text("failed")
    page.get_by_label("Compare with").fill("77")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("alert")).to_have_text("There is no exchange 77 in the journal.")


def test_a_request_is_sent_again_as_it_was(look, open_page, world, sender):
    sender.send("It's “ready”\nnow")
    world.clock.advance(minutes=2)
    page = open_page(f"{EXCHANGES}/1", look)
    page.get_by_role("button", name="Send again").click()
    expect(page.locator("#detail-title")).to_have_text("Exchange 2")
    expect(page.locator(".notice")).to_contain_text("This is exchange 1 sent again.")
    first, second = (world.exchange(number) for number in (1, 2))

    assert ("POST", f"/_w/mine{first.target}", first.request.body) == (
        second.method,
        second.target,
        second.request.body,
    )
    own = [each for each in second.request.headers if each[0] != "Connection"]
    assert sorted(own) == sorted(each for each in first.request.headers if each[0] != "Connection")
    assert ["It's “ready”\nnow"] * 2 == [message.text for message in world.messages("dialogtech", number="5556667777")]


@pytest.mark.parametrize("fault", [{"kind": "reset"}, {"kind": "static_response", "status": 503}])
def test_a_request_is_sent_again_into_a_fault(server, world, sender, fault):
    sender.send("one")
    world.clock.advance(minutes=2)
    world.faults.add(fault)
    url = f"{server.url}/_mock/ui/{EXCHANGES}"
    page = requests.post(url, {"do": "resend", "number": "1"}, timeout=30)

    assert page.url.endswith("/exchanges/2?resent=1")
    assert [fault["kind"]] == re.findall(r"pill-fault\">fault: (\w+)<", page.text[page.text.index('id="detail"') :])[:1]


def test_a_request_whose_secret_is_masked_is_not_sent_again(server, world):
    call = {"action": "sms.get_numbers", "access_key": "someone", "secret_access_key": "of another place"}
    requests.get(f"{world.base_url}/ibp_api.php", call, timeout=30)
    url = f"{server.url}/_mock/ui/{EXCHANGES}"
    page = requests.post(url, {"do": "resend", "number": "1"}, timeout=30).text

    assert "the journal masks a secret of this request that no world has issued; send it from your client" in page
    assert "there is no exchange 9" in requests.post(url, {"do": "resend", "number": "9"}, timeout=30).text
    assert 1 == world.journal().last


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
    rows, cells = page.locator("#exchanges > tr.exchange"), page.locator("#exchanges td.outcome")
    expect(cells).to_have_text(
        [
            "rejected TooManyPerNumber",
            "rejected TooManyPerMinute fault: delay, provider_error",
            "not delivered fault: reset",
        ]
    )

    page.get_by_label("Filter", exact=True).fill("fault:*")
    expect(rows).to_have_count(2)
    page.get_by_label("Filter", exact=True).fill("fault:* class:failed")
    expect(rows).to_have_count(1)
    rows.get_by_role("link").first.click()
    expect(page.locator("#detail .pill")).to_have_text(["not delivered", "fault: reset"])
    assert (
        page.locator(".why")
        .inner_text()
        .endswith("the fault rule f1 (reset) acted after it took effect, and the client got no response.")
    )
    page.get_by_role("link", name="Clock").first.click()
    expect(page.locator(".timeline:not(.timeline-due)")).to_contain_text("sms.send_message: no_response, fault: reset")


def test_an_exchange_is_explained_with_the_sentence_of_the_document(look, open_page, world, sender):
    sender.send("one")
    sender.send("two")
    page = open_page(f"{EXCHANGES}/2", look)

    expect(page.get_by_role("heading", name="Exchange 2")).to_be_visible()
    expect(page.locator(".why")).to_have_text(
        "DialogTech rejected it with TooManyPerNumber: Rate limit exceeded: 1 sms per number per second; "
        "next possible in 1.000 seconds, at 2026-06-01T12:00:01Z."
    )
    expect(page.locator(".explanation blockquote").first).to_contain_text("1 sms per number per second")
    expect(page.locator(".windows > li").last).to_contain_text(
        "1 sms per number per second: all 1 used then; free again at 12:00:01"
    )
    expect(page.locator(".hint-box")).to_contain_text("Hint: Advance the clock to 2026-06-01T12:00:01Z")


def test_a_hint_is_true_of_the_worlds_present(server, world, sender):
    def hint():
        page = requests.get(f"{server.url}/_mock/ui/{EXCHANGES}/2", timeout=30).text
        return re.search(r"<b>Hint:</b> ([^<]*)</p>", page)[1]

    sender.send("one")
    sender.send("two")
    assert "Advance the clock to 2026-06-01T12:00:01Z, or set the variant limits: off in this world." == hint()
    world.clock.advance(seconds=2)
    assert "The limit is free again: sent now, the same request is accepted." == hint()
    sender.send("three")
    assert "Advance the clock to 2026-06-01T12:00:03Z, or set the variant limits: off in this world." == hint()
    world.variants.set(limits="off")
    assert "The limit is free again: sent now, the same request is accepted." == hint()
    assert 3 == world.journal().last


def test_the_identifiers_of_the_client_are_shown(server, world):
    headers = {
        "X-Request-Id": "req-17",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "X-Mockserver-World": "mine",
    }
    requests.get(f"{server.url}/ibp_api.php", headers=headers, timeout=30)
    page = requests.get(f"{server.url}/_mock/ui/{EXCHANGES}/1", timeout=30).text
    facts = dict(re.findall(r"<dt>([^<]*)</dt><dd><code>([^<]*)</code>", page))

    assert ("req-17", "0af7651916cd43dd8448eb211c80319c", "mine") == (
        facts["X-Request-Id"],
        facts["Trace"],
        facts["X-Mockserver-World"],
    )


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
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("#announcement")).to_have_text("Copied")
    command = page.evaluate("navigator.clipboard.readText()")
    done = subprocess.run(["bash", "-euc", command], capture_output=True, text=True, timeout=60)

    assert (0, first) == (done.returncode, done.stdout)
    assert ["It's “ready”\nnow"] * 2 == [message.text for message in world.messages("dialogtech", number="5556667777")]


def code_on_page(server, number, name, world="mine"):
    page = requests.get(f"{server.url}/_mock/ui/worlds/{world}/exchanges/{number}", timeout=30).text
    return unescape(re.search(rf'<pre [^>]*id="{name}"[^>]*>(.*?)</pre>', page, re.DOTALL)[1])


@pytest.mark.parametrize(
    ("method", "target"), [("HEAD", "/ibp_api.php"), ("GET", "/nope/../ibp_api.php?a={b}"), ("GET", "/nope/?x[]=[1-3]")]
)
def test_a_curl_command_sends_the_method_and_the_target_as_they_were(server, world, method, target):
    with closing(HTTPConnection(*server.url.removeprefix("http://").split(":"), timeout=30)) as connection:
        connection.request(method, f"/_w/mine{target}")
        connection.getresponse().read()
    subprocess.run(["bash", "-euc", code_on_page(server, 1, "curl")], capture_output=True, timeout=60, check=True)

    assert [(method, f"/_w/mine{target}")] * 2 == [(each.row["method"], each.row["target"]) for each in world.journal()]


def test_a_copied_test_passes_if_an_account_has_one_text_as_user_and_password(server, tmp_path):
    program = f"{server.url}/api/messages/program/121811?startDate=2014-12-05T00:00:00&endDate=2014-12-05T23:59:59"
    call = {"username": "demo", "password": "demo", "type": "eco"}
    responses = (
        requests.get(program, auth=("mgage", "mgage"), timeout=30),
        requests.post(f"{server.url}/messages/recived.json", json=call, timeout=30),
    )
    assert [200, 200] == [each.status_code for each in responses]
    last = server.world.journal()[-1].number
    for number in (last - 1, last):
        assert "1 passed" in run_test(code_on_page(server, number, "pytest", "default"), tmp_path)


def test_an_exchange_is_copied_as_a_test_that_passes(open_page, world, sender, tmp_path):
    sender.send("one")
    sender.send("two")
    page = open_page(f"{EXCHANGES}/2")
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


def test_what_the_filter_shows_is_exported(open_page, world, sender):
    sender.send("one")
    sender.send("two")
    page = open_page(EXCHANGES)
    page.fill("#q", "outcome:rejected")
    expect(page.locator("#exchanges > tr.exchange")).to_have_count(1)
    page.click("#export summary")
    with page.expect_download() as download:
        page.click("#do-export-anonymised")

    assert "mine.har" == download.value.suggested_filename
    assert json.loads(Path(download.value.path()).read_text()) == world.har(outcome="rejected", anonymise=True)
    expect(page.locator("#exchanges > tr.exchange")).to_have_count(1)
