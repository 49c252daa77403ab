"""Replaces people's phone numbers and texts by others of the same form."""

from __future__ import annotations

import re
import unicodedata

_NO_LETTER = re.compile(r"[\W_]+")
_PHONE_NAMES = frozenset(
    [
        "phone", "phones", "number", "numbers", "to", "from", "sender", "senders", "recipient", "recipients", "originator",
        "destination", "destinations", "caller", "callerid", "handset", "tel", "telephone", "cell", "ani", "dnis", "ndi", "name",
    ]
)  # fmt: skip
_TEXT_NAMES = frozenset(
    [
        "text", "texts", "message", "body", "sms", "content", "msg", "messagetext", "smstext", "reply",
        "firstname", "lastname", "fullname", "company", "email", "address", "city",
    ]
)  # fmt: skip


def is_phone_name(name: str) -> bool:
    """Return whether the values that have this name are phone numbers."""
    folded = _NO_LETTER.sub("", name).lower()
    return folded in _PHONE_NAMES or any(word in folded for word in ("phone", "msisdn", "mobile", "number"))


def is_text_name(name: str) -> bool:
    """Return whether the values that have this name are texts of people: messages, and the names and addresses of contacts."""
    return _NO_LETTER.sub("", name).lower() in _TEXT_NAMES


_NUMBER = re.compile(r"(?<![\w.])\+?[0-9(][0-9 ().-]{5,20}[0-9](?!\w)")
_DIGITS = re.compile(r"(?<![\w.])\+?[0-9]{9,15}(?!\w)")
_SIGNIFICANT = 9
"""How many digits at the end of a number identify it, whether its country code is written before them or not."""
_REPLACED = 6
"""How many digits at the end of a number are replaced."""


_PAIR = re.compile(r"(\+?[0-9]{9,15}):(.*?)(?=\]\|\[|\Z)", re.DOTALL)
"""A number with its text, in a value that lists several of them: ``500600700:Hello]|[500600701:Hi``."""


class PhoneNumbers:
    """Replaces phone numbers: the last six digits become a serial number, so that the country and the network stay.

    A number is replaced by the same one in every spelling, and two numbers are never replaced by the same one.
    """

    def __init__(self) -> None:
        self._by_number: dict[str, str] = {}

    def note(self, value: str) -> None:
        """Remember the numbers in a value, such as ``500600700,+48500600701``."""
        self.replace(value)

    def replace(self, value: str) -> str:
        """Return a value that consists of phone numbers, with all of them replaced."""
        return _NUMBER.sub(lambda found: self._replacement(found[0]), value)

    def replace_known(self, value: str) -> str:
        """Return a value of any kind, with those phone numbers in it replaced that were found in other values before."""
        return _DIGITS.sub(
            lambda found: self._replacement(found[0]) if found[0][-_SIGNIFICANT:] in self._by_number else found[0],
            value,
        )

    def _replacement(self, written: str) -> str:
        digits = re.sub(r"[^0-9]", "", written)
        if not _REPLACED < len(digits) <= 15:  # a short code is no person's
            return written
        key = digits[-_SIGNIFICANT:]
        serial = self._by_number.setdefault(key, f"{len(self._by_number) + 1:0{_REPLACED}}"[-_REPLACED:])
        replaced = iter(digits[:-_REPLACED] + serial)
        return re.sub("[0-9]", lambda _: next(replaced), written)


_PAIRS = ("aą", "cć", "eę", "lł", "nń", "oó", "sś", "zż")
"""Pairs of letters: providers write the first in place of the second where a text may have no Polish letters."""
_POLISH = {pair[1]: pair[0] for pair in (*_PAIRS, "zź")}
_GSM_LETTERS = "èéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà"
_GSM_GREEK = "ΔΦΓΛΩΠΨΣΘΞ"


def replace_pairs(value: str, phones: PhoneNumbers, texts: Texts) -> str:
    """Return a value that lists numbers with their texts, with all of them replaced; any other value stays as it is."""
    if not _PAIR.match(value):
        return value
    return _PAIR.sub(lambda found: f"{phones.replace(found[1])}:{texts.replace(found[2])}", value)


class Texts:
    """Replaces texts by others with as many characters and parts, and with letters where letters were.

    A Polish letter becomes a Polish letter; where a provider has removed its mark, it becomes the same letter without the mark.
    Different texts become different ones as long as they have enough letters.
    """

    def __init__(self) -> None:
        self._serials: dict[str, int] = {}

    def replace(self, text: str) -> str:
        """Return the text by which a text is replaced."""
        key = "".join(_plain(letter) for letter in text if letter.isalnum())
        if not key:
            return "".join("🙂" if ord(letter) > 0xFFFF else letter for letter in text)
        serial = self._serials.setdefault(key, len(self._serials))
        found, place = [], 0
        for letter in text:
            if letter.isalnum() or ord(letter) > 0xFFFF:
                found.append(_replaced(letter, place + serial % 8))
                serial //= 8
                place += 1
            else:
                found.append(letter)
        return "".join(found)


def _plain(letter: str) -> str:
    letter = letter.lower()
    return _POLISH.get(letter) or unicodedata.normalize("NFD", letter)[:1]


def _replaced(letter: str, shift: int) -> str:
    lower = letter.lower()
    if letter.isdigit() and letter.isascii():
        return str(shift % 10)
    if letter.isascii():
        found = _PAIRS[shift % 8][0]
    elif lower in _POLISH:
        found = _PAIRS[shift % 8][1]
    elif letter in _GSM_LETTERS:
        return "É" if letter.isupper() else "é"
    elif letter in _GSM_GREEK:
        return "Δ"
    elif ord(letter) > 0xFFFF:
        return "🙂"
    else:
        return "Ж" if letter.isupper() else "ж" if letter.islower() else "中"
    return found.upper() if letter.isupper() else found
