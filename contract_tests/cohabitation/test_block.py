"""The block of the providers' hosts beside pyfakefs, which hides the installed packages and changes the import system."""

import socket
import sys

import pytest
import requests
from sending import SMS, URL


def test_a_provider_is_blocked_though_the_files_of_the_packages_are_hidden(fs):
    with pytest.raises(OSError, match="nothing was sent"):
        socket.create_connection(("secure.dialogtech.com", 443))


def test_no_finder_stays_behind(mock_redirect):
    names = [type(finder).__name__ for finder in sys.meta_path]
    assert "DynamicPatcher" not in names


def test_a_provider_is_blocked_in_the_next_test(mock_world):
    with pytest.raises(requests.ConnectionError, match="nothing was sent"):
        requests.post(URL, data=SMS)
