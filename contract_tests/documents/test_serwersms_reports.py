"""SerwerSMS's messages/reports, messages/view, messages/delete and stats/index, and the states that they show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from contract_tests.counted_rows import CountedRows
from contract_tests.documents.serwersms_api import Api, open_api
from contract_tests.installed import PROVIDERS, SWITCHES
from mockserver import worldfile
from mockserver.engine.decisions import Decision
from mockserver.engine.events import VariantChosen
from mockserver.engine.frozen import freeze
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.messages import Message

JAN, OLA = "+48500600700", "+48600700800"
NOON = parse_instant("2026-06-01T12:00:00Z")
RULES = worldfile.Rules.of(PROVIDERS, SWITCHES)
REPORT = {
    "phone": JAN,
    "status": "in_progress",
    "queued": "2026-06-01 14:00:00",
    "sent": None,
    "delivered": None,
    "sender": "",
    "type": "eco",
    "text": "hello",
    "flash": False,
    "utf": False,
    "parts": 1,
    "cost": 0.08,
    "method": "HTTPS API",
    "mnc": 26003,
    "country": "Polska",
    "network": "Orange (PTK Centertel Sp. z o.o.)",
    "attachments": [],
    "reason": None,
}


@pytest.fixture
def api(open_registry) -> Api:
    return open_api(open_registry)


def send(api: Api, phone: str = JAN, text: str = "hello", **parameters: Any) -> list[str]:
    """Send a message to each number, and return their ids."""
    sent = api.form("messages/send_sms", phone=phone, text=text, details="true", **parameters)
    return [item["id"] for item in sent["items"]]


def wait(api: Api, seconds: float) -> None:
    api.world.advance(api.world.now() + round(seconds * SECOND))


def choose(api: Api, name: str, variant: str) -> None:
    api.world.execute(lambda _state, now, _ids: Decision(now, None, (VariantChosen(name, variant),)))


def states(api: Api, **filters: Any) -> list[str]:
    return [item["status"] for item in api.form("messages/reports", order="asc", **filters)["items"]]


def listed(api: Api, **filters: Any) -> list[str]:
    return [item["id"] for item in api.form("messages/reports", **filters)["items"]]


# -- states ------------------------------------------------------------------------------------------------------------


def test_sw_68_a_message_is_sent_after_a_second_and_delivered_after_five(api):
    send(api)
    assert [{**REPORT, "id": listed(api)[0]}] == api.form("messages/reports")["items"]
    wait(api, 0.999)
    assert states(api) == ["in_progress"]
    wait(api, 0.001)
    [item] = api.form("messages/reports")["items"]
    assert (item["status"], item["sent"], item["delivered"]) == ("sent", "2026-06-01 14:00:01", None)
    wait(api, 3.999)
    assert states(api) == ["sent"]
    wait(api, 0.001)
    [item] = api.form("messages/reports")["items"]
    assert (item["status"], item["sent"]) == ("delivered", "2026-06-01 14:00:01")
    assert (item["delivered"], item["reason"]) == ("2026-06-01 14:00:05", None)
    assert api.world.next_due() is None


def test_sw_68_a_message_with_a_date_is_saved_until_then(api):
    send(api, date="2026-06-01 15:00:00")
    wait(api, 3599)
    assert states(api) == ["saved"]
    wait(api, 1)
    assert states(api) == ["in_progress"]
    wait(api, 1)
    assert states(api) == ["sent"]
    wait(api, 4)
    [item] = api.form("messages/reports")["items"]
    assert (item["status"], item["queued"]) == ("delivered", "2026-06-01 14:00:00")
    assert (item["sent"], item["delivered"]) == ("2026-06-01 15:00:01", "2026-06-01 15:00:05")


def test_sw_68_at_once_a_message_is_in_its_last_state_when_it_is_sent(open_registry):
    api = open_api(open_registry, variants={"serwersms.states": "instant"})
    send(api, f"{JAN},+48990000050,+48990000061,+48990000070")
    send(api, date="2026-06-01 15:00:00")

    assert states(api) == ["delivered", "undelivered", "unsent", "sent", "saved"]
    [delivered, *_] = api.form("messages/reports", order="asc")["items"]
    assert delivered["sent"] == delivered["delivered"] == "2026-06-01 14:00:00"
    wait(api, 3600)
    [last, *_] = api.form("messages/reports")["items"]
    assert (last["status"], last["sent"], last["delivered"]) == ("delivered", *["2026-06-01 15:00:00"] * 2)
    assert api.world.next_due() is None


NOT_DELIVERED = ("message_expired", "unsupported_number", "message_rejected", "missed_call", "operator_error")
NOT_SENT = (
    *("wrong_number", "limit_exhausted", "lock_send", "wrong_message", "wrong_sender_name", "number_is_blacklisted"),
    *("sending_to_foreign_networks_is_locked", "no_permission_to_send_messages"),
)


@pytest.mark.parametrize(
    ("place", "status", "reasons"),
    [
        (5, "undelivered", (*NOT_DELIVERED, *["other_error"] * 5)),
        (6, "unsent", (*NOT_SENT, *["other_error"] * 2)),
        (7, "sent", [None] * 10),
        (8, "delivered", [None] * 10),
    ],
)
@pytest.mark.parametrize("end", ["delivered", "undelivered"])
def test_sw_69_magic_numbers_choose_what_becomes_of_a_message(open_registry, place, status, reasons, end):
    api = open_api(open_registry, variants={"serwersms.states.end": end})
    send(api, ",".join(f"+489900000{place}{digit}" for digit in range(10)))
    wait(api, 1)
    assert set(states(api)) == {"unsent" if status == "unsent" else "sent"}
    wait(api, 4)

    items = api.form("messages/reports", order="asc")["items"]
    assert [(item["status"], item["reason"]) for item in items] == [(status, reason) for reason in reasons]
    assert {item["sent"] is None for item in items} == {status == "unsent"}
    assert {item["cost"] for item in items} == {0.0 if status == "unsent" else 0.08}
    assert api.world.next_due() is None


@pytest.mark.parametrize(
    ("end", "last"),
    [
        ("delivered", ("delivered", None)),
        ("undelivered", ("undelivered", "message_expired")),
        ("unsent", ("unsent", "other_error")),
        ("never", ("sent", None)),
    ],
)
def test_sw_69_a_world_chooses_what_becomes_of_other_messages(open_registry, end, last):
    api = open_api(open_registry, variants={"serwersms.states.end": end})
    send(api)
    choose(api, "serwersms.states.end", "delivered")  # it was chosen when the message was sent
    wait(api, 5)
    [item] = api.form("messages/reports")["items"]

    assert (item["status"], item["reason"]) == last


def test_sw_69_magic_numbers_are_like_others_where_they_are_off(open_registry):
    api = open_api(open_registry, variants={"serwersms.magic": "off"})
    send(api, "+48990000050")
    wait(api, 5)

    assert states(api) == ["delivered"]


def test_sw_68_a_snapshot_carries_the_states_on(open_registry):
    api = open_api(open_registry)
    send(api)
    wait(api, 1)
    document = worldfile.dump(api.world, {}, has_credentials=True)
    document["accounts"] = [{**account, "messages": [*account["messages"]]} for account in document["accounts"]]
    file = worldfile.read(document, RULES)
    again = Api(open_registry(file.fixture, file.clock.clock()))
    wait(again, 3.9)
    assert states(again) == ["sent"]
    wait(again, 0.1)

    assert states(again) == ["delivered"]


# -- reports -----------------------------------------------------------------------------------------------------------


def test_sw_73_every_filter_finds_its_messages_in_every_mix(api):
    [first] = send(api, JAN, unique_id="one")
    wait(api, 60)
    second, third = send(api, f"{OLA},+48990000060", sender="INFORMACJA", **{"unique_id[]": ["two", "three"]})
    wait(api, 60)
    [fourth] = send(api, JAN)
    [fifth] = send(api, JAN, date="2026-06-02 10:00:00")
    wait(api, 1)
    every = [fifth, fourth, third, second, first]

    assert listed(api) == every
    assert listed(api, order="desc") == every
    assert listed(api, order="asc") == every[::-1]
    assert listed(api, phone=JAN) == [fifth, fourth, first]
    assert listed(api, phone="500600700,600700800") == [fifth, fourth, second, first]
    assert api.json("messages/reports", phone=[JAN, OLA]) == api.form("messages/reports", phone=f"{JAN},{OLA}")
    assert listed(api, id=first) == [first]
    assert listed(api, **{"id[]": [second, first]}) == [second, first]
    assert listed(api, id=f"{first},none") == [first]
    assert listed(api, unique_id="two") == [second]
    assert listed(api, unique_id="one,three") == [third, first]
    assert listed(api, status="delivered") == [second, first]
    assert listed(api, status="unsent") == [third]
    assert listed(api, status="sent") == listed(api, status="pending") == [fourth]
    assert listed(api, status="saved") == [fifth]
    assert listed(api, status="undelivered") == listed(api, status="in_progress") == []
    assert listed(api, type="eco") == [fifth, fourth, first]
    assert listed(api, type="full") == [third, second]
    assert listed(api, type="mms") == []
    assert listed(api, date_from="2026-06-01 14:01:00") == [fifth, fourth, third, second]
    assert listed(api, date_to="2026-06-01 14:01:00") == [third, second, first]
    assert listed(api, date_from="2026-06-01 14:00:01", date_to="2026-06-01 14:01:59") == [third, second]
    assert listed(api, date_from="2026-06-01", date_to="2026-06-01") == every
    assert listed(api, date_from="2026-06-02") == []
    assert listed(api, type="eco", status="delivered") == [first]
    assert listed(api, phone=JAN, status="saved", type="eco", date_from="2026-06-01 14:02:00") == [fifth]
    assert listed(api, id=f"{first},{second}", status="delivered", type="full") == [second]
    assert listed(api, unique_id="two", id=first) == []
    [stat, *_] = api.form("stats/index", type="full")["items"]
    assert listed(api, stat_id=stat["id"]) == [third, second]
    assert listed(api, stat_id=stat["id"], phone=OLA) == [second]
    assert listed(api, stat_id=1) == []


def test_sw_73_pending_may_be_all_that_is_not_final(open_registry):
    api = open_api(open_registry, variants={"serwersms.pending": "not-final"})
    [first] = send(api)
    wait(api, 4)
    [second] = send(api)
    [third] = send(api, date="2026-06-02 10:00:00")
    wait(api, 1)

    assert listed(api, status="delivered") == [first]
    assert listed(api, status="pending") == [third, second]


def test_sw_73_a_report_has_no_incoming_messages(open_registry):
    api = open_api(open_registry, inbound(0, "7", JAN), inbound(1, "8", "+48664078101"))

    assert listed(api) == listed(api, phone="+48664078101") == listed(api, id="7") == []


def inbound(serial: int, identifier: str, recipient: str) -> Message:
    return Message(serial, "serwersms/own", identifier, "inbound", JAN, recipient, NOON, "hi", "eco")


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"type": "nd"}, 1006),
        ({"status": "lost"}, 1006),
        ({"stat_id": "x"}, 1006),
        ({"stat_id": "0"}, 1006),
        ({"date_from": "yesterday"}, 1006),
        ({"date_to": "2026-13-01"}, 1006),
        ({"order": "up"}, 1006),
        ({"page": "x"}, 1006),
        ({"limit": "0"}, 1006),
        ({"show_contact": "maybe"}, 1006),
        ({"phone": "Jan"}, 2001),
        ({"id": ",".join(["a"] * 501)}, 3331),
        ({"unique_id": ",".join(["abc"] * 501)}, 3331),
        ({"id": ",".join(["a"] * 500)}, None),
    ],
)
def test_sw_73_what_is_wrong_with_a_filter_is_said(api, parameters, code):
    assert api.code("messages/reports", **parameters) == code


@pytest.mark.parametrize("blank", [None, "", []])
@pytest.mark.parametrize(
    "name", ["phone", "date_from", "date_to", "id", "unique_id", "status", "type", "stat_id", "page", "order"]
)
def test_sw_73_a_blank_filter_is_none(api, name, blank):
    [identifier] = send(api)

    assert [each["id"] for each in api.json("messages/reports", **{name: blank})["items"]] == [identifier]


def test_sw_73_a_report_comes_in_pages_with_the_newest_first(api):
    sent = send(api, ",".join(f"+48500600{digits}" for digits in range(700, 705)))[::-1]
    first, second, third = (api.form("messages/reports", page=page, limit=2) for page in (1, 2, 3))

    assert [first["paging"], third["paging"]] == [{"page": 1, "count": 3}, {"page": 3, "count": 3}]
    assert [each["id"] for page in (first, second, third) for each in page["items"]] == sent
    assert api.form("messages/reports", page=0, limit=2) == first
    assert api.form("messages/reports", page=4, limit=2)["items"] == []
    assert listed(api, page=1, limit=2, order="asc") == sent[:2:-1]
    assert listed(api, page=2, limit=2, type="eco", phone="+48500600700,+48500600702,+48500600704") == [sent[4]]
    assert "paging" not in api.form("messages/reports")


def test_sw_73_without_a_page_the_newest_hundred_are_reported(api):
    sent = send(api, ",".join(f"+48500600{digits}" for digits in range(100, 250)))

    assert listed(api) == sent[:49:-1]
    assert api.form("messages/reports", page=1)["paging"] == {"page": 1, "count": 2}
    assert api.form("messages/reports", limit=5_000)["paging"] == {"page": 1, "count": 1}


def test_sw_78_a_page_of_reports_that_is_too_large_may_be_rejected(open_registry):
    api = open_api(open_registry, variants={"serwersms.lists.limit": "rejected"})

    assert api.code("messages/reports", limit=1_001) == 3331


SHOWN = 50


@pytest.mark.parametrize(
    "filters",
    [{}, {"status": "delivered"}, {"type": "full"}, {"stat_id": 7}, {"phone": JAN}, {"date_from": "2026-06-01"}],
)
def test_sw_73_a_page_of_fifty_among_a_hundred_thousand_looks_at_little_more_than_fifty(open_registry, filters):
    fields = freeze({"stat_id": 7, "sent": "2026-06-01T10:00:01Z", "delivered": "2026-06-01T10:00:05Z"})
    api = open_api(open_registry, *(sent(serial, fields) for serial in range(100_000)))
    assert len(listed(api, page=1, limit=SHOWN, **filters)) == SHOWN  # builds the index of the filter
    [segment] = api.world.state.message_store.segments
    segment.rows = rows = CountedRows(segment.rows)
    for page in (1, 1_000, 2_000):
        rows.looks = 0
        assert len(listed(api, page=page, limit=SHOWN, **filters)) == SHOWN
        assert rows.looks <= SHOWN + 100


def sent(serial: int, fields: Mapping[str, Any]) -> Message:
    at = NOON - SECOND * 3600 + serial
    return Message(
        *(serial, "serwersms/own", f"{serial:010x}", "outbound", "", JAN, at, "hello"),
        kind="full",
        status="delivered",
        fields=fields,
    )


def test_sw_74_a_report_in_xml_has_the_same_fields(api):
    [identifier] = send(api, text="Zażółć & <b>", sender="INFORMACJA", utf="true", flash="true")
    wait(api, 5)

    assert api.xml("messages/reports", limit=1) == (
        "<response><paging><page>1</page><count>1</count></paging><items><item>"
        f"<id>{identifier}</id><phone>{JAN}</phone><status>delivered</status><queued>2026-06-01 14:00:00</queued>"
        "<sent>2026-06-01 14:00:01</sent><delivered>2026-06-01 14:00:05</delivered><sender>INFORMACJA</sender>"
        "<type>full</type><text>Zażółć &amp; &lt;b&gt;</text><flash>true</flash><utf>true</utf><parts>1</parts>"
        "<cost>0.08</cost><method>HTTPS API</method><mnc>26003</mnc><country>Polska</country>"
        "<network>Orange (PTK Centertel Sp. z o.o.)</network><attachments/><reason></reason>"
        "</item></items></response>"
    )


# -- one of them -------------------------------------------------------------------------------------------------------


def test_sw_75_a_message_is_viewed_by_its_id_or_its_unique_id(api):
    [first], [second] = send(api), send(api, OLA, unique_id="mine")

    assert api.form("messages/view", id=first) == {**REPORT, "id": first}
    assert api.json("messages/view", id=first) == {**REPORT, "id": first}
    assert api.form("messages/view", unique_id="mine")["id"] == second
    assert api.form("messages/view", unique_id="mine", id=second)["id"] == second
    assert api.xml("messages/view", id=first).startswith(f"<response><id>{first}</id><phone>{JAN}</phone>")


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, 2000),
        ({"id": ""}, 2000),
        ({"id": "0123456789"}, 1004),
        ({"unique_id": "none"}, 1004),
        ({"id": "7"}, 1004),
        ({"id": "0123456789", "show_contact": "x"}, 1006),
    ],
)
def test_sw_75_what_is_not_there_is_not_viewed(open_registry, parameters, code):
    api = open_api(open_registry, inbound(0, "7", JAN))

    assert api.code("messages/view", **parameters) == code


def test_sw_75_an_id_of_another_unique_id_is_no_message(api):
    [first], _ = send(api), send(api, OLA, unique_id="mine")

    assert api.code("messages/view", id=first, unique_id="mine") == 1004


# -- deletion ----------------------------------------------------------------------------------------------------------

LATER = "2026-06-02 10:00:00"


def test_sw_76_a_scheduled_message_can_be_deleted_until_it_is_sent(api):
    [saved], [gone], [sent] = send(api, date=LATER, unique_id="mine"), send(api, date=LATER), send(api)
    wait(api, 60)

    assert api.form("messages/delete", id=saved) == {"success": True, "correct": 1, "failed": 0}
    assert api.form("messages/delete", id=saved) == {"success": False, "correct": 0, "failed": 1}
    assert api.form("messages/delete", id=sent) == {"success": False, "correct": 0, "failed": 1}
    assert listed(api) == [sent, gone]
    wait(api, 24 * 3600)
    assert api.form("messages/delete", id=gone) == {"success": False, "correct": 0, "failed": 1}
    assert api.world.next_due() is None


def test_sw_76_of_several_messages_those_that_can_be_are_deleted(api):
    one, other = send(api, f"{JAN},{OLA}", date=LATER, **{"unique_id[]": ["one", "other"]})
    [third] = send(api)

    assert api.json("messages/delete", id=[one, third, "none"]) == {"success": True, "correct": 1, "failed": 2}
    assert api.form("messages/delete", unique_id="one,other") == {"success": True, "correct": 1, "failed": 1}
    assert listed(api) == [third]
    assert other not in listed(api)
    assert api.xml("messages/delete", id="none") == (
        "<response><success>false</success><correct>0</correct><failed>1</failed></response>"
    )


def test_sw_76_a_deletion_frees_the_unique_id(api):
    send(api, date=LATER, unique_id="mine")
    assert api.code("messages/send_sms", phone=JAN, text="again", unique_id="mine") == 3201
    api.form("messages/delete", unique_id="mine")

    assert api.code("messages/send_sms", phone=JAN, text="again", unique_id="mine") is None


def test_sw_76_a_deletion_frees_no_unique_id_of_an_account_with_duplicate_control(open_registry):
    api = open_api(open_registry, fields=freeze({"duplicate_control": True}))
    send(api, date=LATER, unique_id="mine")
    assert api.form("messages/delete", unique_id="mine") == {"success": True, "correct": 1, "failed": 0}

    assert api.code("messages/send_sms", phone=JAN, text="again", unique_id="mine") == 3111
    assert api.code("messages/send_sms", phone=JAN, text="again", unique_id="other") is None


@pytest.mark.parametrize(
    ("parameters", "code"),
    [({}, 2000), ({"id": ""}, 2000), ({"id": ",".join(map(str, range(501)))}, 3331)],
)
def test_sw_76_a_deletion_names_its_messages(api, parameters, code):
    assert api.code("messages/delete", **parameters) == code


# -- statistics --------------------------------------------------------------------------------------------------------


def test_sw_77_statistics_count_the_messages_of_each_send(api):
    send(api, f"{JAN},{OLA},+48990000050,+48990000060,+48990000070", sender="INFORMACJA", text="offer")
    wait(api, 60)
    send(api)
    wait(api, 1)
    later, earlier = api.form("stats/index")["items"]

    assert earlier == {
        "id": earlier["id"],
        "name": f"FULL {earlier['id']}",
        "delivered": 2,
        "pending": 1,
        "undelivered": 1,
        "unsent": 1,
        "begin": "2026-06-01 14:00:00",
        "end": "2026-06-01 14:00:05",
        "text": "offer",
        "type": "full",
    }
    assert (later["id"], later["pending"], later["end"]) == (earlier["id"] + 1, 1, "2026-06-01 14:01:01")
    assert api.form("stats/index", type="eco")["items"] == [later]
    assert api.form("stats/index", begin="2026-06-01 14:00:30")["items"] == [later]
    assert api.form("stats/index", end="2026-06-01 14:00:30")["items"] == [earlier]
    assert api.form("stats/index", type="voice")["items"] == []
    assert api.json("stats/index", type="full")["items"] == [earlier]
    assert api.xml("stats/index", type="mms") == "<response><items/></response>"


@pytest.mark.parametrize("parameters", [{"type": "nd"}, {"begin": "soon"}, {"end": "2026-06-31"}])
def test_sw_77_what_is_wrong_with_a_filter_of_statistics_is_1006(api, parameters):
    assert api.code("stats/index", **parameters) == 1006


@pytest.mark.parametrize("action", ["messages/reports", "messages/view", "messages/delete", "stats/index"])
def test_the_account_is_asked_for_first(api, action):
    assert api.client.post(f"/{action}", data={"id": "x"}).json["error"]["code"] == 1001
    assert api.client.post(f"/{action}", headers={"Authorization": "Bearer x"}).json["error"]["code"] == 1012
