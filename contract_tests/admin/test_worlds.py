"""Worlds through the control API: created, listed, reset, forked and dropped; and their state is separate."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.test import Client

from mockserver.app import build_service
from mockserver.engine.instants import SECOND
from mockserver.settings import fixtures_folder

NOON = "2026-06-01T12:00:00Z"
MESSAGES = {
    name: sum(
        len(account["messages"])
        for account in json.loads((fixtures_folder() / "worlds" / f"{name}.json").read_bytes())["accounts"]
    )
    for name in ("demo", "small")
}
"""In the shipped worlds."""


@pytest.fixture
def frozen(client: Client) -> dict[str, Any]:
    """A world of the demo fixture, at noon."""
    return made(client, id="mine", freeze=NOON)


def made(client: Client, **body: Any) -> dict[str, Any]:
    response = client.post("/_mock/worlds", json=body)
    assert (201, "application/json") == (response.status_code, response.content_type)
    return response.get_json()


def rejected(response: Any) -> tuple[int, str, str]:
    error = response.get_json()["error"]
    assert {"code", "message", "difference"} == set(error)
    return response.status_code, error["code"], error["message"]


def sent(client: Client, credentials: dict[str, str], message: str = "hi", prefix: str = "") -> str:
    return client.get(
        f"{prefix}/ibp_api.php",
        query_string={
            "action": "sms.send_message",
            "access_key": credentials["user"],
            "secret_access_key": credentials["secret"],
            "to": "5556667777",
            "from": "5554332111",
            "message": message,
        },
    ).text


def test_a_world_has_its_url_its_credentials_and_its_counts(client: Client, frozen: dict[str, Any]) -> None:
    credentials = frozen.pop("credentials")

    assert {
        "id": "mine",
        "number": 2,
        "base_url": "http://localhost/_w/mine",
        "now": NOON,
        "frozen": True,
        "next": None,
        "seed": "mine",
        "variants": {},
        "exchanges": 0,
        "messages": MESSAGES["demo"],
        "cursor": 0,
    } == frozen
    assert {
        "dialogtech": ["documents", "numbers-sample", "demo"],
        "mgage": ["documents", "demo"],
        "serwersms": ["documents", "demo"],
    } == {provider: list(accounts) for provider, accounts in credentials.items()}
    assert {"user", "secret"} == set(credentials["dialogtech"]["documents"][0])
    assert [{"user", "secret"}, {"user"}] == [set(login) for login in credentials["dialogtech"]["demo"]]


def test_its_base_url_is_on_the_host_that_was_asked(client: Client) -> None:
    response = client.post("/_mock/worlds", json={"id": "mine"}, base_url="https://localhost:7671")

    assert "https://localhost:7671/_w/mine" == response.get_json()["base_url"]


def test_without_a_body_it_is_the_demo_with_a_name_of_its_own(client: Client) -> None:
    one, other = (client.post("/_mock/worlds").get_json() for _ in "ab")

    assert one["id"] != other["id"]
    assert (False, MESSAGES["demo"]) == (one["frozen"], one["messages"])


@pytest.mark.parametrize(
    ("fixture", "messages", "providers"),
    [("demo", MESSAGES["demo"], 3), ("small", MESSAGES["small"], 3), ("empty", 0, 0)],
)
def test_it_begins_with_the_fixture_that_is_named(client: Client, fixture: str, messages: int, providers: int) -> None:
    world = made(client, fixture=fixture)

    assert (messages, providers) == (world["messages"], len(world["credentials"]))


def test_the_same_seed_gives_the_same_identifiers(client: Client) -> None:
    ids = set()
    for name in "ab":
        made(client, id=name, fixture="small", seed="lucky", freeze=NOON)
        response = client.post(
            f"/_mock/worlds/{name}/inbound",
            json={"provider": "dialogtech", "sender": "5551112222", "recipient": "5554443210", "text": "hi"},
        )
        ids.add(response.get_json()["message"]["id"])
    assert 1 == len(ids)
    assert ["lucky", "lucky"] == [client.get(f"/_mock/worlds/{name}").get_json()["seed"] for name in "ab"]


def test_it_takes_credentials_of_ones_own(client: Client) -> None:
    world = made(client, credentials={"dialogtech": {"documents": [{"user": "me", "secret": "s3cret"}]}}, freeze=NOON)

    assert [{"user": "me", "secret": "s3cret"}] == world["credentials"]["dialogtech"]["documents"]
    assert "[1] Message Sent" in sent(client, {"user": "me", "secret": "s3cret"})
    assert MESSAGES["demo"] + 1 == client.get(f"/_mock/worlds/{world['id']}").get_json()["messages"]


def test_through_its_prefix_the_printed_credentials_are_valid(client: Client, frozen: dict[str, Any]) -> None:
    printed = {"user": "foo", "secret": "bar"}

    assert "[1] Message Sent" in sent(client, printed, prefix="/_w/mine")
    assert [MESSAGES["demo"] + 1, MESSAGES["demo"]] == [
        client.get(f"/_mock/worlds/{name}").get_json()["messages"] for name in ("mine", "default")
    ]


def test_variants_and_the_seed_are_shown_where_they_differ(client: Client) -> None:
    world = made(client, variants={"limits": "off", "dialogtech.zone": "Europe/Berlin", "mgage.date": "sample"})

    assert {"limits": "off", "dialogtech.zone": "Europe/Berlin"} == world["variants"]


def test_all_worlds_are_listed(client: Client, frozen: dict[str, Any]) -> None:
    listed = client.get("/_mock/worlds").get_json()["worlds"]

    assert ["default", "mine"] == [world["id"] for world in listed]
    assert frozen == listed[1] == client.get("/_mock/worlds/mine").get_json()


@pytest.mark.parametrize(
    ("body", "status", "code", "message"),
    [
        ({"id": "default"}, 409, "taken", "there is a world 'default' already"),
        (
            {"credentials": {"dialogtech": {"documents": [{"user": "foo", "secret": "x"}]}}},
            409,
            "taken",
            "the dialogtech credential 'foo' belongs to another world",
        ),
        ({"freze": NOON}, 400, "bad_request", "freze: unknown key; did you mean 'freeze'?"),
        ({"fixture": "dmo"}, 400, "bad_request", "fixture: 'dmo' is not 'demo', 'small' or 'empty'"),
        ({"id": "a b"}, 400, "bad_request", "id: 'a b' is not a name of 1 to 64 letters, digits, _, - and ."),
        ({"id": "a\n"}, 400, "bad_request", "id: 'a\\n' is not a name of 1 to 64 letters, digits, _, - and ."),
        ({"id": 7}, 400, "bad_request", "id: 7 is not a name of 1 to 64 letters, digits, _, - and ."),
        ({"seed": ""}, 400, "bad_request", "seed: '' is not a text of 1 to 200 characters"),
        ({"freeze": "noon"}, 400, "bad_request", "freeze: 'noon' is not an instant such as '2026-06-01T12:00:00Z'"),
        (
            {"freeze": "2026-06-01"},
            400,
            "bad_request",
            "freeze: '2026-06-01' is not an instant such as '2026-06-01T12:00:00Z'",
        ),
        ({"variants": {"limts": "off"}}, 400, "bad_request", "variants.limts: unknown key; did you mean 'limits'?"),
        ({"variants": {"limits": "of"}}, 400, "bad_request", "variants.limits: 'of' is not 'enforced' or 'off'"),
        (
            {"variants": {"dialogtech.zone": "Mars/Base"}},
            400,
            "bad_request",
            "variants.dialogtech.zone: 'Mars/Base' is not 'UTC' or the IANA name of a time zone",
        ),
        (
            {"credentials": {"dialogtek": {}}},
            400,
            "bad_request",
            "credentials.dialogtek: unknown key; did you mean 'dialogtech'?",
        ),
        (
            {"credentials": {"mgage": {"dmo": [{"user": "a", "secret": "b"}]}}},
            400,
            "bad_request",
            "credentials.mgage.dmo: unknown account; did you mean 'demo'?",
        ),
        (
            {"credentials": {"mgage": {"demo": [{"user": "a", "secrt": "b"}]}}},
            400,
            "bad_request",
            "credentials.mgage.demo[0].secrt: unknown key; did you mean 'secret'?",
        ),
        (
            {
                "credentials": {
                    "mgage": {"demo": [{"user": "a", "secret": "b"}], "documents": [{"user": "a", "secret": "c"}]}
                }
            },
            400,
            "bad_request",
            "credentials.mgage.documents[0].user: 'a' is given twice",
        ),
        (
            {"snapshot": {}, "fixture": "demo"},
            400,
            "bad_request",
            "fixture: cannot be combined with a snapshot",
        ),
        ({"snapshot": {"accounts": []}}, 400, "bad_request", "snapshot.format: is missing"),
        ([], 400, "bad_request", "an empty list is not an object that describes a world"),
        ("demo", 400, "bad_request", "'demo' is not an object that describes a world"),
        (None, 400, "bad_request", "null is not an object that describes a world"),
    ],
)
def test_what_is_no_world_is_rejected_with_the_place_and_what_would_be_right(
    client: Client, body: Any, status: int, code: str, message: str
) -> None:
    response = client.post("/_mock/worlds", data=json.dumps(body))

    assert (status, code, message) == rejected(response)
    assert ["default"] == [world["id"] for world in client.get("/_mock/worlds").get_json()["worlds"]]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "the body is not JSON: "),
        (b"id=mine", "the body is not JSON: "),
        (b'{"id": "\xff"}', "the body is not UTF-8 (byte 0xff at 8)"),
        (b'\xef\xbb\xbf{"id": "mine"}', "the body is not JSON: "),
        (b'{"id": NaN}', "the body is not JSON: "),
        (b'{"id": "\\ud800"}', "the body is not JSON: "),
        (b"[" * 100_000, "the body is not JSON: depth limit exceeded (line 1, column 1026)"),
        (b'{"snapshot": ' + b"[" * 900 + b"]" * 900 + b"}", "snapshot: a list is not a world file's object"),
    ],
)
def test_a_body_that_is_not_json_is_rejected_whatever_its_content_type(
    client: Client, body: bytes, message: str
) -> None:
    for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        status, code, said = rejected(client.post("/_mock/worlds", data=body, content_type=content_type))
        assert (400, "bad_request") == (status, code)
        assert said.startswith(message)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/xml", "nonsense", ""])
def test_a_json_body_is_read_whatever_its_content_type(client: Client, content_type: str) -> None:
    response = client.post("/_mock/worlds", data=json.dumps({"id": "mine"}), content_type=content_type)

    assert "mine" == response.get_json()["id"]


def test_a_body_that_is_too_long_is_rejected(client: Client) -> None:
    response = client.post("/_mock/worlds", data=b" " * (8 * 2**20 + 1))

    assert (
        413,
        "too_large",
        "the body is longer than 8388608 bytes; MOCKSERVER_BODY_BYTES sets how many are read",
    ) == rejected(response)


def test_a_world_that_is_not_there_is_rejected_at_every_address(client: Client) -> None:
    paths = client.get("/_mock/openapi.json").get_json()["paths"]
    request = [(path, method) for path, methods in paths.items() for method in methods if "{world}" in path]

    assert len(request) > 20
    for path, method in request:
        address = (
            path.replace("{world}", "nowhere")
            .replace("{number}", "1")
            .replace("{serial}", "1")
            .replace("{", "")
            .replace("}", "")
        )
        assert (404, "not_found", "there is no world 'nowhere'") == rejected(client.open(address, method=method))


def test_a_reset_returns_to_the_beginning_and_cursors_go_on(client: Client, frozen: dict[str, Any]) -> None:
    login = frozen["credentials"]["dialogtech"]["documents"][0]
    sent(client, login)
    client.patch("/_mock/worlds/mine/variants", json={"limits": "off"})
    client.post("/_mock/worlds/mine/faults", json={"fault": {"kind": "reset"}})
    client.post("/_mock/worlds/mine/clock/advance", json={"seconds": 60})
    cursor = client.get("/_mock/worlds/mine").get_json()["cursor"]
    response = client.post("/_mock/worlds/mine/reset")

    assert 200 == response.status_code
    assert {**frozen, "cursor": cursor} == response.get_json()
    assert cursor > 0
    assert [] == client.get("/_mock/worlds/mine/faults").get_json()["faults"]
    assert "[1] Message Sent" in sent(client, login)


def test_a_reset_can_go_to_an_earlier_instant(client: Client, frozen: dict[str, Any]) -> None:
    response = client.post("/_mock/worlds/mine/reset", json={"freeze": "2020-02-29T00:00:00Z"})

    assert ("2020-02-29T00:00:00Z", True) == (response.get_json()["now"], response.get_json()["frozen"])
    assert (400, "bad_request", "frozen: unknown key; did you mean 'freeze'?") == rejected(
        client.post("/_mock/worlds/mine/reset", json={"frozen": True})
    )


def test_a_fork_begins_as_its_parent_is_and_goes_its_own_way(client: Client, frozen: dict[str, Any]) -> None:
    sent(client, frozen["credentials"]["dialogtech"]["documents"][0])
    response = client.post("/_mock/worlds/mine/fork", json={"id": "twin"})
    twin = response.get_json()

    assert (201, "twin", NOON, MESSAGES["demo"] + 1) == (
        response.status_code,
        twin["id"],
        twin["now"],
        twin["messages"],
    )
    assert twin["credentials"] != frozen["credentials"]
    client.post("/_mock/worlds/twin/clock/advance", json={"seconds": 1})
    assert "[1] Message Sent" in sent(client, twin["credentials"]["dialogtech"]["documents"][0])
    assert [MESSAGES["demo"] + 2, MESSAGES["demo"] + 1] == [
        client.get(f"/_mock/worlds/{name}").get_json()["messages"] for name in ("twin", "mine")
    ]
    assert (409, "taken", "there is a world 'twin' already") == rejected(
        client.post("/_mock/worlds/mine/fork", json={"id": "twin"})
    )


def test_a_dropped_world_is_gone_and_its_credentials_are_rejected_like_unknown_ones(
    client: Client, frozen: dict[str, Any]
) -> None:
    login = frozen["credentials"]["dialogtech"]["documents"][0]
    unknown = sent(client, {"user": "unknown", "secret": "nothing"})
    assert unknown != sent(client, login)
    response = client.delete("/_mock/worlds/mine")

    assert (204, b"") == (response.status_code, response.data)
    assert unknown == sent(client, login)
    assert 404 == client.get("/_w/mine/ibp_api.php").status_code
    assert 404 == client.delete("/_mock/worlds/mine").status_code
    assert 201 == client.post("/_mock/worlds", json={"id": "mine"}).status_code


def test_the_default_world_cannot_be_dropped(client: Client) -> None:
    assert (409, "conflict", "the default world cannot be dropped; reset it instead") == rejected(
        client.delete("/_mock/worlds/default")
    )


def test_a_thousand_worlds_under_32_threads_never_see_each_other_and_keep_the_limits(client: Client) -> None:
    app = client.application
    worlds = [made(client, id=f"w{index}", fixture="small", freeze=NOON) for index in range(1_000)]

    def use(world: dict[str, Any]) -> int:
        """Send five times from each of two numbers at one instant, and return how many sends were accepted."""
        mine = Client(app)
        login = world["credentials"]["dialogtech"]["documents"][0]
        responses = [
            mine.get(
                "/ibp_api.php",
                query_string={
                    "action": "sms.send_message",
                    "access_key": login["user"],
                    "secret_access_key": login["secret"],
                    "to": "5556667777",
                    "from": sender,
                    "message": f"of {world['id']}",
                },
            ).text
            for sender in ("5554332111", "5554443210", "5554332111", "5554443210")
        ]
        return sum("[1] Message Sent" in response for response in responses)

    with ThreadPoolExecutor(32) as pool:
        accepted = [sum(pair) for pair in zip(pool.map(use, worlds), pool.map(use, worlds), strict=True)]

    # 001: "1 sms per number per second": two numbers, one instant.
    assert [2] * 1_000 == accepted
    for world in worlds[::37]:
        rows = client.get(
            f"/_mock/worlds/{world['id']}/messages?provider=dialogtech&since={MESSAGES['small'] - 1}"
        ).get_json()["messages"]
        assert [f"of {world['id']}"] * 2 == [row["text"] for row in rows]
        assert 8 == client.get(f"/_mock/worlds/{world['id']}/journal").get_json()["last"]
    assert 0 == client.get("/_mock/worlds/default/journal").get_json()["last"]


@pytest.mark.parametrize("threads", [32])
def test_one_account_under_32_threads_never_sends_more_than_the_three_limits_allow(registry, threads: int) -> None:
    app = build_service(registry=registry).app
    world = made(Client(app), id="mine", fixture="demo", freeze=NOON)
    login = world["credentials"]["dialogtech"]["demo"][0]
    numbers = ("3125550142", "3125550143", "6465550117", "6465550118", "7735550190", "7735550191")

    def send(index: int) -> bool:
        response = Client(app).get(
            "/ibp_api.php",
            query_string={
                "action": "sms.send_message",
                "access_key": login["user"],
                "secret_access_key": login["secret"],
                "to": "5556667777",
                "from": numbers[index % 6],
                "message": "hi",
            },
        )
        return "[1] Message Sent" in response.text

    for _ in range(3):
        with ThreadPoolExecutor(threads) as pool:
            # 001: "4 sms per DialogTech account per second"
            assert 4 == sum(pool.map(send, range(60)))
        registry.get("mine").advance(registry.get("mine").now() + SECOND)
