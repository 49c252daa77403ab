import http.client
import urllib.request
from urllib.parse import urlencode

import requests
import vcr
from sending import SMS, URL, is_forwarded, is_sent


def test_the_control_api_and_webhooks_are_not_recorded(over_http, mock_world, receiver, tmp_path):
    with vcr.use_cassette(str(tmp_path / "cassette.yaml")) as cassette:
        assert mock_world.id in [world.id for world in over_http.worlds()]
        assert is_forwarded(mock_world, receiver)

    assert 0 == len(cassette)


def test_the_control_api_is_asked_where_a_cassette_takes_nothing_new(over_http, mock_world, receiver, tmp_path):
    with vcr.use_cassette(str(tmp_path / "cassette.yaml"), record_mode="none"):
        assert http.client.HTTPConnection.__module__ != "http.client"
        assert mock_world.id in [world.id for world in over_http.worlds()]
        assert is_forwarded(mock_world, receiver)


def test_what_is_recorded_came_from_the_world(mock_redirect, mock_world, tmp_path):
    with vcr.use_cassette(str(tmp_path / "cassette.yaml")) as cassette:
        assert is_sent(requests.post(URL, data=SMS))
        assert b"Rate limit" in urllib.request.urlopen(URL, urlencode(SMS).encode()).read()

    assert (2, 2) == (len(cassette), len(mock_world.journal()))
