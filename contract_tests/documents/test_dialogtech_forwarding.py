"""DialogTech's webhooks: which are sent for an inbound message, and the URL for delivery reports of a sent one."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from contract_tests.installed import VARIANTS
from mockserver.engine.accounts import Account, Credential, Login, Number
from mockserver.engine.deliveries import Attempt, Delivery, Outcome, OutgoingRequest
from mockserver.engine.events import AttemptEnded, DeliveryOpened, InboundScheduled, MessageStored
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.state import Fixture, IdReservation, State
from mockserver.providers.dialogtech import DIALOGTECH
from mockserver.sdk.operations import Call

NOON = parse_instant("2026-06-01T12:00:00Z")
OWN, HANDSET = "5554332111", "5556667777"
LISTENER, REPORTS = "http://127.0.0.1/sms_listener.php", "http://127.0.0.1/dlr.php"
TEXT = "Hi. I'm looking for a blue left-handed widget."
DEAD = Outcome(error="the connection to 127.0.0.1:80 failed: Connection refused")


class Sender:
    """A world's state with a webhook sender that has no socket: it applies decisions and makes the attempts that are due."""

    def __init__(self, url=LISTENER, dlr_url=REPORTS, **variants):
        numbers = {OWN: Number(OWN, url=url, dlr_url=dlr_url)}
        account = Account("dialogtech/own", "dialogtech", "own", (Login("foo", "bar"),), numbers)
        chosen = {f"dialogtech.{name.replace('_', '.')}": variant for name, variant in variants.items()}
        self.state = State(Fixture((account,)), NOON, VARIANTS | chosen)
        self.sequences = {}
        self.now = NOON

    def commit(self, decide, *what):
        reservation = IdReservation("a seed", self.sequences)
        decision = decide(*what, self.state, self.now, reservation)
        for event in decision.events:
            self.state.apply(event)
        self.sequences.update(reservation.used)
        return decision

    def receive_inbound(self, text=TEXT):
        return self.commit(DIALOGTECH.receive_inbound, {"sender": HANDSET, "recipient": OWN, "text": text})

    def send(self, to=HANDSET, **changes):
        return self.ask("sms.send_message", **{"from": OWN, "to": to, "message": "Thank you for calling.", **changes})

    def ask(self, action, **values):
        values = {"action": action, **values}
        return self.commit(DIALOGTECH.decide, Call(action, values, Credential("dialogtech", "foo", "bar")))

    def build_webhook(self, number=1):
        return DIALOGTECH.build_webhook(self.state.deliveries[number], self.state)

    def attempt(self, outcome, number=1):
        """Make the attempt that is due, at its instant."""
        delivery = self.state.deliveries[number]
        assert delivery.status == "due"
        self.now = max(self.now, delivery.due)
        return self.commit(
            DIALOGTECH.evaluate_attempt, delivery, Attempt(self.now, self.build_webhook(number), outcome, "")
        )


def delivery(kind, url):
    return Delivery(
        number=1,
        provider="dialogtech",
        account="dialogtech/own",
        kind=kind,
        serial=0,
        url=url,
        requires_ack=False,
        ordering_key=OWN,
        created_at=NOON,
        status="due",
        due=NOON,
    )


# -- which webhooks are sent, and where to -----------------------------------------------------------------------------


def test_an_inbound_message_opens_a_delivery_to_the_numbers_listener():
    decision = Sender().receive_inbound()
    assert decision.events == (MessageStored(decision.value), DeliveryOpened(delivery("inbound", LISTENER)))


def test_a_send_opens_a_delivery_to_the_address_for_reports():
    events = Sender().send().events
    assert type(events[0]) is MessageStored
    assert events[-1] == DeliveryOpened(delivery("report", REPORTS))


def test_a_number_without_addresses_opens_none():
    own = Sender(url=None, dlr_url=None)
    assert {type(event) for event in (*own.receive_inbound().events, *own.send().events)}.isdisjoint({DeliveryOpened})
    assert (own.state.deliveries, own.sequences.get("deliveries")) == ({}, None)


def test_deliveries_of_both_kinds_are_numbered_together():
    own = Sender()
    own.receive_inbound()
    own.send()
    own.receive_inbound()
    assert [(number, each.kind) for number, each in own.state.deliveries.items()] == [
        (1, "inbound"),
        (2, "report"),
        (3, "inbound"),
    ]


def test_a_rejected_send_is_not_reported():
    own = Sender()
    own.send()
    own.send()
    own.send(to="x")
    own.send(to="9995550100")
    assert list(own.state.deliveries) == [1]


@pytest.mark.parametrize("to", ["9995550140", "9995550150"])
def test_what_a_magic_number_lets_be_accepted_is_reported(to):
    own = Sender()
    events = own.send(to=to).events
    assert [type(event) for event in events].count(DeliveryOpened) == 1
    assert [type(event) for event in events].count(InboundScheduled) == (to == "9995550150")


# -- the request -------------------------------------------------------------------------------------------------------

INBOUND = [
    ("msg_id", "100000000"),
    ("to", OWN),
    ("from", HANDSET),
    ("message", TEXT),
    ("date", "2026-06-01 12:00:00"),
]
REPORT = [
    ("msg_id", "200000000"),
    ("to", HANDSET),
    ("from", OWN),
    ("date", "2026-06-01 12:00:00"),
    ("status", "delivered"),
]


def test_dt_40_the_listener_is_a_get_with_the_names_of_get_messages():
    own = Sender()
    own.receive_inbound()
    assert own.build_webhook() == OutgoingRequest(
        "GET",
        f"{LISTENER}?msg_id=100000000&to=5554332111&from=5556667777"
        "&message=Hi.%20I%27m%20looking%20for%20a%20blue%20left-handed%20widget.&date=2026-06-01%2012%3A00%3A00",
    )


def test_dt_40_the_listener_may_be_a_post():
    own = Sender(url=f"{LISTENER}?office=1", listener_method="POST")
    own.receive_inbound()
    method, url, headers, body = own.build_webhook()
    assert (method, url) == ("POST", f"{LISTENER}?office=1")
    assert headers == (("Content-Type", "application/x-www-form-urlencoded"),)
    assert parse_qsl(body.decode(), strict_parsing=True) == INBOUND


@pytest.mark.parametrize(
    ("url", "begins"),
    [
        ("http://127.0.0.1", "http://127.0.0.1?msg_id="),
        ("http://127.0.0.1/a?b=c&d", "http://127.0.0.1/a?b=c&d&msg_id="),
        ("http://127.0.0.1/a#b", "http://127.0.0.1/a?msg_id="),
    ],
)
def test_dt_40_the_parameters_of_a_get_follow_the_query_that_is_there(url, begins):
    own = Sender(url=url)
    own.receive_inbound()
    assert own.build_webhook().url.startswith(begins)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("text", ["", "zażółć 👍", "a&b=c#d%20+?/", "a\r\nb", "]]>\0"])
def test_dt_40_a_text_arrives_as_it_was_sent(method, text):
    own = Sender(listener_method=method)
    own.receive_inbound(text)
    request = own.build_webhook()
    received = urlsplit(request.url).query or request.body.decode()
    assert received.isascii()
    assert dict(parse_qsl(received, keep_blank_values=True, strict_parsing=True))["message"] == text


def test_dt_40_the_date_is_of_the_zone_of_the_answers():
    own = Sender(zone="America/Chicago")
    own.receive_inbound()
    assert own.build_webhook().url.endswith("&date=2026-06-01%2007%3A00%3A00")


@pytest.mark.parametrize("status", ["delivered", "DELIVRD"])
def test_dt_41_a_report_says_that_the_message_was_delivered(status):
    own = Sender(report_status=status)
    own.send()
    method, url, headers, body = own.build_webhook()
    assert (method, headers, body) == ("GET", (), b"")
    assert url.startswith(f"{REPORTS}?")
    assert parse_qsl(urlsplit(url).query, strict_parsing=True) == [*REPORT[:-1], ("status", status)]


def test_dt_41_a_report_may_be_a_post():
    own = Sender(listener_method="POST")
    own.send()
    assert parse_qsl(own.build_webhook().body.decode(), strict_parsing=True) == REPORT


# -- what counts as heard ----------------------------------------------------------------------------------------------


def wrong(status):
    return f"status {status} is not one of 200 to 299"


def heard(status):
    return f"a response was received with status {status}"


@pytest.mark.parametrize("status", [200, 204, 299, 199, 302, 404, 500])
def test_dt_42_a_success_is_enough_or_any_answer(status):
    for variant in ("2xx", "any"):
        own = Sender(listener_acknowledges=variant)
        own.receive_inbound()
        (judged,) = own.attempt(Outcome(status, (), b"whatever")).events
        is_heard = variant == "any" or 200 <= status < 300
        assert judged.attempt.result == (heard if is_heard else wrong)(status)
        assert (judged.status, judged.due) == ("acknowledged" if is_heard else "given up", None)


@pytest.mark.parametrize("variant", ["2xx", "any"])
def test_dt_42_no_answer_is_never_enough(variant):
    for outcome, result in (
        (DEAD, DEAD.error),
        (Outcome(), "no answer came"),
        (Outcome(200, error="no_response"), "no_response"),
    ):
        own = Sender(listener_acknowledges=variant)
        own.receive_inbound()
        judged = own.attempt(outcome).events[0]
        assert (judged.attempt.result, judged.status) == (result, "given up")


@pytest.mark.parametrize(("variant", "seconds"), [("one", [0]), ("three", [0, 60, 120])])
@pytest.mark.parametrize("kind", ["inbound", "report"])
def test_dt_43_the_whole_schedule_of_a_webhook_that_is_never_acknowledged(kind, variant, seconds):
    own = Sender(listener_attempts=variant)
    own.receive_inbound() if kind == "inbound" else own.send()
    while own.state.deliveries[1].status == "due":
        (judged,) = own.attempt(DEAD).events
        assert type(judged) is AttemptEnded
    gone = own.state.deliveries[1]
    assert [(attempt.at - NOON) / SECOND for attempt in gone.attempts] == seconds
    assert (gone.status, gone.due, len(own.state.message_store)) == ("given up", None, 1)


def test_dt_43_an_acknowledged_webhook_is_not_sent_again():
    own = Sender(listener_attempts="three")
    own.receive_inbound()
    own.attempt(DEAD)
    assert own.state.deliveries[1].due == NOON + 60 * SECOND
    judged = own.attempt(Outcome(200)).events[0]
    assert (judged.status, judged.due, len(own.state.deliveries[1].attempts)) == ("acknowledged", None, 2)


def test_dt_44_an_answer_that_takes_too_long_is_none_and_a_redirect_is_an_answer():
    own = Sender()
    own.receive_inbound()
    own.receive_inbound()
    late = Outcome(error="no complete response from http://127.0.0.1/sms_listener.php within 10 s")
    assert own.attempt(late).value.result == late.error
    assert own.attempt(Outcome(302, (("Location", REPORTS),)), 2).value.result == wrong(302)
