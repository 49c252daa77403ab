"""Subscriptions of an event feed: each event once, none missed between reading and subscribing, and no publisher blocked."""

from __future__ import annotations

import threading

import pytest

from mockserver.engine.feed import EventFeed

PATIENCE = 30


@pytest.fixture
def feed() -> EventFeed:
    return EventFeed(size=3)


@pytest.fixture
def heard() -> list[tuple[object, int]]:
    return []


@pytest.fixture
def hear(heard):
    return lambda item, cursor: heard.append((item, cursor))


def publish(feed: EventFeed, items: str) -> None:
    for item in items:
        feed.publish(item)


def test_a_subscriber_gets_every_item_with_its_cursor_until_it_unsubscribes(feed, heard, hear) -> None:
    publish(feed, "a")
    stop = feed.listen(hear)
    publish(feed, "bc")
    stop()
    publish(feed, "d")

    assert [("b", 2), ("c", 3)] == heard


def test_unsubscribing_twice_leaves_other_subscribers(feed, heard, hear) -> None:
    stop = feed.listen(hear)
    feed.listen(hear)
    stop()
    stop()
    publish(feed, "a")

    assert [("a", 1)] == heard


def test_a_listener_is_called_in_the_publishers_thread_while_others_may_use_the_feed(feed) -> None:
    calls = []

    def listener(item, cursor):
        variant = []
        other = threading.Thread(target=lambda: variant.append(feed.since(0)))  # would wait for ever for a held lock
        other.start()
        other.join(PATIENCE)
        calls.append((threading.current_thread(), variant[0].cursor))

    feed.listen(listener)
    publish(feed, "a")

    assert [(threading.current_thread(), 1)] == calls


def test_a_listener_may_publish_and_stop_itself(feed, heard, hear) -> None:
    def listener(item, cursor):
        stop()
        feed.publish("b")

    stop = feed.listen(listener)
    feed.listen(hear)
    publish(feed, "a")

    assert [("b", 2), ("a", 1)] == heard


def test_an_error_in_a_subscriber_is_logged_and_others_still_get_the_item(feed, heard, hear, caplog) -> None:
    feed.listen(lambda item, cursor: 1 / 0)
    feed.listen(hear)
    publish(feed, "a")

    assert [("a", 1)] == heard
    assert "ZeroDivisionError" in caplog.text


def test_a_follower_gets_the_kept_items_and_then_the_new_ones(feed, heard, hear) -> None:
    publish(feed, "ab")
    stop = feed.follow(1, hear)
    publish(feed, "c")
    stop()
    publish(feed, "d")

    assert [("b", 2), ("c", 3)] == heard


def test_a_follower_that_starts_too_far_back_sees_by_the_first_cursor_what_is_missing(feed, heard, hear) -> None:
    publish(feed, "abcde")
    feed.follow(0, hear)

    assert [("c", 3), ("d", 4), ("e", 5)] == heard


def test_items_published_while_a_follower_reads_come_in_order(feed, heard) -> None:
    def listener(item, cursor):
        heard.append((item, cursor))
        if item == "a":
            publish(feed, "bc")

    publish(feed, "a")
    feed.follow(0, listener)
    publish(feed, "d")

    assert [("a", 1), ("b", 2), ("c", 3), ("d", 4)] == heard


@pytest.mark.parametrize("before", range(4))
def test_the_first_that_is_wanted_is_found_whether_it_is_there_or_comes(feed, heard, hear, before) -> None:
    items = "xay"
    publish(feed, items[:before])
    feed.first_since(0, "a".__eq__, hear)
    publish(feed, items[before:] + "a")

    assert [("a", 2)] == heard


def test_what_is_before_the_cursor_is_not_found(feed, heard, hear) -> None:
    publish(feed, "a")
    feed.first_since(1, "a".__eq__, hear)
    assert [] == heard
    publish(feed, "a")

    assert [("a", 2)] == heard


def test_what_happens_between_variant_and_listening_is_found(feed, heard, hear) -> None:
    def is_wanted(item):
        if item == "x":  # at this moment the past is being read, and no one listens yet
            publish(feed, "a")
        return item == "a"

    publish(feed, "x")
    feed.first_since(0, is_wanted, hear)
    publish(feed, "a")

    assert [("a", 2)] == heard


def test_a_search_that_is_stopped_reports_no_item(feed, heard, hear) -> None:
    stop = feed.first_since(0, "a".__eq__, hear)
    stop()
    publish(feed, "a")

    assert [] == heard


def test_many_publishers_tell_one_who_waits_only_once(heard, hear) -> None:
    for _ in range(50):
        feed = EventFeed()
        heard.clear()
        start = threading.Barrier(5)

        def busy(feed=feed, start=start):
            start.wait(PATIENCE)
            publish(feed, "xaxa")

        threads = [threading.Thread(target=busy) for _ in range(4)]
        for thread in threads:
            thread.start()
        start.wait(PATIENCE)
        feed.first_since(0, "a".__eq__, hear)
        for thread in threads:
            thread.join(PATIENCE)

        assert ["a"] == [item for item, _ in heard]


def test_who_follows_many_publishers_misses_nothing(heard, hear) -> None:
    feed = EventFeed(size=10_000)

    def busy():
        publish(feed, "x" * 500)

    threads = [threading.Thread(target=busy) for _ in range(4)]
    for thread in threads:
        thread.start()
    feed.follow(0, hear)
    for thread in threads:
        thread.join(PATIENCE)

    assert list(range(1, 2001)) == sorted(cursor for _, cursor in heard)


def test_items_published_together_are_heard_and_read_one_by_one(feed, heard, hear) -> None:
    feed.listen(hear)
    feed.publish_all("abc", 3)
    feed.publish("d")

    assert [("a", 1), ("b", 2), ("c", 3), ("d", 4)] == heard
    assert [(tuple("abcd")[cursor:], 4, 0) for cursor in range(5)] == [feed.since(cursor) for cursor in range(5)]


def test_items_published_together_are_dropped_together(feed) -> None:
    for group in ("ab", "cde", "f", "g"):
        feed.publish_all(group, len(group))

    assert (tuple("cdefg"), 7, 2) == feed.since(0)
    assert (tuple("cdefg"), 7, 1) == feed.since(1)
    assert (tuple("defg"), 7, 0) == feed.since(3)
