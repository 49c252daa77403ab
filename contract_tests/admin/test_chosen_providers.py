"""A server that is created with some of the installed providers serves these alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from contract_tests.installed import INSTALLED
from mockserver import ControlError, Mock, MockServer, Settings
from mockserver.app import build_service, create_app

ONE = INSTALLED.by_name["serwersms"]
SWITCHES = {"limits", *(quirk.name for quirk in ONE.quirks)}
ACCOUNT = {"provider": "serwersms", "name": "mine", "logins": [{"user": "mine", "secret": "secret"}], "messages": []}


@pytest.fixture
def mock() -> Iterator[Mock]:
    with Mock.of(create_app(providers=[ONE])) as mock:
        yield mock


def test_only_the_routes_of_the_chosen_provider_are_served() -> None:
    client = create_app(providers=[ONE]).test_client()

    served = client.post("/messages/send_sms.json", json={})
    others = client.get("/ibp_api.php"), client.get("/api/messages/program/121811")

    assert (200, 1001) == (served.status_code, served.get_json()["error"]["code"])
    assert [(404, "not_found")] * 2 == [(each.status_code, each.get_json()["error"]["code"]) for each in others]
    assert not any("ibp_api.php" in route or "program" in route for route in client.get("/").get_json()["here"])


def test_only_the_facts_of_the_chosen_provider_are_listed(mock: Mock) -> None:
    assert list(ONE.hosts) == mock.addresses()["hosts"]
    assert SWITCHES == set(mock.world.variants.show())
    for rows in (mock.quirks(), mock.errors(), mock.operations(), mock.magic(), mock.world.accounts()):
        assert {"serwersms"} == {row["provider"] for row in rows}


def test_inbound_messages_are_received_for_the_chosen_provider_alone(mock: Mock) -> None:
    message = mock.world.inbound("serwersms", "demo", sender="+48500600700", text="Hej", kind="nd")
    with pytest.raises(ControlError) as rejected:
        mock.world.inbound("dialogtech", sender="5556667777", recipient="5554332111", text="Hi")

    assert ("serwersms", "Hej") == (message.provider, message.text)
    assert "bad_request" == rejected.value.code


def test_a_world_file_may_hold_the_chosen_provider_alone_at_the_start_and_at_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_text(json.dumps({"format": 2, "variants": {"serwersms.zone": "UTC"}, "accounts": [ACCOUNT]}))
    service = build_service(Settings(world=path), providers=[ONE])
    with Mock.of(service.app) as mock:
        service.restart()
        variants = {name: row["variant"] for name, row in mock.world.variants.show().items()}
        assert (SWITCHES, "UTC") == (set(variants), variants["serwersms.zone"])
        path.write_text(json.dumps({"format": 2, "accounts": [{**ACCOUNT, "provider": "dialogtech"}]}))
        with pytest.raises(ValueError, match="no provider 'dialogtech' is installed"):
            service.restart()
        assert ["mine"] == [account["name"] for account in mock.world.accounts()]


def test_a_server_forwards_redirects_and_certifies_the_hosts_of_the_chosen_provider_alone(tmp_path: Path) -> None:
    with MockServer(settings=Settings(port=0, ca=tmp_path), providers=[ONE], proxy=True) as server:
        proxies = {"http": server.proxy_url, "https": server.proxy_url}
        served = requests.post("http://api2.serwersms.pl/account/limits", proxies=proxies, timeout=60)
        certified = requests.post(
            "https://api2.serwersms.pl/account/limits", proxies=proxies, timeout=60, verify=str(server.ca.certificate)
        )
        other = requests.get("http://secure.dialogtech.com/ibp_api.php", proxies=proxies, timeout=60)

    assert set(ONE.hosts) == server.hosts.served
    assert (200, 200, served.content) == (served.status_code, certified.status_code, certified.content)
    assert 403 == other.status_code
    assert other.text == (
        "mockserver: secure.dialogtech.com is blocked by mockserver, --allow-host secure.dialogtech.com allows it: "
        "the proxy forwards only to the providers' hosts and private addresses\n"
    )


def test_a_service_and_providers_exclude_each_other() -> None:
    with pytest.raises(ValueError, match=r"^providers: the given service has its own$"):
        MockServer(build_service(providers=[ONE]), providers=[ONE])
