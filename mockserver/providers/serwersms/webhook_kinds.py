"""The kinds of webhooks: a forwarded message of each type, and the report of a sent message's state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from mockserver.sdk import ProviderRequest, WebhookKind, documented

from .delivery import DLR

_LOGIN = {"user": "receiver-check", "secret": "receiver-check"}
_SENDER, _RECIPIENT = "+48500600700", "+48664078059"
_PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGO4oKCABzGMSmNDAJ52akF9P2UCAAAAAElFTkSuQmCC"  # a red square
_ATTACHMENTS = (
    {"name": "zdjęcie 1.png", "content_type": "image/png", "data": _PICTURE},
    {"name": "tekst.txt", "content_type": "text/plain", "data": "WmHFvMOzxYLEhyAmICslIyDwn5iA"},  # Zażółć & +%# 😀
)

_VALUES = documented(
    "004",
    "Before sending information to the client, these parameters are changed with the data for a specific message.",
    "SW-44",
)
_GET = documented(
    "004",
    "Information about responses to SMS ECO+ +, ND / SC and NDI / SCI is sent via the GET method.",
    "SW-43",
)
_POST = documented("004", "For MMS messages, data is sent via POST method.", "SW-43")
_ACKNOWLEDGEMENT = documented(
    "004",
    "depending on the settings, it can verify whether the receipt of messages on the client's side has taken place correctly",
    "SW-51",
)
_VERIFICATION = documented(
    "004",
    "If the verification option is enabled and the script on the client side does not return the required values,"
    " the system will repeat the URL invocation in 5, 10, 15 and 60 minutes.",
    "SW-49",
)
_REPEATS = documented(
    "004",
    "In case of failure to transmit a message to the URL, the renewed dispatch messages to the customer will take place one"
    " after 5, 10, 15 and 60 min. If you still fail to convey the message to the customer, the system will not undertake more"
    " attempts.",
    "SW-52",
)


def _build_account(service: str) -> Callable[[str, bool], Mapping[str, Any]]:
    def build(url: str, requires_ack: bool) -> Mapping[str, Any]:
        return {
            "provider": "serwersms",
            "name": "receiver",
            "logins": [_LOGIN],
            "numbers": [{"number": _RECIPIENT}],
            "forwarding": [{"service": service, "url": url, "verification": requires_ack}],
        }

    return build


def _build_inbound(kind: str, **more: Any) -> Callable[[str], Mapping[str, Any]]:
    return lambda text: {"kind": kind, "sender": _SENDER, "text": text, **more}


def _build_mms(title: str) -> Mapping[str, Any]:
    attachments = [dict(each) for each in _ATTACHMENTS]
    return {"kind": "mms", "sender": _SENDER, "recipient": _RECIPIENT, "title": title, "attachments": attachments}


def _build_send(text: str) -> ProviderRequest:
    values = {"username": _LOGIN["user"], "password": _LOGIN["secret"], "phone": _SENDER, "text": text}
    headers = (("Content-Type", "application/x-www-form-urlencoded"),)
    return ProviderRequest("POST", "/messages/send_sms", headers=headers, body=urlencode(values).encode())


def _forwarded(name: str, build_inbound: Callable[[str], Mapping[str, Any]]) -> WebhookKind:
    return WebhookKind(
        name=name,
        build_account=_build_account(name),
        build_inbound=build_inbound,
        has_attachments=name == "mms",
        values=_VALUES,
        method=_POST if name == "mms" else _GET,
        acknowledgement=_ACKNOWLEDGEMENT,
        verification=_VERIFICATION,
        repeats=_REPEATS,
    )


WEBHOOK_KINDS = (
    _forwarded("nd", _build_inbound("nd")),
    _forwarded("ndi", _build_inbound("ndi", recipient=_RECIPIENT)),
    _forwarded("eco", _build_inbound("eco", reference="c0ffee0123")),
    _forwarded("pre", _build_inbound("pre", recipient="7668")),
    _forwarded("mms", _build_mms),
    WebhookKind(
        name=DLR,
        build_account=_build_account(DLR),
        build_request=_build_send,
        has_text=False,
        values=_VALUES,
        method=_GET,
        acknowledgement=_ACKNOWLEDGEMENT,
        verification=_VERIFICATION,
        repeats=_REPEATS,
    ),
)
