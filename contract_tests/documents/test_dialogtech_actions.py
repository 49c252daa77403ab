"""DialogTech's actions beside the three of the documents: one message by its id, numbers, and the check of a key."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from lxml import etree
from msgspec.structs import replace

from contract_tests.documents.test_dialogtech_forwarding import LISTENER, OWN, REPORTS, Sender
from mockserver.engine.accounts import Account, Login, Number
from mockserver.engine.events import MessageDeleted
from mockserver.engine.state import Fixture
from mockserver.providers.dialogtech.operations import NOT_OFFERED
from mockserver.worldfile.dump import describe_account

PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n'
TWO_ELEMENTS = (
    "<!DOCTYPE response [\n<!ELEMENT response (result,result_description)>\n"
    "<!ELEMENT result (#PCDATA)>\n<!ELEMENT result_description (#PCDATA)>\n]>\n"
)
THREE_ELEMENTS = TWO_ELEMENTS.replace(
    "result_description)>\n<!ELEMENT result (", "result_description,data)>\n<!ELEMENT result ("
)
INBOUND, OUTBOUND = "177931295", "133185904"
"""The ids that the examples of the two pages ask for: messages of 000."""
IN_USE, UNUSED, TOLL_FREE, VOICE = "5554443210", "5550001111", "8005550100", "5550003333"


def done(description, word="success"):
    return (
        f"{PROLOGUE}{TWO_ELEMENTS}<response>\n    <result>{word}</result>\n"
        f"    <result_description>{description}</result_description>\n</response>"
    )


def body(response):
    """A response without its prologue and document type declaration."""
    return response.partition("]>\n")[2]


@pytest.fixture
def call(dialogtech):
    """Call an action with the credentials of the documents' account."""
    return lambda action, **values: dialogtech.ask({"action": action, **dialogtech.CREDENTIALS, **values})


@pytest.fixture
def reads(open_registry, dialogtech_in):
    """Call an action in the shipped world with these variants."""

    def of(**variants):
        chosen = {f"dialogtech.{name.replace('__', '.')}": variant for name, variant in variants.items()}
        provider = dialogtech_in(open_registry(variants=chosen))
        return lambda action, **values: provider.ask({"action": action, **provider.CREDENTIALS, **values})

    return of


@pytest.fixture
def owner(open_registry, dialogtech_in):
    """Call an action of an account with a number in each state, in a world with these variants."""
    numbers = (
        Number(IN_USE, url=LISTENER, dlr_url=REPORTS),
        Number(UNUSED, sms_enabled=False),
        Number(TOLL_FREE, sms_enabled=False, tollfree=True),
        Number(VOICE, sms_enabled=False, sms_capable=False),
    )

    def of(**variants):
        chosen = {f"dialogtech.{name.replace('__', '.')}": variant for name, variant in variants.items()}
        logins = (Login("foo", "bar"), Login("a-key"))
        own = Account("dialogtech/own", "dialogtech", "own", logins, {each.number: each for each in numbers})
        other = Account(
            "dialogtech/other", "dialogtech", "other", (Login("x", "y"),), {"5550009999": Number("5550009999")}
        )
        provider = dialogtech_in(open_registry(Fixture((own, other)), variants=chosen))
        provider.call = lambda action, **values: provider.ask({"action": action, **provider.CREDENTIALS, **values})
        provider.number = lambda number: provider.world.state.accounts["dialogtech/own"].numbers[number]
        return provider

    return of


def listed(response):
    """The numbers of sms.get_numbers, each with its listener."""
    return {each.text: each.get("url") for each in ET.fromstring(response).iter("number")}


# -- sms.get_message ----------------------------------------------------------------------------------------------------

SECOND_OUTBOUND = """\
<response>
    <result>success</result>
    <result_description>[1] Message(s) Returned</result_description>
    <messages>
        <outbound>
            <message>
                <msg_id>133185904</msg_id>
                <to>5554443210</to>
                <from>5554443210</from>
                <message><![CDATA[Thanks again for taking my call. As we discussed, the product you're interested in is number 012345. Happy New Year!]]></message>
                <date>2017-01-01 10:07:31</date>
            </message>
        </outbound>
    </messages>
</response>"""


def test_dt_47_a_message_is_returned_as_in_a_list_in_its_container_alone(call):
    assert body(call("sms.get_message", msg_id=OUTBOUND)) == SECOND_OUTBOUND
    found = ET.fromstring(call("sms.get_message", msg_id=INBOUND))
    assert [each.tag for each in found.find("messages")] == ["inbound"]
    assert found.findtext("messages/inbound/message/msg_id") == INBOUND


def test_dt_47_an_id_of_no_message_matches_nothing(call, reads):
    nothing = body(call("sms.get_message", msg_id="1"))
    assert nothing == (
        "<response>\n    <result>success</result>\n    <result_description>[0] Message(s) Returned</result_description>\n"
        "    <messages/>\n</response>"
    )
    assert body(call("sms.get_message", msg_id="no id")) == nothing
    assert "Parameter msg_id is the id of no message of this account: 1" in reads(get_message__unknown="failed")(
        "sms.get_message", msg_id="1"
    )


def test_dt_47_a_message_of_another_account_is_not_found(dialogtech):
    values = {"action": "sms.get_message", "access_key": "demo-access-key", "secret_access_key": "demo-secret-key"}
    assert "[0] Message(s) Returned" in dialogtech.ask({**values, "msg_id": OUTBOUND})


def test_dt_47_the_message_itself_where_the_world_says_so(reads):
    found = reads(get_message__form="message")("sms.get_message", msg_id=OUTBOUND)
    assert body(found) == (
        "<response>\n    <result>success</result>\n    <result_description>[1] Message Returned</result_description>\n"
        + "\n".join(line[8:] for line in SECOND_OUTBOUND.split("\n")[5:12])
        + "\n</response>"
    )


@pytest.mark.parametrize("envelope", ["sample", "dtd"])
@pytest.mark.parametrize("form", ["messages", "message"])
@pytest.mark.parametrize("msg_id", [INBOUND, OUTBOUND, "1"])
def test_dt_47_an_answer_is_valid_by_its_reconciled_dtd(reads, envelope, form, msg_id):
    ask = reads(get_messages__envelope=envelope, get_message__form=form)
    document = etree.fromstring(ask("sms.get_message", msg_id=msg_id).encode())
    assert document.getroottree().docinfo.internalDTD.validate(document)


def test_dt_47_the_dtd_is_that_of_the_list_as_printed_or_none(reads):
    printed = reads(get_messages__dtd="printed")
    days = {"start_date": "20170101", "end_date": "20170101"}
    one, all_of_them = printed("sms.get_message", msg_id=OUTBOUND), printed("sms.get_messages", **days)
    assert one.partition("<response>")[0] == all_of_them.partition("<response>")[0]
    assert reads(get_messages__dtd="none")("sms.get_message", msg_id=OUTBOUND) == PROLOGUE + SECOND_OUTBOUND


def test_dt_47_the_zone_of_the_list_is_that_of_one_message(reads):
    assert "<date>2017-01-01 05:07:31</date>" in reads(zone="America/New_York")("sms.get_message", msg_id=OUTBOUND)


def test_dt_47_two_messages_of_one_id_are_both_returned_and_both_deleted(dialogtech, call):
    state = dialogtech.world.state
    message = next(each for each in state.message_store if each.id == INBOUND)
    twin = replace(message, serial=state.message_store.next_serial, direction="outbound")
    state.message_store.add(twin)
    assert "[2] Message(s) Returned" in call("sms.get_message", msg_id=INBOUND)
    assert "Message [2] Deleted" in call("sms.delete_message", msg_id=INBOUND)


def test_a_message_that_was_just_sent_is_found_by_the_id_that_the_list_tells(dialogtech, call):
    dialogtech.send()
    (msg_id,) = [each.text for each in ET.fromstring(dialogtech.messages(**dialogtech.TODAY)).iter("msg_id")]
    assert "<message><![CDATA[Thank you for calling.]]></message>" in call("sms.get_message", msg_id=msg_id)


# -- sms.delete_message --------------------------------------------------------------------------------------------------


def test_dt_48_a_deleted_message_is_gone(dialogtech, call):
    assert call("sms.delete_message", msg_id=INBOUND) == (
        f"{PROLOGUE}{THREE_ELEMENTS}<response>\n    <result>success</result>\n"
        "    <result_description>Message [1] Deleted</result_description>\n</response>"
    )
    assert "[0] Message(s) Returned" in call("sms.get_message", msg_id=INBOUND)
    assert "[2] Message(s) Returned" in dialogtech.messages()
    assert call("sms.delete_message", msg_id=INBOUND).count("<result>failed</result>") == 1


def test_dt_48_deleting_what_is_not_there_fails_or_deletes_none(dialogtech, call, reads):
    assert body(call("sms.delete_message", msg_id="5")) == body(
        dialogtech.failed("Parameter msg_id is the id of no message of this account: 5")
    )
    assert "<result_description>Message [0] Deleted" in reads(delete_message__unknown="zero")(
        "sms.delete_message", msg_id="5"
    )


def test_dt_48_a_deleted_message_still_counts_in_the_limits(dialogtech, call):
    dialogtech.send()
    (msg_id,) = [each.text for each in ET.fromstring(dialogtech.messages(**dialogtech.TODAY)).iter("msg_id")]
    call("sms.delete_message", msg_id=msg_id)
    assert "1 sms per number per second" in dialogtech.send()


def test_dt_48_what_waits_to_be_told_of_a_deleted_message_is_given_up():
    own = Sender()
    own.receive_inbound()
    (message,) = own.state.message_store
    decision = own.ask("sms.delete_message", msg_id=message.id)
    assert MessageDeleted(message) in decision.events
    assert own.state.deliveries[1].status == "given up"


def test_dt_49_the_dtd_of_a_deletion_can_describe_it_or_be_left_out(reads):
    described = reads(delete_message__dtd="reconciled")("sms.delete_message", msg_id=INBOUND)
    assert described == done("Message [1] Deleted")
    assert (
        etree.fromstring(described.encode())
        .getroottree()
        .docinfo.internalDTD.validate(etree.fromstring(described.encode()))
    )
    without = reads(delete_message__dtd="none")("sms.delete_message", msg_id=INBOUND)
    assert without == PROLOGUE + body(described)


def test_a_client_that_sends_again_what_it_sent_before_deletes_all_the_same(call, dialogtech):
    stale = {**dialogtech.SMS, **dialogtech.DAY, "number": "5550000000", "url": "x"}
    assert "Message [1] Deleted" in call("sms.delete_message", msg_id=INBOUND, **stale)


# -- sms.register_number and sms.unregister_number -------------------------------------------------------------------------


def test_dt_50_a_registered_number_can_send_and_is_listed_with_its_listener(owner):
    provider = owner()
    assert "is not an SMS enabled tracking number" in provider.send(sender=UNUSED)
    assert provider.call(
        "sms.register_number", number=UNUSED, url="https://example.net/in", dlr_url="http://example.net/d?a=1"
    ) == done(f"[{UNUSED}] Registered")
    assert provider.number(UNUSED) == Number(UNUSED, url="https://example.net/in", dlr_url="http://example.net/d?a=1")
    assert listed(provider.numbers()) == {IN_USE: LISTENER, UNUSED: "https://example.net/in"}
    assert provider.send(sender=UNUSED) == provider.SENT


def test_dt_51_an_unregistered_number_cannot_send_and_forgets_its_urls_and_keeps_its_messages(owner):
    provider = owner()
    assert provider.send(sender=IN_USE) == provider.SENT
    assert provider.call("sms.unregister_number", number=IN_USE) == done(f"[{IN_USE}] Unregistered")
    assert provider.number(IN_USE) == Number(IN_USE, sms_enabled=False)
    assert listed(provider.numbers()) == {}
    assert f"Parameter from is not an SMS enabled tracking number of this account: {IN_USE}" in provider.send(
        sender=IN_USE
    )
    assert "[1] Message(s) Returned" in provider.messages(**provider.TODAY, number=IN_USE)
    provider.call("sms.register_number", number=IN_USE)
    assert provider.number(IN_USE) == Number(IN_USE)


def test_a_number_with_a_leading_one_is_the_same_number(owner):
    assert owner().call("sms.register_number", number=f"1{UNUSED}") == done(f"[{UNUSED}] Registered")


@pytest.mark.parametrize(
    ("number", "description"),
    [
        ("5550009999", "Parameter number is not a number of this account: 5550009999"),
        ("5551110000", "Parameter number is not a number of this account: 5551110000"),
        (TOLL_FREE, f"Parameter number is toll-free, so its SMS is enabled by request alone: {TOLL_FREE}"),
        (VOICE, f"Parameter number is not hosted with an SMS-capable carrier: {VOICE}"),
        ("555", "Parameter number must be an unformatted phone number, 10 digits or 11 with a leading 1: 555"),
        ("", "Missing required parameter: number"),
    ],
    ids=["another account's", "nobody's", "toll-free", "not capable", "no number", "missing"],
)
def test_dt_50_a_number_that_cannot_be_registered(owner, number, description):
    provider = owner()
    assert provider.call("sms.register_number", number=number) == provider.failed(description)
    assert listed(provider.numbers()) == {IN_USE: LISTENER}


@pytest.mark.parametrize("name", ["url", "dlr_url"])
@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.net/",
        "example.net/in",
        "http://",
        "http://a b/",
        "http://h:0/",
        "http://h:99999/",
        "http://h/" + "x" * 1016,
    ],
)
def test_dt_50_a_url_is_http_and_at_most_1024_characters_long(owner, name, url):
    found = owner().call("sms.register_number", number=UNUSED, **{name: url})
    assert f"Parameter {name} must be an http or https URL of at most 1024 characters" in found
    assert "<result>failed</result>" in found


def test_dt_50_a_url_of_1024_characters_is_taken(owner):
    provider, url = owner(), "http://h/" + "x" * 1015
    assert "Registered" in provider.call("sms.register_number", number=UNUSED, url=url)
    assert provider.number(UNUSED).url == url


def test_dt_50_registering_again_changes_what_is_given_and_keeps_the_rest(owner):
    provider = owner()
    assert provider.call("sms.register_number", number=IN_USE, url="http://example.net/new") == done(
        f"[{IN_USE}] Registered"
    )
    assert provider.number(IN_USE) == Number(IN_USE, url="http://example.net/new", dlr_url=REPORTS)
    provider = owner(register_number__absent="clear")
    provider.call("sms.register_number", number=IN_USE, url="http://example.net/new")
    assert provider.number(IN_USE) == Number(IN_USE, url="http://example.net/new")


def test_dt_50_a_tollfree_number_that_was_enabled_on_request_can_be_registered_again(open_registry, dialogtech_in):
    own = Account(
        "dialogtech/own", "dialogtech", "own", (Login("foo", "bar"),), {TOLL_FREE: Number(TOLL_FREE, tollfree=True)}
    )
    provider = dialogtech_in(open_registry(Fixture((own,))))
    values = {"action": "sms.register_number", **provider.CREDENTIALS, "number": TOLL_FREE, "url": LISTENER}
    assert provider.ask(values) == done(f"[{TOLL_FREE}] Registered")


def test_dt_50_the_description_may_count(owner):
    assert owner(register_number__description="count").call("sms.register_number", number=UNUSED) == done(
        "[1] Number Registered"
    )


@pytest.mark.parametrize(
    "number", [UNUSED, "5550009999", "5551110000"], ids=["disabled", "another account's", "nobody's"]
)
def test_dt_51_a_number_that_is_not_enabled_cannot_be_unregistered(owner, number):
    provider = owner()
    assert provider.call("sms.unregister_number", number=number) == provider.failed(
        f"Parameter number is not an SMS enabled number of this account: {number}"
    )
    found = owner(unregister_number__disabled="success").call("sms.unregister_number", number=number)
    assert ("<result>success</result>" in found) == (number == UNUSED)


def test_a_listener_that_was_registered_is_called_and_one_that_was_unregistered_is_not():
    own = Sender(url=None, dlr_url=None)
    own.ask("sms.register_number", number=OWN, url="http://127.0.0.1/in", dlr_url="http://127.0.0.1/dlr")
    own.receive_inbound()
    own.send()
    assert [(each.kind, each.url) for each in own.state.deliveries.values()] == [
        ("inbound", "http://127.0.0.1/in"),
        ("report", "http://127.0.0.1/dlr"),
    ]
    own.ask("sms.unregister_number", number=OWN)
    with pytest.raises(ValueError, match="recipient: unknown SMS enabled number; there is none"):
        own.receive_inbound()


def test_the_states_of_numbers_are_in_a_snapshot(owner):
    provider = owner()
    provider.call("sms.unregister_number", number=IN_USE)
    provider.call("sms.register_number", number=UNUSED, url="http://example.net/in")
    state = provider.world.state
    assert describe_account(state.accounts["dialogtech/own"], has_credentials=True)["numbers"] == [
        {"number": IN_USE, "sms_enabled": False},
        {"number": UNUSED, "url": "http://example.net/in"},
        {"number": TOLL_FREE, "sms_enabled": False, "tollfree": True},
        {"number": VOICE, "sms_enabled": False, "sms_capable": False},
    ]


def test_a_tester_gives_an_account_numbers_in_each_state(owner):
    provider = owner()
    numbers = [{"number": UNUSED, "sms_enabled": False, "tollfree": True}, {"number": IN_USE, "sms_capable": False}]
    changed = provider.client.patch("/_mock/worlds/default/accounts/dialogtech/own", json={"numbers": numbers})
    assert changed.status_code == 200, changed.text
    assert "is toll-free" in provider.call("sms.register_number", number=UNUSED)
    assert "is not hosted with an SMS-capable carrier" in provider.call("sms.register_number", number=IN_USE)


# -- general.login and general.buildingblockids -----------------------------------------------------------------------------


def test_dt_52_a_login_returns_the_key_with_which_the_account_is_used(owner):
    provider = owner()
    found = provider.ask({"action": "general.login", "username": "foo", "password": "bar"})
    assert found == done("[1] Account(s) Found", "a-key")
    key = ET.fromstring(found).findtext("result")
    assert provider.ask({"action": "sms.get_numbers", "api_key": key}) == provider.numbers()


@pytest.mark.parametrize(
    "values",
    [
        {"username": "foo", "password": "wrong"},
        {"username": "a-key", "password": "bar"},
        {"username": "x", "password": "y"},
        {"username": "foo"},
        {"password": "bar"},
        {"access_key": "foo", "secret_access_key": "bar"},
        {"api_key": "a-key"},
    ],
    ids=["another password", "a key", "an account without a key", "no password", "no user", "a pair", "a key alone"],
)
def test_dt_52_a_login_that_fails_says_so_in_the_result(owner, values):
    found = owner().ask({"action": "general.login", **values})
    assert ET.fromstring(found).findtext("result") == "INVALID ACCOUNT"


def test_dt_52_a_password_that_no_account_has_is_masked_in_the_journal(owner):
    provider = owner()
    provider.ask({"action": "general.login", "username": "foo", "password": "hunter-2"})
    assert "hunter-2" not in provider.client.get("/_mock/worlds/default/journal/1").text


def test_dt_53_a_key_is_checked_by_asking_for_building_blocks(owner):
    provider = owner()
    assert provider.call("general.buildingblockids") == done("[0] Building Block(s) Returned")
    assert provider.ask({"action": "general.buildingblockids", "api_key": "a-key"}) == done(
        "[0] Building Block(s) Returned"
    )
    assert provider.ask({"action": "general.buildingblockids", "api_key": "no"}) == provider.failed("Invalid api_key")


@pytest.mark.parametrize(
    "action",
    [
        "sms.get_message",
        "sms.delete_message",
        "sms.register_number",
        "sms.unregister_number",
        "general.buildingblockids",
    ],
)
def test_every_action_needs_credentials(dialogtech, action):
    assert dialogtech.ask({"action": action, "msg_id": INBOUND}) == dialogtech.failed(
        "Missing required parameter: access_key"
    )


@pytest.mark.parametrize("action", ["sms.get_message", "sms.delete_message"])
def test_a_message_id_is_required(dialogtech, call, action):
    found = call(action)
    assert body(found) == body(dialogtech.failed("Missing required parameter: msg_id"))


def test_dt_45_the_index_lists_what_is_not_offered(dialogtech):
    assert dialogtech.client.get("/_mock/").get_json()["not_offered"]["dialogtech"] == sorted(NOT_OFFERED)
    assert "routing.numbers" in NOT_OFFERED
    assert not [each for each in NOT_OFFERED if each.startswith(("sms.", "general."))]
