"""Sending through SerwerSMS: what each parameter does, what is rejected, and what is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from contract_tests.ways import both_ways
from mockserver.engine.accounts import Account, Login, Number
from mockserver.engine.entries import Entries
from mockserver.engine.frozen import freeze
from mockserver.engine.instants import EARLIEST, LATEST
from mockserver.engine.messages import Message, account_key
from mockserver.engine.state import Fixture
from mockserver.providers.serwersms.entries import COLLECTIONS
from mockserver.providers.serwersms.errors import CODES

WHO = {"username": "Login", "password": "Haslo"}
ENTRIES = {each.name: each.entry for each in COLLECTIONS}
"""The type of the entries of each collection."""
JAN, OLA = "+48500600700", "+48600700800"
SENT = {"success": True, "queued": 1, "unsent": 0}
WHEN = "2026-06-01 14:00:00"


class Sender:
    """A client of SerwerSMS with an account of its own."""

    def __init__(self, registry: Any) -> None:
        self.world = registry.default
        self.client = both_ways(registry)

    def send(self, action: str = "send_sms", **parameters: Any) -> Any:
        """Send these parameters as JSON, beside a number and a text; one that is ``...`` is left out."""
        given = {"phone": "500600700", "text": "hello", **parameters}
        sent = {name: value for name, value in given.items() if value is not ...}
        return self.client.post(f"/messages/{action}", json={**WHO, **sent}).json

    def items(self, action: str = "send_sms", **parameters: Any) -> Any:
        return self.send(action, details=True, **parameters)["items"]

    def code(self, action: str = "send_sms", **parameters: Any) -> int | None:
        """Return the code of the error; ``None`` where it is accepted."""
        code: int | None = self.send(action, **parameters).get("error", {}).get("code")
        return code

    @property
    def stored(self) -> list[Message]:
        return self.world.state.message_store.page(account_key("serwersms/own", "outbound"), EARLIEST, LATEST)

    @property
    def account(self) -> Account:
        return self.world.state.accounts["serwersms/own"]


@pytest.fixture
def opened(open_registry):
    """Open a world with an account with these fields and numbers, and with these variants."""

    def opened(*numbers: str, variants: Mapping[str, str] = {}, blacklist: Any = (), **fields: Any) -> Sender:
        collections = {name: fields.pop(name) for name in ENTRIES if name in fields}
        numbered = [{"id": number, "phone": phone} for number, phone in enumerate(blacklist, 1)]
        account = Account(
            "serwersms/own",
            "serwersms",
            "own",
            (Login("Login", "Haslo"), Login("a-token")),
            numbers={number: Number(number) for number in numbers},
            fields=freeze(fields),
        )
        tables = {
            (account.key, name): [msgspec.convert(row, ENTRIES[name]) for row in rows]
            for name, rows in {**collections, "blacklist": numbered}.items()
        }
        fixture = Fixture((account,), entries=Entries(tables))
        return Sender(open_registry(fixture, variants=variants))

    return opened


@pytest.fixture
def sender(opened) -> Sender:
    return opened()


def queued(phone: str, identifier: str, text: str = "hello", parts: int = 1) -> dict[str, Any]:
    return {"id": identifier, "phone": phone, "status": "queued", "queued": WHEN, "parts": parts, "text": text}


def unsent(phone: str, identifier: str, code: int, text: str = "hello") -> dict[str, Any]:
    sentence = CODES[code].en
    return {
        "id": identifier,
        "phone": phone,
        "status": "unsent",
        "error_code": code,
        "error_message": sentence,
        "text": text,
    }


# -- what is stored ------------------------------------------------------------------------------------------------


def test_a_message_without_a_sender_is_stored_as_eco_and_one_with_a_sender_as_full(sender):
    assert SENT == sender.send() == sender.send(sender="INFORMACJA")

    eco, full = sender.stored
    assert eco == Message(
        0, "serwersms/own", eco.id, "outbound", "", JAN, sender.world.clock.now(), "hello", "eco", "in_progress",
        fields={"stat_id": 100_000},
    )  # fmt: skip
    assert (full.kind, full.sender, full.fields) == ("full", "INFORMACJA", {"stat_id": 100_001})
    assert all(len(each.id) == 10 and int(each.id, 16) >= 0 for each in (eco, full))


def test_flags_and_urls_are_kept_and_utf_and_speed_only_of_a_message_with_a_sender(sender):
    flags = {"flash": True, "utf": "1", "speed": "true", "dlr_url": "http://a/?id=#SMSID#", "wap_push": "http://b/"}
    sender.send(**flags)
    sender.send(sender="INFO", **flags)

    kept = {"flash": True, "wap_push": "http://b/", "dlr_url": "http://a/?id=#SMSID#"}
    eco, full = sender.stored
    assert eco.fields == {**kept, "stat_id": 100_000}
    assert full.fields == {**kept, "utf": True, "speed": True, "stat_id": 100_001}


def test_sw_58_details_list_each_message_in_the_order_of_the_numbers(sender):
    items = sender.items(phone=["500600700", "x", "+48 600", "600700800"])

    ids = [each.id for each in sender.stored]
    assert items == [
        queued(JAN, ids[0]),
        unsent("x", ids[1], 3103),
        unsent("+48 600", ids[2], 3103),
        queued(OLA, ids[3]),
    ]
    assert ["", "wrong_number", "wrong_number", ""] == [each.fields.get("reason", "") for each in sender.stored]
    assert ["in_progress", "unsent", "unsent", "in_progress"] == [each.status for each in sender.stored]


def test_an_answer_in_xml_has_the_names_of_json(sender):
    answer = sender.client.post("/messages/send_sms.xml", data={**WHO, "phone": "x", "text": "a", "details": "1"})

    (message,) = sender.stored
    assert answer.text == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<response><success>true</success><queued>0</queued><unsent>1</unsent><items><item>"
        f"<id>{message.id}</id><phone>x</phone><status>unsent</status><error_code>3103</error_code>"
        "<error_message>Wrong number of recipients</error_message><text>a</text></item></items></response>"
    )


def test_the_sentence_of_an_unsent_message_is_polish_where_errors_are(opened):
    sender = opened(variants={"serwersms.errors.language": "pl"}, denied=["foreign"])

    assert "Wrong number of recipients" == sender.items(phone="x")[0]["error_message"]  # its Polish is not known


# -- recipients ----------------------------------------------------------------------------------------------------

BOTH = [
    pytest.param({"json": {"phone": [JAN, "600700800"]}}, id="JSON list"),
    pytest.param({"json": {"phone": f"{JAN},600700800"}}, id="JSON text"),
    pytest.param({"json": {"phone": [500600700, 600700800]}}, id="JSON numbers"),
    pytest.param({"data": {"phone[0]": "500600700", "phone[1]": "600700800"}}, id="numbered"),
    pytest.param({"data": {"phone[]": ["500600700", "600700800"]}}, id="brackets"),
    pytest.param({"data": {"phone": "500600700, 600700800"}}, id="comma list"),
    pytest.param({"data": {"phone": [JAN, OLA]}}, id="repeated"),
]


@pytest.mark.parametrize("sent", BOTH)
@pytest.mark.parametrize("action", ["send_sms", "send_sms.json", "sendSms", "send_voice.json"])
def test_numbers_are_read_in_every_spelling(sender, action, sent):
    ((way, parameters),) = sent.items()
    answer = sender.client.post(f"/messages/{action}", **{way: {**WHO, "text": "a", **parameters}})

    assert answer.json == {"success": True, "queued": 2, "unsent": 0}
    assert [JAN, OLA] == [each.recipient for each in sender.stored]


@pytest.mark.parametrize("login", [{"json": {**WHO, "phone": JAN, "text": "a"}}, {"json": {"phone": JAN, "text": "a"}}])
def test_a_token_sends_as_a_username_with_a_password_does(sender, login):
    headers = {} if "username" in login["json"] else {"Authorization": "Bearer a-token"}

    assert sender.client.post("/messages/send_sms", headers=headers, **login).json == SENT


def test_parameters_in_the_query_string_of_a_get_send_too(sender):
    assert sender.client.get("/messages/send_sms", query_string={**WHO, "phone": JAN, "text": "a"}).json == SENT


def test_sw_63_a_repeated_number_gets_one_message_and_the_first_unique_id(sender):
    answer = sender.send(phone=["500600700", "600700800", "+48500600700"], unique_id=["one", "two", "three"])

    assert answer == {"success": True, "queued": 2, "unsent": 0}
    assert [(JAN, "one"), (OLA, "two")] == [(each.recipient, each.fields["unique_id"]) for each in sender.stored]


@pytest.mark.parametrize("count", [100_000, 100_001])
def test_100_000_recipients_are_the_most_of_one_request(sender, count):
    phones = [str(number) for number in range(500_000_000, 500_000_000 + count)]
    answer = sender.client.post("/messages/send_sms", json={**WHO, "phone": phones, "text": "a"}).json

    assert answer == (
        {"success": True, "queued": count, "unsent": 0}
        if count == 100_000
        else {"error": {"code": 3110, "type": "SendError", "message": CODES[3110].en}}
    )
    assert len(sender.stored) == (count if count == 100_000 else 0)


def test_100_000_recipients_with_a_unique_id_each_may_be_lists_of_json(sender):
    phones = list(range(500_000_000, 500_100_000))

    answer = sender.send(phone=phones, unique_id=[f"id{phone}" for phone in phones], test=True)
    assert answer == {"success": True, "queued": 100_000, "unsent": 0}
    assert 3110 == sender.code(phone=[*phones, 600_000_000])


def test_10_000_pairs_are_the_most_of_one_request(sender):
    pairs = [f"{number}:a" for number in range(500_000_000, 500_010_001)]

    assert 3110 == sender.code("send_personalized", messages="]|[".join(pairs))
    assert 10_000 == sender.send("send_personalized", messages="]|[".join(pairs[1:]))["queued"]


def test_a_number_on_the_blacklist_and_one_of_another_country_are_unsent_where_they_must_be(opened):
    sender = opened(blacklist=[OLA], denied=["foreign"])
    items = sender.items(phone=[JAN, OLA, "+4915112345678"])

    assert [None, 3100, 3009] == [each.get("error_code") for each in items]
    reasons = ["", "number_is_blacklisted", "sending_to_foreign_networks_is_locked"]
    assert reasons == [each.fields.get("reason", "") for each in sender.stored]


# -- personalized --------------------------------------------------------------------------------------------------

PAIRS = [{"phone": "500600700", "text": "a"}, {"phone": "600700800", "text": "b: c"}]


def test_pairs_of_a_form_may_be_one_text(sender):
    form = {"messages": "500600700:a]|[600700800:b: c", "unique_id": "one,two"}

    assert sender.client.post("/messages/send_personalized", data={**WHO, **form}).json["queued"] == 2
    assert ["one", "two"] == [each.fields["unique_id"] for each in sender.stored]


@pytest.mark.parametrize(
    "messages",
    [PAIRS, json.dumps(PAIRS), "500600700:a]|[600700800:b: c", "500600700:a]|[600700800:b: c]|["],
    ids=["list", "JSON text", "text", "text with a separator at its end"],
)
def test_pairs_are_read_in_every_spelling(sender, messages):
    answer = sender.send("send_personalized", phone=..., text=..., messages=messages)

    assert answer == {"success": True, "queued": 2, "unsent": 0}
    assert [(JAN, "a"), (OLA, "b: c")] == [(each.recipient, each.text) for each in sender.stored]


def test_pairs_of_a_form_have_brackets(sender):
    form = {f"messages[{place}][{name}]": value for place, pair in enumerate(PAIRS) for name, value in pair.items()}

    assert sender.client.post("/messages/send_personalized", data={**WHO, **form}).json["queued"] == 2
    assert [(JAN, "a"), (OLA, "b: c")] == [(each.recipient, each.text) for each in sender.stored]


@pytest.mark.parametrize("messages", ["500600700", "[1", [1], {"a": 1}, 7, [{"text": "a"}]])
def test_what_is_no_list_of_pairs_is_bad_data(sender, messages):
    assert 1006 == sender.code("send_personalized", messages=messages)


def test_a_pair_whose_text_cannot_be_sent_is_unsent_and_the_others_are_sent(sender):
    items = sender.items(
        "send_personalized", messages=[*PAIRS, {"phone": "500600701"}, {"phone": "x", "text": "a" * 919}]
    )

    assert [None, None, 3101, 3103] == [each.get("error_code") for each in items]
    assert "wrong_message" == sender.stored[2].fields["reason"]


def test_the_broken_pairs_of_the_vendors_python_client_are_sent_as_far_as_they_can_be(sender):
    items = sender.items("send_personalized", messages="500600700:a]|[600700800:")

    assert [None, 3101] == [each.get("error_code") for each in items]


def test_personalized_messages_may_be_voice_messages(sender):
    assert SENT["success"] is sender.send("send_personalized", messages=[*PAIRS], voice=True)["success"]
    assert ["voice", "voice"] == [each.kind for each in sender.stored]
    assert (
        3102
        == sender.items("send_personalized", messages=[{"phone": JAN, "text": "a" * 161}], voice=1)[0]["error_code"]
    )


# -- texts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parameters", "sent", "parts"),
    [
        ("Zażółć 🙂", {}, "Zazolc ?", 1),
        ("Zażółć 🙂", {"utf": True, "sender": "INFO"}, "Zażółć 🙂", 1),
        ("ą" * 71, {"utf": True, "sender": "INFO"}, "ą" * 71, 2),
        ("ą" * 160, {"utf": True}, "a" * 160, 1),
        ("€" * 81, {}, "€" * 81, 2),
        ("a" * 918, {}, "a" * 918, 6),
    ],
)
def test_a_text_is_sent_in_gsm_letters_or_with_utf_as_it_is(sender, text, parameters, sent, parts):
    (item,) = sender.items(text=text, **parameters)

    assert (sent, parts) == (item["text"], item["parts"])
    assert (sent, parts) == (sender.stored[0].text, sender.stored[0].fields.get("parts", 1))


@pytest.mark.parametrize(
    ("variant", "code", "parts"), [("converted", None, 2), ("rejected", 3105, None), ("ucs2", None, 3)]
)
def test_sw_61_letters_that_gsm_does_not_have_are_converted_rejected_or_sent(opened, variant, code, parts):
    sender = opened(variants={"serwersms.letters": variant})

    assert code == sender.code(text="ł" * 161)
    assert [parts] * (code is None) == [each.fields["parts"] for each in sender.stored]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"phone": ...}, 2000),
        ({"phone": None}, 2000),
        ({"phone": ""}, 3104),
        ({"phone": []}, 3104),
        ({"phone": " , "}, 3104),
        ({"text": ...}, 2000),
        ({"text": None}, 2000),
        ({"text": ""}, 3101),
        ({"text": " \n"}, 3101),
        ({"text": "a" * 919}, 3102),
        ({"text": "ą" * 403, "utf": True, "sender": "INFO"}, 3102),
        ({"text": "a\x00"}, 3105),
        ({"text": ["a"]}, 1006),
        ({"phone": [["a"]]}, 1006),
        ({"vcard": True, "text": "Jan"}, 3105),
        ({"vcard": True, "text": "BEGIN:VCARD\nFN:Jan\nEND:VCARD"}, None),
        ({"sender": "Nobody"}, 3106),
        ({"sender": "informacja"}, 3106),
        ({"sender": "664078059"}, None),
        ({"sender": "7120"}, None),
        ({"sender": "123456789"}, 3106),
        ({"sender": "2waySMS"}, None),
        ({"date": "2026-06-01 13:58:59"}, 3108),
        ({"date": "2026-06-01 13:59:00"}, None),
        ({"date": "2026-13-01 13:59:00"}, 3108),
        ({"date": "tomorrow"}, 3108),
        ({"unique_id": "ab"}, 3200),
        ({"unique_id": "a" * 51}, 3200),
        ({"unique_id": "a" * 50}, None),
        ({"unique_id": "a_b"}, 3200),
        ({"unique_id": "żółw"}, 3200),
        ({"unique_id": ["abc", ""]}, 3200),
        ({"unique_id": ["abc", "abd"]}, 3202),
        ({"phone": f"{JAN},{OLA}", "unique_id": "abc"}, 3202),
        ({"phone": f"{JAN},{OLA}", "unique_id": ["abc", "abc"]}, 3201),
        ({"phone": f"{JAN},{OLA}", "unique_id": "abc,abd"}, None),
        ({"dlr_url": "ftp://a/"}, 1006),
        ({"wap_push": "somewhere"}, 1006),
        ({"flash": "maybe"}, 1006),
        ({"ic": 7, "system": "client_php", "facture": "x"}, None),
        ({"sender": None, "date": None, "unique_id": "", "flash": None, "group_id": None}, None),
    ],
)
def test_sw_59_what_is_wrong_with_a_send_is_its_code_and_stores_nothing(opened, parameters, code):
    sender = opened("+48664078059", "7120")

    assert code == sender.code(**parameters)
    assert (code is None) == bool(sender.stored)


@pytest.mark.parametrize(("length", "code"), [(160, None), (161, 3102)])
def test_sw_66_a_voice_message_has_at_most_160_characters(sender, length, code):
    assert code == sender.code("send_voice", text="ł" * length)
    assert [("voice", "ł" * length)] * (code is None) == [(each.kind, each.text) for each in sender.stored]


def test_sw_60_the_sender_2waysms_becomes_a_number_of_nine_digits(sender):
    sender.send(sender="2waySMS")
    sender.send(sender="2waySMS")

    assert ["600000001", "600000002"] == [each.sender for each in sender.stored]


# -- identifiers, dates and tests ----------------------------------------------------------------------------------


def test_a_unique_id_that_a_message_has_is_not_unique_even_in_a_later_request(sender):
    assert [None, 3201, None] == [sender.code(unique_id=name) for name in ("first", "first", "second")]


def test_in_an_account_with_duplicate_control_a_unique_id_that_was_used_is_3111(opened):
    sender = opened(duplicate_control=True)

    assert [None, 3111] == [sender.code(unique_id="first") for _ in range(2)]


def test_sw_62_a_unique_id_may_be_reusable(opened):
    sender = opened(variants={"serwersms.unique_id": "reusable"})

    assert [None, None] == [sender.code(unique_id="first") for _ in range(2)]


def test_sw_64_a_message_with_a_date_in_the_future_is_saved_and_was_queued_now(sender):
    (item,) = sender.items(date="2026-06-02 10:00:00")

    (message,) = sender.stored
    assert (WHEN, "saved", "2026-06-02T08:00:00Z") == (item["queued"], message.status, message.fields["date"])
    assert message.at == sender.world.clock.now()


def test_a_test_is_answered_as_a_send_and_leaves_no_trace(opened):
    sender = opened(limits={"eco": "1"})
    (tested,) = sender.items(test=True, unique_id="once")

    assert [] == sender.stored
    (item,) = sender.items(unique_id="once")
    assert item == tested
    assert [item["id"]] == [each.id for each in sender.stored]


def test_sw_65_the_demo_users_messages_are_stored_or_are_tests(opened):
    for variant, count in (("stored", 1), ("test", 0)):
        sender = opened(variants={"serwersms.demo": variant}, demo=True)
        assert SENT == sender.send()
        assert count == len(sender.stored)
        token = sender.client.post(
            "/messages/send_sms", json={"phone": JAN, "text": "a"}, headers={"Authorization": "Bearer a-token"}
        )
        assert SENT == token.json
        assert count + 1 == len(sender.stored)


# -- limits and rights ---------------------------------------------------------------------------------------------

KINDS = [
    ("eco", "send_sms", {}, 3000, 3001),
    ("full", "send_sms", {"sender": "INFO"}, 3002, 3003),
    ("voice", "send_voice", {}, 3006, 3007),
]


@pytest.mark.parametrize(("kind", "action", "parameters", "used_up", "unavailable"), KINDS)
def test_sw_67_a_limit_goes_down_by_part_and_rejects_when_it_is_used_up(
    opened, kind, action, parameters, used_up, unavailable
):
    sender = opened(limits={kind: "2", "hlr": "9"})

    assert used_up == sender.code(action, phone=[JAN, OLA, "500600701"], **parameters)
    assert "2" == sender.account.fields["limits"][kind]
    assert None is sender.code(action, phone=[JAN, "x", JAN], **parameters)
    assert "1" == sender.account.fields["limits"][kind]
    if kind != "voice":
        assert used_up == sender.code(action, text="a" * 161, **parameters)
    assert None is sender.code(action, **parameters)
    assert used_up == sender.code(action, **parameters)
    assert {kind: "0", "hlr": "9"} == sender.account.fields["limits"]
    assert unavailable == opened(limits={kind: "not_available"}).code(action, **parameters)
    assert None is opened(limits={kind: "no_limit"}).code(action, **parameters)


@pytest.mark.parametrize(
    ("fields", "action", "parameters", "code"),
    [
        ({"denied": ["sms"]}, "send_sms", {}, 3009),
        ({"denied": ["sms"]}, "send_voice", {}, None),
        ({"denied": ["flash"]}, "send_sms", {"flash": True}, 3008),
        ({"denied": ["flash"]}, "send_sms", {}, None),
        ({"denied": ["personalized"]}, "send_personalized", {"messages": PAIRS}, 3107),
        ({"blocked": True}, "send_sms", {}, 3100),
        ({"blocked": True}, "send_voice", {}, 3100),
    ],
)
def test_what_an_account_may_not_do_is_rejected(opened, fields, action, parameters, code):
    assert code == opened(**fields).code(action, **parameters)


# -- groups and contacts -------------------------------------------------------------------------------------------

CONTACTS = [
    {"id": 1, "phone": JAN, "group_ids": [7]},
    {"id": 2, "phone": OLA, "group_ids": [7, 8]},
    {"id": 3, "phone": "+48500600701"},
]


@pytest.mark.parametrize(
    ("parameters", "phones"),
    [
        ({"group_id": 7}, [JAN, OLA]),
        ({"group_id": "8"}, [OLA]),
        ({"group_id": [7, 8], "contact_id": "3,99"}, [JAN, OLA, "+48500600701"]),
        ({"contact_id": 1, "phone": "500600702"}, ["+48500600702", JAN]),
    ],
)
@pytest.mark.parametrize("action", ["send_sms", "send_voice"])
def test_a_message_is_sent_to_the_members_of_groups_and_to_contacts(opened, action, parameters, phones):
    sender = opened(contacts=CONTACTS)

    assert len(phones) == sender.send(action, **{"phone": ..., **parameters})["queued"]
    assert phones == [each.recipient for each in sender.stored]


def test_one_text_is_sent_to_a_group_beside_pairs(opened):
    sender = opened(contacts=CONTACTS)
    sender.send("send_personalized", phone=..., text="c", messages=PAIRS, group_id=8)
    sender.send("send_personalized", phone=..., text="d", group_id=8)

    assert [(JAN, "a"), (OLA, "b: c"), (OLA, "c"), (OLA, "d")] == [
        (each.recipient, each.text) for each in sender.stored
    ]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"group_id": 9}, 3104),
        ({"group_id": "x"}, 1004),
        ({"contact_id": ""}, 3104),
        ({"unique_id": "one", "group_id": 7}, 3202),
    ],
)
def test_a_group_without_members_has_no_numbers_and_each_member_needs_a_unique_id(opened, parameters, code):
    assert code == opened(contacts=CONTACTS).code(**{"phone": ..., **parameters})


# -- senders, files and bots ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code"),
    [("authorized", None), ("pending_authorization", 3106), ("rejected", 3106), ("deactivated", 3106)],
)
def test_a_name_of_the_account_can_send_once_it_is_authorized(opened, status, code):
    assert code == opened(senders=[{"id": "Sklep", "status": status}]).code(sender="Sklep")


FILES = [
    {"id": "a1", "type": "mms", "name": "a.jpg", "size": 1},
    {"id": "b2", "type": "voice", "name": "b.wav", "size": 1},
]
GIF = "R0lGODlh"


@pytest.mark.parametrize(
    ("action", "parameters", "code"),
    [
        ("send_mms", {"title": "Temat", "file_id": "a1"}, None),
        ("send_mms", {"title": "Temat", "file_id": ["a1", "a1"], "text": ...}, None),
        ("send_mms", {"title": "Temat", "file": GIF}, None),
        ("send_mms", {"file": GIF}, None),
        ("send_mms", {"file": GIF, "text": ...}, 2000),
        ("send_mms", {"title": "a" * 40, "file": GIF}, None),
        ("send_mms", {"title": "a" * 41, "file": GIF}, 3102),
        ("send_mms", {"title": "Temat"}, 3109),
        ("send_mms", {"title": "Temat", "file": "!"}, 3109),
        ("send_mms", {"title": "Temat", "file": "ż"}, 3109),
        ("send_mms", {"title": "Temat", "file_id": "b2"}, 3109),
        ("send_mms", {"title": "Temat", "file_id": "c3"}, 3109),
        ("send_voice", {"file_id": "b2", "text": ...}, None),
        ("send_voice", {"file_id": "a1", "text": ...}, 3109),
        ("send_voice", {"text": ...}, 2000),
    ],
)
def test_an_mms_has_a_title_and_files_and_a_voice_message_a_text_or_a_file(opened, action, parameters, code):
    sender = opened(files=FILES)

    assert code == sender.code(action, **parameters)
    assert (code is None) == bool(sender.stored)


def test_files_of_an_mms_are_kept_by_their_ids_or_with_their_content(opened):
    sender = opened(files=FILES, limits={"mms": "2"})
    sender.send("send_mms", title="Temat", file_id="a1", text=...)
    sender.send("send_mms", title="Temat", file=[GIF, "YWJj"])

    first, second = sender.stored
    assert (first.kind, first.title, first.text, first.fields["file_ids"]) == ("mms", "Temat", "", ("a1",))
    kept = [(each.id, each.name, each.content_type, each.content) for each in second.attachments]
    assert kept == [
        (100_000_000, "file.gif", "image/gif", b"GIF89a"),
        (100_000_001, "file.txt", "text/plain", b"abc"),
    ]
    assert 3004 == sender.code("send_mms", title="Temat", file=GIF)
    assert 3005 == opened(limits={"mms": "not_available"}).code("send_mms", title="Temat", file=GIF)


BOT = "54c53be2-cbb8-11ec-9d64-0242ac120002"
VIDEO = {"name": "a.mp4", "url": "https://a/a.mp4", "type": "video/mp4", "size": 1489039}


@pytest.mark.parametrize(
    ("message", "text", "code"),
    [
        ({"text": "hello", "suggestions": []}, "hello", None),
        ('{"text": "hello"}', "hello", None),
        ({"file": VIDEO}, "a.mp4", None),
        ({"richcard": [{"title": "One", "description": "a", "media": VIDEO}]}, "One", None),
        ({"richcard": [{"title": "One"}] * 4}, "One", None),
        ({"richcard": [{"title": "One"}] * 5}, "", 3105),
        ({"richcard": [{"title": "a" * 101}]}, "", 3102),
        ({"richcard": [{"title": "One", "media": {}}]}, "", 3105),
        ({"richcard": ["One"]}, "", 3105),
        ({"richcard": {}}, "", 3105),
        ({"text": "a" * 3073}, "", 3102),
        ({"text": " "}, "", 3105),
        ({"text": 1}, "", 3105),
        ({"text": "a", "file": VIDEO}, "", 3105),
        ({"text": "a", "suggestions": [{}] * 12}, "", 3105),
        ({"file": {"name": "a"}}, "", 3105),
        ("{", "", 3105),
        (["a"], "", 3105),
        (None, "", 2000),
    ],
)
def test_an_rcs_message_is_a_text_a_file_or_cards(opened, message, text, code):
    sender = opened(rcs_bots=BOTS)

    assert code == sender.code("send_rcs", rcs_id=BOT, message=message)
    assert [("rcs", BOT, text)] * (code is None) == [(each.kind, each.sender, each.text) for each in sender.stored]


BOTS = [{"id": BOT, "name": "Bot"}]


def test_an_rcs_message_of_a_form_has_brackets(opened):
    form = {"rcs_id": BOT, "phone": JAN, "message[richcard][0][title]": "One", "message[richcard][1][title]": "Two"}
    sender = opened(rcs_bots=BOTS)

    assert sender.client.post("/messages/send_rcs", data={**WHO, **form}).json == SENT
    assert sender.stored[0].fields["rcs"] == {"richcard": ({"title": "One"}, {"title": "Two"})}


@pytest.mark.parametrize("action", ["send_rcs", "tester_rcs"])
@pytest.mark.parametrize(
    ("rcs_id", "code"), [(BOT, None), (BOT.upper(), None), (BOT.replace("2", "3"), 1004), ("x", 1004), (..., 2000)]
)
def test_only_a_bot_of_the_account_sends_or_is_tested(opened, action, rcs_id, code):
    assert code == opened(rcs_bots=BOTS).code(action, rcs_id=rcs_id, message={"text": "hello"})


def test_an_account_may_be_denied_rcs(opened):
    for fields in ({"denied": ["rcs"]}, {"limits": {"full": "not_available"}}):
        sender = opened(rcs_bots=BOTS, **fields)
        assert 3003 == sender.code("send_rcs", rcs_id=BOT, message={"text": "hello"})


def test_an_invitation_to_test_a_bot_sends_nothing(opened):
    sender = opened(rcs_bots=BOTS)

    assert {"success": True} == sender.send("tester_rcs", rcs_id=BOT)
    assert 2001 == sender.code("tester_rcs", rcs_id=BOT, phone="x")
    assert [] == sender.stored


# -- a lost response -----------------------------------------------------------------------------------------------


def test_a_magic_number_has_its_outcome_when_something_is_sent_to_it(sender):
    assert 1010 == sender.code(phone="+48990000000")
    assert [] == sender.stored
    assert SENT == sender.send(phone="+48990000010", test=True)  # in process nothing is lost
    sender.send(phone="+48990000010")
    assert ["+48990000010"] == [each.recipient for each in sender.stored]
    assert "no_response" == sender.world.journal.since(0)[-1].outcome
