"""The places of SerwerSMS's responses whose values it makes up: identifiers, instants, and texts that are its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mockserver.sdk import GeneratedField

_Places = Mapping[str, Sequence[str]]
"""Place in a response of JSON -> the operations whose responses have it."""

_SENDS = tuple(f"messages.send_{kind}" for kind in ("sms", "personalized", "voice", "mms", "rcs"))

_IDENTIFIERS: Mapping[str, _Places] = {
    "inbound message": {"items[].id": ("messages.recived", "premium.index")},
    "outbound message": {
        "id": ("messages.view",),
        "items[].id": ("messages.reports", *_SENDS),
        "items[].message_id": ("messages.recived",),
    },
    "attachment": {"items[].attachments[].id": ("messages.recived",)},
    "file": {
        "id": ("files.add", "files.view"),
        "items[].id": ("files.index",),
        "items[].attachments[].id": ("messages.reports",),
        "attachments[].id": ("messages.view",),
    },
    "contact": {
        "id": ("contacts.add", "contacts.edit", "contacts.view"),
        "items[].id": ("contacts.index", "groups.check"),
        "items[].contact.id": ("messages.reports",),
        "contact.id": ("messages.view",),
    },
    "group": {
        "id": ("groups.add", "groups.edit", "groups.view", "contacts.import"),
        "items[].id": ("groups.index",),
        "items[].group_id": ("contacts.index", "groups.check"),
    },
    "number on the blacklist": {"id": ("blacklist.add",)},
    "template": {"id": ("templates.add", "templates.edit", "templates.view"), "items[].id": ("templates.index",)},
    "subaccount": {
        "id": ("subaccounts.add", "subaccounts.limit", "subaccounts.view"),
        "items[].id": ("subaccounts.index",),
    },
    "payment": {"id": ("payments.view",), "items[].id": ("payments.index",)},
    "quiz": {"id": ("quiz.view",)},
    "send": {"items[].id": ("stats.index",)},
    "check": {"id": ("phones.check",)},
    "lookup": {"id": ("phones.lookup",)},
}
"""What is identified -> where its identifiers stand."""
_INSTANTS: _Places = {
    "items[].recived": ("messages.recived",),
    "items[].received": ("messages.recived",),
    "items[].queued": ("messages.reports", *_SENDS),
    "items[].sent": ("messages.reports",),
    "items[].delivered": ("messages.reports",),
    "queued": ("messages.view",),
    "sent": ("messages.view",),
    "delivered": ("messages.view",),
    "items[].begin": ("stats.index",),
    "items[].end": ("stats.index",),
    "items[].added": ("blacklist.index",),
    "items[].date": ("files.index", "premium.index"),
    "date": ("files.view",),
}
_TEXTS: _Places = {
    "items[].name": ("stats.index",),
    **dict.fromkeys(("telephone", "email", "form", "faq", "info"), ("account.help",)),
    "$text": ("payments.invoice",),
}


def _in_xml(place: str) -> str:
    """Return a place of a JSON response as it is in XML, where a list has an element for each item (SW-3)."""
    if place.startswith("$"):
        return place
    return "response." + place.replace("items[]", "items.item[]").replace("attachments[]", "attachments.attachment[]")


def _fields() -> Iterator[GeneratedField]:
    for thing, places in _IDENTIFIERS.items():
        for place, operations in places.items():
            for path in (place, _in_xml(place)):
                yield GeneratedField(path, "identifier", operations, thing)
    for place, operations in _INSTANTS.items():
        for path in (place, _in_xml(place)):
            yield GeneratedField(path, "instant", operations)
    for place, operations in _TEXTS.items():
        for path in dict.fromkeys((place, _in_xml(place))):
            yield GeneratedField(path, "text", operations)


GENERATED_FIELDS = tuple(_fields())
