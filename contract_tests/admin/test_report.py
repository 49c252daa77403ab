"""The report of a world as text, for helpers in any language."""

from __future__ import annotations

from contract_tests.admin.odd_exchanges import REQUESTS
from contract_tests.admin.test_odd_exchanges import record_all
from mockserver.client import Mock
from mockserver.testkit.failure_report import failure_report

REPORT = "/_mock/worlds/default/report"
CALL = "/ibp_api.php?action=sms.send_message&access_key=foo&secret_access_key=a-real-secret"


def test_the_report_of_a_new_world_says_that_nothing_was_asked(client) -> None:
    answer = client.get(REPORT)

    assert ("world default: nothing was asked\n", "text/plain; charset=utf-8") == (
        answer.text,
        answer.headers["Content-Type"],
    )


def test_the_report_explains_what_was_rejected_and_masks_what_is_secret(client) -> None:
    client.get(CALL)

    assert client.get(REPORT).text == (
        "world default: 1 exchange\n"
        "     1 2026-06-01T12:00:00Z 200 sms.send_message InvalidCredentials"
        f"  GET {CALL.replace('a-real-secret', '[masked]')}\n"
        "\n"
        "Exchange 1 at 2026-06-01T12:00:00Z: GET /ibp_api.php -> 200\n"
        "  rejected by InvalidCredentials: Invalid access_key or secret_access_key\n"
        "Rule: InvalidCredentials, documented\n"
        '  001: "access_key Yes String n/a Access Key from the Key Manager within a DialogTech account"\n'
        "  DT-35: Two kinds of credentials\n"
        "    we: the pair, or the key; the pair counts where both are sent\n"
        "    known by: documented, and clients\n"
        "Received: access_key = 'foo'\n"
        "Received: secret_access_key = '[masked]'\n"
        "Fix: Use the credentials of an account in the world that is meant: foo and bar in the shipped one.\n"
    )


def test_the_report_since_an_exchange_leaves_out_those_before(client) -> None:
    client.get(CALL)

    assert client.get(f"{REPORT}?since=1").text == "world default: nothing was asked\n"


def test_the_report_is_the_one_of_a_failing_test_in_python(service, client) -> None:
    for group in REQUESTS:
        record_all(service, group)

    assert client.get(REPORT).text == f"{failure_report(Mock.of(service.app).world)}\n"
