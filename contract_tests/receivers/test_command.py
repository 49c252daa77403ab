"""The command `mockserver check-receiver`: its options, what it prints, its report files and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from contract_tests.commands import run_command
from contract_tests.receivers.conftest import Receiver

Serve = Callable[[Callable[[str, str], tuple[int, str]]], Receiver]


def test_a_person_reads_a_row_for_each_case_and_below_them_why(serve: Serve) -> None:
    receiver = serve(lambda method, _: (200, "no\x1b[2J" if method == "GET" else ""))
    done = run_command(
        *("check-receiver", f"{receiver.url}/?id=#ID#", "--provider", "serwersms", "--verified"),
        *("--case", "normal", "--case", "head", "--count-command", "echo 3", "--count-wait", 0),
    )
    rows = [line.split() for line in done.stdout.splitlines()]

    assert ["CASE", "VERDICT", "ANSWER", "TIME", "REPEATED", "AFTER", "COST"] == rows[0]
    assert ["normal", "failed", "200", "'no\\x1b[2J'"] == rows[1][:4]
    assert "5, 10, 15, 60 min  5 calls in place of 1" in done.stdout
    assert ["head", "passed", "200"] == rows[2][:3]
    assert (
        "failed normal\n"
        "  The response is 'no\\x1b[2J' and not 'OK': SerwerSMS calls again after 5, 10, 15 and 60 minutes, 5 times in all,"
        " and then gives up.\n"
        "  004: “If the verification option is enabled and the script on the client side does not return the required values,"
        " the system will repeat the URL invocation in 5, 10, 15 and 60 minutes.” (SW-49)\n"
        "\n2 cases: 1 passed, 1 failed\n"
    ) == done.stdout.partition("\n\n")[2]
    assert (1, "") == (done.returncode, done.stderr)


def test_json_has_each_call_and_the_source(serve: Serve) -> None:
    receiver = serve(lambda *_: (200, "OK"))
    url = f"{receiver.url}/?id=#ID#"
    done = run_command(
        *("check-receiver", url, "--provider", "serwersms", "--verified", "--kind", "ndi"),
        *("--case", "normal", "--format", "json"),
    )
    result = json.loads(done.stdout)
    (case,) = result.pop("cases")
    (request,) = case.pop("requests")
    method, target = receiver.requests[0].split()

    assert 0 == done.returncode
    assert {"url": url, "provider": "serwersms", "kind": "ndi", "verified": True, "verdict": "passed"} == result
    assert (method, f"{receiver.url}{target}", 200, "OK", False) == tuple(
        request[name] for name in ("method", "url", "status", "body", "is_assumed")
    )
    assert 0 < case.pop("seconds") == request["seconds"]
    assert {
        "case": "normal",
        "about": "one message with a short text",
        "kind": "ndi",
        "verdict": "passed",
        "sentence": "It is acknowledged at the first call.",
        "source": {
            "document": "004",
            "sentence": "Information about responses to SMS ECO+ +, ND / SC and NDI / SCI is sent via the GET method.",
            "quirk": "SW-43",
        },
        "answer": "200 'OK'",
        "calls": 1,
        "is_repeated": False,
        "repeated_after": [],
        "cost": "nothing",
        "expected": 1,
        "stored": None,
        "depends_on": [],
    } == case


def test_a_junit_file_has_a_failure_for_a_failed_case_and_output_for_a_warning(serve: Serve, tmp_path: Path) -> None:
    receiver = serve(lambda method, _: (200, "\x00no" if method == "GET" else ""))
    file = tmp_path / "reports" / "receiver.xml"
    done = run_command(
        *("check-receiver", f"{receiver.url}/?id=#ID#", "--provider", "serwersms", "--verified", "--junit", file),
        *("--case", "normal", "--case", "head", "--case", "wrong-method"),
    )
    suite = etree.parse(file).getroot()

    assert 1 == done.returncode
    assert ("3", "1", "0") == (suite.get("tests"), suite.get("failures"), suite.get("errors"))
    assert {"normal": ["failure"], "head": [], "wrong-method": ["system-out"]} == {
        case.get("name"): [child.tag for child in case] for case in suite
    }
    assert (suite.findtext("testcase/failure") or "").startswith("The response is '\\x00no' and not 'OK'")


def test_no_report_has_the_password_of_the_receiver(serve: Serve, tmp_path: Path) -> None:
    receiver, file = serve(lambda *_: (200, "no")), tmp_path / "receiver.xml"
    url = f"{receiver.url}/?id=#ID#".replace("//", "//me:hush@")
    done = run_command(
        *("check-receiver", url, "--provider", "serwersms", "--verified", "--junit", file),
        *("--case", "normal", "--case", "head", "--format", "json"),
    )

    assert 6 == len(receiver.requests)
    assert "hush" not in done.stdout + done.stderr + file.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--provider", "mgage"), 2, "mGage calls no receiver: its messages are fetched"),
        (("--provider", "serwersm"), 2, "'serwersm' is an unknown provider; did you mean 'serwersms'?"),
        (("--provider", "serwersms", "--kind", "sms"), 2, "'sms' is an unknown kind; did you mean 'mms'?"),
        (("--provider", "serwersms", "--case", "nromal"), 2, "there is no case 'nromal'"),
        (
            ("--provider", "serwersms", "--variant", "serwersms.dates=never"),
            2,
            "--variant serwersms.dates: unknown variant",
        ),
        (("--provider", "dialogtech", "--verified"), 2, "DialogTech verifies no acknowledgement"),
        (("--provider", "serwersms", "--count-url", "http://127.0.0.1/", "--count-command", "true"), 2, "exclude"),
        (("--provider", "serwersms", "--count-command", "echo no >&2; exit 3"), 2, "ended with exit code 3: no"),
        (("--provider", "serwersms", "--count-command", "echo 1.5"), 2, "has to answer with one integer, not '1.5'"),
        (("--provider", "serwersms", "--count-url", "{url}/lost"), 2, "answered with status 404"),
        (("--provider", "serwersms", "--timeout", "0"), 2, "--timeout"),
    ],
)
def test_bad_input_is_said_in_one_sentence_and_nothing_is_sent(
    arguments: tuple[str, ...], code: int, message: str, serve: Serve
) -> None:
    receiver = serve(lambda _, target: (404, "") if target == "/lost" else (200, "OK"))
    given = [argument.format(url=receiver.url) for argument in arguments]
    done = run_command("check-receiver", f"{receiver.url}/?id=#ID#", *given)

    assert (code, "") == (done.returncode, done.stdout)
    assert message in done.stderr
    assert [] == [request for request in receiver.requests if "lost" not in request]


def test_where_nothing_answers_the_exit_code_is_that_of_no_server(serve: Serve) -> None:
    receiver = serve(lambda *_: (200, "OK"))
    receiver.stop()
    done = run_command("check-receiver", f"{receiver.url}/?id=#ID#", "--provider", "serwersms")

    assert (3, f"mockserver: nothing answers at {receiver.url}/: the connection was refused\n") == (
        done.returncode,
        done.stderr,
    )


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://x", "'ftp://x' cannot be called: 'ftp://x' is not an http or https URL"),
        ("http://[::1", "'http://[::1' is not the URL of an http or https server"),
        ("http://127.0.0.1:99999/", "127.0.0.1:99999 is no port of a server"),
    ],
)
def test_what_is_no_url_is_bad_input(url: str, message: str) -> None:
    done = run_command("check-receiver", url, "--provider", "serwersms")

    assert 2 == done.returncode
    assert done.stderr.startswith(f"mockserver: {message}")


def test_a_junit_file_that_cannot_be_written_hides_no_result(serve: Serve, tmp_path: Path) -> None:
    receiver = serve(lambda *_: (200, "OK"))
    file = tmp_path / "reports" / "receiver.xml"
    file.parent.touch()
    url = f"{receiver.url}/?id=#ID#"
    done = run_command("check-receiver", url, "--provider", "serwersms", "--case", "normal", "--junit", file)

    assert 2 == done.returncode
    assert done.stdout.endswith("\n1 case: 1 passed\n")
    assert done.stderr.endswith(f"mockserver: {file.parent}: File exists\n")


def test_a_url_without_placeholders_is_warned_of(serve: Serve) -> None:
    receiver = serve(lambda *_: (200, "OK"))
    done = run_command("check-receiver", receiver.url, "--provider", "serwersms", "--case", "normal")

    assert 0 == done.returncode
    assert "The URL has no placeholder, so the calls do not contain the message" in done.stderr
    assert "--count-url or --count-command" in done.stderr
