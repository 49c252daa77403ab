"""Operations: their parameter tables, and how a call of one is decided.

One table serves the parser, the explanations of the control API, fault injection and the documentation. A row is a
`Parameter`; its `Kind` says which values it takes. `parse_parameters` reads a call by a table; `decide_by` makes the
`Provider.decide` that finds the operation and the account of a call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from mockserver.engine.decisions import Decision
from mockserver.engine.provider_errors import ProviderError, Source

from .request import is_utf8, split_in_pieces

if TYPE_CHECKING:
    from mockserver.engine.accounts import Credential
    from mockserver.engine.instants import Instant
    from mockserver.engine.state import IdReservation, State

_ABSENT = object()


class Call(Struct, frozen=True):
    """The operation and parameters of a request, as its provider reads them. A defect is data too: `decide` raises it."""

    operation: str
    """The operation's name as it was sent; empty if none was."""
    values: Mapping[str, Any]
    """The values of the parameters, by name."""
    credential: Credential | None = None
    defect: ProviderError | None = None
    """The error for a request that could not be read; ``None`` when it could."""


class Kind(Struct, frozen=True):
    """The values that a parameter accepts."""

    parse: Callable[[Parameter, Any], Any]
    """Called with the parameter and what was sent; returns the value, or raises `error`."""
    error: type[ProviderError] | None = None
    """Raised for a value of another kind; ``None`` if every text is accepted."""
    schema: Mapping[str, Any] = {}
    """The JSON Schema of the accepted values."""
    facts: Mapping[str, object] = {}
    """The facts of the error beside the parameter's name and value, such as bounds."""


class Parameter(Struct, frozen=True):
    """One row of a table: a parameter with its spellings, bounds, errors and source."""

    name: str
    """The name, as the provider's documents spell it."""
    kind: Kind
    source: Source
    """The row of the document, or the quirk that explains why the parameter exists."""
    not_text: type[ProviderError]
    """Raised for anything but one text in UTF-8."""
    missing: type[ProviderError] | None = None
    """Raised if it is absent or blank; ``None`` makes it optional."""
    spellings: tuple[str, ...] = ()
    """Other names, which are read if the first was not sent."""
    field: str = ""
    """The operation's name for its value; `name` if empty."""
    place: Literal["parameters", "path"] = "parameters"
    """Where it is sent: ``parameters`` is the query or body, ``path`` the path."""
    is_secret: bool = False
    """Whether its values are credentials, which are masked in journals."""

    @property
    def is_required(self) -> bool:
        """Whether it is required."""
        return self.missing is not None

    @property
    def errors(self) -> tuple[type[ProviderError], ...]:
        """Every error that its value can cause."""
        return tuple(error for error in (self.missing, self.not_text, self.kind.error) if error is not None)

    def described(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "name": self.name,
            "spellings": list(self.spellings),
            "place": self.place,
            "required": self.is_required,
            "secret": self.is_secret,
            "schema": dict(self.kind.schema),
            "errors": [error.__name__ for error in self.errors],
            **self.source._asdict(),
        }

    def find(self, sent: Mapping[str, Any], default: object = None) -> Any:
        """Return what was sent under its name, or else under the first of its other spellings that was sent.

        Args:
            sent: what was sent, by name.
            default: what to return if nothing was sent.
        """
        found = sent.get(self.name, _ABSENT)
        if found is not _ABSENT:
            return found
        return next((sent[name] for name in self.spellings if name in sent), default)

    def text(self, sent: object) -> str:
        """Return what was sent as one text; a whole number of JSON becomes the text of its digits.

        Raises:
            ProviderError: `not_text`, because it is a list, an object or a fraction, or its bytes are not UTF-8.
        """
        if isinstance(sent, str):
            if sent.isascii() or is_utf8(sent):  # nearly every text is ASCII, which needs no call
                return sent
        elif isinstance(sent, int) and not isinstance(sent, bool):
            return str(sent)
        raise self.error(self.not_text, value=sent)

    def error(self, error: type[ProviderError], **facts: object) -> ProviderError:
        """Return an error about this parameter.

        Args:
            error: its type; one that `cites_parameter` quotes this parameter's source in place of its own.
            facts: the values that its sentences contain, beside the name.
        """
        made = error(name=self.name, **facts)
        return made.with_source(self.source) if error.cites_parameter else made

    def wrong(self, sent: object) -> ProviderError:
        """Return the error for a value that is not of its kind."""
        return self.error(self.kind.error or self.not_text, value=sent, **self.kind.facts)


def parse_parameters(
    table: Iterable[Parameter], sent: Mapping[str, Any], *, blank: Sequence[object] = ("",), missing_last: bool = False
) -> dict[str, Any]:
    """Return the values of a table's parameters by field, in the table's order, without absent and blank ones.

    Args:
        table: the parameters, in the order in which the provider checks them.
        sent: what was sent, by name: texts, or what JSON has.
        blank: values that count as absent.
        missing_last: whether all values are checked before a missing parameter is an error.

    Raises:
        ProviderError: the first error of the table, by `Parameter.missing`, `Parameter.not_text` or `Kind.error`.
    """
    values, absent = {}, None
    for row in table:
        found = sent.get(row.name, _ABSENT)
        if found is _ABSENT and row.spellings:
            found = row.find(sent, _ABSENT)
        if found is not _ABSENT and found not in blank:
            values[row.field or row.name] = row.kind.parse(row, found)
        elif row.missing is not None:
            absent = absent or row.error(row.missing)
            if not missing_last:
                break
    if absent is not None:
        try:
            raise absent
        finally:
            del absent  # it keeps this function's variables by its traceback
    return values


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation of a provider: its parameters, errors and source, and how it is decided."""

    name: str
    """The name in calls, the journal and fault rules, such as ``sms.send_message``."""
    source: Source
    """The sentence that documents it, or the quirk that explains why it exists."""
    decide: Callable[[Call, Any, State, Instant, IdReservation], Decision]
    """Decide a call of an account: a result or an error, and the events. Pure: it may be run again.

    It may raise a `ProviderError` where nothing happens. The second argument is the `Account`, and ``None`` where
    `needs_account` is false.
    """
    parameters: Sequence[Parameter] = ()
    """Its parameters, in the order in which they are checked."""
    common: Sequence[Parameter] = ()
    """The parameters that all operations have and that are read before: the operation's name, and credentials."""
    errors: Sequence[type[ProviderError]] = ()
    """The errors that it can raise beside those of its parameters."""
    needs_account: bool = True
    """Whether a request needs the credentials of an account."""
    is_repeatable: bool = True
    """Whether a repeated request changes nothing; false if each request acts again."""
    looks_through: bool = False
    """Whether it may look at every message of its account to decide; for an account of many it runs off the event loop."""
    status: int = 200
    """The HTTP status of the response to an accepted request."""
    response_types: Sequence[str] = ()
    """The media types of its responses; those of the route, or of the provider, if empty."""
    choose_source: Callable[[Mapping[str, Any]], Source | None] | None = None
    """Returns the source that applies to a call with these values, for explanations: a document's sentence about POST
    does not explain a GET.
    """

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The names of all its parameters."""
        return tuple(row.name for row in (*self.common, *self.parameters))

    def described(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "name": self.name,
            **self.source._asdict(),
            "repeatable": self.is_repeatable,
            "parameters": [row.described() for row in (*self.common, *self.parameters)],
            "errors": [error.__name__ for error in self.all_errors],
        }

    @property
    def all_errors(self) -> tuple[type[ProviderError], ...]:
        """The errors of its parameters and its own, each once."""
        rows = (*self.common, *self.parameters)
        return tuple(dict.fromkeys((*(error for row in rows for error in row.errors), *self.errors)))


def decide_by(
    operations: Iterable[Operation],
    build_credential_error: Callable[[Call, Operation], ProviderError],
    build_operation_error: Callable[[Call], ProviderError] | None = None,
    *,
    credentials_first: bool = False,
) -> Callable[[Call, State, Instant, IdReservation], Decision]:
    """Return a `Provider.decide` that finds the operation, rejects a defective call, finds the account, and decides.

    Args:
        operations: the provider's.
        build_credential_error: the error for a call without the credentials of an account.
        build_operation_error: the error for an operation that there is not; ``None`` where no request can name one.
        credentials_first: whether the account is found before a defective call is rejected.
    """
    by_name = {operation.name: operation for operation in operations}

    def decide(call: Call, state: State, now: Instant, ids: IdReservation) -> Decision:
        account = None
        try:
            operation = by_name.get(call.operation)
            if operation is None:
                assert build_operation_error is not None, call.operation
                raise build_operation_error(call)
            if call.defect is not None and not credentials_first:
                raise call.defect
            if operation.needs_account:
                account = None if call.credential is None else state.account_of(call.credential)
                if account is None:
                    raise build_credential_error(call, operation)
            if call.defect is not None:
                raise call.defect
            return operation.decide(call, account, state, now, ids)
        except ProviderError as error:
            return Decision(now, error, account=None if account is None else account.key)

    return decide


# -- kinds ------------------------------------------------------------------------------------------------------------


def text(longest: int | None = None, error: type[ProviderError] | None = None) -> Kind:
    """Return the kind of any text.

    Args:
        longest: how many code points it may have.
        error: raised for a longer one, with its ``length``.
    """
    if longest is None or error is None:
        return Kind(Parameter.text, schema={"type": "string"})

    def parse(row: Parameter, sent: Any) -> str:
        found = sent if type(sent) is str and sent.isascii() else row.text(sent)
        if len(found) > longest:
            raise row.error(error, length=len(found))
        return found

    return Kind(parse, error, {"type": "string", "maxLength": longest}, {"length": longest + 1})


def matching(
    pattern: str,
    error: type[ProviderError],
    convert: Callable[[re.Match[str]], Any] | None = None,
    *,
    group: int | str = 0,
) -> Kind:
    """Return the kind of a text that a regular expression matches.

    Args:
        pattern: a regular expression that the whole text matches; digits and letters are those of ASCII.
        error: raised for other texts, with the ``value``.
        convert: turns the match into a value, or raises ValueError for one that there is not, such as 30 February.
        group: the part of the match that is the value where nothing converts it; 0 for the whole text.
    """
    compiled = re.compile(pattern, re.ASCII)

    def parse(row: Parameter, sent: Any) -> Any:
        found = compiled.fullmatch(sent if type(sent) is str and sent.isascii() else row.text(sent))
        if found is None:
            raise row.error(error, value=sent)
        try:
            return found[group] if convert is None else convert(found)
        except ValueError:
            raise row.error(error, value=sent) from None

    # Groups have no names there, because Python and ECMA-262 write those in two ways.
    return Kind(parse, error, {"type": "string", "pattern": re.sub(r"\(\?P<\w+>", "(", f"^{pattern}$")})


def day(error: type[ProviderError], form: str = "YYYY-MM-DD") -> Kind:
    """Return the kind of a calendar day, whose value is a `datetime.date`.

    Args:
        error: raised for other texts and for days that there are not, with the ``value``.
        form: with YYYY, MM and DD once each.
    """
    pattern = re.escape(form)
    for letters, name in (("YYYY", "year"), ("MM", "month"), ("DD", "day")):
        pattern = pattern.replace(letters, f"(?P<{name}>[0-9]{{{len(letters)}}})")
    return matching(
        pattern, error, lambda found: date(**{name: int(digits) for name, digits in found.groupdict().items()})
    )


def integer(error: type[ProviderError], minimum: int, maximum: int, pattern: str = "[0-9]+") -> Kind:
    """Return the kind of a whole number.

    Args:
        error: raised for anything else, with the ``value``, the ``minimum`` and the ``maximum``.
        minimum: the least that is taken.
        maximum: the largest that is taken.
        pattern: how it may be written.
    """
    compiled = re.compile(pattern, re.ASCII)

    def parse(row: Parameter, sent: Any) -> int:
        found = row.text(sent)
        digits = found.lstrip("0") or "0"
        number = int(digits) if compiled.fullmatch(found) and len(digits) <= len(str(maximum)) else minimum - 1
        if not minimum <= number <= maximum:
            raise row.wrong(sent)
        return number

    bounds = {"minimum": minimum, "maximum": maximum}
    return Kind(parse, error, {"type": "integer", **bounds}, bounds)


def choice(values: Mapping[str, Any] | Iterable[str], error: type[ProviderError]) -> Kind:
    """Return the kind of a text that is one of several.

    Args:
        values: text -> value, or the texts alone.
        error: raised for other texts, with the ``value``.
    """
    known = dict(values) if isinstance(values, Mapping) else {each: each for each in values}

    def parse(row: Parameter, sent: Any) -> Any:
        found = row.text(sent)
        if found not in known:
            raise row.error(error, value=sent)
        return known[found]

    return Kind(parse, error, {"type": "string", "enum": list(known)})


FLAGS: Mapping[str, bool | None] = {"true": True, "1": True, "false": False, "0": False}
"""How flags are usually spelled, in lower case."""


def flag(error: type[ProviderError], spellings: Mapping[str, bool | None] = FLAGS) -> Kind:
    """Return the kind of a flag, in any case of letters; JSON booleans are accepted too.

    Args:
        error: raised for anything else, with the ``value``.
        spellings: lower-case text -> value.
    """

    def parse(row: Parameter, sent: Any) -> bool | None:
        found = str(sent).lower() if isinstance(sent, str | int) else ""
        if found not in spellings:
            raise row.error(error, value=sent)
        return spellings[found]

    return Kind(parse, error, {"enum": list(spellings)})


def list_of(item: Kind, separator: str = ",") -> Kind:
    """Return the kind of a list, or one text with separators; the value is a tuple without blank items.

    Args:
        item: what each of the list is.
        separator: what stands between two in a text.
    """

    def parse(row: Parameter, sent: Any) -> tuple[Any, ...]:
        items = sent if isinstance(sent, list) else [sent]
        parts = (
            part
            for each in items
            if each is not None
            for some in split_in_pieces(row.text(each), separator)
            for part in some
        )
        return tuple(item.parse(row, part) for part in parts if part.strip(" "))

    return Kind(parse, item.error, {"type": "array", "items": item.schema}, item.facts)
