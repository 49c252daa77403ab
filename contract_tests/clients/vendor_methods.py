"""Every method of the vendors' own clients on PyPI and npm, with arguments and the shape of the response that is documented.

The methods of one client are called in this order, against the demo account: a later one may refer to what an earlier one returned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

PHONE, OTHER, THIRD = "500600700", "600700800", "500600720"
SENDER = "INFORMACJA"


class Method(NamedTuple):
    """A method of a client, and how it is called."""

    name: str
    """As the client's program writes it, such as ``message.send_sms``."""
    action: str
    """The action that it requests."""
    arguments: Sequence[Any] = ()
    shape: Mapping[str, Any] = {}
    """The names of the response's fields, each with the names in the first of its members; ``error`` for a rejection."""


def of(method: str, *path: str | int) -> dict[str, Any]:
    """Return a reference to what an earlier method returned."""
    return {"result_of": method, "path": list(path)}


WRITTEN = {"success": (), "id": ()}
DONE = {"success": ()}
QUEUED = {"success": (), "queued": (), "unsent": (), "items": ("id", "phone", "status", "queued", "parts", "text")}
CONTACT = (
    *("id", "phone", "email", "company", "first_name", "last_name", "tax_id", "address", "city", "description"),
    *("blacklist",),
)
REPORT = (
    *("id", "phone", "status", "queued", "sent", "delivered", "sender", "type", "text", "flash", "utf", "parts"),
    *("cost", "method", "mnc", "country", "network", "attachments", "reason"),
)


RECIVED = {"items": ("id", "type", "phone", "recived", "blacklist", "text")}
RECEIVED = {"items": ("id", "type", "phone", "received", "blacklist", "text")}


def top(names: Sequence[str]) -> dict[str, Any]:
    """Return the shape of a response with these fields at the top."""
    return dict.fromkeys(names, ())


def items(*names: str) -> dict[str, Any]:
    """Return the shape of a list."""
    return {"items": names}


ERROR = {"error": ("code", "type", "message")}
FILE = {"file": ()}
HELP = {
    **dict.fromkeys(("telephone", "email", "form", "faq"), ()),
    "account_maintainer": ("name", "email", "telephone", "photo"),
    "info": (),
}
PERSON = {"email": "jan@example.com", "first_name": "Jan", "last_name": "Kowalski", "company": "Firma"}


VIEWED = {**top(REPORT), "attachments": ("id",)}  # the newest message is an MMS


def _python(is_newest: bool) -> tuple[Method, ...]:
    """Return the methods of serwersmsv2api: of 2.0.0, or of 0.0.2."""
    received = RECEIVED if is_newest else RECIVED
    premium = (
        Method("premium.index", "premium/index", (), items("id", "to_number", "from_number", "date", "limit", "text")),
        Method("premium.send", "premium/send", (PHONE, "ok", "71200", 123456), ERROR),
        Method("premium.quiz", "quiz/view", (123,), ERROR),
    )
    return (
        Method("account.limits", "account/limits", ({"show_type": True},), {"account": ("type",), **items("type", "chars_limit", "value")}),
        Method("account.help", "account/help", (), HELP),
        Method("account.messages", "account/messages", (), items("new", "message")),
        Method("account.add", "account/add", ({**PERSON, "phone": PHONE},), DONE),
        Method("sender.index", "senders/index", ({"predefined": True, "sort": "name", "order": "desc"},), items("name", "agreement", "status")),
        Method("sender.add", "senders/add", ("Nowa",), DONE),
        Method("message.send_sms", "messages/send_sms", (PHONE, "Test", SENDER, {"details": True}), QUEUED),
        Method("message.send_personalized", "messages/send_personalized", ([{"phone": PHONE, "text": "a"}, {"phone": OTHER, "text": "b"}], SENDER, {"details": True}), QUEUED),
        Method("message.send_voice", "messages/send_voice", (PHONE, {"text": "Test", "details": True}), QUEUED),
        Method("file.add", "files/add", ("mms", {"url": "https://example.com/demo.jpg"}), WRITTEN),
        Method("file.index", "files/index", ("mms",), items("id", "name", "size", "type", "date")),
        Method("message.send_mms", "messages/send_mms", (PHONE, "Tytuł", {"file_id": of("file.index", "items", 0, "id"), "details": True}), QUEUED),
        Method("file.view", "files/view", (of("file.index", "items", 0, "id"), "mms"), top(("id", "name", "size", "type", "date"))),
        Method("file.delete", "files/delete", (of("file.index", "items", 0, "id"), "mms"), DONE),
        Method("message.reports", "messages/reports", ({},), items(*REPORT)),
        Method("message.view", "messages/view", (of("message.reports", "items", 0, "id"), {}), VIEWED),
        Method("message.delete", "messages/delete", (of("message.reports", "items", 0, "id"), None), top(("success", "correct", "failed"))),
        Method("message.recived", "messages/received" if is_newest else "messages/recived", ("nd", {}), received),
        *((Method("message.received", "messages/received", ("nd", {}), received),) if is_newest else ()),
        Method("message.send_nd", "messages/send_nd", (PHONE, "Test"), DONE),
        Method("message.send_ndi", "messages/send_ndi", (PHONE, "Test", "600111222"), DONE),
        Method("stat.index", "stats/index", ({"type": "full"},), items("id", "name", "delivered", "pending", "undelivered", "unsent", "begin", "end", "text", "type")),
        Method("group.add", "groups/add", ("test",), WRITTEN),
        Method("group.index", "groups/index", ("test", {}), items("id", "name", "count")),
        Method("group.view", "groups/view", (of("group.index", "items", 0, "id"),), top(("id", "name", "count"))),
        Method("group.edit", "groups/edit", (of("group.index", "items", 0, "id"), "nowa"), WRITTEN),
        Method("contact.add", "contacts/add", (of("group.index", "items", 0, "id"), THIRD, {"email": "a@example.com", "first_name": "Jan"}), WRITTEN),
        Method("contact.index", "contacts/index", (of("group.index", "items", 0, "id"), None, {}), items(*CONTACT, "group_id", "group_name")),
        Method("contact.view", "contacts/view", (of("contact.index", "items", 0, "id"),), top(CONTACT)),
        Method("contact.edit", "contacts/edit", (of("contact.index", "items", 0, "id"), of("group.index", "items", 0, "id"), PHONE, {}), WRITTEN),
        Method("group.check", "groups/check", (PHONE,), items("id", "group_id", "group_name")),
        Method("contact.delete", "contacts/delete", (of("contact.index", "items", 0, "id"),), DONE),
        Method("contact.imports", "contacts/import", ("Import", [{"phone": PHONE, **PERSON}, {"phone": OTHER, **PERSON}]), top(("success", "id", "correct", "failed"))),
        Method("group.delete", "groups/delete", (of("contact.imports", "id"),), DONE),
        Method("blacklist.add", "blacklist/add", (THIRD,), WRITTEN),
        Method("blacklist.index", "blacklist/index", (THIRD, {}), items("phone", "added")),
        Method("blacklist.check", "blacklist/check", (THIRD,), top(("exists",))),
        Method("blacklist.delete", "blacklist/delete", (THIRD,), DONE),
        Method("template.add", "templates/add", ("Nazwa", "Treść"), WRITTEN),
        Method("template.index", "templates/index", ({"sort": "name", "order": "asc"},), items("id", "name", "text")),
        Method("template.edit", "templates/edit", (of("template.index", "items", 0, "id"), "Nowa", "Inna"), WRITTEN),
        Method("template.delete", "templates/delete", (of("template.index", "items", 0, "id"),), DONE),
        Method("phone.test", "phones/test", (PHONE,), top(("correct",))),
        Method("phone.check", "phones/check", (PHONE, None), top(("phone", "status", "imsi", "network", "ported", "network_ported", "description"))),
        Method("subaccount.add", "subaccounts/add", ("login", "haslo", 123, {}), WRITTEN),
        Method("subaccount.index", "subaccounts/index", (), items("id", "username")),
        Method("subaccount.view", "subaccounts/view", (of("subaccount.index", "items", 0, "id"),), top(("id", "username", "name", "phone", "email"))),
        Method("subaccount.limit", "subaccounts/limit", (123, "eco", 200), DONE),
        Method("subaccount.delete", "subaccounts/delete", (123,), DONE),
        Method("payment.index", "payments/index", (), items("id", "number", "state", "paid", "total", "payment_to", "url")),
        Method("payment.view", "payments/view", (of("payment.index", "items", 0, "id"),), top(("id", "number", "state", "paid", "total", "payment_to", "url"))),
        Method("payment.invoice", "payments/invoice", (of("payment.index", "items", 0, "id"),), FILE),
        *(() if is_newest else premium),
        Method("error.view", "error/<code>", (1000,), ERROR),
    )  # fmt: skip


PYTHON_OLDEST, PYTHON_NEWEST = _python(is_newest=False), _python(is_newest=True)

# Its method for error/<code> passes its callback in place of the parameters, and then has none to call.
NODE = (
    Method("oAccount.limits", "account/limits", (), items("type", "chars_limit", "value")),
    Method("oAccount.help", "account/help", ({},), HELP),
    Method("oAccount.messages", "account/messages", (), items("new", "message")),
    Method("oAccount.add", "account/add", ({**PERSON, "phone": PHONE},), DONE),
    Method("oSenders.index", "senders/index", ({"predefined": True},), items("name", "agreement", "status")),
    Method("oSenders.add", "senders/add", ("Nowa",), ERROR),
    Method("oMessages.sendSms", "messages/send_sms", ({"phone": [PHONE, OTHER], "text": "Test", "sender": SENDER, "details": True},), QUEUED),
    Method("oMessages.sendPersonalized", "messages/send_personalized", ({"messages": [{"phone": PHONE, "text": "a"}, {"phone": OTHER, "text": "b"}], "details": True},), QUEUED),
    Method("oMessages.sendVoice", "messages/send_voice", ({"phone": PHONE, "text": "Test", "details": True},), QUEUED),
    Method("oFiles.index", "files/index", ("mms",), items("id", "name", "size", "type", "date")),
    Method("oFiles.add", "files/add", ("mms",), ERROR),  # it sends no file and no URL
    Method("oMessages.sendMms", "messages/send_mms", ({"phone": PHONE, "title": "Tytuł", "file_id": of("oFiles.index", "items", 0, "id"), "details": True},), QUEUED),
    Method("oFiles.view", "files/view", ({"id": of("oFiles.index", "items", 0, "id"), "type": "mms"},), top(("id", "name", "size", "type", "date"))),
    Method("oFiles.delete", "files/delete", ({"id": of("oFiles.index", "items", 0, "id"), "type": "mms"},), DONE),
    Method("oMessages.reports", "messages/reports", ({"page": 1, "limit": 5},), {"paging": ("page", "count"), **items(*REPORT)}),
    Method("oMessages.view", "messages/view", ({"id": of("oMessages.reports", "items", 0, "id")},), VIEWED),
    Method("oMessages.delete", "messages/delete", ({"id": of("oMessages.reports", "items", 0, "id")},), top(("success", "correct", "failed"))),
    Method("oMessages.recived", "messages/recived", ({"type": "nd"},), RECIVED),
    Method("oMessages.sendNd", "messages/send_nd", ({"phone": PHONE, "text": "Test"},), DONE),
    Method("oMessages.sendNdi", "messages/send_ndi", ({"phone": PHONE, "text": "Test", "ndi_number": "600111222"},), DONE),
    Method("oStats.index", "stats/index", ({"type": "eco"},), items("id", "name", "delivered", "pending", "undelivered", "unsent", "begin", "end", "text", "type")),
    Method("oGroups.add", "groups/add", ({"name": "test"},), WRITTEN),
    Method("oGroups.index", "groups/index", ({"search": "test"},), items("id", "name", "count")),
    Method("oGroups.view", "groups/view", ({"id": of("oGroups.index", "items", 0, "id")},), top(("id", "name", "count"))),
    Method("oGroups.edit", "groups/edit", ({"id": of("oGroups.index", "items", 0, "id"), "name": "nowa"},), WRITTEN),
    Method("oContacts.add", "contacts/add", ({"group_id": of("oGroups.index", "items", 0, "id"), "phone": THIRD},), WRITTEN),
    Method("oContacts.index", "contacts/index", ({"group_id": of("oGroups.index", "items", 0, "id")},), items(*CONTACT, "group_id", "group_name")),
    Method("oContacts.view", "contacts/view", ({"id": of("oContacts.index", "items", 0, "id")},), top(CONTACT)),
    Method("oContacts.edit", "contacts/edit", ({"id": of("oContacts.index", "items", 0, "id"), "phone": PHONE},), WRITTEN),
    Method("oGroups.check", "groups/check", (PHONE,), items("id", "group_id", "group_name")),
    Method("oContacts.delete", "contacts/delete", ({"id": of("oContacts.index", "items", 0, "id")},), DONE),
    Method("oContacts.import", "contacts/import", ({"group_name": "Import", "contact": [{"phone": PHONE, **PERSON}, {"phone": OTHER, **PERSON}]},), top(("success", "id", "correct", "failed"))),
    Method("oGroups.delete", "groups/delete", (of("oContacts.import", "id"),), DONE),
    Method("oBlacklist.index", "blacklist/index", ({},), items("phone", "added")),
    Method("oBlacklist.check", "blacklist/check", ({"phone": of("oBlacklist.index", "items", 0, "phone")},), top(("exists",))),
    Method("oBlacklist.delete", "blacklist/delete", ({"phone": of("oBlacklist.index", "items", 0, "phone")},), DONE),
    Method("oTemplates.add", "templates/add", ({"name": "Nazwa", "text": "Treść"},), WRITTEN),
    Method("oTemplates.index", "templates/index", ({},), items("id", "name", "text")),
    Method("oTemplates.edit", "templates/edit", ({"id": of("oTemplates.index", "items", 0, "id"), "name": "Nowa", "text": "Inna"},), WRITTEN),
    Method("oTemplates.delete", "templates/delete", (of("oTemplates.index", "items", 0, "id"),), DONE),
    Method("oPhones.test", "phones/test", (PHONE,), top(("correct",))),
    Method("oPhones.check", "phones/check", (PHONE, None), top(("phone", "status", "imsi", "network", "ported", "network_ported", "description"))),
    Method("oSubAccounts.add", "subaccounts/add", ({"subaccount_username": "login", "subaccount_password": "haslo", "subaccount_id": 123},), ERROR),
    Method("oSubAccounts.index", "subaccounts/index", (), items("id", "username")),
    Method("oSubAccounts.view", "subaccounts/view", (of("oSubAccounts.index", "items", 0, "id"),), top(("id", "username", "name", "phone", "email"))),
    Method("oSubAccounts.limit", "subaccounts/limit", ({"id": 123, "type": "eco", "value": 200},), DONE),
    Method("oSubAccounts.delete", "subaccounts/delete", (123,), DONE),
    Method("oPayments.index", "payments/index", (), items("id", "number", "state", "paid", "total", "payment_to", "url")),
    Method("oPayments.view", "payments/view", (of("oPayments.index", "items", 0, "id"),), top(("id", "number", "state", "paid", "total", "payment_to", "url"))),
    Method("oPayments.invoice", "payments/invoice", (of("oPayments.index", "items", 0, "id"),), FILE),
    Method("oPremium.index", "premium/index", (), items("id", "to_number", "from_number", "date", "limit", "text")),
    Method("oPremium.send", "premium/send", ({"phone": PHONE, "text": "ok", "gate": "71200", "id": 123456},), ERROR),
    Method("oPremium.quiz", "quiz/view", (123,), ERROR),
    Method("oError.view", "error/<code>", (1000,), {"raised": ()}),
)  # fmt: skip


def operation_of(action: str) -> str:
    """Return the operation that an action is."""
    return {"messages/received": "messages.recived", "error/<code>": "error.view"}.get(action, action.replace("/", "."))


IFBYPHONE = {
    "sms.send_message": "send",
    "sms.delete_message": "delete_message",
    "sms.get_message": "get_message",
    "sms.get_messages": "get_messages",
    "sms.register_number": "register_number",
    "sms.unregister_number": "unregister_number",
}
"""The operations of DialogTech's messages, and the methods of Ifbyphone-API-Module that request them."""


def _callers() -> Mapping[str, Sequence[str]]:
    called: dict[str, list[str]] = {}
    for client, methods in (
        ("serwersmsv2api 0.0.2", PYTHON_OLDEST),
        ("serwersmsv2api 2.0.0", PYTHON_NEWEST),
        ("serwersms.pl 1.0.8", NODE),
    ):
        for operation in {operation_of(each.action): None for each in methods}:
            called.setdefault(operation, []).append(client)
    called["messages.send_sms"].append("apprise")
    for operation in IFBYPHONE:
        called.setdefault(operation, []).append("Ifbyphone-API-Module 0.0.5")
    return called


CALLERS = _callers()
"""The clients on PyPI and npm that are tested here and request an operation, by the operation's name."""
