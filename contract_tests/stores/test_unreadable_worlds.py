"""A stored world that this process cannot read is refused with the reason; the other worlds are served."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from werkzeug.test import Client

from contract_tests.engine.test_fold_of_events import SMALL
from contract_tests.installed import CALLBACKS, PROVIDERS, VARIANTS
from contract_tests.stores.exact import new_codec
from mockserver.app import build_service, create_registry
from mockserver.engine.clock import Clock
from mockserver.engine.registry import WorldRegistry
from mockserver.sdk.loading import ProviderSet
from mockserver.settings import Settings
from mockserver.stores.codec import UnknownProvider
from mockserver.stores.sqlite import SqliteStore

SEND = "/_w/other/ibp_api.php?action=sms.send_message&access_key=demo-access-key&secret_access_key=demo-secret-key"


def open_registry(path: Path) -> WorldRegistry:
    return WorldRegistry(
        SMALL, VARIANTS, clock=Clock.frozen(0), providers=CALLBACKS, store=SqliteStore(path, new_codec())
    )


def test_a_damaged_world_answers_with_the_reason_and_the_others_are_served(tmp_path: Path) -> None:
    path = tmp_path / "state"
    registry = open_registry(path)
    number = registry.create(SMALL, world_id="other", clock=Clock.frozen(0)).number
    registry.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE snapshots SET initial = '[2,0]' WHERE world = ?", (number,))
    connection.close()

    registry = open_registry(path)
    client = Client(build_service(registry=registry).app)
    found = client.get("/_mock/worlds/other/accounts")
    assert 503 == found.status_code
    assert found.json is not None
    assert "the stored data were written by a newer version of mockserver" in found.json["error"]["message"]
    sent = client.get(SEND + "&from=3125550142&to=5556667777&message=hi")
    assert 500 == sent.status_code
    assert b"<result>failed</result>" in sent.data
    assert 200 == client.get("/_mock/worlds/default/accounts").status_code
    assert (
        b"<result>success</result>"
        in client.get(SEND.removeprefix("/_w/other") + "&from=3125550142&to=5556667777&message=hi").data
    )
    registry.close()


def test_a_server_without_a_provider_of_its_default_world_does_not_start(tmp_path: Path) -> None:
    settings = Settings(state=str(tmp_path / "state"))
    create_registry(settings).close()
    others = ProviderSet([each for each in PROVIDERS if each.name != "mgage"])
    small = tmp_path / "small.json"
    small.write_text('{"format": 2, "accounts": []}')

    with pytest.raises(UnknownProvider, match="of the provider 'mgage', which is not installed"):
        create_registry(Settings(state=settings.state, world=small), others)
    create_registry(settings).close()  # the file is as it was, and no longer held
