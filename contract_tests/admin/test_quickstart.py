"""GET /_mock/quickstart: how to use this server, with its own URLs and the credentials of a world."""

from __future__ import annotations

import re
import subprocess

import pytest
import requests

from mockserver import ControlError, MockServer, Settings
from mockserver.app import create_app

SECTIONS = (
    "ADDRESSES",
    "CREDENTIALS, valid here alone",
    "BRING AN APPLICATION HERE, one of",
    "FIRST REQUESTS",
    "SEE WHAT HAPPENED",
    "CAUSE WHAT A TEST NEEDS",
)


def commands(text: str) -> list[str]:
    """The commands of a quickstart, each on one line."""
    return re.findall(r"^  (curl .+)$", text.replace("\\\n", " "), re.MULTILINE)


def test_the_quickstart_is_plain_text_with_the_address_and_the_credentials_of_the_default_world():
    answer = create_app().test_client().get("/_mock/quickstart", base_url="http://127.0.0.1:7670")
    lines = answer.text.splitlines()

    assert (200, "text/plain; charset=utf-8") == (answer.status_code, answer.headers["Content-Type"])
    assert SECTIONS == tuple(line for line in lines if line[:2].isupper())
    assert "  HTTP         http://127.0.0.1:7670" in lines
    assert "  dialogtech/documents       foo / bar" in lines
    assert "                             sends from 5554332111, 5554443210" in lines
    assert "  curl 'http://127.0.0.1:7670/messages/recived.json' -d username=Login -d password=Haslo" in lines


def test_the_quickstart_of_another_world_has_its_prefix_and_its_own_credentials():
    client = create_app().test_client()
    world = client.post("/_mock/worlds", json={"id": "mine"}).get_json()
    login = world["credentials"]["mgage"]["documents"][0]

    text = client.get("/_mock/quickstart?world=mine").text

    assert f"  mgage/documents            {login['user']} / {login['secret']}" in text.splitlines()
    assert f"  curl -u {login['user']}:{login['secret']} 'http://localhost/_w/mine/api/messages/program/121811" in text
    assert "foo / bar" not in text
    assert "the header X-Mockserver-World: mine, or of the prefix /_w/mine/" in text


def test_a_world_without_accounts_has_a_quickstart_without_requests_to_providers():
    client = create_app().test_client()
    client.post("/_mock/worlds", json={"id": "bare", "fixture": "empty"})

    text = client.get("/_mock/quickstart?world=bare").text

    assert "  none: this world has no accounts; one from the fixture demo has" in text.splitlines()
    assert "FIRST REQUESTS" not in text
    assert "/inbound" not in text


def test_the_quickstart_of_a_world_that_does_not_exist_is_an_error():
    answer = create_app().test_client().get("/_mock/quickstart?world=nowhere")

    assert (404, "not_found", "there is no world 'nowhere'") == (
        answer.status_code,
        answer.get_json()["error"]["code"],
        answer.get_json()["error"]["message"],
    )


@pytest.mark.parametrize("world", ["default", "mine"])
def test_every_command_of_the_quickstart_succeeds_as_it_is_printed(world: str):
    with MockServer() as server:
        requests.post(f"{server.url}/_mock/worlds", json={"id": "mine"}, timeout=10)
        text = requests.get(f"{server.url}/_mock/quickstart", {"world": world}, timeout=10).text
        done = [
            subprocess.run(
                ["bash", "-c", f"{command.replace('curl ', 'curl -sSf ', 1)}"], capture_output=True, text=True
            )
            for command in commands(text)
        ]
        journal = requests.get(f"{server.url}/_mock/worlds/{world}/journal", timeout=10).json()

    assert 12 == len(done)
    assert [] == [each.stderr for each in done if each.returncode]
    assert "<result>success</result>" in done[0].stdout
    assert [] == journal["exchanges"]  # the last command resets the world


@pytest.mark.parametrize("fixture", ["demo", "empty"])
def test_the_quickstart_lists_the_messages_that_the_world_did_not_begin_with(fixture: str):
    client = create_app().test_client()
    client.post("/_mock/worlds", json={"id": "mine", "fixture": fixture})
    text = client.get("/_mock/quickstart?world=mine").text
    (listing,) = re.findall(r"'http://localhost(/_mock/worlds/mine/messages.*?)'", text)
    before = client.get(listing).get_json()["messages"]
    if fixture == "demo":
        number = {"sender": "5556667777", "recipient": "5554332111", "text": "Hello"}
        client.post("/_mock/worlds/mine/inbound", json={"provider": "dialogtech", "account": "documents", **number})
    after = client.get(listing).get_json()["messages"]

    assert [] == before
    assert ["Hello"] * (fixture == "demo") == [message["text"] for message in after]


def test_without_a_token_only_the_servers_own_names_get_the_quickstart_and_with_one_it_is_needed():
    rebound = create_app().test_client().get("/_mock/quickstart", base_url="http://attacker.example")
    guarded = create_app(settings=Settings(host="0.0.0.0", token="secret")).test_client()
    url = "http://192.0.2.7:7670"
    shown = guarded.get("/_mock/quickstart", base_url=url, headers={"Authorization": "Bearer secret"})

    assert 421 == rebound.status_code
    assert 401 == guarded.get("/_mock/quickstart", base_url=url).status_code
    assert 200 == shown.status_code
    assert 'curl -sS -H "Authorization: Bearer $MOCKSERVER_TOKEN" http://192.0.2.7:7670/_mock/worlds -d' in shown.text
    assert "secret\n" not in shown.text.replace("demo-secret-key", "")


def test_the_client_returns_the_quickstart_and_the_report_as_text():
    with MockServer() as server:
        world = server.create_world(id="mine", fixture="small")

        assert requests.get(f"{server.url}/_mock/quickstart?world=mine", timeout=10).text == server.quickstart("mine")
        assert "world mine: nothing was asked\n" == world.report()
        with pytest.raises(ControlError, match="there is no world 'nowhere'"):
            server.quickstart("nowhere")


def test_a_page_of_another_site_does_not_get_the_quickstart():
    answer = create_app().test_client().get("/_mock/quickstart", headers={"Origin": "http://attacker.example"})

    assert 403 == answer.status_code
