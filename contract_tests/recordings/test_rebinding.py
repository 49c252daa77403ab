"""Recorded identifiers in a request are replaced by ours, of the thing that the parameter names, and nothing else is."""

from __future__ import annotations

from contract_tests.installed import INSTALLED
from mockserver.recordings.correspondence import Correspondence
from mockserver.recordings.rebinding import Rebinding

FORM = "application/x-www-form-urlencoded"


def rebinding(*pairs: tuple[str, str, str], provider: str = "serwersms") -> Rebinding:
    """Return what replaces identifiers, each given by the thing, the recorded identifier and ours."""
    known = Correspondence()
    for thing, recorded, ours in pairs:
        assert known.match_identifier(thing, recorded, ours) is None
    return Rebinding(INSTALLED.by_name[provider], known)


def test_an_identifier_is_that_of_the_thing_that_the_operation_is_about() -> None:
    found = rebinding(
        ("contact", "5", "50"), ("group", "5", "77"), ("outbound message", "5", "a1"), ("template", "6", "60")
    )
    for operation, expected in {
        "contacts.view": "50",
        "contacts.edit": "50",
        "groups.view": "77",
        "groups.delete": "77",
        "messages.reports": "a1",
        "messages.delete": "a1",
    }.items():
        assert found.body(b"id=5", FORM, operation) == f"id={expected}".encode(), operation


def test_an_identifier_is_that_of_the_thing_that_the_parameter_names() -> None:
    found = rebinding(("contact", "5", "50"), ("group", "5", "77"))
    assert found.body(b"id=5&group_id=5", FORM, "contacts.edit") == b"id=50&group_id=77"
    assert found.body(b'{"id": 5, "group_id": ["5", 5]}', "application/json", "contacts.edit") == (
        b'{"id":50,"group_id":["77",77]}'
    )


def test_an_identifier_that_is_the_same_is_kept_although_another_thing_has_another() -> None:
    found = rebinding(("contact", "5", "5"), ("group", "5", "77"))
    assert found.body(b"id=5", FORM, "contacts.view") == b"id=5"


def test_each_identifier_is_replaced_once() -> None:
    found = rebinding(("contact", "1", "2"), ("contact", "2", "3"), ("contact", "3", "1"))
    assert found.body(b"id=1,2,3", FORM, "contacts.delete") == b"id=2%2C3%2C1"
    assert found.body(b"id[]=1&id[]=2&id[0]=3", FORM, "contacts.delete") == b"id[]=2&id[]=3&id[0]=1"
    assert found.body(b'{"id":[1,2,3]}', "application/json", "contacts.delete") == b'{"id":[2,3,1]}'


def test_the_rest_of_a_request_keeps_its_bytes() -> None:
    found = rebinding(("contact", "1", "2"))
    body = b"name=%c5%BB+x&id=1&&empty=&=&page=1&phone=1&text=1"
    assert found.body(body, FORM, "contacts.edit") == body.replace(b"&id=1&", b"&id=2&")
    assert found.body(b'{"page":1, "text":"1"}', "application/json", "contacts.edit") == b'{"page":1, "text":"1"}'
    assert found.target("/contacts/1/view.json", "a=%20&id=1", "contacts.view") == (
        "/contacts/1/view.json",
        "a=%20&id=2",
    )


def test_parts_of_a_multipart_body_are_replaced_but_files_are_not() -> None:
    found = rebinding(("contact", "1", "22"))
    parts = (
        b'--b\r\nContent-Disposition: form-data; name="id"\r\n\r\n%s\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file_id"; filename="a"\r\n\r\n1\r\n--b--\r\n'
    )
    assert found.body(parts % b"1", "multipart/form-data; boundary=b", "contacts.edit") == parts % b"22"


def test_what_cannot_be_read_is_kept() -> None:
    found = rebinding(("contact", "1", "2"))
    for body in (b"{", b'{"id":', b"[" * 5000, b"--", b"\xff\xfe"):
        for kind in ("application/json", "multipart/form-data", FORM, "", "image/png"):
            assert found.body(body, kind, "contacts.edit") == body
