"""001: "40 sms per number per 60 seconds", "4 sms per DialogTech account per second", "1 sms per number per second"."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import cycle, islice
from urllib.parse import urlencode

import pytest

from contract_tests.clocks import let_pass
from mockserver.app import build_service
from mockserver.engine.accounts import Account, Login, Number
from mockserver.engine.clock import Clock
from mockserver.engine.events import VariantChosen
from mockserver.engine.instants import LATEST, SECOND, iso
from mockserver.engine.messages import account_key
from mockserver.engine.state import Fixture
from mockserver.server import MockServer

A, B, C, D, E, F = SIX = tuple(f"555000000{digit}" for digit in range(1, 7))
OTHERS = {"access_key": "other", "secret_access_key": "secret"}

PER_MINUTE = "40 sms per number per 60 seconds"
PER_ACCOUNT = "4 sms per DialogTech account per second"
PER_NUMBER = "1 sms per number per second"


def account(name, user, secret):
    numbers = {number: Number(number) for number in SIX}
    return Account(f"dialogtech/{name}", "dialogtech", name, (Login(user, secret),), numbers)


FIXTURE = Fixture(accounts=(account("six", "foo", "bar"), account("other", "other", "secret")))


class Sender:
    """Sends at given milliseconds after noon on the world's clock."""

    def __init__(self, provider):
        self.provider = provider
        self.noon = provider.world.clock.now()
        self.SENT = provider.SENT

    def at(self, milliseconds, sender=A, **changes):
        elapsed = (self.provider.world.clock.now() - self.noon) * 1000 // SECOND
        self.provider.wait(milliseconds - elapsed)
        return self.provider.send(sender=sender, **changes)

    def rejected(self, limit, *, now, free):
        """The provider error of a limit that says when the next send is possible, in milliseconds after noon."""
        return self.provider.failed(
            f"Rate limit exceeded: {limit}; next possible in {(free - now) / 1000:.3f} seconds, "
            f"at {iso(self.noon + free * SECOND // 1000)}"
        )


@pytest.fixture
def sender_in(open_registry, dialogtech_in):
    def sender(**variants):
        return Sender(dialogtech_in(open_registry(FIXTURE, variants=variants)))

    return sender


@pytest.fixture
def sender(sender_in):
    return sender_in()


# -- each limit, on both sides of its edge -------------------------------------------------------------------------


def test_a_number_sends_again_after_1000_ms_and_not_after_999(sender):
    assert sender.at(0) == sender.SENT
    assert sender.at(0) == sender.rejected(PER_NUMBER, now=0, free=1000)
    assert sender.at(999) == sender.rejected(PER_NUMBER, now=999, free=1000)
    assert sender.at(1000) == sender.SENT
    assert sender.at(1999) == sender.rejected(PER_NUMBER, now=1999, free=2000)
    assert sender.at(2000) == sender.SENT


def test_an_account_sends_a_fifth_after_1000_ms_and_not_after_999(sender):
    assert [sender.at(100 * place, number) for place, number in enumerate((A, B, C, D))] == [sender.SENT] * 4
    assert sender.at(999, E) == sender.rejected(PER_ACCOUNT, now=999, free=1000)
    assert sender.at(1000, E) == sender.SENT
    # The window slides: B's of 100 ms is in it until 1,100.
    assert sender.at(1099, F) == sender.rejected(PER_ACCOUNT, now=1099, free=1100)
    assert sender.at(1100, F) == sender.SENT


def test_a_number_sends_a_41st_after_60000_ms_and_not_after_59999(sender):
    assert [sender.at(1000 * second) for second in range(40)] == [sender.SENT] * 40
    assert sender.at(40_000) == sender.rejected(PER_MINUTE, now=40_000, free=60_000)
    assert sender.at(59_999) == sender.rejected(PER_MINUTE, now=59_999, free=60_000)
    assert sender.at(60_000) == sender.SENT
    # The window slides: the second of the forty is in it until 61,000.
    assert sender.at(60_999) == sender.rejected(PER_MINUTE, now=60_999, free=61_000)
    assert sender.at(61_000) == sender.SENT


def test_a_provider_error_uses_nothing_up(sender):
    assert sender.at(0) == sender.SENT
    assert [sender.at(10 * place) for place in range(1, 100)] == [
        sender.rejected(PER_NUMBER, now=10 * place, free=1000) for place in range(1, 100)
    ]
    assert sender.at(1000) == sender.SENT
    stored = sender.provider.world.state.message_store.page(account_key("dialogtech/six"), 0, LATEST)
    first = int(stored[0].id)
    assert [message.id for message in stored] == [str(first), str(first + 1)]


def test_what_is_rejected_for_another_reason_does_not_count(sender):
    assert "failed" in sender.at(0, message="")
    assert "failed" in sender.at(0, to="x")
    assert "failed" in sender.at(0, "5559999999")
    assert sender.at(0) == sender.SENT


def test_only_sending_is_limited(sender):
    assert sender.at(0) == sender.SENT
    assert len({sender.provider.numbers() for _ in range(50)}) == 1
    assert len({sender.provider.messages() for _ in range(50)}) == 1


# -- which limit is named ------------------------------------------------------------------------------------------


NAMED = {
    "the number's, when only that is full": ([(0, A)], (400, A), PER_NUMBER, 1000),
    "the account's, when only that is full": ([(0, A), (0, B), (0, C), (0, D)], (400, E), PER_ACCOUNT, 1000),
    "the account's, when both are free again at once": (
        [(0, A), (100, B), (200, C), (300, D)],
        (400, A),
        PER_ACCOUNT,
        1000,
    ),
    "the number's, when that is free again later": ([(0, B), (0, C), (0, D), (300, A)], (400, A), PER_NUMBER, 1300),
    "the minute's, when that is free again later than the second's": (
        [(1000 * second, A) for second in range(40)],
        (39_500, A),
        PER_MINUTE,
        60_000,
    ),
    "the second's, when that is free again later than the minute's": (
        [(1000 * second, A) for second in range(39)] + [(59_500, A)],
        (59_900, A),
        PER_NUMBER,
        60_500,
    ),
    "the minute's, when it is free again at the same instant as the second's": (
        [(1000 * second, A) for second in range(39)] + [(59_000, A)],
        (59_999, A),
        PER_MINUTE,
        60_000,
    ),
}


@pytest.mark.parametrize("case", NAMED)
def test_the_limit_that_keeps_the_client_waiting_longest_is_named(sender, case):
    before, (now, number), limit, free = NAMED[case]
    assert [sender.at(*send) for send in before] == [sender.SENT] * len(before)
    assert sender.at(now, number) == sender.rejected(limit, now=now, free=free)
    assert sender.at(free - 1, number) == sender.rejected(limit, now=free - 1, free=free)
    assert sender.at(free, number) == sender.SENT


# -- whose limit it is ---------------------------------------------------------------------------------------------


def test_one_number_does_not_hold_up_another(sender):
    assert sender.at(0, A) == sender.SENT
    assert sender.at(0, B) == sender.SENT


def test_one_number_written_in_two_ways_is_one(sender):
    assert sender.at(0, A) == sender.SENT
    assert sender.at(0, f"1{A}") == sender.rejected(PER_NUMBER, now=0, free=1000)


def test_one_account_does_not_hold_up_another_that_has_the_same_numbers(sender):
    assert [sender.at(0, number) for number in (A, B, C, D)] == [sender.SENT] * 4
    assert [sender.at(0, number, **OTHERS) for number in (A, B, C, D)] == [sender.SENT] * 4
    assert sender.at(0, E) == sender.rejected(PER_ACCOUNT, now=0, free=1000)
    assert sender.at(0, E, **OTHERS) == sender.rejected(PER_ACCOUNT, now=0, free=1000)


def test_one_world_does_not_hold_up_another(sender_in):
    one, other = sender_in(), sender_in()
    assert one.at(0) == one.SENT
    assert other.at(0) == other.SENT


# -- variants ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", ["accepted", "all"])
def test_switched_off_there_is_no_limit(sender_in, count):
    sender = sender_in(**{"limits": "off", "dialogtech.limits.count": count})
    assert [sender.at(0) for _ in range(100)] == [sender.SENT] * 100


def test_the_sender_is_the_number_by_default(sender):
    assert sender.at(0, A, to="5556660001") == sender.SENT
    assert sender.at(0, B, to="5556660001") == sender.SENT
    assert sender.at(0, A, to="5556660002") == sender.rejected(PER_NUMBER, now=0, free=1000)


def test_the_recipient_is_the_number_where_it_is_read_so(sender_in):
    sender = sender_in(**{"dialogtech.limits.number": "to"})
    assert sender.at(0, A, to="5556660001") == sender.SENT
    assert sender.at(0, A, to="5556660002") == sender.SENT
    assert sender.at(0, B, to="5556660001") == sender.rejected(PER_NUMBER, now=0, free=1000)
    assert sender.at(0, B, to="15556660001") == sender.rejected(PER_NUMBER, now=0, free=1000)


def test_the_recipient_has_40_a_minute_where_it_is_read_so(sender_in):
    sender = sender_in(**{"dialogtech.limits.number": "to"})
    numbers = list(islice(cycle(SIX), 41))
    assert [sender.at(1000 * second, numbers[second]) for second in range(40)] == [sender.SENT] * 40
    assert sender.at(59_999, numbers[40]) == sender.rejected(PER_MINUTE, now=59_999, free=60_000)
    assert sender.at(60_000, numbers[40]) == sender.SENT


def test_a_rejected_send_counts_where_all_do(sender_in):
    sender = sender_in(**{"dialogtech.limits.count": "all"})
    assert sender.at(0) == sender.SENT
    assert sender.at(900) != sender.SENT
    assert sender.at(1899) != sender.SENT
    assert sender.at(2898) != sender.SENT
    assert sender.at(3898) == sender.SENT


def test_a_rejected_send_counts_against_the_account_where_all_do(sender_in):
    sender = sender_in(**{"dialogtech.limits.count": "all"})
    assert [sender.at(0, number) for number in (A, B, C, D)] == [sender.SENT] * 4
    assert [sender.at(500, number) for number in (A, B, C, D)] != [sender.SENT] * 4
    assert sender.at(1499, E) != sender.SENT
    assert sender.at(2499, E) == sender.SENT


def test_a_provider_error_tells_when_the_next_is_possible_where_all_sends_count_too(sender_in):
    sender = sender_in(**{"dialogtech.limits.count": "all"})
    assert sender.at(0) == sender.SENT
    # This very request counts, so the number is free a second after it, not a second after the accepted one.
    assert sender.at(900) == sender.rejected(PER_NUMBER, now=900, free=1900)
    assert sender.at(1900) == sender.SENT


REJECTED_SENDS = {
    "an invalid number": ({"to": "x"}, "from"),
    "a missing text": ({"message": ""}, "both"),
    "a text that is too long": ({"message": "x" * 257}, "both"),
    "bytes that are not UTF-8": ({"message": b"\xff"}, "both"),
    "a magic recipient that is invalid": ({"to": "9995550100"}, "from"),
    "a magic recipient with a full minute": ({"to": "9995550110"}, "from"),
    "a magic recipient with a full account": ({"to": "9995550120"}, "from"),
    "a magic recipient with a full second": ({"to": "9995550130"}, "from"),
}


@pytest.mark.parametrize("kind", REJECTED_SENDS)
@pytest.mark.parametrize("enforced", ["enforced", "off"])
def test_every_kind_of_rejected_send_counts_against_its_number_where_all_do(sender_in, kind, enforced):
    sender = sender_in(**{"dialogtech.limits.count": "all", "limits": enforced})
    assert "failed" in sender.at(0, **REJECTED_SENDS[kind][0])
    sender.provider.world.state.apply(VariantChosen("limits", "enforced"))
    # This very request counts too.
    assert sender.at(999) == sender.rejected(PER_NUMBER, now=999, free=1999)
    assert sender.at(1999) == sender.SENT


@pytest.mark.parametrize("kind", REJECTED_SENDS)
def test_no_kind_of_rejected_send_counts_where_accepted_ones_do(sender, kind):
    assert "failed" in sender.at(0, **REJECTED_SENDS[kind][0])
    assert sender.at(0) == sender.SENT


@pytest.mark.parametrize("kind", [kind for kind, (_, counted) in REJECTED_SENDS.items() if counted == "both"])
def test_a_rejected_send_counts_against_the_recipient_where_that_is_the_number(sender_in, kind):
    sender = sender_in(**{"dialogtech.limits.count": "all", "dialogtech.limits.number": "to"})
    assert "failed" in sender.at(0, **REJECTED_SENDS[kind][0])
    assert sender.at(999, B) == sender.rejected(PER_NUMBER, now=999, free=1999)


def test_a_send_without_a_number_counts_against_the_account_alone_where_all_do(sender_in):
    sender = sender_in(**{"dialogtech.limits.count": "all"})
    for number in ("x", "", "5559999999", "55512"):
        assert "failed" in sender.at(0, number)
    # The number that this request names is free later than the account, for it counts against both.
    assert sender.at(999) == sender.rejected(PER_NUMBER, now=999, free=1999)
    assert sender.at(1500, B) == sender.SENT


def test_what_no_account_sends_counts_for_nobody_where_all_do(sender_in):
    sender = sender_in(**{"dialogtech.limits.count": "all"})
    for _ in range(9):
        assert "failed" in sender.at(0, secret_access_key="wrong")
    assert sender.at(0) == sender.SENT


def test_the_windows_of_a_rejected_send_are_told_as_they_are_with_it_where_all_count(sender_in):
    sender = sender_in(**{"dialogtech.limits.count": "all"})
    assert sender.at(0) == sender.SENT
    for rejected in ({}, {"to": "9995550100"}, {"message": ""}):
        assert "failed" in sender.at(500, **rejected)
    *_, first, second, third = sender.provider.world.journal.since(0)
    used = [[window.used for window in exchange.trace.windows] for exchange in (first, second, third)]
    assert used == [[2, 2, 1], [3, 3, 1], [4, 4, 1]]


# -- many at once --------------------------------------------------------------------------------------------------


def test_32_parallel_clients_never_get_more_than_the_limits_allow(open_registry, dialogtech_in):
    registry = open_registry(FIXTURE, Clock.system())
    world, sent = registry.default, dialogtech_in.SENT.encode()
    clients, tries, step = 32, 40, 2_000

    def client(place):
        """Send again and again over one connection, from all six numbers in turn, and return how many sends were accepted."""
        accepted = 0
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        for number in islice(cycle(SIX), place, place + tries):
            values = {"action": "sms.send_message", **dialogtech_in.CREDENTIALS, **dialogtech_in.SMS, "from": number}
            connection.request("GET", f"/ibp_api.php?{urlencode(values)}")
            response = connection.getresponse().read()
            assert response == sent or b"Rate limit exceeded" in response
            accepted += response == sent
            let_pass(world, step)  # faster than ours, so that there are several seconds of it
        connection.close()
        return accepted

    with MockServer(build_service(registry=registry)) as server, ThreadPoolExecutor(clients) as pool:
        port = int(server.url.rpartition(":")[2])
        accepted = sum(pool.map(client, range(clients)))

    stored = world.state.message_store.page(account_key("dialogtech/six"), 0, LATEST)
    assert len(stored) == accepted
    seconds = clients * tries * step // SECOND
    assert accepted >= 4 * seconds  # each of them was used to the full
    of_number = defaultdict(list)
    for message in stored:
        of_number[message.sender].append(message.at)
    windows = [([message.at for message in stored], 4), *((instants, 1) for instants in of_number.values())]
    for instants, most in windows:
        assert all(later - earlier >= SECOND for earlier, later in zip(instants, instants[most:], strict=False))
