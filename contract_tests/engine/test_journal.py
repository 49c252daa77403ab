"""Journal and feed are bounded, and say what they dropped."""

from __future__ import annotations

from mockserver.engine.decisions import Decision
from mockserver.engine.feed import EventFeed
from mockserver.engine.journal import Budget, Exchange, Journal


def exchange(body: bytes = b"") -> Exchange:
    return Exchange("GET", "/", (), body, None)


def test_exchanges_are_numbered_from_one_and_found_by_number() -> None:
    journal = Journal(Budget())
    for _ in range(3):
        journal.add(exchange())

    assert [2, 3] == [found.number for found in journal.since(1)]
    assert [1] == [found.number for found in journal.since(0, 1)]
    assert 3 == journal.get(3).number  # type: ignore[union-attr]  # it is in the journal
    assert (None, None) == (journal.get(0), journal.get(4))


def test_adding_tells_the_number() -> None:
    journal = Journal(Budget())

    assert [1, 2] == [journal.add(exchange()), journal.add(exchange())]


def test_an_exchange_keeps_what_was_read_and_the_variants_and_weighs_it() -> None:
    values, variants = {"to": "5556667777", "phone": [[], []]}, {"limits": "off"}
    bare, kept = exchange(b"x" * 10), exchange(b"x" * 10)
    bare.set_decision("w", "dialogtech", "sms.send_message", Decision(0, None))
    kept.set_decision("w", "dialogtech", "sms.send_message", Decision(0, None), values, variants)

    assert ({}, {}) == (bare.values, bare.variants)
    assert kept.values is values
    assert kept.variants is variants
    assert 2 * 130 + len("5556667777") + 25 * 10 == kept.estimated_size() - bare.estimated_size()


def test_a_journal_keeps_the_latest_and_counts_what_it_dropped() -> None:
    journal = Journal(Budget(), most=2)
    for _ in range(5):
        journal.add(exchange())

    assert ([4, 5], 3, 5) == ([found.number for found in journal.since(0)], journal.dropped, journal.last)
    assert journal.get(3) is None


def test_the_journal_that_holds_most_is_cut_to_meet_the_budget() -> None:
    budget = Budget(most=100_000)
    quiet, loud = Journal(budget), Journal(budget)
    quiet.add(exchange())
    for _ in range(100):
        loud.add(exchange(b"x" * 5_000))

    assert budget.held <= budget.most
    assert 1 == len(quiet)
    assert budget.held == quiet.held + loud.held
    assert 100 == loud.last == loud.dropped + len(loud)


def test_a_journal_says_which_bound_dropped_how_many_and_how_it_is_raised() -> None:
    budget = Budget(most=100_000)
    journal = Journal(budget, most=3)
    assert journal.why_dropped is None
    for _ in range(5):
        journal.add(exchange())

    short = "because a journal holds 3 (MOCKSERVER_JOURNAL_LENGTH raises that)"
    assert f"the oldest 2 exchanges were dropped {short}" == journal.why_dropped
    journal.add(exchange(b"x" * 100_000))
    full = "because all journals together hold 100000 bytes (MOCKSERVER_JOURNAL_BYTES raises that)"
    assert f"the oldest 6 exchanges were dropped: 3 {short}, 3 {full}" == journal.why_dropped
    journal.add(exchange())
    journal.clear()
    assert (
        journal.why_dropped
        == f"the oldest 7 exchanges were dropped: 3 {short}, 3 {full}, 1 when the journal was cleared"
    )


def test_one_exchange_larger_than_the_budget_is_dropped_too() -> None:
    budget = Budget(most=1_000)
    journal = Journal(budget)
    journal.add(exchange(b"x" * 5_000))

    assert (0, 0, 1) == (budget.held, len(journal), journal.dropped)


def test_a_journal_that_is_closed_gives_back_what_it_held() -> None:
    budget = Budget()
    journal = Journal(budget)
    journal.add(exchange())
    journal.close()
    journal.close()

    assert 0 == budget.held


def test_a_reader_of_the_feed_gets_what_came_after_its_cursor_once() -> None:
    feed = EventFeed(size=3)
    feed.publish("a")
    first = feed.since(0)
    feed.publish("b")

    assert (("a",), 1, 0) == first
    assert (("b",), 2, 0) == feed.since(first.cursor)
    assert ((), 2, 0) == feed.since(2)


def test_a_late_reader_gets_the_number_of_items_that_it_missed() -> None:
    feed = EventFeed(size=2)
    for item in "abcd":
        feed.publish(item)

    assert (("c", "d"), 4, 1) == feed.since(1)


def test_a_journal_that_was_closed_holds_nothing_of_the_budget_whatever_is_added_or_cleared_later() -> None:
    budget = Budget()
    closed, other = Journal(budget), Journal(budget)
    closed.add(exchange(b"x" * 1_000))
    closed.close()
    assert [2, 3] == [closed.add(exchange(b"x" * 1_000)), closed.add(exchange())]
    closed.clear()
    closed.close()

    assert (0, [], 3) == (budget.held, closed.since(0), closed.last)
    other.add(exchange())
    assert budget.held == other.held > 0


def test_a_journal_that_is_cleared_frees_its_exchanges_without_the_lock_that_all_journals_share() -> None:
    class Body(bytes):
        def __del__(self) -> None:
            locked.append(budget.lock.locked())

    locked: list[bool] = []
    budget = Budget()
    for end in (Journal.clear, Journal.close):
        journal = Journal(budget)
        journal.add(exchange(Body(b"x")))
        end(journal)

    assert [False, False] == locked
