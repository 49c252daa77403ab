"""The switches of this provider. QUIRKS.md describes each of them; a test compares the two."""

from __future__ import annotations

from mockserver.sdk import Decider, DecidingRequest, Quirk

_RECIVED = ("messages.recived",)
_SENT = tuple(f"messages.send_{kind}" for kind in ("sms", "personalized", "voice"))
_ALL = (*_RECIVED, "messages.send_nd", "messages.send_ndi", "error.view", *_SENT)

# -- the requests that decide them ------------------------------------------------------------------------------------


def _ask(action: str, parameters: str = "", credentials: str = "username={user}&password={secret}") -> DecidingRequest:
    """Return a request for an action, with a form that has the username and password of the account."""
    return DecidingRequest("POST", f"/{action}.json", "&".join(filter(None, (credentials, parameters))))


_PHONE = "phone=500600700"
_LETTER = "text=%C5%82"
"""A Polish letter that GSM 03.38 does not have."""
_READ_ONE = _ask("messages/recived", "limit=1")
_SEND_TEST = _ask("messages/send_sms", f"{_PHONE}&text=Test&test=true&details=true")
_SEND_LETTER = _ask("messages/send_sms", f"{_PHONE}&{_LETTER}&test=true&details=true")
_SEND_UTF = _ask("messages/send_sms", f"{_PHONE}&{_LETTER}&sender=INFO&utf=true&test=true&details=true")
_SEND = _ask("messages/send_sms", "phone={number}&text=Test&details=true")
_SAVED = f"{_PHONE}&text=Test&date=2099-12-31%2012:00:00"
"""The parameters of a message that is to be sent at the end of 2099, so that there is time to delete it."""
_SAVE = _ask("messages/send_sms", f"{_SAVED}&details=true")
_SAVE_AS = _ask("messages/send_sms", f"{_SAVED}&unique_id=decides62")
_VIEW = _ask("messages/view", "id={0:items[0].id}")
_DEMO = "username=demo&password=demo"

# -- the switches -----------------------------------------------------------------------------------------------------

FIELD = Quirk(
    "SW-1",
    "serwersms.field",
    ("by-path", "recived", "received", "both"),
    operations=_RECIVED,
    decider=Decider(
        "Read an incoming message by messages/recived and by messages/received, and look at the name of its date.",
        (_READ_ONE, _ask("messages/received", "limit=1")),
    ),
)
ZONE = Quirk(
    "SW-11",
    "serwersms.zone",
    ("Europe/Warsaw", "UTC"),
    operations=(*_RECIVED, *_SENT),
    decider=Decider("Send a message as a test with details, and compare queued with the time.", (_SEND_TEST,)),
)
TWO_WAY = Quirk(
    "SW-14",
    "serwersms.type_2way",
    ("rejected", "eco", "empty"),
    operations=_RECIVED,
    decider=Decider(
        "Read the incoming messages of the type eco, of which there must be one, then those of the type 2way, and compare.",
        (_ask("messages/recived", "type=eco&limit=1"), _ask("messages/recived", "type=2way&limit=1")),
    ),
)
JSON = Quirk(
    "SW-27",
    "serwersms.json",
    ("raw", "ascii"),
    operations=_ALL,
    decider=Decider(
        "Send a text with a Polish letter in UCS-2 as a test with details, and look how the response writes the letter.",
        (_SEND_UTF,),
    ),
)
STATUS = Quirk(
    "SW-30",
    "serwersms.errors.status",
    ("200", "4xx"),
    decider=Decider(
        "Read the incoming messages of a type that does not exist, and look at the HTTP status of the error.",
        (_ask("messages/recived", "type=none-such"),),
    ),
)
LANGUAGE = Quirk(
    "SW-31",
    "serwersms.errors.language",
    ("en", "pl"),
    operations=("error.view", *_SENT),
    decider=Decider("Request error/1001, and look at the language of message.", (_ask("error/1001", "", ""),)),
)
GET = Quirk(
    "SW-32",
    "serwersms.get",
    ("accepted", "rejected"),
    decider=Decider(
        "Read incoming messages by GET, and look whether that is rejected.",
        (DecidingRequest("GET", "/messages/recived.json?username={user}&password={secret}&limit=1"),),
    ),
)
UNKNOWN_ACTION = Quirk(
    "SW-37",
    "serwersms.unknown_action",
    ("first", "after-credentials"),
    decider=Decider(
        "Request an action that does not exist without credentials, and look which error comes first.",
        (_ask("messages/fly", "", ""),),
    ),
)
MAGIC = Quirk(
    "SW-39",
    "serwersms.magic",
    ("on", "off"),
    decider=Decider(
        "Read the incoming messages of +48990000040, from which none ever came, and look whether that is an error.",
        (_ask("messages/recived", "phone=%2B48990000040"),),
    ),
)
ENCODING = Quirk(
    "SW-45",
    "serwersms.forwarding.encoding",
    ("percent", "form"),
    decider=Decider("Let a message with a space be forwarded, and look how the URL that the receiver gets writes it."),
)
PHONE = Quirk(
    "SW-46",
    "serwersms.forwarding.phone",
    ("digits", "plus", "nine"),
    decider=Decider(
        "Let a message from a Polish number be forwarded to a URL with #NUMER#, and look at the number that it gets."
    ),
)
MMS = Quirk(
    "SW-48",
    "serwersms.forwarding.mms",
    ("form", "json"),
    decider=Decider("Let an MMS be forwarded, and look at the Content-Type of the body that the receiver gets."),
)
ANSWER = Quirk(
    "SW-49",
    "serwersms.forwarding.answer",
    ("exact", "trimmed", "any-case"),
    decider=Decider(
        "Let two messages be forwarded with verification, answer one with OK and a line feed and the other with ok and a line feed,"
        " and look which of them is forwarded again after 5 minutes."
    ),
)
ANSWER_STATUS = Quirk(
    "SW-50",
    "serwersms.forwarding.status",
    ("any", "2xx"),
    decider=Decider(
        "Let a message be forwarded with verification, answer it with OK and the status 500,"
        " and look whether it is forwarded again after 5 minutes."
    ),
)
UNVERIFIED = Quirk(
    "SW-51",
    "serwersms.forwarding.unverified",
    ("repeated", "once"),
    decider=Decider(
        "Let a message be forwarded without verification, close the connection without an answer,"
        " and look whether it is forwarded again after 5 minutes."
    ),
)
REPEATS = Quirk(
    "SW-52",
    "serwersms.forwarding.repeats",
    ("offsets", "gaps"),
    decider=Decider(
        "Let a message be forwarded with verification, do not acknowledge it,"
        " and look whether the second repeat comes 10 or 15 minutes after the first attempt."
    ),
)
FORWARDED = Quirk(
    "SW-55",
    "serwersms.forwarding.forwarded",
    ("unread", "read"),
    operations=_RECIVED,
    decider=Decider(
        "Acknowledge a forwarded message, then read the incoming messages, and look whether it is among them."
    ),
)
LIST_LIMIT = Quirk(
    "SW-78",
    "serwersms.lists.limit",
    ("capped", "rejected"),
    operations=("blacklist.index", "contacts.index", "groups.index"),
    decider=Decider(
        "List the contacts with a limit of 1001, and look whether that is rejected.",
        (_ask("contacts/index", "limit=1001"),),
    ),
)
FILE_URL = Quirk(
    "SW-84",
    "serwersms.files.url",
    ("named", "fetched"),
    operations=("files.add",),
    decider=Decider(
        "Add a file for MMS by a URL whose name is that of a PDF, and look whether it is rejected by its name alone.",
        (_ask("files/add", "type=mms&url=https%3A%2F%2Fexample.com%2Ffile.pdf"),),
    ),
)
NO_GROUPS = Quirk(
    "SW-81",
    "serwersms.groups.none",
    ("list", "null"),
    operations=("groups.index",),
    decider=Decider(
        "List the groups of an account that has none, and look whether the response is null.", (_ask("groups/index"),)
    ),
)
CHECKS = Quirk(
    "SW-88",
    "serwersms.checks",
    ("pending", "done"),
    operations=("phones.check",),
    decider=Decider(
        "Check two numbers in one request, and look whether the answer has them.",
        (_ask("phones/check", "phone=500600700,600700800"),),
    ),
)

LETTERS = Quirk(
    "SW-61",
    "serwersms.letters",
    ("converted", "rejected", "ucs2"),
    operations=_SENT,
    decider=Decider(
        "Send a text with a Polish letter without utf as a test with details, and look what became of the letter.",
        (_SEND_LETTER,),
    ),
)
UNIQUE_ID = Quirk(
    "SW-62",
    "serwersms.unique_id",
    ("unique", "reusable"),
    decider=Decider(
        "Send two messages with one unique_id and a date in the future, look whether the second is rejected, and delete them.",
        (_SAVE_AS, _SAVE_AS),
    ),
)
DEMO = Quirk(
    "SW-65",
    "serwersms.demo",
    ("stored", "test"),
    decider=Decider(
        "Send a message as the demo user with a date in the future, and look whether it can be viewed.",
        (
            _ask("messages/send_sms", f"{_SAVED}&details=true", _DEMO),
            _ask("messages/view", "id={0:items[0].id}", _DEMO),
        ),
    ),
)

_REPORTS = ("messages.reports", "messages.view", "stats.index")
STATES = Quirk(
    "SW-68",
    "serwersms.states",
    ("delayed", "instant"),
    operations=_REPORTS,
    decider=Decider(
        "Send a message to a number of your own, and look at once whether it is in its last state.", (_SEND, _VIEW)
    ),
)
END = Quirk(
    "SW-69",
    "serwersms.states.end",
    ("delivered", "undelivered", "unsent", "never"),
    operations=_REPORTS,
    decider=Decider(
        "Send a message to a number of your own, and look at its state a while later.",
        (_SEND, _VIEW._replace(after=10)),
    ),
)
REPORTED = Quirk(
    "SW-70",
    "serwersms.dlr.states",
    ("last", "every"),
    decider=Decider("Send a message with dlr_url, and count the calls that its receiver gets of the one message."),
)
STATE_WORDS = Quirk(
    "SW-71",
    "serwersms.dlr.words",
    ("smpp", "api"),
    decider=Decider("Send a message with #STAN# in dlr_url, and look at the word that the receiver gets."),
)
PENDING = Quirk(
    "SW-73",
    "serwersms.pending",
    ("sent", "not-final"),
    operations=("messages.reports",),
    decider=Decider(
        "Send a message with a date in the future, look whether reports with the status pending list it, and delete it.",
        (_SAVE, _ask("messages/reports", "status=pending&id={0:items[0].id}")),
    ),
)

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
