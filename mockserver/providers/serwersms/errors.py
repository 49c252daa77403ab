"""Every error of SerwerSMS, and the vendor's table of codes behind ``error/<code>``.

SW-30: 004 shows no error. Envelope, codes, types and texts are those of the vendor's page on errors, which 004 belongs
to; which of them answers what, and with which HTTP status in the variant ``4xx``, is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from mockserver.sdk import ProviderError, assumed, documented


class Known(NamedTuple):
    """A row of the vendor's table."""

    type: str
    en: str
    pl: str = ""
    """Where the Polish is known."""


# SW-31: the English page has 1006 in Polish and 1006's sentence at 1007; here each stands at its own number.
CODES: Mapping[int, Known] = {
    1000: Known("InvalidAction", "Not specified action to execute", "Nie określono akcji do wykonania"),
    1001: Known("InvalidUser", "Incorrect login or password", "Nieprawidłowy login lub hasło"),
    1002: Known(
        "InvalidRole",
        "The user does not have permission to use the API",
        "Użytkownik nie ma uprawnień do korzystania z API",
    ),
    1003: Known("InvalidIP", "Unauthorized IP address", "Nieautoryzowany adres IP"),
    1004: Known("InvalidID", "Invalid parameter ID", "Nieprawidłowy parametr ID"),
    1005: Known("InvalidRole", "No permission", "Brak uprawnień"),
    1006: Known("InvalidData", "Invalid data format", "Niepoprawny format danych"),
    1007: Known("InvalidRole", "Account is not fully active", "Konto nie jest w pełni aktywne"),
    1008: Known(
        "InvalidRole",
        "The user does not have permission to view the numbers",
        "Użytkownik nie ma uprawnień do podglądu numerów",
    ),
    1009: Known("InvalidIP", "Blocked IP address"),
    1010: Known("SystemError", "System temporarily unavailable"),
    1011: Known("InvalidToken", "API token has expired"),
    1012: Known("InvalidToken", "Invalid API token"),
    2000: Known("ValidationRequiredError", "Missing required parameters", "Brak wymaganych parametrów"),
    2001: Known("ValidationPhoneError", "Invalid phone number", "Nieprawidłowy numer telefonu"),
    2002: Known("ValidationCodeError", "Invalid error code", "Nieprawidłowy kod błędu"),
    3000: Known(
        "SendError",
        "Exhausted the limit of available SMS ECO+",
        "Wyczerpano limit dostępnych wiadomości SMS ECO+",
    ),
    3001: Known(
        "SendError",
        "No permission to send messages SMS ECO+",
        "Brak uprawnień do wysyłania wiadomości SMS ECO+",
    ),
    3002: Known("SendError", "Exhausted the limit of available SMS FULL"),
    3003: Known("SendError", "No permission to send messages SMS FULL"),
    3004: Known("SendError", "Exhausted the limit of available MMS"),
    3005: Known("SendError", "No permission to send messages MMS"),
    3006: Known("SendError", "Exhausted the limit of available messages VOICE"),
    3007: Known("SendError", "No permission to send messages VOICE"),
    3008: Known("SendError", "No permission to send Flash SMS"),
    3009: Known("SendError", "No permission to send messages SMS"),
    3100: Known("SendError", "Sending SMS is blocked"),
    3101: Known("SendError", "Message is empty"),
    3102: Known("SendError", "Message exceeded the allowed number of characters"),
    3103: Known("SendError", "Wrong number of recipients"),
    3104: Known("SendError", "Not specified phone numbers"),
    3105: Known("SendError", "Invalid message"),
    3106: Known("SendError", "You can not use the name of the sender"),
    3107: Known("SendError", "No permission to send personalized messages"),
    3108: Known("SendError", "Invalid time shipping"),
    3109: Known("SendError", "Invalid file"),
    3110: Known("SendError", "Too many messages to send (max 100 000 SMS per request)"),
    3111: Known("SendError", "Error uniqueness"),
    3200: Known("SendError", "Invalid characters in uniqe_id"),
    3201: Known("SendError", "Uploaded unique_id are not unique"),
    3202: Known("SendError", "Incompatible number of personalized and uniqe_id"),
    3330: Known("MessageError", "No messages"),
    3331: Known("MessageError", "Too many records to display"),
    4000: Known("FileError", "File is too large"),
    4001: Known("FileError", "File does not exist"),
    4002: Known("FileInvalid", "Invalid file"),
    4100: Known("PhoneError", "Connection error"),
    4101: Known("PhoneError", "Invalid number"),
    4102: Known("PhoneError", "No permission to HLR"),
    4103: Known("PhoneError", "HLR limit exhausted"),
    4104: Known("PhoneError", "Account lockout"),
    4105: Known("PhoneError", "Waiting for reply"),
    4106: Known("PhoneError", "Invalid ID"),
    4200: Known("PremiumError", "Error shipping"),
    4201: Known("PremiumError", "Incorrect data"),
    4300: Known("AccountError", "No login"),
    4301: Known("AccountError", "No password"),
    4302: Known("AccountError", "No phone number"),
    4303: Known("AccountError", "No email"),
    4304: Known("AccountError", "No name"),
    4305: Known("AccountError", "No surname"),
    4306: Known("AccountError", "No company name"),
    4307: Known("AccountError", "Wrong number"),
    4308: Known("AccountError", "Incorrect e-mail"),
    4309: Known("AccountError", "Too short login"),
    4310: Known("AccountError", "Incorrect login"),
    4311: Known("AccountError", "Incorrect company"),
    4312: Known("AccountError", "Login exists"),
    4313: Known("AccountError", "Registration error"),
    4320: Known("AccountError", "Current password not provided"),
    4321: Known("AccountError", "Current password is invalid"),
    4322: Known("AccountError", "New password not provided"),
    4323: Known("AccountError", "New passwords do not match"),
    4324: Known("AccountError", "Login not provided"),
    4325: Known("AccountError", "Invalid login"),
    4400: Known("SenderExists", "Sender name already exists"),
    4401: Known("SenderError", "Can not add the number as the sender's name"),
    4402: Known("SenderInvalid", "Incorrect sender's name"),
    4403: Known("SenderError", "Incorrect number"),
    4404: Known("SenderError", "Incorrect code or number"),
    4405: Known("SenderError", "The number was already active"),
    4406: Known("SenderError", "Demo account cannot create new sender names"),
    4407: Known("SenderError", "Free test package allows creating only one custom sender name"),
    4500: Known("SubaccountError", "No permission to department users"),
    4501: Known("SubaccountError", "Subaccount can not create subaccounts"),
    4502: Known("SubaccountError", "Login busy"),
    4503: Known("SubaccountError", "No template permissions"),
    4504: Known("SubaccountError", "Incorrect login or password"),
    4600: Known("BlacklistError", "No operation to complete"),
    4601: Known("BlacklistPhoneExists", "Number is already on the list"),
    4602: Known("BlacklistError", "Not found the specified number"),
}


def error_message(code: int, language: str) -> str:
    """Return the sentence of a code: the Polish one where the language is ``pl`` and it is known (SW-31)."""
    known = CODES[code]
    return known.pl if language == "pl" and known.pl else known.en


class SerwersmsError(ProviderError):
    """The errors of this provider. What was wrong in this case is in ``facts``: the vendor's sentences do not say."""

    code: ClassVar[int]
    status_4xx: ClassVar[int] = 400
    """The HTTP status in the variant ``4xx``; ``status``, unless it is 200, in every variant."""


class InvalidAction(SerwersmsError):
    """No action, or one that the vendor does not have."""

    code, status_4xx = 1000, 404
    description = CODES[1000].en
    about = ("path",)
    hint = "Ask for an action that the vendor has, such as messages/send_sms or messages/recived."
    source = documented("004", "call the specified URL using POST", "SW-33")


class WrongMethod(SerwersmsError):
    """Neither GET nor POST; or GET, where it is read as rejected."""

    code, status = 1000, 405
    description = CODES[1000].en
    about = ("method",)
    hint = "Use POST, with the parameters in the body."
    source = documented("004", "call the specified URL using POST", "SW-32")


class BadRequest(SerwersmsError):
    """The bytes are no HTTP request, or name an impossible host."""

    code, status = 1006, 400
    description = CODES[1006].en
    hint = "Send a well-formed HTTP request to a host that can exist."
    source = assumed("SW-30")


class BodyTooLarge(SerwersmsError):
    """The body is longer than the server reads."""

    code, status = 1006, 413
    description = CODES[1006].en
    hint = "Send a smaller body, or let the server read larger ones (MOCKSERVER_BODY_BYTES)."
    source = assumed("SW-30")


class BodyUnreadable(SerwersmsError):
    """The body is not what its Content-Type says, or no object of parameters."""

    code = 1006
    description = CODES[1006].en
    about = ("Content-Type",)
    hint = "Send a JSON object as application/json, or a form without a Content-Type of another kind."
    source = assumed("SW-35")


class TooManyParameters(SerwersmsError):
    """The query string or the body has more fields, values or levels than are read."""

    code = 1006
    description = CODES[1006].en
    hint = "Send the parameters that the API documents, each once: {reason} are not read."
    source = assumed("SW-57")


class InvalidUser(SerwersmsError):
    """No account has this pair, or there is no credential at all."""

    code, status_4xx = 1001, 401
    description = CODES[1001].en
    about = ("username", "password")
    hint = "Send the username and password of an account in the world that is meant, in the body of a POST: Login and Haslo in the shipped one."
    source = documented("004", "Username to the account", "SW-4")


class InvalidToken(SerwersmsError):
    """No account has this token."""

    code, status_4xx = 1012, 401
    description = CODES[1012].en
    about = ("Authorization",)
    hint = (
        "Send a token of an account in the world that is meant, or no Authorization and a username with its password."
    )
    source = assumed("SW-4")


class NotASingleText(SerwersmsError):
    """A list, an object or a fraction where one value stands; or bytes that are not UTF-8."""

    cites_parameter = True
    code = 1006
    description = CODES[1006].en
    hint = "Send {name} as one text in UTF-8."
    source = documented("004", "type | String | eco|nd|ndi|pre|mms", "SW-36")


class NotADateTime(SerwersmsError):
    """No date and time of the calendar, or in another format."""

    code = 1006
    description = CODES[1006].en
    hint = "Send {name} as YYYY-MM-DD HH:MM:SS, or as YYYY-MM-DD for the whole day."
    source = documented("004", "ISO eg. „2014-10-24 17:46:00”", "SW-9")


class UnknownType(SerwersmsError):
    """None of the five."""

    code = 1006
    description = CODES[1006].en
    hint = "Send eco, nd, ndi, pre or mms as {name}, or leave it out for all."
    source = documented("004", "eco|nd|ndi|pre|mms", "SW-14")


class NotABoolean(SerwersmsError):
    """Neither true nor false nor none."""

    code = 1006
    description = CODES[1006].en
    hint = "Send true, false or none as {name}."
    source = documented("004", "true, false or none", "SW-13")


class NotAPage(SerwersmsError):
    """A page or limit that is no whole number of at most nine digits, or a limit of 0."""

    code = 1006
    description = CODES[1006].en
    hint = "Send {name} as a whole number from 1."
    source = assumed("SW-17")


class UnknownOrder(SerwersmsError):
    """Neither asc nor desc."""

    code = 1006
    description = CODES[1006].en
    hint = "Send asc or desc as {name}, or leave it out."
    source = assumed("SW-16")


class NotAPhone(SerwersmsError):
    """Not a telephone number."""

    cites_parameter = True
    code = 2001
    description = CODES[2001].en
    hint = "Send {name} in the form +48500600700, with its plus as %2B in a form."
    source = documented("004", "The number or telephone numbers provided in the table", "SW-7")

    @property
    def advice(self) -> str:
        """The hint; of a plus that is still encoded, which the hint would have sent, that it is to be encoded once, or not at all in JSON."""
        if "%2b" in str(self.facts.get("value", "")).lower():
            name = self.facts.get("name", "phone")
            return (
                f"Send {name} as +48500600700 in JSON, and encode its plus once in a form: %2B is left when it is read."
            )
        return super().advice


class UnknownCode(SerwersmsError):
    """The vendor's table has no such code."""

    code, status_4xx = 2002, 404
    description = CODES[2002].en
    about = ("code",)
    hint = "Ask for a code of the vendor's table, such as error/1000."
    source = assumed("SW-34")


class ServerFault(SerwersmsError):
    """The mock server itself failed."""

    code, status = 1010, 500
    description = CODES[1010].en
    hint = "Read the server's log and report what it says: the client is not to blame."
    source = assumed("SW-30")


class MissingParameter(SerwersmsError):
    """A parameter that is required is absent or blank."""

    cites_parameter = True
    code = 2000
    description = CODES[2000].en
    hint = "Send {name}, and do not leave it blank."
    source = assumed("SW-56")


class SystemUnavailable(SerwersmsError):
    """The vendor's system is down; for a magic number, so far."""

    code, status_4xx = 1010, 503
    description = CODES[1010].en
    about = ("phone",)
    hint = "Filter by another phone; a magic one is like any other where the variant serwersms.magic is off."
    source = assumed("SW-39")


class NoMessages(SerwersmsError):
    """The vendor's error in place of an empty list; for a magic number, so far."""

    code, status_4xx = 3330, 404
    description = CODES[3330].en
    about = ("phone",)
    hint = "Filter by another phone; a magic one is like any other where the variant serwersms.magic is off."
    source = assumed("SW-39")


# -- sending -------------------------------------------------------------------------------------------------------


class EcoLimitUsedUp(SerwersmsError):
    """Fewer ECO+ messages are left than the send needs."""

    code = 3000
    description = CODES[3000].en
    about = ("phone",)
    hint = "Raise the account's limit of eco: {needed} are needed, and {left} are left."
    source = assumed("SW-67")


class EcoNotPermitted(SerwersmsError):
    """The account may not send ECO+ messages."""

    code, status_4xx = 3001, 403
    description = CODES[3001].en
    about = ("sender",)
    hint = "Send with a sender, or give the account a limit of eco that is not not_available."
    source = assumed("SW-67")


class FullLimitUsedUp(SerwersmsError):
    """Fewer FULL messages are left than the send needs."""

    code = 3002
    description = CODES[3002].en
    about = ("phone",)
    hint = "Raise the account's limit of full: {needed} are needed, and {left} are left."
    source = assumed("SW-67")


class FullNotPermitted(SerwersmsError):
    """The account may not send FULL messages, or no RCS messages."""

    code, status_4xx = 3003, 403
    description = CODES[3003].en
    about = ("sender",)
    hint = (
        "Send without a sender, or give the account a limit of full that is not not_available, and do not deny it rcs."
    )
    source = assumed("SW-67")


class MmsLimitUsedUp(SerwersmsError):
    """Fewer MMS are left than the send needs."""

    code = 3004
    description = CODES[3004].en
    about = ("phone",)
    hint = "Raise the account's limit of mms: {needed} are needed, and {left} are left."
    source = assumed("SW-67")


class MmsNotPermitted(SerwersmsError):
    """The account may not send MMS."""

    code, status_4xx = 3005, 403
    description = CODES[3005].en
    hint = "Give the account a limit of mms that is not not_available."
    source = assumed("SW-67")


class VoiceLimitUsedUp(SerwersmsError):
    """Fewer voice messages are left than the send needs."""

    code = 3006
    description = CODES[3006].en
    about = ("phone",)
    hint = "Raise the account's limit of voice: {needed} are needed, and {left} are left."
    source = assumed("SW-67")


class VoiceNotPermitted(SerwersmsError):
    """The account may not send voice messages."""

    code, status_4xx = 3007, 403
    description = CODES[3007].en
    hint = "Give the account a limit of voice that is not not_available."
    source = assumed("SW-67")


class FlashNotPermitted(SerwersmsError):
    """The account may not send flash messages."""

    code, status_4xx = 3008, 403
    description = CODES[3008].en
    about = ("flash",)
    hint = "Send without flash, or do not deny the account flash."
    source = assumed("SW-67")


class SmsNotPermitted(SerwersmsError):
    """The account may not send SMS; or none to other countries, where that is the recipient's."""

    code, status_4xx = 3009, 403
    description = CODES[3009].en
    hint = "Do not deny the account sms; for numbers of other countries than Poland, do not deny it foreign."
    source = assumed("SW-67")


class SendingBlocked(SerwersmsError):
    """Nothing is sent: the account is blocked, or the recipient's number is on the account's blacklist."""

    code, status_4xx = 3100, 403
    description = CODES[3100].en
    hint = "Unblock the account, or take the number off its blacklist."
    source = assumed("SW-63")


class EmptyText(SerwersmsError):
    """There is no text, or nothing but spaces."""

    code = 3101
    description = CODES[3101].en
    about = ("text",)
    hint = "Send a text that is not blank."
    source = assumed("SW-59")


class TextTooLong(SerwersmsError):
    """A text, or the title of an MMS, is longer than the account's chars_limit."""

    code = 3102
    description = CODES[3102].en
    about = ("text",)
    hint = "Send a shorter text: 918 characters in 6 parts, 402 with utf, 160 of a voice message, 40 of the title of an MMS."
    source = assumed("SW-61")


class InvalidRecipient(SerwersmsError):
    """A recipient is no telephone number."""

    code = 3103
    description = CODES[3103].en
    about = ("phone",)
    hint = "Send each number in the form +48500600700."
    source = assumed("SW-63")


class NoRecipients(SerwersmsError):
    """There is no number, and none in the groups or contacts."""

    code = 3104
    description = CODES[3104].en
    about = ("phone",)
    hint = "Send a phone, or a group_id or contact_id with numbers."
    source = assumed("SW-59")


class InvalidMessage(SerwersmsError):
    """The message is not what it is to be: control characters, no vCard, no URL, or no RCS message."""

    code = 3105
    description = CODES[3105].en
    about = ("text",)
    hint = "Send a message that can be sent: {reason}."
    source = assumed("SW-66")


class SenderNotUsable(SerwersmsError):
    """The sender's name is not one of the account's, is not authorized, or is malformed."""

    code = 3106
    description = CODES[3106].en
    about = ("sender",)
    hint = "Add {value} with senders/add and let it be authorized, or send a ready-made name such as INFORMACJA, or none for ECO+."
    source = assumed("SW-60")


class PersonalizedNotPermitted(SerwersmsError):
    """The account may not send personalized messages."""

    code, status_4xx = 3107, 403
    description = CODES[3107].en
    hint = "Do not deny the account personalized."
    source = assumed("SW-67")


class InvalidSendingTime(SerwersmsError):
    """The date is none, or is in the past."""

    code = 3108
    description = CODES[3108].en
    about = ("date",)
    hint = "Send {name} as YYYY-MM-DD HH:MM:SS, not in the past of the world's clock."
    source = assumed("SW-64")


class InvalidSendingFile(SerwersmsError):
    """There is no such file, or it is of another type, or it is no base64."""

    code = 3109
    description = CODES[3109].en
    hint = "Send the id that files/add answered for this type, or a file in base64."
    source = assumed("SW-66")


class TooManyMessages(SerwersmsError):
    """More recipients than one request may have."""

    code = 3110
    description = CODES[3110].en
    about = ("phone",)
    hint = "Send to at most {most} recipients at once, not to {count}."
    source = assumed("SW-63")


class UniqueIdUsed(SerwersmsError):
    """A unique_id was used before, in an account with duplicate control."""

    code = 3111
    description = CODES[3111].en
    about = ("unique_id",)
    hint = "Send another unique_id than {value}."
    source = assumed("SW-62")


class UniqueIdMalformed(SerwersmsError):
    """A unique_id has other characters than letters and digits, or is too short or too long."""

    code = 3200
    description = CODES[3200].en
    about = ("unique_id",)
    hint = "Send 3 to 50 letters and digits as a unique_id, not {value}."
    source = assumed("SW-62")


class UniqueIdsNotUnique(SerwersmsError):
    """A unique_id is repeated, or is that of another message of the account."""

    code = 3201
    description = CODES[3201].en
    about = ("unique_id",)
    hint = "Send another unique_id than {value}."
    source = assumed("SW-62")


class WrongUniqueIdCount(SerwersmsError):
    """There are not as many unique_ids as recipients."""

    code = 3202
    description = CODES[3202].en
    about = ("unique_id",)
    hint = "Send one unique_id for each of the {count} recipients."
    source = assumed("SW-62")


class NotPairs(SerwersmsError):
    """No list of pairs of a number and a text."""

    code = 1006
    description = CODES[1006].en
    about = ("messages",)
    hint = "Send messages as a list of objects with phone and text, or as phone:text]|[phone:text."
    source = assumed("SW-63")


class NotAUrl(SerwersmsError):
    """No URL of http or https."""

    code = 1006
    description = CODES[1006].en
    hint = "Send {name} as a URL that begins with http:// or https://."
    source = assumed("SW-58")


# -- entries of an account -------------------------------------------------------------------------------------------


class InvalidId(SerwersmsError):
    """The account has nothing with this id, or it is none."""

    code, status_4xx = 1004, 404
    description = CODES[1004].en
    about = ("id",)
    hint = "Send as {name} what the account has, as the index action lists it."
    source = assumed("SW-78")


class UnknownSort(SerwersmsError):
    """A list cannot be sorted by this field."""

    code = 1006
    description = CODES[1006].en
    hint = "Send a field of the list's items as {name}, or leave it out."
    source = assumed("SW-78")


class TooManyRecords(SerwersmsError):
    """A page of more entries than are shown, in the variant ``rejected``."""

    code = 3331
    description = CODES[3331].en
    about = ("limit",)
    hint = "Ask for at most 1000 with limit, or choose the variant capped of serwersms.lists.limit."
    source = assumed("SW-78")


class OnBlacklistAlready(SerwersmsError):
    """The number that is added is on the blacklist."""

    code, status_4xx = 4601, 409
    description = CODES[4601].en
    about = ("phone",)
    hint = "Ask blacklist/check first, or take this error for success."
    source = assumed("SW-79")


class NotOnBlacklist(SerwersmsError):
    """The number that is deleted is not on the blacklist."""

    code, status_4xx = 4602, 404
    description = CODES[4602].en
    about = ("phone",)
    hint = "Ask blacklist/check first, or take this error for success."
    source = assumed("SW-79")


class NameTooLong(SerwersmsError):
    """The name of a group has more than 100 characters."""

    code = 1006
    description = CODES[1006].en
    hint = "Send at most 100 characters as {name}."
    source = assumed("SW-80")


class NotRecords(SerwersmsError):
    """No list of objects."""

    code = 1006
    description = CODES[1006].en
    hint = "Send {name} as a list of objects, as {name}[0][phone] in a form, or as a text of JSON."
    source = assumed("SW-82")


class FileTooLarge(SerwersmsError):
    """A file is larger than the vendor keeps."""

    code, status_4xx = 4000, 413
    description = CODES[4000].en
    about = ("file", "url")
    hint = "Send a file of at most 1 MiB; a URL whose last part contains too-large stands for one that is larger."
    source = assumed("SW-84")


class FileMissing(SerwersmsError):
    """The account has no such file, or there is none at the URL."""

    code, status_4xx = 4001, 404
    description = CODES[4001].en
    about = ("id", "url")
    hint = "Send an id that files/index lists for that type; a URL whose last part contains missing stands for one without a file."
    source = assumed("SW-84")


class InvalidFile(SerwersmsError):
    """A file is of a kind that the vendor does not take."""

    code, status_4xx = 4002, 415
    description = CODES[4002].en
    about = ("file", "url")
    hint = "Send a gif, jpeg, jpg, png or txt file for mms, in base64 where it is a text; for voice the http or https URL of a wav file."
    source = assumed("SW-84")


class UnknownFileType(SerwersmsError):
    """Neither mms nor voice."""

    code = 1006
    description = CODES[1006].en
    hint = "Send mms or voice as {name}."
    source = assumed("SW-84")


class UnknownApiHash(SerwersmsError):
    """No account has this api_hash."""

    code, status_4xx = 1004, 404
    description = CODES[1004].en
    about = ("api_hash",)
    hint = "Send the push_hash of an account of the world."
    source = assumed("SW-85")


# -- senders -------------------------------------------------------------------------------------------------------


class SenderExists(SerwersmsError):
    """The account has the name, or every account has it."""

    code, status_4xx = 4400, 409
    description = CODES[4400].en
    about = ("name",)
    hint = "Send another name than {value}, or use the one that there is."
    source = assumed("SW-60")


class SenderIsNumber(SerwersmsError):
    """A number is no name."""

    code = 4401
    description = CODES[4401].en
    about = ("name",)
    hint = "Send a name with letters, not {value}."
    source = assumed("SW-60")


class SenderMalformed(SerwersmsError):
    """The name is too long, or has other characters than letters and digits."""

    code = 4402
    description = CODES[4402].en
    about = ("name",)
    hint = "Send a name of 1 to 11 letters and digits of ASCII, not {value}."
    source = assumed("SW-60")


class SenderNumberInvalid(SerwersmsError):
    """The number that is to be confirmed is none; v2 has no action that confirms one, so only a fault causes it."""

    code = 4403
    description = CODES[4403].en
    hint = "Remove the fault rule: no action of this API confirms a number."
    source = assumed("SW-60")


class SenderCodeInvalid(SerwersmsError):
    """The code that confirms a number is wrong; only a fault causes it."""

    code = 4404
    description = CODES[4404].en
    hint = "Remove the fault rule: no action of this API confirms a number."
    source = assumed("SW-60")


class SenderIsActive(SerwersmsError):
    """The number was confirmed before; only a fault causes it."""

    code = 4405
    description = CODES[4405].en
    hint = "Remove the fault rule: no action of this API confirms a number."
    source = assumed("SW-60")


class DemoSender(SerwersmsError):
    """The demo user adds no names."""

    code, status_4xx = 4406, 403
    description = CODES[4406].en
    hint = "Add names with a token, or in an account that is no demo."
    source = assumed("SW-60")


class FreeSender(SerwersmsError):
    """The free package has one name."""

    code, status_4xx = 4407, 403
    description = CODES[4407].en
    hint = "Use the name that there is, or an account without free_package."
    source = assumed("SW-60")


# -- reports ----------------------------------------------------------------------------------------------------------


class UnknownOutboundType(SerwersmsError):
    """None of the types of outbound messages."""

    code = 1006
    description = CODES[1006].en
    hint = "Send eco, full, mms, voice or rcs as {name}, or leave it out for all."
    source = assumed("SW-73")


class UnknownStatus(SerwersmsError):
    """None of the states of outbound messages."""

    code = 1006
    description = CODES[1006].en
    hint = (
        "Send delivered, undelivered, sent, unsent, in_progress, saved or pending as {name}, or leave it out for all."
    )
    source = assumed("SW-73")


class NotAStatId(SerwersmsError):
    """No number of a send."""

    code = 1006
    description = CODES[1006].en
    hint = "Send the id of an item of stats/index as {name}."
    source = assumed("SW-73")


class UnknownMessage(SerwersmsError):
    """The account has sent no message with this identifier."""

    code, status_4xx = 1004, 404
    description = CODES[1004].en
    about = ("id", "unique_id")
    hint = "Send the id of an item of messages/reports as {name}."
    source = assumed("SW-75")


class TooManyIds(SerwersmsError):
    """More identifiers than a request may have."""

    code = 3331
    description = CODES[3331].en
    about = ("id", "unique_id")
    hint = "Ask for at most {most} of them at a time, not {count}."
    source = assumed("SW-73")


# -- telephone numbers -----------------------------------------------------------------------------------------------


class CheckNotPermitted(SerwersmsError):
    """The account may not ask the networks for numbers."""

    code, status_4xx = 4102, 403
    description = CODES[4102].en
    hint = "Set the limit hlr (of lookups: lookup) of the account to a number or no_limit."
    source = assumed("SW-87")


class CheckLimitUsedUp(SerwersmsError):
    """The account has fewer questions left than numbers were sent."""

    code, status_4xx = 4103, 429
    description = CODES[4103].en
    hint = "Raise the limit hlr (of lookups: lookup) of the account, which every number of every question lowers."
    source = assumed("SW-87")


class ChecksLocked(SerwersmsError):
    """The account is blocked."""

    code, status_4xx = 4104, 403
    description = CODES[4104].en
    hint = "Unblock the account: its field blocked is true."
    source = assumed("SW-87")


class CheckPending(SerwersmsError):
    """The network of the one number has not answered yet."""

    code, status_4xx = 4105, 409
    description = CODES[4105].en
    about = ("id",)
    hint = "Ask again when the subscriber's seconds of the world's clock have passed."
    source = assumed("SW-88")


class UnknownCheck(SerwersmsError):
    """Nothing was asked under this id."""

    code, status_4xx = 4106, 404
    description = CODES[4106].en
    about = ("id",)
    hint = "Send the id that an earlier phones/check or phones/lookup of this account was answered."
    source = assumed("SW-88")


class TooManyPhones(SerwersmsError):
    """More numbers than one question may have."""

    code = 1006
    description = CODES[1006].en
    about = ("phone",)
    hint = "Send at most 50,000 numbers."
    source = assumed("SW-88")


# -- premium ---------------------------------------------------------------------------------------------------------


class PremiumDataIncorrect(SerwersmsError):
    """No premium message that waits for an answer has this id, sender and number."""

    code, status_4xx = 4201, 404
    description = CODES[4201].en
    about = ("id",)
    hint = "Send as phone, gate and id the from_number, to_number and id that premium/index lists."
    source = assumed("SW-95")


# -- accounts --------------------------------------------------------------------------------------------------------


class NoPhoneNumber(SerwersmsError):
    """The telephone number is absent or blank."""

    code = 4302
    description = CODES[4302].en
    hint = "Send {name}, and do not leave it blank."
    source = assumed("SW-91")


class NoEmail(SerwersmsError):
    """The e-mail is absent or blank."""

    code = 4303
    description = CODES[4303].en
    hint = "Send {name}, and do not leave it blank."
    source = assumed("SW-91")


class NoFirstName(SerwersmsError):
    """The first name is absent or blank."""

    code = 4304
    description = CODES[4304].en
    hint = "Send {name}, and do not leave it blank."
    source = assumed("SW-91")


class NoLastName(SerwersmsError):
    """The last name is absent or blank."""

    code = 4305
    description = CODES[4305].en
    hint = "Send {name}, and do not leave it blank."
    source = assumed("SW-91")


class NoCompany(SerwersmsError):
    """The company is absent or blank."""

    code = 4306
    description = CODES[4306].en
    hint = "Send {name}, and do not leave it blank."
    source = assumed("SW-91")


class WrongPhoneNumber(SerwersmsError):
    """The customer's number is none."""

    code = 4307
    description = CODES[4307].en
    hint = "Send {name} in the form +48500600700."
    source = assumed("SW-91")


class WrongEmail(SerwersmsError):
    """The e-mail has no name, no host, or white space."""

    code = 4308
    description = CODES[4308].en
    hint = "Send {name} in the form name@example.com."
    source = assumed("SW-91")


class WrongCompany(SerwersmsError):
    """The company has no letter and no digit."""

    code = 4311
    description = CODES[4311].en
    hint = "Send a name as {name}."
    source = assumed("SW-91")


class AccountExists(SerwersmsError):
    """The e-mail, which is the login, is taken."""

    code, status_4xx = 4312, 409
    description = CODES[4312].en
    about = ("email",)
    hint = "Send another email: one that no account/add has sent and no account signs in with."
    source = assumed("SW-91")


# -- subaccounts -----------------------------------------------------------------------------------------------------


class NoSubaccountRight(SerwersmsError):
    """The user may not add subaccounts, as the demo user may not."""

    code, status_4xx = 4500, 403
    description = CODES[4500].en
    hint = "Use the account's token in place of the demo user, or take subaccounts out of the account's field denied."
    source = assumed("SW-93")


class SubaccountOfSubaccount(SerwersmsError):
    """The account is a subaccount itself."""

    code, status_4xx = 4501, 403
    description = CODES[4501].en
    hint = "Use the main account: the field subaccount of this one is true."
    source = assumed("SW-93")


class SubaccountLoginBusy(SerwersmsError):
    """An account or a subaccount signs in with this name."""

    code, status_4xx = 4502, 409
    description = CODES[4502].en
    about = ("subaccount_username",)
    hint = "Send another subaccount_username."
    source = assumed("SW-93")


class UnknownSubaccountTemplate(SerwersmsError):
    """The account has no such subaccount, and no such template of rights."""

    code, status_4xx = 4503, 404
    description = CODES[4503].en
    about = ("subaccount_id",)
    hint = "Send as subaccount_id the id of a subaccount, or one of the account's field rights_templates."
    source = assumed("SW-93")


class BadSubaccountLogin(SerwersmsError):
    """A name or a password that is too short, too long, or has other characters."""

    code = 4504
    description = CODES[4504].en
    hint = "Send a subaccount_username of 3 to 64 letters, digits and ._@- and a subaccount_password of 4 to 64 characters."
    source = assumed("SW-93")


class UnknownLimitType(SerwersmsError):
    """A limit of no type."""

    code = 1006
    description = CODES[1006].en
    hint = "Send eco, full, voice, mms or hlr as {name}."
    source = assumed("SW-93")


class NotALimit(SerwersmsError):
    """A limit that is no whole number."""

    code = 1006
    description = CODES[1006].en
    hint = "Send {name} as a whole number from 0."
    source = assumed("SW-93")


# -- codes that only a fault rule causes ---------------------------------------------------------------------------

# SW-98
_BY_FAULT: Mapping[int, str] = {
    1002: "ApiNotPermitted",
    1003: "UnauthorizedAddress",
    1005: "NotPermitted",
    1007: "AccountNotActive",
    1008: "NumbersHidden",
    1009: "BlockedAddress",
    1011: "TokenExpired",
    4100: "NetworkUnreachable",
    4101: "CheckOfNoNumber",
    4200: "PremiumNotSent",
    4300: "NoLogin",
    4301: "NoPassword",
    4309: "LoginTooShort",
    4310: "WrongLogin",
    4313: "RegistrationFailed",
    4320: "NoCurrentPassword",
    4321: "WrongCurrentPassword",
    4322: "NoNewPassword",
    4323: "NewPasswordsDiffer",
    4324: "NoLoginToChange",
    4325: "WrongLoginToChange",
    4600: "NothingToDo",
}
"""The name of each, by its code."""


def _build_error_type(code: int, name: str) -> type[SerwersmsError]:
    """Return the error of a code that no state of a world causes."""
    facts = {
        "__module__": __name__,
        "__doc__": f"{CODES[code].en}: a fault rule alone causes it.",
        "code": code,
        "status_4xx": 401 if code == 1011 else 403 if code < 1010 else 400,
        "description": CODES[code].en,
        "hint": "Remove the fault rule that names it: nothing else causes it.",
        "source": assumed("SW-98"),
    }
    return type(name, (SerwersmsError,), facts)


BY_FAULT: tuple[type[SerwersmsError], ...] = tuple(_build_error_type(*each) for each in _BY_FAULT.items())
"""Kept, for `ERRORS` finds the classes that are in use."""

ERRORS: tuple[type[SerwersmsError], ...] = tuple(SerwersmsError.__subclasses__())
