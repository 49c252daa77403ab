"""Every error of Acme SMS. The codes are the document's; it prints no message, so the sentences are ours."""

from __future__ import annotations

from mockserver import sdk


class AcmeError(sdk.ProviderError):
    """The errors of this provider."""

    status = 400
    code = "invalid_request"
    source = sdk.documented("API", "The body is no JSON object, or a field is missing or wrong.")


class NotJson(AcmeError):
    """The body cannot be read."""

    description = "The body is not a JSON object"
    about = ("Content-Type",)
    hint = "Send a JSON object as the body."


class MissingField(AcmeError):
    """A required field is absent or empty."""

    description = "{name} is required"
    hint = "Send {name}."
    cites_parameter = True


class NotText(AcmeError):
    """A value is a list, an object or a fraction, or not UTF-8."""

    description = "{name} must be a string"
    hint = "Send {name} as a string."


class InvalidValue(AcmeError):
    """A value of another form than the parameter's row in the document says; an explanation quotes that row."""

    description = "{name} is not valid: {value}"
    hint = "Send {name} as the document describes it."
    cites_parameter = True


class TooLong(AcmeError):
    """A text has too many characters."""

    description = "{name} is too long: {length} characters"
    hint = "Shorten {name}."
    cites_parameter = True


class NotYourNumber(AcmeError):
    """The account has no such number."""

    description = "from is not one of your numbers: {value}"
    about = ("from",)
    hint = "Send from one of the account's numbers."
    source = sdk.documented("API", "One of your numbers in E.164.")


class Unauthorized(AcmeError):
    """No API key, or one that is no account's."""

    status, code = 401, "unauthorized"
    description = "X-Api-Key is missing or unknown"
    about = ("X-Api-Key",)
    hint = "Send the API key of an account in the world that is meant as X-Api-Key."
    source = sdk.documented("API", "There is no API key, or it is no account's.")


class NoSuchMessage(AcmeError):
    """The account has no message of that id."""

    status, code = 404, "not_found"
    description = "There is no message {id}"
    about = ("path",)
    hint = "Use the id that the response to sending the message has."
    source = sdk.documented("API", "There is no such message.", "AC-1")


class InProgress(AcmeError):
    """A message is deleted too early."""

    status, code = 409, "in_progress"
    description = "The message {id} is {status}"
    about = ("path",)
    hint = "Wait until the message is delivered or undelivered."
    source = sdk.documented("API", "A message can be deleted once it is delivered or undelivered.")


class TooManyRequests(AcmeError):
    """More messages in a second than an account may send."""

    status, code = 429, "too_many_requests"
    description = "Too many messages in this second; wait {seconds} s"
    hint = "Wait as many seconds as Retry-After says."
    source = sdk.documented("API", "Each account may send 5 messages in a calendar second.")


class UnknownPath(AcmeError):
    """Our host, but none of the documented paths."""

    status, code = 404, "not_found"
    description = "There is nothing at this path"
    about = ("path",)
    hint = "Send the request to /v1/messages."
    source = sdk.assumed("AC-2")


class WrongMethod(AcmeError):
    """A documented path, and another method."""

    status, code = 405, "method_not_allowed"
    description = "{method} is not allowed here"
    about = ("method",)
    hint = "Use one of the methods that the API offers at this path."
    source = sdk.assumed("AC-2")


class ServerFault(AcmeError):
    """The mock server itself failed."""

    status, code = 500, "internal_error"
    description = "The mock server failed; its log says more"
    hint = "Read the server's log and report what it says: the client is not to blame."
    source = sdk.assumed("AC-2")


ERRORS: tuple[type[AcmeError], ...] = tuple(AcmeError.__subclasses__())
