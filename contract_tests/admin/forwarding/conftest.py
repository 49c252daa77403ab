"""A world with an account that forwards inbound messages to a receiver."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from contract_tests.admin.forwarding.receiving import KEY, NOON, PATIENCE, Receiver
from contract_tests.installed import CALLBACKS, PROVIDERS, VARIANTS
from mockserver.engine.accounts import Account, ForwardingRule, Login
from mockserver.engine.clock import Clock
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture
from mockserver.engine.world import World
from mockserver.webhooks import WebhookConfig, WebhookSender
from mockserver.webhooks.dispatcher import WebhookDispatcher


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.listen()
    yield receiver
    receiver.close()


@pytest.fixture
def webhook_senders() -> list[WebhookSender]:
    """The webhook senders of the servers that the test has opened, in the order of opening."""
    return []


@pytest.fixture
def registries() -> Iterator[list[WorldRegistry]]:
    """The registries of the servers that the test has opened, in the order of opening."""
    registries: list[WorldRegistry] = []
    yield registries
    for registry in registries:
        registry.close()


@pytest.fixture
def opened(webhook_senders: list[WebhookSender], registries: list[WorldRegistry]) -> Callable[..., World]:
    """Open a server whose only account forwards the inbound messages of its NDI to a URL."""

    def opened(url: str, clock: Clock | None = None, **variants: str) -> World:
        rule = ForwardingRule("ndi", f"{url}/?numer=#NUMER#&tekst=#WIADOMOSC#", verification=True)
        account = Account(KEY, "serwersms", "a", (Login("user", "secret"),), forwarding=(rule,))
        providers = {provider.name: provider for provider in PROVIDERS}
        webhook_senders.append(WebhookSender(WebhookConfig(timeout=PATIENCE, connect_timeout=PATIENCE)))
        sender = WebhookDispatcher(providers, webhook_senders[-1])
        named = {f"serwersms.forwarding.{name}": variant for name, variant in variants.items()}
        registry = WorldRegistry(
            Fixture((account,)), VARIANTS | named, clock=clock or Clock.frozen(NOON), providers=CALLBACKS, sender=sender
        )
        registries.append(registry)
        return registry.default

    return opened
