"""Worlds of DialogTech that are made of recordings give the recorded reads back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec import structs

from contract_tests.installed import INSTALLED, SWITCHES
from contract_tests.recordings.given_back import differences
from contract_tests.recordings.upstream import Upstream
from mockserver.engine.accounts import Account
from mockserver.har.exchange import RecordedExchange
from mockserver.recordings.reconstruction import reconstruct_world


def ask(upstream: Upstream, account: Account, action: str, **values: str) -> RecordedExchange:
    """Ask as an account; the parameter `from` is called `sender`."""
    if "sender" in values:
        values["from"] = values.pop("sender")
    login = account.logins[0]
    keys = {"access_key": login.user, "secret_access_key": login.secret or ""}
    return upstream.ask("GET", f"/ibp_api.php?{urlencode({'action': action, **keys, **values})}")


def read_all(upstream: Upstream, account: Account, **values: str) -> RecordedExchange:
    return ask(upstream, account, "sms.get_messages", **{"start_date": "20000101", "end_date": "20991231", **values})


def live(upstream: Upstream) -> None:
    """Do all that a client can do with the accounts, and read everything in between."""
    for account in upstream.accounts:
        ask(upstream, account, "sms.get_numbers")
        read_all(upstream, account)
        for number in account.numbers:
            read_all(upstream, account, number=number)
    demo = upstream.accounts[2]
    upstream.let_pass(1)
    one, other, *_ = demo.numbers
    ask(upstream, demo, "sms.send_message", sender=one, to="5556667777", message="zażółć & <gęślą>")
    ask(upstream, demo, "sms.send_message", sender=one, to="5556667777", message="too soon")
    upstream.let_pass(1)
    ask(upstream, demo, "sms.send_message", sender=other, to="9995550150", message="Are you there?")
    ask(upstream, demo, "sms.send_message", sender=other, to="5556667777", message="")
    read_all(upstream, demo, number=other)
    upstream.let_pass(20)
    upstream.world.receive_inbound("dialogtech", {"sender": "5556667777", "recipient": one, "text": "hi\u2028there"})
    upstream.let_pass(20)
    after = read_all(upstream, demo, number=one)
    read_all(upstream, demo)
    for message_id in ("1", id_of(after, "hi\u2028there"), id_of(after, "zażółć")):
        ask(upstream, demo, "sms.get_message", msg_id=message_id)
    ask(upstream, demo, "sms.delete_message", msg_id=id_of(after, "zażółć"))
    ask(upstream, demo, "sms.delete_message", msg_id=id_of(after, "zażółć"))
    ask(upstream, demo, "sms.delete_message", msg_id=demo_message(upstream))
    read_all(upstream, demo)
    ask(upstream, demo, "sms.register_number", number="7735550199", url="http://example.net/a?b=c&d=e")
    ask(upstream, demo, "sms.register_number", number=other)
    ask(upstream, demo, "sms.register_number", number="2125550000")
    ask(upstream, demo, "sms.unregister_number", number=one)
    ask(upstream, demo, "sms.unregister_number", number=one)
    ask(upstream, demo, "sms.send_message", sender=one, to="5556667777", message="from nowhere")
    ask(upstream, demo, "sms.get_numbers")
    ask(upstream, demo, "sms.fly")
    ask(upstream, demo, "general.buildingblockids")
    login = urlencode({"action": "general.login", "username": "demo-access-key", "password": "demo-secret-key"})
    upstream.ask("POST", "/ibp_api.php", [("Content-Type", "application/x-www-form-urlencoded")], login.encode())
    upstream.ask("GET", "/ibp_api.php?action=sms.get_numbers&api_key=demo-api-key")
    upstream.ask("GET", "/ibp_api.php?action=sms.get_numbers&access_key=nobody&secret_access_key=knows")


def id_of(listed: RecordedExchange, text: str) -> str:
    """Return the id of the message with a text in a response."""
    before = listed.response_body.decode().partition(text)[0]
    return before.rpartition("<msg_id>")[2].partition("</msg_id>")[0]


def demo_message(upstream: Upstream) -> str:
    """Return the id of a message of the demo account."""
    account = upstream.accounts[2]
    return next(each.id for each in upstream.world.state.message_store if each.account == account.key)


VARIANTS: Sequence[Mapping[str, str]] = (
    {},
    {
        quirk.name: quirk.variants[-1]
        for quirk in SWITCHES
        if quirk.name.startswith("dialogtech.") and quirk.name != "dialogtech.limits.count"
    }
    | {"dialogtech.zone": "America/Chicago"},
    {
        "dialogtech.get_messages.dtd": "printed",
        "dialogtech.get_messages.envelope": "dtd",
        "dialogtech.zone": "Asia/Kolkata",
    },
)


@pytest.mark.parametrize("variants", VARIANTS, ids=["default variants", "last variants", "printed DTD"])
def test_everything_that_was_read_comes_back(variants: Mapping[str, str]) -> None:
    upstream = Upstream("dialogtech", variants)
    live(upstream)
    world = reconstruct_world(upstream.recording, INSTALLED, variants)
    assert world.unexplained == ()
    assert world.observed == len(upstream.recording)
    assert [len(each["logins"]) for each in world.document["accounts"]] == [1, 1, 2]
    assert differences(upstream.recording, world) == []


@pytest.mark.parametrize("seed", range(16))
def test_whatever_a_client_does_comes_back(seed: int) -> None:
    random = Random(seed)
    quirks = INSTALLED.by_name["dialogtech"].quirks if seed % 2 else ()
    variants = {each.name: random.choice(each.variants) for each in quirks}
    upstream = Upstream("dialogtech", variants)
    demo = upstream.accounts[2]
    numbers, ids = ["3125550142", "6465550117", "7735550199"], ["1", demo_message(upstream)]
    for _ in range(random.randrange(5, 30)):
        number, doing = random.choice(numbers), random.randrange(16)
        if doing < 4:
            filters = {"number": number} if random.random() < 0.5 else {}
            days = {"start_date": "20260515", "end_date": "20260601"} if random.random() < 0.5 else {}
            shown = read_all(upstream, demo, **filters, **days).response_body.decode()
            ids += re.findall(r"<msg_id>(\d+)", shown)[-5:]
        elif doing < 9:
            to = random.choice(["5556667777", "9995550150", "9995550100", "15556667778"])
            text = random.choice(["A", "zażółć \x07 <x>]]>"])
            ask(upstream, demo, "sms.send_message", sender=number, to=to, message=text)
        elif doing < 11:
            action = random.choice(["sms.get_message", "sms.delete_message"])
            ask(upstream, demo, action, msg_id=random.choice(ids))
        elif doing < 14:
            action = random.choice(["sms.register_number", "sms.unregister_number"])
            ask(upstream, demo, action, number=number)
            ask(upstream, demo, "sms.get_numbers")
        else:
            with suppress(ValueError):  # the number may be disabled
                fields = {"sender": "5556667777", "recipient": number, "text": "hi"}
                upstream.world.receive_inbound("dialogtech", fields)
        upstream.let_pass(random.choice([0.25, 1, 2, 10, 61]))
    world = reconstruct_world(upstream.recording, INSTALLED, variants)
    assert world.unexplained == ()
    assert differences(upstream.recording, world) == []


def changed(exchange: RecordedExchange, index: int, body: str | None = None, **changes: Any) -> RecordedExchange:
    """Return an exchange at another place of a recording, with another response."""
    text = exchange.response_body if body is None else body.encode()
    return structs.replace(exchange, index=index, response_body=text, **changes)


INBOUND = "response.messages.inbound.message[0]"
CHANGED = "was another one before, and no request has changed it"


def test_what_no_account_can_cause_is_listed_with_its_reason() -> None:
    upstream = Upstream("dialogtech")
    documents = upstream.accounts[0]
    numbers, messages = ask(upstream, documents, "sms.get_numbers"), read_all(upstream, documents)
    listed, shown = numbers.response_body.decode(), messages.response_body.decode()
    sends = ask(upstream, documents, "sms.send_message", sender="5554332111", to="5556667777", message="sent")
    later = [sends.started + second * 1_000_000 for second in range(1, 9)]
    recording = [
        changed(numbers, 0, listed.replace('url=""', 'url="ftp://example.net" carrier="x"', 1)),
        changed(messages, 1, shown.replace("<to>", "<cost>1</cost><to>").replace("177931295", "x")),
        changed(numbers, 2, listed.replace("5554443210", "5550009999"), started=later[0]),
        changed(messages, 3, shown.replace("The", "A").replace("[3]", "[4]"), started=later[1]),
        changed(messages, 4, shown.replace("133185904", "133185905"), started=later[2]),
        changed(messages, 5, "<html>", started=later[3]),
        changed(messages, 6, "<html>", started=later[4], status=503),
        changed(numbers, 7, started=later[5], url="https://secure.dialogtech.com/ibp_api.php?action=sms.get_numbers"),
        changed(sends, 8, started=later[6], url=sends.url.replace("message=sent", "message=")),
    ]
    world = reconstruct_world(recording, INSTALLED)
    assert [(each.index, each.path, each.reason) for each in world.unexplained] == [
        (0, "response.data.number[0].@carrier", "no number here has an attribute carrier"),
        (0, "response.data.number[0].@url", "a URL of a world file begins with http and has at most 1024 characters"),
        (1, f"{INBOUND}.cost", "no message here has an element cost"),
        (1, INBOUND, "it is no message of a world file: id: 'x' is not 1 to 18 digits"),
        (2, "response.data.number[1]", f"sms_enabled of 5550009999 {CHANGED}"),
        (2, "response.data", f"sms_enabled of 5554443210 {CHANGED}"),
        (3, "response.result_description", "it says 4 and shows 3 messages"),
        (3, f"{INBOUND}.date", "it came in later than its date says"),
        (
            4,
            "response.messages.outbound.message[1]",
            "no request of the recording caused it, and no earlier read shows it",
        ),
        (4, "response.messages", "message 133185904 is not there any more, and no request has deleted it"),
        (5, "", "it is not the XML of a response"),
        (6, "status", "the provider answered 503, which no account causes"),
        (7, "response.result", "it was accepted without the credentials of an account"),
        (8, "response.result", "it was accepted, but here it is rejected: Missing required parameter: message"),
    ]
    assert len(world.document["accounts"]) == 1


def test_a_number_of_one_account_is_not_that_of_another_one_which_tried_to_send_from_it() -> None:
    bracket = {"dialogtech.error_text": "bracket"}
    upstream = Upstream("dialogtech", bracket)
    owner, other = upstream.accounts[0], upstream.accounts[2]
    number = next(iter(owner.numbers))
    ask(upstream, other, "sms.send_message", sender=number, to="5556667777", message="a")
    ask(upstream, other, "sms.get_numbers")
    ask(upstream, owner, "sms.get_numbers")
    # Read as the default words its failures, that of the first request says nothing of its sender.
    for variants in ({}, bracket):
        _, second = reconstruct_world(upstream.recording, INSTALLED, variants).document["accounts"]
        assert number in [each["number"] for each in second["numbers"]]
    assert differences(upstream.recording, reconstruct_world(upstream.recording, INSTALLED, bracket)) == []
