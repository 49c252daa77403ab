"""The entries of DialogTech's QUIRKS.md: the default, and each variant that can be chosen."""

from __future__ import annotations

import re
from io import BytesIO
from itertools import product
from pathlib import Path
from xml.dom import minidom
from xml.etree import ElementTree as ET

import pytest
import xmltodict
from lxml import etree
from msgspec.structs import replace

from mockserver.engine.accounts import Account, Login, Number
from mockserver.engine.instants import parse_instant
from mockserver.engine.messages import Message
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture
from mockserver.providers.dialogtech.error_texts import TEXTS as WORDED
from mockserver.providers.dialogtech.errors import ERRORS, BadRequest, ServerFault, UnknownPath, WrongMethod
from mockserver.providers.dialogtech.operations import NOT_OFFERED

DOCUMENTS = Path(__file__).parents[2] / "fixtures" / "documents" / "dialogtech"
CUSTOMER, OWN, SILENT = "5556667777", "5554332111", "5554443210"
NUMBERS = (Number(OWN), Number(SILENT))

PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n'
RECONCILED = """\
<!DOCTYPE response [
<!ELEMENT response (result,result_description,messages?)>
<!ELEMENT result (#PCDATA)>
<!ELEMENT result_description (#PCDATA)>
<!ELEMENT messages (inbound,outbound)>
<!ELEMENT inbound (message*)>
<!ELEMENT outbound (message*)>
<!ELEMENT message (#PCDATA|msg_id|to|from|message|date)*>
<!ELEMENT msg_id (#PCDATA)>
<!ELEMENT to (#PCDATA)>
<!ELEMENT from (#PCDATA)>
<!ELEMENT date (#PCDATA)>
]>
"""
RECONCILED_IN_DATA = RECONCILED.replace("result_description,messages?)>", "result_description,data)>", 1).replace(
    "<!ELEMENT messages", "<!ELEMENT data (messages)>\n<!ELEMENT messages", 1
)
RECONCILED_NUMBERS = """\
<!DOCTYPE response [
<!ELEMENT response (result, result_description, data)>
<!ELEMENT result (#PCDATA)>
<!ELEMENT result_description (#PCDATA)>
<!ELEMENT data (number*)>
<!ELEMENT number (#PCDATA)>
<!ATTLIST number sms_enabled CDATA #REQUIRED>
<!ATTLIST number url CDATA #REQUIRED>
]>
"""
NO_MESSAGES = """\
<response>
    <result>success</result>
    <result_description>[0] Message(s) Returned</result_description>
    <messages>
        <inbound/>
        <outbound/>
    </messages>
</response>"""


def printed(name):
    return (DOCUMENTS / name).read_text()


def dtd(response):
    """The document type declaration of a response; empty when it has none."""
    found = re.match(re.escape(PROLOGUE) + r"(<!DOCTYPE.*?\n\]>\n)?", response, re.DOTALL)
    return found[1] or ""


def without_dtd(response):
    return response.replace(dtd(response), "")


PRINTED = dtd(printed("get_messages.xml"))
PRINTED_NUMBERS = dtd(printed("get_numbers.xml"))
PRINTED_SENT = dtd(printed("send_message.xml"))


def records(response):
    """The messages of a response, each as its direction and the texts of its elements."""
    root = ET.fromstring(response)
    return [
        (direction, *(element.text for element in record))
        for direction in ("inbound", "outbound")
        for record in root.iterfind(f".//{direction}/message")
    ]


def account(*numbers):
    return Account(
        "dialogtech/documents",
        "dialogtech",
        "documents",
        (Login("foo", "bar"), Login("one-key")),
        {number.number: number for number in numbers},
    )


@pytest.fixture
def provider(open_registry, dialogtech_in):
    """DialogTech with these variants and, if given, these numbers and messages of the documents' account."""

    def of(variants=None, *, numbers=NUMBERS, messages=()):
        fixed = Segment(replace(message, serial=serial) for serial, message in enumerate(messages))
        return dialogtech_in(open_registry(Fixture((account(*numbers),), fixed), variants=variants or {}))

    return of


@pytest.fixture
def reads(open_registry, dialogtech_in):
    """DialogTech in the shipped world with these variants."""
    return lambda **variants: dialogtech_in(
        open_registry(variants={f"dialogtech.{name.replace('__', '.')}": variant for name, variant in variants.items()})
    )


def message(direction, text="Hi", at="2017-01-01T12:00:00Z", own=OWN):
    sender, recipient = (CUSTOMER, own) if direction == "inbound" else (own, CUSTOMER)
    return Message(0, "dialogtech/documents", "7", direction, sender, recipient, parse_instant(at), text)


# -- DT-1 to DT-9 --------------------------------------------------------------------------------------------------


def test_dt_1_every_element_is_declared_once(reads):
    assert dtd(reads().messages()) == RECONCILED
    assert dtd(reads(get_messages__dtd="reconciled").messages()) == RECONCILED


def test_dt_1_the_printed_declarations_come_verbatim(reads):
    assert dtd(reads(get_messages__dtd="printed").messages()) == PRINTED


def test_dt_1_or_there_is_no_declaration_at_all(reads):
    response = reads(get_messages__dtd="none").messages()
    assert response.startswith(f"{PROLOGUE}<response>\n")
    assert response == without_dtd(reads().messages())


def test_dt_1_the_printed_declarations_are_rejected_by_lxml_and_minidom_and_taken_by_expat(reads):
    response = reads(get_messages__dtd="printed").messages().encode()
    with pytest.raises(etree.XMLSyntaxError, match="Redefinition of element message"):
        etree.fromstring(response)
    with pytest.raises(AssertionError):
        minidom.parseString(response)
    assert ET.fromstring(response).findtext("result") == "success"
    assert xmltodict.parse(response)["response"]["result"] == "success"


@pytest.mark.parametrize("variant", ["reconciled", "printed", "none"])
@pytest.mark.parametrize("envelope", ["sample", "dtd"])
def test_dt_2_outbound_is_closed_in_every_variant(reads, variant, envelope):
    provider = reads(get_messages__dtd=variant, get_messages__envelope=envelope)
    assert [record[:2] for record in records(provider.messages())] == [
        ("inbound", "177931295"),
        ("outbound", "131086044"),
        ("outbound", "133185904"),
    ]


def test_dt_3_messages_stand_directly_under_response(reads):
    for provider in (reads(), reads(get_messages__envelope="sample")):
        root = ET.fromstring(provider.messages())
        assert [child.tag for child in root] == ["result", "result_description", "messages"]


@pytest.mark.parametrize(
    ("variant", "declared"), [("reconciled", RECONCILED_IN_DATA), ("printed", PRINTED), ("none", "")]
)
def test_dt_3_or_inside_data(reads, variant, declared):
    response = reads(get_messages__envelope="dtd", get_messages__dtd=variant).messages(
        start_date="20161231", end_date="20161231"
    )
    inside = "\n".join(f"    {line}" for line in NO_MESSAGES.splitlines()[3:-1])
    start, end = NO_MESSAGES.splitlines()[:3], NO_MESSAGES.splitlines()[-1:]
    assert response == PROLOGUE + declared + "\n".join([*start, "    <data>", inside, "    </data>", *end])


def test_dt_3_inside_data_are_the_same_messages(reads):
    assert records(reads(get_messages__envelope="dtd").messages()) == records(reads().messages())


def test_dt_4_both_containers_are_there_when_empty(provider):
    assert provider().messages() == PROLOGUE + RECONCILED + NO_MESSAGES


@pytest.mark.parametrize(("direction", "other"), [("inbound", "outbound"), ("outbound", "inbound")])
def test_dt_4_both_containers_are_there_when_one_is_empty(provider, direction, other):
    root = ET.fromstring(provider(messages=[message(direction), message(direction)]).messages())
    assert [child.tag for child in root.find("messages")] == ["inbound", "outbound"]
    assert (len(root.find(f".//{direction}")), len(root.find(f".//{other}"))) == (2, 0)


def test_dt_5_message_is_the_record_and_the_text_inside_it(reads):
    record = ET.fromstring(reads().messages()).find(".//inbound/message")
    assert [element.tag for element in record] == ["msg_id", "to", "from", "message", "date"]
    assert record.findtext("message") == "Hi. I'm looking for a product ID for a blue left-handed widget."


def test_dt_6_each_page_spaces_its_dtd_in_its_own_way(reads):
    provider = reads(get_messages__dtd="printed")
    assert dtd(provider.messages()).splitlines()[1] == "<!ELEMENT response (result,result_description,data)>"
    assert dtd(provider.send()).splitlines()[1] == "<!ELEMENT response (result,result_description)>"
    assert dtd(provider.numbers()).splitlines()[1] == "<!ELEMENT response (result, result_description, data)>"
    assert (dtd(provider.send()), dtd(provider.numbers())) == (PRINTED_SENT, PRINTED_NUMBERS)


def test_dt_7_start_date_is_the_start_and_both_days_are_whole(provider):
    edges = [
        message("inbound", text, at)
        for text, at in [
            ("before", "2016-12-31T23:59:59.999999Z"),
            ("first", "2017-01-01T00:00:00Z"),
            ("last", "2017-01-02T23:59:59.999999Z"),
            ("after", "2017-01-03T00:00:00Z"),
        ]
    ]
    fetch = provider(messages=edges)
    assert [record[4] for record in records(fetch.messages(end_date="20170102"))] == ["first", "last"]
    assert fetch.messages(start_date="20170102") == fetch.failed(
        "Parameter end_date 20170101 is before start_date 20170102"
    )


def test_dt_8_a_date_of_ten_characters_is_rejected(dialogtech):
    assert dialogtech.messages(start_date="2017-01-01") == dialogtech.failed(
        "Parameter start_date must be a day in the format YYYYMMDD: 2017-01-01"
    )


def test_dt_9_without_a_number_all_of_the_accounts_messages_come(provider):
    fetch = provider(messages=[message("inbound", "one", own=OWN), message("inbound", "two", own=SILENT)])
    assert [record[4] for record in records(fetch.messages())] == ["one", "two"]
    assert [record[4] for record in records(fetch.messages(number=SILENT))] == ["two"]
    assert records(fetch.messages(number="5550000000")) == []


# -- DT-10 to DT-19 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["&action={}&{}", "action={}&{}", "&&action={}&&&{}&", "&&&{1}&action={0}"])
def test_dt_10_empty_pairs_are_skipped(dialogtech, query):
    response = dialogtech.open(query_string=query.format("sms.get_numbers", "access_key=foo&secret_access_key=bar"))
    assert response.text == dialogtech.numbers()


def test_dt_11_the_tracking_number_is_the_recipient_of_what_came_in_and_the_sender_of_what_went_out(provider):
    fetch = provider(messages=[message("inbound", "came in"), message("outbound", "went out")])
    assert [record[4] for record in records(fetch.messages(number=OWN))] == ["came in", "went out"]
    assert records(fetch.messages(number=CUSTOMER)) == []


NIGHT = [
    ("inbound", "2016-12-31T22:59:59Z"),
    ("inbound", "2016-12-31T23:00:00Z"),
    ("outbound", "2017-01-01T22:59:59Z"),
    ("outbound", "2017-01-01T23:00:00Z"),
]


@pytest.mark.parametrize(
    ("zone", "stamps"),
    [
        (None, ["2017-01-01 22:59:59", "2017-01-01 23:00:00"]),
        ("UTC", ["2017-01-01 22:59:59", "2017-01-01 23:00:00"]),
        ("Europe/Warsaw", ["2017-01-01 00:00:00", "2017-01-01 23:59:59"]),
        ("America/Chicago", ["2017-01-01 16:59:59", "2017-01-01 17:00:00"]),
        ("Asia/Kolkata", ["2017-01-01 04:29:59", "2017-01-01 04:30:00"]),
        ("Pacific/Kiritimati", ["2017-01-01 12:59:59", "2017-01-01 13:00:00"]),
    ],
)
def test_dt_12_days_and_stamps_are_of_one_zone(provider, zone, stamps):
    fetch = provider(zone and {"dialogtech.zone": zone}, messages=[message(way, at=at) for way, at in NIGHT])
    assert [record[5] for record in records(fetch.messages())] == stamps


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("20260329", ["2026-03-29 00:00:00", "2026-03-29 01:59:59", "2026-03-29 03:00:00", "2026-03-29 23:59:59"]),
        ("20260330", ["2026-03-30 00:00:00"]),
    ],
)
def test_dt_12_a_day_on_which_clocks_change_is_as_long_as_it_is(provider, day, expected):
    instants = ["28T23:00:00", "29T00:59:59", "29T01:00:00", "29T21:59:59", "29T22:00:00"]
    fetch = provider(
        {"dialogtech.zone": "Europe/Warsaw"}, messages=[message("inbound", at=f"2026-03-{at}Z") for at in instants]
    )
    assert [record[5] for record in records(fetch.messages(start_date=day, end_date=day))] == expected


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12", "Europe/Warsaw"])
def test_dt_12_the_calendar_has_ends_in_every_zone(provider, zone):
    fetch = provider({"dialogtech.zone": zone}, messages=[message("inbound")])
    assert len(records(fetch.messages(start_date="00010101", end_date="99991231"))) == 1


def test_dt_13_both_directions_are_counted_together(provider):
    messages = [message("inbound"), message("outbound"), message("outbound")]
    for size, expected in enumerate(["[0]", "[1]", "[2]", "[3]"]):
        response = provider(messages=messages[:size]).messages()
        assert ET.fromstring(response).findtext("result_description") == f"{expected} Message(s) Returned"


def test_dt_14_new_ids_go_on_where_the_fixture_ends(shipped, dialogtech):
    first = shipped.sequences["dialogtech.outbound"]
    assert first > max(int(record[1]) for record in records(dialogtech.messages()) if record[0] == "outbound")
    for sender in (OWN, SILENT):
        assert dialogtech.send(sender=sender) == dialogtech.SENT
    sent = records(dialogtech.messages(**dialogtech.TODAY))
    assert [record[1] for record in sent] == [str(first), str(first + 1)]


TEXTS = {
    "plain": ("Hi & <b>bye</b> \"'", "<![CDATA[Hi & <b>bye</b> \"']]>", None),
    "the end mark of a section": ("a]]>b", "a]]&gt;b", None),
    "nothing but that mark": ("]]>", "]]&gt;", None),
    "half of it": ("x]]", "<![CDATA[x]]]]>", None),
    "the mark of a beginning": ("<![CDATA[x", "<![CDATA[<![CDATA[x]]>", None),
    "a carriage return and a line feed": ("a\r\nb", "a&#13;\nb", None),
    "a carriage return": ("a\rb & c", "a&#13;b &amp; c", None),
    "a carriage return and the end mark": ("\r]]>", "&#13;]]&gt;", None),
    "a line feed and a tab": ("a\n\tb", "<![CDATA[a\n\tb]]>", None),
    "spaces around": ("  a  ", "<![CDATA[  a  ]]>", None),
    "spaces only": ("   ", "<![CDATA[   ]]>", None),
    "a line end only": ("\n", "<![CDATA[\n]]>", None),
    "Polish": ("Zażółć gęślą jaźń", "<![CDATA[Zażółć gęślą jaźń]]>", None),
    "a family of emoji": ("👩‍👩‍👧‍👦", "<![CDATA[👩‍👩‍👧‍👦]]>", None),
    "an accent apart": ("e\u0301", "<![CDATA[e\u0301]]>", None),
    "a byte order mark": ("\ufeffa", "<![CDATA[\ufeffa]]>", None),
    "a reference": ("&amp;&#65;&x;", "<![CDATA[&amp;&#65;&x;]]>", None),
    "what Latin-1 calls controls": ("\x7f\x85\x9f", "<![CDATA[\x7f\x85\x9f]]>", None),
    "Unicode's own line ends": ("a\u2028b\u2029", "<![CDATA[a\u2028b\u2029]]>", None),
    "the last character there is": ("\U0010ffff", "<![CDATA[\U0010ffff]]>", None),
    "control characters": (
        "\x00a\x07\x1b\x0b\x0c",
        "<![CDATA[\ufffda\ufffd\ufffd\ufffd\ufffd]]>",
        "\ufffda" + "\ufffd" * 4,
    ),
    "no characters at all": ("\ufffe\uffff", "<![CDATA[\ufffd\ufffd]]>", "\ufffd\ufffd"),
    "a control character, a return and the mark": ("\x08\r]]>", "\ufffd&#13;]]&gt;", "\ufffd\r]]>"),
}
"""What was sent, how it stands in the answer, and what a parser reads there if that is something else."""


@pytest.mark.parametrize("case", TEXTS)
def test_dt_15_a_text_stands_in_cdata_unless_that_would_change_it(dialogtech, case):
    sent, written, read = TEXTS[case]
    assert dialogtech.send(message=sent) == dialogtech.SENT
    response = dialogtech.messages(**dialogtech.TODAY)
    assert f"                <message>{written}</message>\n" in response
    for parsed in (text_by_lxml(response), text_by_elementtree(response), text_by_minidom(response)):
        assert parsed == (sent if read is None else read)


def text_by_lxml(response):
    return etree.fromstring(response.encode()).findtext(".//message/message")


def text_by_elementtree(response):
    return ET.fromstring(response.encode()).findtext(".//message/message")


def text_by_minidom(response):
    record = minidom.parseString(response.encode()).getElementsByTagName("message")[0]
    return "".join(node.data for node in record.getElementsByTagName("message")[0].childNodes)


def test_dt_15_an_inbound_text_may_be_empty(provider):
    response = provider(messages=[message("inbound", "")]).messages()
    assert text_by_lxml(response) == ""
    assert ET.fromstring(response).find(".//message/message").text is None


POSTED = {"urlencoded": "application/x-www-form-urlencoded", "multipart": "multipart/form-data"}


@pytest.mark.parametrize("kind", POSTED.values(), ids=POSTED)
def test_dt_16_post_takes_both_kinds_of_forms(dialogtech, kind):
    values = {"action": "sms.get_numbers", **dialogtech.CREDENTIALS}
    assert dialogtech.open("POST", data=values, content_type=kind).text == dialogtech.numbers()


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/xml", "application/octet-stream", ""])
def test_dt_16_a_post_body_of_another_type_carries_no_parameters(dialogtech, kind):
    body = b"action=sms.get_numbers&access_key=foo&secret_access_key=bar"
    query = {"action": "sms.get_numbers", **dialogtech.CREDENTIALS}
    assert dialogtech.open("POST", data=body, content_type=kind).text == dialogtech.failed(
        "Missing required parameter: action"
    )
    assert dialogtech.open("POST", data=body, content_type=kind, query_string=query).text == dialogtech.numbers()


@pytest.mark.parametrize("kind", [*POSTED.values(), "application/xml"])
def test_dt_16_a_get_has_no_body(dialogtech, kind):
    query = {"action": "sms.get_numbers", **dialogtech.CREDENTIALS}
    response = dialogtech.open(query_string=query, data=b"action=x", content_type=kind)
    assert response.text == dialogtech.numbers()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "FOO"])
def test_dt_16_other_methods_are_rejected_in_the_envelope(dialogtech, method):
    response = dialogtech.open(method, query_string={"action": "sms.get_numbers", **dialogtech.CREDENTIALS})
    assert response.status_code == 405
    assert response.text == dialogtech.failed(f"Method {method} not allowed; use GET or POST")
    assert response.headers["Allow"] == "GET, HEAD, POST"


def test_dt_16_a_head_does_what_a_get_does_and_says_nothing(dialogtech):
    sms = {"action": "sms.send_message", "to": CUSTOMER, "from": OWN, "message": "x", **dialogtech.CREDENTIALS}
    response = dialogtech.open("HEAD", query_string=sms)
    sent = [item.event.message.text for item in dialogtech.world.feed.since(0).items if hasattr(item.event, "message")]

    assert (response.status_code, response.data, sent) == (200, b"", ["x"])


SWITCHES = {"sms.send_message": "send_message", "sms.get_messages": "get_messages", "sms.get_numbers": "get_numbers"}


@pytest.mark.parametrize("action", SWITCHES)
def test_dt_17_a_failure_is_200_in_the_envelope_of_001(dialogtech, action):
    response = dialogtech.open(query_string={"action": action})
    assert response.status_code == 200
    assert response.text == printed("send_message.xml").replace("success", "failed").replace(
        "[1] Message Sent", "Missing required parameter: access_key"
    )


@pytest.mark.parametrize("action", SWITCHES)
@pytest.mark.parametrize(
    ("variant", "declared"), [("printed", PRINTED_SENT), ("reconciled", PRINTED_SENT), ("none", "")]
)
def test_dt_17_a_failure_has_no_dtd_where_its_action_has_none(reads, action, variant, declared):
    response = reads(**{f"{SWITCHES[action]}__dtd": variant}).ask({"action": action})
    assert dtd(response) == declared


def test_dt_18_to_and_from_are_phone_numbers(dialogtech):
    assert dialogtech.send(to="5550000000", sender=SILENT) == dialogtech.SENT
    assert [record[2:4] for record in records(dialogtech.messages(**dialogtech.TODAY))] == [("5550000000", SILENT)]
    assert dialogtech.send(to="20170101") == dialogtech.failed(
        "Parameter to must be an unformatted phone number, 10 digits or 11 with a leading 1: 20170101"
    )


def test_dt_19_256_code_points_are_one_message_and_257_are_none(dialogtech):
    assert dialogtech.send(message="😀" * 257) == dialogtech.failed(
        "Parameter message must be at most 256 characters long: it has 257"
    )
    assert dialogtech.send(message="😀" * 256) == dialogtech.SENT
    assert [record[4] for record in records(dialogtech.messages(**dialogtech.TODAY))] == ["😀" * 256]


# -- DT-20 to DT-29 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Thank%20you%20for%20calling.", "Thank you for calling."),
        ("Thank%2520you", "Thank%20you"),
        ("Thank+you", "Thank you"),
        ("1%2B1", "1+1"),
        ("100%", "100%"),
        ("%C5%BC", "ż"),
    ],
)
def test_dt_20_percent_escapes_are_decoded_once(dialogtech, written, stored):
    query = f"action=sms.send_message&access_key=foo&secret_access_key=bar&to=5556667777&from={OWN}&message={written}"
    assert dialogtech.open(query_string=query).text == dialogtech.SENT
    assert [record[4] for record in records(dialogtech.messages(**dialogtech.TODAY))] == [stored]


def test_dt_21_get_messages_returns_the_id_of_a_sent_message(dialogtech):
    assert [child.tag for child in ET.fromstring(dialogtech.send())] == ["result", "result_description"]
    [(_, identifier, *_)] = records(dialogtech.messages(**dialogtech.TODAY))
    assert re.fullmatch("[0-9]+", identifier)


def test_dt_22_each_page_describes_its_result_in_its_own_words(dialogtech):
    responses = dialogtech.send(), dialogtech.messages(), dialogtech.numbers()
    assert [ET.fromstring(response).findtext("result_description") for response in responses] == [
        "[1] Message Sent",
        "[3] Message(s) Returned",
        "[2] Number(s) Returned",
    ]


LIMITED = "Rate limit exceeded: 1 sms per number per second; next possible in 1.000 seconds, at 2026-06-01T12:00:01Z"


@pytest.mark.parametrize("variant", ["from", "to"])
def test_dt_23_the_number_that_is_limited_is_the_senders_or_the_recipients(reads, variant):
    provider = reads(limits__number=variant)
    assert provider.send(sender=OWN, to="5550000001") == provider.SENT
    same = {"from": {"sender": OWN, "to": "5550000002"}, "to": {"sender": SILENT, "to": "5550000001"}}
    assert provider.send(**same[variant]) == provider.failed(LIMITED)
    other = {"from": {"sender": SILENT, "to": "5550000001"}, "to": {"sender": OWN, "to": "5550000002"}}
    assert provider.send(**other[variant]) == provider.SENT


@pytest.mark.parametrize(("variant", "waits"), [("accepted", 1000), ("all", 1999)])
def test_dt_23_what_counts_are_the_accepted_sends_or_all(reads, variant, waits):
    provider = reads(limits__count=variant)
    assert provider.send() == provider.SENT
    provider.wait(999)
    assert provider.send() != provider.SENT
    provider.wait(waits - 999)
    assert provider.send() == provider.SENT


@pytest.mark.parametrize("number", ["5556667777", "15556667777"])
def test_dt_24_a_number_is_shown_with_ten_digits(dialogtech, number):
    assert dialogtech.send(to=number) == dialogtech.SENT
    assert [record[2] for record in records(dialogtech.messages(**dialogtech.TODAY))] == ["5556667777"]


def test_dt_25_every_answer_begins_with_the_xml_declaration(dialogtech):
    responses = [dialogtech.send(), dialogtech.messages(), dialogtech.numbers(), dialogtech.ask({})]
    assert [response.startswith(f"{PROLOGUE}<!DOCTYPE response [\n") for response in responses] == [True] * 4


@pytest.mark.parametrize(
    ("ask", "indentation", "end"), [("messages", "    ", ">"), ("send", " ", ">"), ("numbers", "\t", ">\n")]
)
def test_dt_26_each_page_indents_in_its_own_way(dialogtech, ask, indentation, end):
    response = getattr(dialogtech, ask)()
    assert re.findall(r"^\s*(?=<result>)", response, re.MULTILINE) == [indentation]
    assert response.endswith(f"</response{end}")
    assert f"\n{indentation}</{'messages' if ask == 'messages' else 'data'}>\n" in response or ask == "send"


def test_dt_26_failures_look_like_001(dialogtech):
    for ask in (dialogtech.messages, dialogtech.numbers):
        assert ask(access_key="") == dialogtech.failed("Missing required parameter: access_key")


@pytest.mark.parametrize(("variant", "written"), [("printed", ""), ("success", "success")])
def test_dt_27_the_result_of_get_numbers_is_empty_or_success(reads, variant, written):
    sample = printed("get_numbers.xml").replace("<result></result>", f"<result>{written}</result>")
    provider = reads(get_numbers__result=variant)
    assert provider.numbers(access_key="ACCESS_KEY", secret_access_key="SECRET_ACCESS_KEY") == sample


def test_dt_28_url_is_an_attribute_and_empty_without_a_listener(provider):
    url = "https://example.net/sms?a=1&b=%22\"'<>ż"
    response = provider(numbers=[Number(OWN, url=url), Number(SILENT)]).numbers()
    assert [(number.text, number.attrib) for number in ET.fromstring(response).iter("number")] == [
        (OWN, {"sms_enabled": "1", "url": url}),
        (SILENT, {"sms_enabled": "1", "url": ""}),
    ]
    assert f'\t\t<number sms_enabled="1" url="">{SILENT}</number>\n' in response


@pytest.mark.parametrize(
    ("variant", "declared"), [("printed", PRINTED_NUMBERS), ("reconciled", RECONCILED_NUMBERS), ("none", "")]
)
def test_dt_29_the_attributes_are_declared_or_not(reads, variant, declared):
    response = reads(get_numbers__dtd=variant).numbers(access_key="ACCESS_KEY", secret_access_key="SECRET_ACCESS_KEY")
    assert response == printed("get_numbers.xml").replace(PRINTED_NUMBERS, declared)


def test_dt_29_as_printed_it_is_not_valid_and_reconciled_it_is(reads):
    assert not is_valid(reads().numbers())
    assert is_valid(reads(get_numbers__dtd="reconciled").numbers())


# -- DT-30 to DT-38 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("numbers", [[], [Number(OWN, sms_enabled=False)]], ids=["none at all", "none enabled"])
def test_dt_30_an_account_without_numbers_gets_an_empty_data(provider, numbers):
    assert provider(numbers=numbers).numbers() == (
        f"{PROLOGUE}{PRINTED_NUMBERS}<response>\n\t<result></result>\n"
        "\t<result_description>[0] Number(s) Returned</result_description>\n\t<data/>\n</response>\n"
    )


def test_dt_31_the_order_of_parameters_does_not_matter(dialogtech):
    values = {"action": "sms.get_messages", **dialogtech.CREDENTIALS, **dialogtech.DAY}
    assert dialogtech.ask(dict(reversed(values.items()))) == dialogtech.ask(values)


def test_dt_32_only_enabled_numbers_are_listed_and_no_dlr_url(provider):
    numbers = [Number(OWN, dlr_url="http://example.net/dlr"), Number("5550001111", sms_enabled=False), Number(SILENT)]
    root = ET.fromstring(provider(numbers=numbers).numbers())
    assert root.findtext("result_description") == "[2] Number(s) Returned"
    assert [(number.text, sorted(number.attrib)) for number in root.iter("number")] == [
        (OWN, ["sms_enabled", "url"]),
        (SILENT, ["sms_enabled", "url"]),
    ]


@pytest.mark.parametrize(
    ("variant", "declared"), [("printed", PRINTED_SENT), ("reconciled", PRINTED_SENT), ("none", "")]
)
def test_dt_33_the_dtd_of_send_message_is_right_and_can_be_left_out(reads, variant, declared):
    response = reads(send_message__dtd=variant).send()
    assert response == printed("send_message.xml").replace(PRINTED_SENT, declared)


@pytest.mark.parametrize("action", [*SWITCHES, "", "sms.nothing"])
def test_dt_34_every_answer_is_text_xml_in_utf_8(dialogtech, action):
    values = {"action": action, **dialogtech.CREDENTIALS, **dialogtech.SMS, **dialogtech.DAY}
    assert dialogtech.open(query_string=values).headers.get_all("Content-Type") == ["text/xml; charset=UTF-8"]


def test_dt_35_the_pair_or_the_key_and_the_pair_counts_where_both_are_sent(provider):
    fetch = provider()
    action = {"action": "sms.get_numbers"}
    assert fetch.ask(action | {"api_key": "one-key"}) == fetch.numbers()
    assert fetch.ask(action | {"api_key": "foo"}) == fetch.failed("Invalid api_key")
    assert fetch.ask(action | {"api_key": "wrong", **fetch.CREDENTIALS}) == fetch.numbers()
    assert fetch.ask(action | {"api_key": "one-key", "access_key": "foo", "secret_access_key": "x"}) == fetch.failed(
        "Invalid access_key or secret_access_key"
    )


def test_dt_36_what_xml_cannot_carry_is_kept_inside_and_replaced_outside(dialogtech):
    text = "\x00\x01\x1f\ufffe\uffff"
    assert dialogtech.send(message=text) == dialogtech.SENT
    assert [record[4] for record in records(dialogtech.messages(**dialogtech.TODAY))] == ["\ufffd" * 5]
    events = [item.event for item in dialogtech.world.feed.since(0).items]
    stored = [event.message.text for event in events if hasattr(event, "message")]
    assert stored == [text]


NOT_UTF_8 = {"one byte": "%FF", "a cut character": "%C5", "a surrogate": "%ED%A0%80", "too long a form": "%C0%AF"}


@pytest.mark.parametrize("name", ["action", "to", "from", "message"])
@pytest.mark.parametrize("written", NOT_UTF_8.values(), ids=NOT_UTF_8)
def test_dt_36_what_is_not_utf_8_is_rejected_in_a_parameter_that_is_read(dialogtech, name, written):
    values = {"action": "sms.send_message", **dialogtech.CREDENTIALS, **dialogtech.SMS, "message": "Hi"}
    query = "&".join(f"{key}={written if key == name else value}" for key, value in values.items())
    assert dialogtech.open(query_string=query).text == dialogtech.failed(f"Parameter {name} is not UTF-8 text")


def test_dt_36_what_is_not_utf_8_does_no_harm_in_a_parameter_that_is_not_read(dialogtech):
    query = "action=sms.get_numbers&access_key=foo&secret_access_key=bar&message=%FF&%FF=%FF"
    assert dialogtech.open(query_string=query).text == dialogtech.numbers()


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("action=sms.send_message&action=sms.get_numbers", None),
        ("action=&action=sms.get_numbers", None),
        ("action=sms.get_numbers&nonsense=1&to=x&number=x", None),
        ("action=sms.get_numbers&Action=x&ACTION=y", None),
        ("action=sms.send_message", "action=sms.get_numbers"),
        ("action=sms.get_numbers", "nonsense=1"),
        ("", "action=x&action=sms.get_numbers"),
    ],
)
def test_dt_37_the_last_duplicate_and_the_body_win_and_unknown_parameters_are_ignored(dialogtech, query, body):
    query += "&access_key=foo&secret_access_key=bar"
    form = "application/x-www-form-urlencoded"
    request = {} if body is None else {"method": "POST", "data": body, "content_type": form}
    assert dialogtech.open(query_string=query, **request).text == dialogtech.numbers()


@pytest.mark.parametrize(
    ("query", "body"),
    [("action=sms.get_numbers&action=", None), ("action=sms.get_numbers", "action="), ("action", None)],
)
def test_dt_37_an_empty_one_is_missing(dialogtech, query, body):
    form = "application/x-www-form-urlencoded"
    request = {} if body is None else {"method": "POST", "data": body, "content_type": form}
    response = dialogtech.open(query_string=f"{query}&access_key=foo&secret_access_key=bar", **request)
    assert response.text == dialogtech.failed("Missing required parameter: action")


ORDER = [  # what is wrong, mended one after the other
    ("action", "sms.send_message", "Unknown action: x"),
    ("access_key", "foo", "Missing required parameter: access_key"),
    ("secret_access_key", "bar", "Invalid access_key or secret_access_key"),
    ("to", "5556667777", "Parameter to must be an unformatted phone number, 10 digits or 11 with a leading 1: x"),
    ("from", "5559999999", "Missing required parameter: from"),
    ("message", "Hi", "Parameter message must be at most 256 characters long: it has 300"),
    ("from", OWN, "Parameter from is not an SMS enabled tracking number of this account: 5559999999"),
    (None, None, LIMITED),
]


def test_dt_38_one_thing_is_looked_at_after_the_other(dialogtech):
    assert dialogtech.send() == dialogtech.SENT  # so that the limit is in the way at the end
    values = {"action": "x", "access_key": "", "secret_access_key": "x", "to": "x", "from": "", "message": "x" * 300}
    for name, mended, expected in ORDER:
        assert dialogtech.ask(values) == dialogtech.failed(expected)
        values = values | {name: mended}


def test_dt_38_the_form_of_the_body_comes_first(dialogtech):
    response = dialogtech.open("POST", query_string="action=x", data=b"x", content_type="multipart/form-data")
    assert response.text == dialogtech.failed(
        "Request body is not the multipart/form-data that its Content-Type announces: "
        "the Content-Type names no boundary"
    )


def test_dt_38_the_range_of_dates_comes_after_its_parameters(dialogtech):
    assert dialogtech.messages(start_date="20170102", number="x") == dialogtech.failed(
        "Parameter number must be an unformatted phone number, 10 digits or 11 with a leading 1: x"
    )


# -- every variant, for every parser -------------------------------------------------------------------------------

LISTENING = [Number(OWN, url="http://example.net/?a&b"), Number(SILENT)]
NASTY = [message("inbound", sent) for sent, _, _ in TEXTS.values()] + [message("outbound", "Hi")]
ASKED = {
    "messages": ("get_messages", lambda provider: provider(messages=NASTY).messages()),
    "inbound messages": ("get_messages", lambda provider: provider(messages=NASTY[:1]).messages()),
    "outbound messages": ("get_messages", lambda provider: provider(messages=NASTY[-1:]).messages()),
    "no messages": ("get_messages", lambda provider: provider().messages()),
    "a rejected range": ("get_messages", lambda provider: provider().messages(start_date="x\x00&<]]>")),
    "sent": ("send_message", lambda provider: provider().send()),
    "not sent": ("send_message", lambda provider: provider().send(to="\x00&<]]>")),
    "an unknown action": ("send_message", lambda provider: provider().ask({"action": "\ufffe]]>"})),
    "numbers": ("get_numbers", lambda provider: provider(numbers=LISTENING).numbers()),
    "no numbers": ("get_numbers", lambda provider: provider(numbers=[]).numbers()),
    "no credentials": ("get_numbers", lambda provider: provider().numbers(access_key="")),
}
SWITCHED = {
    "get_messages": {
        "dialogtech.get_messages.dtd": ("reconciled", "printed", "none"),
        "dialogtech.get_messages.envelope": ("sample", "dtd"),
    },
    "send_message": {"dialogtech.send_message.dtd": ("reconciled", "printed", "none")},
    "get_numbers": {
        "dialogtech.get_numbers.dtd": ("reconciled", "printed", "none"),
        "dialogtech.get_numbers.result": ("printed", "success"),
    },
}
EVERY = [
    pytest.param(fetch, dict(zip(SWITCHED[page], variants, strict=True)), id=" ".join((fetch, *variants)))
    for fetch, (page, _) in ASKED.items()
    for variants in product(*SWITCHED[page].values())
]
"""What is asked, with each combination of the switches that have a say in its answer."""


def is_valid(response):
    """Whether a document is valid by the DTD that it contains."""
    tree = etree.parse(BytesIO(response.encode()))
    return tree.docinfo.internalDTD.validate(tree)


PARSERS = {
    "lxml": etree.fromstring,
    "ElementTree": ET.fromstring,
    "minidom": minidom.parseString,
    "xmltodict": xmltodict.parse,
}


@pytest.mark.parametrize(("fetch", "variants"), EVERY)
def test_every_answer_parses_in_every_variant(provider, fetch, variants):
    response = ASKED[fetch][1](lambda **world: provider(variants, **world)).encode()
    # DT-1: as 000 prints its DTD, lxml and minidom reject it; a failure has 001's.
    is_rejected = "messages" in fetch and variants["dialogtech.get_messages.dtd"] == "printed"
    for name, parse in PARSERS.items():
        if is_rejected and name in ("lxml", "minidom"):
            with pytest.raises((etree.XMLSyntaxError, AssertionError)):
                parse(response)
        else:
            assert parse(response) is not None


@pytest.mark.parametrize(("fetch", "variants"), EVERY)
def test_every_reconciled_answer_is_valid(provider, fetch, variants):
    variants = {name: "reconciled" if name.endswith(".dtd") else variant for name, variant in variants.items()}
    assert is_valid(ASKED[fetch][1](lambda **world: provider(variants, **world)))


# -- the wordings of errors ----------------------------------------------------------------------------------------


WORDINGS = {
    "no recipient": ({"to": ""}, "Missing required parameter: to", "MISSING PARAMETER", "[to] Required"),
    "no number": (
        {"to": "555 666"},
        "Parameter to must be an unformatted phone number, 10 digits or 11 with a leading 1: 555 666",
        "INVALID NUMBER",
        "[555 666] Not a Number",
    ),
    "a wrong secret": (
        {"secret_access_key": "x"},
        "Invalid access_key or secret_access_key",
        "INVALID ACCOUNT",
        "[0] Account(s) Found",
    ),
    "a long message": (
        {"message": "x" * 257},
        "Parameter message must be at most 256 characters long: it has 257",
        "MESSAGE TOO LONG",
        "[257] Character(s) in Message",
    ),
    "an unknown action": ({"action": "sms.fly"}, "Unknown action: sms.fly", "INVALID ACTION", "[sms.fly] Not Found"),
    "another's number": (
        {"sender": "5559999999"},
        "Parameter from is not an SMS enabled tracking number of this account: 5559999999",
        "NUMBER NOT ENABLED",
        "[5559999999] Not SMS Enabled",
    ),
    "a long action": (
        {"action": "x" * 90},
        f"Unknown action: {'x' * 60}…",
        "INVALID ACTION",
        f"[{'x' * 60}…] Not Found",
    ),
}


@pytest.mark.parametrize("case", WORDINGS)
def test_dt_17_an_error_is_worded_in_three_ways_in_one_envelope(reads, case):
    changes, sentence, capitals, bracket = WORDINGS[case]
    for variant, description in (("sentence", sentence), ("capitals", capitals), ("bracket", bracket)):
        provider = reads(error_text=variant)
        assert provider.send(**changes) == provider.failed(description)


@pytest.mark.parametrize("error", WORDED, ids=lambda error: error.__name__)
def test_dt_17_no_other_wording_contains_ours_or_a_word_of_it_that_a_client_could_match(error):
    texts = [error.fill(error(), text) for text in WORDED[error]]
    ours = str(error())
    assert not any(ours in text or text in ours for text in texts)
    assert texts[0].isupper()
    assert texts[1].startswith("[")


def test_dt_17_every_error_that_an_action_answers_with_has_other_wordings():
    assert set(ERRORS) - set(WORDED) == {BadRequest, WrongMethod, UnknownPath, ServerFault}


@pytest.mark.parametrize("variant", ["sentence", "capitals", "bracket"])
def test_dt_17_what_reaches_no_action_has_our_wording(reads, variant):
    provider = reads(error_text=variant)
    assert provider.open(method="DELETE").text == provider.failed("Method DELETE not allowed; use GET or POST")


@pytest.mark.parametrize("action", sorted(NOT_OFFERED))
def test_dt_45_an_action_that_is_documented_but_not_offered_is_told_apart(reads, action):
    provider = reads()
    assert provider.ask({"action": action}) == provider.failed(f"Action not offered by this mock server: {action}")
    other = f"{action}_x"
    assert provider.ask({"action": other}) == provider.failed(f"Unknown action: {other}")
