"""Every "no" of mGage.

003 names the statuses and says that the ``meta`` key has the details, but prints no failure (MG-14). Every sentence in
this file is therefore ours, whatever its rule's source.
"""

from __future__ import annotations

from mockserver.core.refusals import Refused, assumed, documented


class Failed(Refused):
    """The room's own refusals."""

    # 003: "Returned when there is some syntactical error in the request such as invalid/misformatted data."
    status = 400


class UnreadableRequest(Failed):
    """HTTP that cannot be taken for a request, such as one to an impossible host."""

    description = "Request cannot be read"
    source = documented("003", "Returned when there is some syntactical error in the request", "MG-14")


class WrongMethod(Failed):
    """Not GET."""

    status = 405
    description = "Method {method} not allowed; use GET"
    source = assumed("MG-15")


class UnknownPath(Failed):
    """Our host or prefix, but not the one address that the document prints."""

    status = 404
    description = "Nothing here; the address of the API is /api/messages/program/{{programId}}"
    source = documented("003", "When a requested resource does not exist", "MG-27")


class ServerFault(Failed):
    """The double itself failed."""

    status = 500
    description = "Internal error of the mock server; its log says more"
    source = documented("003", "Failure due to server error", "MG-14")


class MissingCredentials(Failed):
    """No Authorization header, or one of another scheme."""

    status = 401
    description = "HTTP Basic authentication is required"
    source = documented("003", "This operation uses HTTP Basic authentication", "MG-13")


class UnreadableCredentials(Failed):
    """HTTP Basic, but not the base64 of a user, a colon and a password in UTF-8."""

    status = 401
    description = "Authorization header is not HTTP Basic: {reason}"
    source = assumed("MG-13")


class InvalidCredentials(Failed):
    """No account has this user with this password."""

    status = 401
    description = "Invalid username or password"
    source = documented("003", "you only need the username and password to make the SMS API calls", "MG-13")


class UnknownProgram(Failed):
    """No program of this account has that id."""

    status = 404
    description = "Program {value} does not exist"
    source = documented("003", "When a requested resource does not exist", "MG-24")


class ServerException(Failed):
    """The program whose export always fails."""

    status = 500
    description = "General server exception"
    source = documented("003", "General server exception", "MG-25")


class NotText(Failed):
    """The bytes of a value are not UTF-8."""

    description = "{name} is not UTF-8 text"
    source = assumed("MG-23")


class NotAMessageType(Failed):
    """Neither MO nor MT."""

    description = "messageType must be MO or MT: {value}"
    source = documented("003", "Message Type, MO, or MT.", "MG-11")


class NotADate(Failed):
    """A date in another format, or none of the calendar."""

    description = "{name} must be a date in the format YYYY-MM-DDTHH:MM:SS: {value}"
    source = documented("003", "The DateTime format is YYYY-MM-DDTHH:MM:SS.", "MG-6")


class EndsBeforeStart(Failed):
    """The range is empty the wrong way round."""

    description = "endDate {end} is before startDate {start}"
    source = assumed("MG-6")


class RangeTooLong(Failed):
    """More than a year, where that is refused."""

    description = "startDate {start} is more than one year before the endDate"
    source = documented("003", "You can retrieve all SMS messages for up to one-year duration.", "MG-17")


class NotAPageSize(Failed):
    """Not a number, or none from 1 to 500."""

    description = "pageSize must be a number from 1 to {largest}: {value}"
    source = documented("003", "Max page size is 500 SMS messages.", "MG-9")


class NotAPage(Failed):
    """Not the number of a page."""

    description = "page must be a number from 1 to {largest}: {value}"
    source = assumed("MG-8")


REFUSALS: tuple[type[Failed], ...] = tuple(Failed.__subclasses__())
