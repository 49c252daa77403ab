"""World files: what they contain, and how a wrong one is rejected."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract_tests.installed import INSTALLED
from mockserver import worldfile as snapshots
from mockserver.engine.accounts import Login, Number
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.message_store import MessageStore
from mockserver.engine.messages import Message, account_key
from mockserver.validation import json_schema
from mockserver.worldfile import Rules, WorldFileError
from mockserver.worldfile import rules as checking
from mockserver.worldfile.chunked_reader import CHUNK
from mockserver.worldfile.fast_validation import MessageChecker

variant = import_module("mockserver.worldfile.load")  # the package has a function of that name

ROOT = Path(__file__).parents[2]
SCHEMA = orjson.loads((ROOT / "mockserver/providers/dialogtech/world.schema.json").read_bytes())


@dataclass
class Switch:
    name: str
    variants: tuple[str, ...]
    any_zone: bool = False


SWITCHES = (Switch("dialogtech.get_messages.envelope", ("sample", "dtd")), Switch("dialogtech.zone", ("UTC",), True))
RULES = Rules({"dialogtech": SCHEMA}, {switch.name: switch for switch in SWITCHES})

INBOUND = {
    "id": "177931295",
    "direction": "inbound",
    "sender": "5554443210",
    "recipient": "5554332111",
    "at": "2017-01-01T09:30:00Z",
    "text": "Hi.",
}
OUTBOUND = {
    "id": "131086044",
    "direction": "outbound",
    "sender": "5554332111",
    "recipient": "5554443210",
    "at": "P3DT4H",
    "text": "Hi!",
}
WORLD = {
    "format": 2,
    "about": "A small shop.",
    "variants": {"dialogtech.get_messages.envelope": "dtd", "dialogtech.zone": "Europe/Warsaw"},
    "accounts": [
        {
            "provider": "dialogtech",
            "name": "shop",
            "logins": [{"user": "foo", "secret": "bar"}, {"user": "a-key"}, {"user": "b-key", "secret": None}],
            "numbers": [
                {"number": "5554332111", "url": "http://127.0.0.1/x?y=1", "dlr_url": None, "sms_enabled": False},
                {"number": "5554443210"},
            ],
            "messages": [INBOUND, OUTBOUND],
        },
        {"provider": "dialogtech", "name": "empty", "logins": [{"user": "unknown"}]},
    ],
}


def changed(*path, to=..., key=None):
    """The world file with one thing changed; ``...`` removes it, ``key`` renames it."""
    world = copy.deepcopy(WORLD)
    parent = world
    for step in path[:-1]:
        parent = parent[step]
    if key is not None:
        parent[key] = parent.pop(path[-1])
    elif to is ...:
        del parent[path[-1]]
    elif isinstance(parent, list) and path[-1] == len(parent):
        parent.append(to)
    else:
        parent[path[-1]] = to
    return world


def error(world, rules=RULES):
    with pytest.raises(WorldFileError) as rejected:
        snapshots.parse(copy.deepcopy(world), rules)
    return str(rejected.value)


# What they say


def test_accounts_with_their_logins_and_numbers_are_read():
    shop, empty = snapshots.parse(WORLD, RULES).accounts
    assert shop.key == "dialogtech/shop"
    assert shop.logins == (Login("foo", "bar"), Login("a-key"), Login("b-key"))
    assert shop.numbers == {
        "5554332111": Number("5554332111", sms_enabled=False, url="http://127.0.0.1/x?y=1"),
        "5554443210": Number("5554443210"),
    }
    assert empty.numbers == {}


def test_variants_are_read():
    assert snapshots.parse(WORLD, RULES).variants == WORLD["variants"]


def test_a_message_at_an_instant_is_fixed_and_one_at_a_duration_is_relative():
    fixture = snapshots.parse(WORLD, RULES)
    birth = parse_instant("2026-11-22T12:00:00Z")
    message_store = MessageStore(((fixture.fixed, 0), (fixture.relative, birth)))
    at = parse_instant("2017-01-01T09:30:00Z")
    assert message_store.page(account_key("dialogtech/shop"), 0, birth) == [
        Message(0, "dialogtech/shop", "177931295", "inbound", "5554443210", "5554332111", at, "Hi."),
        Message(
            1,
            "dialogtech/shop",
            "131086044",
            "outbound",
            "5554332111",
            "5554443210",
            birth - (3 * 24 + 4) * 3600 * SECOND,
            "Hi!",
        ),
    ]


def test_messages_of_one_instant_keep_the_order_of_the_file():
    rows = [{**INBOUND, "id": str(number), "text": f"{number}"} for number in (3, 1, 2)]
    fixture = snapshots.parse(changed("accounts", 0, "messages", to=rows), RULES)
    message_store = MessageStore(((fixture.fixed, 0),))
    page = message_store.page(account_key("dialogtech/shop"), 0, parse_instant("2020-01-01T00:00:00Z"))
    assert [(message.serial, message.id) for message in page] == [(0, "3"), (1, "1"), (2, "2")]


def test_numbering_goes_on_behind_the_highest_identifier_of_each_direction():
    assert snapshots.parse(WORLD, RULES).sequences == {
        "dialogtech.inbound": 177931296,
        "dialogtech.outbound": 131086045,
    }


@pytest.mark.parametrize(
    ("at", "same"),
    [
        ("2017-01-01T09:30:00", "2017-01-01T09:30:00Z"),
        ("2017-01-01T10:30:00+01:00", "2017-01-01T09:30:00Z"),
        ("2017-01-01T09:30:00.25Z", "2017-01-01T09:30:00.250000Z"),
        ("P1W", "P7D"),
        ("PT36H", "P1DT12H"),
        ("PT0.5S", "PT0.500000S"),
    ],
)
def test_an_instant_or_duration_may_be_written_in_several_ways(at, same):
    def times(text):
        fixture = snapshots.parse(changed("accounts", 0, "messages", 0, "at", to=text), RULES)
        return [[row.at for row in segment.rows] for segment in (fixture.fixed, fixture.relative)]

    assert times(at) == times(same)


def test_what_is_written_is_read_back(tmp_path):
    snapshots.save(tmp_path / "world.json", WORLD)
    assert orjson.loads((tmp_path / "world.json").read_bytes()) == WORLD
    assert snapshots.load(tmp_path / "world.json", RULES).accounts == snapshots.parse(WORLD, RULES).accounts


def test_every_message_is_written_on_a_line_of_its_own():
    written = b"".join(snapshots.lines(WORLD)).decode()
    assert written.endswith(
        '"messages": [\n'
        '{"id":"177931295","direction":"inbound","sender":"5554443210","recipient":"5554332111",'
        '"at":"2017-01-01T09:30:00Z","text":"Hi."},\n'
        '{"id":"131086044","direction":"outbound","sender":"5554332111","recipient":"5554443210",'
        '"at":"P3DT4H","text":"Hi!"}\n'
        "]\n},\n"
        '{\n"provider": "dialogtech",\n"name": "empty",\n"logins": [\n{"user":"unknown"}\n]\n}\n]\n}\n'
    )


def test_a_file_that_cannot_be_written_whole_leaves_what_was_there(tmp_path):
    path = tmp_path / "world.json"
    path.write_text("before")

    def accounts():
        yield WORLD["accounts"][0]
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        snapshots.save(path, {**WORLD, "accounts": accounts()})
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_importing_the_module_imports_no_check_and_not_what_large_files_need():
    late = {"jsonschema", "fastjsonschema", "mockserver.worldfile.chunked_reader"}
    program = f"import sys, mockserver.worldfile; print({late} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


# How a wrong one is rejected

WHEN = "an instant (2017-01-01T09:30:00Z) or a duration back from the world's start (P3DT4H)"
ACCOUNT = ("accounts", 0)
MESSAGE = ("accounts", 0, "messages", 1)
NUMBER = ("accounts", 0, "numbers", 0)

MISSING = "install the package that offers it, or keep it unread with --keep-unknown (keep_unknown)"
REJECTED = [
    ([], "an empty list is not an object with 'format' and 'accounts'"),
    (None, "null is not an object with 'format' and 'accounts'"),
    (changed("format"), "format: is missing"),
    (changed("format", to=3), "format: 3 is not 2, the present format"),
    (changed("format", to=True), "format: true is not 2, the present format"),
    (changed("format", key="mockserver"), "mockserver: 2 is not 1; newer files begin with 'format': 2"),
    (changed("accounts", key="acounts"), "acounts: unknown key; did you mean 'accounts'?"),
    (changed("accounts", to={}), "accounts: an empty object is not a list of accounts"),
    (changed("about", to=7), "about: 7 is not a sentence"),
    (changed("variants", to=[]), "variants: an empty list is not an object of variants"),
    (
        changed("variants", "dialogtech.zone", key="dialogtech.zon"),
        "variants.dialogtech.zon: unknown variant; did you mean 'dialogtech.zone'?",
    ),
    (
        changed("variants", "dialogtech.zone", key="tempo"),
        "variants.tempo: unknown variant; there is dialogtech.get_messages.envelope, dialogtech.zone",
    ),
    (
        changed("variants", "dialogtech.get_messages.envelope", to="DTD"),
        "variants.dialogtech.get_messages.envelope: 'DTD' is not 'sample' or 'dtd'",
    ),
    (
        changed("variants", "dialogtech.zone", to="Europe/Atlantis"),
        "variants.dialogtech.zone: 'Europe/Atlantis' is not 'UTC' or the IANA name of a time zone",
    ),
    (
        changed("variants", "dialogtech.zone", to="../../etc/passwd"),
        "variants.dialogtech.zone: '../../etc/passwd' is not 'UTC' or the IANA name of a time zone",
    ),
    (
        changed("variants", "dialogtech.zone", to=None),
        "variants.dialogtech.zone: null is not 'UTC' or the IANA name of a time zone",
    ),
    (changed("accounts", 1, to="shop"), "accounts[1]: 'shop' is not an account (an object with 'provider' and 'name')"),
    (changed(*ACCOUNT, "provider"), "accounts[0].provider: is missing"),
    (
        changed(*ACCOUNT, "provider", to="twilio"),
        "accounts[0].provider: no provider 'twilio' is installed; there is dialogtech; " + MISSING,
    ),
    (changed(*ACCOUNT, "name", to=None), "accounts[0].name: null is not a name"),
    (
        changed(*ACCOUNT, "name", to="My Shop"),
        "accounts[0].name: 'My Shop' is not a name of 1 to 64 small letters, digits and hyphens",
    ),
    (
        changed(*ACCOUNT, "name", to="shop\n"),
        "accounts[0].name: 'shop\\n' is not a name of 1 to 64 small letters, digits and hyphens",
    ),
    (
        changed(*ACCOUNT, "contacts", to=[]),
        "accounts[0].contacts: unknown key; there is provider, name, logins, numbers, messages",
    ),
    (changed(*ACCOUNT, "logins"), "accounts[0].logins: is missing"),
    (changed(*ACCOUNT, "logins", to=[]), "accounts[0].logins: an empty list is not a list of at least one login"),
    (
        changed(*ACCOUNT, "logins", 0, "user", to=""),
        "accounts[0].logins[0].user: '' is not a text of 1 to 256 characters",
    ),
    (
        changed(*ACCOUNT, "logins", 0, "password", to="x"),
        "accounts[0].logins[0].password: unknown key; there is user, secret",
    ),
    (changed(*NUMBER, "number", to="555-433-2111"), "accounts[0].numbers[0].number: '555-433-2111' is not 10 digits"),
    (changed(*NUMBER, "number", to="5554332111\n"), "accounts[0].numbers[0].number: '5554332111\\n' is not 10 digits"),
    (changed(*NUMBER, "number", to="٥٥٥٤٣٣٢١١١"), "accounts[0].numbers[0].number: '٥٥٥٤٣٣٢١١١' is not 10 digits"),
    (changed(*NUMBER, "number", to=5554332111), "accounts[0].numbers[0].number: 5554332111 is not 10 digits"),
    (changed(*NUMBER, "sms_enabled", to=1), "accounts[0].numbers[0].sms_enabled: 1 is not true or false"),
    (
        changed(*NUMBER, "url", to="ftp://x"),
        "accounts[0].numbers[0].url: 'ftp://x' is not an http or https URL of at most 1024 characters, or null",
    ),
    (
        changed(*NUMBER, "dlr_url", to="http://x/" + "y" * 1016),
        f"accounts[0].numbers[0].dlr_url: 'http://x/{'y' * 51}'... (1025 characters) is not an http or https URL of at most 1024 characters, or null",
    ),
    (changed(*ACCOUNT, "messages", to={}), "accounts[0].messages: an empty object is not a list of messages"),
    (
        changed(*MESSAGE, to=[1]),
        "accounts[0].messages[1]: a list is not a message (an object with 'id', 'direction', 'sender', 'recipient', 'at' and 'text')",
    ),
    (changed(*MESSAGE, "id"), "accounts[0].messages[1].id: is missing"),
    (changed(*MESSAGE, "id", to=12), "accounts[0].messages[1].id: 12 is not 1 to 18 digits"),
    (changed(*MESSAGE, "id", to="1" * 19), f"accounts[0].messages[1].id: '{'1' * 19}' is not 1 to 18 digits"),
    (changed(*MESSAGE, "sender", key="sendr"), "accounts[0].messages[1].sendr: unknown key; did you mean 'sender'?"),
    (
        changed(*MESSAGE, "direction", to="MO"),
        "accounts[0].messages[1].direction: 'MO' is not 'inbound' or 'outbound'",
    ),
    (
        changed(*MESSAGE, "recipient", to="+5554443210"),
        "accounts[0].messages[1].recipient: '+5554443210' is not 10 digits",
    ),
    (
        changed(*MESSAGE, "text", to="x" * 257),
        f"accounts[0].messages[1].text: '{'x' * 60}'... (257 characters) is not an outbound text of 1 to 256 characters",
    ),
    (
        changed(*MESSAGE, "text", to=""),
        "accounts[0].messages[1].text: '' is not an outbound text of 1 to 256 characters",
    ),
    (changed(*MESSAGE, "text", to=False), "accounts[0].messages[1].text: false is not a text"),
    (changed(*MESSAGE, "at", to=1483263000), f"accounts[0].messages[1].at: 1483263000 is not {WHEN}"),
    *(
        (changed(*MESSAGE, "at", to=at), f"accounts[0].messages[1].at: {at!r} is not {WHEN}")
        for at in (
            "yesterday",
            "",
            "2017-01-01",
            "2017-01-01 09:30:00",
            "2017-02-29T00:00:00Z",
            "2017-01-01T25:00:00Z",
            "P",
            "PT",
            "P3DT",
            "P1M",
            "P1Y",
            "P3DT4H\n",
            "-P1D",
            "P-1D",
        )
    ),
    (changed("accounts", 1, "name", to="shop"), "accounts[1].name: 'shop' is already accounts[0].name"),
    (
        changed("accounts", 1, "logins", 0, "user", to="a-key"),
        "accounts[1].logins[0].user: 'a-key' is already accounts[0].logins[1].user",
    ),
    (
        changed("accounts", 1, "numbers", to=[{"number": "5554443210"}]),
        "accounts[1].numbers[0].number: '5554443210' is already accounts[0].numbers[1].number",
    ),
    (
        changed(*ACCOUNT, "messages", 2, to=INBOUND),
        "accounts[0].messages[2].id: '177931295' is already accounts[0].messages[0].id",
    ),
]


@pytest.mark.parametrize(("world", "sentence"), REJECTED, ids=[sentence[:70] for _, sentence in REJECTED])
def test_a_wrong_world_is_rejected_in_one_sentence(world, sentence):
    assert error(world) == sentence


@pytest.mark.parametrize(("world", "sentence"), REJECTED, ids=[sentence[:70] for _, sentence in REJECTED])
def test_among_many_messages_it_is_rejected_with_the_same_sentence(world, sentence, monkeypatch):
    monkeypatch.setattr(checking, "COMPILED_ABOVE", -1)
    assert error(world) == sentence


@pytest.mark.parametrize(("world", "sentence"), REJECTED, ids=[sentence[:70] for _, sentence in REJECTED])
def test_a_large_file_is_rejected_with_the_same_sentence(world, sentence, monkeypatch, tmp_path):
    monkeypatch.setattr(variant, "LARGE", 0)
    path = tmp_path / "world.json"
    path.write_bytes(orjson.dumps(world))
    with pytest.raises(WorldFileError) as rejected:
        snapshots.load(path, RULES)
    assert str(rejected.value) == f"{path}: {sentence}"


def many(*rows):
    """A world file with so many messages that it is read in several pieces, ending in the given ones."""
    others = [{**OUTBOUND, "id": str(place), "at": f"P{place}D"} for place in range(1, 2 * CHUNK)]
    return changed(*ACCOUNT, "messages", to=[INBOUND, *others, *rows])


def outline(fixture):
    message_store = MessageStore(((fixture.fixed, 0), (fixture.relative, 0)))
    return fixture.accounts, fixture.sequences, message_store.page(account_key("dialogtech/shop"), -(10**18), 10**18)


@pytest.mark.parametrize("written", [orjson.dumps, lambda world: json.dumps(world, indent=1).encode()])
def test_a_large_file_is_never_decoded_as_a_whole(written, monkeypatch, tmp_path):
    path = tmp_path / "world.json"
    path.write_bytes(written(many()))
    whole = snapshots.load(path, RULES)
    monkeypatch.setattr(variant, "LARGE", 0)
    monkeypatch.setattr(variant, "decode_file", None)
    assert (
        outline(snapshots.load(path, RULES)) == outline(snapshots.load(path, RULES, is_checked=True)) == outline(whole)
    )


@pytest.mark.parametrize(
    ("row", "difference"),
    [
        ({**INBOUND, "sender": None}, "].sender: null is not 10 digits"),
        (INBOUND, "].id: '177931295' is already accounts[0].messages[0].id"),
        ({**OUTBOUND, "id": "7"}, "].id: '7' is already accounts[0].messages[7].id"),
        ({**OUTBOUND, "at": "P1M"}, f"].at: 'P1M' is not {WHEN}"),
    ],
)
def test_of_a_large_file_the_message_is_named_that_is_wrong(row, difference, monkeypatch, tmp_path):
    monkeypatch.setattr(variant, "LARGE", 0)
    path = tmp_path / "world.json"
    path.write_bytes(orjson.dumps(many(row)))
    with pytest.raises(WorldFileError) as rejected:
        snapshots.load(path, RULES)
    assert str(rejected.value) == f"{path}: accounts[0].messages[{2 * CHUNK}{difference}"


@pytest.mark.parametrize(
    ("there", "twice", "where"),
    [
        (b'"id":"7"', b'"id":"7","id":"7"', "accounts[0].messages[7].id"),
        (b'"id":"7"', b'"id" : "7","id":"7"', "accounts[0].messages[7].id"),
        (b'{"provider"', b'{"messages":[],"provider"', "accounts[0].messages"),
        (b'{"provider"', b'{"name" : "x","provider"', "accounts[0].name"),
        (b'"about":', b'"accounts":[],"about":', "accounts"),
    ],
)
def test_a_key_that_is_repeated_in_a_large_file_is_found(there, twice, where, monkeypatch, tmp_path):
    monkeypatch.setattr(variant, "LARGE", 0)
    path = tmp_path / "world.json"
    path.write_bytes(orjson.dumps(many()).replace(there, twice, 1))
    with pytest.raises(WorldFileError) as rejected:
        snapshots.load(path, RULES)
    assert str(rejected.value) == f"{path}: {where}: the key is written more than once"


def test_what_only_looks_like_the_messages_of_a_large_file_is_left_alone(monkeypatch, tmp_path):
    rows = [INBOUND, OUTBOUND]
    world = {**changed(*ACCOUNT, "messages", to=rows), "scheduled": []}
    world["scheduled"] = [{"at": "2017-01-01T09:30:00Z", "provider": "dialogtech", "fields": {"rows": rows}}]
    path = tmp_path / "world.json"
    path.write_bytes(orjson.dumps({"scheduled": world.pop("scheduled"), **world}))
    monkeypatch.setattr(variant, "LARGE", 0)
    fixture = snapshots.load(path, RULES)
    assert fixture.scheduled[0].fields == {"rows": rows}
    assert [message.id for message in outline(fixture)[2]] == [OUTBOUND["id"], INBOUND["id"]]


def test_the_same_identifier_may_be_there_once_in_each_direction():
    assert len(snapshots.parse(changed(*MESSAGE, "id", to=INBOUND["id"]), RULES).accounts) == 2


def test_among_more_than_1000_messages_the_one_that_is_wrong_is_found():
    rows = [{**INBOUND, "id": str(number)} for number in range(checking.COMPILED_ABOVE + 1)]
    rows[876] = {**OUTBOUND, "direction": "outwards"}
    world = changed(*ACCOUNT, "messages", to=rows)
    assert error(world) == "accounts[0].messages[876].direction: 'outwards' is not 'inbound' or 'outbound'"


def test_up_to_1000_messages_all_are_held_to_the_schema_as_they_are(monkeypatch):
    def compiled(*_):
        raise AssertionError("compiled")

    monkeypatch.setattr(checking, "_large_account_errors", compiled)
    monkeypatch.setattr(checking, "COMPILED_ABOVE", 2)
    snapshots.parse(WORLD, RULES)
    with pytest.raises(AssertionError, match="compiled"):
        snapshots.parse(changed(*ACCOUNT, "messages", 2, to={**OUTBOUND, "id": "5"}), RULES)


FILES = [
    (b"", "the file is empty"),
    (b" \n\t", "the file is empty"),
    (b'\xef\xbb\xbf{"mockserver": 1}', "the file begins with a byte order mark; save it as UTF-8 without one"),
    ('{"mockserver": 1}'.encode("utf-16"), "the file begins with a byte order mark; save it as UTF-8 without one"),
    (b'{"mockserver": 1,\n"about": "\xe9"}', "the file is not UTF-8 (byte 0xe9 in line 2)"),
    (
        b'{"mockserver": 18446744073709551616, "accounts": []}',
        "mockserver: 1.8446744073709552e+19 is not 1; newer files begin with 'format': 2",
    ),
    (b"[" * 1_000 + b"]" * 1_000, "the file is nested too deeply"),
    (b"[" * 200 + b"]" * 200, "a list is not an object with 'format' and 'accounts'"),
    (b'{"mockserver": 1, "accounts": [], "accounts": []}', "accounts: the key is written more than once"),
    (b'{"accounts": [{"name": "a", "name" : "b"}]}', "accounts[0].name: the key is written more than once"),
    (b'{"a\\"": 1, "b": [0, {"a": 1, "\\u0061" : 2}]}', "b[1].a: the key is written more than once"),
]


@pytest.mark.parametrize("large", [0, 10**9])
@pytest.mark.parametrize(("raw", "sentence"), FILES, ids=[f"{raw[:30]!r}" for raw, _ in FILES])
def test_a_file_that_is_no_world_file_is_rejected_with_its_name(raw, sentence, large, monkeypatch, tmp_path):
    monkeypatch.setattr(variant, "LARGE", large)
    path = tmp_path / "world.json"
    path.write_bytes(raw)
    with pytest.raises(WorldFileError) as rejected:
        snapshots.load(path, RULES)
    assert str(rejected.value) == f"{path}: {sentence}"


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b'{"mockserver": 1', "line 1, column 17"),
        (b'{"mockserver":\nNaN}', "line 2, column 1"),
        (b'{"mockserver": 1e999}', "line 1, column 16"),
        (b'{"mockserver": ' + b"9" * 5000 + b"}", "line 1, column 16"),
        (
            b'{"about": "\\ud800"}',
            "line 1, column 1[28]",
        ),  # the text's beginning, or its end in older versions of orjson
        (b"[" * 100_000, "line 1, column 1026"),
    ],
    ids=["cut off", "NaN", "too large", "too long a number", "half a character", "a hundred thousand brackets"],
)
def test_a_file_that_is_not_json_is_rejected_with_the_place(raw, where, tmp_path):
    path = tmp_path / "world.json"
    path.write_bytes(raw)
    with pytest.raises(WorldFileError) as rejected:
        snapshots.load(path, RULES)
    assert re.fullmatch(rf"{path}: the file is not JSON: [^\n]+ \({where}\)", str(rejected.value))


@pytest.mark.parametrize(
    ("name", "reason"),
    [("nowhere.json", "No such file or directory"), (".", "Is a directory"), ("x" * 300, "File name too long")],
)
def test_a_file_that_cannot_be_read_is_rejected(name, reason, tmp_path):
    with pytest.raises(WorldFileError) as rejected:
        snapshots.load(tmp_path / name, RULES)
    assert str(rejected.value) == f"{tmp_path / name}: the file cannot be read ({reason})"


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps(WORLD, indent=4).encode(),
        json.dumps(WORLD, ensure_ascii=True).encode().replace(b'": ', b'" : '),
        json.dumps(WORLD).replace("Hi.", r"a \":b\": \u0022:c\\").encode(),
    ],
    ids=["indented", "blanks before colons", "quotation marks before colons"],
)
def test_no_key_is_thought_to_be_repeated_that_is_not(raw, tmp_path):
    (tmp_path / "world.json").write_bytes(raw)
    assert len(snapshots.load(tmp_path / "world.json", RULES).accounts) == 2


# Both checks say the same

_KEYS = (
    "provider",
    "name",
    "logins",
    "numbers",
    "messages",
    "user",
    "secret",
    "number",
    "sms_enabled",
    "url",
    "at",
    "text",
)
_VALUES = (
    "dialogtech",
    "inbound",
    "outbound",
    "5554332111",
    "5554332111\n",
    "http://x",
    "http://x\n",
    "P1D",
    "x" * 257,
    "",
)
_WORDS = st.sampled_from((*_KEYS, *_VALUES))
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _WORDS | st.text(max_size=12)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS | st.text(), inner, max_size=3),
    max_leaves=6,
)


def _places(thing, place=()):
    yield place
    if isinstance(thing, dict | list):
        for key in thing if isinstance(thing, dict) else range(len(thing)):
            yield from _places(thing[key], (*place, key))


@st.composite
def mutated(draw):
    account = copy.deepcopy(draw(st.sampled_from(SAMPLES)))
    provider = account["provider"]
    for _ in range(draw(st.integers(1, 2))):
        *way, last = draw(st.sampled_from([place for place in _places(account) if place]))
        parent = account
        for step in way:
            parent = parent[step]
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                parent[last] = draw(_JSON)
            case "remove":
                del parent[last]
            case "add" if isinstance(parent, dict):
                parent[draw(_WORDS | st.text(max_size=5))] = draw(_JSON)
            case _:
                parent.append(draw(_JSON))
        if not account:
            break
    return {"name": "x", **account, "provider": provider}  # the server rejects another before a provider is asked


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_both_checks_have_the_same_outcome(account):
    outcomes = []
    for above in (10**9, -1):
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(checking, "COMPILED_ABOVE", above)
                patch.setattr(checking, "LONG", above)
                patch.setattr(json_schema, "LONG", above)
                checking.check({"format": 2, "accounts": [copy.deepcopy(account)]}, ALL_RULES)
            outcomes.append("right")
        except WorldFileError:
            outcomes.append("wrong")
    assert outcomes[0] == outcomes[1]


SCHEMAS = {
    path.parent.name: orjson.loads(path.read_bytes()) for path in ROOT.glob("mockserver/providers/*/world.schema.json")
}
ALL_RULES = Rules(SCHEMAS, {})
SAMPLES = [WORLD["accounts"][0], *orjson.loads((ROOT / "fixtures/worlds/small.json").read_bytes())["accounts"]]


@pytest.mark.parametrize("account", SAMPLES, ids=lambda account: f"{account['provider']}/{account['name']}")
def test_a_message_that_is_right_needs_no_second_look(account):
    checker = MessageChecker(INSTALLED.by_name[account["provider"]].account_schema)
    assert account["messages"] == [row for row in account["messages"] if checker.is_message(row)]


def _parts(schema):
    yield schema
    for inner in (
        *schema.get("properties", {}).values(),
        *schema.get("definitions", {}).values(),
        *(schema[word] for word in ("items", "then") if word in schema),
    ):
        yield from _parts(inner)


@pytest.mark.parametrize("schema", [SCHEMA, checking.envelope()], ids=["dialogtech", "registry"])
def test_every_part_of_a_schema_completes_the_sentence_of_a_provider_error(schema):
    for part in _parts(schema):
        assert "$ref" in part or "description" in part or set(part) == {"properties"}, part
        assert not part.get("pattern", "").endswith("$"), "Python's $ lets a line end pass"
        assert not {"format", "default"} & part.keys(), "the two checks read these differently"
