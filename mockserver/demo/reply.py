"""A demo: the webhook receiver is broken, and the delivery is attempted again until it is acknowledged."""

from __future__ import annotations

from collections.abc import Iterator

from mockserver.client import DeliveryRecord

from .receiver import Receiver
from .run import Demo, DemoContext, Step

_PHONE, _SHOP = "+48500600700", "+48664078059"


def _run(context: DemoContext) -> Iterator[Step]:
    world = context.world
    with Receiver() as script:
        address = f"{script.url}/sms?from=#NUMER#&text=#WIADOMOSC#"
        world.change_account("serwersms", "shop", forwarding=[{"service": "ndi", "url": address}])
        yield Step(
            "A shop waits for replies",
            f"SerwerSMS forwards whatever customers write to {_SHOP} to the shop’s script at {script.url}/sms. "
            "It was changed this morning, and no one knows yet that it is broken.",
        )
        world.inbound("serwersms", "shop", kind="ndi", sender=_PHONE, recipient=_SHOP, text="Tak, poproszę o 16")
        world.wait_until_idle()
        yield Step("Anna answers", f"“Tak, poproszę o 16.” It is forwarded at once: {_last(context)}.")
        world.clock.advance(minutes=5)
        yield Step(
            "Five minutes later",
            f"“The system will repeat the URL invocation in 5, 10, 15 and 60 minutes”, says the document. So it does: {_last(context)}.",
        )
        script.repair()
        yield Step(
            "Somebody repairs the script",
            "A shop that only tested the good day would have asked Anna to write again. This one just waits.",
        )
        world.clock.advance(next=True)
        yield Step(
            "Ten minutes after the first try",
            f"The second repeat: {_last(context)}. The script heard “{script.texts[-1]}”.",
        )
    yield Step("Nothing was lost", f"The provider’s own API has it too, for whoever asks: {_asked(context)}.")


def _delivery(context: DemoContext) -> DeliveryRecord:
    return context.world.deliveries()[-1]


def _last(context: DemoContext) -> str:
    """Return the result of the last attempt."""
    delivery = _delivery(context)
    attempt = delivery.attempts[-1]
    response = "no answer" if attempt.response is None else f"an answer with status {attempt.response.status}"
    return f"{response}, so the delivery is {delivery.status}"


def _asked(context: DemoContext) -> str:
    """A client that fetches inbound messages."""
    import requests

    user, password = context.world.login("serwersms", "shop")
    call = {"username": user, "password": password, "type": "ndi", "date_from": "2026-06-01 00:00:00"}
    response = requests.post(f"{context.url}/messages/recived", data=call, timeout=30).json()
    texts = [f"“{item['text']}” from {item['phone']}" for item in response["items"]]
    return ", ".join(texts) or "it has none"


REPLY = Demo(
    "reply",
    "A reply that is forwarded and retried",
    "A customer answers, the shop’s script is down, and the provider tries again until somebody hears.",
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
