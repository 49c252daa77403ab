"""The names of credentials: the providers', the usual ones, and names similar to these.

A client that misspells a name may still send a real key under it. So a name counts as a credential's if, case and
separators aside, it contains one (``X-Api-Key``, ``old_password``) or differs from one by a letter or two
(``secret_acess_key``). Every name that is received is checked, so the check is cheap and its results are cached: names are
compared with letters left out of both, so a missing, doubled, wrong or swapped letter is found by a look-up in a set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.har.stand_ins import StandIns
    from mockserver.sdk.provider import Provider

EVERYWHERE = ("api_key", "password", "passphrase", "passwd", "secret", "token", "haslo", "hasło", "hasÅ\x82o")
"""Usual names of credentials; the last is Polish in UTF-8, as bytes that are decoded as Latin-1."""
_SHORT_WORDS, _SHORT_NAMES = ("pwd", "pass"), ("key",)
"""Usual names that are too short for similar ones: words that count in a longer name too, and names that are only themselves."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
HEADERS = ("Authorization", "Proxy-Authorization", "Cookie")

_INSIDE = 5
"""The letters that a name needs to be searched for inside others."""
_LONG = 9
"""The letters from which two may differ; in a shorter name only one may."""
_LONGEST = 80
"""The letters of a name whose result is cached."""
_MOST_READ = 1_000
"""The characters of a name that are looked at."""
_NO_LETTER = re.compile(r"[\W_]+")


class SecretNames:
    """A set of names that contains similar names too."""

    def __init__(self, names: Iterable[str]) -> None:
        """Create the set from names of parameters and headers; the usual names are added."""
        known = {folded(name) for name in (*names, *EVERYWHERE, *HEADERS)}
        self._inside = re.compile("|".join(sorted(name for name in known if len(name) >= _INSIDE)))
        self._near = frozenset(less for name in known for less in _shortened(name, 2 if len(name) >= _LONG else 1))
        self._lengths = range(min(map(len, self._near)), max(map(len, known)) + 2)
        self._is_one = lru_cache(maxsize=4096)(self._look)

    def __contains__(self, name: str) -> bool:
        """Return whether the value of a name counts as a credential."""
        return self._is_one(name) if len(name) <= _LONGEST else self._look(name)

    def _look(self, name: str) -> bool:
        name = both_ends(name)
        words = {word.lower() for word in _WORD.findall(name)}
        name = folded(name)
        if self._inside.search(name) or name in _SHORT_NAMES or not words.isdisjoint(_SHORT_WORDS):
            return True
        return len(name) in self._lengths and not self._near.isdisjoint((name, *_one_less(name)))


def secret_names(providers: Iterable[Provider]) -> SecretNames:
    """Return the names of the credentials of these providers."""
    return SecretNames(name for provider in providers for name in provider.secrets)


def create_stand_ins(providers: Iterable[Provider], *, anonymise: bool = False) -> StandIns:
    """Return stand-ins for the secrets of recordings of these providers, and with `anonymise` for phone numbers and texts too."""
    from mockserver.har.stand_ins import StandIns

    return StandIns(secret_names(providers).__contains__, anonymise=anonymise)


def both_ends(name: str) -> str:
    """Return a name; of a longer one than anybody chooses the first and the last 500 characters."""
    return name if len(name) <= _MOST_READ else name[: _MOST_READ // 2] + name[-_MOST_READ // 2 :]


def folded(name: str) -> str:
    """Return a name without case and separators."""
    return (name if name.isalnum() else _NO_LETTER.sub("", name)).lower()


def _shortened(name: str, most: int) -> Iterator[str]:
    """Return a name as it is, and with up to this many letters left out."""
    yield name
    if most:
        for less in _one_less(name):
            yield from _shortened(less, most - 1)


def _one_less(name: str) -> list[str]:
    return [name[:place] + name[place + 1 :] for place in range(len(name))]
