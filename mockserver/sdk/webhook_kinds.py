"""The kinds of webhooks of a provider, by which `mockserver check-receiver` sends a receiver what the provider would send it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockserver.engine.provider_errors import Source

    from .request import ProviderRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookKind:
    """One kind of webhook: the account that has a URL for it, what causes one, and what the documents say of it."""

    name: str
    """The name by which the check is asked for it, such as the type of the messages."""
    build_account: Callable[[str, bool], Mapping[str, Any]]
    """Return the account of a world file whose webhooks of this kind go to a URL; the flag says whether the receiver has to
    acknowledge as `verification` demands."""
    build_inbound: Callable[[str], Mapping[str, Any]] | None = None
    """Return the fields of an inbound message with a text, which causes a webhook."""
    build_request: Callable[[str], ProviderRequest] | None = None
    """Return the request that sends a message with a text, whose report is the webhook. Each kind has this or `build_inbound`."""
    has_text: bool = True
    """Whether the webhook tells the text of its message."""
    has_attachments: bool = False
    values: Source
    """What the documents say of the values that a webhook carries."""
    method: Source
    """What they say of its HTTP method."""
    acknowledgement: Source
    """What they say of a response that counts, where the account demands none in particular."""
    verification: Source | None = None
    """What they say of the response that an account may demand; ``None`` where it cannot."""
    repeats: Source
    """What they say of repeats, and of their end."""
