import builtins
import io
import os
import ssl
from pathlib import Path
from unittest import mock

import httpx
import pytest
import requests
from sending import SMS, URL, is_forwarded, is_sent

from mockserver import MockServer, Settings

READ = {
    "action": "sms.get_messages",
    "start_date": "20170101",
    "end_date": "20170102",
    "access_key": "foo",
    "secret_access_key": "bar",
}


def no_more(*_args, **_kwargs):
    raise OSError("this is the test's own file system")


@pytest.fixture(params=["pyfakefs", "read_bytes", "open"])
def changed_files(request):
    """A file system that holds none of our files."""
    if request.param == "pyfakefs":
        yield request.getfixturevalue("fs")
    elif request.param == "read_bytes":
        with mock.patch.object(Path, "read_bytes", no_more), mock.patch.object(Path, "read_text", no_more):
            yield
    else:
        with (
            mock.patch.object(builtins, "open", no_more),
            mock.patch.object(io, "open", no_more),
            mock.patch.object(os, "stat", no_more),
        ):
            yield


def test_a_document_has_its_dtd(changed_files, mock_server):
    with mock_server.create_world() as world:
        user, secret = world.login("dialogtech")
        call = READ | {"access_key": user, "secret_access_key": secret}
        assert "<!ELEMENT " in requests.get(world.base_url + "/ibp_api.php", params=call).text


def test_a_world_of_another_fixture_is_there(changed_files, mock_server):
    with mock_server.create_world(fixture="small") as world:
        assert world.messages()


def test_a_server_starts_and_serves(changed_files):
    with MockServer() as server:
        assert server.quirks()
        assert server.errors()
        assert requests.get(server.url + "/_mock/ui/").ok
        assert requests.get(server.url + "/_mock/openapi.json").ok


def test_a_request_is_redirected(fs, mock_redirect, mock_world):
    assert is_sent(httpx.post(URL, data=SMS))


def test_a_webhook_is_delivered(mock_world, receiver, fs):
    assert is_forwarded(mock_world, receiver)


@pytest.mark.mockserver(variants={"dialogtech.zone": "Pacific/Chatham"})
def test_a_zone_that_no_one_has_read_is_known(fs, mock_redirect, mock_world):
    assert "success" in httpx.get(URL, params=READ).text


def test_a_server_for_https_starts_with_a_ca_of_its_own(tmp_path, fs):
    with MockServer(settings=Settings(ca=tmp_path, port=0), https=True) as server:
        assert httpx.get(server.https_url, verify=ssl.create_default_context(cafile=str(server.ca.certificate)))
