"""The kinds of webhooks of a provider, which `mockserver check-receiver` sends to a receiver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockserver.engine.provider_errors import Source

    from .request import ProviderRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookKind:
    """One kind of webhook: an account that gets it, the message that causes it, and the sentences of the documents about it."""

    name: str
    """The value of the option ``--kind``, such as the type of the messages."""
    build_account: Callable[[str, bool], Mapping[str, Any]]
    """Return an account, as a world file has it, whose webhooks of this kind go to a URL; the flag says whether it has the provider's
    verification of responses switched on (see `verification`)."""
    build_inbound: Callable[[str], Mapping[str, Any]] | None = None
    """Return the fields of an inbound message with a given text; that it comes in causes the webhook."""
    build_request: Callable[[str], ProviderRequest] | None = None
    """Return the request that sends a message with a given text; the report of it is the webhook. Each kind has this or `build_inbound`."""
    has_text: bool = True
    """Whether the webhook contains the text of its message."""
    has_attachments: bool = False
    """Whether its message has attachments."""
    values: Source
    """What the documents say of the values that a webhook carries."""
    method: Source
    """What they say of its HTTP method."""
    acknowledgement: Source
    """What they say of the response that is an acknowledgement, if `verification` is off or does not exist."""
    verification: Source | None = None
    """What they say of the response that an account with verification demands; ``None`` if the provider has no verification."""
    repeats: Source
    """What they say of when a webhook is repeated, and when no more."""
