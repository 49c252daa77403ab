"""Time zones on a machine that has no files of them."""

from __future__ import annotations

import os
import subprocess
import sys

_ASK = """
import sys
if {blocked}:
    sys.modules["tzdata"] = None  # as where the package is not installed
from mockserver.app import create_app
client = create_app().test_client()
print(*(each["recived"][11:] for each in client.post("/messages/recived", data=dict(username="Login", password="Haslo")).get_json()["items"]))
"""


def _run(*, blocked: bool, zones: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _ASK.format(blocked=blocked)],
        env={**os.environ, "PYTHONTZPATH": zones},
        capture_output=True,
        text=True,
        check=False,
    )


def test_local_times_are_known_without_any_zone_file_of_the_system() -> None:
    ran = _run(blocked=False, zones="")
    assert 0 == ran.returncode, ran.stderr
    assert "11:18:03 12:37:43 16:47:36 14:09:15\n" == ran.stdout  # 004, in Polish time


def test_a_server_does_not_start_where_no_zone_is_known() -> None:
    ran = _run(blocked=True, zones="/nowhere")
    assert 1 == ran.returncode
    assert ran.stderr.endswith(
        "OSError: this Python finds no time zones: PYTHONTZPATH names no folder of them, and the package tzdata is not installed\n"
    )
