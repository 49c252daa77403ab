"""The switches of this provider. QUIRKS.md describes each of them; a test compares the two."""

from __future__ import annotations

from mockserver.sdk import Quirk

_RECIVED = ("messages.recived",)
_SENT = tuple(f"messages.send_{kind}" for kind in ("sms", "personalized", "voice"))
_ALL = (*_RECIVED, "messages.send_nd", "messages.send_ndi", "error.view", *_SENT)

FIELD = Quirk("SW-1", "serwersms.field", ("by-path", "recived", "received", "both"), operations=_RECIVED)
ZONE = Quirk("SW-11", "serwersms.zone", ("Europe/Warsaw", "UTC"), operations=(*_RECIVED, *_SENT))
TWO_WAY = Quirk("SW-14", "serwersms.type_2way", ("rejected", "eco", "empty"), operations=_RECIVED)
JSON = Quirk("SW-27", "serwersms.json", ("raw", "ascii"), operations=_ALL)
STATUS = Quirk("SW-30", "serwersms.errors.status", ("200", "4xx"))
LANGUAGE = Quirk("SW-31", "serwersms.errors.language", ("en", "pl"), operations=("error.view", *_SENT))
GET = Quirk("SW-32", "serwersms.get", ("accepted", "rejected"))
UNKNOWN_ACTION = Quirk("SW-37", "serwersms.unknown_action", ("first", "after-credentials"))
MAGIC = Quirk("SW-39", "serwersms.magic", ("on", "off"))
ENCODING = Quirk("SW-45", "serwersms.forwarding.encoding", ("percent", "form"))
PHONE = Quirk("SW-46", "serwersms.forwarding.phone", ("digits", "plus", "nine"))
MMS = Quirk("SW-48", "serwersms.forwarding.mms", ("form", "json"))
ANSWER = Quirk("SW-49", "serwersms.forwarding.answer", ("exact", "trimmed", "any-case"))
ANSWER_STATUS = Quirk("SW-50", "serwersms.forwarding.status", ("any", "2xx"))
UNVERIFIED = Quirk("SW-51", "serwersms.forwarding.unverified", ("repeated", "once"))
REPEATS = Quirk("SW-52", "serwersms.forwarding.repeats", ("offsets", "gaps"))
FORWARDED = Quirk("SW-55", "serwersms.forwarding.forwarded", ("unread", "read"), operations=_RECIVED)
LIST_LIMIT = Quirk(
    "SW-78",
    "serwersms.lists.limit",
    ("capped", "rejected"),
    operations=("blacklist.index", "contacts.index", "groups.index"),
)
FILE_URL = Quirk("SW-84", "serwersms.files.url", ("named", "fetched"), operations=("files.add",))
NO_GROUPS = Quirk("SW-81", "serwersms.groups.none", ("list", "null"), operations=("groups.index",))
CHECKS = Quirk("SW-88", "serwersms.checks", ("pending", "done"), operations=("phones.check",))

LETTERS = Quirk("SW-61", "serwersms.letters", ("converted", "rejected", "ucs2"), operations=_SENT)
UNIQUE_ID = Quirk("SW-62", "serwersms.unique_id", ("unique", "reusable"))
DEMO = Quirk("SW-65", "serwersms.demo", ("stored", "test"))

_REPORTS = ("messages.reports", "messages.view", "stats.index")
STATES = Quirk("SW-68", "serwersms.states", ("delayed", "instant"), operations=_REPORTS)
END = Quirk("SW-69", "serwersms.states.end", ("delivered", "undelivered", "unsent", "never"), operations=_REPORTS)
REPORTED = Quirk("SW-70", "serwersms.dlr.states", ("last", "every"))
STATE_WORDS = Quirk("SW-71", "serwersms.dlr.words", ("smpp", "api"))
PENDING = Quirk("SW-73", "serwersms.pending", ("sent", "not-final"), operations=("messages.reports",))

QUIRKS = (
    FIELD,
    ZONE,
    TWO_WAY,
    JSON,
    STATUS,
    LANGUAGE,
    GET,
    UNKNOWN_ACTION,
    MAGIC,
    ENCODING,
    PHONE,
    MMS,
    ANSWER,
    ANSWER_STATUS,
    UNVERIFIED,
    REPEATS,
    FORWARDED,
    LETTERS,
    UNIQUE_ID,
    DEMO,
    LIST_LIMIT,
    NO_GROUPS,
    FILE_URL,
    STATES,
    END,
    REPORTED,
    STATE_WORDS,
    PENDING,
    CHECKS,
)
