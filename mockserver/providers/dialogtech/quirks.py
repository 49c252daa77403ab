"""The switches of this provider. QUIRKS.md describes each of them; a test compares the two."""

from __future__ import annotations

from mockserver.sdk import Quirk

_SEND, _MESSAGES, _NUMBERS = ("sms.send_message",), ("sms.get_messages",), ("sms.get_numbers",)
_MESSAGE, _DELETE = ("sms.get_message",), ("sms.delete_message",)
_REGISTER, _UNREGISTER = ("sms.register_number",), ("sms.unregister_number",)
_GENERAL = ("general.login", "general.buildingblockids")

GET_MESSAGES_DTD = Quirk(
    "DT-1", "dialogtech.get_messages.dtd", ("reconciled", "printed", "none"), operations=_MESSAGES + _MESSAGE
)
GET_MESSAGES_ENVELOPE = Quirk(
    "DT-3", "dialogtech.get_messages.envelope", ("sample", "dtd"), operations=_MESSAGES + _MESSAGE
)
ZONE = Quirk("DT-12", "dialogtech.zone", ("UTC",), any_zone=True, operations=_MESSAGES + _MESSAGE)
ERROR_TEXT = Quirk("DT-17", "dialogtech.error_text", ("sentence", "capitals", "bracket"))
LIMITED_NUMBER = Quirk("DT-23", "dialogtech.limits.number", ("from", "to"), operations=_SEND)
LIMITED_SENDS = Quirk("DT-23", "dialogtech.limits.count", ("accepted", "all"), operations=_SEND)
GET_NUMBERS_RESULT = Quirk("DT-27", "dialogtech.get_numbers.result", ("printed", "success"), operations=_NUMBERS)
GET_NUMBERS_DTD = Quirk("DT-29", "dialogtech.get_numbers.dtd", ("printed", "reconciled", "none"), operations=_NUMBERS)
SEND_MESSAGE_DTD = Quirk(
    "DT-33",
    "dialogtech.send_message.dtd",
    ("printed", "reconciled", "none"),
    operations=_SEND + _REGISTER + _UNREGISTER + _GENERAL,
)
MAGIC = Quirk("DT-39", "dialogtech.magic", ("on", "off"))
LISTENER_METHOD = Quirk("DT-40", "dialogtech.listener.method", ("GET", "POST"))
REPORT_STATUS = Quirk("DT-41", "dialogtech.report.status", ("delivered", "DELIVRD"))
LISTENER_ACKNOWLEDGES = Quirk("DT-42", "dialogtech.listener.acknowledges", ("2xx", "any"))
LISTENER_ATTEMPTS = Quirk("DT-43", "dialogtech.listener.attempts", ("one", "three"))
GET_MESSAGE_FORM = Quirk("DT-47", "dialogtech.get_message.form", ("messages", "message"), operations=_MESSAGE)
GET_MESSAGE_UNKNOWN = Quirk("DT-47", "dialogtech.get_message.unknown", ("empty", "failed"), operations=_MESSAGE)
DELETE_MESSAGE_UNKNOWN = Quirk("DT-48", "dialogtech.delete_message.unknown", ("failed", "zero"), operations=_DELETE)
DELETE_MESSAGE_DTD = Quirk(
    "DT-49", "dialogtech.delete_message.dtd", ("printed", "reconciled", "none"), operations=_DELETE
)
REGISTER_NUMBER_DESCRIPTION = Quirk(
    "DT-50", "dialogtech.register_number.description", ("number", "count"), operations=_REGISTER
)
REGISTER_NUMBER_ABSENT = Quirk("DT-50", "dialogtech.register_number.absent", ("keep", "clear"), operations=_REGISTER)
UNREGISTER_NUMBER_DISABLED = Quirk(
    "DT-51", "dialogtech.unregister_number.disabled", ("failed", "success"), operations=_UNREGISTER
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
