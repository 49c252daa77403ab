"""SerwerSMS's calls that report what became of an outbound message, and the answers that come in to one."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.admin.forwarding.receiving import PATIENCE, Receiver
from contract_tests.documents.serwersms_api import Api
from contract_tests.installed import CALLBACKS, VARIANTS
from mockserver.engine.accounts import Account, ForwardingRule, Login, Number
from mockserver.engine.clock import Clock
from mockserver.engine.deliveries import Attempt, Delivery, Outcome
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture
from mockserver.providers.serwersms import SERWERSMS

NOON = parse_instant("2026-06-01T12:00:00Z")
JAN, OLA, OWN = "+48500600700", "+48600700800", "+48664078059"
URL = "http://127.0.0.1/dlr?id=#SMSID#&s=#STAN#&d=#DATA#&p=#PRZYCZYNA#"
AT = "2026-06-01%2014%3A00%3A0"


def open_world(*rules: ForwardingRule, numbers: tuple[str, ...] = (), **variants: str) -> Api:
    """Open a world whose deliveries stay due, for nothing sends them."""
    logins = (Login("Login", "Haslo"), Login("a-token"))
    account = Account(
        *("serwersms/own", "serwersms", "own", logins),
        numbers={number: Number(number) for number in numbers},
        forwarding=rules,
    )
    return Api(WorldRegistry(Fixture((account,)), VARIANTS | variants, clock=Clock.frozen(NOON), providers=CALLBACKS))


def send(api: Api, phone: str = JAN, **parameters: Any) -> list[str]:
    sent = api.form("messages/send_sms", phone=phone, text="hello", details="true", **parameters)
    return [item["id"] for item in sent["items"]]


def wait(api: Api, seconds: int) -> None:
    """Let time pass, although the deliveries that are due are sent by nobody."""
    api.world.advance(api.world.now() + seconds * SECOND)


def calls(api: Api) -> list[str]:
    """Return the URLs that are called by what is due, in order."""
    state = api.world.state
    return [SERWERSMS.build_webhook(delivery, state).url for delivery in state.deliveries.values()]


def attempt(api: Api, outcome: Outcome, number: int = 1) -> Delivery:
    """End the attempt at a delivery that is due."""

    def decide(state: Any, now: int, ids: Any) -> Any:
        delivery = state.deliveries[number]
        request = SERWERSMS.build_webhook(delivery, state)
        return SERWERSMS.evaluate_attempt(delivery, Attempt(now, request, outcome, ""), state, now, ids)

    api.world.execute(decide)
    found: Delivery = api.world.state.deliveries[number]
    return found


# -- which calls -------------------------------------------------------------------------------------------------------


def test_sw_70_the_last_state_of_a_message_is_reported_to_the_url_that_it_was_sent_with():
    api = open_world()
    [first] = send(api, dlr_url=URL)
    send(api)
    wait(api, 4)
    assert calls(api) == []
    wait(api, 1)

    assert calls(api) == [f"http://127.0.0.1/dlr?id={first}&s=DELIVRD&d={AT}5&p="]
    delivery = api.world.state.deliveries[1]
    assert (delivery.kind, delivery.due, delivery.requires_ack) == ("report", NOON + 5 * SECOND, False)


def test_sw_70_every_message_of_an_account_is_reported_to_the_urls_of_its_rule():
    api = open_world(ForwardingRule("dlr", "http://127.0.0.1/?#SMSID#", verification=True))
    [first] = send(api)
    [second] = send(api, dlr_url="http://127.0.0.1/own?#SMSID#")
    wait(api, 5)

    assert calls(api) == [f"http://127.0.0.1/?{first}", f"http://127.0.0.1/own?{second}"]
    assert [each.requires_ack for each in api.world.state.deliveries.values()] == [True, True]


def test_sw_70_a_rule_for_reports_forwards_no_inbound_messages():
    api = open_world(ForwardingRule("dlr", "http://127.0.0.1/"))
    api.world.receive_inbound("serwersms", {"kind": "nd", "sender": JAN, "text": "hi"})

    assert calls(api) == []


def test_sw_70_every_state_may_be_reported():
    api = open_world(**{"serwersms.dlr.states": "every"})
    send(api, dlr_url="http://127.0.0.1/?#STAN##DATA#")
    wait(api, 1)
    assert calls(api) == [f"http://127.0.0.1/?PENDING{AT}1"]
    attempt(api, Outcome(200))
    wait(api, 4)

    assert calls(api)[1] == f"http://127.0.0.1/?DELIVRD{AT}5"


@pytest.mark.parametrize(
    ("phone", "smpp", "api_word", "second", "reason"),
    [
        (JAN, "DELIVRD", "delivered", 5, ""),
        ("+48990000052", "UNDELIV", "undelivered", 5, "message_rejected"),
        ("+48990000062", "ERR", "unsent", 1, "lock_send"),
    ],
)
@pytest.mark.parametrize("words", ["smpp", "api"])
def test_sw_71_the_placeholders_say_what_became_of_it(phone, smpp, api_word, second, reason, words):
    api = open_world(**{"serwersms.dlr.words": words})
    send(api, phone, dlr_url="http://127.0.0.1/?s=#STAN#&d=#DATA#&p=#PRZYCZYNA#&n=#NUMER#&x=#X#&t=#WIADOMOSC#")
    wait(api, 5)

    word = smpp if words == "smpp" else api_word
    assert calls(api) == [f"http://127.0.0.1/?s={word}&d={AT}{second}&p={reason}&n={phone[1:]}&x=#X#&t=#WIADOMOSC#"]


def test_sw_70_a_message_without_an_end_is_never_reported():
    api = open_world()
    send(api, "+48990000070", dlr_url=URL)
    wait(api, 3600)

    assert calls(api) == []


def test_sw_70_a_message_that_is_unsent_at_once_is_reported_at_once():
    api = open_world()
    [_, second] = send(api, f"{JAN},12", dlr_url="http://127.0.0.1/?#SMSID#&#STAN#&#PRZYCZYNA#&#DATA#")

    assert calls(api) == [f"http://127.0.0.1/?{second}&ERR&wrong_number&{AT}0"]


def test_sw_70_in_a_world_without_delays_the_report_is_due_at_once():
    api = open_world(**{"serwersms.states": "instant"})
    send(api, dlr_url="http://127.0.0.1/?#STAN#&#DATA#")

    assert calls(api) == [f"http://127.0.0.1/?DELIVRD&{AT}0"]
    assert api.world.state.deliveries[1].due == NOON


def test_sw_70_a_voice_message_is_reported_by_the_same_get():
    api = open_world()
    api.form("messages/send_voice", phone=JAN, text="hello", dlr_url="http://127.0.0.1/?#STAN#")
    wait(api, 5)
    request = SERWERSMS.build_webhook(api.world.state.deliveries[1], api.world.state)

    assert (request.method, request.url, request.body) == ("GET", "http://127.0.0.1/?DELIVRD", b"")


def test_sw_70_what_is_not_acknowledged_is_repeated_as_forwarding_is():
    api = open_world(ForwardingRule("dlr", "http://127.0.0.1/", verification=True))
    send(api)
    wait(api, 5)
    first = NOON + 5 * SECOND
    repeats = []
    while (ended := attempt(api, Outcome(200, (), b"no"))).due is not None:
        repeats.append((ended.due - first) // (60 * SECOND))
        api.world.execute(
            lambda state, now, ids: SERWERSMS.advance_message(next(iter(state.message_store)), state, now, ids)
        )
        wait(api, (ended.due - api.world.now()) // SECOND)

    assert repeats == [5, 10, 15, 60]
    assert ended.status == "given up"


def test_sw_70_a_report_marks_no_message_as_read():
    api = open_world(
        ForwardingRule("dlr", "http://127.0.0.1/", verification=True), **{"serwersms.forwarding.forwarded": "read"}
    )
    send(api)
    wait(api, 5)

    assert attempt(api, Outcome(200, (), b"OK")).status == "acknowledged"
    assert api.world.state.read == set()


def test_sw_70_the_receiver_gets_the_report(open_registry):
    receiver = Receiver()
    receiver.listen()
    account = Account("serwersms/own", "serwersms", "own", (Login("Login", "Haslo"),))
    api = Api(open_registry(Fixture((account,))))
    try:
        [sent] = send(api, dlr_url=f"{receiver.url}/?id=#SMSID#&stan=#STAN#")
        wait(api, 5)
        assert api.world.wait_until_idle(PATIENCE)
    finally:
        receiver.close()

    assert receiver.request == [f"/?id={sent}&stan=DELIVRD"]
    assert api.world.state.deliveries[1].status == "acknowledged"


# -- answers -----------------------------------------------------------------------------------------------------------


def received(api: Api) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = api.form("messages/recived")["items"]
    return items


def test_sw_72_an_answer_to_a_message_is_eco_and_names_the_latest_message_to_its_sender():
    api = open_world()
    send(api)
    [second] = send(api)
    send(api, OLA)
    send(api, JAN, date="2026-06-02 10:00:00")
    api.world.receive_inbound("serwersms", {"sender": JAN, "text": "yes"})
    api.world.receive_inbound("serwersms", {"kind": "eco", "sender": JAN, "text": "no"})

    answers = [(item["type"], item["text"], item["message_id"]) for item in received(api)]
    assert answers == [("eco", "yes", second), ("eco", "no", second)]


def test_sw_72_an_answer_to_one_of_the_accounts_numbers_hits_that_number():
    api = open_world(numbers=(OWN,))
    send(api, sender="664078059")
    api.world.receive_inbound("serwersms", {"sender": JAN, "text": "yes"})

    [item] = api.form("messages/recived", ndi=OWN)["items"]
    assert (item["type"], item["text"]) == ("ndi", "yes")


def test_sw_72_an_eco_message_may_name_another_message():
    api = open_world()
    send(api)
    api.world.receive_inbound("serwersms", {"kind": "eco", "sender": JAN, "text": "b", "reference": "eba39e4fe1"})

    assert [item["message_id"] for item in received(api)] == ["eba39e4fe1"]


def test_sw_72_without_a_message_to_answer_the_kind_is_to_be_named():
    api = open_world()
    send(api, OLA)

    with pytest.raises(ValueError, match="kind: is missing"):
        api.world.receive_inbound("serwersms", {"sender": JAN, "text": "yes"})
