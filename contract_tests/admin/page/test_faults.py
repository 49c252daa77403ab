"""The section of faults: rules in a table, a form for each kind of fault, and the search, driven by a browser."""

from __future__ import annotations

import re
from html import unescape

import pytest
import requests
from playwright.sync_api import expect

from .test_controls import wait_until_live


def test_a_fault_rule_is_added_from_the_list_hit_and_removed(look, open_page, world, sender):
    page = open_page("worlds/mine/faults", look)
    page.locator("#kind-reset > summary").click()
    kind = page.locator("#kind-reset")
    kind.get_by_label("Applies to").select_option("dialogtech|sms.send_message")
    kind.get_by_label("How often").select_option("once")
    kind.get_by_role("button", name="Add").click()
    rules = page.locator("#rules .rule")
    expect(rules).to_contain_text("Reset connection")
    hits = rules.locator("td:nth-child(5) p")
    expect(hits).to_have_text(["0 hits of 0", "1 remaining"])
    wait_until_live(page)
    with pytest.raises(requests.ConnectionError):
        sender.send("accepted, and the reply is lost")
    expect(hits).to_have_text(["1 hit of 1", "exhausted"])
    rules.get_by_role("button", name="Remove").click()
    expect(page.locator("#rules")).to_contain_text("No rules")

    assert () == world.faults.list()
    assert 1 == len(world.messages("dialogtech", number="5556667777"))


def test_the_options_of_a_fault_are_checked(open_page, world):
    page = open_page("worlds/mine/faults")
    page.locator("#kind-uniform_delay > summary").click()
    kind = page.locator("#kind-uniform_delay")
    kind.get_by_label("Shortest delay").fill("5")
    kind.get_by_label("Longest delay").fill("1")
    kind.get_by_role("button", name="Add").click()

    expect(page.get_by_role("alert")).to_contain_text("less than least")


def test_a_fault_rule_that_another_client_adds_appears_at_once(open_page, world):
    page = open_page("worlds/mine/faults")
    wait_until_live(page)
    world.faults.add("delay", seconds=3)
    expect(page.locator("#rules .rule")).to_contain_text("Delay")
    world.faults.add("duplicate", target="webhook")
    expect(page.locator("#rules .rule")).to_have_count(2)
    world.faults.clear()
    expect(page.locator("#rules .rule")).to_have_count(0)


def test_a_rule_of_every_kind_of_fault_can_be_added(open_page, server, world):
    page = open_page("worlds/mine/faults")
    kinds = [(each["target"], each["kind"]) for each in server.fault_kinds()]
    for count, (target, kind) in enumerate(kinds, 1):
        name = kind if target == "response" else f"{target}-{kind}"
        page.locator(f"#kind-{name} > summary").click()
        page.locator(f"#add-{name}").click()
        expect(page.locator("#rules .rule")).to_have_count(count)

    assert kinds == [(rule.row["target"], rule.row["fault"]["kind"]) for rule in world.faults.list()]


def test_what_is_unfolded_while_a_rule_is_added_stays_unfolded(open_page, world):
    page = open_page("worlds/mine/faults")
    waiting = []
    page.route(
        "**/faults", lambda route: waiting.append(route) if route.request.method == "POST" else route.continue_()
    )
    page.locator("#kind-delay > summary").click()
    page.locator("#add-delay").click()
    page.locator("#kind-cut > summary").click()
    expect(page.locator("main[aria-busy]")).to_have_count(1)
    for route in waiting:
        route.continue_()
    expect(page.locator("main[aria-busy]")).to_have_count(0)
    expect(page.locator("#rules .rule")).to_have_count(1)
    expect(page.locator("#add-cut")).to_be_visible()
    expect(page.locator("#add-delay")).to_be_hidden()


def test_the_kinds_are_searched_as_one_types_and_each_has_an_address(look, open_page, server, world):
    page = open_page("worlds/mine/faults", look)
    shown = page.locator(".kinds .kind:visible > summary b")
    page.get_by_label("Search the faults").press_sequentially("given seconds late")
    expect(shown).to_have_text(["Delay", "Delayed webhook"])
    page.get_by_label("Search the faults").fill("nothing of this kind")
    expect(page.get_by_text("No fault has these words.")).to_be_visible()
    expect(page.get_by_role("heading", name="Webhooks", exact=True)).to_be_hidden()

    page.goto(f"{server.url}/_mock/ui/worlds/mine/faults#kind-cut")
    page.reload()
    expect(page.locator("#kind-cut").get_by_label("Bytes that are sent")).to_be_visible()


def test_a_rule_with_every_condition_is_added_and_told_in_words(open_page, world):
    page = open_page("worlds/mine/faults")
    page.locator("#kind-static_response > summary").click()
    kind = page.locator("#kind-static_response")
    kind.get_by_label("HTTP status").fill("502")
    kind.get_by_label("Body").fill("Bad Gateway")
    kind.get_by_label("Applies to").select_option("mgage|program.export")
    kind.get_by_label("How often").select_option("every time")
    kind.get_by_text("More conditions").click()
    kind.get_by_label("Method").fill("GET")
    kind.get_by_label("Not the first").fill("2")
    kind.get_by_label("Probability").fill("0.5")
    kind.get_by_label("Until").fill("PT1H")
    kind.get_by_role("button", name="Add").click()
    rule = page.locator("#rule-f1 > td")
    expect(rule.nth(1)).to_have_text("Gateway response status 502; Body: Bad Gateway")
    expect(rule.nth(2).locator("p")).to_have_text(["mGage", "program.export", "method GET"])
    expect(rule.nth(3).locator("p")).to_have_text(
        ["skip 2", "until 2026-06-01T13:00:00Z", "probability 0.5", "before the operation takes effect"]
    )

    (added,) = world.faults.list()
    assert {"skip": 2, "until": "2026-06-01T13:00:00Z", "probability": 0.5} == added.row["when"]
    assert {"provider": "mgage", "operation": "program.export", "method": "GET"} == added.row["match"]


DESCRIBED = [
    ({"fault": {"kind": "uniform_delay", "least": 1, "most": 2.5}}, "Random delay 1 to 2.5 s"),
    ({"fault": {"kind": "lognormal_delay", "median": 1, "sigma": 0.5, "most": 9}}, "Realistic delay usually 1 s, spread 0.5; Longest delay, in seconds: 9"),
    ({"fault": {"kind": "wrong_length", "by": -3}}, "Wrong Content-Length -3 bytes"),
    ({"fault": [{"kind": "delay", "seconds": 2}, {"kind": "slow", "size": 4, "pause": 1}]}, "Delay 2 s Slow body 4 bytes, then a pause of 1 s"),
    ({"fault": {"kind": "give_up", "attempts": 2}, "target": "webhook"}, "Early give-up after 2 attempts"),
    ({"fault": {"kind": "duplicate"}, "target": "webhook"}, "Duplicate"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "words"), DESCRIBED, ids=[words.split()[0] for _, words in DESCRIBED])
def test_a_fault_is_told_in_words(server, world, rule, words):
    requests.post(f"{server.url}/_mock/worlds/mine/faults", json=rule, timeout=30).raise_for_status()
    page = requests.get(f"{server.url}/_mock/ui/worlds/mine/faults", timeout=30).text
    cell = re.search(r'<tr class="rule".*?</td>\s*<td>(.*?)</td>', page, re.DOTALL)[1]

    assert words == " ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split())


def test_the_kinds_are_searched_without_a_script_too(server, world):
    page = requests.get(f"{server.url}/_mock/ui/worlds/mine/faults?q=Seconds+given+late", timeout=30).text

    assert ["kind-delay", "kind-webhook-delay"] == re.findall(r'<details class="kind" name="kind" id="([^"]+)"', page)
