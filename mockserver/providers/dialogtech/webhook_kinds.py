"""The kinds of webhooks: a message that came in, sent to the number's listener, and the report of a message that was sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from mockserver.sdk import ProviderRequest, WebhookKind, assumed, documented

from .webhooks import INBOUND, REPORT

_LOGIN = {"user": "receiver-check", "secret": "receiver-check"}
_NUMBER, _HANDSET = "3125550142", "5556667777"
_METHOD = documented("002", 'url="http://example.net/sms_listener.php"', "DT-40")


def _build_account(member: str) -> Callable[[str, bool], Mapping[str, Any]]:
    def build(url: str, _: bool) -> Mapping[str, Any]:
        numbers = [{"number": _NUMBER, member: url}]
        return {"provider": "dialogtech", "name": "receiver", "logins": [_LOGIN], "numbers": numbers}

    return build


def _build_inbound(text: str) -> Mapping[str, Any]:
    return {"sender": _HANDSET, "recipient": _NUMBER, "text": text}


def _build_send(text: str) -> ProviderRequest:
    login = {"access_key": _LOGIN["user"], "secret_access_key": _LOGIN["secret"]}
    values = {"action": "sms.send_message", **login, "from": _NUMBER, "to": _HANDSET, "message": text}
    headers = (("Content-Type", "application/x-www-form-urlencoded"),)
    return ProviderRequest("POST", "/ibp_api.php", headers=headers, body=urlencode(values).encode())


WEBHOOK_KINDS = (
    WebhookKind(
        name=INBOUND,
        build_account=_build_account("url"),
        build_inbound=_build_inbound,
        values=_METHOD,
        method=_METHOD,
        acknowledgement=assumed("DT-42"),
        repeats=assumed("DT-43"),
    ),
    WebhookKind(
        name=REPORT,
        build_account=_build_account("dlr_url"),
        build_request=_build_send,
        has_text=False,
        values=assumed("DT-41"),
        method=_METHOD,
        acknowledgement=assumed("DT-42"),
        repeats=assumed("DT-43"),
    ),
)
