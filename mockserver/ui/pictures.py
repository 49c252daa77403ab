"""What came with a message. Only pictures that cannot run anything are shown; all else can be downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mockserver.engine.messages import Attachment, Message

if TYPE_CHECKING:
    from .page_context import PageRequest

# No SVG: it is a document with scripts.
_BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
"""How the content of each type of picture that is shown begins."""

DOWNLOAD = "application/octet-stream"
_SHOWN = 2_000
"""Bytes of a text that are shown."""


class Picture(NamedTuple):
    """An attachment as it is shown."""

    name: str
    size: int
    type: str
    """What it is said to be."""
    url: str
    is_picture: bool
    text: str
    """What stands in it, where it is plain text."""


def pictures(page_request: PageRequest, message: Message) -> tuple[Picture, ...]:
    """What came with a message."""
    return tuple(
        Picture(
            each.name,
            len(each.content),
            each.content_type,
            _url(page_request, message, each),
            safe_type(each) != DOWNLOAD,
            each.content[:_SHOWN].decode("utf-8", "replace") if _type(each) == "text/plain" else "",
        )
        for each in message.attachments
    )


def _url(page_request: PageRequest, message: Message, attachment: Attachment) -> str:
    place = {"handset": message.handset, "at": message.at, "serial": message.serial, "id": attachment.id}
    return page_request.url_for_section("attachment", **place)


def _type(attachment: Attachment) -> str:
    return attachment.content_type.partition(";")[0].strip().lower()


def safe_type(attachment: Attachment) -> str:
    """The type under which an attachment is handed out: its own only where it is a picture and begins as one."""
    kind = _type(attachment)
    is_one = any(attachment.content.startswith(beginning) for beginning in _BEGINNINGS.get(kind, ()))
    return kind if is_one else DOWNLOAD
