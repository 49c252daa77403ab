"""Every error of DialogTech.

DT-17: the documents name limits and requirements but print no failure. What real clients know is the envelope,
``<result>failed</result>`` with a ``<result_description>``, at HTTP 200. Every sentence in this file is therefore
ours, whatever its rule's source.
"""

from __future__ import annotations

from mockserver.sdk import ProviderError, assumed, documented


class DialogTechError(ProviderError):
    """The errors of this provider."""


class BadRequest(DialogTechError):
    """The bytes are no HTTP request, or name an impossible host."""

    status = 400
    description = "Bad request"
    hint = "Send a well-formed HTTP request to a host that can exist."
    source = assumed("DT-17")


class BodyTooLarge(DialogTechError):
    """The body is longer than the server reads."""

    status = 413
    description = "Request body too large"
    hint = "Send a smaller body, or let the server read larger ones (MOCKSERVER_BODY_BYTES)."
    source = assumed("DT-17")


class BodyUnreadable(DialogTechError):
    """The body is not what its Content-Type says."""

    description = "Request body is not the multipart/form-data that its Content-Type announces: {reason}"
    about = ("Content-Type",)
    hint = "Send the parameters as application/x-www-form-urlencoded, or a multipart body that keeps to its boundary."
    source = assumed("DT-16")


class TooManyParameters(DialogTechError):
    """The query string or the body has more parameters than are read."""

    description = "Request has {reason}"
    hint = "Send the parameters that the API documents, each once."
    source = assumed("DT-46")


class WrongMethod(DialogTechError):
    """Neither GET nor POST."""

    status = 405
    description = "Method {method} not allowed; use GET or POST"
    about = ("method",)
    hint = "Use GET or POST."
    source = assumed("DT-16")


class UnknownPath(DialogTechError):
    """Our host, but not the one address that the documents print."""

    status = 404
    description = "Nothing here; the address of the API is /ibp_api.php"
    about = ("path",)
    hint = "Send the request to /ibp_api.php."
    source = assumed("DT-17")


class ServerFault(DialogTechError):
    """The mock server itself failed."""

    status = 500
    description = "Internal error of the mock server; its log says more"
    hint = "Read the server's log and report what it says: the client is not to blame."
    source = assumed("DT-17")


class MissingParameter(DialogTechError):
    """A parameter whose row says "Required: Yes" is absent or empty."""

    cites_parameter = True
    description = "Missing required parameter: {name}"
    hint = "Send {name} with a value."
    source = documented("001", "action Yes String", "DT-37")  # what is missing quotes its own row


class UnknownAction(DialogTechError):
    """The action is none of DialogTech's."""

    description = "Unknown action: {value}"
    about = ("action",)
    hint = "Send one of the actions that the API has as the action, such as sms.send_message."
    source = documented("001", "Only accepts sms.send_message to send an SMS Message", "DT-17")


class NotOffered(DialogTechError):
    """One of the vendor's actions that this mock server does not have."""

    description = "Action not offered by this mock server: {value}"
    about = ("action",)
    hint = "Use the actions for SMS, general.login and general.buildingblockids: this mock server has no other action of DialogTech."
    source = assumed("DT-45")


class InvalidCredentials(DialogTechError):
    """No account has this pair, or this key."""

    description = "Invalid {name}"
    about = ("access_key", "secret_access_key", "api_key")
    hint = "Use the credentials of an account in the world that is meant: foo and bar in the shipped one."
    source = documented("001", "Credentials used for access to the API for a particular DialogTech account", "DT-35")


class NotText(DialogTechError):
    """The bytes of a value are not UTF-8."""

    description = "Parameter {name} is not UTF-8 text"
    hint = "Encode {name} as UTF-8 before percent-encoding it."
    source = assumed("DT-36")


class NotANumber(DialogTechError):
    """A formatted number, or no number at all."""

    description = "Parameter {name} must be an unformatted phone number, 10 digits or 11 with a leading 1: {value}"
    hint = "Send {name} as 10 digits, or 11 with a leading 1, and nothing between them."
    source = assumed("DT-24")


class NotADay(DialogTechError):
    """A date in another format, or no day of the calendar."""

    cites_parameter = True
    description = "Parameter {name} must be a day in the format YYYYMMDD: {value}"
    hint = "Send {name} as YYYYMMDD, such as 20170101."
    source = documented("000", "Date format should be YYYYMMDD", "DT-8")


class EndsBeforeStart(DialogTechError):
    """The end of the range is before its start."""

    description = "Parameter end_date {end} is before start_date {start}"
    about = ("start_date", "end_date")
    hint = "Send an end_date that is not before the start_date."
    source = assumed("DT-7")


class MessageTooLong(DialogTechError):
    """More than 256 characters."""

    description = "Parameter message must be at most 256 characters long: it has {length}"
    about = ("message",)
    hint = "Shorten the message to 256 characters or send it in parts; it has {length}."
    source = documented("001", "message Yes String 256", "DT-19")


class NotATrackingNumber(DialogTechError):
    """The sender is not an SMS enabled number of this account."""

    description = "Parameter from is not an SMS enabled tracking number of this account: {value}"
    about = ("from",)
    hint = "Send from one of the account's SMS enabled numbers, which sms.get_numbers lists."
    source = documented("001", "Must be a DialogTech SMS enabled tracking number", "DT-17")


_WAIT = "Wait until {free_at}, or set the variant limits: off in this test's world."


class TooManyPerMinute(DialogTechError):
    """The 41st of a number within 60 seconds."""

    description = (
        "Rate limit exceeded: 40 sms per number per 60 seconds; next possible in {seconds} seconds, at {free_at}"
    )
    about = ("from", "to")
    hint = _WAIT
    source = documented("001", "40 sms per number per 60 seconds", "DT-23")


class TooManyPerAccount(DialogTechError):
    """The fifth of an account within a second."""

    description = (
        "Rate limit exceeded: 4 sms per DialogTech account per second; next possible in {seconds} seconds, at {free_at}"
    )
    about = ("from", "to")
    hint = _WAIT
    source = documented("001", "4 sms per DialogTech account per second", "DT-23")


class TooManyPerNumber(DialogTechError):
    """The second of a number within a second."""

    description = "Rate limit exceeded: 1 sms per number per second; next possible in {seconds} seconds, at {free_at}"
    about = ("from", "to")
    hint = _WAIT
    source = documented("001", "1 sms per number per second", "DT-23")


class InvalidRecipient(DialogTechError):
    """A number to which nothing can be sent; a magic one, so far."""

    description = "Parameter to is not a number that messages can be sent to: {value}"
    about = ("to",)
    hint = "Send to another number; a magic one is like any other where the variant dialogtech.magic is off."
    source = assumed("DT-39")


class UnknownMessage(DialogTechError):
    """No message of this account has that id."""

    description = "Parameter msg_id is the id of no message of this account: {value}"
    about = ("msg_id",)
    hint = "Send the msg_id of a message that sms.get_messages returns."
    source = assumed("DT-48")


class NotAUrl(DialogTechError):
    """A URL of another kind, or a longer one."""

    description = "Parameter {name} must be an http or https URL of at most 1024 characters: {value}"
    hint = "Send {name} as an absolute http or https URL of at most 1024 characters, or leave it out."
    source = assumed("DT-50")


class NumberNotOwned(DialogTechError):
    """A number that is not one of this account's."""

    description = "Parameter number is not a number of this account: {value}"
    about = ("number",)
    hint = "Register a number that the account has in this test's world, whether it is enabled or not."
    source = assumed("DT-50")


class TollfreeNumber(DialogTechError):
    """A toll-free number, for which SMS is enabled on request alone."""

    description = "Parameter number is toll-free, so its SMS is enabled by request alone: {value}"
    about = ("number",)
    hint = "Register a local number, or let the world file say that the toll-free one is enabled (sms_enabled)."
    source = assumed("DT-50")


class NumberNotCapable(DialogTechError):
    """A number of a carrier that carries no SMS."""

    description = "Parameter number is not hosted with an SMS-capable carrier: {value}"
    about = ("number",)
    hint = "Register a number that the world file does not call incapable (sms_capable)."
    source = assumed("DT-50")


class NumberNotEnabled(DialogTechError):
    """A number of this account whose SMS is disabled, or of no account."""

    description = "Parameter number is not an SMS enabled number of this account: {value}"
    about = ("number",)
    hint = "Unregister one of the account's SMS enabled numbers, which sms.get_numbers lists."
    source = assumed("DT-51")


class InvalidAccount(DialogTechError):
    """No account has this user name with this password, or the account has no key."""

    description = "Invalid username or password, or an account without an API key"
    about = ("username", "password")
    hint = "Log in with a user and secret of an account that has a login without a secret too: its API key."
    source = assumed("DT-52")


ERRORS: tuple[type[DialogTechError], ...] = tuple(DialogTechError.__subclasses__())
