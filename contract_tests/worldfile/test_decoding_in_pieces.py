"""Large bodies of the control API are decoded in pieces: no test measures time, they count what one call decodes."""

from __future__ import annotations

from random import Random
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from werkzeug.test import Client

from mockserver.app import Service
from mockserver.sdk.request import MOST_VALUES
from mockserver.validation import json_pieces
from mockserver.validation.json_pieces import PIECE, PieceDecoder

SNAPSHOT = "/_mock/worlds/default/snapshot"
ROW = {
    "at": "2026-06-01T12:00:00Z",
    "direction": "outbound",
    "sender": "5554332111",
    "recipient": "5556667777",
    "text": "x",
}
ROWS = [{"id": str(number), **ROW} for number in range(5_000)]
CONTACTS = [{"phone": f"+{48_500_000_000 + number}", "first_name": "x"} for number in range(5_000)]


def file(provider: str, **parts: Any) -> dict[str, Any]:
    return {"format": 2, "accounts": [{"provider": provider, "name": "a", "logins": ["pair"], **parts}]}


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of bytes of each call that decodes JSON in pieces."""
    sizes: list[int] = []

    def loads(raw: bytes) -> Any:
        sizes.append(len(raw))
        return orjson.loads(raw)

    monkeypatch.setattr(json_pieces, "orjson", SimpleNamespace(loads=loads, JSONDecodeError=orjson.JSONDecodeError))
    return sizes


def value(random: Random, level: int = 0) -> Any:
    """Return a random value with the marks of JSON in its texts."""
    kind = random.random()
    if level > 5 or kind < 0.35:
        return random.choice([1, -2.5, None, True, "", "a,b", 'q"[{\\', "ł]}", "x" * random.randrange(30)])
    if kind < 0.7:
        return [value(random, level + 1) for _ in range(random.randrange(8))]
    names = ["", "a", 'c"', "[", *(f"k{number}" for number in range(9))]
    return {random.choice(names): value(random, level + 1) for _ in range(random.randrange(8))}


def damaged(random: Random, raw: bytes) -> bytes:
    """Return a document with a mark too much, or a byte too few."""
    place = random.randrange(len(raw))
    mark = random.choice([b",", b"]", b"[", b"{", b"}", b'"', b":", b"\\", b"1", b"\xff"])
    return (
        raw[:place] + mark + raw[place + random.randrange(2) :]
        if random.random() < 0.6
        else raw[:place] + raw[place + 1 :]
    )


def outcome(decode: Any) -> Any:
    try:
        return decode()
    except orjson.JSONDecodeError as reason:
        return str(reason)


@pytest.mark.parametrize("piece", [1, 7, 60, 400])
def test_a_document_in_pieces_is_decoded_like_a_whole_one(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_pieces, "PIECE", piece)
    random = Random(piece)
    for number in range(1_000):
        raw = orjson.dumps(value(random), option=orjson.OPT_INDENT_2 if number % 3 == 0 else None)
        if number % 2:
            raw = damaged(random, raw)
        assert outcome(lambda raw=raw: orjson.loads(raw)) == outcome(PieceDecoder(raw).decode), raw


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"b":[%b{}],"b":2,"c":[%b1]}' % (b"{}," * PIECE, b"1," * PIECE),
        b'[["%b"],[%b[]]]' % (b'\\"' * PIECE, b"[[0],0]," * PIECE),
        b'{"a":{%b"":0},"":{"a":[%b""]}}' % (b'"k":{"l":[]},' * PIECE, '"ł,]",'.encode() * PIECE),
    ],
    ids=["objects and numbers", "lists and a long text", "names and texts"],
)
def test_one_call_decodes_no_more_than_a_piece_and_a_text(raw: bytes, decoded: list[int]) -> None:
    decoder = PieceDecoder(raw)
    document: Any = decoder.decode()
    assert orjson.loads(raw) == document
    longest_text = 2 * PIECE if b"\\" in raw else 0
    assert max(decoded) < PIECE + longest_text + 1_000

    members = document if isinstance(document, list) else list(document.values())
    inner = [each for each in members if isinstance(each, list | dict) and len(each) > 1]
    decoder.release()

    assert ([], []) == ([document] * bool(document), [each for each in inner if each])


@pytest.mark.parametrize(
    ("beginning", "mistake", "message"),
    [
        (b'{"format":2,"accounts":[', b"{}", "accounts[0].provider: is missing"),
        (b'{"scheduled":[', b"[]", "scheduled[0]: an empty list is not a scheduled message"),
        (
            orjson.dumps(file("dialogtech", messages=ROWS))[:-4] + b",",
            b'{"id":"x"}',
            "accounts[0].messages[5000].direction: is missing",
        ),
        (
            orjson.dumps(file("serwersms", contacts=CONTACTS))[:-4] + b",",
            b"1",
            "accounts[0].contacts[5000]: 1 is not a contact",
        ),
    ],
    ids=["accounts", "scheduled", "messages", "contacts"],
)
@pytest.mark.parametrize("path", ["load", "create"])
def test_a_world_file_is_rejected_after_a_hundred_mistakes_and_its_rest_is_not_decoded(
    beginning: bytes, mistake: bytes, message: str, path: str, service: Service, decoded: list[int]
) -> None:
    body = beginning + (mistake + b",") * 400_000  # which nothing closes, so it is not looked at
    client = Client(service.app)
    if path == "load":
        rejected = client.put(SNAPSHOT, data=body)
    else:
        rejected = client.post("/_mock/worlds", data=b'{"snapshot":' + body)

    assert 400 == rejected.status_code
    assert f"{'snapshot.' * (path == 'create')}{message}" in rejected.get_json()["error"]["message"]
    assert sum(decoded) < len(beginning) + 3 * PIECE


def test_a_large_world_file_is_loaded_in_pieces(service: Service, decoded: list[int]) -> None:
    client = Client(service.app)
    body = orjson.dumps(file("dialogtech", messages=ROWS))

    loaded = client.put(SNAPSHOT, data=body)
    saved = client.get(f"{SNAPSHOT}").get_json()

    assert (200, ROWS) == (loaded.status_code, saved["accounts"][0]["messages"])
    assert max(decoded) < PIECE + 1_000


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"fields":[' + b"{}," * MOST_VALUES + b"{}]}", f"the body has more than {MOST_VALUES} values"),
        (b'{"fields":{%b"a":1}}' % (b'"a":1,' * MOST_VALUES), f"the body has more than {MOST_VALUES} values"),
        (b'{"fields":' + b"[" * 65 + b"]" * 65 + b"}", "the body has more than 64 levels"),
    ],
    ids=["objects", "keys", "levels"],
)
def test_any_other_body_of_too_many_values_is_rejected_before_it_is_decoded(
    body: bytes, message: str, service: Service, decoded: list[int]
) -> None:
    rejected = Client(service.app).post("/_mock/worlds/default/inbound", data=body)

    assert (400, message) == (rejected.status_code, rejected.get_json()["error"]["message"])
    assert [] == decoded


@pytest.mark.parametrize("place", [10, PIECE - 1, PIECE, 3 * PIECE + 5])
def test_the_place_of_a_byte_that_is_not_utf_8_is_named(place: int, service: Service) -> None:
    body = b'"' + b"x" * (place - 1) + b"\xff" + b"x" * PIECE

    rejected = Client(service.app).put(SNAPSHOT, data=body)

    assert f"the body is not UTF-8 (byte 0xff at {place})" == rejected.get_json()["error"]["message"]
