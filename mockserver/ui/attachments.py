"""The attachments of a message. Only images that cannot run scripts are shown; everything else is downloaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mockserver.engine.messages import Attachment, Message

# No SVG: it is a document with scripts.
_SIGNATURES: dict[str, tuple[bytes, ...]] = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
"""The first bytes of each type of image that is shown."""

DOWNLOAD = "application/octet-stream"
_MAX_TEXT = 2_000
"""Bytes of a text attachment that are shown."""


class AttachmentView(NamedTuple):
    """An attachment as the page shows it."""

    name: str
    size: int
    """Bytes."""
    type: str
    """The media type that its sender gave."""
    url: str
    is_image: bool
    """Whether it is shown as an image."""
    text: str
    """The beginning of its content if it is plain text, else empty."""


def view_attachments(message: Message, url_for_section: Callable[..., str]) -> tuple[AttachmentView, ...]:
    """Return the attachments of a message as the page shows them.

    Args:
        message: the message.
        url_for_section: returns the URL of a section of the message's world.
    """
    return tuple(
        AttachmentView(
            each.name,
            len(each.content),
            each.content_type,
            url_for_section("attachment", handset=message.handset, at=message.at, serial=message.serial, id=each.id),
            safe_type(each) != DOWNLOAD,
            each.content[:_MAX_TEXT].decode("utf-8", "replace") if _type(each) == "text/plain" else "",
        )
        for each in message.attachments
    )


def _type(attachment: Attachment) -> str:
    return attachment.content_type.partition(";")[0].strip().lower()


def safe_type(attachment: Attachment) -> str:
    """Return the media type to serve an attachment with: its own if it is an image and begins like one, else `DOWNLOAD`."""
    media_type = _type(attachment)
    is_image = any(attachment.content.startswith(signature) for signature in _SIGNATURES.get(media_type, ()))
    return media_type if is_image else DOWNLOAD
