"""What a client does in a handset's place: it writes to a program, whose answer is delivered as time passes, and joins a list."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from contract_tests.clocks import let_pass
from contract_tests.documents.test_mgage_quirks import REALM, Mgage
from contract_tests.installed import PROVIDERS
from mockserver.engine.accounts import Account, Login, Program
from mockserver.engine.instants import SECOND
from mockserver.engine.state import Fixture
from mockserver.providers.mgage import MGAGE
from mockserver.providers.mgage.errors import BodyTooLarge
from mockserver.providers.mgage.wire import render_plain_error
from mockserver.sdk.request import ProviderRequest
from mockserver.settings import fixtures_folder

PLAIN = "text/plain; charset=UTF-8"
MO = {"campid": "1001", "destination": "US-87767", "originator": "19495724511", "message": "OAlerts"}
"""The example of the product's page, for a program of this test's account."""
KINDS = (
    "Text to Join",
    "Text for Info",
    "Text for an Email",
    "Multi-Step",
    "Competition",
    "Voting",
    "Text for Response",
)
STATUSES = {"Sent", "Delivered", "Error", "Undelivered", "Received", "Processing"}


def account(reply=""):
    programs = {
        str(1001 + place): Program(str(1001 + place), kind, "Campaign", kind, reply) for place, kind in enumerate(KINDS)
    }
    return Account("mgage/one", "mgage", "one", (Login("one", "secret"),), programs=programs)


@pytest.fixture
def mgage(open_registry):
    """mGage with an account that has a program of each type, which answer with this reply, in a world with these variants."""

    def of(reply="", **variants):
        other = Account(
            "mgage/two",
            "mgage",
            "two",
            (Login("two", "secret"),),
            programs={"2001": Program("2001", "P", "C", "Voting")},
        )
        chosen = {f"mgage.{name}": variant for name, variant in variants.items()}
        client = Mgage(open_registry(Fixture((account(reply), other)), variants=chosen))
        client.write = lambda values=MO, auth=("one", "secret"), path="/api/externalMO", **request: client.client.post(
            path, **{"data": values, "auth": auth, **request}
        )
        return client

    return of


def answer(response):
    return response.status_code, response.headers["Content-Type"], response.text


SUCCESS = (200, PLAIN, "SUCCESS")


def statuses(client, query="messageType=MT", program="1001"):
    return [message["deliveryStatus"] for message in client.page(query, program)["data"]["messages"]]


# -- MG-30, MG-31: writing to a program ------------------------------------------------------------------------------------


def test_mg_30_what_is_written_to_a_program_is_in_the_next_export(mgage):
    client = mgage()
    assert answer(client.write()) == SUCCESS
    assert client.messages() == [
        {
            "type": "MO",
            "deliveryStatus": "Received",
            "number": "19495724511",
            "body": "OAlerts",
            "date": "2026-06-01T12:00:00.00",
            "network": None,
        }
    ]


@pytest.mark.parametrize("place", range(len(KINDS)), ids=KINDS)
def test_mg_21_each_of_the_seven_types_of_programs_takes_it(mgage, place):
    client, program = mgage(), str(1001 + place)
    assert answer(client.write({**MO, "campid": program})) == SUCCESS
    data = client.page(program=program)["data"]
    assert (data["programType"], [message["body"] for message in data["messages"]]) == (KINDS[place], ["OAlerts"])


def test_mg_30_the_four_may_stand_in_the_query_string_and_the_first_of_a_name_counts(mgage):
    client = mgage()
    assert answer(client.write(None, path=f"/api/externalMO?{urlencode(MO)}")) == SUCCESS
    assert (
        answer(client.write({**MO, "message": "body"}, path="/api/externalMO?message=query&message=again")) == SUCCESS
    )
    assert [message["body"] for message in client.messages()] == ["OAlerts", "query"]


def test_mg_31_signs_and_countries_are_left_out(mgage):
    client = mgage()
    assert answer(client.write({**MO, "originator": "+48500600700", "destination": "37911"})) == SUCCESS
    (message,) = client.world.state.message_store
    assert (message.sender, message.recipient) == ("48500600700", "37911")


REJECTED = {
    "no campid": ({"campid": ""}, "campid is missing"),
    "no destination": ({"destination": ""}, "destination is missing"),
    "no originator": ({"originator": ""}, "originator is missing"),
    "no message": ({"message": ""}, "message is missing"),
    "an unknown program": ({"campid": "1"}, "Program 1 does not exist"),
    "another account's program": ({"campid": "2001"}, "Program 2001 does not exist"),
    "a name for a destination": (
        {"destination": "SHOP"},
        "destination must be a short code or number, such as 37911 or US-87767: SHOP",
    ),
    "a formatted originator": (
        {"originator": "949-572"},
        "originator must be a number in E.164, 3 to 15 digits: 949-572",
    ),
    "bytes that are not UTF-8": ({"message": b"\xff"}, "message is not UTF-8 text"),
    "a magic program": ({"campid": "500500"}, "General server exception"),
}


@pytest.mark.parametrize("case", REJECTED)
def test_mg_30_a_failure_is_a_500_and_a_sentence(mgage, case):
    changes, sentence = REJECTED[case]
    client = mgage()
    assert answer(client.write({**MO, **changes})) == (500, PLAIN, sentence)
    assert client.messages() == []


@pytest.mark.parametrize("path", ["/api/externalMO", "/api/optIn/38383/5511987654321"])
def test_mg_30_credentials_are_those_of_the_export_and_what_is_wrong_with_them_is_said_in_plain_text(mgage, path):
    client = mgage()
    for auth, sentence in (
        (None, "HTTP Basic authentication is required"),
        (("one", "no"), "Invalid username or password"),
    ):
        response = client.write(MO, auth=auth, path=path)
        assert answer(response) == (401, PLAIN, sentence)
        assert response.headers["WWW-Authenticate"] == REALM
    response = client.write(MO, auth=None, path=path, headers={"Authorization": "Basic x"})
    assert answer(response)[:2] == (401, PLAIN)


@pytest.mark.parametrize("path", ["/api/externalMO", "/api/optIn/38383/5511987654321"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_mg_30_other_methods_are_not_allowed(mgage, path, method):
    response = mgage().client.open(path, method=method, auth=("one", "secret"))
    assert answer(response) == (405, PLAIN, f"Method {method} not allowed; use POST")
    assert response.headers["Allow"] == "POST"


def test_mg_29_more_parameters_than_anybody_sends_and_a_body_that_is_too_long(mgage):
    response = mgage().write("&" * 1_000, content_type="application/x-www-form-urlencoded")
    assert answer(response) == (400, PLAIN, "Query string has more than 1000 fields")
    call = MGAGE.parse(ProviderRequest("POST", "/api/externalMO", body=b"x", is_too_large=True))
    assert type(call.defect) is BodyTooLarge
    response = render_plain_error(call.defect)
    assert (response.status, response.body) == (413, b"Request body too large")


# -- MG-32: statuses that change -------------------------------------------------------------------------------------------


def test_mg_32_what_a_program_answers_is_sent_at_once_and_delivered_five_seconds_later(mgage):
    client = mgage("Welcome!")
    client.write()
    assert [(each["type"], each["number"], each["body"], each["deliveryStatus"]) for each in client.messages()] == [
        ("MO", "19495724511", "OAlerts", "Received"),
        ("MT", "19495724511", "Welcome!", "Sent"),
    ]
    let_pass(client.world, 5 * SECOND - 1)
    assert statuses(client) == ["Sent"]
    let_pass(client.world, 1)
    assert statuses(client) == ["Delivered"]
    let_pass(client.world, 3_600 * SECOND)
    assert statuses(client) == ["Delivered"]
    assert [each.sender for each in client.world.state.message_store if each.direction == "outbound"] == ["87767"]


@pytest.mark.parametrize("prefix", ["", "1", "+1"])
@pytest.mark.parametrize(
    ("handset", "last"),
    [
        ("9995550100", "Error"),
        ("9995550109", "Error"),
        ("9995550110", "Undelivered"),
        ("9995550119", "Undelivered"),
        ("9995550120", "Sent"),
        ("9995550129", "Sent"),
        ("9995550130", "Delivered"),
    ],
)
def test_mg_28_a_magic_handset_decides_how_what_is_sent_to_it_ends(mgage, prefix, handset, last):
    client = mgage("Welcome!")
    client.write({**MO, "originator": prefix + handset})
    let_pass(client.world, 60 * SECOND)
    assert statuses(client) == [last]
    client = mgage("Welcome!", magic="off")
    client.write({**MO, "originator": prefix + handset})
    let_pass(client.world, 60 * SECOND)
    assert statuses(client) == ["Delivered"]


def test_mg_32_instant_statuses_are_the_last_ones(mgage):
    client = mgage("Welcome!", delivery="instant")
    client.write()
    client.write({**MO, "originator": "9995550100"})
    assert statuses(client) == ["Delivered", "Error"]


def test_mg_32_an_inbound_message_is_answered_however_it_came_in(mgage):
    client = mgage("Welcome!")
    received = {"provider": "mgage", "account": "one", "program": "1002", "sender": "15556667777", "text": "HOURS"}
    assert client.client.post("/_mock/worlds/default/inbound", json=received).status_code == 201
    assert [(each["type"], each["body"]) for each in client.page(program="1002")["data"]["messages"]] == [
        ("MO", "HOURS"),
        ("MT", "Welcome!"),
    ]


def test_mg_32_what_is_processing_is_received_a_second_later(mgage):
    client = mgage()
    received = {
        "provider": "mgage",
        "account": "one",
        "program": "1001",
        "sender": "15556667777",
        "text": "x",
        "status": "Processing",
    }
    client.client.post("/_mock/worlds/default/inbound", json=received)
    assert statuses(client, "messageType=MO") == ["Processing"]
    let_pass(client.world, SECOND)
    assert statuses(client, "messageType=MO") == ["Received"]


def test_mg_32_a_message_of_a_world_file_with_an_instant_passes_through_its_statuses(mgage, open_registry):
    row = {
        "id": "1",
        "direction": "outbound",
        "sender": "37911",
        "recipient": "15556667777",
        "at": "PT10S",
        "text": "x",
    }
    described = {
        "format": 2,
        "accounts": [
            {
                "provider": "mgage",
                "name": "one",
                "logins": [{"user": "three", "secret": "secret"}],
                "programs": [{"id": "1001", "name": "P", "campaign": "C", "kind": "Voting"}],
                "messages": [
                    {**row, "program": "1001", "status": "Processing", "due": "2026-06-01T12:00:01Z"},
                    {**row, "id": "2", "program": "1001", "status": "Sent"},
                ],
            }
        ],
    }
    client = mgage()
    created = client.client.post("/_mock/worlds", json={"snapshot": described, "freeze": "2026-06-01T12:00:00Z"})
    assert created.status_code == 201, created.text
    login = created.get_json()["credentials"]["mgage"]["one"][0]
    advance = f"/_mock/worlds/{created.get_json()['id']}/clock/advance"

    def shown():
        response = client.client.get("/api/messages/program/1001", auth=(login["user"], login["secret"]))
        return [each["deliveryStatus"] for each in json.loads(response.data)["data"]["messages"]]

    assert shown() == ["Processing", "Sent"]
    client.client.post(advance, json={"seconds": 1})
    assert shown() == ["Sent", "Sent"]
    client.client.post(advance, json={"seconds": 5})
    assert shown() == ["Delivered", "Sent"]


def test_mg_20_the_fixtures_have_every_status_and_every_type_of_program():
    world = json.loads((fixtures_folder() / "worlds/demo.json").read_text())
    accounts = [each for each in world["accounts"] if each["provider"] == "mgage"]
    assert {message["status"] for each in accounts for message in each["messages"]} == STATUSES
    assert {program["kind"] for each in accounts for program in each["programs"]} == set(KINDS)


# -- MG-33: joining a list --------------------------------------------------------------------------------------------------


def test_mg_33_a_number_joins_a_list_once(mgage):
    client = mgage()
    for path in ("38383/5511987654321", "38383/5511987654321", "86865/+5511987654321"):
        assert answer(client.write(None, path=f"/api/optIn/{path}")) == SUCCESS
    joined = client.world.state.entries.all("mgage/one", "opt_ins")
    assert [(each.id, each.list_id, each.mobile) for each in joined] == [
        (1, "38383", "5511987654321"),
        (2, "86865", "5511987654321"),
    ]
    assert {each.at.isoformat() for each in joined} == {"2026-06-01T12:00:00+00:00"}
    assert client.world.state.entries.all("mgage/two", "opt_ins") == []


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("x/5511987654321", "listId must be 1 to 18 digits: x"),
        ("38383/55-11", "mobile must be a number in E.164, 3 to 15 digits: 55-11"),
    ],
)
def test_mg_33_a_list_and_a_number_are_digits(mgage, path, sentence):
    assert answer(mgage().write(None, path=f"/api/optIn/{path}")) == (500, PLAIN, sentence)


def test_mg_33_the_address_without_a_list_or_a_number_is_no_address(mgage):
    response = mgage().write(None, path="/api/optIn//")
    assert response.status_code == 404


def test_every_failure_in_plain_text_is_tried_here():
    provider = next(each for each in PROVIDERS if each.name == "mgage")
    names = {error.__name__ for error in provider.errors if error.__mro__[1].__name__ == "PlainError"}
    assert names == {
        "MissingParameter",
        "NotPlainText",
        "UnknownCampaign",
        "ProgramFails",
        "NotADestination",
        "NotAHandset",
        "NotAList",
    }
