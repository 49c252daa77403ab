"""RCS messages as the vendor's page describes them: a text, a file, or rich cards, with suggestions (SW-66)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.sdk import Malformed, Parameter, json_object

from .errors import InvalidMessage, TextTooLong

_CONTENTS = ("text", "file", "richcard")
_LONGEST_TEXT, _LONGEST_TITLE, _LONGEST_DESCRIPTION = 3072, 100, 1000
_MOST_CARDS, _MOST_SUGGESTIONS = 4, 11


def parse_rcs(row: Parameter, sent: Any) -> Mapping[str, Any]:
    """Parse an RCS message: an object, or the JSON text of one.

    Raises:
        InvalidMessage: it is none; the reason says why.
        TextTooLong: a text in it is too long.
    """
    if isinstance(sent, str):
        try:
            sent = json_object(row.text(sent).encode())
        except Malformed:
            raise _wrong("it is no object of JSON") from None
    if not isinstance(sent, dict):
        raise _wrong("it is no object")
    given = [name for name in _CONTENTS if name in sent]
    if len(given) != 1:
        raise _wrong("it has no text, file or richcard, or several of them")
    _CHECKS[given[0]](sent[given[0]])
    suggestions = sent.get("suggestions", [])
    if not isinstance(suggestions, list) or len(suggestions) > _MOST_SUGGESTIONS:
        raise _wrong(f"suggestions is no list of at most {_MOST_SUGGESTIONS}")
    return sent


def shown_text(message: Mapping[str, Any]) -> str:
    """Return what a reader sees first of an RCS message: its text, the name of its file, or the title of its first card."""
    if "text" in message:
        return str(message["text"])
    if "file" in message:
        return str(message["file"].get("name", ""))
    return str(message["richcard"][0].get("title", ""))


def _wrong(reason: str) -> InvalidMessage:
    return InvalidMessage(reason=reason)


def _check_length(text: Any, name: str, longest: int) -> None:
    if not isinstance(text, str):
        raise _wrong(f"its {name} is no text")
    if len(text) > longest:
        raise TextTooLong


def _check_text(text: Any) -> None:
    _check_length(text, "text", _LONGEST_TEXT)
    if not text.strip():
        raise _wrong("its text is blank")


def _check_file(file: Any) -> None:
    if not isinstance(file, dict) or not _is_url(file.get("url")):
        raise _wrong("its file has no url")


def _check_cards(cards: Any) -> None:
    if not isinstance(cards, list) or not 1 <= len(cards) <= _MOST_CARDS:
        raise _wrong(f"its richcard is no list of 1 to {_MOST_CARDS} cards")
    for card in cards:
        if not isinstance(card, dict):
            raise _wrong("a card is no object")
        _check_length(card.get("title", ""), "title", _LONGEST_TITLE)
        _check_length(card.get("description", ""), "description", _LONGEST_DESCRIPTION)
        media = card.get("media")
        if media is not None and not (isinstance(media, dict) and _is_url(media.get("url"))):
            raise _wrong("the media of a card has no url")


def _is_url(text: Any) -> bool:
    return isinstance(text, str) and text.lower().startswith(("http://", "https://"))


_CHECKS = {"text": _check_text, "file": _check_file, "richcard": _check_cards}
