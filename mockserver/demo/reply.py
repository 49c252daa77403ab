"""A demo: the webhook receiver is broken, and the delivery is attempted again until it is acknowledged."""

from __future__ import annotations

from collections.abc import Iterator

from .receiver import Receiver
from .run import Demo, DemoContext, Step

_PHONE, _SHOP = "+48500600700", "+48664078059"


def _run(context: DemoContext) -> Iterator[Step]:
    world = context.world
    with Receiver() as receiver:
        url = f"{receiver.url}/sms?from=#NUMER#&text=#WIADOMOSC#"
        world.change_account("serwersms", "shop", forwarding=[{"service": "ndi", "url": url, "verification": True}])
        yield Step(
            "A shop waits for replies",
            f"SerwerSMS forwards whatever customers write to {_SHOP} to the shop’s script at {receiver.url}/sms. "
            "The script was changed this morning, and now it fails.",
        )
        world.inbound("serwersms", "shop", kind="ndi", sender=_PHONE, recipient=_SHOP, text="Tak, poproszę o 16")
        world.wait_until_idle()
        yield Step(
            "Anna replies",
            f"“Tak, poproszę o 16.” Her message is forwarded at once: {_describe_last_attempt(context)}.",
        )
        world.clock.advance(minutes=5)
        yield Step(
            "Five minutes later",
            f"“The system will repeat the URL invocation in 5, 10, 15 and 60 minutes”, says the document, and it does: {_describe_last_attempt(context)}.",
        )
        receiver.repair()
        yield Step(
            "The script is repaired",
            "Nothing has to be sent again: the provider still has Anna’s message and will repeat its call.",
        )
        world.clock.advance(next=True)
        yield Step(
            "Ten minutes after the first attempt",
            f"The second repeat: {_describe_last_attempt(context)}. The script received “{receiver.texts[-1]}”.",
        )
    yield Step("Nothing was lost", f"The provider’s API returns the message too: {_fetch_messages(context)}.")


def _describe_last_attempt(context: DemoContext) -> str:
    delivery = context.world.deliveries()[-1]
    attempt = delivery.attempts[-1]
    response = "no response" if attempt.response is None else f"a response with status {attempt.response.status}"
    return f"{response}, so the delivery is {delivery.status}"


def _fetch_messages(context: DemoContext) -> str:
    """Fetch the inbound messages as a client does, and describe them."""
    import requests

    user, password = context.world.login("serwersms", "shop")
    call = {"username": user, "password": password, "type": "ndi", "date_from": "2026-06-01 00:00:00"}
    response = requests.post(f"{context.url}/messages/recived", data=call, timeout=30).json()
    texts = [f"“{item['text']}” from {item['phone']}" for item in response["items"]]
    return ", ".join(texts) or "none"


REPLY = Demo(
    "reply",
    "A reply that is forwarded and retried",
    "A customer replies, the shop’s script fails, and the provider repeats its call until the script acknowledges it.",
    _PHONE.lstrip("+"),
    6,
    {
        "format": 2,
        "accounts": [
            {
                "provider": "serwersms",
                "name": "shop",
                "logins": [{"user": "shop-of-the-demo", "secret": "open-sesame"}],
                "contacts": [{"phone": _PHONE, "first_name": "Anna", "last_name": "Nowak"}],
                "messages": [],
            }
        ],
    },
    _run,
)
