"""Pages of messages: by number or offset, newest or oldest first, and by cursor. Selecting a page takes time for its messages only.

Messages are ordered by instant, and at one instant by arrival.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from msgspec import Struct

from mockserver.engine.instants import EARLIEST, LATEST, Instant
from mockserver.engine.message_store import MessagePage, MessageStore
from mockserver.engine.messages import IndexKey, Message
from mockserver.validation.messages import show_value

from .operations import Kind, Parameter

if TYPE_CHECKING:
    from mockserver.engine.provider_errors import ProviderError


class Page(Struct, frozen=True):
    """A page of the selected messages, by its number."""

    number: int = 1
    """The number of the page, from 1."""
    size: int | None = None
    """The number of messages on a page; ``None`` puts all on one page."""
    is_newest_first: bool = False

    def window(self, total: int) -> range:
        """Return the positions of its messages among all, counted from the oldest."""
        if self.size is None:
            return range(total)
        return window(total, (self.number - 1) * self.size, self.size, self.is_newest_first)

    def count(self, total: int) -> int:
        """Return the number of pages."""
        return -(-total // self.size) if self.size else 1

    def following(self, total: int) -> int | None:
        """Return the number of the next page; ``None`` on the last one and after it."""
        return self.number + 1 if self.size is not None and total > self.number * self.size else None


def window(total: int, offset: int, limit: int, is_newest_first: bool = False) -> range:
    """Return the positions of the messages after an offset, counted from the oldest; fewer or none at the end of the list.

    Args:
        total: the number of all messages.
        offset: the number of messages to skip, from the beginning of the order.
        limit: the largest number of positions.
        is_newest_first: whether the order begins with the newest message.
    """
    start, stop = (total - offset - limit, total - offset) if is_newest_first else (offset, offset + limit)
    return range(max(0, start), max(0, min(stop, total)))


def newest_first(page: MessagePage) -> MessagePage:
    """Return the same messages, the newest first."""
    backwards = (each.at(each.places[::-1]) for each in reversed(page.slices))
    return MessagePage(tuple(backwards), page.total)


def select_page(
    messages: MessageStore, key: IndexKey, page: Page, since: Instant = EARLIEST, until: Instant = LATEST
) -> MessagePage:
    """Return the messages of a page, in its order, and the number of messages on all pages.

    Args:
        messages: the world's messages.
        key: the key of the listed messages, such as that of `account_key`.
        page: the page.
        since: the first instant, included.
        until: the last instant, included.
    """
    if not page.is_newest_first:
        return messages.select(key, since, until, 0 if page.size is None else (page.number - 1) * page.size, page.size)
    wanted = page.window(messages.count(key, since, until))
    return newest_first(messages.select(key, since, until, wanted.start, len(wanted)))


def find_message(messages: MessageStore, key: IndexKey, message_id: str) -> Message | None:
    """Return the first message of a key with this id; ``None`` where there is none."""
    for each in messages.select(key, EARLIEST, LATEST).slices:
        for message in each.where("id", message_id.__eq__).messages():
            return message
    return None


class Cursor(NamedTuple):
    """A position in a list that is newest first: after one message. Messages stored later do not move it."""

    at: Instant
    serial: int

    @classmethod
    def behind(cls, message: Message) -> Self:
        """Return the position after a message."""
        return cls(message.at, message.serial)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the text of a cursor.

        Raises:
            ValueError: it is not a text of `written`.
        """
        with suppress(ValueError):
            at, _, serial = urlsafe_b64decode(text.encode()).decode().partition(".")
            cursor = cls(int(at), int(serial))
            if cursor.written == text:
                return cursor
        raise ValueError(f"not a cursor: {show_value(text)}")

    @property
    def written(self) -> str:
        """The cursor as an opaque text for URLs and JSON."""
        return urlsafe_b64encode(f"{self.at}.{self.serial}".encode()).decode()


class CursorPage(NamedTuple):
    """A page of messages, newest first."""

    messages: list[Message]
    following: Cursor | None
    """The cursor of the next page; ``None`` on the last one."""

    @property
    def next_cursor(self) -> str | None:
        """The text of `following`; ``None`` on the last page."""
        return None if self.following is None else self.following.written


def cursor(error: type[ProviderError]) -> Kind:
    """Return the kind of a parameter that takes the text of a `Cursor`.

    Args:
        error: raised for other texts, with the ``value``.
    """

    def parse(row: Parameter, sent: Any) -> Cursor:
        try:
            return Cursor.parse(row.text(sent))
        except ValueError:
            raise row.error(error, value=sent) from None

    return Kind(parse, error, {"type": "string"})


def select_after_cursor(
    messages: MessageStore,
    key: IndexKey,
    size: int,
    cursor: Cursor | None = None,
    since: Instant = EARLIEST,
    until: Instant = LATEST,
) -> CursorPage:
    """Return the newest messages after a cursor.

    Args:
        messages: the world's messages.
        key: the key of the listed messages, such as that of `account_key`.
        size: the largest number of messages on the page.
        cursor: the position after which the page begins; ``None`` begins with the newest message.
        since: the first instant, included.
        until: the last instant, included.
    """
    passed = 0
    if cursor is not None and cursor.at <= until:
        until = cursor.at
        passed = sum(message.serial >= cursor.serial for message in messages.page(key, until, until))
    wanted = window(messages.count(key, since, until), passed, size, is_newest_first=True)
    page = list(newest_first(messages.select(key, since, until, wanted.start, len(wanted))).messages())
    return CursorPage(page, Cursor.behind(page[-1]) if page and wanted.start > 0 else None)
