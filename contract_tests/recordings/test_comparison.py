"""Recorded responses are compared with ours by structure, and what a provider makes up is matched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest

from mockserver.har import RecordedExchange
from mockserver.recordings.comparison import ResponseDifference, compare_responses
from mockserver.recordings.correspondence import Correspondence
from mockserver.sdk import GeneratedField
from mockserver.sdk.response import Response

JSON = (("Content-Type", "application/json"),)
XML = (("Content-Type", "text/xml"),)
ID = GeneratedField("items[].id", "identifier")


def exchange(body: bytes, headers: tuple[tuple[str, str], ...] = JSON, status: int = 200) -> RecordedExchange:
    return RecordedExchange(
        index=0,
        started=0,
        method="GET",
        url="https://a.example/",
        status=status,
        response_headers=headers,
        response_body=body,
    )


def compare(
    recorded: bytes,
    ours: bytes,
    fields: Sequence[GeneratedField] = (),
    known: Correspondence | None = None,
    headers: tuple[tuple[str, str], ...] = JSON,
    operation: str = "contacts.index",
) -> tuple[ResponseDifference, ...]:
    return compare_responses(
        exchange(recorded, headers), Response(200, headers, ours), known or Correspondence(), fields, operation
    )


def compare_json(recorded: Any, ours: Any, *fields: GeneratedField, **more: Any) -> tuple[ResponseDifference, ...]:
    return compare(orjson.dumps(recorded), orjson.dumps(ours), fields, **more)


def test_the_same_structure_with_other_spaces_and_another_order_of_members_has_no_difference() -> None:
    assert compare(b'{"a": 1, "b": [true, null]}', b'{"b":[true,null],"a":1}') == ()


@pytest.mark.parametrize(
    ("recorded", "ours", "difference"),
    [
        ({"a": 1}, {"a": 2}, ResponseDifference("a", "1", "2", "the values differ")),
        ({"a": 1}, {"a": "1"}, ResponseDifference("a", "1", '"1"', "the recording has a whole number, ours a text")),
        (
            {"a": 1},
            {"a": 1.0},
            ResponseDifference("a", "1", "1.0", "the recording has a whole number, ours a fraction"),
        ),
        (
            {"a": 1},
            {"a": True},
            ResponseDifference("a", "1", "true", "the recording has a whole number, ours a boolean"),
        ),
        ({"a": {"b": [1]}}, {"a": {}}, ResponseDifference("a.b", "[1]", None, "ours has none")),
        ({}, {"a": None}, ResponseDifference("a", None, "null", "the recording has none")),
        ({"a": [1, 2]}, {"a": [2]}, ResponseDifference("a", "2 items", "1 item", "the numbers of items differ")),
        (
            {"a": [{"b": 1}, {"b": 2}]},
            {"a": [{"b": 1}, {"b": 3}]},
            ResponseDifference("a[1].b", "2", "3", "the values differ"),
        ),
        ([], {}, ResponseDifference("", "[]", "{}", "the recording has a list, ours an object")),
    ],
)
def test_a_difference_of_json_has_its_place_both_values_and_a_reason(
    recorded: Any, ours: Any, difference: ResponseDifference
) -> None:
    assert compare_json(recorded, ours) == (difference,)


@pytest.mark.parametrize(
    ("recorded", "ours", "difference"),
    [
        ("<a><b>1</b></a>", "<a><b>2</b></a>", ResponseDifference("a.b", '"1"', '"2"', "the values differ")),
        ("<a><b/></a>", "<a/>", ResponseDifference("a.b", "<b></b>", None, "ours has none")),
        ("<a/>", '<a><b c="1">x</b></a>', ResponseDifference("a.b", None, '<b c="1">x</b>', "the recording has none")),
        ("<a><b/><b/></a>", "<a><b/></a>", ResponseDifference("a.b", "2 elements", "1 element", "the numbers of elements differ")),
        ("<a><b/><b>1</b></a>", "<a><b/><b>2</b></a>", ResponseDifference("a.b[1]", '"1"', '"2"', "the values differ")),
        ("<a><b/><c/></a>", "<a><c/><b/></a>", ResponseDifference("a", "b c", "c b", "the elements have another order")),
        ('<a b="1"/>', '<a b="2"/>', ResponseDifference("a.@b", '"1"', '"2"', "the values differ")),
        ("<a/>", "<b/>", ResponseDifference("", "a", "b", "the root elements have different names")),
        ("<a>1</a>", "<a><b/></a>", ResponseDifference("a", "<a>1</a>", "<a><b></b></a>", "one has text, the other has elements")),
        (
            "<!DOCTYPE a [ <!ELEMENT a ANY>\n]><a/>",
            "<a/>",
            ResponseDifference("$doctype", "<!DOCTYPE a [ <!ELEMENT a ANY> ]>", None, "the document type declarations differ"),
        ),
    ],
)  # fmt: skip
def test_a_difference_of_xml_has_its_place_both_values_and_a_reason(
    recorded: str, ours: str, difference: ResponseDifference
) -> None:
    assert compare(recorded.encode(), ours.encode(), headers=XML) == (difference,)


def test_space_between_elements_and_the_way_of_writing_a_text_are_no_difference() -> None:
    recorded = b'<?xml version="1.0"?>\n<a>\n  <b><![CDATA[1 & 2]]></b>\n  <c/>\n</a>\n'
    assert compare(recorded, b"<a><b>1 &amp; 2</b><c></c></a>", headers=XML) == ()


def test_a_declaration_that_declares_an_element_twice_is_read() -> None:
    body = b"<!DOCTYPE a [ <!ELEMENT b ANY> <!ELEMENT b ANY> ]><a><b>1</b></a>"
    assert compare(body, body.replace(b"1", b"2"), headers=XML) == (
        ResponseDifference("a.b", '"1"', '"2"', "the values differ"),
    )


def test_escapes_of_json_are_a_difference_of_their_own() -> None:
    found = compare('{"a":"ż"}'.encode(), b'{"a":"\\u017c"}')
    assert found == (
        ResponseDifference(
            "$escapes", "as they are", "as escapes", "JSON writes characters beyond ASCII in different ways"
        ),
    )


def test_bodies_of_different_formats_are_one_difference() -> None:
    assert compare(b"<a/>", b"{}") == (
        ResponseDifference("$format", "XML", "JSON", "the bodies have different formats"),
    )
    assert compare(b"failed", b"done") == (ResponseDifference("$text", '"failed"', '"done"', "the values differ"),)


def test_status_and_headers_that_tell_a_client_what_to_do_are_compared() -> None:
    recorded = exchange(b"", (("Content-Type", "text/xml; charset=UTF-8"), ("Server", "nginx")), 401)
    ours = Response(403, (("content-type", 'text/xml;charset="utf-8"'), ("Allow", "POST")), b"")
    assert compare_responses(recorded, ours, Correspondence(), (), "") == (
        ResponseDifference("status", "401", "403", "the statuses differ"),
        ResponseDifference("header Allow", None, "POST", "the recording has none"),
    )


# -- what a provider makes up ---------------------------------------------------------------------------------------


def items(*ids: object) -> Mapping[str, Any]:
    return {"items": [{"id": each} for each in ids]}


def test_identifiers_may_be_others_but_must_stay_the_same_ones() -> None:
    known = Correspondence()
    assert compare_json(items(1, 2), items(8, 9), ID, known=known) == ()
    assert compare_json(items(2, 1), items(9, 8), ID, known=known, operation="contacts.view") == ()
    assert compare_json(items(1), items(9), ID, known=known) == (
        ResponseDifference("items[0].id", "1", "9", "the recording has this identifier before, where ours was 8"),
    )
    assert compare_json(items(3), items(9), ID, known=known) == (
        ResponseDifference("items[0].id", "3", "9", "ours has this identifier before, where the recording had 2"),
    )


def test_an_identifier_of_another_type_is_a_difference() -> None:
    assert compare_json(items(1), items("8"), ID) == (
        ResponseDifference("items[0].id", "1", '"8"', "the recording has a whole number, ours a text"),
    )


def test_identifiers_of_different_things_are_matched_apart() -> None:
    known = Correspondence()
    of_group = GeneratedField("items[].group_id", "identifier", ("contacts.index",), "group")
    group = GeneratedField("items[].id", "identifier", ("groups.index",), "group")
    contact = GeneratedField("items[].id", "identifier", ("contacts.index",))
    fields = (of_group, group, contact)
    assert compare_json(items(5), items(77), *fields, known=known, operation="groups.index") == ()
    recorded, ours = {"items": [{"id": 5, "group_id": 5}]}, {"items": [{"id": 77, "group_id": 77}]}
    assert compare_json(recorded, ours, *fields, known=known) == ()
    ours["items"][0]["group_id"] = 78
    assert [each.path for each in compare_json(recorded, ours, *fields, known=known)] == ["items[0].group_id"]


@pytest.mark.parametrize(
    ("recorded", "ours", "reason"),
    [
        ("2026-06-01 14:00:00", "2026-06-01 14:00:05", None),
        ("2026-06-01 14:00:00", "2026-06-01 14:00:06", "ours is 6 s later"),
        ("2026-06-01 14:00:00", "2026-06-01 12:30:00", "ours is 1 h 30 min earlier"),
        ("2026-06-01 14:00:00", "2026-06-01T14:00:00", "the instants are written in different forms"),
        ("2026-06-01T14:00:00.000Z", "2026-06-01T14:00:01.999Z", None),
        ("2026-06-01T14:00:00Z", "2026-06-01T14:00:00+00:00", "the instants are written in different forms"),
        ("06/01/2026 02:00:00 PM", "06/01/2026 02:00:01 PM", None),
        ("1780322400", "1780322402", None),
        ("1780322400000", "1780322410000", "ours is 10 s later"),
        ("Mon, 01 Jun 2026 14:00:00 GMT", "Mon, 01 Jun 2026 14:00:01 GMT", None),
        ("later", "sooner", "the values differ, and are no instants that can be read"),
        ("", "2026-06-01 14:00:00", "one is empty"),
    ],
)
def test_instants_have_the_same_form_and_nearly_the_same_time(recorded: str, ours: str, reason: str | None) -> None:
    found = compare_json({"at": recorded}, {"at": ours}, GeneratedField("at", "instant"))
    assert [each.reason for each in found] == ([] if reason is None else [reason])


def test_a_text_may_be_another_but_the_same_text_always_the_same() -> None:
    known, text = Correspondence(), GeneratedField("*.text", "text")
    recorded = {"a": {"text": "No."}, "b": {"text": "No."}}
    assert compare_json(recorded, {"a": {"text": "Nein."}, "b": {"text": "Nein."}}, text, known=known) == ()
    assert compare_json(recorded, {"a": {"text": "Nein."}, "b": {"text": "Ach."}}, text, known=known) == (
        ResponseDifference("b.text", '"No."', '"Ach."', "the recording has this text before, where ours was 'Nein.'"),
    )


def test_one_element_of_xml_is_the_place_of_each_of_several() -> None:
    field, known = GeneratedField("a.b[].id", "identifier"), Correspondence()
    assert compare(b"<a><b><id>1</id></b></a>", b"<a><b><id>8</id></b></a>", (field,), known, XML) == ()
    several = compare(
        b"<a><b><id>2</id></b><b><id>1</id></b></a>", b"<a><b><id>9</id></b><b><id>7</id></b></a>", (field,), known, XML
    )
    assert several == (
        ResponseDifference("a.b[1].id", '"1"', '"7"', "the recording has this identifier before, where ours was 8"),
    )
