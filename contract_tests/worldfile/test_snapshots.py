"""Snapshots: a world made from one sends the same responses as the world that it was taken of."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import lru_cache
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from contract_tests.clocks import let_pass
from contract_tests.installed import PROVIDERS, SWITCHES, VARIANTS
from mockserver import worldfile as snapshots
from mockserver.app import build_service
from mockserver.engine.accounts import Account, ForwardingRule, Login, Number, Program
from mockserver.engine.clock import Clock
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.messages import Attachment, Message
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture
from mockserver.worldfile import Rules, WorldFileError

ROOT = Path(__file__).parents[2]
RULES = Rules.of(PROVIDERS, SWITCHES)
NOON = parse_instant("2026-06-01T12:00:00Z")
SMALL = snapshots.load(ROOT / "fixtures/worlds/small.json", RULES, is_checked=True)


def opened(fixture=SMALL):
    return WorldRegistry(fixture, VARIANTS, clock=Clock.frozen(NOON))


def snapshot(world, **options):
    """A world's file, encoded to bytes and read again."""
    return orjson.loads(b"".join(snapshots.lines(snapshots.dump(world, VARIANTS, **options))))


def restored(document):
    """A server whose default world is made from a snapshot."""
    file = snapshots.read(document, RULES)
    return WorldRegistry(file.fixture, VARIANTS, clock=file.clock.clock(), seed=file.seed)


# ------------------------------------------------------------------------------------------------- asking for everything


@lru_cache(maxsize=2)
def client_of(registry):
    return Client(build_service(registry=registry).app)


def dialogtech(login):
    if login.secret is None:
        return {"api_key": login.user}
    return {"access_key": login.user, "secret_access_key": login.secret}


def serwersms(login):
    if login.secret is None:
        return {"headers": {"Authorization": f"Bearer {login.user}"}, "json": {}}
    return {"json": {"username": login.user, "password": login.secret}}


def of_dialogtech(account, login):
    days = {"action": "sms.get_messages", "start_date": "20140101", "end_date": "20261231"}
    send = {"action": "sms.send_message", "to": "5556667777", "message": "hello"}
    for values in (
        {"action": "sms.get_numbers"},
        days,
        *({**days, "number": number} for number in account.numbers),
        *({**send, "from": number} for number in (*account.numbers, *account.numbers)),
        days,
    ):
        yield {"path": "/ibp_api.php", "query_string": {**dialogtech(login), **values}}


def of_mgage(account, login):
    basic = b64encode(f"{login.user}:{login.secret}".encode()).decode()
    for program in account.programs:
        for query in ("", "startDate=2014-12-01T00:00:00&pageSize=3&page=2", "messageType=MT&pageSize=500"):
            path = f"/api/messages/program/{program}"
            yield {"path": path, "query_string": query, "headers": {"Authorization": f"Basic {basic}"}}


def of_serwersms(account, login):
    request = serwersms(login)
    for values in (
        {},
        {"show_contact": True, "order": "desc"},
        *({"type": kind, "limit": 3, "page": 1} for kind in ("eco", "nd", "ndi", "pre", "mms")),
        {"ndi": "+48664078101"},
        {"type": "eco", "read": True},
        {},
    ):
        yield {"path": "/messages/recived", "method": "POST", **request, "json": {**request["json"], **values}}


REQUESTS = {"dialogtech": of_dialogtech, "mgage": of_mgage, "serwersms": of_serwersms}


def everything(registry, world):
    """Every response that the accounts of a world get, and what those requests change."""
    client = client_of(registry)
    responses = [
        client.open(**request)
        for account in world.state.accounts.values()
        for login in account.logins
        for request in REQUESTS[account.provider](account, login)
    ]
    assert {response.status_code for response in responses} == {200}
    return [(headers_of(response), response.data) for response in responses]


def headers_of(response):
    """The headers without the exchange's number, because a snapshot holds no journal."""
    return [header for header in response.headers.to_wsgi_list() if header[0] != "X-Mockserver-Exchange"]


def assert_alike(registry, world):
    document = snapshot(world, has_credentials=True)
    twin = restored(document)
    assert snapshot(twin.default, has_credentials=True) == document
    assert everything(twin, twin.default) == everything(registry, world)
    assert snapshot(twin.default, has_credentials=True) == snapshot(world, has_credentials=True)


# --------------------------------------------------------------------------------------------------- the same in all ways


@pytest.mark.parametrize("name", ["small", "demo"])
def test_a_shipped_world_is_the_same_when_restored(name):
    registry = opened(snapshots.load(ROOT / f"fixtures/worlds/{name}.json", RULES, is_checked=True))
    assert_alike(registry, registry.default)


ACTIONS = st.one_of(
    st.tuples(st.just("send"), st.integers(0, 3), st.text(min_size=1, max_size=12)),
    st.tuples(st.just("read"), st.sampled_from(["eco", "nd", "ndi", "pre", "mms"])),
    st.tuples(st.just("advance"), st.sampled_from([1, 250, 999, 1000, 59_999])),
    st.tuples(st.just("fork")),
    st.tuples(st.just("limits"), st.sampled_from(["off", "enforced"])),
    st.tuples(st.just("all sends count"), st.sampled_from(["all", "accepted"])),
)


def login_of(world, account):
    return next(login for login in world.state.accounts[account].logins if login.secret is not None)


def act(registry, world, action):
    """Change a world, and return the world that follows."""
    client = client_of(registry)
    match action:
        case "send", index, text:
            number = [*world.state.accounts["dialogtech/demo"].numbers][index]
            values = {"action": "sms.send_message", "from": number, "to": "5556667777", "message": text}
            client.post("/ibp_api.php", data={**dialogtech(login_of(world, "dialogtech/demo")), **values})
        case "read", kind:
            values = serwersms(login_of(world, "serwersms/demo"))["json"]
            client.post("/messages/recived", json={**values, "type": kind, "read": True, "limit": 1})
        case "advance", milliseconds:
            let_pass(world, milliseconds * SECOND // 1000)
        case ("fork",):
            return registry.fork(world)
        case "limits", variant:
            world.state.variants["limits"] = variant
        case "all sends count", variant:
            world.state.variants["dialogtech.limits.count"] = variant
    return world


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTIONS, max_size=12))
def test_a_world_in_which_things_happened_is_the_same_when_restored(actions):
    registry = opened()
    world = registry.default
    for action in actions:
        world = act(registry, world, action)
    assert_alike(registry, world)


def test_the_41st_send_in_a_minute_is_rejected_in_a_restored_world_until_it_would_have_been_free_again():
    registry = opened()
    for _ in range(40):
        act(registry, registry.default, ("send", 0, "x"))
        let_pass(registry.default, SECOND)
    twin = restored(snapshot(registry.default, has_credentials=True))

    def sent():
        before = len(twin.default.state.message_store)
        act(twin, twin.default, ("send", 0, "x"))
        return len(twin.default.state.message_store) - before

    assert sent() == 0
    let_pass(twin.default, 20 * SECOND - 1)
    assert sent() == 0
    let_pass(twin.default, 1)
    assert sent() == 1


def test_messages_and_attachments_and_marks_are_as_they_were():
    file = Attachment(7, "a.png", "image/png", bytes(range(256)))
    rows = [
        Message(
            0, "serwersms/a", "2", "inbound", "+48500600700", "", NOON, "", kind="mms", title="T", attachments=(file,)
        ),
        Message(1, "serwersms/a", "1", "inbound", "+48500600700", "", NOON, "", kind="mms"),
        Message(2, "serwersms/a", "3", "inbound", "+48500600700", "", NOON, "", kind="eco", reference="r1"),
    ]
    fixture = Fixture(
        (Account("serwersms/a", "serwersms", "a", (Login("u", "p"),)),), Segment(rows), read=frozenset({1})
    )
    registry = opened(fixture)
    document = snapshot(registry.default)
    assert document["accounts"][0]["messages"] == [
        {
            "id": "2",
            "direction": "inbound",
            "kind": "mms",
            "sender": "+48500600700",
            "recipient": "",
            "at": "2026-06-01T12:00:00Z",
            "text": "",
            "title": "T",
            "attachments": [
                {
                    "id": 7,
                    "name": "a.png",
                    "content_type": "image/png",
                    "data": b64encode(bytes(range(256))).decode(),
                }
            ],
        },
        {
            "id": "1",
            "direction": "inbound",
            "kind": "mms",
            "sender": "+48500600700",
            "recipient": "",
            "at": "2026-06-01T12:00:00Z",
            "text": "",
            "title": "",
            "attachments": [],
            "read": True,
        },
        {
            "id": "3",
            "direction": "inbound",
            "kind": "eco",
            "sender": "+48500600700",
            "recipient": "",
            "at": "2026-06-01T12:00:00Z",
            "text": "",
            "reference": "r1",
            "title": "",
            "attachments": [],
        },
    ]
    assert_alike(registry, registry.default)


def test_accounts_are_written_without_what_goes_without_saying():
    account = Account(
        "mgage/a",
        "mgage",
        "a",
        (Login("u", "p"), Login("t")),
        {"1": Number("1"), "2": Number("2", sms_enabled=False, url="http://x")},
        {"9": Program("9", "N", "C", "K")},
        forwarding=(
            ForwardingRule("eco", "http://x"),
            ForwardingRule("nd", "http://y", prefix="A", verification=True),
        ),
    )
    fixture = Fixture((account,))
    document = snapshot(opened(fixture).default, has_credentials=True)
    assert snapshots.parse(document, RULES, is_checked=True).accounts == fixture.accounts
    assert document["accounts"] == [
        {
            "provider": "mgage",
            "name": "a",
            "logins": [{"user": "u", "secret": "p"}, {"user": "t"}],
            "numbers": [{"number": "1"}, {"number": "2", "sms_enabled": False, "url": "http://x"}],
            "programs": [{"id": "9", "name": "N", "campaign": "C", "kind": "K"}],
            "forwarding": [
                {"service": "eco", "url": "http://x"},
                {"service": "nd", "url": "http://y", "prefix": "A", "verification": True},
            ],
            "messages": [],
        }
    ]


def test_a_snapshot_reads_like_a_fixture():
    account = Account(
        "dialogtech/a", "dialogtech", "a", (Login("u", "p"), Login("k")), {"5554332111": Number("5554332111")}
    )
    registry = opened(Fixture((account,), variants={"limits": "off"}))
    values = {"action": "sms.send_message", "from": "5554332111", "to": "5556667777", "message": "hi"}
    Client(build_service(registry=registry).app).get(
        "/ibp_api.php", query_string={**dialogtech(account.logins[0]), **values}
    )
    written = b"".join(snapshots.lines(snapshots.dump(registry.default, VARIANTS, about="One send."))).decode()
    assert written == (
        "{\n"
        '"format": 2,\n'
        '"about": "One send.",\n'
        '"seed": "default",\n'
        '"clock": {\n"at":"2026-06-01T12:00:00Z",\n"frozen":true\n},\n'
        '"variants": {\n"limits":"off"\n},\n'
        '"sequences": {\n"dialogtech.outbound":200000001\n},\n'
        '"uses": {\n'
        '"dialogtech/a":["2026-06-01T12:00:00Z"],\n'
        '"dialogtech/a 5554332111":["2026-06-01T12:00:00Z"]\n'
        "},\n"
        '"accounts": [\n'
        "{\n"
        '"provider": "dialogtech",\n'
        '"name": "a",\n'
        '"logins": [\n"pair",\n"key"\n],\n'
        '"numbers": [\n{"number":"5554332111"}\n],\n'
        '"messages": [\n'
        '{"id":"200000000","direction":"outbound","sender":"5554332111","recipient":"5556667777",'
        '"at":"2026-06-01T12:00:00Z","text":"hi"}\n'
        "]\n"
        "}\n"
        "]\n"
        "}\n"
    )


def test_the_same_world_is_the_same_bytes():
    registry = opened()
    one, two = (b"".join(snapshots.lines(snapshots.dump(registry.default, VARIANTS))) for _ in range(2))
    assert one == two


def test_what_happens_after_it_was_taken_is_not_in_it():
    registry = opened()
    taken = snapshots.dump(registry.default, VARIANTS)
    before = b"".join(snapshots.lines(taken))
    act(registry, registry.default, ("send", 0, "later"))
    let_pass(registry.default, SECOND)
    assert b"".join(snapshots.lines(taken)) == before


def test_what_is_due_is_due_in_a_restored_world():
    registry = opened()
    fields = {"sender": "5556667777", "recipient": "3125550142", "text": "later"}
    registry.default.state.scheduled.add(NOON + SECOND // 2, "dialogtech", fields)
    document = snapshot(registry.default)
    assert document["scheduled"] == [{"at": "2026-06-01T12:00:00.500Z", "provider": "dialogtech", "fields": fields}]
    assert [*restored(document).default.state.scheduled] == [*registry.default.state.scheduled]


def test_a_running_clock_goes_on_from_where_it_was():
    registry = WorldRegistry(SMALL, VARIANTS)
    document = snapshot(registry.default)
    assert document["clock"]["frozen"] is False
    clock = snapshots.read(document, RULES).clock
    assert clock.is_frozen is False
    twin = clock.clock()
    assert not twin.is_frozen
    assert 0 <= twin.now() - clock.at < 60 * SECOND


def test_many_messages_are_streamed_in_pieces_and_all_of_them(tmp_path):
    account = Account("mgage/a", "mgage", "a", (Login("u", "p"),), programs={"1": Program("1", "N", "C", "K")})
    rows = [
        Message(
            serial,
            "mgage/a",
            str(serial),
            "inbound",
            "447700900123",
            "60123",
            NOON - serial % 97,
            "x",
            program="1",
            status="Received",
        )
        for serial in range(10_000)
    ]
    registry = opened(Fixture((account,), Segment(rows)))
    snapshots.save(tmp_path / "big.json", snapshots.dump(registry.default, VARIANTS))
    fixture = snapshots.load(tmp_path / "big.json", RULES)
    twin = opened(fixture).default.state.message_store.page(("mgage/a",), 0, NOON)
    ours = registry.default.state.message_store.page(("mgage/a",), 0, NOON)
    assert [message.id for message in twin] == [message.id for message in ours]
    assert len(ours) == 10_000


# ------------------------------------------------------------------------------------------------------------ credentials


def test_without_being_asked_a_snapshot_tells_no_credentials_but_their_kinds():
    registry = opened()
    text = json.dumps(snapshot(registry.default)["accounts"])
    for account in SMALL.accounts:
        for login in account.logins:
            if len(login.user) > 5:  # "demo" and the like are words of other things too
                assert login.user not in text
    assert snapshot(registry.default)["accounts"][2]["logins"] == ["pair", "key"]


def test_new_credentials_have_the_kinds_of_the_snapshots():
    document = snapshot(opened().default)
    registry = WorldRegistry(snapshots.parse(document, RULES), VARIANTS)
    worlds = [registry.default, registry.create(snapshots.parse(document, RULES))]
    issued = [login for world in worlds for account in world.state.accounts.values() for login in account.logins]
    kinds = [login.secret is None for account in SMALL.accounts for login in account.logins]
    assert [login.secret is None for login in issued] == kinds * 2
    assert len({login.user for login in issued}) == len(issued)


def test_the_world_answers_to_the_credentials_that_were_issued():
    twin = restored(snapshot(opened().default))
    before = len(twin.default.state.message_store)
    act(twin, twin.default, ("send", 0, "x"))
    assert len(twin.default.state.message_store) == before + 1


def test_a_provider_that_knows_no_keys_has_none_issued():
    document = snapshot(opened().default)
    index = next(index for index, account in enumerate(document["accounts"]) if account["provider"] == "mgage")
    document["accounts"][index]["logins"] = ["key"]
    with pytest.raises(WorldFileError) as rejected:
        snapshots.parse(document, RULES)
    assert str(rejected.value) == f"accounts[{index}].logins[0].secret: is missing"


# -------------------------------------------------------------------------------------------------- what may stand in one


def world(**members):
    return {"format": 2, "accounts": [], **members}


WHEN = "an instant (2017-01-01T09:30:00Z)"
REJECTED = [
    (world(seed=7), "seed: 7 is not a text"),
    (world(clock="now"), "clock: 'now' is not an object with 'at' and 'frozen'"),
    (world(clock={"at": "2017-01-01T09:30:00Z"}), "clock.frozen: is missing"),
    (world(clock={"at": "P1D", "frozen": True}), f"clock.at: 'P1D' is not {WHEN}"),
    (world(clock={"at": "2017-01-01T09:30:00Z", "frozen": 1}), "clock.frozen: 1 is not true or false"),
    (world(sequences=[]), "sequences: an empty list is not an object of numbers"),
    *(
        (world(sequences={"a": number}), f"sequences.a: {number} is not a whole number from 1 to 10 to the power of 18")
        for number in (0, 1.5, 10**18 + 1)
    ),
    (world(uses={"a": "x"}), "uses.a: 'x' is not a list of instants"),
    (world(uses={"a b": ["2017-01-01T09:30:00Z", "x"]}), f"uses['a b'][1]: 'x' is not {WHEN}"),
    (world(scheduled={}), "scheduled: an empty object is not a list of scheduled messages"),
    (world(scheduled=[{"at": "x", "provider": "mgage"}]), "scheduled[0].fields: is missing"),
    (world(scheduled=[{"at": "x", "provider": "mgage", "fields": {}}]), f"scheduled[0].at: 'x' is not {WHEN}"),
    (
        world(scheduled=[{"at": "x", "provider": "twilio", "fields": {}}]),
        (
            "scheduled[0].provider: no provider 'twilio' is installed; there is dialogtech, mgage, serwersms; "
            "install the package that offers it, or keep it unread with --keep-unknown (keep_unknown)"
        ),
    ),
    (
        world(accounts=[{"provider": "dialogtech", "name": "a", "logins": ["pair", "par"]}]),
        "accounts[0].logins[1]: 'par' is not a login, nor 'pair' or 'key' for one that is to be issued",
    ),
    (
        world(accounts=[{"provider": "dialogtech", "name": "a", "logins": []}]),
        "accounts[0].logins: an empty list is not a list of at least one login",
    ),
]


@pytest.mark.parametrize(("document", "sentence"), REJECTED, ids=[sentence[:60] for _, sentence in REJECTED])
def test_a_wrong_one_is_rejected_in_one_sentence(document, sentence):
    with pytest.raises(WorldFileError) as rejected:
        snapshots.read(document, RULES)
    assert str(rejected.value) == sentence


def test_a_file_need_say_none_of_it():
    file = snapshots.read(world(), RULES)
    assert file == snapshots.WorldFile(file.fixture)
    assert file.fixture.sequences == {}


def test_sequences_of_a_world_file_replace_those_counted_from_its_messages():
    rows = [{"id": "7", "direction": "inbound", "sender": "5" * 10, "recipient": "6" * 10, "at": "P1D", "text": ""}]
    account = {"provider": "dialogtech", "name": "a", "logins": ["key"], "messages": rows}
    assert snapshots.parse(world(accounts=[account]), RULES).sequences == {"dialogtech.inbound": 8}
    received = world(accounts=[account], sequences={"dialogtech.outbound": 5.0})
    assert snapshots.parse(received, RULES).sequences == {"dialogtech.outbound": 5}


def test_uses_are_put_in_order():
    uses = {"a": ["2017-01-01T09:30:01Z", "2017-01-01T09:30:00.000001Z"]}
    second = parse_instant("2017-01-01T09:30:01Z")
    assert snapshots.read(world(uses=uses), RULES).fixture.uses == {"a": (second - SECOND + 1, second)}


def test_a_mistake_in_a_file_is_reported_with_the_files_name(tmp_path):
    path = tmp_path / "world.json"
    path.write_bytes(orjson.dumps(world(seed=7)))
    with pytest.raises(WorldFileError) as rejected:
        snapshots.read(path, RULES)
    assert str(rejected.value) == f"{path}: seed: 7 is not a text"


# -------------------------------------------------------------------------------------------------------------- difference


def test_equal_snapshots_do_not_differ():
    assert snapshots.difference(snapshot(opened().default), snapshot(opened().default)) == []


def test_the_changes_of_a_send_are_listed_by_path():
    account = Account("dialogtech/a", "dialogtech", "a", (Login("u", "p"),), {"5554332111": Number("5554332111")})
    registry = opened(Fixture((account,)))
    before = snapshot(registry.default)
    values = {"action": "sms.send_message", "from": "5554332111", "to": "5556667777", "message": "hi"}
    Client(build_service(registry=registry).app).get(
        "/ibp_api.php", query_string={**dialogtech(account.logins[0]), **values}
    )
    sent = (
        '{"id":"200000000","direction":"outbound","sender":"5554332111","recipient":"5556667777",'
        '"at":"2026-06-01T12:00:00Z","text":"hi"}'
    )
    assert snapshots.difference(before, snapshot(registry.default)) == [
        "sequences.dialogtech.outbound: nothing -> 200000001",
        "accounts['dialogtech/a'].messages['outbound/200000000']: nothing -> " + sent,
        'uses: nothing -> {"dialogtech/a":["2026-06-01T12:00:00Z"],"dialogtech/a 5554332111":["2026-06-01T12:00:00Z"]}',
    ]


def test_things_are_compared_with_their_like_wherever_they_stand():
    def document(*accounts, **members):
        return world(accounts=[{"provider": "p", **account} for account in accounts], **members)

    one = {"name": "one", "numbers": [{"number": "1"}, {"number": "2"}], "logins": ["pair"]}
    two = {"name": "two", "messages": [{"direction": "inbound", "id": "5", "text": "x" * 300}]}
    changed = {"name": "one", "numbers": [{"number": "2", "url": "http://x"}, {"number": "1"}], "logins": ["key"]}
    assert snapshots.difference(document(one, two, seed="a"), document(two, changed, seed="b")) == [
        "accounts['p/one'].numbers.2.url: nothing -> \"http://x\"",
        'accounts[\'p/one\'].logins: ["pair"] -> ["key"]',
        'seed: "a" -> "b"',
    ]


def test_long_values_are_shortened_in_differences():
    assert snapshots.difference({"about": "x" * 300}, {}) == [f'about: "{"x" * 199}... (302 characters) -> nothing']


@pytest.mark.parametrize("count", [0, 5_000])
def test_a_world_file_is_written_in_few_pieces(count):
    messages = [{"id": str(number), "text": "x" * 100} for number in range(count)]
    pieces = list(snapshots.lines({"format": 2, "accounts": [{"name": "a", "messages": iter(messages)}]}))

    written = b"".join(pieces)
    assert {"format": 2, "accounts": [{"name": "a", "messages": messages}]} == json.loads(written)
    assert len(written) // 65_536 + 1 >= len(pieces)
