"""Secrets are masked in every place of a credential, and wherever they recur in the same world."""

from __future__ import annotations

import json
import logging
import tracemalloc
from base64 import b64encode
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from werkzeug.test import Client

from mockserver.http.masking import _Places
from mockserver.http.secret_names import SecretNames
from mockserver.http.sent_secrets import SentSecrets

SECRET = "s3cr3t-Value+1"
KNOWN = {"access_key": "foo", "secret_access_key": "bar"}
JOURNAL = "/_mock/worlds/default/journal"


def everything(client: Client, number: int = 1) -> str:
    """All that the control API shows of an exchange."""
    parts = client.get(f"{JOURNAL}/{number}").get_json(), client.get(JOURNAL).get_json()
    return json.dumps(parts, ensure_ascii=False)


@pytest.mark.parametrize(
    "body",
    [
        f"haslo={SECRET}",
        f"has%C5%82o={SECRET}",
        f"pwd={SECRET}&x=1",
        f"pass={SECRET}",
        f"key={SECRET}",
        f"x=1;password={SECRET};y=2",
        f"{{'password': '{SECRET}'}}",
        f"{{password: '{SECRET}', \"x\": 1}}",
        f'{{"hasło": "{SECRET}"}}',
        f'{{"password": ["{SECRET}"]}}',
        f"{{'pwd': [ '{SECRET}' ]}}",
        f'{{"password": {{"now": "{SECRET}"}}}}',
        f'{{"password": ["other-Value+2", {{"next": ["{SECRET}"]}}]}}',
        f'[{{"pass\\u0077ord": "{SECRET}"}}]',
        f'{{"passphrase": "{SECRET}"}}',
        json.dumps({"call": json.dumps({"password": SECRET})}),
        f"<login><password>{SECRET}</password></login>",
        f"<?xml version='1.0'?>\n<a:login a:pwd='{SECRET}'/>",
        f"<a><ns:haslo type='x'> <![CDATA[{SECRET}]]></ns:haslo></a>",
        f"<struct><member><name>password</name><value><string>{SECRET}</string></value></member></struct>",
        f'<r><param name="password" value="{SECRET}"/></r>',
        f"x=1&xml=<login><password>{SECRET}</password></login>",
        urlencode({"xml": f"<login><password>{SECRET}</password></login>"}),
        urlencode({"data": json.dumps({"password": SECRET, "to": "ż"}), "x": "1"}),
    ],
)
def test_a_credential_is_masked_in_every_spelling_of_a_body(client: Client, body: str) -> None:
    client.post("/messages/recived", data=body.encode())

    shown = everything(client)
    assert SECRET not in shown
    assert "[masked]" in shown


@pytest.mark.parametrize(
    "target",
    [
        f"/messages/recived;password={SECRET}",
        f"/messages;haslo={SECRET};x=1/recived",
        f"/api/password={SECRET}/messages",
        f"/messages/recived?x=1;pwd={SECRET}",
        f"/messages/recived?key={SECRET}",
    ],
)
def test_a_credential_is_masked_in_every_place_of_a_target(
    client: Client, target: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "mockserver")
    client.get(target)

    assert SECRET not in everything(client)
    assert SECRET not in caplog.text
    assert "[masked]" in caplog.text


def test_what_stands_around_a_masked_value_stays(client: Client) -> None:
    client.post("/messages/recived", data=f"<a><b>text</b><password> {SECRET}\n</password><c d='e'/></a>")

    body = client.get(f"{JOURNAL}/1").get_json()["request"]["body"]["text"]
    assert "<a><b>text</b><password> [masked]\n</password><c d='e'/></a>" == body


def test_known_credentials_stay_readable_in_the_new_spellings(client: Client) -> None:
    bodies = ["haslo=Haslo;pwd=bar", "{'password': 'Haslo'}", "<a password='bar'><pwd>foo</pwd></a>"]
    for body in bodies:
        client.post("/messages/recived", data=body)

    shown = [client.get(f"{JOURNAL}/{number}").get_json()["request"]["body"]["text"] for number in (1, 2, 3)]
    assert bodies == shown


# -- by value ------------------------------------------------------------------------------------------------------------


def send(client: Client, **changes: Any) -> None:
    sms = {"action": "sms.send_message", "to": "5556667777", "from": "5554332111", "message": "Hi"}
    client.post("/ibp_api.php", data={**sms, **KNOWN, **changes})


@pytest.mark.parametrize("is_first", [True, False], ids=["before", "after"])
def test_a_secret_is_masked_wherever_it_recurs_before_and_after(client: Client, is_first: bool) -> None:
    def reveal() -> None:
        send(client, message=f"my key is {SECRET}, keep it", note=SECRET)
        client.get(f"/nowhere/{quote(SECRET)}", headers={"X-Note": f"is {SECRET}."})

    if is_first:
        reveal()
    client.get("/ibp_api.php", query_string={"action": "sms.get_numbers", "access_key": SECRET})
    if not is_first:
        reveal()

    shown = "".join(everything(client, number) for number in (1, 2, 3))
    assert SECRET not in shown
    assert quote(SECRET) not in shown
    assert "my+key+is+[masked],+keep+it" in shown
    assert "/nowhere/[masked]" in shown
    assert '"is [masked]."' in shown


def test_a_secret_in_an_accepted_request_that_nobody_looked_at_counts_too(client: Client) -> None:
    send(client, pwd=SECRET)
    send(client, message=f"again {SECRET}")

    assert SECRET not in everything(client, 2)


def test_a_basic_password_that_recurs_is_masked(client: Client) -> None:
    pair = b64encode(f"someone:{SECRET}".encode()).decode()
    client.get("/api/messages/program/121811", headers={"Authorization": f"Basic {pair}"})
    send(client, message=SECRET)

    assert SECRET not in everything(client, 2)


def test_a_verification_that_fails_does_not_show_the_secret(client: Client) -> None:
    client.get("/ibp_api.php", query_string={"action": "sms.get_numbers", "access_key": SECRET})
    send(client, message=SECRET)
    request = {"operation": "sms.send_message", "parameters": {"message": "something else"}}
    found = client.post("/_mock/worlds/default/verify", json={"request": request})

    assert SECRET not in found.text


def test_the_log_masks_a_secret_that_was_sent_before(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "mockserver")
    client.get("/ibp_api.php", query_string={"action": "sms.get_numbers", "access_key": SECRET})
    client.get(f"/nowhere/{quote(SECRET)}")

    assert SECRET not in caplog.text
    assert quote(SECRET) not in caplog.text


def test_a_secret_of_one_world_is_nothing_to_another(client: Client) -> None:
    client.post("/_mock/worlds", json={"id": "other"})
    client.get("/ibp_api.php", query_string={"action": "sms.get_numbers", "access_key": SECRET})
    client.get("/_w/other/nowhere", headers={"X-Note": SECRET})
    shown = client.get("/_mock/worlds/other/journal/1").text

    assert SECRET in shown


def test_what_we_printed_or_issued_is_no_secret_where_it_recurs(client: Client) -> None:
    client.get("/ibp_api.php", query_string={"action": "sms.get_numbers", **KNOWN})
    client.get("/nowhere", headers={"X-Note": "demo-secret-key"})
    client.get("/ibp_api.php", query_string={"action": "sms.get_numbers", "access_key": "demo-secret-key"})

    assert "demo-secret-key" in everything(client, 2)


@pytest.mark.parametrize(
    ("secret", "text", "masked"),
    [
        ("p@ss word", "a p%40ss+word b p%40ss%20word c", "a [masked] b [masked] c"),
        ('quo"te\\d', r'{"x": "quo\"te\\d"}', '{"x": "[masked]"}'),
        ("a<b&c>d", "<x>a&lt;b&amp;c&gt;d</x>", "<x>[masked]</x>"),
        ("zażółć", "zażółć, za\\u017c\\u00f3\\u0142\\u0107, za%c5%bc%c3%b3%c5%82%c4%87", "[masked], [masked], [masked]"),
        ("zażółć", "zażółć".encode().decode("latin-1"), "[masked]"),
        ("hunter22", "hunter22hunter22 xhunter22 hunter22x hunter22-hunter22", "hunter22hunter22 xhunter22 hunter22x [masked]-[masked]"),
        ("short", "short", "short"),
        ("------", "------", "------"),
    ],
)  # fmt: skip
def test_a_secret_is_found_in_its_spellings_and_as_a_whole_word(secret: str, text: str, masked: str) -> None:
    sent = SentSecrets()
    sent.add(secret)

    assert masked == sent.mask(text)


def test_secrets_that_overlap_are_masked_together() -> None:
    sent = SentSecrets()
    for secret in ("abcdef-123456", "123456-uvwxyz", "123456"):
        sent.add(secret)

    assert "<[masked]> [masked]" == sent.mask("<abcdef-123456-uvwxyz> 123456")


def test_the_secrets_of_a_world_are_bounded_in_bytes() -> None:
    """Ten thousand of the longest, in up to nine spellings each, would be 100 MB."""
    sent = SentSecrets()
    tracemalloc.start()
    try:
        for number in range(10_000):
            sent.add(f'{number:06}"ż&<%' + "é" * 980)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert 200 < sent.count < 1_000
    assert held < 16 * 2**20
    assert "[masked]" == sent.mask('000001"ż&<%' + "é" * 980)


# Long bodies

PIECE = 16 * 1024
FILLERS = ["a=1&", "<a>1</a>"]


@pytest.mark.parametrize("filler", FILLERS)
@pytest.mark.parametrize("before", [PIECE - 30, PIECE - 20, PIECE - 10, PIECE])
@pytest.mark.parametrize(
    "body",
    ["password={}&", '"password": "{}"', "'password': '{}'", "<password>{}</password>", "\r\npassword: {}\r\n"],
)
def test_a_secret_where_two_pieces_of_a_long_body_meet_is_masked(body: str, before: int, filler: str) -> None:
    start = "y" + (filler * (before // len(filler) + 1))[-before:]

    masked = places().body(start + body.format(SECRET) + filler * 20_000, "")

    assert SECRET not in masked
    assert masked.startswith(start[: PIECE // 2])
    assert masked.endswith(filler * 10_000)


@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_text_that_has_no_end_is_masked_to_the_end_of_the_body(quote: str) -> None:
    assert SECRET not in places().body(f"{{{quote}password{quote}: {quote}{SECRET}", "")


class CountedNames(SecretNames):
    """Names of secrets that count how often they are asked."""

    asked = 0

    def __contains__(self, name: str) -> bool:
        self.asked += 1
        return super().__contains__(name)


@pytest.mark.parametrize(
    "part", ["n{}=1&", "a&=", '"n{}":1,', "<n{}>1</n{}>", "n{}: 1\n", "'n{}':'1',", '\\"n{}\\":\\"1\\",', "x=1;n{}=1;"]
)
def test_what_follows_many_names_of_a_long_body_is_masked_as_a_whole(part: str) -> None:
    names = CountedNames(["key_id"])
    body = "".join(part.replace("{}", str(number)) for number in range(500_000)) + f"password={SECRET}"

    masked = _Places(names, lambda _: False, None).body(body, "")

    assert 0 < names.asked < 150_000
    assert masked.startswith(body[:20_000])
    assert masked.endswith("[masked]")
    assert SECRET not in masked


def places() -> _Places:
    return _Places(SecretNames(["key_id"]), lambda _: False, None)
