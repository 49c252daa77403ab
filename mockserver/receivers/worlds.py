"""Makes the world of a case, which has one account, whose webhooks go to the receiver, and no limits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from mockserver import worldfile
from mockserver.admin.endpoint import world_file_rules
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import Decision
from mockserver.engine.events import IdsUsed
from mockserver.engine.faults import FaultRule, WebhookMatch
from mockserver.engine.instants import DAY, Instant
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import IdReservation, State
from mockserver.sdk.loading import ProviderSet

if TYPE_CHECKING:
    from mockserver.engine.deliveries import OutgoingRequest
    from mockserver.engine.world import Decide, World
    from mockserver.sdk.provider import Provider
    from mockserver.sdk.webhook_kinds import WebhookKind

    from .calls import CallingSender
    from .cases import ReceiverCase

_HORIZON = 30 * DAY
"""How far the clock of a case is moved at most: longer than any provider repeats a call."""


def create_webhook_world(
    provider: Provider,
    kind: WebhookKind,
    url: str,
    *,
    requires_ack: bool,
    at: Instant,
    variants: Mapping[str, str] | None = None,
    sender: CallingSender | None = None,
) -> World:
    """Create a world with an account whose webhooks of a kind go to a URL.

    Args:
        provider: the provider.
        kind: the kind of webhooks.
        url: the receiver's URL, with the provider's placeholders where it has some.
        requires_ack: whether the account has the provider's verification of responses switched on.
        at: the instant at which its clock is frozen.
        variants: the variants that are not the defaults.
        sender: makes the attempts; without one none is made.

    Raises:
        worldfile.WorldFileError: the URL or a variant is wrong.
    """
    providers = ProviderSet([provider])
    document = {
        "format": worldfile.FORMAT,
        "variants": {"limits": "off", **(variants or {})},
        "accounts": [kind.build_account(url, requires_ack)],
    }
    fixture = worldfile.parse(document, world_file_rules(providers.providers, providers.switches))
    return WorldRegistry(
        fixture,
        providers.default_variants,
        clock=Clock.frozen(at),
        providers=providers.callbacks,
        sender=sender,
    ).default


def cause_webhooks(world: World, provider: Provider, kind: WebhookKind, case: ReceiverCase, first_id: int) -> None:
    """Let the inbound messages of a case come in, or send its outbound ones, so that webhooks are due.

    Args:
        world: a world of `create_webhook_world`.
        provider: the provider.
        kind: the kind of webhooks.
        case: the case.
        first_id: added to the identifiers of the messages, so that the receiver has not seen them before.
    """
    if case.fault is not None:
        match = WebhookMatch(provider.name)
        world.add_fault_rule(FaultRule(case.fault, match, point="before", expires_after=1, target="webhook"))
    world.execute(partial(_skip_ids, _decide(provider, kind, case.texts[0]), first_id))
    for text in case.texts:
        world.execute(_decide(provider, kind, text))


def build_first_webhook(world: World, provider: Provider) -> OutgoingRequest:
    """Return the request of the first webhook that is due in a world without a sender.

    Raises:
        ValueError: there is no webhook.
    """
    while not world.state.deliveries and world.next_due() is not None:  # a report comes when its message has ended
        world.advance(to_next=True)
    if not world.state.deliveries or provider.build_webhook is None:
        raise ValueError("no webhook was caused")
    return provider.build_webhook(next(iter(world.state.deliveries.values())), world.state)


def _decide(provider: Provider, kind: WebhookKind, text: str) -> Decide:
    if kind.build_inbound is not None:
        return partial(provider.receive_inbound, kind.build_inbound(text))
    assert kind.build_request is not None
    return partial(provider.decide, provider.parse(kind.build_request(text)))


def _skip_ids(decide: Any, first_id: int, state: State, now: Instant, _: IdReservation) -> Decision:
    """Raise the counters of the identifiers that a message would take by a number; the message itself is not stored."""
    taken = IdReservation(state.seed, state.sequences)
    decide(state, now, taken)
    used = {name: following + first_id for name, following in taken.used.items() if name != "deliveries"}
    return Decision(now, None, (IdsUsed(used),))


def run_to_the_end(world: World, sender: CallingSender) -> None:
    """Make the attempts that are due, and move the clock to the next repeat, until there is none."""
    sender.run()
    move = world.begin_advance(by=_HORIZON)
    while move.step(lambda: True) is None:
        sender.run()
