"""The URL that a client used, as trusted proxies tell it, in mGage's `nextPageUrl`."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
import requests
from werkzeug.test import Client

from mockserver import MockServer, Settings
from mockserver.app import Service, build_service
from mockserver.http.trusted_proxies import TrustedProxies, read_forwarded
from mockserver.settings import BadSetting

PATH = "/api/messages/program/121811"
QUERY = "startDate=2014-12-05T00:00:00&endDate=2014-12-05T23:59:59&pageSize=2"
LOGIN = ("mgage", "mgage")


def next_page(
    headers: Mapping[str, str], peer: str = "127.0.0.1", trusted: str = "private", host: str = "inner:7670"
) -> str:
    """The `nextPageUrl` without its query, under a plain WSGI server."""
    client = Client(build_service(Settings(trusted_proxies=trusted)))
    response = client.get(
        PATH,
        query_string=QUERY,
        base_url=f"http://{host}",
        headers=dict(headers),
        auth=LOGIN,
        environ_overrides={"REMOTE_ADDR": peer},
    )
    url: str = json.loads(response.data)["meta"]["nextPageUrl"]
    return url.partition("?")[0]


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        ({"X-Forwarded-Proto": "https"}, "https://inner:7670"),
        ({"X-Forwarded-Proto": "HTTPS, http"}, "https://inner:7670"),
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "sms.example.com"}, "https://sms.example.com"),
        ({"X-Forwarded-Host": "sms.example.com:8443, inner"}, "http://sms.example.com:8443"),
        (
            {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "sms.example.com", "X-Forwarded-Port": "8443"},
            "https://sms.example.com:8443",
        ),
        (
            {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "sms.example.com", "X-Forwarded-Port": "443"},
            "https://sms.example.com",
        ),
        ({"X-Forwarded-Port": "8443"}, "http://inner:7670"),
        ({"X-Forwarded-Host": "[2001:db8::1]", "X-Forwarded-Port": "81"}, "http://[2001:db8::1]:81"),
        ({"X-Forwarded-Prefix": "/sms/"}, "http://inner:7670/sms"),
        ({"X-Forwarded-Prefix": "/a b%2Fc"}, "http://inner:7670"),
        ({"X-Forwarded-Prefix": "/a%20b"}, "http://inner:7670/a%20b"),
        ({"Forwarded": "proto=https"}, "https://inner:7670"),
        ({"Forwarded": 'For="[2001:db8::1]:47011";Proto=https;Host="sms.example.com:8443"'}, "https://sms.example.com:8443"),
        ({"Forwarded": "for=192.0.2.43;host=sms.example.com;proto=https, for=10.0.0.1;proto=http"}, "https://sms.example.com"),
        ({"Forwarded": "proto=https", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "b.example"}, "https://b.example"),
        # What cannot be read is ignored.
        ({"X-Forwarded-Proto": "gopher"}, "http://inner:7670"),
        ({"X-Forwarded-Host": "evil.example/path?"}, "http://inner:7670"),
        ({"X-Forwarded-Prefix": "//evil.example"}, "http://inner:7670"),
        ({"X-Forwarded-Prefix": "sms"}, "http://inner:7670"),
        ({"X-Forwarded-Host": "", "X-Forwarded-Port": "x"}, "http://inner:7670"),
        ({"Forwarded": '"proto=https'}, "http://inner:7670"),
    ],
)  # fmt: skip
def test_a_trusted_proxy_tells_the_url_that_the_client_used(headers: Mapping[str, str], url: str) -> None:
    assert next_page(headers) == url + PATH


@pytest.mark.timeout(20)  # a search for pairs in these took minutes, and other clients waited
@pytest.mark.parametrize(
    "header",
    ["x" * 60_000, " " * 60_000, "=" * 60_000, ";" * 60_000, "a" + " " * 60_000, '"' + '\\"' * 30_000],
    ids=["letters", "blanks", "equals signs", "semicolons", "a name and blanks", "an open quotation"],
)
def test_a_long_forwarded_header_without_pairs_is_read_in_linear_time_and_tells_nothing(header: str) -> None:
    assert read_forwarded({"forwarded": header}, "http", "inner") == ("http", "inner", "")


def test_a_pair_of_a_forwarded_header_is_read_beside_one_that_is_none() -> None:
    header = 'nothing;for="[2001:db8::1]";host="a;b";host = sms.example.com ;proto=https'

    assert read_forwarded({"forwarded": header}, "http", "inner") == ("https", "sms.example.com", "")


HTTPS = {"X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("trusted", "peer", "is_trusted"),
    [
        ("private", "127.0.0.1", True),
        ("private", "127.9.9.9", True),
        ("private", "10.1.2.3", True),
        ("private", "172.17.0.1", True),
        ("private", "192.168.1.1", True),
        ("private", "::1", True),
        ("private", "fd00::1", True),
        ("private", "::ffff:10.0.0.1", True),
        ("private", "", True),  # a Unix socket
        ("private", "203.0.113.7", False),
        ("private", "2001:db8::1", False),
        ("private", "::ffff:203.0.113.7", False),
        ("any", "203.0.113.7", True),
        ("any", "2001:db8::1", True),
        ("none", "127.0.0.1", False),
        ("none", "", False),
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "127.0.0.1", False),
        ("private, 203.0.113.0/24", "203.0.113.9", True),
        ("private, 203.0.113.0/24", "10.0.0.1", True),
    ],
)
def test_the_headers_of_a_peer_count_when_it_is_trusted(trusted: str, peer: str, is_trusted: bool) -> None:
    scheme = "https" if is_trusted else "http"
    assert next_page(HTTPS, peer, trusted) == f"{scheme}://inner:7670{PATH}"


def test_a_host_told_by_a_trusted_proxy_says_whose_an_unknown_path_is() -> None:
    client = Client(build_service(Settings()))
    known = {"X-Forwarded-Host": "communicatepro.mgage.com"}
    response = client.get("/nowhere", headers=known, environ_overrides={"REMOTE_ADDR": "10.0.0.1"})

    assert (response.status_code, list(json.loads(response.data))) == (404, ["meta"])
    assert client.get("/nowhere", headers=known, environ_overrides={"REMOTE_ADDR": "203.0.113.7"}).json == {
        **client.get("/nowhere", environ_overrides={"REMOTE_ADDR": "203.0.113.7"}).json
    }


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "Forwarded"])
def test_the_control_api_goes_by_the_host_header_alone(header: str) -> None:
    """A page at a name that leads to this machine can set these headers, and not its Host."""
    client = Client(build_service(Settings()))
    told = {header: "localhost" if header == "X-Forwarded-Host" else "host=localhost"}

    assert client.get("/_mock/worlds", base_url="http://evil.example", headers=told).status_code == 421
    assert client.get("/_mock/worlds", base_url="http://localhost", headers={header: "evil.example"}).status_code == 200


@pytest.mark.parametrize("wsgi", [False, True])
def test_a_prefix_that_names_a_world_stays_behind_the_one_that_a_proxy_took(wsgi: bool) -> None:
    with MockServer(settings=Settings(port=0, wsgi=wsgi)) as mock:
        response = requests.get(
            f"{mock.url}/_w/default{PATH}?{QUERY}",
            auth=LOGIN,
            timeout=10,
            headers={"Forwarded": "proto=https;host=sms.example.com", "X-Forwarded-Prefix": "/mock"},
        )

        url = response.json()["meta"]["nextPageUrl"]
        assert url.partition("?")[0] == f"https://sms.example.com/mock/_w/default{PATH}"


@pytest.mark.parametrize("text", ["public", "10.0.0.0/40", "10.0.0.1/8", "private;any"])
def test_another_word_is_rejected_at_start(text: str) -> None:
    with pytest.raises(BadSetting, match="trusted proxies are private, any, none, addresses and networks"):
        build_service(Settings(trusted_proxies=text))


def test_a_header_of_many_quotes_is_read_quickly() -> None:
    forwarded = 'host="' + '\\"' * 30_000
    assert read_forwarded({"forwarded": forwarded}, "http", "inner").host == "inner"


def test_what_is_no_address_is_not_trusted() -> None:
    assert not TrustedProxies("any").trust(("unix:/run/socket", 0))


def test_the_service_reads_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKSERVER_TRUSTED_PROXIES", "none")
    settings, unknown = Settings.from_environment()
    assert (settings.trusted_proxies, unknown) == ("none", [])
    assert isinstance(build_service(settings), Service)
