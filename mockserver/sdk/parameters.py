"""Parameter tables: what an operation reads, and the provider's own error for a value that it does not take.

One table serves the parser, the explanations of the control API, fault injection and the documentation. A row is a
`Parameter`; its `Kind` says which values it takes. `parse_parameters` reads a request by a table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal

from msgspec import Struct

from mockserver.engine.provider_errors import ProviderError, Source

from .request import is_utf8

_ABSENT = object()


class Kind(Struct, frozen=True):
    """Which values a parameter takes."""

    parse: Callable[[Parameter, Any], Any]
    """Turns what was sent into a value; called with the parameter and what was sent; raises `error` for what is wrong."""
    error: type[ProviderError] | None = None
    """Raised for a value of another kind; ``None`` where every text is right."""
    schema: Mapping[str, Any] = {}
    """The values as JSON Schema."""
    facts: Mapping[str, object] = {}
    """What the error says beside the parameter's name and value, such as bounds."""


class Parameter(Struct, frozen=True):
    """One row of a table: a parameter with its spellings, bounds, errors and source."""

    name: str
    """As the provider's documents spell it."""
    kind: Kind
    source: Source
    """The row as its document has it, or the quirk by which it is here."""
    not_text: type[ProviderError]
    """Raised for what is not one text in UTF-8."""
    missing: type[ProviderError] | None = None
    """Raised where it is absent or blank; ``None`` makes it optional."""
    spellings: tuple[str, ...] = ()
    """Other names that are read where the first was not sent."""
    field: str = ""
    """What the operation calls its value; its name when empty."""
    place: Literal["parameters", "path"] = "parameters"
    """Where it stands: in the query or body, or in the path."""
    is_secret: bool = False
    """Whether its values are credentials, which journals do not show."""

    @property
    def is_required(self) -> bool:
        """Whether it has to be there."""
        return self.missing is not None

    @property
    def errors(self) -> tuple[type[ProviderError], ...]:
        """Every error that it can lead to."""
        return tuple(error for error in (self.missing, self.not_text, self.kind.error) if error is not None)

    def described(self) -> dict[str, Any]:
        """As JSON."""
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
        """What was sent under its name, or else under the first of its other spellings that was used.

        Args:
            sent: what was sent, by name.
            default: what to return where nothing was.
        """
        found = sent.get(self.name, _ABSENT)
        if found is not _ABSENT:
            return found
        return next((sent[name] for name in self.spellings if name in sent), default)

    def text(self, sent: object) -> str:
        """What was sent as one text; a whole number of JSON is the text of its digits.

        Raises:
            ProviderError: `not_text`, because it is a list, an object or a fraction, or its bytes are not UTF-8.
        """
        if isinstance(sent, str):
            if sent.isascii() or is_utf8(sent):  # nearly every text is ASCII, and then nothing is called
                return sent
        elif isinstance(sent, int) and not isinstance(sent, bool):
            return str(sent)
        raise self.error(self.not_text, value=sent)

    def error(self, error: type[ProviderError], **facts: object) -> ProviderError:
        """An error about this parameter.

        Args:
            error: its type; one that `cites_parameter` quotes this parameter's source in place of its own.
            facts: what its sentences are filled with, beside the name.
        """
        made = error(name=self.name, **facts)
        return made.with_source(self.source) if error.cites_parameter else made

    def wrong(self, sent: object) -> ProviderError:
        """The error for a value that is not of its kind."""
        return self.error(self.kind.error or self.not_text, value=sent, **self.kind.facts)


def parse_parameters(
    table: Iterable[Parameter], sent: Mapping[str, Any], *, blank: Sequence[object] = ("",), missing_last: bool = False
) -> dict[str, Any]:
    """The values of a table's parameters by field, in the table's order; what is absent or blank is not there.

    Args:
        table: the parameters, in the order in which the provider checks them.
        sent: what was sent, by name: texts, or what JSON has.
        blank: values that count as absent.
        missing_last: whether the values that are there are checked before those that are missing.

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
        raise absent
    return values


# -- kinds ------------------------------------------------------------------------------------------------------------


def text(longest: int | None = None, error: type[ProviderError] | None = None) -> Kind:
    """Any text.

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
    """A text of a form.

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

    return Kind(parse, error, {"type": "string", "pattern": f"^{pattern}$".replace("(?P<", "(?<")})


def day(error: type[ProviderError], form: str = "YYYY-MM-DD") -> Kind:
    """A day of the calendar, as a `datetime.date`.

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
    """A whole number.

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
    """One of some texts.

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
    """Yes or no, in any case of letters; also as JSON has it.

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
    """A list, or one text with separators; as a tuple without what is blank between them.

    Args:
        item: what each of the list is.
        separator: what stands between two in a text.
    """

    def parse(row: Parameter, sent: Any) -> tuple[Any, ...]:
        items = sent if isinstance(sent, list) else [sent]
        parts = (part for each in items if each is not None for part in row.text(each).split(separator))
        return tuple(item.parse(row, part) for part in parts if part.strip(" "))

    return Kind(parse, item.error, {"type": "array", "items": item.schema}, item.facts)
