"""Fixtures that run pytest in a process of its own, with the plugin active."""

from __future__ import annotations

from collections.abc import Callable

import pytest

ARGUMENTS = ("-p", "no:cacheprovider", "-W", "error")
PLUGINS = ("-p", "sms_mockserver", "-p", "xdist")

CLIENT = """
import httpx
import pytest
import requests

URL = "https://secure.dialogtech.com/ibp_api.php"
CALL = {"action": "sms.send_message", "access_key": "foo", "secret_access_key": "bar"}
SMS = {"to": "5556667777", "from": "5554332111", "message": "Thank you for calling."}
SESSION = requests.Session()


def send(post=SESSION.post, **changes):
    return post(URL, data=CALL | SMS | changes).text
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    """Run pytest on one test file that begins with the client code below.

    Only our plugin and xdist are loaded, which saves half a second for each process, unless `autoload` is set.
    """

    def ran(tests: str, *args: str, client: str = CLIENT, autoload: bool = False) -> pytest.RunResult:
        pytester.makeini("[pytest]")
        pytester.makepyfile(test_it=client + tests)
        if not autoload:
            monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return pytester.runpytest_subprocess(*ARGUMENTS, *(() if autoload else PLUGINS), *args)

    return ran


@pytest.fixture
def client_code() -> str:
    """The client code that such a file begins with."""
    return CLIENT
