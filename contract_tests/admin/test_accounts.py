"""Accounts through the control API: read in the form of world files, and changed at run time."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client

DOCUMENTS = "/_mock/worlds/default/accounts/dialogtech/documents"
SERWERSMS = "/_mock/worlds/default/accounts/serwersms/documents"
PROGRAMS = "/_mock/worlds/default/accounts/mgage/documents"


def rejected(response: Any) -> tuple[int, str, str]:
    error = response.get_json()["error"]
    return response.status_code, error["code"], error["message"]


def test_an_account_is_as_a_world_file_has_it_without_its_messages(client: Client) -> None:
    account = client.get(DOCUMENTS).get_json()

    assert {
        "provider": "dialogtech",
        "name": "documents",
        "logins": [{"user": "foo", "secret": "bar"}],
        "numbers": [{"number": "5554332111"}, {"number": "5554443210"}],
    } == account


def test_all_accounts_are_listed(client: Client) -> None:
    accounts = client.get("/_mock/worlds/default/accounts").get_json()["accounts"]

    assert [
        "dialogtech/documents",
        "dialogtech/numbers-sample",
        "dialogtech/demo",
        "mgage/documents",
        "mgage/demo",
        "serwersms/documents",
        "serwersms/demo",
    ] == [f"{account['provider']}/{account['name']}" for account in accounts]
    assert client.get(DOCUMENTS).get_json() == accounts[0]


def test_numbers_are_replaced_and_the_provider_answers_with_them(client: Client) -> None:
    numbers = [{"number": "2025550100", "url": "http://example.net/in"}, {"number": "2025550101", "sms_enabled": False}]
    response = client.patch(DOCUMENTS, json={"numbers": numbers})
    received = client.get("/ibp_api.php?action=sms.get_numbers&access_key=foo&secret_access_key=bar").text

    assert (200, numbers) == (response.status_code, response.get_json()["numbers"])
    assert response.get_json() == client.get(DOCUMENTS).get_json()
    assert "2025550100" in received
    assert "2025550101" not in received
    assert "5554332111" not in received


def test_programs_are_replaced_and_an_empty_list_empties(client: Client) -> None:
    program = {"id": "777", "name": "New", "campaign": "C", "kind": "Text to Join"}

    assert [program] == client.patch(PROGRAMS, json={"programs": [program]}).get_json()["programs"]
    assert 200 == client.get("/api/messages/program/777", auth=("mgage", "mgage")).status_code
    assert 404 == client.get("/api/messages/program/121811", auth=("mgage", "mgage")).status_code
    assert "programs" not in client.patch(PROGRAMS, json={"programs": []}).get_json()


def test_a_change_is_an_event_of_the_world(client: Client) -> None:
    client.patch(DOCUMENTS, json={"numbers": []})

    assert 1 == client.get("/_mock/worlds/default").get_json()["cursor"]


def test_another_world_does_not_see_the_change(client: Client) -> None:
    client.post("/_mock/worlds", json={"id": "mine"})
    client.patch(DOCUMENTS, json={"numbers": []})

    assert 2 == len(client.get("/_mock/worlds/mine/accounts/dialogtech/documents").get_json()["numbers"])


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "message"),
    [
        (DOCUMENTS, {"nubmers": []}, 400, "bad_request", "nubmers: unknown key; did you mean 'numbers'?"),
        (DOCUMENTS, {"programs": []}, 400, "bad_request", "programs: unknown key; there is numbers"),
        (DOCUMENTS, {"logins": []}, 400, "bad_request", "logins: unknown key; there is numbers"),
        (
            DOCUMENTS,
            {},
            400,
            "bad_request",
            "an empty object is not an object of what is to change of an account",
        ),
        (DOCUMENTS, [], 400, "bad_request", "an empty list is not an object of what is to change of an account"),
        (DOCUMENTS, {"numbers": "555"}, 400, "bad_request", "numbers: '555' is not a list of numbers"),
        (DOCUMENTS, {"numbers": [{"number": "555"}]}, 400, "bad_request", "numbers[0].number: '555' is not 10 digits"),
        (
            DOCUMENTS,
            {"numbers": [{"number": "2025550100", "sms_enable": True}]},
            400,
            "bad_request",
            "numbers[0].sms_enable: unknown key; did you mean 'sms_enabled'?",
        ),
        (
            DOCUMENTS,
            {"numbers": [{"number": "2025550100"}, {"number": "2025550100"}]},
            400,
            "bad_request",
            "numbers[1].number: '2025550100' is in the list twice",
        ),
        (
            DOCUMENTS,
            {"numbers": [{"number": "5559990000"}]},
            409,
            "conflict",
            "'5559990000' belongs to the account 'numbers-sample'",
        ),
        (
            DOCUMENTS,
            {"numbers": [{"number": "2025550100", "url": "http://127.0.0.1:70000/sms"}]},
            400,
            "bad_request",
            "numbers[0].url: 'http://127.0.0.1:70000/sms' does not name a host and a port from 1 to 65535",
        ),
        (
            DOCUMENTS,
            {"numbers": [{"number": "2025550100", "url": None, "dlr_url": "http://127.0.0.1:0"}]},
            400,
            "bad_request",
            "numbers[0].dlr_url: 'http://127.0.0.1:0' does not name a host and a port from 1 to 65535",
        ),
        (
            SERWERSMS,
            {"forwarding": [{"service": "ndi", "url": "http://[::1/sms"}]},
            400,
            "bad_request",
            "forwarding[0].url: 'http://[::1/sms' does not name a host and a port from 1 to 65535",
        ),
        (
            SERWERSMS,
            {
                "forwarding": [
                    {"service": "nd", "url": "http://127.0.0.1/sms?from=#NUMER#"},
                    {"service": "ndi", "url": "http://127.0.0.1/sms?from=#NUMER#&text=#WIADOMSC#"},
                ]
            },
            400,
            "bad_request",
            "forwarding[1].url: #WIADOMSC# is no placeholder; did you mean '#WIADOMOSC#'?",
        ),
        (
            SERWERSMS,
            {"forwarding": [{"service": "ndi", "url": "http://127.0.0.1/sms#numer#"}]},
            400,
            "bad_request",
            "forwarding[0].url: #numer# is no placeholder; did you mean '#NUMER#'?",
        ),
        (
            "/_mock/worlds/default/accounts/dialogtech/document",
            {"numbers": []},
            404,
            "not_found",
            "dialogtech/document: unknown account; did you mean 'dialogtech/documents'?",
        ),
        (
            "/_mock/worlds/default/accounts/twilio/documents",
            {"numbers": []},
            404,
            "not_found",
            "twilio/documents: unknown account; did you mean 'dialogtech/documents'?",
        ),
    ],
)
def test_what_is_no_change_is_rejected_and_changes_nothing(
    client: Client, path: str, body: Any, status: int, code: str, message: str
) -> None:
    before = client.get("/_mock/worlds/default/accounts").get_json()

    assert (status, code, message) == rejected(client.patch(path, json=body))
    assert before == client.get("/_mock/worlds/default/accounts").get_json()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:65535/sms?from=#NUMER#&to=#NUMERDO#&text=#WIADOMOSC##DATA#",
        "http://[::1]:1/#fragment#and-another",
        "https://example.com/#/sms#top",
    ],
)
def test_what_stands_between_two_signs_is_a_placeholder_or_a_fragment(client: Client, url: str) -> None:
    changed = client.patch(SERWERSMS, json={"forwarding": [{"service": "ndi", "url": url}]})

    assert url == changed.get_json()["forwarding"][0]["url"]


def test_an_empty_body_is_no_change(client: Client) -> None:
    assert (400, "bad_request", "the body is empty; it must be JSON") == rejected(client.patch(DOCUMENTS))
