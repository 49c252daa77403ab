"""Which requests and webhooks a fault rule applies to, at its bounds; and fault rules as JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine.faults import (
    LONGEST_PATTERN,
    LONGEST_TEXT,
    NO_FAULT,
    Equals,
    Fault,
    FaultRule,
    FaultRules,
    Matches,
    RequestFacts,
    RequestMatch,
    RuleStatus,
    SelectedFault,
    WebhookFacts,
    WebhookMatch,
    When,
)
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.state import IdReservation
from mockserver.http.fault_rules import Terms, request_facts, rule_from, rule_to_json
from mockserver.sdk.operations import Call

NOON = parse_instant("2026-06-01T12:00:00Z")
SEND = RequestFacts(
    "dialogtech",
    "sms.send_message",
    "GET",
    "/ibp_api.php",
    {"to": "5556667777", "read": True, "limit": 5, "type": ["eco", "sc"]},
    {"user-agent": "curl/8"},
)


@dataclass(frozen=True)
class NamedFault(Fault):
    """A fault without an effect, known by its name."""

    name: str = "a"
    drawn: float | None = None

    def resolve(self, draw):
        return self if self.drawn is None else NamedFault(self.name, draw())


A, B = NamedFault("a"), NamedFault("b")


def never():
    raise AssertionError("chance was asked")


def rules_of(*given):
    rules = FaultRules()
    for rule in given:
        rules.add(replace(rule, id=rule.id or rules.next_id()))
    return rules


def choose(rules, facts, now, draw):
    """Choose the fault for a request, and count the hit as the world's events do."""
    selected, matched = rules.select("response", facts, now, draw)
    rules.count(matched)
    if selected.rule is not None:
        rules.hit(selected.rule)
    return selected


def met(rules, exchanges, facts=SEND, now=NOON, draw=never):
    """The numbers, from 1, of the exchanges to which a fault applies."""
    return [number for number in range(1, exchanges + 1) if choose(rules, facts, now, draw) is not NO_FAULT]


def standings(rules, now=NOON):
    return {status.rule.id: (status.matched, status.hits, status.is_exhausted(now)) for status in rules}


# ------------------------------------------------------------------------------------------------------ which exchanges


@pytest.mark.parametrize(
    ("match", "is_accepted"),
    [
        (RequestMatch(), True),
        (RequestMatch(provider="dialogtech"), True),
        (RequestMatch(provider="mgage"), False),
        (RequestMatch(operation="sms.send_message"), True),
        (RequestMatch(operation="sms.send"), False),
        (RequestMatch(method="GET"), True),
        (RequestMatch(method="POST"), False),
        (RequestMatch(path="/ibp_api.php"), True),
        (RequestMatch(path="/ibp_api"), False),
        (RequestMatch(path="/ibp*"), True),
        (RequestMatch(path="*.php"), True),
        (RequestMatch(path="*"), True),
        (RequestMatch(path="*/ibp_*i.p*p*"), True),
        (RequestMatch(path="/ibp_api?php"), False),
        (RequestMatch(path="/[i]bp_api.php"), False),
        (RequestMatch(parameters={"to": Equals("5556667777")}), True),
        (RequestMatch(parameters={"to": Equals("555666777")}), False),
        (RequestMatch(parameters={"to": Matches("^555")}), True),
        (RequestMatch(parameters={"to": Matches("777$")}), True),
        (RequestMatch(parameters={"to": Matches("^666")}), False),
        (RequestMatch(parameters={"from": Matches("")}), False),
        (RequestMatch(parameters={"read": Equals("true")}), True),
        (RequestMatch(parameters={"limit": Equals("5")}), True),
        (RequestMatch(parameters={"type": Equals("sc")}), True),
        (RequestMatch(parameters={"type": Equals("mms")}), False),
        (RequestMatch(headers={"user-agent": Matches("^curl/")}), True),
        (RequestMatch(headers={"user-agent": Matches("^requests/")}), False),
        (RequestMatch(headers={"accept": Matches("")}), False),
        (
            RequestMatch(
                "dialogtech", "sms.send_message", "GET", "/*", {"to": Matches("5")}, {"user-agent": Matches("/8")}
            ),
            True,
        ),
        (
            RequestMatch(
                "dialogtech", "sms.send_message", "GET", "/*", {"to": Matches("5")}, {"user-agent": Matches("/9")}
            ),
            False,
        ),
    ],
)
def test_an_exchange_is_matched_when_every_criterion_accepts_it(match, is_accepted):
    assert is_accepted == match.accepts(SEND)


@given(st.lists(st.sampled_from("ab*?[].\n"), max_size=12).map("".join), st.text("ab?[].\n", max_size=12))
def test_a_star_in_a_path_is_any_characters_and_nothing_else_is_special(path, request):
    wanted = re.compile(".*".join(map(re.escape, path.split("*"))), re.DOTALL)

    assert (wanted.fullmatch(request) is not None) == RequestMatch(path=path).accepts(SEND._replace(path=request))


def test_a_pattern_does_not_look_beyond_its_bound():
    text = "a" * LONGEST_TEXT + "b"

    assert not Matches("b").accepts(text)
    assert Matches("b").accepts(text[1:])


@pytest.mark.parametrize(
    "pattern",
    ["", "^[0-9]{10}$", r"^\+?1?555.*(thanks|bye)$", r"(\d\d){5}", "(a|b)?c", "a.*b.*", r"[)(*+|]\)\*", "((a))*", "é"],
)
def test_an_ordinary_pattern_is_taken(pattern):
    assert Matches(pattern).accepts("x" * LONGEST_TEXT) is (re.search(pattern, "x" * LONGEST_TEXT) is not None)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(a", "'(a' is not a regular expression: missing ), unterminated subpattern at position 0"),
        (
            "(a+)+$",
            "'(a+)+$' repeats a group that has a choice inside, which might take very long to match",
        ),
        (
            "(a|a){9}",
            "'(a|a){9}' repeats a group that has a choice inside, which might take very long to match",
        ),
        ("a*b*c*", "'a*b*c*' might take very long to match: use fewer of * + ? {,} and |"),
        ("a?" * 19, f"'{'a?' * 19}' might take very long to match: use fewer of * + ? {{,}} and |"),
        ("(?=a)", "'(?=a)' has a group other than (...) and (?:...)"),
        ("a" * (LONGEST_PATTERN + 1), "a pattern has 200 characters at most, not 201"),
    ],
)
def test_a_pattern_that_could_run_away_is_rejected_when_it_is_made(pattern, reason):
    with pytest.raises(ValueError) as rejected:
        Matches(pattern)

    assert reason == str(rejected.value)


# ------------------------------------------------------------------------------------------------------------------ when


@pytest.mark.parametrize(
    ("when", "numbers"),
    [
        (When(), [1, 2, 3, 4, 5, 6]),
        (When(first=1), [1]),
        (When(first=2), [1, 2]),
        (When(every=1), [1, 2, 3, 4, 5, 6]),
        (When(every=3), [3, 6]),
        (When(nth=1), [1]),
        (When(nth=6), [6]),
        (When(skip=1), [2, 3, 4, 5, 6]),
        (When(skip=6), []),
        (When(skip=2, first=4), [3, 4]),
        (When(every=2, first=5), [2, 4]),
        (When(every=2, skip=3), [4, 6]),
        (When(nth=2, first=1), []),
        (When(probability=1), [1, 2, 3, 4, 5, 6]),
        (When(probability=0), []),
    ],
)
def test_a_rule_fires_when_all_that_is_given_holds(when, numbers):
    assert numbers == met(rules_of(FaultRule(A, when=when)), 6, draw=lambda: 0.0 if when.probability else 0.999)


@given(
    st.builds(
        When,
        *[st.none() | st.integers(1, 7)] * 4,
        starts_at=st.none(),
        until=st.none(),
        probability=st.sampled_from([None, 1]),
    )
)
def test_an_exhausted_rule_never_applies_again(when):
    rules = rules_of(FaultRule(A, when=when))
    exhausted_at = None
    for number in range(1, 30):
        fired = choose(rules, SEND, NOON, lambda: 0.0) is not NO_FAULT
        assert not (fired and exhausted_at)
        if next(iter(rules)).is_exhausted(NOON):
            exhausted_at = exhausted_at or number


def test_only_matched_exchanges_are_counted():
    rules = rules_of(FaultRule(A, RequestMatch(provider="dialogtech"), When(nth=2), id="x"))

    assert [] == met(rules, 5, SEND._replace(provider="mgage"))
    assert {"x": (0, 0, False)} == standings(rules)
    assert [2] == met(rules, 2)


@pytest.mark.parametrize(
    ("now", "is_met", "is_exhausted"),
    [(NOON - 1, False, False), (NOON, True, False), (NOON + SECOND - 1, True, False), (NOON + SECOND, False, True)],
)
def test_a_window_holds_from_its_first_instant_to_just_before_its_last(now, is_met, is_exhausted):
    rules = rules_of(FaultRule(A, when=When(starts_at=NOON, until=NOON + SECOND)))

    assert [1][:is_met] == met(rules, 1, now=now)
    assert is_exhausted == next(iter(rules)).is_exhausted(now)


def test_what_passes_while_the_window_is_closed_is_not_counted():
    rules = rules_of(FaultRule(A, when=When(first=2, starts_at=NOON), id="x"))

    assert [] == met(rules, 5, now=NOON - 1)
    assert [1, 2] == met(rules, 5)
    assert {"x": (2, 2, True)} == standings(rules)


def test_a_rule_expires_after_its_hits_and_is_listed_as_exhausted():
    rules = rules_of(FaultRule(A, when=When(every=2), expires_after=2, id="x"))

    assert [2, 4] == met(rules, 3 + 1 + 6)
    assert {"x": (4, 2, True)} == standings(rules)


# ---------------------------------------------------------------------------------------------------------------- chance


def seeded(seed):
    reservation = IdReservation(seed)
    return lambda: int(reservation.token("chance", 13), 16) / 16**13


def test_the_same_seed_meets_the_same_exchanges_and_another_seed_others():
    def numbers(seed):
        return met(rules_of(FaultRule(A, when=When(probability=0.3))), 1000, draw=seeded(seed))

    assert numbers("one") == numbers("one")
    assert numbers("one") != numbers("two")
    assert 250 < len(numbers("one")) < 350


def test_chance_is_drawn_only_when_everything_else_holds():
    drawn = count()
    rules = rules_of(FaultRule(A, RequestMatch(provider="dialogtech"), When(every=2, until=NOON + 1, probability=0.5)))

    def draw():
        next(drawn)
        return 0.9

    met(rules, 3, SEND._replace(provider=None), draw=draw)
    met(rules, 3, now=NOON + 1, draw=draw)
    met(rules, 4, draw=draw)

    assert 2 == next(drawn)


def test_chance_is_not_drawn_for_a_rule_behind_one_that_fired():
    assert [1] == met(rules_of(FaultRule(A), FaultRule(B, when=When(probability=0.5))), 1, draw=never)


@given(st.floats(0, 1), st.floats(0, 1, exclude_max=True))
def test_a_probability_is_the_share_of_numbers_below_it(probability, number):
    fires = bool(met(rules_of(FaultRule(A, when=When(probability=probability))), 1, draw=lambda: number))

    assert (number < probability) == fires


def test_a_fault_is_decided_when_it_is_chosen():
    rules = rules_of(FaultRule(NamedFault("late", 0.0), id="x"))

    assert SelectedFault(NamedFault("late", 0.25), "after", "x") == choose(rules, SEND, NOON, lambda: 0.25)


# --------------------------------------------------------------------------------------------------------- several rules


def test_the_first_armed_rule_that_fires_wins_and_the_others_count_all_the_same():
    rules = rules_of(FaultRule(A, when=When(nth=2), id="a"), FaultRule(B, when=When(every=2), point="before", id="b"))

    chosen = [choose(rules, SEND, NOON, never) for _ in range(4)]

    assert [NO_FAULT, SelectedFault(A, "after", "a"), NO_FAULT, SelectedFault(B, "before", "b")] == chosen
    assert {"a": (2, 1, True), "b": (4, 1, False)} == standings(rules)


def test_an_empty_plan_is_false_and_chooses_no_fault():
    rules = FaultRules()

    assert not rules
    assert NO_FAULT is choose(rules, SEND, NOON, never)
    response = object()
    assert response is NO_FAULT.fault.apply(response, never)
    assert (None, "after", {"kind": "none"}) == (NO_FAULT.rule, NO_FAULT.point, NO_FAULT.fault.to_json())


def test_rules_get_unused_ids():
    rules = rules_of(FaultRule(A, id="f2"), FaultRule(A), FaultRule(A))

    assert ["f2", "f1", "f3"] == list(standings(rules))


def test_a_removed_rule_is_gone_and_its_name_is_not_given_again():
    rules = rules_of(FaultRule(A), FaultRule(B))
    rules.remove("f1")

    assert B == choose(rules, SEND, NOON, never).fault
    assert "f3" == rules.next_id()


def test_a_fork_goes_on_counting_by_itself():
    rules = rules_of(FaultRule(A, when=When(nth=3), id="x"))
    met(rules, 1)
    twin = rules.fork()

    assert ([2], [2]) == (met(rules, 4), met(twin, 4))
    rules.remove("x")
    assert {"x": (3, 1, True)} == standings(twin)
    assert not rules


# ------------------------------------------------------------------------------------------------------- what a hit leaves


def test_a_rule_can_get_another_fault_and_keeps_its_hits():
    rules = rules_of(FaultRule(A, RequestMatch(method="GET"), When(every=3), id="x"))
    met(rules, 3)
    rules.keep("x", B)

    assert NO_FAULT is choose(rules, SEND._replace(method="POST"), NOON, never)
    assert SelectedFault(B, "before", "x") == choose(rules, SEND, NOON, never)
    assert [2] == met(rules, 2)
    assert {"x": (6, 3, False)} == standings(rules)


def test_what_is_left_is_still_given_by_a_rule_that_would_be_exhausted():
    rules = rules_of(FaultRule(A, when=When(first=1), expires_after=1, id="x"))
    met(rules, 1)
    rules.keep("x", B)

    assert {"x": (1, 1, False)} == standings(rules)
    assert B == choose(rules.fork(), SEND, NOON, never).fault
    assert [1] == met(rules, 5)
    assert {"x": (2, 2, True)} == standings(rules)


def test_what_is_left_is_not_given_outside_the_window():
    rules = rules_of(FaultRule(A, when=When(until=NOON + 1), id="x"))
    met(rules, 1)
    rules.keep("x", B)

    assert [] == met(rules, 1, now=NOON + 1)
    assert {"x": (1, 1, True)} == standings(rules, NOON + 1)


# ------------------------------------------------------------------------------------------------------ what is still to come


@given(
    st.builds(
        When,
        *[st.none() | st.integers(1, 7)] * 4,
        starts_at=st.none(),
        until=st.none(),
        probability=st.none(),
    ),
    st.none() | st.integers(1, 3),
    st.integers(0, 9),
)
def test_a_rule_makes_as_many_hits_as_it_says_are_remaining(when, expires_after, already):
    rules = rules_of(FaultRule(A, when=when, expires_after=expires_after, id="x"))
    met(rules, already)
    (status,) = rules
    remaining = status.remaining(NOON)
    hits = len(met(rules, 100))

    possible = when.nth is None or not any((when.first, when.every, when.skip))  # all others `rule_from` rejects
    if remaining is None:
        assert when.first is None
        assert hits >= 13
    elif possible:
        assert remaining == hits
    else:
        assert remaining >= hits


def test_a_kept_response_is_one_more_hit_that_remains():
    rules = rules_of(FaultRule(A, when=When(first=3), id="x"), FaultRule(B, expires_after=1, id="y"))
    met(rules, 1)
    rules.hit("y")
    for rule in ("x", "y"):
        rules.keep(rule, B)

    assert [2, 1] == [status.remaining(NOON) for status in rules]
    assert [0, None] == [
        status.remaining(NOON) for status in rules_of(FaultRule(A, when=When(until=NOON)), FaultRule(A))
    ]


# ------------------------------------------------------------------------------------------------------------------ webhooks

INBOUND = WebhookFacts("serwersms", "demo", "inbound", "http://receiver.example/in?n=#NUMER#")


@pytest.mark.parametrize(
    ("match", "is_accepted"),
    [
        (WebhookMatch(), True),
        (WebhookMatch("serwersms", "demo", "inbound", "http://receiver.example/*"), True),
        (WebhookMatch(provider="dialogtech"), False),
        (WebhookMatch(account="documents"), False),
        (WebhookMatch(kind="report"), False),
        (WebhookMatch(url="http://receiver.example/"), False),
        (WebhookMatch(url="*?n=[#]NUMER#"), False),
        (WebhookMatch(url="*?n=#NUMER#"), True),
    ],
)
def test_a_webhook_is_matched_by_all_criteria_that_are_given(match, is_accepted):
    assert is_accepted == match.accepts(INBOUND)


def test_rules_of_one_target_do_not_count_what_is_of_the_other():
    rules = rules_of(FaultRule(A, id="x"), FaultRule(B, WebhookMatch(), id="y", target="webhook"))

    assert (SelectedFault(B, "after", "y"), ("y",)) == rules.select("webhook", INBOUND, NOON, never)
    assert (SelectedFault(A, "after", "x"), ("x",)) == rules.select("response", SEND, NOON, never)


# ------------------------------------------------------------------------------------------------------------ rules as JSON

WHOLE = {
    "id": "x",
    "match": {
        "provider": "dialogtech",
        "operation": "sms.send_message",
        "method": "GET",
        "path": "/ibp*",
        "parameters": {"to": "5556667777", "from": {"pattern": "^555"}},
        "headers": {"user-agent": {"pattern": "^curl/"}},
    },
    "when": {
        "first": 9,
        "every": 2,
        "skip": 1,
        "from": "2026-06-01T12:00:00Z",
        "until": "2026-06-01T13:00:00Z",
        "probability": 0.5,
    },
    "point": "before",
    "fault": [{"kind": "delay", "seconds": 2}, {"kind": "reset"}],
    "expires_after": 3,
}


@pytest.mark.parametrize(
    "rule",
    [
        WHOLE,
        {"id": "x", "match": {}, "when": {"first": 9}, "point": "after", "fault": {"kind": "reset"}},
        {"id": "x", "match": {}, "when": {"nth": 4}, "point": "after", "fault": {"kind": "reset"}},
        {
            "id": "x",
            "target": "webhook",
            "match": {"provider": "serwersms", "account": "demo", "kind": "inbound", "url": "http://a/*"},
            "when": {"every": 2, "first": 4},
            "point": "before",
            "fault": {"kind": "delay", "seconds": 90},
        },
    ],
)
def test_a_rule_is_described_as_it_was_given(rule):
    expected = {"target": "response", **rule, "matched": 20, "hits": 2, "remaining": 0, "exhausted": True}
    assert expected == rule_to_json(RuleStatus(rule_from(rule, NOON), 20, 2), NOON + 3600 * SECOND)


def test_only_the_fault_of_a_rule_must_be_given():
    rule = rule_from({"fault": {"kind": "reset"}}, NOON)

    assert (RequestMatch(), When(), "after", None, "") == (
        rule.match,
        rule.when,
        rule.point,
        rule.expires_after,
        rule.id,
    )


@pytest.mark.parametrize(
    ("fault", "point"),
    [
        ({"kind": "provider_error", "name": "TooManyPerNumber"}, "before"),
        ({"kind": "static_response", "status": 503}, "before"),
        ({"kind": "delay", "seconds": 1}, "after"),
        ({"kind": "close"}, "after"),
        ({"kind": "replay"}, "after"),
        ([{"kind": "delay", "seconds": 1}, {"kind": "static_response", "status": 503}], "before"),
        ([{"kind": "delay", "seconds": 1}, {"kind": "reset"}], "after"),
    ],
)
def test_who_names_no_point_means_the_one_that_is_natural_for_the_fault(fault, point):
    assert point == rule_from({"match": {"provider": "dialogtech"}, "fault": fault}, NOON).point


def test_a_window_may_be_given_by_durations_from_now():
    when = rule_from({"when": {"from": "PT1S", "until": "P1D"}, "fault": {"kind": "reset"}}, NOON).when

    assert (NOON + SECOND, NOON + 86_400 * SECOND) == (when.starts_at, when.until)


def test_methods_and_names_of_headers_are_taken_in_any_case():
    match = rule_from(
        {"match": {"method": "get", "headers": {"User-Agent": "x"}}, "fault": {"kind": "reset"}}, NOON
    ).match

    assert ("GET", {"user-agent": Equals("x")}) == (match.method, match.headers)


KNOWN = {
    "dialogtech": Terms(["sms.send_message", "sms.get_numbers"], ["TooManyPerNumber", "UnknownAction", "WrongMethod"]),
    "mgage": Terms(["program.export"], ["NotFound", "WrongMethod"]),
}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"whne": {}}, "whne: unknown key; did you mean 'when'?"),
        ({"match": {"provder": "mgage"}}, "match.provder: unknown key; did you mean 'provider'?"),
        ({"match": {"path": 5}}, "match.path: 5 is not a text"),
        (
            {"match": {"parameters": {"to": {"patern": "x"}}}},
            "match.parameters.to.patern: unknown key; did you mean 'pattern'?",
        ),
        (
            {"match": {"parameters": {"to": {"pattern": "("}}}},
            "match.parameters.to: '(' is not a regular expression: missing ), unterminated subpattern at position 0",
        ),
        ({"when": {"frist": 2}}, "when.frist: unknown key; did you mean 'first'?"),
        ({"when": {"first": 0}}, "when.first: 0 is not a whole number of at least 1"),
        ({"when": {"first": True}}, "when.first: true is not a whole number of at least 1"),
        ({"when": {"probability": 1.5}}, "when.probability: 1.5 is not a number from 0 to 1"),
        (
            {"when": {"from": "noon"}},
            "when.from: 'noon' is not an instant such as '2026-06-01T12:00:00Z', or a duration from now such as 'PT30S'",
        ),
        (
            {"when": {"from": "PT1S", "until": "PT1S"}},
            "when.until: 2026-06-01T12:00:01Z is not later than from, 2026-06-01T12:00:01Z",
        ),
        ({"target": "webhok"}, "target: 'webhok' is not 'response' or 'webhook'"),
        (
            {"match": {"account": "demo"}},
            "match.account: is of no use with target response; provider, operation, method, path, parameters, headers are",
        ),
        (
            {"target": "webhook", "fault": {"kind": "duplicate"}, "match": {"operation": "sms.send_message"}},
            "match.operation: is of no use with target webhook; provider, account, kind, url are",
        ),
        (
            {"target": "webhook", "fault": {"kind": "duplicate"}, "match": {"provider": "mgege"}},
            "match.provider: 'mgege': unknown provider; did you mean 'mgage'?",
        ),
        ({"target": "webhook"}, "fault.kind: 'reset' is a fault of a response, not of a webhook"),
        ({"fault": {"kind": "reorder"}}, "fault.kind: 'reorder' is a fault of a webhook, not of a response"),
        (
            {"target": "webhook", "fault": {"kind": "dupplicate"}},
            "fault.kind: unknown kind of webhook fault; did you mean 'duplicate'?",
        ),
        ({"target": "webhook", "fault": [{"kind": "reorder"}]}, "fault[0]: 'reorder' stands alone, not in a list"),
        (
            {"target": "webhook", "fault": {"kind": "reorder"}, "point": "after"},
            "point: 'after' makes no sense for this fault; 'before' does",
        ),
        (
            {"target": "webhook", "fault": {"kind": "give_up", "attempts": 0}},
            "fault.attempts: 0 is not a whole number from 1 to 1000",
        ),
        ({"point": "during"}, "point: 'during' is not 'before' or 'after'"),
        ({"expires_after": 0}, "expires_after: 0 is not a whole number of at least 1"),
        ({"id": "a b"}, "id: 'a b' is not a name of 1 to 64 letters, digits, _ and -"),
        ({"fault": {"kind": "resett"}}, "fault.kind: unknown kind of response fault; did you mean 'reset'?"),
        ({"fault": {"kind": "delay", "second": 1}}, "fault.second: unknown key; did you mean 'seconds'?"),
        ({"fault": {"kind": "delay"}}, "fault.seconds: is missing"),
        ({"fault": {"kind": "delay", "seconds": -1}}, "fault.seconds: -1 is not a number of seconds from 0 to 3600"),
        ({"fault": {"kind": "uniform_delay", "least": 2, "most": 1}}, "fault: most is 1, which is less than least, 2"),
        (
            {"fault": {"kind": "wrong_length", "by": 0}},
            "fault.by: 0 is not a number of bytes from -8388608 to 8388608 other than 0",
        ),
        ({"fault": {"kind": "garbage", "base64": "?"}}, "fault: base64 is not base64: Only base64 data is allowed"),
        (
            {"fault": {"kind": "static_response", "status": 100}},
            "fault.status: 100 is not an HTTP status from 200 to 599",
        ),
        (
            {"fault": {"kind": "static_response", "status": 500, "type": "a\r\nb"}},
            "fault.type: 'a\\r\\nb' is not a Content-Type of 1 to 200 printable ASCII characters",
        ),
        ({"fault": "reset"}, "fault: 'reset' is not an object with a 'kind', or a list of such"),
        ({"fault": []}, "fault: an empty list is not a list of 1 to 100 faults"),
        ({"fault": [{"kind": "none"}] * 101}, "fault: a list of 101 is not a list of 1 to 100 faults"),
        ({"fault": [{"kind": "reset"}, {"kind": "cut"}]}, "fault[1].keep: is missing"),
        (
            {"fault": [{"kind": "delay", "seconds": 1}, {"kind": "replay"}]},
            "fault[1]: 'replay' stands alone, not in a list",
        ),
        (
            {"fault": {"kind": "replay"}, "point": "before"},
            "point: 'before' makes no sense for this fault; 'after' does",
        ),
        (
            {"fault": {"kind": "provider_error", "name": "WrongMethod"}},
            "match.provider: is missing; dialogtech and mgage have an error WrongMethod",
        ),
        (
            {"fault": {"kind": "provider_error", "name": "NotFuond"}},
            "fault.name: 'NotFuond': unknown provider error; did you mean 'NotFound'?",
        ),
        (
            {"fault": {"kind": "provider_error", "name": "NotFound"}, "match": {"operation": "sms.send_message"}},
            "fault.name: 'NotFound': is mgage's, not dialogtech's",
        ),
        (
            {"match": {"provider": "dialogtec"}},
            "match.provider: 'dialogtec': unknown provider; did you mean 'dialogtech'?",
        ),
        (
            {"match": {"operation": "sms.send_mesage"}},
            "match.operation: 'sms.send_mesage': unknown operation; did you mean 'sms.send_message'?",
        ),
        (
            {"match": {"provider": "mgage", "operation": "sms.send_message"}},
            "match.operation: 'sms.send_message': is dialogtech's, not mgage's",
        ),
        (
            {"match": {"headers": {"X-Id": {"pattern": "("}}}},
            "match.headers.X-Id: '(' is not a regular expression: missing ), unterminated subpattern at position 0",
        ),
        ({"when": {"nth": 2, "first": 3}}, "when.first: says nothing beside nth, which names one alone"),
        ({"when": {"nth": 2, "every": 2}}, "when.every: says nothing beside nth, which names one alone"),
        ({"when": {"nth": 2, "skip": 1}}, "when.skip: says nothing beside nth, which names one alone"),
        (
            {"when": {"first": 2, "skip": 2}},
            "when.skip: 2 is not less than first, 2, so none of the first is left",
        ),
        (
            {"when": {"first": 5, "every": 6}},
            "when.every: no multiple of 6 is above 0 and up to first, 5, so none fires",
        ),
        (
            {"when": {"until": "2026-06-01T11:59:59Z"}},
            "when.until: 2026-06-01T11:59:59Z is past; it is 2026-06-01T12:00:00Z in this world",
        ),
        (
            {"fault": {"kind": "provider_error", "name": "TooManyPerNumbre"}, "match": {"provider": "dialogtech"}},
            "fault.name: 'TooManyPerNumbre': unknown provider error of dialogtech; did you mean 'TooManyPerNumber'?",
        ),
    ],
)
def test_a_rule_that_cannot_be_read_is_rejected_with_what_would_be_right(change, reason):
    with pytest.raises(ValueError) as rejected:
        rule_from({"fault": {"kind": "reset"}, **change}, NOON, KNOWN)

    assert reason == str(rejected.value)


@pytest.mark.parametrize(
    "when", [{"first": 6, "every": 6}, {"first": 6, "skip": 5}, {"skip": 2, "every": 2}, {"nth": 1}]
)
def test_counts_that_some_exchange_meets_are_taken(when):
    assert rule_from({"fault": {"kind": "reset"}, "when": when}, NOON, KNOWN).when == When(**when)


@pytest.mark.parametrize(
    ("name", "match", "provider"),
    [
        ("TooManyPerNumber", {}, "dialogtech"),
        ("NotFound", {}, "mgage"),
        ("WrongMethod", {"operation": "program.export"}, "mgage"),
        ("WrongMethod", {"provider": "dialogtech"}, "dialogtech"),
    ],
)
def test_the_provider_of_an_error_is_found_by_its_name_or_its_operation(name, match, provider):
    rule = rule_from({"fault": {"kind": "provider_error", "name": name}, "match": match}, NOON, KNOWN)

    assert provider == rule.match.provider


@pytest.mark.parametrize(
    ("description", "reason"),
    [([], "an empty list is not an object that describes a rule"), ({}, "fault: is missing")],
)
def test_what_is_no_rule_at_all_is_rejected(description, reason):
    with pytest.raises(ValueError) as rejected:
        rule_from(description, NOON)

    assert reason == str(rejected.value).removeprefix(": ")


def test_an_exchange_is_seen_with_small_header_names_and_joined_values():
    call = Call("sms.send_message", {"to": "5"})
    head = (("Host", "a"), ("X-B", "1"), ("x-b", "2"))

    assert RequestFacts(
        "dialogtech", "sms.send_message", "GET", "/p", {"to": "5"}, {"host": "a", "x-b": "1, 2"}
    ) == request_facts("get", "/p", head, "dialogtech", call)
    assert RequestFacts(None, "", "GET", "/p", {}, {}) == request_facts("GET", "/p", ())
