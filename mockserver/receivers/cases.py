"""The cases of a check: the webhooks and other requests that a receiver should cope with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mockserver.engine.deliveries import WebhookFault
from mockserver.engine.webhook_faults import (
    ConcurrentWebhooks,
    DelayedWebhook,
    DuplicateWebhook,
    LostAcknowledgement,
    ReorderedWebhook,
)

HOUR = 3600
LETTERS = "Pójdźże, kiń tę chmurność w głąb flaszy. ŻÓŁĆ ŚĆ."
LONG_TEXT = (LETTERS * 14)[:670]
"""The longest text that fits into ten parts in UCS-2, of 67 characters each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiverCase:
    """One case of a check: what is sent to the receiver, and how."""

    name: str
    about: str
    """What is sent, in a few words."""
    source: Literal["values", "method", "repeats"]
    """The member of `WebhookKind` with the document's sentence that the verdict cites."""
    texts: tuple[str, ...] = ("Tak",)
    """The texts of the messages."""
    needs_text: bool = False
    """Whether the case is left out for kinds of webhooks that do not contain the message's text."""
    needs_placeholders: bool = False
    """Whether the placeholders that the user's URL lacks are added to its query."""
    needs_attachments: bool = False
    """Whether the message has attachments; the case is left out if the provider has no such kind of webhooks."""
    fault: WebhookFault | None = None
    """The fault that is applied to the first webhook."""
    age: int = 0
    """How many seconds ago the messages came in."""
    is_slow: bool = False
    """Whether the request arrives a few bytes at a time."""
    method: str = ""
    """The HTTP method of a request that no provider makes; empty if webhooks are sent."""


CASES = (
    ReceiverCase(name="normal", about="one message with a short text", source="method"),
    ReceiverCase(
        name="every-placeholder", about="every placeholder of the provider", source="values", needs_placeholders=True
    ),
    ReceiverCase(
        name="polish-letters", about="Polish letters", source="values", texts=("Zażółć gęślą jaźń",), needs_text=True
    ),
    ReceiverCase(
        name="emoji", about="emoji of four bytes in UTF-8", source="values", texts=("Dzięki 👍🏽 🙂",), needs_text=True
    ),
    ReceiverCase(
        name="special-characters",
        about="characters that a URL, a form, SQL and HTML reserve",
        source="values",
        texts=('a&b+c%#d=e?f;g/100% 1+1=2 %26 O\'Neil "x" <b>',),
        needs_text=True,
    ),
    ReceiverCase(
        name="long-text",
        about=f"{len(LONG_TEXT)} characters, as much as ten parts hold",
        source="values",
        texts=(LONG_TEXT,),
        needs_text=True,
    ),
    ReceiverCase(name="attachments", about="an MMS with two attachments", source="method", needs_attachments=True),
    ReceiverCase(name="duplicate", about="one message twice", source="repeats", fault=DuplicateWebhook()),
    ReceiverCase(
        name="two-at-once",
        about="one message twice at the same time, on two connections",
        source="repeats",
        fault=ConcurrentWebhooks(),
    ),
    ReceiverCase(
        name="reordered",
        about="two messages, the later one first",
        source="repeats",
        texts=("pierwsza", "druga"),
        fault=ReorderedWebhook(),
    ),
    ReceiverCase(
        name="late",
        about="a message that came in 60 minutes ago",
        source="repeats",
        fault=DelayedWebhook(HOUR),
        age=HOUR,
    ),
    ReceiverCase(
        name="lost-acknowledgement",
        about="a message again, because the response was lost on its way",
        source="repeats",
        fault=LostAcknowledgement(),
    ),
    ReceiverCase(
        name="slow-connection", about="a request that arrives a few bytes at a time", source="repeats", is_slow=True
    ),
    ReceiverCase(name="head", about="a HEAD, as monitors and link checkers send", source="method", method="HEAD"),
    ReceiverCase(name="wrong-method", about="a PUT, which no provider sends", source="method", method="PUT"),
)
