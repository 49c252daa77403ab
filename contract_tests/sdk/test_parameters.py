"""The SDK's parameter tables: each kind parses its values, and rejects others with the provider's own error."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import pytest

from mockserver.sdk import (
    Kind,
    Parameter,
    ProviderError,
    assumed,
    choice,
    day,
    documented,
    flag,
    integer,
    list_of,
    matching,
    parse_parameters,
    text,
)


class AcmeError(ProviderError):
    """An error of an invented provider."""

    source = assumed("AC-1")


class Missing(AcmeError):
    """A parameter is missing."""

    description = "{name} is missing"
    cites_parameter = True


class NotText(AcmeError):
    """A parameter is no text."""

    description = "{name} is no text"


class Wrong(AcmeError):
    """A parameter has another form."""

    description = "{name} is not right: {value}"


class TooLong(AcmeError):
    """A text is too long."""

    description = "{name} has {length} characters"


class OutOfBounds(AcmeError):
    """A number is out of bounds."""

    description = "{name} is not from {minimum} to {maximum}: {value}"


row = partial(Parameter, source=documented("001", "a row"), not_text=NotText)


def parsed(kind: Kind, sent: Any) -> Any:
    return parse_parameters((row("x", kind),), {"x": sent})["x"]


@pytest.mark.parametrize(
    ("kind", "sent", "value"),
    [
        (text(), "żółć", "żółć"),
        (text(), 12, "12"),
        (text(3, TooLong), "🙂🙂🙂", "🙂🙂🙂"),
        (matching("1?([0-9]{3})", Wrong), "1234", "1234"),
        (matching("1?([0-9]{3})", Wrong, lambda found: found[1]), "1234", "234"),
        (day(Wrong), "2024-02-29", date(2024, 2, 29)),
        (day(Wrong, "YYYYMMDD"), "20240229", date(2024, 2, 29)),
        (day(Wrong, "DD.MM.YYYY"), "29.02.2024", date(2024, 2, 29)),
        (integer(OutOfBounds, 1, 500), "007", 7),
        (integer(OutOfBounds, 1, 500), 500, 500),
        (integer(OutOfBounds, 0, 500), "0" * 5000, 0),
        (choice(("asc", "desc"), Wrong), "desc", "desc"),
        (choice({"MO": "inbound"}, Wrong), "MO", "inbound"),
        (flag(Wrong), "TRUE", True),
        (flag(Wrong), False, False),
        (flag(Wrong, {"yes": True, "none": None}), "none", None),
        (list_of(integer(OutOfBounds, 1, 9)), "1,2, ,3", (1, 2, 3)),
        (list_of(integer(OutOfBounds, 1, 9), ";"), ["1;2", None, 3], (1, 2, 3)),
    ],
)
def test_a_kind_takes_its_values(kind: Kind, sent: Any, value: Any) -> None:
    assert value == parsed(kind, sent)


@pytest.mark.parametrize(
    ("kind", "sent", "error"),
    [
        (text(), b"\xff".decode("utf-8", "surrogateescape"), NotText),
        (text(), ["x"], NotText),
        (text(), True, NotText),
        (text(), 1.5, NotText),
        (text(3, TooLong), "four", TooLong),
        (matching("[0-9]+", Wrong), "٣", Wrong),
        (matching("[0-9]+", Wrong), "1\n", Wrong),
        (matching(".*", Wrong, lambda found: int(found[0])), "x", Wrong),
        (day(Wrong), "2023-02-29", Wrong),
        (day(Wrong), "20230228", Wrong),
        (day(Wrong), "0000-01-01", Wrong),
        (integer(OutOfBounds, 1, 500), "501", OutOfBounds),
        (integer(OutOfBounds, 1, 500), "0", OutOfBounds),
        (integer(OutOfBounds, 1, 500), "-1", OutOfBounds),
        (integer(OutOfBounds, 1, 500), "9" * 5000, OutOfBounds),
        (integer(OutOfBounds, 1, 500, "[0-9]{1,2}"), "007", OutOfBounds),
        (choice(("asc", "desc"), Wrong), "ASC", Wrong),
        (flag(Wrong), "yes", Wrong),
        (flag(Wrong), 1.0, Wrong),
        (list_of(integer(OutOfBounds, 1, 9)), "1,10", OutOfBounds),
        (list_of(text()), [["1"]], NotText),
    ],
)
def test_a_kind_turns_other_values_down(kind: Kind, sent: Any, error: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as raised:
        parsed(kind, sent)

    assert error is type(raised.value)
    assert "x" == raised.value.facts["name"]


def test_an_error_says_the_bounds_of_its_kind() -> None:
    with pytest.raises(OutOfBounds, match=r"^x is not from 1 to 500: 501$"):
        parsed(integer(OutOfBounds, 1, 500), "501")


def test_an_error_says_how_long_a_text_is() -> None:
    with pytest.raises(TooLong, match=r"^x has 4 characters$"):
        parsed(text(3, TooLong), "four")


def test_an_error_quotes_the_row_of_its_parameter_only_where_it_is_of_that_sort() -> None:
    parameter = row("x", choice(("a",), Wrong), missing=Missing)

    assert documented("001", "a row", "AC-1") == parameter.error(Missing).source
    assert assumed("AC-1") == parameter.error(Wrong, value="b").source


TABLE = (
    row("to", text(), missing=Missing, spellings=("recipient", "phone")),
    row("sort", choice(("asc", "desc"), Wrong), field="order"),
    row("text", text(3, TooLong), missing=Missing),
)


def test_values_are_read_by_field_in_the_order_of_the_table() -> None:
    values = parse_parameters(TABLE, {"text": "hi", "sort": "asc", "to": "1", "other": "x"})

    assert [("to", "1"), ("order", "asc"), ("text", "hi")] == list(values.items())


def test_another_spelling_is_read_where_the_first_was_not_sent() -> None:
    assert "2" == parse_parameters(TABLE, {"phone": "2", "text": "hi"})["to"]
    assert "1" == parse_parameters(TABLE, {"phone": "2", "to": "1", "text": "hi"})["to"]


@pytest.mark.parametrize("blank", [{"to": "1"}, {"to": "1", "text": ""}])
def test_what_is_required_must_be_there_and_not_blank(blank: dict[str, str]) -> None:
    with pytest.raises(Missing, match=r"^text is missing$"):
        parse_parameters(TABLE, blank)


def test_the_first_row_that_is_wrong_decides_and_what_is_missing_may_come_last() -> None:
    sent = {"text": "four"}

    with pytest.raises(Missing, match=r"^to is missing$"):
        parse_parameters(TABLE, sent)
    with pytest.raises(TooLong):
        parse_parameters(TABLE, sent, missing_last=True)


def test_which_values_are_blank_is_the_provider_s_to_say() -> None:
    optional = (row("x", text()),)

    assert {} == parse_parameters(optional, {"x": ""})
    assert {"x": ""} == parse_parameters(optional, {"x": ""}, blank=())
    assert {} == parse_parameters(optional, {"x": None}, blank=(None, "", []))


def test_a_row_knows_every_error_that_it_leads_to_and_its_values_as_json_schema() -> None:
    rows = {each.name: each for each in TABLE}

    assert (Missing, NotText, TooLong) == rows["text"].errors
    assert (NotText, Wrong) == rows["sort"].errors
    assert {"type": "string", "maxLength": 3} == rows["text"].kind.schema
    assert {"type": "string", "enum": ["asc", "desc"]} == rows["sort"].kind.schema
    assert {"type": "integer", "minimum": 1, "maximum": 9} == integer(OutOfBounds, 1, 9).schema
