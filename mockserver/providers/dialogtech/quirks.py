"""The switches of this provider. QUIRKS.md describes each of them; a test compares the two."""

from __future__ import annotations

from mockserver.sdk import Decider, DecidingRequest, Quirk

_SEND, _MESSAGES, _NUMBERS = ("sms.send_message",), ("sms.get_messages",), ("sms.get_numbers",)
_MESSAGE, _DELETE = ("sms.get_message",), ("sms.delete_message",)
_REGISTERED, _UNREGISTERED = ("sms.register_number",), ("sms.unregister_number",)
_GENERAL = ("general.login", "general.buildingblockids")

# -- the requests that decide them ------------------------------------------------------------------------------------


def _ask(action: str, parameters: str = "") -> DecidingRequest:
    """Return a request for an action with the access key of the account."""
    credentials = "access_key={user}&secret_access_key={secret}"
    return DecidingRequest("GET", f"/ibp_api.php?action={action}&{credentials}{parameters and f'&{parameters}'}")


_READ_ALL = _ask("sms.get_messages", "start_date=20000101&end_date=20991231")
_READ_NUMBERS = _ask("sms.get_numbers")
_TO_OWN_NUMBER = _ask("sms.send_message", "from={number}&to={inbound_number}&message=Test")
_TO_SENDER = _ask("sms.send_message", "from={number}&to={number}&message=Test")
_WITHOUT_TEXT = _ask("sms.send_message", "from={number}&to={inbound_number}")
_TO_MAGIC_NUMBER = _ask("sms.send_message", "from={number}&to=9995550100&message=Test")
_READ_FIRST = _ask("sms.get_message", "msg_id={0:.msg_id}")
_READ_UNKNOWN = _ask("sms.get_message", "msg_id=1")
_DELETE_UNKNOWN = _ask("sms.delete_message", "msg_id=1")
_DELETE_LAST = _ask("sms.delete_message", "msg_id={1:.outbound.message[-1].msg_id}")
_REGISTER = _ask("sms.register_number", "number={number}")
_REGISTER_URL = _ask("sms.register_number", "number={number}&url=http%3A%2F%2Fexample.net%2Fsms_listener.php")
_UNREGISTER = _ask("sms.unregister_number", "number={number}")

# -- the switches -----------------------------------------------------------------------------------------------------

GET_MESSAGES_DTD = Quirk(
    "DT-1",
    "dialogtech.get_messages.dtd",
    ("reconciled", "printed", "none"),
    operations=_MESSAGES + _MESSAGE,
    decider=Decider("Read the messages of some days, and look at the DTD of the response.", (_READ_ALL,)),
)
GET_MESSAGES_ENVELOPE = Quirk(
    "DT-3",
    "dialogtech.get_messages.envelope",
    ("sample", "dtd"),
    operations=_MESSAGES + _MESSAGE,
    decider=Decider("Read the messages of some days, and look whether messages stands in data.", (_READ_ALL,)),
)
ZONE = Quirk(
    "DT-12",
    "dialogtech.zone",
    ("UTC",),
    any_zone=True,
    operations=_MESSAGES + _MESSAGE,
    decider=Decider(
        "Send a message to a number of your own, read it, and compare its date with the time at which it was sent.",
        (_TO_OWN_NUMBER, _READ_ALL),
    ),
)
ERROR_TEXT = Quirk(
    "DT-17",
    "dialogtech.error_text",
    ("sentence", "capitals", "bracket"),
    decider=Decider(
        "Request an action that does not exist, and look at the description of the failure.", (_ask("sms.fly"),)
    ),
)
LIMITED_NUMBER = Quirk(
    "DT-23",
    "dialogtech.limits.number",
    ("from", "to"),
    operations=_SEND,
    decider=Decider(
        "Send from one number to two numbers of your own within a second, and look whether the second is rejected.",
        (_TO_OWN_NUMBER, _TO_SENDER),
    ),
)
LIMITED_SENDS = Quirk(
    "DT-23",
    "dialogtech.limits.count",
    ("accepted", "all"),
    operations=_SEND,
    decider=Decider(
        "Send without a text, which is rejected, then with one from the same number within the same second,"
        " and look whether that is rejected too.",
        (_WITHOUT_TEXT, _TO_OWN_NUMBER),
    ),
)
GET_NUMBERS_RESULT = Quirk(
    "DT-27",
    "dialogtech.get_numbers.result",
    ("printed", "success"),
    operations=_NUMBERS,
    decider=Decider("List the numbers, and look at result.", (_READ_NUMBERS,)),
)
GET_NUMBERS_DTD = Quirk(
    "DT-29",
    "dialogtech.get_numbers.dtd",
    ("printed", "reconciled", "none"),
    operations=_NUMBERS,
    decider=Decider("List the numbers, and look at the DTD of the response.", (_READ_NUMBERS,)),
)
SEND_MESSAGE_DTD = Quirk(
    "DT-33",
    "dialogtech.send_message.dtd",
    ("printed", "reconciled", "none"),
    operations=_SEND + _REGISTERED + _UNREGISTERED + _GENERAL,
    decider=Decider(
        "Send a message to a number of your own, and look whether the response has a DTD;"
        " printed and reconciled are the same there.",
        (_TO_OWN_NUMBER,),
    ),
)
MAGIC = Quirk(
    "DT-39",
    "dialogtech.magic",
    ("on", "off"),
    decider=Decider(
        "Send to 9995550100, a number that is nobody's, and look whether it is rejected.", (_TO_MAGIC_NUMBER,)
    ),
)
LISTENER_METHOD = Quirk(
    "DT-40",
    "dialogtech.listener.method",
    ("GET", "POST"),
    decider=Decider(
        "Send a message from a handset to a number with a url,"
        " and look at the method of the request that its listener gets."
    ),
)
REPORT_STATUS = Quirk(
    "DT-41",
    "dialogtech.report.status",
    ("delivered", "DELIVRD"),
    decider=Decider("Send from a number with a dlr_url, and look at status in the report that is sent there."),
)
LISTENER_ACKNOWLEDGES = Quirk(
    "DT-42",
    "dialogtech.listener.acknowledges",
    ("2xx", "any"),
    decider=Decider(
        "Let a number's listener answer 500, send a message from a handset to the number,"
        " and look whether the listener is called again."
    ),
)
LISTENER_ATTEMPTS = Quirk(
    "DT-43",
    "dialogtech.listener.attempts",
    ("one", "three"),
    decider=Decider(
        "Let a number's listener close connections without an answer, send a message from a handset to the"
        " number, and count the calls of the next minutes."
    ),
)
GET_MESSAGE_FORM = Quirk(
    "DT-47",
    "dialogtech.get_message.form",
    ("messages", "message"),
    operations=_MESSAGE,
    decider=Decider(
        "Read one of the messages that are listed by its id, and look at the elements around it.",
        (_READ_ALL, _READ_FIRST),
    ),
)
GET_MESSAGE_UNKNOWN = Quirk(
    "DT-47",
    "dialogtech.get_message.unknown",
    ("empty", "failed"),
    operations=_MESSAGE,
    decider=Decider("Read a message by an id that no message has, and look at result.", (_READ_UNKNOWN,)),
)
DELETE_MESSAGE_UNKNOWN = Quirk(
    "DT-48",
    "dialogtech.delete_message.unknown",
    ("failed", "zero"),
    operations=_DELETE,
    decider=Decider("Delete a message by an id that no message has, and look at result.", (_DELETE_UNKNOWN,)),
)
DELETE_MESSAGE_DTD = Quirk(
    "DT-49",
    "dialogtech.delete_message.dtd",
    ("printed", "reconciled", "none"),
    operations=_DELETE,
    decider=Decider(
        "Send a message to a number of your own, delete it by its id, which is the last one listed,"
        " and look at the DTD of that response.",
        (_TO_OWN_NUMBER, _READ_ALL, _DELETE_LAST),
    ),
)
REGISTER_NUMBER_DESCRIPTION = Quirk(
    "DT-50",
    "dialogtech.register_number.description",
    ("number", "count"),
    operations=_REGISTERED,
    decider=Decider(
        "Register a number that is enabled already and whose URLs may be lost, and look at the description.",
        (_REGISTER,),
    ),
)
REGISTER_NUMBER_ABSENT = Quirk(
    "DT-50",
    "dialogtech.register_number.absent",
    ("keep", "clear"),
    operations=_REGISTERED,
    decider=Decider(
        "Register a number with a url, register it again without,"
        " and look whether the list of numbers still shows the url.",
        (_REGISTER_URL, _REGISTER, _READ_NUMBERS),
    ),
)
UNREGISTER_NUMBER_DISABLED = Quirk(
    "DT-51",
    "dialogtech.unregister_number.disabled",
    ("failed", "success"),
    operations=_UNREGISTERED,
    decider=Decider(
        "Unregister a number that may be disabled, twice, and look at the second result.",
        (_UNREGISTER, _UNREGISTER),
    ),
)

QUIRKS = (
    GET_MESSAGES_DTD,
    GET_MESSAGES_ENVELOPE,
    ZONE,
    ERROR_TEXT,
    LIMITED_NUMBER,
    LIMITED_SENDS,
    GET_NUMBERS_RESULT,
    GET_NUMBERS_DTD,
    SEND_MESSAGE_DTD,
    MAGIC,
    LISTENER_METHOD,
    REPORT_STATUS,
    LISTENER_ACKNOWLEDGES,
    LISTENER_ATTEMPTS,
    GET_MESSAGE_FORM,
    GET_MESSAGE_UNKNOWN,
    DELETE_MESSAGE_UNKNOWN,
    DELETE_MESSAGE_DTD,
    REGISTER_NUMBER_DESCRIPTION,
    REGISTER_NUMBER_ABSENT,
    UNREGISTER_NUMBER_DISABLED,
)
