"""Snapshots through the control API: any world to one file and back."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client

from contract_tests.installed import PROVIDERS, SWITCHES
from mockserver.worldfile import Rules, parse

NOON = "2026-06-01T12:00:00Z"
WORLD = "/_mock/worlds/default"
HERE = f"{WORLD}/snapshot"
SEND = "/ibp_api.php?action=sms.send_message&access_key={user}&secret_access_key={secret}&to=5556667777&from=5554332111&message=hi"
INBOUND_SCHEMA = {
    "provider": "dialogtech",
    "sender": "5551112222",
    "recipient": "5554443210",
    "text": "later",
    "in": 30,
}


def rejected(response: Any) -> tuple[int, str, str]:
    error = response.get_json()["error"]
    return response.status_code, error["code"], error["message"]


def sent(client: Client, user: str = "foo", secret: str = "bar") -> str:
    return client.get(SEND.format(user=user, secret=secret)).text


def busy(client: Client) -> None:
    """Change the default world so that it differs from every fixture."""
    sent(client)
    client.patch(f"{WORLD}/variants", json={"mgage.date": "iso"})
    client.patch(f"{WORLD}/accounts/dialogtech/demo", json={"numbers": [{"number": "2025550100"}]})
    client.post(f"{WORLD}/inbound", json=INBOUND_SCHEMA)


def test_a_snapshot_is_a_world_file(client: Client) -> None:
    response = client.get(HERE)

    assert (200, "application/json") == (response.status_code, response.content_type)
    assert 7 == len(parse(response.get_json(), Rules.of(PROVIDERS, SWITCHES)).accounts)


def test_its_credentials_are_shown_only_when_asked_for(client: Client) -> None:
    kinds, received = (
        client.get(HERE + query).get_json()["accounts"][0]["logins"] for query in ("", "?credentials=true")
    )

    assert (["pair"], [{"user": "foo", "secret": "bar"}]) == (kinds, received)
    assert client.get(HERE).data == client.get(f"{HERE}?credentials=false").data
    assert (400, "bad_request", "credentials must be true or false, not 'yes'") == rejected(
        client.get(f"{HERE}?credentials=yes")
    )


def test_a_world_that_is_made_from_it_is_as_the_other_was(client: Client) -> None:
    busy(client)
    snapshot = client.get(HERE).get_json()
    messages = client.get(WORLD).get_json()["messages"]
    response = client.post("/_mock/worlds", json={"id": "copy", "snapshot": snapshot})
    copy = response.get_json()

    assert (201, NOON, True, "2026-06-01T12:00:30Z", messages, {"mgage.date": "iso"}) == (
        response.status_code,
        *(copy[name] for name in ("now", "frozen", "next", "messages", "variants")),
    )
    assert snapshot == client.get("/_mock/worlds/copy/snapshot").get_json()
    assert "Rate limit exceeded" in sent(client, **copy["credentials"]["dialogtech"]["documents"][0])


def test_a_reset_of_it_returns_to_the_snapshot(client: Client) -> None:
    busy(client)
    snapshot = client.get(HERE).get_json()
    client.post("/_mock/worlds", json={"id": "copy", "snapshot": snapshot})
    client.post("/_mock/worlds/copy/clock/advance", json={"seconds": 60})
    assert snapshot != client.get("/_mock/worlds/copy/snapshot").get_json()

    client.post("/_mock/worlds/copy/reset")
    assert snapshot == client.get("/_mock/worlds/copy/snapshot").get_json()


def test_another_instant_and_seed_may_be_given_with_it(client: Client) -> None:
    snapshot = client.get(HERE).get_json()
    copy = client.post(
        "/_mock/worlds", json={"snapshot": snapshot, "freeze": "2030-01-01T00:00:00Z", "seed": "other"}
    ).get_json()

    assert ("2030-01-01T00:00:00Z", "other") == (copy["now"], copy["seed"])


def test_a_world_is_put_back_to_a_snapshot(client: Client) -> None:
    busy(client)
    before = client.get(WORLD).get_json()
    snapshot = client.get(HERE).get_json()
    client.post(f"{WORLD}/clock/advance", json={"seconds": 3600})
    sent(client)
    response = client.put(HERE, json=snapshot)

    assert 200 == response.status_code
    assert {**before, "cursor": 0, "exchanges": 0} == {**response.get_json(), "cursor": 0, "exchanges": 0}
    assert snapshot == client.get(HERE).get_json()
    assert "Rate limit exceeded" in sent(client)


def test_it_keeps_its_own_credentials_where_the_file_has_none(client: Client) -> None:
    own = client.post("/_mock/worlds", json={"id": "mine", "fixture": "small"}).get_json()["credentials"]
    response = client.put("/_mock/worlds/mine/snapshot", json=client.get(HERE).get_json())

    assert own == response.get_json()["credentials"]
    assert "[1] Message Sent" in sent(client, **own["dialogtech"]["documents"][0])


def test_accounts_that_it_did_not_have_get_new_ones(client: Client) -> None:
    client.post("/_mock/worlds", json={"id": "mine", "fixture": "empty"})
    credentials = client.put("/_mock/worlds/mine/snapshot", json=client.get(HERE).get_json()).get_json()["credentials"]
    login = credentials["dialogtech"]["documents"][0]

    assert login != {"user": "foo", "secret": "bar"}
    assert "[1] Message Sent" in sent(client, **login)
    assert client.get(WORLD).get_json()["messages"] + 1 == client.get("/_mock/worlds/mine").get_json()["messages"]


def test_it_has_the_credentials_of_the_file_from_then_on_and_no_others(client: Client) -> None:
    own = client.post("/_mock/worlds", json={"id": "mine"}).get_json()["credentials"]["dialogtech"]["documents"][0]
    snapshot = client.get("/_mock/worlds/mine/snapshot").get_json()
    snapshot["accounts"][0]["logins"] = [{"user": "me", "secret": "s3cret"}]
    received = client.put("/_mock/worlds/mine/snapshot", json=snapshot).get_json()["credentials"]

    assert [{"user": "me", "secret": "s3cret"}] == received["dialogtech"]["documents"]
    assert "[1] Message Sent" in sent(client, "me", "s3cret")
    assert "Invalid access_key" in sent(client, **own)


def test_but_not_those_of_another_world(client: Client) -> None:
    client.post("/_mock/worlds", json={"id": "mine"})
    before = client.get("/_mock/worlds/mine").get_json()

    received = client.get(f"{HERE}?credentials=true").get_json()
    assert (409, "taken", TAKEN) == rejected(client.put("/_mock/worlds/mine/snapshot", json=received))
    after = client.get("/_mock/worlds/mine").get_json()
    assert {**before, "now": None} == {**after, "now": None}
    response = client.put("/_mock/worlds/mine/snapshot?own_credentials=true", json=received)
    assert (200, before["credentials"]) == (response.status_code, response.get_json()["credentials"])


def test_a_world_that_is_made_from_it_has_its_credentials_if_they_are_free(client: Client) -> None:
    client.post("/_mock/worlds", json={"id": "mine"})
    received = client.get("/_mock/worlds/mine/snapshot?credentials=true").get_json()
    own = client.get("/_mock/worlds/mine").get_json()["credentials"]
    client.delete("/_mock/worlds/mine")
    given = {"mgage": {"demo": [{"user": "me", "secret": "s3cret"}]}}
    copy = client.post("/_mock/worlds", json={"snapshot": received, "credentials": given}).get_json()

    assert {**own, "mgage": {**own["mgage"], **given["mgage"]}} == copy["credentials"]
    assert "[1] Message Sent" in sent(client, **own["dialogtech"]["documents"][0])


def test_else_it_is_rejected_with_all_that_are_taken_or_has_fresh_ones(client: Client) -> None:
    received = client.get(f"{HERE}?credentials=true").get_json()

    assert (409, "taken", TAKEN) == rejected(client.post("/_mock/worlds", json={"id": "mine", "snapshot": received}))
    assert 404 == client.get("/_mock/worlds/mine").status_code
    copy = client.post("/_mock/worlds", json={"snapshot": received, "own_credentials": True}).get_json()
    login = copy["credentials"]["dialogtech"]["documents"][0]
    assert "foo" != login["user"]
    assert "[1] Message Sent" in sent(client, **login)


TAKEN = (
    "these credentials belong to other worlds: dialogtech 'foo', dialogtech 'ACCESS_KEY', dialogtech 'demo-access-key',"
    " dialogtech 'demo-api-key', mgage 'mgage', mgage 'demo', serwersms 'Login', serwersms 'demo',"
    " serwersms '0123456789abcdef0123456789abcdef'; set own_credentials to ignore the credentials of the file"
)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "format: is missing"),
        ([], "an empty list is not an object with 'format' and 'accounts'"),
        ({"mockserver": 2, "accounts": []}, "mockserver: 2 is not 1; newer files begin with 'format': 2"),
        ({"mockserver": 1, "acounts": []}, "acounts: unknown key; did you mean 'accounts'?"),
        (
            {"mockserver": 1, "accounts": [{"provider": "dialogtek", "name": "a"}]},
            (
                "accounts[0].provider: no provider 'dialogtek' is installed; did you mean 'dialogtech'?; "
                "install the package that offers it, or keep it unread with --keep-unknown (keep_unknown)"
            ),
        ),
    ],
)
def test_what_is_no_world_file_is_rejected_and_changes_nothing(client: Client, body: Any, message: str) -> None:
    before = client.get(WORLD).get_json()

    assert (400, "bad_request", message) == rejected(client.put(HERE, json=body))
    assert before == client.get(WORLD).get_json()
