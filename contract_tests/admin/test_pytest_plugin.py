"""The pytest plugin and the unittest class, each run in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

TWENTY_LINES = """
@pytest.mark.mockserver(freeze="2026-06-01T12:00:00Z")
@pytest.mark.parametrize("post", [SESSION.post, httpx.post], ids=["requests", "httpx"])
@pytest.mark.parametrize("turn", range(8))
def test_one_is_sent_and_the_next_one_comes_too_soon(mock_redirect, mock_world, post, turn):
    assert "[1] Message Sent" in send(post)
    assert "Rate limit exceeded" in send(post)
    assert 1 == len(mock_world.messages("dialogtech", number=SMS["to"]))
"""


def shown(result: pytest.RunResult) -> str:
    return "\n".join(result.outlines)


# -- the done-criterion ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [("-n", "0"), ("-n", "4"), ("-n", "4", "-o", "mockserver_server=shared"), ("-o", "mockserver_server=shared")],
    ids=["alone", "four workers", "four workers share a server", "no one to share with"],
)
def test_the_same_twenty_lines_pass_with_two_libraries_and_no_base_url(run, args: tuple[str, ...]) -> None:
    run(TWENTY_LINES, *args, autoload=not args[0].startswith("-n")).assert_outcomes(passed=16)


def test_workers_that_share_a_server_have_listeners_of_their_own(run) -> None:
    result = run(
        """
@pytest.mark.parametrize("turn", range(4))
def test_it(mock_redirect, mock_world, mock_server, turn, worker_id):
    send()
    print("at", mock_server.url, "by", worker_id, "through", mock_world.exchange(1).row["listener"])
""",
        *("-n", "2", "-o", "mockserver_server=shared", "-rP", "--dist", "each"),
    )
    result.assert_outcomes(passed=8)
    found = re.findall(r"at (\S+) by (\S+) through (\S+)", shown(result))

    assert 1 == len({url for url, _, _ in found})
    assert {("gw0", "redirect-gw0"), ("gw1", "redirect-gw1")} == {(worker, listener) for _, worker, listener in found}


# -- the fixtures ------------------------------------------------------------------------------------------------------


def test_a_world_is_fresh_and_dropped_afterwards_and_the_server_stays(run) -> None:
    run(
        """
seen = []

@pytest.mark.parametrize("turn", range(3))
def test_it(mock_world, mock_server, turn):
    assert [] == mock_world.journal()
    seen.append((mock_server.url, mock_world.id))
    assert ["default", mock_world.id] == [world.id for world in mock_server.worlds()]

def test_all(mock_server):
    assert (1, 3) == (len({url for url, _ in seen}), len({world for _, world in seen}))
    assert ["default"] == [world.id for world in mock_server.worlds()]
"""
    ).assert_outcomes(passed=4)


def test_without_redirect_and_block_sockets_are_not_patched(run) -> None:
    run(
        """
import socket

def test_it(mock_world):
    assert "_socket" == socket.socket.connect.__objclass__.__module__

def test_that(mock_redirect):
    assert mock_redirect.leaks == []
    assert not hasattr(socket.socket.connect, "__objclass__")

def test_it_again(mock_world):
    assert "_socket" == socket.socket.connect.__objclass__.__module__
""",
        *("-o", "mockserver_block=off"),
    ).assert_outcomes(passed=3)


CONNECTIONS = """
def connections():
    return [each.sock for pool in SESSION.adapters["https://"].poolmanager.pools._container.values()
            for each in pool.pool.queue if each is not None]

"""


def test_a_kept_connection_serves_the_next_redirected_test_and_no_other(run) -> None:
    run(
        CONNECTIONS
        + """
kept = []

@pytest.mark.parametrize("turn", range(2))
def test_it(mock_redirect, turn):
    send()
    kept.append(id(connections()[0]))
    assert 1 == len(set(kept))

def test_that():
    assert b"" == connections()[0].recv(1)
"""
    ).assert_outcomes(passed=3)


def test_a_connection_that_was_kept_for_a_test_that_never_began_is_closed(run) -> None:
    run(
        CONNECTIONS
        + """
def test_it(mock_redirect):
    send()

@pytest.fixture
def broken():
    assert 0

def test_that(broken, mock_redirect):
    pass

def test_the_other():
    assert b"" == connections()[0].recv(1)
"""
    ).assert_outcomes(passed=2, errors=1)


def test_the_marker_says_how_the_world_begins_and_the_nearest_counts(run) -> None:
    run(
        """
pytestmark = pytest.mark.mockserver(freeze="2026-03-29T00:59:59Z", variants={"limits": "off", "dialogtech.zone": "Europe/Warsaw"})

@pytest.mark.mockserver(fixture="small", seed="7", variants={"limits": "enforced"})
def test_it(mock_world):
    facts = mock_world.show()
    assert ("7", True, "2026-03-29T00:59:59+00:00") == (facts.seed, facts.is_frozen, facts.now.isoformat())
    assert {"dialogtech.zone": "Europe/Warsaw"} == dict(facts.variants)

def test_that(mock_world):
    assert {"limits": "off", "dialogtech.zone": "Europe/Warsaw"} == dict(mock_world.show().variants)
"""
    ).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("freez='2026-03-29T00:59:59Z'", "freez: unknown key; did you mean 'freeze'?"),
        ("'small'", "'small' has no name; the options are fixture, seed, variants, freeze, snapshot, scenario"),
    ],
)
def test_a_mistyped_marker_is_the_error_of_its_test_alone(run, said: str, sentence: str) -> None:
    result = run(
        f"@pytest.mark.mockserver({said})\ndef test_it(mock_world): pass\n\n"
        f"@pytest.mark.mockserver({said})\ndef test_it_without_a_world(): pass\n\ndef test_that(mock_world): pass"
    )
    result.assert_outcomes(errors=2, passed=1)

    assert f"@pytest.mark.mockserver: {sentence}" in shown(result)
    assert "INTERNALERROR" not in shown(result)


def test_a_marker_of_a_wrong_type_is_the_error_of_its_test_also_in_the_matrix(run) -> None:
    result = run(
        "@pytest.mark.mockserver(variants='limits')\ndef test_it(mock_world): pass\n\ndef test_that(): pass",
        "--mockserver-variants=matrix",
    )
    result.assert_outcomes(errors=1, passed=1)

    assert "@pytest.mark.mockserver: variants: 'limits' is not a mapping, such as {'limits': 'off'}" in shown(result)


def test_a_variant_that_there_is_not_is_rejected_with_the_nearest(run) -> None:
    result = run("@pytest.mark.mockserver(variants={'limit': 'off'})\ndef test_it(mock_world): pass")
    result.assert_outcomes(errors=1)

    assert "did you mean 'limits'?" in shown(result)


def test_a_setting_that_there_is_not_stops_the_run(run) -> None:
    result = run("def test_it(): pass", "-o", "mockserver_server=both")

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    assert "mockserver_server must be per-worker or shared, not 'both'" in "\n".join(result.errlines)


# -- the report of a failing test --------------------------------------------------------------------------------------

FAILING = """
@pytest.mark.mockserver(freeze="2026-03-29T00:59:59Z")
def test_it(mock_redirect, mock_world):
    requests.post(URL, data={"acton": "sms.send_message"})
    send()
    mock_world.faults.add("provider_error", name="TooManyPerMinute", match={"provider": "dialogtech"})
    send()
    with pytest.raises(requests.ConnectionError):
        SESSION.get("https://api.dialogtech.com/v2")
    assert 0
"""


@pytest.mark.parametrize("args", [(), ("-n", "1")], ids=["alone", "in a worker"])
def test_the_report_of_a_failing_test_has_its_journal_with_explanations(run, args: tuple[str, ...]) -> None:
    result = run(FAILING, *args)
    result.assert_outcomes(failed=1)
    text = shown(result)

    assert "rejected: api.dialogtech.com:443 is a provider's, and no one answers for it\n" in text
    assert "     1 2026-03-29T00:59:59Z 200 - MissingParameter  POST /ibp_api.php\n" in text
    assert "     2 2026-03-29T00:59:59Z 200 sms.send_message  POST /ibp_api.php\n" in text
    assert "Fix: Rename the parameter acton to action." in text
    assert "Exchange 2 at" not in text
    assert "provider error TooManyPerMinute by fault f1" in text
    assert re.search(r"^api\.dialogtech\.com:443 +.*test_it\.py::test_it$", text, re.MULTILINE)


def test_the_report_of_a_failing_test_is_bounded(run) -> None:
    result = run(
        """
def test_it(mock_redirect):
    for turn in range(60):
        SESSION.get(URL, params={"action": "sms.x" * 100, "turn": turn})
    assert 0
"""
    )
    section = shown(result).partition(" mockserver -")[2].partition("\n====")[0].splitlines()

    assert "60 exchanges, the last 20 of them" in section[1]
    assert "... and 15 more that failed or have near misses" == section[-1]
    assert all(len(line) <= 200 for line in section)


def test_the_report_of_a_passing_test_has_no_journal(run) -> None:
    result = run("def test_it(mock_redirect): send()", "-rA")
    result.assert_outcomes(passed=1)

    assert "- mockserver -" not in shown(result)


def test_a_test_that_has_dropped_its_world_is_informed(run) -> None:
    result = run("def test_it(mock_world):\n    mock_world.drop()\n    assert 0")
    result.assert_outcomes(failed=1)

    assert re.search("the journal of world w[0-9a-z]+ is gone: there is no world", shown(result))


PATCHED = """
import http.client
from mockserver import Mock

def no_more(*args, **kwargs):
    raise RuntimeError("everything is patched")

@pytest.fixture
def patched(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.adapters.HTTPAdapter, "send", no_more)  # as responses does, and requests-mock
        patch.setattr(http.client.HTTPConnection, "request", no_more)
        patch.setattr(http.client, "HTTPConnection", no_more)  # as vcrpy does
        patch.setattr("urllib3.connectionpool.HTTPConnectionPool.urlopen", no_more)
        patch.setattr("socket.create_connection", no_more)
        patch.setattr("socket.getaddrinfo", no_more)
        yield
"""


def test_a_failing_test_that_patches_http_has_its_journal_and_fails_the_run(run) -> None:
    result = run(
        PATCHED
        + """
def test_it(mock_world, patched):
    assert 0

def test_that(mock_world):
    pass
""",
        *("-n", "2", "-o", "mockserver_server=shared"),
    )
    result.assert_outcomes(failed=1, passed=1)

    assert pytest.ExitCode.TESTS_FAILED == result.ret
    assert re.search("world w[0-9a-z]+: nothing was asked", shown(result))
    assert "INTERNALERROR" not in shown(result)


def test_the_client_of_a_server_elsewhere_uses_no_library_that_tests_patch(run) -> None:
    run(
        PATCHED
        + """
def test_it(mock_server, patched):
    with Mock.at(mock_server.url) as mock, mock.create_world() as world:
        assert [] == world.journal()
"""
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize("args", [(), ("--mockserver-coverage",), ("--mockserver-variants=matrix", "-k", "usual")])
def test_an_error_in_a_report_is_a_line_of_it(run, args: tuple[str, ...]) -> None:
    result = run(
        """
class Broken:
    id = "broken"

    def journal(self, **filters):
        raise RuntimeError("no journal here")

@pytest.fixture
def mock_world(mockserver_variant):
    return Broken()

def test_it(mock_world):
    assert 0
""",
        *args,
    )
    result.assert_outcomes(failed=1)

    assert "no journal, for there was an error: RuntimeError: no journal here" in shown(result)
    assert "INTERNALERROR" not in shown(result)


def test_leaks_are_listed_though_the_test_passes(run) -> None:
    result = run(
        """
def test_it(mock_redirect):
    with pytest.raises(httpx.ConnectError):
        httpx.get("http://panel.serwersms.pl/")
"""
    )
    result.assert_outcomes(passed=1)

    assert "mockserver: rejected, because no one answers there" in shown(result)
    assert "panel.serwersms.pl:80" in shown(result)


def test_files_of_ours_are_read_though_tests_replace_the_functions_that_read(run) -> None:
    run(
        """
from pathlib import Path
from unittest import mock

def no_more(*args, **kwargs):
    raise OSError("files are replaced")

@pytest.fixture(autouse=True)
def patched():
    with (
        mock.patch.object(Path, "read_bytes", no_more), mock.patch.object(Path, "read_text", no_more),
        mock.patch.object(Path, "is_file", no_more), mock.patch("builtins.open", no_more), mock.patch("io.open", no_more),
    ):
        yield

def test_documents(mock_server):
    with mock_server.create_world(fixture="small") as world:
        user, secret = world.login("dialogtech")
        call = CALL | {"access_key": user, "secret_access_key": secret, "action": "sms.get_numbers"}
        assert "<!ELEMENT" in requests.get(world.base_url + "/ibp_api.php", call).text
    assert mock_server.quirks()

def test_page(mock_server):
    assert "<title>" in requests.get(mock_server.url + "/_mock/ui/worlds/default/clock").text
    assert "function" in requests.get(mock_server.url + "/_mock/ui/static/page.js").text
"""
    ).assert_outcomes(passed=2)


# -- who does not use it -----------------------------------------------------------------------------------------------


def test_loading_the_plugin_loads_nothing_else_of_ours() -> None:
    program = (
        "import sys, mockserver.testkit.pytest_plugin;"
        "print(sorted(name for name in sys.modules if name.startswith('mockserver')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    ours = ("built_version", "testkit", "testkit.pytest_plugin", "unpatched", "version")
    assert f"{['mockserver', *(f'mockserver.{name}' for name in ours)]}\n" == done.stdout


def test_a_run_without_our_fixtures_imports_only_the_plugin_and_the_block(run) -> None:
    run(
        """
import sys

def test_it():
    block = {f"mockserver.intercept.{name}" for name in ("block", "connection_rules", "hosts", "monkeypatch", "proxied", "sockets")}
    plugin = {"mockserver", "mockserver.version", "mockserver.built_version", "mockserver.unpatched", "mockserver.testkit", "mockserver.testkit.pytest_plugin"}
    assert plugin | block | {"mockserver.intercept"} == {name for name in sys.modules if name.startswith("mockserver")}
    assert "flask" not in sys.modules

def test_that():
    import socket
    assert socket.getaddrinfo("localhost", 80)
    assert "mockserver.sdk" not in sys.modules
""",
        client="",
        autoload=True,
    ).assert_outcomes(passed=2)


def test_the_plugin_can_be_left_out(run) -> None:
    result = run("def test_it(): pass\ndef test_that(mock_world): pass", "-p", "no:sms_mockserver", autoload=True)
    result.assert_outcomes(passed=1, errors=1)

    assert "fixture 'mock_world' not found" in shown(result)


# -- unittest ----------------------------------------------------------------------------------------------------------

CASE = """
import unittest
from mockserver import MockWorldCase


class Sending(MockWorldCase):
    mockserver = {"freeze": "2026-06-01T12:00:00Z", "variants": {"limits": "off"}}

    def setUp(self):
        super().setUp()
        send()

    def test_one(self):
        self.assertEqual(1, len(self.world.messages("dialogtech", number=SMS["to"])))

    def test_two(self):
        send()
        self.assertEqual(2, len(self.world.messages("dialogtech", number=SMS["to"])))
        self.assertEqual(["default", self.world.id], [world.id for world in self.server.worlds()])
"""


def test_a_case_of_unittest_has_a_world_a_test(pytester: pytest.Pytester, client_code: str) -> None:
    pytester.makepyfile(test_case=client_code.replace("import pytest\n", "") + CASE)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "unittest", "-v", "test_case"],
        capture_output=True,
        text=True,
        cwd=pytester.path,
    )

    assert 0 == done.returncode, done.stderr
    assert "Ran 2 tests" in done.stderr


def test_a_case_of_unittest_runs_under_pytest_too(run) -> None:
    run(CASE).assert_outcomes(passed=2)


def test_a_case_that_says_nothing_known_is_rejected(run) -> None:
    result = run(CASE.replace('"freeze"', '"frieze"'))
    result.assert_outcomes(errors=2)

    assert "frieze: unknown key; did you mean 'freeze'?" in shown(result)
