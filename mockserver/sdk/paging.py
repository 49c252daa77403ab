"""Pages of messages: by number or offset, newest or oldest first, and by cursor. A page costs what it holds.

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
    """Which part of what is found."""

    number: int = 1
    """From 1."""
    size: int | None = None
    """Messages on a page; ``None`` is everything on one page."""
    is_newest_first: bool = False

    def window(self, total: int) -> range:
        """The places of its messages among all, counted from the oldest."""
        if self.size is None:
            return range(total)
        return window(total, (self.number - 1) * self.size, self.size, self.is_newest_first)

    def count(self, total: int) -> int:
        """How many pages there are."""
        return -(-total // self.size) if self.size else 1

    def following(self, total: int) -> int | None:
        """The number of the next page; ``None`` on the last one, and past it."""
        return self.number + 1 if self.size is not None and total > self.number * self.size else None


def window(total: int, offset: int, limit: int, is_newest_first: bool = False) -> range:
    """The places, counted from the oldest, of so many messages behind an offset; shorter or empty at the end.

    Args:
        total: how many messages there are.
        offset: how many are left out, at the end from which the order begins.
        limit: how many are wanted.
        is_newest_first: whether the order begins at the newest.
    """
    start, stop = (total - offset - limit, total - offset) if is_newest_first else (offset, offset + limit)
    return range(max(0, start), max(0, min(stop, total)))


def newest_first(page: MessagePage) -> MessagePage:
    """The same messages in the other order."""
    backwards = (each.at(each.places[::-1]) for each in reversed(page.slices))
    return MessagePage(tuple(backwards), page.total)


def select_page(
    messages: MessageStore, key: IndexKey, page: Page, since: Instant = EARLIEST, until: Instant = LATEST
) -> MessagePage:
    """The messages of a page, in its order, and how many there are on all pages.

    Args:
        messages: of the world.
        key: which messages, such as `account_key` has it.
        page: which part of them.
        since: the first instant that counts.
        until: the last one.
    """
    if not page.is_newest_first:
        return messages.select(key, since, until, 0 if page.size is None else (page.number - 1) * page.size, page.size)
    wanted = page.window(messages.count(key, since, until))
    return newest_first(messages.select(key, since, until, wanted.start, len(wanted)))


def find_message(messages: MessageStore, key: IndexKey, message_id: str) -> Message | None:
    """The first message of a key that has an identifier of the provider's; ``None`` where there is none."""
    for each in messages.select(key, EARLIEST, LATEST).slices:
        for message in each.where("id", message_id.__eq__).messages():
            return message
    return None


class Cursor(NamedTuple):
    """A place in a list that is newest first: behind one message. Messages that come later do not move it."""

    at: Instant
    serial: int

    @classmethod
    def behind(cls, message: Message) -> Self:
        """The place behind a message."""
        return cls(message.at, message.serial)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `written` wrote.

        Raises:
            ValueError: it is nothing that `written` wrote.
        """
        with suppress(ValueError):
            at, _, serial = urlsafe_b64decode(text.encode()).decode().partition(".")
            cursor = cls(int(at), int(serial))
            if cursor.written == text:
                return cursor
        raise ValueError(f"not a cursor: {show_value(text)}")

    @property
    def written(self) -> str:
        """As a text for URLs and JSON that clients hand back unread."""
        return urlsafe_b64encode(f"{self.at}.{self.serial}".encode()).decode()


class CursorPage(NamedTuple):
    """Some messages, newest first."""

    messages: list[Message]
    following: Cursor | None
    """Where the next page begins; ``None`` on the last one."""

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
    """The newest messages behind a cursor.

    Args:
        messages: of the world.
        key: which messages, such as `account_key` has it.
        size: how many at most.
        cursor: where the page begins; ``None`` is the newest.
        since: the first instant that counts.
        until: the last one.
    """
    passed = 0
    if cursor is not None and cursor.at <= until:
        until = cursor.at
        passed = sum(message.serial >= cursor.serial for message in messages.page(key, until, until))
    wanted = window(messages.count(key, since, until), passed, size, is_newest_first=True)
    page = list(newest_first(messages.select(key, since, until, wanted.start, len(wanted))).messages())
    return CursorPage(page, Cursor.behind(page[-1]) if page and wanted.start > 0 else None)
