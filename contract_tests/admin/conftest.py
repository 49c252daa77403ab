"""Fixtures that run pytest in a process of its own, with the plugin active."""

from __future__ import annotations

from collections.abc import Callable

import pytest

# What these runs do not need, and what takes long to load.
LEAN = ("-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:cacheprovider", "-W", "error")

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
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Run pytest on one test file that begins with the client code below."""

    def ran(tests: str, *args: str, client: str = CLIENT) -> pytest.RunResult:
        pytester.makeini("[pytest]")
        pytester.makepyfile(test_it=client + tests)
        return pytester.runpytest_subprocess(*LEAN, *args)

    return ran


@pytest.fixture
def client_code() -> str:
    """The client code that such a file begins with."""
    return CLIENT
