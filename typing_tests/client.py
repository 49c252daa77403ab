from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, assert_type

import mockserver
from mockserver import (
    ControlError,
    DeliveryRecord,
    ExchangeRecord,
    Login,
    MessageRecord,
    Mock,
    MockServer,
    Settings,
    WorldClient,
    WorldFaultRule,
)
from mockserver.client.deliveries import IdleResult


def servers() -> None:
    with MockServer() as server:
        assert_type(server, MockServer)
        assert_type(server.url, str)
        assert_type(server.https_url, str)
        assert_type(server.world, WorldClient)
        assert_type(server.create_world("small", id="mine", freeze="2026-06-01T12:00:00Z"), WorldClient)
    MockServer(settings=Settings(port=0))
    with Mock.at("http://127.0.0.1:7670", token=None) as mock:
        assert_type(mock, Mock)
        assert_type(mock.worlds(), list[WorldClient])
        assert_type(mock.get_world("mine"), WorldClient)
        assert_type(mock.health(), dict[str, Any])
    Mock.at(7670)  # type: ignore[arg-type]
    mock.no_such_verb()  # type: ignore[attr-defined]


def world_verbs(world: WorldClient) -> None:
    assert_type(world.base_url, str)
    assert_type(world.cursor, int)
    assert_type(world.login("dialogtech"), Login)
    assert_type(world.fork(), WorldClient)
    assert_type(world.drop(), None)
    assert_type(world.snapshot(), dict[str, Any])
    assert_type(world.wait_until_idle(timeout=timedelta(seconds=1)), IdleResult)
    assert_type(world.clock.now, datetime)
    assert_type(world.clock.is_frozen, bool)
    world.clock.advance(minutes=5)
    world.clock.advance(fortnights=1)  # type: ignore[call-arg]
    with world as same:
        assert_type(same, WorldClient)


def journal(world: WorldClient) -> None:
    assert_type(world.exchange(1), ExchangeRecord)
    assert_type(world.journal()[0], ExchangeRecord)
    assert_type(world.wait_for_exchange(timeout=1, operation="sms.send_message"), ExchangeRecord)
    assert_type(world.wait_for_message(), MessageRecord)
    assert_type(world.wait_for_delivery(), DeliveryRecord)
    assert_type(world.wait("delivery"), ExchangeRecord | MessageRecord | DeliveryRecord)
    world.wait("telegram")  # type: ignore[arg-type]
    assert_type(world.delivery(1), DeliveryRecord)
    assert_type(world.delivery(1).resend(), DeliveryRecord)
    world.exchange("first")  # type: ignore[arg-type]


def faults(world: WorldClient) -> None:
    assert_type(world.faults.list(), tuple[WorldFaultRule, ...])
    rule = world.faults.get("f1")
    assert_type(rule.hits, int)
    assert_type(rule.remaining, int | None)
    assert_type(rule.remove(), None)


async def awaited(world: WorldClient) -> None:
    assert_type(await world.wait_for_exchange.aio(timeout=1), ExchangeRecord)
    assert_type(await world.exchange.aio(1), ExchangeRecord)
    await world.exchange.aio("first")  # type: ignore[arg-type]


def errors(error: ControlError) -> None:
    assert_type(error.code, str)
    assert_type(error.message, str)


mockserver.NoSuchName  # type: ignore[attr-defined]
