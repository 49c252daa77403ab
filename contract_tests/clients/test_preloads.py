"""The modules that `mockserver exec` makes Python and Node load before a program: they lead it to the server, and it runs as before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from contract_tests.installed import HOSTS
from mockserver.intercept.environment import PRELOADS, ClientEnvironment, child_variables, client_environment
from mockserver.server import MockServer

PYTHON_PRELOAD = str(PRELOADS / "python")


@pytest.fixture
def to(service) -> ClientEnvironment:
    """The environment that leads to a server."""
    with MockServer(service, https=True, proxy=True) as server:
        yield client_environment(server.ca.trust, server.url, server.proxy_url, HOSTS)


def printed(environment: Mapping[str, str], *command: str) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, PYTHON_PRELOAD),
        ("", PYTHON_PRELOAD),
        ("/mine", f"{PYTHON_PRELOAD}:/mine"),
        (f"{PYTHON_PRELOAD}:/mine", f"{PYTHON_PRELOAD}:/mine"),
    ],
)
def test_what_python_loads_comes_before_the_users_own_and_once(
    to: ClientEnvironment, before: str | None, after: str
) -> None:
    parent = {} if before is None else {"PYTHONPATH": before}

    assert after == child_variables(parent, replace(to, python=PRELOADS / "python"))["PYTHONPATH"]


def test_the_users_own_sitecustomize_is_run_and_is_the_one_that_is_imported(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('mine'); HERE = 'mine'")
    environment = os.environ | {"PYTHONPATH": f"{PYTHON_PRELOAD}:{tmp_path}"}

    assert "mine\nmine\n" == printed(environment, sys.executable, "-c", "import sitecustomize as s; print(s.HERE)")


def test_an_aiohttp_session_uses_the_proxy_variables_unless_trust_env_is_false(tmp_path: Path) -> None:
    program = """
import asyncio, aiohttp

async def main():
    async with aiohttp.ClientSession() as usual, aiohttp.ClientSession(trust_env=False) as received:
        print(usual.trust_env, received.trust_env)

asyncio.run(main())
"""

    assert "False False\n" == printed(dict(os.environ), sys.executable, "-c", program)
    assert "True False\n" == printed(os.environ | {"PYTHONPATH": PYTHON_PRELOAD}, sys.executable, "-c", program)


def test_a_connection_that_node_keeps_for_later_does_not_keep_its_program_running(to: ClientEnvironment) -> None:
    program = """
fetch("https://secure.dialogtech.com/ibp_api.php").then(async (answer) => {
    await answer.text();
    setImmediate(() => console.log(JSON.stringify(process.getActiveResourcesInfo().filter((each) => /Socket/.test(each)))));
});
"""

    assert [] == json.loads(printed(os.environ | child_variables(os.environ, to), "node", "-e", program))
