"""SerwerSMS's webhooks: the request for an inbound message, which responses acknowledge it, and when it is retried."""

from __future__ import annotations

from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from contract_tests.installed import PROVIDERS, SWITCHES, VARIANTS
from contract_tests.ways import both_ways
from mockserver import worldfile as snapshots
from mockserver.engine.accounts import Account, Credential, ForwardingRule, Login, Number
from mockserver.engine.deliveries import Attempt, Delivery, Outcome, OutgoingRequest
from mockserver.engine.events import AttemptEnded, DeliveryOpened, MessagesRead, MessageStored
from mockserver.engine.frozen import freeze
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.state import Fixture, IdReservation, State
from mockserver.providers.serwersms import SERWERSMS
from mockserver.sdk.operations import Call

NOON = parse_instant("2026-06-01T12:00:00Z")
MINUTE = 60 * SECOND
JAN, OWN = "+48500600700", "+48664078059"
URL = "http://127.0.0.1/sms.php"
PART = {"id": 2518, "name": "text_0002.txt", "content_type": "text/plain", "data": "SmFr+w=="}
FIELDS = {
    "eco": {"reference": "eba39e4fe1", "text": "Przyjade o 16"},
    "nd": {"text": "SerwerSMS.pl"},
    "ndi": {"recipient": OWN, "text": "Dziękuję za informację"},
    "pre": {"recipient": "71200", "text": "TAK"},
    "mms": {"recipient": OWN, "title": "Temat MMS"},
}
OK = Outcome(200, (), b"OK")
WRONG = Outcome(200, (), b"no")
DEAD = Outcome(error="the connection to 127.0.0.1:80 failed: Connection refused")


def rule(service="nd", url=URL, **further):
    return ForwardingRule(service, url, **{"verification": True, **further})


class Sender:
    """A world's state with a webhook sender that has no socket: it applies decisions and makes the attempts that are due."""

    def __init__(self, *rules, **variants):
        account = Account("serwersms/own", "serwersms", "own", (Login("Login", "Haslo"),), forwarding=rules)
        chosen = {name if "." in name else f"serwersms.forwarding.{name}": value for name, value in variants.items()}
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

    def receive_inbound(self, kind="nd", **changes):
        return self.commit(SERWERSMS.receive_inbound, {"kind": kind, "sender": JAN, **FIELDS[kind], **changes})

    def build_webhook(self, kind="nd", **changes):
        """The request for an inbound message."""
        opened = self.receive_inbound(kind, **changes).events[-1]
        return SERWERSMS.build_webhook(opened.delivery, self.state)

    def attempt(self, outcome, number=1):
        """Make the attempt that is due, at its instant."""
        delivery = self.state.deliveries[number]
        assert (delivery.status, delivery.due is None) == ("due", False)
        self.now = max(self.now, delivery.due)
        request = SERWERSMS.build_webhook(delivery, self.state)
        return self.commit(SERWERSMS.evaluate_attempt, delivery, Attempt(self.now, request, outcome, ""))

    def instants(self, number=1):
        """The instants of the attempts, in minutes after the message."""
        return [(attempt.at - NOON) / MINUTE for attempt in self.state.deliveries[number].attempts]

    def received(self, **values):
        call = Call(
            "messages.recived", {"method": "POST", "suffix": "json"} | values, Credential("serwersms", "Login", "Haslo")
        )
        found = self.commit(SERWERSMS.decide, call).value.messages
        return [message.id for stretch in found for message in stretch.messages()]


# -- which messages, and where to --------------------------------------------------------------------------------------


def test_a_delivery_is_opened_beside_the_message_and_due_at_once():
    own = Sender(rule(verification=False))
    decision = own.receive_inbound(recipient=OWN)
    delivery = Delivery(
        number=1,
        provider="serwersms",
        account="serwersms/own",
        kind="inbound",
        serial=0,
        url=URL,
        requires_ack=False,
        ordering_key=OWN,
        created_at=NOON,
        status="due",
        due=NOON,
    )
    assert decision.events == (MessageStored(decision.value), DeliveryOpened(delivery))
    assert own.state.deliveries == {1: delivery}
    assert own.receive_inbound(recipient=OWN).events[1].delivery.number == 2


def test_without_a_number_that_was_hit_the_account_is_the_queue():
    assert Sender(rule()).receive_inbound().events[1].delivery.ordering_key == "serwersms/own"


@pytest.mark.parametrize("service", FIELDS)
def test_sw_40_a_rule_is_for_one_of_the_five_types(service):
    for kind in FIELDS:
        events = Sender(rule(service)).receive_inbound(kind).events
        assert [type(event) for event in events[1:]] == [DeliveryOpened] * (kind == service)


def test_sw_41_a_rule_holds_for_what_comes_in_from_then_on():
    own = Sender()
    assert len(own.receive_inbound().events) == 1
    own.state.accounts["serwersms/own"] = Sender(rule(url="http://127.0.0.1/new")).state.accounts["serwersms/own"]
    own.receive_inbound()
    own.state.accounts["serwersms/own"] = Sender().state.accounts["serwersms/own"]
    assert [delivery.url for delivery in own.state.deliveries.values()] == ["http://127.0.0.1/new"]
    assert own.attempt(OK).events[0].attempt.request.url == "http://127.0.0.1/new"


FIRST = {
    "no rule": ((), {}, None),
    "any number and text": ((rule(url="http://a"),), {"recipient": OWN}, "http://a"),
    "its number": ((rule(url="http://a", number=OWN),), {"recipient": OWN}, "http://a"),
    "another number": ((rule(url="http://a", number=OWN),), {"recipient": JAN}, None),
    "no number was hit": ((rule(url="http://a", number=OWN),), {}, None),
    "its prefix": ((rule(url="http://a", prefix="ALA"),), {"text": "ALA ma kota"}, "http://a"),
    "its prefix, written otherwise": ((rule(url="http://a", prefix="Żółw"),), {"text": "ŻÓŁW 1"}, "http://a"),
    "the prefix of an MMS's title": (
        (rule("mms", url="http://a", prefix="temat"),),
        {"kind": "mms", "recipient": OWN, "title": "Temat MMS"},
        "http://a",
    ),
    "another prefix of an MMS": (
        (rule("mms", url="http://a", prefix="MMS"),),
        {"kind": "mms", "recipient": OWN, "title": "Temat MMS"},
        None,
    ),
    "another prefix": ((rule(url="http://a", prefix="ALA"),), {"text": "Kot ALA"}, None),
    "a number and another prefix": ((rule(url="http://a", prefix="ALA", number=OWN),), {"recipient": OWN}, None),
    "the first that fits": (
        (rule("eco", "http://a"), rule(url="http://b", prefix="x"), rule(url="http://c"), rule(url="http://d")),
        {},
        "http://c",
    ),
}


@pytest.mark.parametrize(("rules", "changes", "url"), FIRST.values(), ids=FIRST)
def test_sw_42_the_first_rule_that_fits_the_number_and_the_prefix_counts(rules, changes, url):
    own = Sender(*rules)
    own.receive_inbound(**changes)
    assert [delivery.url for delivery in own.state.deliveries.values()] == [url] * (url is not None)


# -- the request -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", FIELDS)
def test_sw_43_an_mms_is_posted_and_the_others_are_a_get_without_a_body(service):
    request = Sender(rule(service)).build_webhook(service)
    if service == "mms":
        assert request.method == "POST"
    else:
        assert request == OutgoingRequest("GET", URL)


PLACEHOLDERS = ("NUMER", "NUMEROD", "NUMERDO", "WIADOMOSC", "DATA", "ID", "IDSMS", "LIMIT", "SMSID")
TEMPLATE = f"{URL}?{'&'.join(f'{name}=#{name}#' for name in PLACEHOLDERS)}"
DATE = "2026-06-01 14:00:00"
FILLED = {
    "eco": ["48500600700", "48500600700", "", "Przyjade o 16", DATE, "1000000", "1000000", "", "eba39e4fe1"],
    "nd": ["48500600700", "48500600700", "", "SerwerSMS.pl", DATE, "1000000", "1000000", "", ""],
    "ndi": ["48500600700", "48500600700", "48664078059", "Dziękuję za informację", DATE, "1000000", "1000000", "", ""],
    "pre": ["48500600700", "48500600700", "71200", "TAK", DATE, "1000000", "1000000", "1", ""],
    "mms": ["48500600700", "48500600700", "48664078059", "Temat MMS", DATE, "1000000", "1000000", "", ""],
}


@pytest.mark.parametrize(("kind", "expected"), FILLED.items(), ids=FILLED)
def test_sw_44_every_placeholder_is_filled_with_the_data_of_the_message(kind, expected):
    query = urlsplit(Sender(rule(kind, TEMPLATE)).build_webhook(kind).url).query
    assert parse_qsl(query, keep_blank_values=True, strict_parsing=True) == list(
        zip(PLACEHOLDERS, expected, strict=True)
    )


def test_sw_44_the_template_of_the_vendors_page():
    template = (
        "https://www.adres.pl/skrypt.php?z_numeru=#NUMEROD#&wiadomosc=#WIADOMOSC#&na_numer=#NUMERDO#&data=#DATA#"
        "&idsms=#IDSMS#&limit=#LIMIT#"
    )
    assert Sender(rule("pre", template)).build_webhook("pre").url == (
        "https://www.adres.pl/skrypt.php?z_numeru=48500600700&wiadomosc=TAK&na_numer=71200&data=2026-06-01%2014%3A00%3A00"
        "&idsms=1000000&limit=1"
    )


TEMPLATES = {
    "without placeholders": (URL, URL),
    "in the path": ("http://127.0.0.1/#ID#/sms", "http://127.0.0.1/1000000/sms"),
    "twice, and side by side": (f"{URL}?#ID##ID#", f"{URL}?10000001000000"),
    "behind a lonely mark": (f"{URL}?#X#ID#", f"{URL}?#X1000000"),
    "unknown ones and small letters": (f"{URL}?#NUMBER#&#numer#", f"{URL}?#NUMBER#&#numer#"),
    "a text that is a placeholder": (f"{URL}?#WIADOMOSC#", f"{URL}?%23ID%23"),
}


@pytest.mark.parametrize(("template", "url"), TEMPLATES.values(), ids=TEMPLATES)
def test_sw_44_a_placeholder_is_filled_once_wherever_it_stands_and_the_rest_stays(template, url):
    assert Sender(rule(url=template)).build_webhook(text="#ID#").url == url


ENCODED = {
    "Polish": ("zażółć gęślą jaźń", "za%C5%BC%C3%B3%C5%82%C4%87%20g%C4%99%C5%9Bl%C4%85%20ja%C5%BA%C5%84"),
    "an emoji": ("👍", "%F0%9F%91%8D"),
    "marks of a URL": ("a&b=c#d?e/f:g@h;i,j", "a%26b%3Dc%23d%3Fe%2Ff%3Ag%40h%3Bi%2Cj"),
    "percent and plus": ("100% +48", "100%25%20%2B48"),
    "what was encoded already": ("%20", "%2520"),
    "a newline": ("a\r\nb\n", "a%0D%0Ab%0A"),
    "what stays": ("aZ09-._~", "aZ09-._~"),
    "nothing": ("", ""),
    "a zero byte": ("\0", "%00"),
}


@pytest.mark.parametrize(("text", "encoded"), ENCODED.values(), ids=ENCODED)
@pytest.mark.parametrize("variant", ["percent", "form"])
def test_sw_45_a_value_is_percent_encoded_once_and_a_space_may_be_a_plus(variant, text, encoded):
    url = Sender(rule(url=f"{URL}?x=#WIADOMOSC#"), encoding=variant).build_webhook(text=text).url
    assert url == f"{URL}?x={encoded if variant == 'percent' else encoded.replace('%20', '+')}"
    assert parse_qs(urlsplit(url).query, keep_blank_values=True) == {"x": [text]}


@pytest.mark.parametrize(
    ("variant", "polish", "german"),
    [
        ("digits", "48500600700", "49151234567"),
        ("plus", "%2B48500600700", "%2B49151234567"),
        ("nine", "500600700", "49151234567"),
    ],
)
def test_sw_46_a_number_has_no_plus_or_one_or_nine_digits(variant, polish, german):
    own = Sender(rule(url="http://a/#NUMER#"), rule("pre", "http://a/#NUMEROD#/#NUMERDO#"), phone=variant)
    assert own.build_webhook().url == f"http://a/{polish}"
    assert own.build_webhook(sender="+49151234567").url == f"http://a/{german}"
    assert own.build_webhook("pre").url == f"http://a/{polish}/71200"


@pytest.mark.parametrize(("zone", "hour"), [("Europe/Warsaw", 14), ("UTC", 12)])
def test_sw_47_the_date_is_that_of_the_answers_in_every_repeat(zone, hour):
    own = Sender(rule(url="http://a/#DATA#"), **{"serwersms.zone": zone})
    own.receive_inbound()
    for _ in range(3):
        assert own.attempt(WRONG).value.request.url == f"http://a/2026-06-01%20{hour}%3A00%3A00"


FORM = [
    ("id", "1000000"),
    ("type", "mms"),
    ("phone", JAN),
    ("recived", "2026-06-01 14:00:00"),
    ("to_number", OWN),
    ("blacklist", "false"),
    ("title", "Zdjęcie & więcej"),
    ("attachments[0][id]", "2518"),
    ("attachments[0][name]", "text_0002.txt"),
    ("attachments[0][content_type]", "text/plain"),
    ("attachments[0][data]", "SmFr+w=="),
    ("attachments[1][id]", "7"),
    ("attachments[1][name]", "text_0002.txt"),
    ("attachments[1][content_type]", "text/plain"),
    ("attachments[1][data]", ""),
]
JSON = (
    '{"id":1000000,"type":"mms","phone":"+48500600700","recived":"2026-06-01 14:00:00","to_number":"+48664078059",'
    '"blacklist":false,"title":"Zdjęcie & więcej","attachments":[{"id":2518,"name":"text_0002.txt",'
    '"content_type":"text/plain","data":"SmFr+w=="},{"id":7,"name":"text_0002.txt","content_type":"text/plain","data":""}]}'
)
PARTS = [PART, PART | {"id": 7, "data": ""}]


def test_sw_48_an_mms_is_posted_as_a_form():
    own = Sender(rule("mms", f"{URL}?id=#ID#"))
    method, url, headers, body = own.build_webhook("mms", title="Zdjęcie & więcej", attachments=PARTS)
    assert (method, url) == ("POST", f"{URL}?id=1000000")
    assert headers == (("Content-Type", "application/x-www-form-urlencoded"),)
    assert parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True) == FORM


def test_sw_48_an_mms_may_be_posted_as_the_item_in_json():
    request = Sender(rule("mms"), mms="json").build_webhook("mms", title="Zdjęcie & więcej", attachments=PARTS)
    assert request == OutgoingRequest("POST", URL, (("Content-Type", "application/json"),), JSON.encode())


def test_the_message_is_found_among_all_that_came_at_the_same_instant():
    own = Sender(rule(url="http://a/#WIADOMOSC#"))
    for number in range(200):
        own.receive_inbound(text=str(number))
    urls = [SERWERSMS.build_webhook(delivery, own.state).url for delivery in own.state.fork().deliveries.values()]
    assert urls == [f"http://a/{number}" for number in range(200)]


# -- what counts as heard ----------------------------------------------------------------------------------------------


def outcome(body=b"OK", status=200):
    return Outcome(status, (("Content-Type", "text/html"),), body)


def result(shown):
    return f"the response is {shown} and not 'OK'"


HEARD, UNASKED = "the response is OK", "a response was received, which need not be OK"
LATE = Outcome(error="no complete response from http://127.0.0.1/sms.php within 10 s")
ANSWERS = {
    "OK": (outcome(), HEARD, HEARD, HEARD),
    "a line end": (outcome(b"OK\r\n"), result(r"'OK\r\n'"), HEARD, HEARD),
    "white space": (outcome(b" OK\t"), result(r"' OK\t'"), HEARD, HEARD),
    "small letters": (outcome(b"ok"), result("'ok'"), result("'ok'"), HEARD),
    "small letters and a line end": (outcome(b"Ok\n"), result(r"'Ok\n'"), result(r"'Ok\n'"), HEARD),
    "nothing": (outcome(b""), result("''"), result("''"), result("''")),
    "more": (outcome(b"OK!"), result("'OK!'"), result("'OK!'"), result("'OK!'")),
    "JSON": (outcome(b'"OK"'), result("""'"OK"'"""), result("""'"OK"'"""), result("""'"OK"'""")),
    "a mark before it": (outcome(b"\xef\xbb\xbfOK"), *[result(r"'\ufeffOK'")] * 3),
    "no UTF-8": (outcome(b"\xff"), *[result("'\ufffd'")] * 3),
    "UTF-16": (outcome("OK".encode("utf-16-le")), *[result(r"'O\x00K\x00'")] * 3),
    "a page": (outcome(b"x" * 70000), *[result(f"'{'x' * 60}'... (400 characters)")] * 3),
    "no answer": (DEAD, DEAD.error, DEAD.error, DEAD.error),
}


@pytest.mark.parametrize("column", range(3), ids=["exact", "trimmed", "any-case"])
@pytest.mark.parametrize("response", ANSWERS)
def test_sw_49_the_answer_is_ok(response, column):
    outcome, *outcomes = ANSWERS[response]
    own = Sender(rule(), answer=("exact", "trimmed", "any-case")[column])
    own.receive_inbound()
    (judged,) = own.attempt(outcome).events
    assert judged.attempt.result == outcomes[column]
    assert judged.status == ("acknowledged" if outcomes[column] == HEARD else "due")


def status(number):
    return f"status {number} is not one of 200 to 299"


STATUSES = {
    "200": (200, True, HEARD, HEARD),
    "299": (299, True, HEARD, HEARD),
    "300": (300, True, HEARD, status(300)),
    "404": (404, True, HEARD, status(404)),
    "500": (500, True, HEARD, status(500)),
    "200 unverified": (200, False, UNASKED, UNASKED),
    "404 unverified": (404, False, UNASKED, status(404)),
    "500 unverified": (500, False, UNASKED, status(500)),
}


@pytest.mark.parametrize(("number", "requires_ack", "any_status", "only_2xx"), STATUSES.values(), ids=STATUSES)
def test_sw_50_the_status_does_not_matter_or_is_to_be_a_success(number, requires_ack, any_status, only_2xx):
    for variant, expected in (("any", any_status), ("2xx", only_2xx)):
        own = Sender(rule(verification=requires_ack), status=variant)
        own.receive_inbound()
        judged = own.attempt(outcome(status=number)).events[0]
        assert judged.attempt.result == expected
        assert judged.status == ("acknowledged" if expected in (HEARD, UNASKED) else "due")


def test_sw_51_without_verification_any_answer_is_enough_and_none_is_repeated_or_not():
    for body in (b"", b"no", b"OK"):
        own = Sender(rule(verification=False))
        own.receive_inbound()
        assert own.attempt(outcome(body)).events[0].status == "acknowledged"
    for variant, status, due in (("repeated", "due", NOON + 5 * MINUTE), ("once", "given up", None)):
        own = Sender(rule(verification=False), unverified=variant)
        own.receive_inbound()
        judged = own.attempt(DEAD).events[0]
        assert (judged.attempt.result, judged.status, judged.due) == (DEAD.error, status, due)


def test_sw_51_the_other_variant_says_nothing_of_what_is_verified():
    own = Sender(rule(), unverified="once")
    own.receive_inbound()
    assert own.attempt(DEAD).events[0].status == "due"


@pytest.mark.parametrize("requires_ack", [True, False])
def test_sw_53_an_answer_that_takes_too_long_is_none(requires_ack):
    own = Sender(rule(verification=requires_ack))
    own.receive_inbound()
    judged = own.attempt(LATE).events[0]
    assert (judged.attempt.result, judged.status) == (LATE.error, "due")


def test_an_answer_whose_acknowledgement_was_lost_is_none():
    own = Sender(rule())
    own.receive_inbound()
    assert own.attempt(OK._replace(error="the acknowledgement was lost")).events[0].status == "due"
    assert own.attempt(OK).events[0].status == "acknowledged"
    assert own.instants() == [0, 5]


def test_no_answer_without_a_reason_is_none_either():
    own = Sender(rule())
    own.receive_inbound()
    assert own.attempt(Outcome()).value.result == "no answer came"


@pytest.mark.parametrize(
    ("requires_ack", "body", "expected"),
    [(True, b"", result("''")), (True, b"OK", HEARD), (False, b"", UNASKED)],
)
def test_sw_54_a_redirect_is_an_answer_like_any_other(requires_ack, body, expected):
    own = Sender(rule(verification=requires_ack))
    own.receive_inbound()
    moved = Outcome(302, (("Location", "http://127.0.0.1/elsewhere"),), body)
    assert own.attempt(moved).value.result == expected


# -- again and again ---------------------------------------------------------------------------------------------------

SCHEDULES = {"offsets": [0, 5, 10, 15, 60], "gaps": [0, 5, 15, 30, 90]}


@pytest.mark.parametrize(("variant", "minutes"), SCHEDULES.items(), ids=SCHEDULES)
@pytest.mark.parametrize("outcome", [WRONG, DEAD], ids=["wrong", "dead"])
def test_sw_52_the_whole_schedule_of_a_message_that_is_never_acknowledged(variant, minutes, outcome):
    own = Sender(rule(), repeats=variant)
    own.receive_inbound()
    dues = []
    while own.state.deliveries[1].status == "due":
        (judged,) = own.attempt(outcome).events
        assert type(judged) is AttemptEnded
        dues.append((judged.status, judged.due and (judged.due - NOON) / MINUTE))
    assert own.instants() == minutes
    assert dues == [*(("due", due) for due in minutes[1:]), ("given up", None)]
    assert (own.state.deliveries[1].due, own.received()) == (None, ["1000000"])


@pytest.mark.parametrize(("variant", "minutes"), SCHEDULES.items(), ids=SCHEDULES)
@pytest.mark.parametrize("failures", range(5))
def test_sw_52_a_message_that_is_acknowledged_at_last_is_not_sent_again(variant, minutes, failures):
    own = Sender(rule(), repeats=variant)
    own.receive_inbound()
    for _ in range(failures):
        own.attempt(DEAD)
    judged = own.attempt(OK).events[0]
    assert (judged.status, judged.due, own.instants()) == ("acknowledged", None, minutes[: failures + 1])


def test_sw_52_the_first_attempt_counts_however_late_it_is_made():
    own = Sender(rule())
    own.receive_inbound()
    own.now += 7 * MINUTE
    for _ in range(5):
        own.attempt(WRONG)
    assert own.instants() == [7, 12, 17, 22, 67]


def test_sw_52_what_is_missed_is_not_made_up_for():
    own = Sender(rule())
    own.receive_inbound()
    own.attempt(WRONG)
    own.now += 12 * MINUTE
    for _ in range(3):
        judged = own.attempt(WRONG).events[0]
    assert (own.instants(), judged.status) == ([0, 12, 15, 60], "given up")


def test_each_message_has_a_schedule_of_its_own():
    own = Sender(rule())
    own.receive_inbound()
    own.attempt(WRONG)
    own.now += 2 * MINUTE
    own.receive_inbound()
    own.attempt(WRONG, 2)
    assert [(delivery.due - NOON) / MINUTE for delivery in own.state.deliveries.values()] == [5, 7]


@pytest.mark.parametrize(("variant", "left"), [("unread", ["1000000"]), ("read", [])])
def test_sw_55_an_acknowledged_message_may_be_read_and_another_is_new(variant, left):
    own = Sender(rule(), forwarded=variant)
    own.receive_inbound()
    assert own.attempt(WRONG).events[1:] == ()
    assert own.received() == ["1000000"]
    assert own.attempt(OK).events[1:] == (MessagesRead((0,)),) * (variant == "read")
    assert own.received() == left


# -- the vendor's own way to let a message come in ---------------------------------------------------------------------

WHO = {"username": "Login", "password": "Haslo"}
MISSING = {"error": {"code": 2000, "type": "ValidationRequiredError", "message": "Missing required parameters"}}
NO_PHONE = {"error": {"code": 2001, "type": "ValidationPhoneError", "message": "Invalid phone number"}}


@pytest.fixture
def injecting(open_registry):
    """A server with one account that forwards everything, and a client with that account's credentials."""
    rules = tuple(rule(kind) for kind in FIELDS)
    account = Account("serwersms/own", "serwersms", "own", (Login("Login", "Haslo"),), forwarding=rules)
    registry = open_registry(Fixture((account,), sequences={"serwersms.nd": 303024}))
    client = both_ways(registry)

    def post(action, **parameters):
        return client.post(f"/messages/{action}", data={**WHO, **parameters})

    post.world, post.client = registry.default, client
    return post


@pytest.mark.parametrize("action", ["send_nd", "send_nd.json", "sendNd"])
def test_sw_56_send_nd_lets_a_message_come_in_and_be_forwarded(injecting, action):
    response = injecting(action, phone="500600700", text="SerwerSMS.pl")
    assert (response.status_code, response.text) == (200, '{"success":true}')
    assert injecting("recived").json["items"] == [
        {
            "id": 303024,
            "type": "nd",
            "phone": JAN,
            "recived": "2026-06-01 14:00:00",
            "blacklist": False,
            "text": "SerwerSMS.pl",
        }
    ]
    assert [delivery.serial for delivery in injecting.world.state.deliveries.values()] == [0]


@pytest.mark.parametrize("action", ["send_ndi", "send_ndi.json", "sendNdi"])
def test_sw_56_send_ndi_lets_a_message_come_in_at_a_number(injecting, action):
    json = {**WHO, "phone": JAN, "text": "Dziękuję", "ndi_number": OWN}
    assert injecting.client.post(f"/messages/{action}", json=json).json == {"success": True}
    (item,) = injecting("recived", ndi=OWN).json["items"]
    assert (item["type"], item["phone"], item["text"]) == ("ndi", JAN, "Dziękuję")
    assert [delivery.ordering_key for delivery in injecting.world.state.deliveries.values()] == [OWN]


def test_sw_56_the_answer_in_xml(injecting):
    assert injecting("send_nd.xml", phone=JAN, text="x").text == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<response><success>true</success></response>'
    )


def test_sw_56_magic_numbers_are_numbers_like_any_other(injecting):
    assert injecting("send_nd", phone="+48990000000", text="x").json == {"success": True}


REJECTED = {
    "no phone": ("send_nd", {"text": "x"}, MISSING),
    "no text": ("send_nd", {"phone": JAN}, MISSING),
    "a blank text": ("send_nd", {"phone": JAN, "text": ""}, MISSING),
    "nothing": ("send_ndi", {}, MISSING),
    "no number that is hit": ("send_ndi", {"phone": JAN, "text": "x"}, MISSING),
    "a phone that is none": ("send_nd", {"phone": "x", "text": "x"}, NO_PHONE),
    "two phones": ("send_nd", {"phone": [JAN, OWN], "text": "x"}, NO_PHONE),
    "a number that is none": ("send_ndi", {"phone": JAN, "text": "x", "ndi_number": "x"}, NO_PHONE),
}


@pytest.mark.parametrize(("action", "parameters", "error"), REJECTED.values(), ids=REJECTED)
def test_sw_56_what_is_missing_or_wrong_is_rejected_and_nothing_comes_in(injecting, action, parameters, error):
    assert injecting(action, **parameters).json == error
    assert injecting("recived").json == {"items": []}
    assert injecting.world.state.deliveries == {}


NO_SUCCESS = {"success": False}


@pytest.mark.parametrize(
    ("numbers", "fields", "action", "parameters", "expected"),
    [
        ((), {"demo": True}, "send_nd", {}, NO_SUCCESS),
        ((), {"demo": True}, "sendNdi", {"ndi_number": OWN}, NO_SUCCESS),
        ((OWN,), {"demo": True}, "send_ndi", {"ndi_number": OWN}, NO_SUCCESS),
        ((OWN,), {}, "send_ndi", {"ndi_number": "48500600701"}, NO_SUCCESS),
        ((OWN,), {"demo": False}, "send_ndi.json", {"ndi_number": "664078059"}, {"success": True}),
        ((OWN,), {}, "send_nd", {}, {"success": True}),
        ((), {}, "send_ndi", {"ndi_number": "48500600701"}, {"success": True}),
        ((OWN,), {}, "send_ndi", {"ndi_number": "x"}, NO_PHONE),
        ((), {"demo": True}, "send_nd", {"text": ""}, MISSING),
    ],
)
def test_sw_56_a_number_that_the_account_has_not_and_a_demo_account_have_no_success(
    open_registry, numbers, fields, action, parameters, expected
):
    account = Account(
        "serwersms/own",
        "serwersms",
        "own",
        (Login("Login", "Haslo"),),
        {number: Number(number) for number in numbers},
        forwarding=(rule("nd"), rule("ndi")),
        fields=freeze(fields),
    )
    registry = open_registry(Fixture((account,)))
    client = both_ways(registry)
    response = client.post(f"/messages/{action}", data={**WHO, "phone": JAN, "text": "x", **parameters})

    assert response.json == expected
    is_in = expected == {"success": True}
    assert len(client.post("/messages/recived", data=WHO).json["items"]) == is_in
    assert len(registry.default.state.deliveries) == is_in


def test_sw_56_no_success_in_xml_and_the_shipped_demo_account_is_one(registry):
    response = both_ways(registry).post(
        "/messages/send_nd.xml", data={"username": "demo", "password": "demo", "phone": JAN, "text": "x"}
    )
    assert response.text == ('<?xml version="1.0" encoding="UTF-8"?>\n<response><success>false</success></response>')


def test_sw_56_it_is_the_account_that_asks(injecting):
    response = injecting("send_nd", username="unknown", phone=JAN, text="x")
    assert response.json == {"error": {"code": 1001, "type": "InvalidUser", "message": "Incorrect login or password"}}


# -- rules in a world file ---------------------------------------------------------------------------------------------


def world_file(*rules):
    account = {"provider": "serwersms", "name": "own", "logins": [{"user": "u", "secret": "p"}], "forwarding": [*rules]}
    return {"format": 2, "about": "Forwarding.", "accounts": [account]}


def test_a_world_file_has_the_rules_of_an_account():
    document = world_file(
        {"service": "eco", "url": f"{URL}?numer=#NUMER#"},
        {"service": "ndi", "url": URL, "number": OWN, "prefix": "ALA", "verification": True},
        {"service": "nd", "url": "HTTPS://Example.com/a"},
    )
    (account,) = snapshots.parse(document, snapshots.Rules.of(PROVIDERS, SWITCHES)).accounts
    assert account.forwarding == (
        ForwardingRule("eco", f"{URL}?numer=#NUMER#"),
        ForwardingRule("ndi", URL, OWN, "ALA", verification=True),
        ForwardingRule("nd", "HTTPS://Example.com/a"),
    )


def test_sw_51_a_rule_that_does_not_say_verification_has_none():
    own = Sender(ForwardingRule("nd", URL))
    own.receive_inbound()
    own.attempt(WRONG)
    assert own.state.deliveries[1].status == "acknowledged"


BAD_RULES = {
    "no URL": ({"service": "nd"}, "accounts[0].forwarding[0].url: is missing"),
    "an unknown service": (
        {"service": "sc", "url": URL},
        "accounts[0].forwarding[0].service: 'sc' is not 'eco', 'nd', 'ndi', 'pre', 'mms' or, for reports of outbound messages, 'dlr'",
    ),
    "another scheme": (
        {"service": "nd", "url": "ftp://a/"},
        "url: 'ftp://a/' is not an http or https URL of at most 1024 characters, with placeholders such as #NUMER#",
    ),
    "a long URL": ({"service": "nd", "url": f"http://{'a' * 1018}"}, "of at most 1024 characters"),
    "a number that is none": (
        {"service": "nd", "url": URL, "number": "x"},
        "number: 'x' is not the number that is hit",
    ),
    "another key": ({"service": "nd", "url": URL, "verify": True}, "unknown key"),
}


def test_sw_44_a_host_does_not_begin_with_a_placeholder():
    with pytest.raises(snapshots.WorldFileError, match=r"url: 'http://#NUMER#\.example/' is not an http or https URL"):
        snapshots.parse(
            world_file({"service": "nd", "url": "http://#NUMER#.example/"}), snapshots.Rules.of(PROVIDERS, SWITCHES)
        )
    own = Sender(rule("ndi", "http://a#ID#.example/#NUMER#/#ID#?#NUMERDO#"))
    assert own.build_webhook("ndi").url == "http://a1000000.example/48500600700/1000000?48664078059"


@pytest.mark.parametrize(("described", "sentence"), BAD_RULES.values(), ids=BAD_RULES)
def test_a_rule_that_is_none_is_rejected_in_a_sentence(described, sentence):
    with pytest.raises(snapshots.WorldFileError) as rejected:
        snapshots.parse(world_file(described), snapshots.Rules.of(PROVIDERS, SWITCHES))
    assert sentence in str(rejected.value)
