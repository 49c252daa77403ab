"""Which names carry credentials: the providers' own, what the field calls them, and all that is near to these.

A client that misspells a name sends a real key under it all the same. So a name is taken for a secret's when, case
and separators aside, it has one inside it (``X-Api-Key``, ``old_password``) or is a letter or two away from one
(``secret_acess_key``). Asked for every name that strangers send, so an answer costs little and is kept: names are
compared by leaving letters out of both, which finds a missing, doubled, wrong or swapped letter by looking in a set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

EVERYWHERE = ("api_key", "password", "passwd", "secret", "token")
"""What credentials are called at no matter whose API."""
HEADERS = ("Authorization", "Proxy-Authorization", "Cookie")

_INSIDE = 5
"""Letters that a name must have to be looked for inside others."""
_LONG = 9
"""Letters from which on two may be missing; of a shorter name, one."""
_NO_LETTER = re.compile(r"[\W_]+")


class SecretNames:
    """A set of names; what is near to one is in it too."""

    def __init__(self, names: Iterable[str]) -> None:
        """Know the names of a server's parameters, beside those that carry credentials everywhere."""
        known = {folded(name) for name in (*names, *EVERYWHERE, *HEADERS)}
        self._inside = re.compile("|".join(sorted(name for name in known if len(name) >= _INSIDE)))
        self._near = frozenset(less for name in known for less in _shortened(name, 2 if len(name) >= _LONG else 1))
        self._lengths = range(min(map(len, self._near)), max(map(len, known)) + 2)
        self._is_one = lru_cache(maxsize=4096)(self._look)

    def __contains__(self, name: str) -> bool:
        """Whether what stands under a name is to be taken for a credential."""
        return self._is_one(name) if len(name) in self._lengths else self._look(name)

    def _look(self, name: str) -> bool:
        name = folded(name)
        if self._inside.search(name):
            return True
        return len(name) in self._lengths and not self._near.isdisjoint((name, *_one_less(name)))


def folded(name: str) -> str:
    """A name without case and separators."""
    return (name if name.isalnum() else _NO_LETTER.sub("", name)).lower()


def _shortened(name: str, most: int) -> Iterator[str]:
    """A name as it is, and with up to so many letters left out."""
    yield name
    if most:
        for less in _one_less(name):
            yield from _shortened(less, most - 1)


def _one_less(name: str) -> list[str]:
    return [name[:place] + name[place + 1 :] for place in range(len(name))]
