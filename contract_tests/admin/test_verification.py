"""Verifications of the journal, and the difference to the nearest exchanges where one fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest
from werkzeug.test import Client

from contract_tests.clocks import let_pass
from contract_tests.installed import PROVIDERS
from mockserver.admin.verification import (
    REQUEST_PATTERN,
    VERIFICATION,
    Difference,
    differences,
    request_pattern_from,
    run_verification,
    verification_from,
)
from mockserver.engine.journal import Budget, Exchange, Journal
from mockserver.http.masking import Masking

KEYS = {"access_key": "foo", "secret_access_key": "bar"}
SMS = {"action": "sms.send_message", **KEYS, "from": "5554332111", "message": "hi"}
LOGIN = {"username": "Login", "password": "Haslo"}
ADA, BOB, CY = "5556667777", "5556667778", "5559990000"

Assert = Callable[[Any], dict[str, Any]]


@pytest.fixture
def send(client: Client, registry) -> Callable[..., None]:
    """Send to each of these numbers, two seconds apart."""

    def sent(*numbers: str) -> None:
        for number in numbers:
            let_pass(registry.default, 2_000_000)
            client.get("/ibp_api.php", query_string={**SMS, "to": number})

    return sent


@pytest.fixture
def verified(registry) -> Assert:
    """Whether a verification of the default world's journal holds."""
    masking = Masking((name for provider in PROVIDERS for name in provider.secrets), registry.is_known_credential)

    def asserted(verification: Any) -> dict[str, Any]:
        result = run_verification(verification_from(verification), registry.default.journal, masking.parameter)
        assert result == orjson.loads(orjson.dumps(result))
        return result

    return asserted


def to(number: str) -> dict[str, Any]:
    return {"operation": "sms.send_message", "parameters": {"to": number}}


def holds(*found: int, last: int, dropped: int = 0) -> dict[str, Any]:
    return {"holds": True, "found": list(found), "difference": [], "last": last, "dropped": dropped}


def test_three_sends_to_a_number_in_this_order(send, verified: Assert) -> None:
    send(ADA, BOB, CY)

    assert holds(1, 2, 3, last=3) == verified({"exchanges": [to(ADA), to(BOB), to(CY)], "order": True})


def test_other_exchanges_may_stand_between_those_verified_in_order(send, verified: Assert) -> None:
    send(ADA, CY, BOB)

    assert holds(1, 3, last=3) == verified({"exchanges": [to(ADA), to(BOB)], "order": True})


def test_the_difference_says_that_an_exchange_comes_too_early(send, verified: Assert) -> None:
    send(BOB, ADA)

    assert {
        "holds": False,
        "found": [2],
        "difference": [{"wanted": 2, "said": "1 matches, but comes too early", "nearest": 1, "fields": []}],
        "last": 2,
        "dropped": 0,
    } == verified({"exchanges": [to(ADA), to(BOB)], "order": True})


def test_without_order_any_order_will_do(send, verified: Assert) -> None:
    send(BOB, ADA)

    assert holds(2, 1, last=2) == verified({"exchanges": [to(ADA), to(BOB)]})


def test_each_pattern_needs_an_exchange_of_its_own(send, verified: Assert) -> None:
    send(ADA)
    difference = {"wanted": 2, "said": "there is no other exchange", "nearest": None, "fields": []}

    assert [difference] == verified({"exchanges": [to(ADA), to(ADA)]})["difference"]


def test_a_broad_pattern_leaves_the_only_exchange_that_matches_a_narrow_one_to_it(send, verified: Assert) -> None:
    send(ADA, BOB)

    assert holds(2, 1, last=2) == verified({"exchanges": [{"provider": "dialogtech"}, to(ADA)]})


def test_the_difference_names_the_nearest_exchange_and_each_field(send, client: Client, verified: Assert) -> None:
    client.post("/messages/recived.json", data=LOGIN)
    send(ADA, CY)
    client.get("/ibp_api.php", query_string={**SMS, "to": ADA})  # too soon
    wanted = {**to("5556667770"), "error": None, "status": 200}

    assert {
        "holds": False,
        "found": [],
        "difference": [
            {
                "wanted": 1,
                "said": 'the nearest is 2: parameters.to: wanted "5556667770", got "5556667777"',
                "nearest": 2,
                "fields": [{"field": "parameters.to", "wanted": "5556667770", "got": "5556667777"}],
            }
        ],
        "last": 4,
        "dropped": 0,
    } == verified({"exchanges": [wanted]})


def test_a_provider_error_where_none_was_wanted_is_a_field_too(send, client: Client, verified: Assert) -> None:
    send(ADA)
    client.get("/ibp_api.php", query_string={**SMS, "to": ADA})
    accepted = {**to(ADA), "error": None}

    assert {
        "wanted": 2,
        "said": 'the nearest is 2: error: wanted nothing, got "TooManyPerNumber"',
        "nearest": 2,
        "fields": [{"field": "error", "wanted": None, "got": "TooManyPerNumber"}],
    } == verified({"exchanges": [accepted, accepted]})["difference"][0]


COUNTS: Mapping[str, tuple[Any, str | None]] = {
    "exactly": (2, None),
    "more than there are": (
        3,
        'wanted exactly 3, found 2; the nearest is 3: parameters.to: wanted "5556667777", got "5556667778"',
    ),
    "fewer than there are": (1, "wanted exactly 1, found 2"),
    "none": (0, "wanted exactly 0, found 2"),
    "at least": ({"at_least": 2}, None),
    "at most": ({"at_most": 2}, None),
    "at most, and there are more": ({"at_most": 1}, "wanted at most 1, found 2"),
    "between": ({"at_least": 1, "at_most": 2}, None),
    "between, and there are fewer": (
        {"at_least": 3, "at_most": 4},
        'wanted at least 3 and at most 4, found 2; the nearest is 3: parameters.to: wanted "5556667777", got "5556667778"',
    ),
}


@pytest.mark.parametrize(("count", "said"), COUNTS.values(), ids=COUNTS)
def test_a_count_is_of_all_exchanges_that_match(send, verified: Assert, count: Any, said: str | None) -> None:
    send(ADA, ADA, BOB)
    got = verified({"exchanges": [to(ADA)], "count": count})

    assert (said is None, [1, 2], [said] if said else []) == (
        got["holds"],
        got["found"],
        [each["said"] for each in got["difference"]],
    )


def test_nothing_of_a_kind_is_a_verification_too(verified: Assert) -> None:
    assert holds(last=0) == verified({"exchanges": [{"provider": "mgage"}], "count": 0})


def test_only_what_came_after_a_number_counts(send, verified: Assert) -> None:
    send(ADA, BOB)

    assert holds(2, last=2) == verified({"exchanges": [{"provider": "dialogtech"}], "count": 1, "since": 1})


def test_the_number_of_dropped_exchanges_stands_beside_the_outcome() -> None:
    journal = Journal(Budget(), most=2)
    for _ in range(5):
        journal.add(Exchange("GET", "/", (), b"", None))

    why = {"why_dropped": journal.why_dropped}
    assert holds(4, last=5, dropped=3) | why == run_verification(
        verification_from({"exchanges": [{"path": "/"}]}), journal
    )
    assert holds(4, last=5, dropped=1) | why == run_verification(
        verification_from({"exchanges": [{"path": "/"}], "since": 2}), journal
    )
    assert "why_dropped" not in run_verification(verification_from({"exchanges": [{"path": "/"}], "since": 3}), journal)


def test_an_empty_journal_has_nothing_near(verified: Assert) -> None:
    difference = {"wanted": 1, "said": "there is no other exchange", "nearest": None, "fields": []}

    assert [difference] == verified({"exchanges": [{}]})["difference"]


def test_a_secret_is_masked_in_a_difference(client: Client, verified: Assert) -> None:
    client.get(
        "/ibp_api.php", query_string={"action": "sms.get_numbers", "access_key": "foo", "secret_access_key": "LIVE"}
    )
    client.get("/api/messages/program/1", auth=("LIVE", "LIVE"))
    wanted = [
        {"provider": "dialogtech", "parameters": {"secret_access_key": "bar"}},
        {"provider": "mgage", "headers": {"authorization": "Basic bWdhZ2U6bWdhZ2U="}},
    ]

    assert [
        [{"field": "parameters.secret_access_key", "wanted": "bar", "got": "[masked]"}],
        [{"field": "headers.authorization", "wanted": "Basic bWdhZ2U6bWdhZ2U=", "got": "Basic [masked]"}],
    ] == [each["fields"] for each in verified({"exchanges": wanted})["difference"]]


# -- one exchange --------------------------------------------------------------------------------------------------


@pytest.fixture
def exchange(client: Client, registry) -> Exchange:
    """An exchange whose request has a list, a number, a parameter that is not read, and a header."""
    client.post(
        "/messages/recived.json",
        json={**LOGIN, "phone": ["500600700", "500600701"], "limit": 5, "read": False, "system": "php"},
        headers={"X-Trace": "7"},
    )
    found: Exchange = registry.default.journal.get(1)
    return found


MATCHES: Mapping[str, Mapping[str, Any]] = {
    "anything": {},
    "its own fields": {
        "provider": "serwersms",
        "operation": "messages.recived",
        "account": "serwersms/documents",
        "method": "post",
        "path": "/messages/recived.json",
        "error": None,
        "status": 200,
    },
    "an element of a list": {"parameters": {"phone": "500600701"}},
    "a pattern": {"parameters": {"phone": {"pattern": "^5006"}}},
    "a number, as a number": {"parameters": {"limit": 5}},
    "a number, as text": {"parameters": {"limit": "5"}},
    "truth": {"parameters": {"read": False}},
    "what nothing read": {"parameters": {"system": "php"}},
    "a header in other capitals": {"headers": {"x-trace": "7"}},
}


@pytest.mark.parametrize("wanted", MATCHES.values(), ids=MATCHES)
def test_an_exchange_matches_when_there_is_no_difference(exchange: Exchange, wanted: Mapping[str, Any]) -> None:
    assert [] == differences(exchange, request_pattern_from(wanted))


DIFFERS: Mapping[str, tuple[Mapping[str, Any], Difference, str]] = {
    "a field": (
        {"provider": "mgage"},
        Difference("provider", "mgage", "serwersms"),
        'provider: wanted "mgage", got "serwersms"',
    ),
    "a provider error": (
        {"error": "InvalidUser"},
        Difference("error", "InvalidUser", None),
        'error: wanted "InvalidUser", got nothing',
    ),
    "a status": ({"status": 404}, Difference("status", 404, 200), "status: wanted 404, got 200"),
    "a list": (
        {"parameters": {"phone": "1"}},
        Difference("parameters.phone", "1", '["500600700", "500600701"]'),
        'parameters.phone: wanted "1", got "[\\"500600700\\", \\"500600701\\"]"',
    ),
    "a pattern": (
        {"parameters": {"limit": {"pattern": "^6"}}},
        Difference("parameters.limit", {"pattern": "^6"}, 5),
        'parameters.limit: wanted {"pattern": "^6"}, got 5',
    ),
    "what was not sent": (
        {"parameters": {"order": "asc"}},
        Difference("parameters.order", "asc", None),
        'parameters.order: wanted "asc", got nothing',
    ),
    "a header": (
        {"headers": {"X-Span": "7"}},
        Difference("headers.X-Span", "7", None),
        'headers.X-Span: wanted "7", got nothing',
    ),
}


@pytest.mark.parametrize(("wanted", "difference", "said"), DIFFERS.values(), ids=DIFFERS)
def test_a_difference_has_field_wanted_and_got(
    exchange: Exchange, wanted: Mapping[str, Any], difference: Difference, said: str
) -> None:
    assert [difference] == differences(exchange, request_pattern_from(wanted))
    assert said == str(difference)


# -- what is no verification ----------------------------------------------------------------------------------------------


NO_VERIFICATIONS: Mapping[str, tuple[Any, str]] = {
    "a list": ([], "an empty list is not an object that describes a verification"),
    "nothing": ({}, "exchanges: is missing"),
    "no exchanges": ({"exchanges": []}, "exchanges: an empty list is not a list of 1 to 100 wanted exchanges"),
    "a misspelt key": ({"exchange": [{}]}, "exchange: unknown key; did you mean 'exchanges'?"),
    "a misspelt key inside": (
        {"exchanges": [{}, {"operaton": "x"}]},
        "exchanges[1].operaton: unknown key; did you mean 'operation'?",
    ),
    "a status of text": ({"exchanges": [{"status": "200"}]}, "exchanges[0].status: '200' is not an HTTP status"),
    "a pattern that is none": (
        {"exchanges": [{"parameters": {"to": {"pattern": "("}}}]},
        "exchanges[0].parameters.to: '(' is not a regular expression: missing ), unterminated subpattern at position 0",
    ),
    "a count of several": (
        {"exchanges": [{}, {}], "count": 2},
        "count: is allowed with one wanted exchange only; list every wanted exchange instead",
    ),
    "a count of less than none": (
        {"exchanges": [{}], "count": -1},
        "count: -1 is not a whole number, or an object such as {'at_least': 1, 'at_most': 3}",
    ),
}


@pytest.mark.parametrize(("description", "sentence"), NO_VERIFICATIONS.values(), ids=NO_VERIFICATIONS)
def test_what_is_no_verification_is_rejected_in_one_sentence(description: Any, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        verification_from(description)

    assert sentence == str(caught.value).removeprefix(": ")


def test_the_schemas_are_schemas() -> None:
    from jsonschema import Draft7Validator

    meta = Draft7Validator(Draft7Validator.META_SCHEMA)
    assert [[], []] == [[*meta.iter_errors(schema)] for schema in (VERIFICATION, REQUEST_PATTERN)]
