"""Every error of mGage.

003 names the statuses and says that the ``meta`` key has the details, but prints no failure (MG-14). Every sentence in
this file is therefore ours, whatever its rule's source.
"""

from __future__ import annotations

from mockserver.sdk import ProviderError, assumed, documented


class MgageError(ProviderError):
    """The errors of this provider."""

    # 003: "Returned when there is some syntactical error in the request such as invalid/misformatted data."
    status = 400


class UnreadableRequest(MgageError):
    """HTTP that cannot be taken for a request, such as one to an impossible host."""

    description = "Request cannot be read"
    hint = "Send a well-formed HTTP request to a host that can exist."
    source = documented("003", "Returned when there is some syntactical error in the request", "MG-14")


class TooManyParameters(MgageError):
    """The query string has more parameters than are read."""

    description = "Query string has {reason}"
    hint = "Send the filters that the API documents, each once."
    source = assumed("MG-29")


class WrongMethod(MgageError):
    """Not GET."""

    status = 405
    description = "Method {method} not allowed; use GET"
    about = ("method",)
    hint = "Use GET."
    source = assumed("MG-15")


class UnknownPath(MgageError):
    """Our host or prefix, but not the one address that the document prints."""

    status = 404
    description = "Nothing here; the address of the API is /api/messages/program/{{programId}}"
    about = ("path",)
    hint = "Send the request to /api/messages/program/ and the program's id."
    source = assumed("MG-27")


class ServerFault(MgageError):
    """The mock server itself failed."""

    status = 500
    description = "Internal error of the mock server; its log says more"
    hint = "Read the server's log and report what it says: the client is not to blame."
    source = documented("003", "Failure due to server error", "MG-14")


class MissingCredentials(MgageError):
    """No Authorization header, or one of another scheme."""

    status = 401
    description = "HTTP Basic authentication is required"
    about = ("Authorization",)
    hint = "Send the user and password by HTTP Basic, unasked: curl -u, or auth=(user, password) in requests."
    source = documented("003", "This operation uses HTTP Basic authentication", "MG-13")


class UnreadableCredentials(MgageError):
    """HTTP Basic, but not the base64 of a user, a colon and a password in UTF-8."""

    status = 401
    description = "Authorization header is not HTTP Basic: {reason}"
    about = ("Authorization",)
    hint = "Send Basic and the base64 of user:password in UTF-8 as the Authorization header."
    source = assumed("MG-13")


class InvalidCredentials(MgageError):
    """No account has this user with this password."""

    status = 401
    description = "Invalid username or password"
    about = ("Authorization",)
    hint = "Use the user and password of an account in the world that is meant: mgage and mgage in the shipped one."
    source = documented("003", "you only need the username and password to make the SMS API calls", "MG-13")


class UnknownProgram(MgageError):
    """No program of this account has that id."""

    status = 404
    description = "Program {value} does not exist"
    about = ("programId",)
    hint = "Ask for one of the account's programs: 121811 in the shipped world."
    source = documented("003", "When a requested resource does not exist", "MG-24")


class ServerException(MgageError):
    """The program whose export always fails."""

    status = 500
    description = "General server exception"
    about = ("programId",)
    hint = "Make the client survive a 500, or ask for a program other than 500500, which always answers so."
    source = documented("003", "General server exception", "MG-25")


class NotText(MgageError):
    """The bytes of a value are not UTF-8."""

    description = "{name} is not UTF-8 text"
    hint = "Encode {name} as UTF-8 before percent-encoding it."
    source = assumed("MG-23")


class NotAMessageType(MgageError):
    """Neither MO nor MT."""

    description = "messageType must be MO or MT: {value}"
    about = ("messageType",)
    hint = "Send MO or MT as messageType, or leave it out for both."
    source = documented("003", "Message Type, MO, or MT.", "MG-11")


class NotADate(MgageError):
    """A date in another format, or none of the calendar."""

    description = "{name} must be a date in the format YYYY-MM-DDTHH:MM:SS: {value}"
    hint = "Send {name} as YYYY-MM-DDTHH:MM:SS in GMT, without a zone, or leave it out."
    source = documented("003", "The DateTime format is YYYY-MM-DDTHH:MM:SS.", "MG-6")


class EndsBeforeStart(MgageError):
    """The end of the range is before its start."""

    description = "endDate {end} is before startDate {start}"
    about = ("startDate", "endDate")
    hint = "Send an endDate that is not before the startDate."
    source = assumed("MG-6")


class RangeTooLong(MgageError):
    """More than a year, where that is rejected."""

    description = "startDate {start} is more than one year before the endDate"
    about = ("startDate", "endDate")
    hint = "Ask for at most one year, or set the variant mgage.age: default-start in this test's world."
    source = documented("003", "You can retrieve all SMS messages for up to one-year duration.", "MG-17")


class NotAPageSize(MgageError):
    """Not a number, or none from 1 to 500."""

    description = "pageSize must be a number from 1 to {maximum}: {value}"
    about = ("pageSize",)
    hint = "Send a pageSize from 1 to 500, and follow nextPageUrl for the rest."
    source = documented("003", "Max page size is 500 SMS messages.", "MG-9")


class NotAPage(MgageError):
    """Not the number of a page."""

    description = "page must be a number from 1 to {maximum}: {value}"
    about = ("page",)
    hint = "Follow nextPageUrl; pages count from 1."
    source = assumed("MG-8")


class PostOnly(MgageError):
    """Not POST, at one of the two addresses that take nothing else."""

    status = 405
    description = "Method {method} not allowed; use POST"
    about = ("method",)
    hint = "Use POST."
    source = assumed("MG-30")


class BodyTooLarge(MgageError):
    """The body is longer than the server reads."""

    status = 413
    description = "Request body too large"
    hint = "Send a smaller body, or let the server read larger ones (MOCKSERVER_BODY_BYTES)."
    source = assumed("MG-29")


class PlainError(MgageError):
    """The errors of the two addresses that answer in plain text (MG-30)."""

    status = 500


class MissingParameter(PlainError):
    """A parameter is absent or empty."""

    description = "{name} is missing"
    hint = "Send {name} with a value."
    source = assumed("MG-30")


class NotPlainText(PlainError):
    """The bytes of a value are not UTF-8."""

    description = "{name} is not UTF-8 text"
    hint = "Encode {name} as UTF-8 before percent-encoding it."
    source = assumed("MG-30")


class UnknownCampaign(PlainError):
    """No program of this account has that id."""

    description = "Program {value} does not exist"
    about = ("campid",)
    hint = "Send the id of one of the account's programs as campid: 121811 in the shipped world."
    source = assumed("MG-30")


class ProgramFails(PlainError):
    """The program that always fails."""

    description = "General server exception"
    about = ("campid",)
    hint = "Make the client survive a 500, or write to a program other than 500500, which always answers so."
    source = documented("003", "General server exception", "MG-25")


class NotADestination(PlainError):
    """Not a short code or number, perhaps after a country."""

    description = "destination must be a short code or number, such as 37911 or US-87767: {value}"
    about = ("destination",)
    hint = "Send the short code that the program listens to, with or without its country."
    source = assumed("MG-31")


class NotAHandset(PlainError):
    """Not a number in E.164."""

    description = "{name} must be a number in E.164, 3 to 15 digits: {value}"
    hint = "Send {name} as digits with the country's code; a plus sign may stand before them."
    source = assumed("MG-31")


class NotAList(PlainError):
    """Not the id of a list."""

    description = "listId must be 1 to 18 digits: {value}"
    about = ("listId",)
    hint = "Send the id of the list as digits."
    source = assumed("MG-33")


def _leaves(error: type[MgageError]) -> tuple[type[MgageError], ...]:
    return tuple(leaf for each in error.__subclasses__() for leaf in (_leaves(each) or (each,)))


ERRORS: tuple[type[MgageError], ...] = _leaves(MgageError)
