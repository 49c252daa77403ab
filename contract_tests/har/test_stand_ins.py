"""No secret gets into a recording, and what stands in for them and for people keeps the recording's sense."""

from __future__ import annotations

from base64 import b64encode

import msgspec
import pytest

from mockserver.har import RecordedExchange
from mockserver.har.stand_ins import StandInError, StandIns
from mockserver.http.secret_names import create_stand_ins
from mockserver.sdk.loading import installed_providers


def stand_ins(*, anonymise: bool = False) -> StandIns:
    return create_stand_ins(installed_providers(), anonymise=anonymise)


def exchange(
    url: str = "https://api2.serwersms.pl/", body: str = "", response: str = "", **changes
) -> RecordedExchange:
    return RecordedExchange(
        index=0,
        started=0,
        method="POST",
        url=url,
        request_body=body.encode(),
        status=200,
        response_body=response.encode(),
        **changes,
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a=1&password=two&b=3", "a=1&password=password-1&b=3"),
        ("old%5Bpassword%5D=tw%6F&password=two", "old%5Bpassword%5D=password-1&password=password-1"),
        ('{ "password" : "two",\t"text":"\\u0142" }', '{ "password" : "password-1",\t"text":"\\u0142" }'),
        ('{"password":["a/b\\/c","two"]}', '{"password":["password-1","password-2"]}'),
        ('{"password":2222,"id":2222}', '{"password":"password-1","id":2222}'),
        ("<a><password>two</password><b>two</b></a>", "<a><password>password-1</password><b>two</b></a>"),
        ("<a token='t' b='x'><![CDATA[<t>]]></a>", "<a token='token-1' b='x'><![CDATA[<t>]]></a>"),
        ("<a><password>two</password>1 < 2<b", "<a><password>password-1</password>1 < 2<b"),
        ("<password><![CDATA[two]]></password>", "<password><![CDATA[password-1]]></password>"),
        ('messages={"password":"two"}', "messages=%7B%22password%22%3A%22password-1%22%7D"),
        ("a=1;password=two;b=3&c=4;d", "a=1;password=password-1;b=3&c=4;d"),
        ('{"url":"/x?token=t&y=z"}', '{"url":"/x?token=token-1&y=z"}'),
        ('call({"password":"two"});', 'call({"password":"password-1"});'),
        ("Rejected: key=a; token=two, text=b", "Rejected: key=key-1; token=token-1, text=b"),
        ('{"url":"https://a.example/?token=t&x=1"}', '{"url":"https://a.example/?token=token-1&x=1"}'),
    ],
)
def test_a_secret_is_replaced_under_its_name_and_nothing_else_changes(before: str, after: str):
    assert after == stand_ins().apply(exchange(body=before)).request_body.decode()


def test_a_secret_is_replaced_in_parameters_of_a_path_and_in_a_header_with_a_url():
    sent = exchange(url="https://a.example/x;password=two?b=1", response_headers=(("Refresh", "0; url=/?a=1&token=t"),))

    found = stand_ins().apply(sent)

    assert "https://a.example/x%3Bpassword%3Dpassword-1?b=1" == found.url
    assert (("Refresh", "0; url=/?a=1&token=token-1"),) == found.response_headers


def test_a_secret_is_replaced_in_a_multipart_form_with_bare_line_feeds():
    body = '--B\nContent-Disposition: form-data; name="password"\n\n{}\n--B--\n'
    sent = exchange(body=body.format("two"), request_headers=(("Content-Type", "multipart/form-data; boundary=B"),))

    assert body.format("password-1") == stand_ins().apply(sent).request_body.decode()


def test_a_secret_is_replaced_in_a_multipart_form():
    body = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n--x--\r\n'
    sent = exchange(
        body=body.format("password", "two"), request_headers=(("Content-Type", "multipart/form-data; boundary=x"),)
    )
    assert body.format("password", "password-1") == stand_ins().apply(sent).request_body.decode()


def test_secrets_of_headers_and_urls_are_replaced():
    basic = "Basic " + b64encode(b"shop:two").decode()
    sent = exchange(
        "https://shop:two@api2.serwersms.pl/x?api_key=k",
        request_headers=(
            ("Authorization", basic),
            ("Proxy-Authorization", "Bearer abc"),
            ("Cookie", "a=b; c=d"),
            ("X-Api-Key", "k"),
            ("Referer", "https://a.example/?api_key=k"),
        ),
        response_headers=(("Set-Cookie", "a=b; Path=/; HttpOnly"),),
    )
    found = stand_ins().apply(sent)
    assert found.url == "https://username-1:password-1@api2.serwersms.pl/x?api_key=api_key-1"
    assert found.request_headers == (
        ("Authorization", "Basic " + b64encode(b"username-1:password-1").decode()),
        ("Proxy-Authorization", "Bearer token-1"),
        ("Cookie", "a=cookie-1; c=cookie-2"),
        ("X-Api-Key", "api_key-1"),
        ("Referer", "https://a.example/?api_key=api_key-1"),
    )
    assert found.response_headers == (("Set-Cookie", "a=cookie-1; Path=/; HttpOnly"),)


def test_a_secret_is_replaced_wherever_it_recurs_in_later_exchanges():
    names = stand_ins()
    names.apply(exchange(body="password=hunter2222"))
    found = names.apply(
        exchange("https://api2.serwersms.pl/hunter2222/x", response='{"error":"no hunter2222, but hunter22223"}')
    )
    assert found.url == "https://api2.serwersms.pl/password-1/x"
    assert found.response_body == b'{"error":"no password-1, but hunter22223"}'


def test_a_secret_that_is_known_beforehand_is_replaced_in_an_earlier_exchange():
    names = stand_ins()
    names.note(exchange(body="token=abcdef123456"))
    assert b'{"id":"token-1"}' == names.apply(exchange(response='{"id":"abcdef123456"}')).response_body


def test_a_password_that_is_a_usual_word_does_not_change_names():
    found = stand_ins().apply(exchange(body="password=password&text=password", response="<password>x</password>"))
    assert b"password=password-1&text=password-1" == found.request_body
    assert b"<password>password-2</password>" == found.response_body


@pytest.mark.parametrize(
    "hidden",
    [
        b64encode(b"the token is s3cret-s3cret-s3cret").decode(),
        "s3cret%252Ds3cret%252Ds3cret",
        "s3cret&#45;s3cret&#45;s3cret",
        "s3cret\\u002ds3cret\\u002ds3cret",
    ],
)
def test_an_exchange_in_which_a_secret_survives_is_not_given_out(hidden: str):
    names = stand_ins()
    names.apply(exchange(body="token=s3cret-s3cret-s3cret"))
    with pytest.raises(StandInError) as caught:
        names.apply(exchange(body=f"text {hidden}"))
    assert "log.entries[0].request.postData.text: the secret whose stand-in is token-1 is still there" in str(
        caught.value
    )
    assert "s3cret" not in str(caught.value)


def test_content_length_fits_the_changed_body_where_it_fitted_before():
    length = (("Content-Length", "12"),)
    assert (("Content-Length", "19"),) == stand_ins().apply(
        exchange(body="password=two", request_headers=length)
    ).request_headers
    assert length == stand_ins().apply(exchange(body="password=twoo", request_headers=length)).request_headers


def test_the_result_is_given_out_again_unchanged():
    first = stand_ins().apply(exchange(body="password=two&api_key=hunter2222"))
    assert first == stand_ins().apply(first)


# -- people ------------------------------------------------------------------------------------------------------------------


def test_numbers_keep_country_network_and_spelling_and_are_the_same_number_everywhere():
    sent = exchange(
        body="phone=%2B48500600700%2C500600701&text=y",
        response='{"items":[{"phone":"48500600700","note":"500600701"},{"number":500600700},{"id":48500600702}]}',
    )
    found = stand_ins(anonymise=True).apply(sent)
    assert b"phone=%2B48500000001%2C500000002&text=a" == found.request_body
    assert (
        b'{"items":[{"phone":"48500000001","note":"500000002"},{"number":500000001},{"id":48500600702}]}'
        == found.response_body
    )


def test_numbers_and_texts_in_pairs_are_replaced():
    sent = exchange(body="ndi=500600702&messages=500600700%3AHello+Jan%5D%7C%5B%2B48500600701%3AHi")
    found = stand_ins(anonymise=True).apply(sent)

    assert b"ndi=500000001&messages=500000002%3AAceln+Osz%5D%7C%5B%2B48500000003%3ACc" == found.request_body


def test_a_text_that_is_json_stays_json():
    sent = exchange(body="message=%7B%22text%22%3A%22RCS%22%2C%22id%22%3A5%7D&text=%7B%22a")
    found = stand_ins(anonymise=True).apply(sent)

    assert b"message=%7B%22text%22%3A%22ACE%22%2C%22id%22%3A5%7D&text=%7B%22c" == found.request_body


def test_two_numbers_never_become_one():
    numbers = [f"48{network}{last:06}" for network in (500, 501) for last in range(3_000)]
    found = stand_ins(anonymise=True).apply(exchange(body="phone=" + ",".join(numbers)))
    after = found.request_body.decode().removeprefix("phone=").split("%2C")
    assert len(numbers) == len(set(after))
    assert [number[:5] for number in numbers] == [number[:5] for number in after]


def test_a_short_code_and_a_formatted_number_keep_their_form():
    found = stand_ins(anonymise=True).apply(exchange(body='{"from":"71234","to":"(212) 555-0187"}'))
    assert b'{"from":"71234","to":"(212) 500-0001"}' == found.request_body


@pytest.mark.parametrize("text", ["Hello, Jan! 100% [sure]", "zażółć gęślą JAŹŃ", "Ünï Δ €", "Привет, 你好", "👍🏽 ok"])
def test_a_text_keeps_its_length_and_alphabet(text: str):
    sent = exchange(body=msgspec.json.encode({"text": text}).decode())
    after = msgspec.json.decode(stand_ins(anonymise=True).apply(sent).request_body)["text"]
    assert text != after
    assert (len(text), len(text.encode("utf-16"))) == (len(after), len(after.encode("utf-16")))
    assert [letter for letter in text if letter.isascii() and not letter.isalnum()] == [
        letter for letter in after if letter.isascii() and not letter.isalnum()
    ]


def test_a_text_without_its_polish_letters_is_the_same_text():
    sent = exchange(
        body='{"text":"Zażółć gęślą jaźń"}', response='{"items":[{"text":"Zazolc gesla jazn"},{"text":"Zazolc gesla"}]}'
    )
    found = stand_ins(anonymise=True).apply(sent)
    after = msgspec.json.decode(found.request_body)["text"]
    first, second = (item["text"] for item in msgspec.json.decode(found.response_body)["items"])
    assert first == after.translate(str.maketrans("ąćęłńóśżź", "acelnoszz"))
    assert not first.startswith(second)


def test_a_thousand_different_texts_stay_different():
    sent = exchange(body=msgspec.json.encode([{"text": f"code {n}abc"} for n in range(1_000)]).decode())
    texts = {row["text"] for row in msgspec.json.decode(stand_ins(anonymise=True).apply(sent).request_body)}
    assert 1_000 == len(texts)


def test_the_message_of_an_error_is_no_persons_text():
    sent = exchange(response='{"error":{"code":1001,"message":"Invalid user"}}')
    assert sent == stand_ins(anonymise=True).apply(sent)


def test_numbers_and_texts_stay_unless_they_are_to_be_replaced():
    sent = exchange(body="phone=500600700&text=Hello")
    assert sent == stand_ins().apply(sent)


def test_bytes_that_are_no_text_stay_but_for_a_secret_in_them():
    names, image = stand_ins(), bytes(range(256))
    names.note(exchange(body="password=hunter2-hunter2"))
    sent = msgspec.structs.replace(exchange(), response_body=image + b"hunter2-hunter2" + image)

    assert image + b"password-1" + image == names.apply(sent).response_body


def test_a_form_in_another_character_set_has_stand_ins_too():
    sent = msgspec.structs.replace(exchange(), request_body="password=two&text=ż".encode("iso-8859-2"))

    assert b"password=password-1&text=\xbf" == stand_ins().apply(sent).request_body
