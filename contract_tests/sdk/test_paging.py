"""Pages of messages: by number in either order, and by a cursor that new messages do not move."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.sdk import (
    SECOND,
    Cursor,
    Message,
    MessageStore,
    Page,
    account_key,
    select_after_cursor,
    select_page,
    window,
)

KEY = account_key("acme/a")


def message(serial: int, at: int) -> Message:
    return Message(serial, "acme/a", str(serial), "outbound", "1", "2", at * SECOND, "x")


def store(*times: int) -> MessageStore:
    """Messages of these seconds, in the order in which they were stored."""
    messages = MessageStore()
    for serial, at in enumerate(times):
        messages.add(message(serial, at))
    return messages


@pytest.mark.parametrize(
    ("page", "serials", "following"),
    [
        (Page(), [0, 1, 2, 3, 4], None),
        (Page(is_newest_first=True), [4, 3, 2, 1, 0], None),
        (Page(1, 2), [0, 1], 2),
        (Page(3, 2), [4], None),
        (Page(4, 2), [], None),
        (Page(1, 2, is_newest_first=True), [4, 3], 2),
        (Page(3, 2, is_newest_first=True), [0], None),
        (Page(4, 2, is_newest_first=True), [], None),
    ],
)
def test_a_page_holds_its_part_in_its_order_and_knows_the_next(
    page: Page, serials: list[int], following: int | None
) -> None:
    found = select_page(store(1, 2, 2, 3, 4), KEY, page)

    assert serials == [each.serial for each in found.messages()]
    assert (5, following) == (found.total, page.following(found.total))


def test_a_page_counts_only_the_instants_that_are_asked_for() -> None:
    found = select_page(store(1, 2, 3, 4), KEY, Page(1, 1, is_newest_first=True), 2 * SECOND, 3 * SECOND)

    assert [2] == [each.serial for each in found.messages()]
    assert (2, 2) == (found.total, Page(1, 1).count(found.total))


def test_an_offset_beyond_the_end_is_an_empty_page() -> None:
    assert [range(2, 5), range(0), range(3), range(0)] == [
        window(5, 2, 10),
        window(5, 9, 10)[:0],
        window(5, 2, 10, is_newest_first=True),
        window(5, 9, 10, is_newest_first=True),
    ]


@given(st.lists(st.integers(0, 4), max_size=12).map(sorted), st.integers(1, 4))
def test_a_walk_by_cursor_meets_every_message_once_newest_first(times: list[int], size: int) -> None:
    messages, cursor, met = store(*times), None, list[int]()
    for _ in range(len(times) + 1):
        page, cursor = select_after_cursor(messages, KEY, size, cursor)
        met += [each.serial for each in page]
        assert len(page) <= size
        if cursor is None:
            break

    assert list(range(len(times)))[::-1] == met


def test_a_message_that_comes_during_a_walk_does_not_move_it() -> None:
    messages = store(1, 2, 3, 3)
    first, cursor = select_after_cursor(messages, KEY, 2)
    messages.add(message(4, 3))
    second, end = select_after_cursor(messages, KEY, 2, cursor)

    assert ([3, 2], [1, 0], None) == ([each.serial for each in first], [each.serial for each in second], end)


def test_a_cursor_is_a_text_that_reads_back() -> None:
    cursor = Cursor.behind(message(7, 12))

    assert cursor == Cursor.parse(cursor.written)


@pytest.mark.parametrize("text", ["", "x", "MS4x=", "MS4y\n", "żółć", "MTIuMDc="])
def test_a_text_that_is_no_cursor_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not a cursor: "):
        Cursor.parse(text)
